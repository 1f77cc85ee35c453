"""save(): a REGISTER's contacts into the table, and its answer."""

from __future__ import annotations

from typing import Final

from mypy_extensions import mypyc_attr

from olelo.core.context import RouteContext
from olelo.core.engine import INFO
from olelo.core.reply import q_text
from olelo.core.xavp import Xavp, existing, fields, push, roots
from olelo.modules.registrar.bindings import Bindings, Wanted
from olelo.modules.registrar.faults import (
    CALLID_TOO_LONG,
    FINE,
    INVALID_CSEQ,
    OUTBOUND_EDGE,
    OUTBOUND_REQUIRED,
    OUTBOUND_UNSUPPORTED,
    PATH_UNSUPPORTED,
    STATUS_REASONS,
    TOO_MANY,
    PathRefused,
    Reason,
    RegistrarFault,
)
from olelo.modules.registrar.path import path_vector
from olelo.modules.usrloc.store import FOUND, NOT_FOUND, OLD_CSEQ, RETRANSMISSION, Contact, Domain, Record, aor_hash
from olelo.script.catalog import RouteKind
from olelo.sip.address import NameAddr
from olelo.sip.headers import REQUIRE, SUPPORTED, USER_AGENT, VIA
from olelo.sip.octets import AT
from olelo.sip.uri import parse_uri

# Flags of save().
MEMORY_ONLY: Final = 1
NO_REPLY: Final = 2
REPLACE: Final = 4
NO_VARIATION: Final = 8
PREPARE_REPLY: Final = 16
# Return codes of save().
ADDED: Final = 1
UPDATED: Final = 2
REMOVED: Final = 3
FETCHED: Final = 4
# Bits of xavp_rcd_mask.
_NO_RUID: Final = 1
_NO_CONTACT: Final = 2
_NO_EXPIRES: Final = 4
_NO_RECEIVED: Final = 8
_NO_PATH: Final = 16
PATH_STRICT: Final = 2
OUTBOUND_NO: Final = 0
OUTBOUND_YES: Final = 1
OUTBOUND_MUST: Final = 2
_MAX_CALLID: Final = 255
_MAX_AGENT: Final = 255


class Source:
    """What all contacts of one REGISTER have in common."""

    __slots__ = ("attributes", "callid", "cflags", "conn", "cseq", "path", "path_received", "socket", "user_agent")

    def __init__(self, callid: str, cseq: int, user_agent: str, socket: str, conn: int, cflags: int) -> None:
        self.callid = callid
        self.cseq = cseq
        self.user_agent = user_agent
        self.socket = socket
        self.conn = conn
        self.cflags = cflags
        self.attributes: Xavp | None = None
        self.path = ""
        self.path_received = ""


