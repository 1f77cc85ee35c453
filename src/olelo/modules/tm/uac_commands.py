"""Requests that operators and scripts ask for: tm.t_uac_start, tm.t_uac_wait, t_uac_send and their kin."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from olelo.core.context import RouteContext
from olelo.core.engine import ERR
from olelo.core.errors import REASONS, answer_for
from olelo.core.forward import hop_now
from olelo.core.lookup import find_socket, parse_phostport
from olelo.core.module import Many, RpcFault, function, rpc
from olelo.core.services import UacRequest
from olelo.core.sockets import Destination, ListenSocket
from olelo.modules.tm.local import remote_target, route_set, uri_of
from olelo.modules.tm.uac import SENT, Uac
from olelo.script.runtime import Suspended
from olelo.sip.errors import SipError
from olelo.sip.headers import CALL_ID, CONTENT_LENGTH, CSEQ, FROM, TO, header_id
from olelo.sip.message import Message
from olelo.sip.uri import parse_uri

#: How long tm.t_uac_wait_block waits, in seconds.
BLOCK_SECONDS = 80.0
_ARGS = "*a"
_ATTRIBUTES = ("mode", "cbflags", "rpflags", "fr_timeout", "fr_inv_timeout")
Answer = tuple[int, Message | None]


class UacCommands(Uac):
    """tm.t_uac_* and t_uac_send.

    The arguments are method, Request-URI, next hop or `.`, local socket or `.`, header lines (From and To among them),
    body. `!!` in a header stands for the address of the sending socket.
    """

    @function("t_uac_send", waits=True)
    def t_uac_send(
        self, ctx: RouteContext, method: str, ruri: str, nexthop: str, socket: str, headers: str, body: str
    ) -> int | Awaitable[int]:
        """Send a request of our own and wait for nothing. Returns 1 sent, -1 not."""
        try:
            request = self.uac_of((method, ruri, nexthop, socket, headers, body))
        except RpcFault as fault:
            self.engine.log(ERR, f"tm: t_uac_send: {fault.text}")
            return -1
        result = self.start_local(self.send_local(request))
        if isinstance(result, int):
            return 1 if result >= 0 else -1
        return _as_code(result)

    @rpc("tm.t_uac_start", _ARGS)
    def rpc_start(self, *args: Any) -> Any:
        """Send a request; the reply says whether it was sent."""
        return self._start(self.uac_of(args))

    @rpc("tm.t_uac_start_hex", _ARGS)
    def rpc_start_hex(self, *args: Any) -> Any:
        """As tm.t_uac_start; the body is written in hexadecimal."""
        return self._start(self.uac_of(args, in_hex=True))

    @rpc("tm.t_uac_start_noack", _ARGS)
    def rpc_start_noack(self, *args: Any) -> Any:
        """As tm.t_uac_start, without the ACK for a 2xx of an INVITE."""
        return self._start(self.uac_of(args, no_ack=True))

    @rpc("tm.t_uac_start_noack_hex", _ARGS)
    def rpc_start_noack_hex(self, *args: Any) -> Any:
        """As tm.t_uac_start_hex, without the ACK for a 2xx of an INVITE."""
        return self._start(self.uac_of(args, in_hex=True, no_ack=True))

    @rpc("tm.t_uac_wait", _ARGS, array=True)
    def rpc_wait(self, *args: Any) -> Any:
        """Send a request; the reply is its answer: code, reason, of a 2xx also Request-URI, next hop and Route line of
        the dialog, and the answer's text."""
        return self._wait(self.uac_of(args))

    @rpc("tm.t_uac_wait_hex", _ARGS, array=True)
    def rpc_wait_hex(self, *args: Any) -> Any:
        """As tm.t_uac_wait; the body is written in hexadecimal."""
        return self._wait(self.uac_of(args, in_hex=True))

    @rpc("tm.t_uac_wait_noack", _ARGS, array=True)
    def rpc_wait_noack(self, *args: Any) -> Any:
        """As tm.t_uac_wait, without the ACK for a 2xx of an INVITE."""
        return self._wait(self.uac_of(args, no_ack=True))

    @rpc("tm.t_uac_wait_noack_hex", _ARGS, array=True)
    def rpc_wait_noack_hex(self, *args: Any) -> Any:
        """As tm.t_uac_wait_hex, without the ACK for a 2xx of an INVITE."""
        return self._wait(self.uac_of(args, in_hex=True, no_ack=True))

    @rpc("tm.t_uac_wait_block", _ARGS)
    def rpc_wait_block(self, *args: Any) -> Any:
        """Send a request and give code and text of its answer; other commands are served meanwhile."""
        return self._wait_block(self.uac_of(args))

    @rpc("tm.t_uac_wait_block_hex", _ARGS)
    def rpc_wait_block_hex(self, *args: Any) -> Any:
        """As tm.t_uac_wait_block; the body is written in hexadecimal."""
        return self._wait_block(self.uac_of(args, in_hex=True))

    @rpc("tm.t_uac_wait_block_noack", _ARGS)
    def rpc_wait_block_noack(self, *args: Any) -> Any:
        """As tm.t_uac_wait_block, without the ACK for a 2xx of an INVITE."""
        return self._wait_block(self.uac_of(args, no_ack=True))

    @rpc("tm.t_uac_wait_block_noack_hex", _ARGS)
    def rpc_wait_block_noack_hex(self, *args: Any) -> Any:
        """As tm.t_uac_wait_block_hex, without the ACK for a 2xx of an INVITE."""
        return self._wait_block(self.uac_of(args, in_hex=True, no_ack=True))

    @rpc("tm.t_uac_attrs", _ARGS, array=True)
    def rpc_attrs(self, *args: Any) -> Any:
        """Send a request as its attributes say: `mode=start`, `wait` or `block`; `cbflags=noack`; `rpflags=1` (the body
        is hexadecimal); `fr_timeout` and `fr_inv_timeout` in milliseconds. The other arguments are tm.t_uac_start's."""
        if len(args) < 6:
            raise RpcFault(400, f"too few parameters ({len(args)}/6)")
        wanted = _attributes(str(args[0]))
        request = self.uac_of(
            args[1:], in_hex=bool(_number(wanted.get("rpflags", "0")) & 1), no_ack=wanted.get("cbflags") == "noack"
        )
        request.fr_timer = _number(wanted.get("fr_timeout", "0"))
        request.fr_inv_timer = _number(wanted.get("fr_inv_timeout", "0"))
        mode = wanted.get("mode", "start")
        if mode == "wait":
            return self._wait(request)
        return self._wait_block(request) if mode == "block" else self._start(request)

    # --- what they share ----------------------------------------------------------------------------------

    def _start(self, request: UacRequest) -> Any:
        result = self.start_local(self.send_local(request))
        if isinstance(result, int):
            _must_be_sent(result)
            return None
        return _later(result)

    async def _wait(self, request: UacRequest) -> Many:
        status, reply = await self._answered(request, 0.0)
        if reply is None:
            return Many((status, REASONS.get(status, b"").decode("latin-1"), "", "", "", ""))
        found: list[int | str] = [status, reply.reason.decode("latin-1")]
        if 200 <= status < 300:
            found += _dialog(reply)
        found.append(reply.raw[reply.headers_at :].decode("latin-1"))
        return Many(found)

    async def _wait_block(self, request: UacRequest) -> dict[str, int | str]:
        status, reply = await self._answered(request, BLOCK_SECONDS)
        text = reply.reason if reply is not None else REASONS.get(status, b"")
        return {"code": status, "text": text.decode("latin-1")}

    async def _answered(self, request: UacRequest, seconds: float) -> Answer:
        """Send, and wait for the answer, at most this long (0: as long as it takes). Raises RpcFault 500."""
        gate = self.engine.services.gate()
        request.done = lambda status, reply: gate.set((status, reply))
        _must_be_sent(await self.send_local(request))
        if seconds:
            services = self.engine.services
            cancel = services.call_at(services.now() + seconds, lambda: gate.set(None))
            answer: Answer | None = await gate
            cancel()
        else:
            answer = await gate
        if answer is None:
            request.done = None
            raise RpcFault(500, "No response")
        return answer

    def uac_of(self, args: tuple[Any, ...], *, in_hex: bool = False, no_ack: bool = False) -> UacRequest:
        """A request from the arguments of a command. Raises RpcFault 400 (500 for a next hop that cannot be reached)."""
        if len(args) < 5:
            raise RpcFault(400, f"too few parameters ({len(args)}/5)")
        method, ruri, nexthop, socket_text, header_text = (str(value).encode("latin-1") for value in args[:5])
        body = str(args[5]).encode("latin-1") if len(args) > 5 else b""
        if in_hex:
            try:
                body = bytes.fromhex(body.decode("latin-1"))
            except ValueError:
                raise RpcFault(400, "Invalid body: not hexadecimal") from None
        if not method:
            raise RpcFault(400, "Empty method")
        _check_uri(ruri, "request")
        nexthop = b"" if nexthop == b"." else nexthop
        if nexthop:
            _check_uri(nexthop, "next-hop")
        socket = self._socket(socket_text.decode("latin-1"))
        lines = _lines(header_text)
        known = {number: value for number, _, value in lines if number in (FROM, TO, CSEQ, CALL_ID)}
        names = {name for _, name, _ in lines}
        if body and b"content-type" not in names and b"c" not in names:
            raise RpcFault(400, "Content-Type missing")
        if body and any(number == CONTENT_LENGTH for number, _, _ in lines):
            raise RpcFault(400, "Content-Length disallowed")
        for number, name in ((TO, "To"), (FROM, "From")):
            if number not in known:
                raise RpcFault(400, f"{name} missing")
        kept = b"".join(b"%b\r\n" % text for number, text in self._kept(header_text, lines))
        if b"!!" in kept:
            kept = kept.replace(b"!!", self._sending_address(nexthop or ruri, socket))
        request = UacRequest(method.decode("latin-1"), ruri, known[FROM], known[TO], kept, body, nexthop)
        request.socket = socket
        request.callid = known.get(CALL_ID, b"")
        request.no_ack = no_ack
        if CSEQ in known:
            number_text, _, method_text = known[CSEQ].partition(b" ")
            if not number_text.isdigit():
                raise RpcFault(400, "Non-numerical CSeq")
            if method_text.strip() != method:
                raise RpcFault(400, "CSeq method mismatch")
            request.cseq = int(number_text)
        return request

    @staticmethod
    def _kept(text: bytes, lines: list[tuple[int, bytes, bytes]]) -> list[tuple[int, bytes]]:
        """The header lines as written, without those that the request gets anyway."""
        skipped = (FROM, TO, CSEQ, CALL_ID)
        return [
            (number, line) for (number, _, _), line in zip(lines, _unfolded(text), strict=True) if number not in skipped
        ]

    def _socket(self, text: str) -> ListenSocket | None:
        if text in ("", "."):
            return None
        try:
            host = parse_phostport(text)[1]
        except ValueError:
            raise RpcFault(400, f'Invalid send socket "{text}"') from None
        if not host or host.startswith("("):
            raise RpcFault(400, f'Invalid send socket "{text}"')
        found = find_socket(self.engine, text)
        if found is None:
            raise RpcFault(400, f'No local socket for "{text}"')
        return found

    def _sending_address(self, uri: bytes, socket: ListenSocket | None) -> bytes:
        if socket is None:
            to = hop_now(self.engine, uri, None, "")
            if to is None:  # a name: its address family is not known yet, and its transport only where the URI says so
                socket = self.engine.sockets[0] if self.engine.sockets else None
            elif isinstance(to, Destination):
                socket = to.socket
        if socket is None:
            raise RpcFault(500, "Failed to build headers block")
        return f"{socket.via_host}:{socket.via_port}".encode("latin-1")


