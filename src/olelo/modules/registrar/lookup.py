"""lookup(): a Request-URI's registered contacts as destinations."""

from __future__ import annotations

from typing import Final

from mypy_extensions import mypyc_attr

from olelo.core.context import DestBranch, RouteContext
from olelo.core.methods import METHODS, OTHER_METHOD
from olelo.core.sockets import ListenSocket
from olelo.core.xavp import push, roots
from olelo.modules.registrar.faults import RegistrarFault
from olelo.modules.registrar.path import first_hop
from olelo.modules.registrar.save import Save
from olelo.modules.usrloc.store import Contact
from olelo.sip.errors import SipError
from olelo.sip.uri import parse_uri

# Return codes of lookup().
FOUND: Final = 1
NONE: Final = -1
NO_METHOD: Final = -2
BAD_URI: Final = -3
_FILTER_FLAGS: Final = 1
_FILTER_CONNECTION: Final = 2


@mypyc_attr(native_class=False)
class Lookup(Save):
    """Finds registered contacts."""

    def find(self, ctx: RouteContext, table: str, uri: bytes, rewrite: bool) -> int:
        """Make destinations of the contacts of a URI.

        rewrite: the first becomes `$ru`; else all become branches. Returns 1 found, -1 none, -2 none that takes
        this method, -3 the URI cannot be used.
        """
        try:
            aor = self.aor_of(uri)
            gruu = parse_uri(uri).param(b"gr")
        except (RegistrarFault, SipError):
            return BAD_URI
        domain = self.usrloc.domain(table)
        now = int(self.engine.wall())
        if gruu == b"":
            ruid = aor.partition("@")[0].rpartition("-")[0]
            one = domain.by_ruid(ruid)
            candidates = [one] if one is not None else []
        else:
            record = domain.records.get(aor)
            candidates = record.contacts if record is not None else []
            if gruu:
                instance = gruu.decode("latin-1").strip("<>")
                candidates = [c for c in candidates if c.instance.strip("<>") == instance]
        code = NONE
        usable: list[Contact] = []
        for contact in candidates:
            if not (contact.valid(now) or self.use_expired_contacts):
                continue
            if not self._takes(ctx, contact):
                code = NO_METHOD
            elif self._passes(ctx, contact):
                usable.append(contact)
                if rewrite and not self.append_branches:
                    break
        if not usable:
            return code
        if gruu is not None:
            del usable[1:]
        if rewrite:
            self._rewrite(ctx, usable[0], now)
            usable = usable[1:]
            if not self.append_branches:
                return FOUND
        for contact in usable:
            self._append(ctx, contact)
        return FOUND

    def find_for_branch(self, ctx: RouteContext, table: str, branch: DestBranch) -> int:
        """As find(), for a branch: the first contact takes its place, more are appended."""
        before = len(ctx.branches)
        code = self.find(ctx, table, branch.uri, False)
        if code == FOUND:
            first = ctx.branches.pop(before)
            contact = self.usrloc.domain(table).by_ruid(first.ruid)
            if self.xavp_rcd and contact is not None:
                self.details(ctx, contact, int(self.engine.wall()))
            ctx.branches[ctx.branches.index(branch)] = first
        return code

    def _takes(self, ctx: RouteContext, contact: Contact) -> bool:
        if not self.method_filtering or ctx.msg.to.tag:
            return True
        return bool(contact.methods & METHODS.get(ctx.msg.method, OTHER_METHOD))

    def _passes(self, ctx: RouteContext, contact: Contact) -> bool:
        mode = self.lookup_filter_mode
        if not mode:
            return True
        if mode & _FILTER_FLAGS:
            wish = self.cfg_int(ctx, "rlf_bflags")
            if wish and not wish & contact.cflags:
                return False
        if mode & _FILTER_CONNECTION and contact.tcpconn_id > 0:
            return self.engine.connection_alive(contact.tcpconn_id)
        return True

    def _rewrite(self, ctx: RouteContext, contact: Contact, now: int) -> None:
        ctx.ruri = contact.uri.encode("latin-1")
        ctx.ruri_used = False
        ctx.dst_uri, ctx.path = self._next_hop(contact)
        ctx.q = contact.q
        ctx.bflags |= contact.cflags
        ctx.instance = contact.instance
        ctx.reg_id = contact.reg_id
        ctx.ruid = contact.ruid
        ctx.location_ua = contact.user_agent
        socket = self.socket_named(contact.socket)
        if socket is not None:
            ctx.force_socket = socket
        if self.xavp_rcd:
            self.details(ctx, contact, now)
        if contact.xavp is not None:
            push(roots(ctx), self.usrloc.xavp_contact, contact.xavp.copy())

    def _append(self, ctx: RouteContext, contact: Contact) -> None:
        dst_uri, path = self._next_hop(contact)
        ctx.branches.append(
            DestBranch(
                contact.uri.encode("latin-1"),
                dst_uri,
                path,
                contact.q,
                contact.cflags,
                self.socket_named(contact.socket),
                contact.ruid,
                contact.instance,
                contact.user_agent,
                contact.reg_id if contact.instance else 0,
            )
        )
        if contact.xavp is not None:  # [n] belongs to the nth destination
            held = roots(ctx).setdefault(self.usrloc.xavp_contact, [])
            held += [None] * (len(ctx.branches) - len(held))
            held.insert(len(ctx.branches), contact.xavp.copy())

    def _next_hop(self, contact: Contact) -> tuple[bytes, bytes]:
        """(dst_uri, path): the first Path entry, else the address it came from, else nothing."""
        if contact.path:
            hop = first_hop(contact.path)
            path = contact.path
            if self.path_check_local and hop:
                parsed = parse_uri(hop)
                if self.engine.is_myself(parsed.host):
                    _own, comma, path = path.partition(",")
                    hop = first_hop(path) if comma else b""
            if hop:
                return hop, path.encode("latin-1")
        return contact.received.encode("latin-1"), b""

    def socket_named(self, text: str) -> ListenSocket | None:
        sockets = self._sockets
        if text not in sockets:
            sockets[text] = next((s for s in self.engine.sockets if s.text == text), None)
        return sockets[text]

    _sockets: dict[str, ListenSocket | None]
