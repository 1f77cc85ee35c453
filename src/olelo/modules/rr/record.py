"""The Record-Route lines that we add (RFC 3261 section 16.6 item 4, RFC 5658 for two of them)."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.sockets import Destination, ListenSocket

ALWAYS_DOUBLE = 2


def place_of(socket: ListenSocket, *, name: bool = False) -> bytes:
    """host[:port][;transport=x] of a socket as Kamailio writes it: the port where it is not 5060, the transport where
    it is not UDP. name: the socket's name as parameter sn (sockname_mode)."""
    text = socket.via_host.encode("latin-1")
    if socket.via_port != 5060:
        text += b":%d" % socket.via_port
    if socket.proto != "udp":
        text += b";transport=" + (b"ws" if socket.proto == "wss" else socket.proto.encode())
    if name and socket.name:
        text += b";sn=" + socket.name.encode("latin-1")
    return text


class RecordRoute:
    """What record_route() asked for; the lines are made when it is known where the request leaves.

    double: 0 one line, 1 two where the request changes socket, 2 always two.
    """

    __slots__ = ("double", "params", "scheme", "sockname", "tag", "user")

    def __init__(self, scheme: bytes, user: bytes, tag: bytes, double: int, sockname: bool) -> None:
        self.scheme = scheme
        self.user = user
        self.tag = tag  # ";lr", ftag, and what was given to record_route()
        self.double = double
        self.sockname = sockname
        self.params = b""  # what add_rr_param() adds

    def lines(self, ctx: RouteContext, to: Destination) -> bytes:
        """The header lines for a request that leaves for `to`: the socket that faces the next hop is on top."""
        received = self._line(ctx.rcv.socket, b"")
        if self.double and (to.socket is not ctx.rcv.socket or self.double == ALWAYS_DOUBLE):
            return self._line(to.socket, b";r2=on") + self._line(ctx.rcv.socket, b";r2=on")
        return received

    def _line(self, socket: ListenSocket, mark: bytes) -> bytes:
        place = place_of(socket, name=self.sockname)
        return b"Record-Route: <%b:%b%b%b%b%b>\r\n" % (self.scheme, self.user, place, mark, self.tag, self.params)


class Preset(RecordRoute):
    """Lines given by the script (record_route_preset, record_route_advertised_address)."""

    __slots__ = ("places",)

    def __init__(self, places: list[bytes], user: bytes, tag: bytes, double: int) -> None:
        super().__init__(b"sip", user, tag, double, False)
        self.places = places

    def lines(self, ctx: RouteContext, to: Destination) -> bytes:
        mark = b";r2=on" if len(self.places) > 1 and self.double else b""
        return b"".join(
            b"Record-Route: <sip:%b%b%b%b%b>\r\n" % (self.user, place, mark, self.tag, self.params)
            for place in reversed(self.places)
        )


class Advertised(RecordRoute):
    """An address of the script's with the sockets' transports (record_route_advertised_address)."""

    __slots__ = ("address",)

    def __init__(self, address: bytes, user: bytes, tag: bytes, double: int) -> None:
        super().__init__(b"sip", user, tag, double, False)
        self.address = address

    def lines(self, ctx: RouteContext, to: Destination) -> bytes:
        def line(socket: ListenSocket, mark: bytes) -> bytes:
            transport = b"" if socket.proto == "udp" else b";transport=" + socket.proto.encode()
            return b"Record-Route: <sip:%b%b%b%b%b%b>\r\n" % (
                self.user,
                self.address,
                transport,
                mark,
                self.tag,
                self.params,
            )

        if self.double and (to.socket is not ctx.rcv.socket or self.double == ALWAYS_DOUBLE):
            return line(to.socket, b";r2=on") + line(ctx.rcv.socket, b";r2=on")
        return line(ctx.rcv.socket, b"")