@mypyc_attr(native_class=False)
class Save(Bindings):
    """Registers."""

    accepted = 0
    rejected = 0

    def register(self, ctx: RouteContext, table: str, flags: int, uri: bytes) -> int:
        """Do what the REGISTER asks, and answer it.

        Returns 1 added, 2 updated, 3 removed, 4 nothing asked but the list; -1 refused, -2 too many contacts.
        """
        record: Record | None = None
        path = ""
        try:
            code, record, path = self._apply(ctx, self.usrloc.domain(table), flags, uri)
            reason = FINE
            self.accepted += 1
        except RegistrarFault as fault:
            reason = fault.reason
            code = -2 if reason is TOO_MANY else -1
            if fault.lists_contacts:
                record = self.usrloc.domain(table).get(self.aor_of(uri or ctx.msg.to.uri))
            if isinstance(fault, PathRefused):
                path = fault.path
            self.rejected += 1
            self.engine.log(INFO, f"registrar: REGISTER refused: {reason.text}")
        if record is not None and self.xavp_rcd:
            now = int(self.engine.wall())
            for contact in record.contacts:
                if contact.valid(now):
                    self.details(ctx, contact, now)
        lines = self.reply_headers(ctx, reason, record, path)
        if not flags & NO_REPLY:
            # A refusal is not answered out of a failure_route: there the transaction still has its own.
            if ctx.kind is RouteKind.REQUEST or (ctx.kind is RouteKind.FAILURE and reason is FINE):
                ctx.reply_lines += lines
                return code if self.answer(ctx, reason.status) else -1
        elif flags & PREPARE_REPLY and reason is FINE:
            ctx.reply_lines += lines
        else:
            if ctx.store is None:
                ctx.store = {}
            ctx.store["registrar"] = (reason.status, lines)
        return code

    def answer(self, ctx: RouteContext, status: int) -> bool:
        """Send the answer, by the transaction if there is one."""
        reason = STATUS_REASONS[status]
        tm = self.engine.tm
        if tm is not None and tm.has_transaction(ctx):
            return tm.reply(ctx, status, reason) > 0
        return self.sl_send(ctx, status, reason) > 0

    def details(self, ctx: RouteContext, contact: Contact, now: int) -> None:
        """Fill the xavp_rcd xavp."""
        mask = self.xavp_rcd_mask
        wanted: list[tuple[int, str, str | int]] = [
            (_NO_RUID, "ruid", contact.ruid),
            (_NO_RECEIVED, "received", contact.received),
            (_NO_CONTACT, "contact", contact.uri),
            (_NO_EXPIRES, "expires", contact.expires - now),
            (_NO_PATH, "path", contact.path),
        ]
        root = roots(ctx)
        found = fields(root, self.xavp_rcd)
        if found is None:
            found = Xavp()
            push(root, self.xavp_rcd, found)
        for bit, name, value in wanted:
            if not mask & bit and value != "":
                found.add(name, value)

    def sl_send(self, ctx: RouteContext, status: int, reason: bytes) -> int:
        sl = self.engine.modules.get("sl")
        if sl is None:
            from olelo.core.reply import reply_stateless

            return 1 if reply_stateless(ctx, status, reason, self.engine.new_id(8).encode()) else -1
        sent: int = sl.send(ctx, status, reason)  # type: ignore[attr-defined]
        return sent

    def _apply(self, ctx: RouteContext, domain: Domain, flags: int, uri: bytes) -> tuple[int, Record | None, str]:
        msg = ctx.msg
        contacts = self.contacts_of(ctx)
        use_reg_id = self._outbound(ctx, contacts or [])
        aor = self.aor_of(uri or msg.to.uri)
        now = int(self.engine.wall())
        if contacts is None:
            domain.delete_aor(aor)
            return REMOVED, None, ""
        if not contacts:
            return FETCHED, domain.get(aor), ""
        try:
            return self._store(ctx, domain, aor, contacts, flags, use_reg_id, now)
        except RegistrarFault as fault:
            fault.lists_contacts = True
            raise

    def _store(
        self, ctx: RouteContext, domain: Domain, aor: str, contacts: list[NameAddr], flags: int, use_reg_id: bool, now: int
    ) -> tuple[int, Record | None, str]:  # fmt: skip
        msg = ctx.msg
        vary = not flags & NO_VARIATION
        wanted = [self.wanted(ctx, contact, now, vary, use_reg_id) for contact in contacts]
        source = self._source(ctx)
        if self.use_path:
            source.path, source.path_received = path_vector(msg, bool(self.path_use_received))
            if source.path and self.path_mode == PATH_STRICT and not self.supports(ctx, b"path"):
                raise PathRefused(source.path)
        record = domain.get(aor)
        if record is None:
            code = self._insert(ctx, domain, aor, wanted, source, now)
        else:
            code = self._update(ctx, domain, record, wanted, source, now, bool(flags & REPLACE))
        return code, domain.get(aor), source.path

    def _insert(
        self, ctx: RouteContext, domain: Domain, aor: str, wanted: list[Wanted], source: Source, now: int
    ) -> int:
        keep = [w for w in wanted if w.expires]
        limit = self._limit(ctx)
        if limit and len(keep) > limit:
            raise RegistrarFault(TOO_MANY)
        for want in keep:
            record = domain.get(aor)
            if record is not None:
                # Phones exist that name one address twice in a REGISTER: the second time updates the first.
                found, contact = domain.find(
                    record, want.uri, source.callid, source.cseq + 1, source.path, want.instance, want.reg_id, now
                )
                if found == FOUND and contact is not None:
                    self._fill(domain, contact, want, source, now)
                    continue
            self._add(domain, aor, want, source, now)
        return ADDED

    def _update(
        self, ctx: RouteContext, domain: Domain, record: Record, wanted: list[Wanted], source: Source, now: int, replace: bool
    ) -> int:  # fmt: skip
        limit = 0 if replace else self._limit(ctx)
        matched = [
            domain.find(record, w.uri, source.callid, source.cseq, source.path, w.instance, w.reg_id, now)
            for w in wanted
        ]
        if limit:
            self._check_limit(record, wanted, matched, now, limit)
        if any(found == OLD_CSEQ for found, _ in matched):
            raise RegistrarFault(INVALID_CSEQ)  # nothing is done by halves: all contacts or none
        code = ADDED
        for want, (found, contact) in zip(wanted, matched, strict=True):
            if found == RETRANSMISSION:
                if want.expires and replace:
                    break
                continue
            if found == NOT_FOUND or contact is None or contact not in record.contacts:
                if not want.expires:
                    continue
                kept = self._add(domain, record.aor, want, source, now)
                code = ADDED
                if replace:
                    self._drop_others(domain, record, kept)
                    break
            elif not want.expires:
                domain.delete(contact)
                code = REMOVED
            else:
                if want.instance and source.callid != contact.callid:
                    self._drop_instance(domain, record, contact)
                self._fill(domain, contact, want, source, now)
                code = UPDATED
                if replace:
                    self._drop_others(domain, record, contact)
                    break
        return code

    def _check_limit(
        self, record: Record, wanted: list[Wanted], matched: list[tuple[int, Contact | None]], now: int, limit: int
    ) -> None:  # fmt: skip
        count = sum(1 for c in record.contacts if c.valid(now))
        for want, (found, _) in zip(wanted, matched, strict=True):
            if found == NOT_FOUND and want.expires:
                count += 1
            elif found == FOUND and not want.expires:
                count -= 1
        if count > limit:
            raise RegistrarFault(TOO_MANY)

    def _limit(self, ctx: RouteContext) -> int:
        wish = self.cfg_int(ctx, "max_contacts")
        return self.max_contacts if wish is None else wish

    def _drop_others(self, domain: Domain, record: Record, kept: Contact) -> None:
        for other in list(record.contacts):
            if other is not kept:
                domain.delete(other)

    def _drop_instance(self, domain: Domain, record: Record, kept: Contact) -> None:
        """A phone that came back with a new Call-ID: its other bindings are gone."""
        for other in list(record.contacts):
            if other is not kept and other.instance == kept.instance:
                domain.delete(other)

    def _add(self, domain: Domain, aor: str, want: Wanted, source: Source, now: int) -> Contact:
        contact = Contact(aor, want.uri, self.usrloc.new_ruid())
        contact.instance = want.instance
        contact.reg_id = want.reg_id
        self._set(contact, want, source, now)
        contact.keepalive = 1 if self.usrloc.is_natted(contact) else 0
        domain.insert(contact)
        return contact

    def _fill(self, domain: Domain, contact: Contact, want: Wanted, source: Source, now: int) -> None:
        """A refresh: instance and reg-id stay what they were."""
        q = contact.q
        contact.uri = want.uri
        self._set(contact, want, source, now)
        domain.updated(contact, contact.q != q)

    def _set(self, contact: Contact, want: Wanted, source: Source, now: int) -> None:
        contact.expires = want.expires
        contact.q = want.q
        contact.callid = source.callid
        contact.cseq = source.cseq
        contact.user_agent = source.user_agent
        contact.received = source.path_received or want.received
        contact.path = source.path
        contact.cflags = source.cflags
        if source.path_received and self.usrloc.nat_bflag >= 0:
            contact.cflags |= 1 << self.usrloc.nat_bflag
        contact.socket = source.socket
        contact.methods = want.methods
        contact.tcpconn_id = source.conn
        contact.server_id = self.engine.params.server_id
        contact.last_modified = contact.last_keepalive = now
        contact.xavp = source.attributes

    def _source(self, ctx: RouteContext) -> Source:
        msg = ctx.msg
        callid = msg.call_id.decode("latin-1")
        if len(callid) > _MAX_CALLID:
            raise RegistrarFault(CALLID_TOO_LONG)
        agent = msg.first(USER_AGENT) or b""
        agent_text = agent.decode("latin-1") if 0 < len(agent) < _MAX_AGENT else "n/a"
        socket = ctx.rcv.socket
        text = socket.text
        if self.sock_mode & 1:
            text = f"{socket.proto}:{socket.via_host}:{socket.via_port}"
        chosen = self._socket_wish(ctx)
        conn = ctx.rcv.conn or -1
        source = Source(callid, msg.cseq.number, agent_text, chosen or text, conn, ctx.bflags)
        if self.usrloc.xavp_contact:
            found = fields(existing(ctx), self.usrloc.xavp_contact)
            source.attributes = found.copy() if found is not None else None
        return source

    def _socket_wish(self, ctx: RouteContext) -> str | None:
        """The socket that a header (sock_flag, sock_hdr_name) or the xavp asks for, if it is one of ours."""
        if self.sock_flag < 0 or not ctx.flags >> self.sock_flag & 1:
            return None
        if self.sock_hdr_name:
            values = ctx.msg.named(self.sock_hdr_name.encode("latin-1"))
            wish = values[0].decode("latin-1") if values else None
        else:
            wish = self.cfg_str(ctx, "socket")
        return next((s.text for s in self.engine.sockets if wish == s.text), None)

    def supports(self, ctx: RouteContext, tag: bytes) -> bool:
        return any(tag == word.strip().lower() for line in ctx.msg.all(SUPPORTED) for word in line.split(b","))

    def requires(self, ctx: RouteContext, tag: bytes) -> bool:
        return any(tag == word.strip().lower() for line in ctx.msg.all(REQUIRE) for word in line.split(b","))

    def _outbound(self, ctx: RouteContext, contacts: list[NameAddr]) -> bool:
        """RFC 5626: whether reg-id counts. Raises RegistrarFault where the phone and we do not agree."""
        supported = self.supports(ctx, b"outbound")
        if not supported and self.outbound_mode == OUTBOUND_MUST:
            raise RegistrarFault(OUTBOUND_UNSUPPORTED)
        if self.outbound_mode == OUTBOUND_NO:
            if self.requires(ctx, b"outbound"):
                raise RegistrarFault(OUTBOUND_REQUIRED)
            return True
        if contacts and len(ctx.msg.all(VIA)) > 1:
            path, _ = path_vector(ctx.msg, False)
            first = path.split(">")[0]
            if ";ob" not in first and self.regid_mode == 0:
                if supported and contacts[0].param(b"reg-id"):
                    raise RegistrarFault(OUTBOUND_EDGE)
                return False
        return True

    # --- the answer's headers -----------------------------------------------------------------------------

    def reply_headers(self, ctx: RouteContext, reason: Reason, record: Record | None, path: str) -> list[bytes]:
        """The header lines of the answer, in Kamailio's order."""
        lines: list[bytes] = []
        contact = self.contact_line(ctx, record)
        if contact:
            lines.append(contact)
        if reason is FINE:
            if path and self.path_mode != 0 and self.supports(ctx, b"path"):
                lines.append(b"Path: " + path.encode("latin-1") + b"\r\n")
            lines += self._outbound_lines(ctx)
        elif reason is OUTBOUND_UNSUPPORTED:
            lines += [b"Require: outbound\r\n", b"Supported: outbound\r\n"]
        elif reason is OUTBOUND_REQUIRED:
            lines.append(b"Unsupported: outbound\r\n")
        elif reason is PATH_UNSUPPORTED:
            lines += [b"Unsupported: path\r\n", b"Path: " + path.encode("latin-1") + b"\r\n"]
            lines += self._outbound_lines(ctx)
        elif reason.status == 423:
            lines.append(b"Min-Expires: %d\r\n" % self.min_expires)
        if reason.status != 200:
            lines.append(b"P-Registrar-Error: " + reason.text.encode() + b"\r\n")
            if 500 <= reason.status < 600 and self.retry_after:
                lines.append(b"Retry-After: %d\r\n" % self.retry_after)
        return lines

    def _outbound_lines(self, ctx: RouteContext) -> list[bytes]:
        if self.outbound_mode == OUTBOUND_NO:
            return []
        timer = [b"Flow-Timer: %d\r\n" % self.flow_timer] if self.flow_timer else []
        if self.outbound_mode == OUTBOUND_MUST:
            return [b"Require: outbound\r\n", b"Supported: outbound\r\n", *timer]
        lines = [b"Supported: outbound\r\n"]
        if self.requires(ctx, b"outbound") or self.supports(ctx, b"outbound"):
            lines += [b"Require: outbound\r\n", *timer]
        return lines

    def contact_line(self, ctx: RouteContext, record: Record | None) -> bytes:
        """All valid bindings as one Contact line; empty where there are none."""
        if record is None:
            return b""
        now = int(self.engine.wall())
        gruu = bool(self.gruu_enabled) and self.supports(ctx, b"gruu")
        host = b""
        if gruu:
            host = parse_uri(ctx.msg.to.uri).host
        values = [self._contact_value(c, now, gruu, host) for c in record.contacts if c.valid(now)]
        return b"Contact: " + b", ".join(values) + b"\r\n" if values else b""

    def _contact_value(self, contact: Contact, now: int, gruu: bool, host: bytes) -> bytes:
        parts = [b"<" + contact.uri.encode("latin-1") + b">"]
        if contact.q >= 0:
            parts.append(b";q=" + q_text(contact.q))
        parts.append(b";expires=%d" % (contact.expires - now if contact.expires else 0))
        if self.received_param and contact.received:
            parts.append(f';{self.received_param}="{contact.received}"'.encode("latin-1"))
        if contact.instance:
            if gruu:
                parts.append(self._gruu(contact, host))
            parts.append(b';+sip.instance="' + contact.instance.encode("latin-1") + b'"')
        if contact.reg_id:
            parts.append(b";reg-id=%d" % contact.reg_id)
        return b"".join(parts)

    def _gruu(self, contact: Contact, host: bytes) -> bytes:
        aor = contact.aor.encode("latin-1")
        if AT not in aor:
            aor += b"@" + host
        instance = contact.instance.strip("<>").encode("latin-1")
        number = aor_hash(contact.aor)
        mark = "".join(f"{number >> shift & 15:x}" for shift in range(0, 32, 4) if number >> shift)
        temporary = contact.ruid.encode("latin-1") + b"-" + mark.encode() + b"@" + host
        return b';pub-gruu="sip:%b;gr=%b";temp-gruu="sip:%b;gr"' % (aor, instance, temporary)
