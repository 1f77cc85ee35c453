"""Keepalives: a request to every registered phone each timer_interval, the round trip noted, silence noticed.

They are stateless: the From tag says which contact and when (ruid, hash of the address of record, seconds,
microseconds, count), so that an answer needs nothing kept. The format is Kamailio's.
"""

from __future__ import annotations

from collections.abc import Awaitable

from olelo.core.context import RouteContext
from olelo.core.engine import ERR
from olelo.core.forward import next_hop
from olelo.core.module import ModuleError, param
from olelo.core.sockets import Destination, ListenSocket
from olelo.modules.usrloc.commands import Commands
from olelo.modules.usrloc.store import Contact, aor_hash
from olelo.script.values import ResolveError, Resolver
from olelo.sip.address import parse_addresses
from olelo.sip.errors import SipError
from olelo.sip.headers import VIA

# Bits of ka_mode.
_ALL, _NATTED, _UDP = 1, 2, 4
_OWN_SERVER = 1  # of ka_filter
_DISABLED = 255
_MILLION = 1_000_000
#: Seconds that a contact keeps after ka_timeout has passed without an answer.
_LAST_SECONDS = 10
_TAG_PARTS = 5


class Keepalive(Commands):
    """The part of usrloc that asks phones whether they are still there."""

    ka_mode = param(0, "Keepalives: 1 to all contacts, 2 to those behind a NAT (nat_bflag), 4 to those on UDP; 0 none.")
    ka_method = param("OPTIONS", "Method of keepalives.")
    ka_from = param("sip:server@kamailio.org", "From URI of keepalives.")
    ka_domain = param("kamailio.org", "Domain in To of keepalives where addresses of record have none.")
    ka_filter = param(0, "1: keepalives only to contacts registered at this server_id.")
    ka_timeout = param(0, "Seconds without an answer until a contact expires; 0: it does not.")
    ka_loglevel = param(255, "Level of a line about each answer; 255: none.")
    ka_logmsg = param(" to-uri: [$tu] remote-addr: [$sas]", "The end of that line, with variables of the answer.")
    ka_interval = param(0, "Seconds between two keepalives; Olelo sends them each timer_interval.", noop=True)
    ka_randomize = param(0, "Spread of keepalives.", noop=True)
    ka_reply_codes = param("", "Answers that count as alive; for Olelo all do.", noop=True)

    _ka_count = 0

    def is_natted(self, contact: Contact) -> bool:
        raise NotImplementedError

    def start_keepalive(self) -> None:
        """Answers are looked for from now on."""
        try:
            self._ka_text = Resolver(self.engine.catalog).format(self.ka_logmsg)
        except ResolveError as error:
            raise ModuleError(f"ka_logmsg: {error}") from error
        self.engine.reply_taps.append(self._answered)

    def send_keepalives(self) -> None:
        """One keepalive to every contact that ka_mode names."""
        now = int(self.engine.wall())
        mode = self.ka_mode
        for domain in self.domains.values():
            for number, contact in enumerate(domain.all(), 1):
                if self.ka_filter & _OWN_SERVER and contact.server_id != self.engine.params.server_id:
                    continue
                if mode & _NATTED and not self.is_natted(contact):
                    continue
                if self.ka_timeout and 0 < contact.last_keepalive < now - self.ka_timeout:
                    if not contact.expires or contact.expires > now + _LAST_SECONDS:
                        contact.expires = now + _LAST_SECONDS
                        domain.shortened(contact)
                        continue
                self._ask(contact, number)
        self._ka_count += 1

    def _ask(self, contact: Contact, number: int) -> None:
        target = contact.received.encode("latin-1")
        if not target and contact.path:
            try:
                target = parse_addresses(contact.path.encode("latin-1"))[0].uri
            except (SipError, IndexError):
                self.engine.log(ERR, f"usrloc: no keepalive for {contact.aor}: bad path {contact.path!r}")
                return
        socket = next((s for s in self.engine.sockets if s.text == contact.socket), None)
        found = next_hop(self.engine, target or contact.uri.encode("latin-1"), socket)
        if isinstance(found, int | Destination):
            self._send(contact, number, found)
        else:
            self._wait(contact, number, found)

    def _wait(self, contact: Contact, number: int, found: Awaitable[Destination | int]) -> None:
        def done(result: object, error: BaseException | None) -> None:
            self._send(contact, number, result if isinstance(result, Destination) else 0)

        self.engine.services.spawn(found, done)

    def _send(self, contact: Contact, number: int, to: Destination | int) -> None:
        if isinstance(to, int):
            self.engine.log(ERR, f"usrloc: no keepalive for {contact.aor}: no way to {contact.uri}")
            return
        if self.ka_mode & _UDP and to.proto != "udp":
            return
        if contact.tcpconn_id > 0 and to.proto != "udp":
            to = Destination(to.proto, to.ip, to.port, to.socket, contact.tcpconn_id)
        self.engine.send(self._request(contact, number, to.socket), to)

    def _request(self, contact: Contact, number: int, socket: ListenSocket) -> bytes:
        wall = self.engine.wall()
        seconds, micros = int(wall), int(wall % 1 * _MILLION)
        count = self._ka_count
        aor = contact.aor if "@" in contact.aor else f"{contact.aor}@{self.ka_domain}"
        route = f"Route: {contact.path}\r\n" if contact.path else ""
        text = (
            f"{self.ka_method} {contact.uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/{socket.proto.upper()} {socket.via_host}:{socket.via_port};branch=z9hG4bKx.{count}.{number}.0\r\n"
            f"{route}"
            f"From: <{self.ka_from}>;tag={contact.ruid}-{aor_hash(contact.aor):x}-{seconds:x}-{micros:x}-{count:x}.{number:x}\r\n"
            f"To: <sip:{aor}>\r\n"
            f"Call-ID: ksrulka-{self.engine.new_id(4)}-{self.engine.pid:x}-{count:x}.{number:x}\r\n"
            f"CSeq: 80 {self.ka_method}\r\nContent-Length: 0\r\n\r\n"
        )
        return text.encode("latin-1")

    def _answered(self, ctx: RouteContext) -> bool:
        """An answer to a keepalive: note when, and how long it took."""
        msg = ctx.msg
        try:
            if (
                msg.method != self.ka_method
                or msg.hids.count(VIA) != 1
                or msg.from_.uri.decode("latin-1") != self.ka_from
            ):
                return False
            parts = msg.from_.tag.decode("latin-1").rsplit("-", _TAG_PARTS - 1)
            ruid, _hash, seconds, micros = parts[0], parts[1], int(parts[2], 16), int(parts[3], 16)
        except (SipError, IndexError, ValueError):
            return False
        contact = next((c for c in (d.by_ruid(ruid) for d in self.domains.values()) if c is not None), None)
        if contact is not None:
            wall = self.engine.wall()
            contact.last_keepalive = int(wall)
            contact.ka_roundtrip = round((wall - seconds) * _MILLION) - micros
            if self.ka_loglevel != _DISABLED:
                trip = contact.ka_roundtrip
                self.engine.log(
                    self.ka_loglevel,
                    f"keepalive roundtrip: {trip // _MILLION}.{trip % _MILLION:06} sec - ruid [{ruid}]{self._ka_text(ctx)}",
                )
        return True
