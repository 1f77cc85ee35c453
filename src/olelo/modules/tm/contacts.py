"""Serial forking by q: t_load_contacts puts the destination set into an xavp, t_next_contacts takes it out in steps."""

from __future__ import annotations

from olelo.core.branches import append_branch
from olelo.core.context import DestBranch, RouteContext
from olelo.core.engine import ERR
from olelo.core.lookup import find_socket
from olelo.core.module import FAILURE, REQUEST, ModuleError, RouteKind, function
from olelo.core.xavp import Xavp
from olelo.modules.tm.answers import Answers
from olelo.transaction.transaction import Transaction

STANDARD, PROPORTIONAL = 0, 1
#: Set in the field q_flag of the last contact of a step.
LAST_OF_STEP = 4


class Contacts(Answers):
    """Contacts in steps of equal q, highest first (RFC 3261 section 16.6). Other modules and scripts may look at them:
    the xavp has the fields uri, dst_uri, path, sock, flags, q_flag, instance, ruid and ua, as in Kamailio."""

    def init(self) -> None:
        super().init()
        if self.contacts_avp and not self.contact_flows_avp:
            raise ModuleError("contact_flows_avp is needed, too, where contacts_avp is set")

    @function("t_load_contacts", routes=REQUEST | FAILURE)
    def t_load_contacts(self, ctx: RouteContext, mode: int = STANDARD) -> int:
        """Move the destinations (`$ru` and the branches) to contacts_avp. mode 0: in steps of equal q; 1: one by one,
        in an order drawn by lot with q as weight.

        Returns 1, also for a single destination, which stays where it is; -1 where contacts_avp is not set.
        """
        if not self.contacts_avp:
            self.engine.log(ERR, "tm: t_load_contacts needs modparam contacts_avp")
            return -1
        if mode not in (STANDARD, PROPORTIONAL):
            self.engine.log(ERR, f"tm: t_load_contacts knows the modes 0 and 1, not {mode}")
            return -1
        every = list(ctx.branches)
        if not ctx.ruri_used:
            every.insert(0, _ruri_branch(ctx))
        if not ctx.branches or len(every) < 2:
            return 1
        if ctx.xavps is None:
            ctx.xavps = {}
        attributes = self._attributes(ctx, every)
        steps = _by_q(every) if mode == STANDARD else self._by_lot(every)
        values = [Xavp(_fields(branch, last) + attributes.get(id(branch), [])) for branch, last in steps]
        ctx.xavps[self.contacts_avp] = values + list(ctx.xavps.get(self.contacts_avp, ()))
        ctx.branches = []
        return 1

    def _attributes(self, ctx: RouteContext, every: list[DestBranch]) -> dict[int, list[tuple[str, object]]]:
        """The contacts' attributes out of xavp_contact, whose values are in the order of the destinations (`$ru` first,
        used or not), by the id of the destination."""
        name = self.xavp_contact
        if not name or not ctx.xavps or not ctx.xavps.get(name):
            return {}
        held = ctx.xavps.pop(name)
        return {id(branch): [(name, value)] for branch, value in zip(every, held[ctx.ruri_used :], strict=False)}

    def _restore(self, ctx: RouteContext, value: object, at: int) -> None:
        """Put a contact's attributes back into xavp_contact, at its place among the destinations."""
        found = _field(value, self.xavp_contact) if self.xavp_contact else None
        if found is not None and ctx.xavps is not None:
            ctx.xavps.setdefault(self.xavp_contact, []).insert(at, found)

    def _by_lot(self, every: list[DestBranch]) -> list[tuple[DestBranch, int]]:
        """Draw one after the other, the weight of each its q; those without a weight come last, as they stand."""
        left = [branch for branch in every if branch.q > 0]
        drawn = []
        while left:
            number = int.from_bytes(self.engine.services.random_bytes(4)) % sum(branch.q for branch in left)
            for branch in left:
                number -= branch.q
                if number < 0:
                    break
            left.remove(branch)
            drawn.append(branch)
        drawn += [branch for branch in every if branch.q <= 0]
        return [(branch, LAST_OF_STEP) for branch in drawn]

    @function("t_next_contacts", routes=REQUEST | FAILURE)
    def t_next_contacts(self, ctx: RouteContext) -> int:
        """Take the next step of contacts as `$ru` and branches. Of several with one +sip.instance only the first is
        taken, the others go to contact_flows_avp. Returns 1 taken, -2 none left, -1 contacts_avp is not set."""
        if not self.contacts_avp:
            self.engine.log(ERR, "tm: t_next_contacts needs modparam contacts_avp")
            return -1
        left = (ctx.xavps or {}).get(self.contacts_avp)
        if not left:
            return -2
        assert ctx.xavps is not None
        first = left.pop(0)
        branch = self._branch(first)
        ctx.ruri, ctx.dst_uri, ctx.path = branch.uri, branch.dst_uri, branch.path
        ctx.bflags, ctx.force_socket, ctx.ruid, ctx.instance = branch.flags, branch.socket, branch.ruid, branch.instance
        ctx.location_ua = branch.location_ua
        ctx.ruri_used = False
        if self.xavp_contact:
            ctx.xavps.pop(self.xavp_contact, None)
        self._restore(ctx, first, 0)
        last = _field(first, "q_flag")
        if not last:
            ctx.xavps.pop(self.contact_flows_avp, None)
        seen = {branch.instance}
        while left and not last:
            value = left.pop(0)
            last = _field(value, "q_flag")
            branch = self._branch(value)
            if branch.instance and branch.instance in seen:
                fields = [(name, field) for name, field in value if name != "q_flag"]
                ctx.xavps.setdefault(self.contact_flows_avp, []).insert(0, Xavp(fields))
                continue
            seen.add(branch.instance)
            if append_branch(ctx, branch) != 1:
                return -1
            self._restore(ctx, value, len(ctx.branches))
        if not left:
            ctx.xavps.pop(self.contacts_avp, None)
        return 1

    @function("t_next_contact_flow", routes=REQUEST | FAILURE | RouteKind.BRANCH_FAILURE)
    def t_next_contact_flow(self, ctx: RouteContext) -> int:
        """In a branch-failure route: append another flow of the failed branch's instance (RFC 5626 section 5.3).

        Returns 1 appended, -1 this instance has none left, -2 no flows, or the branch has no instance.
        """
        if not self.contact_flows_avp:
            self.engine.log(ERR, "tm: t_next_contact_flow needs modparam contact_flows_avp")
            return -1
        tx: Transaction | None = ctx.tx
        if tx is None or not 0 <= ctx.branch < len(tx.branches):
            return -2
        instance = tx.branches[ctx.branch].instance.decode("latin-1")
        flows = (ctx.xavps or {}).get(self.contact_flows_avp)
        if not instance or not flows:
            return -2
        for value in flows:
            if _field(value, "instance") == instance:
                flows.remove(value)
                code = append_branch(ctx, self._branch(value))
                self._restore(ctx, value, len(ctx.branches))
                return code
        return -1

    def _branch(self, value: Xavp) -> DestBranch:
        socket = str(_field(value, "sock") or "")
        flags = _field(value, "flags")
        return DestBranch(
            str(_field(value, "uri") or "").encode("latin-1"),
            str(_field(value, "dst_uri") or "").encode("latin-1"),
            str(_field(value, "path") or "").encode("latin-1"),
            0,
            flags if isinstance(flags, int) else 0,
            find_socket(self.engine, socket) if socket else None,
            str(_field(value, "ruid") or ""),
            str(_field(value, "instance") or ""),
            str(_field(value, "ua") or ""),
        )


