"""corex: sending things as they are, branches, and where messages seem to come from and leave by."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from olelo.core.branches import append_branch, parse_q
from olelo.core.context import (
    USE_UAC_FROM,
    USE_UAC_TO,
    VIA_SERVER_ID,
    VIA_XAVP_FIELDS,
    VIA_XAVP_PARAMS,
    DestBranch,
    RouteContext,
)
from olelo.core.forward import forward_reply, next_hop
from olelo.core.lookup import find_socket, parse_phostport, socket_by_name
from olelo.core.module import ONREPLY, Module, function
from olelo.core.sockets import Destination, ListenSocket, Received

#: Flags that msg_iflag_set() knows; UAC_AUTH stands only in `ctx.store`.
_INTERNAL_FLAGS = {"USE_UAC_FROM": USE_UAC_FROM, "USE_UAC_TO": USE_UAC_TO, "UAC_AUTH": 1 << 30}
_MAX_XFLAG = 63


class SendingFunctions(Module):
    """Functions about the way in and out."""

    # --- branches ---

    @function("append_branch")
    def append_branch(self, ctx: RouteContext, uri: str = "", q: str = "") -> int:
        """Add a destination: the URI, or the current Request-URI with its next hop, path, flags and socket.

        Returns 1, or -1 for a bad q or when there are too many.
        """
        try:
            value = parse_q(q) if q else -1
        except ValueError:
            return -1
        target = uri.encode("latin-1", "replace") or ctx.ruri
        branch = DestBranch(target, ctx.dst_uri, ctx.path, value, ctx.bflags, ctx.force_socket)
        code = append_branch(ctx, branch)
        if not uri:
            # the Request-URI went into the branch, and what belonged to it with it
            ctx.force_socket = None
            ctx.bflags = 0
            ctx.dst_uri = b""
            ctx.path = b""
        return code

    # --- sending ---

    @function("forward_reply", routes=ONREPLY)
    def forward_reply(self, ctx: RouteContext) -> int:
        """Send the reply on by its second Via, without a transaction. Returns 1."""
        forward_reply(ctx)
        return 1

    @function("send_udp", waits=True)
    async def send_udp(self, ctx: RouteContext, host: str = "") -> int:
        """Send the message as it was received, over UDP, to host[:port], else to $du or $ru. Returns 1 or -1."""
        return await self._send(ctx, host, "udp")

    @function("send_tcp", waits=True)
    async def send_tcp(self, ctx: RouteContext, host: str = "") -> int:
        """Send the message as it was received, over TCP, to host[:port], else to $du or $ru. Returns 1 or -1."""
        return await self._send(ctx, host, "tcp")

    async def _send(self, ctx: RouteContext, host: str, proto: str) -> int:
        uri = b"sip:" + host.encode("latin-1", "replace") if host else ctx.dst_uri or ctx.ruri
        return await self._send_to(uri, ctx.force_socket, proto, ctx.msg.raw, ctx.rcv.socket)

    @function("send_data", waits=True)
    async def send_data(self, ctx: RouteContext, uri: str, data: str) -> int:
        """Send bytes to a URI's address. Returns 1 or -1."""
        return await self._send_to(uri.encode("latin-1", "replace"), None, "", _bytes(data), ctx.rcv.socket)

    @function("sendx", waits=True)
    async def sendx(self, ctx: RouteContext, uri: str, socket: str, data: str) -> int:
        """Send bytes to a URI's address from one of our sockets. Returns 1 or -1."""
        found = find_socket(self.engine, socket) if socket else None
        return await self._send_to(uri.encode("latin-1", "replace"), found, "", _bytes(data), ctx.rcv.socket)

    async def _send_to(
        self, uri: bytes, socket: ListenSocket | None, proto: str, data: bytes, near: ListenSocket | None
    ) -> int:
        found: Any = next_hop(self.engine, uri, socket, proto, near)
        if isinstance(found, Awaitable):
            found = await found
        if not isinstance(found, Destination):
            self.engine.log(-1, f"cannot send to {uri.decode('latin-1')}")
            return -1
        return 1 if self.engine.send(data, found) else -1

    # --- sockets ---

    @function("set_send_socket")
    def set_send_socket(self, ctx: RouteContext, address: str) -> int:
        """Send from our socket `[proto:]host[:port]`; "" frees the choice. Returns 1, -1 for a bad address."""
        return self._choose(ctx, address, find_socket(self.engine, address), True, True)

    @function("set_send_socket_name")
    def set_send_socket_name(self, ctx: RouteContext, name: str) -> int:
        """Send from our socket of that name; "" frees the choice. Returns 1."""
        return self._choose(ctx, name, socket_by_name(self.engine, name), True, False)

    @function("set_recv_socket")
    def set_recv_socket(self, ctx: RouteContext, address: str) -> int:
        """Take the message as received on another of our sockets. Returns 1, -1 for a bad address."""
        return self._choose(ctx, address, find_socket(self.engine, address), False, True)

    @function("set_recv_socket_name")
    def set_recv_socket_name(self, ctx: RouteContext, name: str) -> int:
        """Take the message as received on our socket of that name. Returns 1."""
        return self._choose(ctx, name, socket_by_name(self.engine, name), False, False)

    def _choose(self, ctx: RouteContext, text: str, found: ListenSocket | None, send: bool, address: bool) -> int:
        if not text:
            ctx.force_socket = None
            return 1
        if address:
            try:
                parse_phostport(text)
            except ValueError:
                return -1
        if found is None:
            self.engine.log(0, f"no socket found to match [{text}]")
        elif send:
            ctx.force_socket = found
        else:
            ctx.rcv = Received(found.proto, ctx.rcv.ip, ctx.rcv.port, found)
        return 1

    @function("is_socket_name")
    def is_socket_name(self, ctx: RouteContext, name: str) -> int:
        """1 if one of our sockets has that name, else -1."""
        return 1 if socket_by_name(self.engine, name) is not None else -1

    @function("set_source_address")
    def set_source_address(self, ctx: RouteContext, address: str) -> int:
        """Take the message as sent from `[proto:]ip[:port]`. Returns 1, -1 for a bad address."""
        try:
            _, host, port = parse_phostport(address)
        except ValueError:
            return -1
        rcv = ctx.rcv
        ctx.rcv = Received(rcv.proto, host, port, rcv.socket, rcv.conn)
        return 1

    # --- flags ---

    @function("setxflag")
    def setxflag(self, ctx: RouteContext, flag: int) -> int:
        """Set an extended flag (0 to 63) of the message. Returns 1, -1 for a bad number."""
        if not 0 <= flag <= _MAX_XFLAG:
            return -1
        ctx.xflags |= 1 << flag
        return 1

    @function("resetxflag")
    def resetxflag(self, ctx: RouteContext, flag: int) -> int:
        """Clear an extended flag of the message. Returns 1, -1 for a bad number."""
        if not 0 <= flag <= _MAX_XFLAG:
            return -1
        ctx.xflags &= ~(1 << flag)
        return 1

    @function("isxflagset")
    def isxflagset(self, ctx: RouteContext, flag: int) -> int:
        """1 if the extended flag of the message is set, else -1."""
        return 1 if 0 <= flag <= _MAX_XFLAG and ctx.xflags >> flag & 1 else -1

    @function("msg_iflag_set")
    def msg_iflag_set(self, ctx: RouteContext, name: str) -> int:
        """Set an internal flag: USE_UAC_FROM, USE_UAC_TO or UAC_AUTH. Returns 1, -1 for another name."""
        bit = _INTERNAL_FLAGS.get(name.upper())
        if bit is None:
            return -1
        ctx.msg_flags |= bit
        return 1

    @function("msg_iflag_reset")
    def msg_iflag_reset(self, ctx: RouteContext, name: str) -> int:
        """Clear an internal flag. Returns 1, -1 for an unknown name."""
        bit = _INTERNAL_FLAGS.get(name.upper())
        if bit is None:
            return -1
        ctx.msg_flags &= ~bit
        return 1

    @function("msg_iflag_is_set")
    def msg_iflag_is_set(self, ctx: RouteContext, name: str) -> int:
        """1 if the internal flag is set, else -1."""
        return 1 if ctx.msg_flags & _INTERNAL_FLAGS.get(name.upper(), 0) else -1

    # --- our Via ---

    @function("via_add_srvid")
    def via_add_srvid(self, ctx: RouteContext, on: int) -> int:
        """Add the parameter srvid with server_id to our Via. Returns 1."""
        return _switch(ctx, VIA_SERVER_ID, on)

    @function("via_add_xavp_params")
    def via_add_xavp_params(self, ctx: RouteContext, on: int) -> int:
        """Add the fields of the xavp named by xavp_via_params to our Via. Returns 1."""
        return _switch(ctx, VIA_XAVP_PARAMS, on)

    @function("via_use_xavp_fields")
    def via_use_xavp_fields(self, ctx: RouteContext, on: int) -> int:
        """Take address and port of our Via from the xavp named by xavp_via_fields. Returns 1."""
        return _switch(ctx, VIA_XAVP_FIELDS, on)


def _switch(ctx: RouteContext, bit: int, on: int) -> int:
    ctx.msg_flags = ctx.msg_flags | bit if on else ctx.msg_flags & ~bit
    return 1


def _bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")
