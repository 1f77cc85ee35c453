"""The variables of tmx."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.errors import REASONS
from olelo.core.module import Getter, Module, Setter, Value, variable
from olelo.modules.tm import Tm
from olelo.modules.tm.commands import numbers
from olelo.modules.tmx.inner import inner_getter
from olelo.script.catalog import RouteKind
from olelo.transaction.branch import Branch
from olelo.transaction.transaction import Transaction

_T_KEYS = (
    "id_index", "id_label", "id_index_n", "id_label_n", "reply_code", "reply_reason", "reply_type", "branch_index", "ruid",
    "reply_last",
)  # fmt: skip
REPLIES = (RouteKind.CORE_ONREPLY, RouteKind.TM_ONREPLY)
FAILURES = (RouteKind.FAILURE, RouteKind.BRANCH_FAILURE)


class Variables(Module):
    """$T_*."""

    tm: Tm

    def branch_of(self, ctx: RouteContext) -> Branch | None:
        tx: Transaction | None = ctx.tx
        if tx is None or not 0 <= ctx.branch < len(tx.branches):
            return None
        return tx.branches[ctx.branch]

    @variable("T_branch_idx")
    def t_branch_idx(self, ctx: RouteContext) -> Value:
        """Index of the branch: of this one in branch and reply routes, of the next one elsewhere."""
        if ctx.kind is RouteKind.REQUEST:
            return len(ctx.branches)
        if ctx.kind is RouteKind.FAILURE and ctx.tx is not None:
            return len(ctx.tx.branches) + len(ctx.branches)
        return ctx.branch

    @variable("T_reply_code")
    def t_reply_code(self, ctx: RouteContext) -> Value:
        """Status: of the reply at hand, of the picked branch in a failure_route, of the last answer sent elsewhere."""
        return self.tm.status_of(ctx)

    @variable("T_reply_reason")
    def t_reply_reason(self, ctx: RouteContext) -> Value:
        """Reason of the reply at hand, or of the picked branch's in a failure_route; empty elsewhere."""
        if ctx.kind in REPLIES:
            return ctx.msg.reason.decode("latin-1")
        branch = self.branch_of(ctx)
        if ctx.kind not in FAILURES or branch is None:
            return ""
        reason = branch.reply.reason if branch.reply is not None else REASONS.get(branch.status, b"")
        return reason.decode("latin-1")

    @variable("T_reply_last")
    def t_reply_last(self, ctx: RouteContext) -> Value:
        """Highest status that came in on this branch; only in onreply routes, empty elsewhere."""
        branch = self.branch_of(ctx)
        if ctx.kind is not RouteKind.TM_ONREPLY:
            return ""
        return max(branch.status, ctx.msg.status) if branch is not None else ctx.msg.status

    @variable("T_reply_ruid")
    def t_reply_ruid(self, ctx: RouteContext) -> Value:
        """The ruid of the contact that this reply, or the picked one in a failure_route, comes from."""
        branch = self.branch_of(ctx)
        if branch is None or ctx.kind not in (RouteKind.TM_ONREPLY, *FAILURES):
            return ""
        return branch.ruid.decode("latin-1")

    @variable("T", inner="required", dynamic=False)
    def t(self, inner: str, index: int | str | None) -> tuple[Getter, Setter | None]:
        """$T(key) of the transaction: id_index, id_label (with _n: it is opened if need be), reply_code, reply_reason,
        reply_type (1 made here), branch_index, ruid."""
        if inner not in _T_KEYS:
            raise ValueError(f"is $T(key), one of {', '.join(_T_KEYS)}")

        def get(ctx: RouteContext) -> Value:
            if inner == "reply_code":
                return self.t_reply_code(ctx)
            if inner == "reply_reason":
                return self.t_reply_reason(ctx)
            if inner == "branch_index":
                return self.t_branch_idx(ctx)
            if ctx.tx is None and inner.endswith("_n") and ctx.msg.is_request:
                self.tm.new_transaction(ctx)
            if ctx.tx is None:
                return None
            if inner == "reply_type":
                branch = self.branch_of(ctx)
                return 1 if ctx.kind is RouteKind.FAILURE and branch is not None and branch.reply is None else 0
            if inner == "ruid":
                return self.t_reply_ruid(ctx)
            if inner == "reply_last":
                return self.t_reply_last(ctx)
            return numbers(ctx.tx)[1 if "label" in inner else 0]

        return get, None

    @variable("T_branch", inner="required", dynamic=False)
    def t_branch(self, inner: str, index: int | str | None) -> tuple[Getter, Setter | None]:
        """$T_branch(flags) and $T_branch(ruid) of the branch that failed or is answered; $T_branch(uri) only in onreply
        routes."""
        if inner not in ("uri", "flags", "ruid"):
            raise ValueError("is $T_branch(uri), $T_branch(flags) or $T_branch(ruid)")

        def get(ctx: RouteContext) -> Value:
            branch = self.branch_of(ctx)
            if branch is None or ctx.kind not in (RouteKind.TM_ONREPLY, *FAILURES):
                return None
            if inner == "flags":
                return branch.user_flags
            if inner == "ruid":
                return branch.ruid.decode("latin-1")
            return branch.uri.decode("latin-1") if ctx.kind is RouteKind.TM_ONREPLY else None

        return get, None

    @variable("T_req", inner="required", dynamic=False)
    def t_req(self, inner: str, index: int | str | None) -> tuple[Getter, Setter | None]:
        """$T_req(pv): a variable of the transaction's request as it was received, in reply routes."""

        def other(ctx: RouteContext) -> RouteContext | None:
            if ctx.msg.is_request:
                return None
            tx = ctx.tx
            if tx is None:  # in reply_route the reply is not matched yet
                branch = self.tm.table.lookup_reply(ctx.msg)
                tx = branch.tx if branch is not None else None
            return self._received(tx, ctx) if tx is not None else None

        return inner_getter(self.engine, inner, other), None

    def _received(self, tx: Transaction, ctx: RouteContext) -> RouteContext | None:
        """A transaction's request as it came in, before any script, with the AVPs of the script that asks."""
        msg = self.tm.message_of(tx) if self.tm.enable_uac_fr else tx.request
        if msg is None or tx.user is None:
            return None
        request = self.tm.context_of(tx)
        found = RouteContext(self.engine, msg, request.rcv, RouteKind.REQUEST)
        found.flags, found.xflags, found.force_socket = tx.user_flags, request.xflags, request.force_socket
        found.avps, found.xavps, found.xavus, found.xavis = ctx.avps, ctx.xavps, ctx.xavus, ctx.xavis
        found.vars = ctx.vars
        return found

    @variable("T_rpl", inner="required", dynamic=False)
    def t_rpl(self, inner: str, index: int | str | None) -> tuple[Getter, Setter | None]:
        """$T_rpl(pv): a variable of the picked reply, in failure routes."""

        def other(ctx: RouteContext) -> RouteContext | None:
            if ctx.kind not in FAILURES or ctx.reply is None:
                return None
            return RouteContext(self.engine, ctx.reply, ctx.rcv, RouteKind.TM_ONREPLY)

        return inner_getter(self.engine, inner, other), None

    @variable("T_inv", inner="required", dynamic=False)
    def t_inv(self, inner: str, index: int | str | None) -> tuple[Getter, Setter | None]:
        """$T_inv(pv): a variable of the INVITE that this CANCEL is about, as it was received."""

        def other(ctx: RouteContext) -> RouteContext | None:
            if ctx.kind is not RouteKind.REQUEST or ctx.msg.method != "CANCEL":
                return None
            invite = self.tm.table.lookup_cancel(ctx.msg)
            return self._received(invite, ctx) if invite is not None else None

        return inner_getter(self.engine, inner, other), None