def _must_be_sent(code: int) -> None:
    if code != SENT:
        status, reason = answer_for(code, "RPC/UAC")
        raise RpcFault(status, reason.decode("latin-1"))


async def _later(result: Suspended) -> None:
    _must_be_sent(await result)


async def _as_code(result: Suspended) -> int:
    return 1 if await result >= 0 else -1


def _attributes(text: str) -> dict[str, str]:
    """`name1=value1;name2=value2` of tm.t_uac_attrs. Raises RpcFault 400 for a name or a mode that does not exist."""
    found = {}
    for part in filter(None, (each.strip() for each in text.split(";"))):
        name, _, value = (each.strip() for each in part.partition("="))
        name = name.lower().replace("reply", "mode")  # Kamailio's page has both
        values = {"mode": ("start", "wait", "block"), "cbflags": ("noack",)}.get(name)
        if name not in _ATTRIBUTES or (values is not None and value.lower() not in values):
            raise RpcFault(400, f"Invalid attribute {part!r}")
        found[name] = value.lower()
    return found


def _number(text: str) -> int:
    if not text.isdigit():
        raise RpcFault(400, f"Invalid attribute value {text!r}")
    return int(text)


def _check_uri(uri: bytes, which: str) -> None:
    try:
        parse_uri(uri)
    except SipError:
        raise RpcFault(400, f'Invalid {which} uri "{uri.decode("latin-1")}"') from None


def _unfolded(text: bytes) -> list[bytes]:
    """The lines of a header block; a folded line is one."""
    found: list[bytes] = []
    for line in text.replace(b"\r\n", b"\n").split(b"\n"):
        if line[:1] in (b" ", b"\t") and found:
            found[-1] += b"\r\n" + line
        elif line:
            found.append(line)
    return found


def _lines(text: bytes) -> list[tuple[int, bytes, bytes]]:
    """(number, name in small letters, value) of each header. Raises RpcFault 400."""
    found = []
    for line in _unfolded(text):
        name, colon, value = line.partition(b":")
        name = name.strip()
        if not colon or not name or b" " in name:
            raise RpcFault(400, "Invalid headers")
        found.append((header_id(name), name.lower(), value.strip()))
    return found


def _dialog(reply: Message) -> list[str]:
    """Request-URI, next hop and Route line of the dialog that a 2xx makes; nothing where it makes none."""
    try:
        target = remote_target(reply)
        routes = route_set(reply)
        hop = uri_of(routes[0]) if routes else target
    except SipError:
        return []
    line = b"Route: " + b", ".join(routes) if routes else b""
    return [target.decode("latin-1"), hop.decode("latin-1"), line.decode("latin-1")]