def _ruri_branch(ctx: RouteContext) -> DestBranch:
    return DestBranch(
        ctx.ruri, ctx.dst_uri, ctx.path, ctx.q, ctx.bflags, ctx.force_socket, ctx.ruid, ctx.instance, ctx.location_ua
    )


def _by_q(every: list[DestBranch]) -> list[tuple[DestBranch, int]]:
    """Highest q first; of equals the one that was added last goes first, except that one with a path goes behind."""
    rising: list[DestBranch] = []
    for branch in every:
        at = 0
        while at < len(rising) and (rising[at].q < branch.q or (rising[at].q == branch.q and not branch.path)):
            at += 1
        rising.insert(at, branch)
    return [
        (branch, LAST_OF_STEP if at and rising[at - 1].q < branch.q else 0)
        for at, branch in reversed(list(enumerate(rising)))
    ]


def _fields(branch: DestBranch, last: int) -> list[tuple[str, object]]:
    """The fields of a contact, newest first as an xavp has them; empty ones are left out."""
    texts = {
        "uri": branch.uri.decode("latin-1"),
        "dst_uri": branch.dst_uri.decode("latin-1"),
        "path": branch.path.decode("latin-1"),
        "sock": branch.socket.text if branch.socket is not None else "",
    }
    rest = {"instance": branch.instance, "ruid": branch.ruid, "ua": branch.location_ua}
    fields: list[tuple[str, object]] = [(name, text) for name, text in texts.items() if text]
    fields += [("flags", branch.flags), ("q_flag", last)]
    fields += [(name, text) for name, text in rest.items() if text]
    return fields[::-1]


def _field(value: object, name: str) -> object:
    """One field of a contact; None where it has none."""
    return next((field for each, field in value.items if each == name), None) if isinstance(value, Xavp) else None
