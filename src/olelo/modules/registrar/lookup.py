"""lookup(): a Request-URI's registered contacts as destinations."""

from __future__ import annotations

from olelo.core.context import DestBranch, RouteContext
from olelo.core.methods import METHODS, OTHER_METHOD
from olelo.core.sockets import ListenSocket
from olelo.core.xavp import roots, set_child
from olelo.modules.registrar.faults import RegistrarFault
from olelo.modules.registrar.path import first_hop
from olelo.modules.registrar.save import Save
from olelo.modules.usrloc.store import Contact
from olelo.sip.errors import SipError
from olelo.sip.uri import parse_uri

# Return codes of lookup().
FOUND, NONE, NO_METHOD, BAD_URI = 1, -1, -2, -3
_FILTER_FLAGS, _FILTER_CONNECTION = 1, 2
# Bits of xavp_rcd_mask.
_NO_RUID, _NO_CONTACT, _NO_EXPIRES, _NO_RECEIVED, _NO_PATH = 1, 2, 4, 8, 16


class Lookup(Save):
    """Finds registered contacts."""

    def find(self, ctx: RouteContext, table: str, uri: bytes, rewrite: bool) -> int:
        """Make destinations of the contacts of a URI (`$ru` if empty).

        rewrite: the first becomes `$ru`; else all become branches. Returns 1 found, -1 none, -2 none that takes
        this method, -3 the URI cannot be used.
        """
        uri = uri or ctx.ruri
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
            self._details(ctx, contact, now)

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
                contact.reg_id,
            )
        )

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

    def _details(self, ctx: RouteContext, contact: Contact, now: int) -> None:
        """Fill the xavp_rcd xavp."""
        mask = self.xavp_rcd_mask
        wanted: list[tuple[int, str, str | int]] = [
            (_NO_RUID, "ruid", contact.ruid),
            (_NO_RECEIVED, "received", contact.received),
            (_NO_CONTACT, "contact", contact.uri),
            (_NO_EXPIRES, "expires", contact.expires - now),
            (_NO_PATH, "path", contact.path),
        ]
        for bit, name, value in wanted:
            if not mask & bit and value != "":
                set_child(roots(ctx), self.xavp_rcd, name, value)
