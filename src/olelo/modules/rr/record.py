"""The Record-Route lines that we add (RFC 3261 section 16.6 item 4, RFC 5658 for two of them)."""

from __future__ import annotations

from typing import Final

from olelo.core.context import ADVERTISED, RouteContext
from olelo.core.sockets import Destination, ListenSocket
from olelo.core.via import advertised

ALWAYS_DOUBLE: Final = 2
#: Bytes that add_rr_param() may collect before record_route(), as in Kamailio.
MAX_PARAMS: Final = 512


def place_of(ctx: RouteContext, socket: ListenSocket, *, sends: bool, name: bool) -> bytes:
    """host[:port][;transport=x] of the socket that sends or the one that received, as Kamailio writes it: the port where
    it is not 5060, the transport where it is not UDP. name: the socket's name as parameter sn (sockname_mode)."""
    if not sends:
        text = socket.recorded_in
    elif ctx.msg_flags & ADVERTISED:
        text = socket.recorded(advertised(ctx))
    else:
        text = socket.recorded_out
    return text + b";sn=" + socket.name.encode("latin-1") if name and socket.name else text


class Parameters:
    """What add_rr_param() gave before anything was recorded: no line yet.

    branch: the branch whose branch_route recorded, -1 for all of the request's branches. place: how many edits the
    message had then; what the script inserts above all headers before stands above the lines, what comes later below.
    """

    __slots__ = ("branch", "params", "place")
    recorded = False

    def __init__(self, params: bytes = b"") -> None:
        self.params = params
        self.branch = -1
        self.place = 0

    def add(self, text: bytes) -> bool:
        """Add parameters. False where they cannot all be added."""
        if len(self.params) + len(text) > MAX_PARAMS:
            return False
        self.params += text
        return True

    def lines(self, ctx: RouteContext, to: Destination) -> bytes:
        return b""

    def copy(self) -> Parameters:
        """The same, for one branch: what is added to it stays there."""
        return self._marked(Parameters(self.params))

    def _marked(self, made: Parameters) -> Parameters:
        made.branch = self.branch
        made.place = self.place
        return made


class RecordRoute(Parameters):
    """What record_route() asked for; the lines are made when it is known where the request leaves.

    head: "sip:" and the user, up to the socket's place; tail: ";lr", ftag and what was given to record_route().
    double: 0 one line, 1 two where the request changes socket, 2 always two.
    """

    __slots__ = ("double", "head", "sockname", "tail")
    recorded = True

    def __init__(self, head: bytes, tail: bytes, double: int, sockname: bool, params: bytes) -> None:
        super().__init__(params)
        self.head = head
        self.tail = tail
        self.double = double
        self.sockname = sockname

    def add(self, text: bytes) -> bool:
        self.params += text
        return True

    def lines(self, ctx: RouteContext, to: Destination) -> bytes:
        """The header lines for a request that leaves for `to`: the socket that faces the next hop is on top."""
        if self.branch >= 0 and self.branch != ctx.branch:
            return b""
        received = ctx.rcv.socket
        if self.double and (to.socket is not received or self.double == ALWAYS_DOUBLE):
            return self._line(ctx, to.socket, True, b";r2=on") + self._line(ctx, received, False, b";r2=on")
        return self._line(ctx, received, False, b"")

    def copy(self) -> Parameters:
        return self._marked(RecordRoute(self.head, self.tail, self.double, self.sockname, self.params))

    def _line(self, ctx: RouteContext, socket: ListenSocket, sends: bool, mark: bytes) -> bytes:
        place = place_of(ctx, socket, sends=sends, name=self.sockname)
        return b"Record-Route: <%b%b%b%b%b>\r\n" % (self.head, place, mark, self.tail, self.params)


class Preset(RecordRoute):
    """Places given by the script (record_route_preset): one line each, as given, with From's tag and lr."""

    __slots__ = ("before", "places")

    def __init__(self, head: bytes, places: list[bytes], ftag: bytes, lr: bytes, double: int, params: bytes) -> None:
        super().__init__(head, lr, double, False, b"")
        self.places = places
        self.before = ftag + params

    def add(self, text: bytes) -> bool:
        """As Kamailio, says no with enable_double_rr and one line only, although that line has got the parameters."""
        self.params += text
        return len(self.places) > 1 or not self.double

    def lines(self, ctx: RouteContext, to: Destination) -> bytes:
        if self.branch >= 0 and self.branch != ctx.branch:
            return b""
        rest = self.before + self.tail + self.params
        return b"".join([b"Record-Route: <%b%b%b>\r\n" % (self.head, place, rest) for place in self.places])

    def copy(self) -> Parameters:
        made = Preset(self.head, self.places, self.before, self.tail, self.double, b"")
        made.params = self.params
        return self._marked(made)


class Advertised(RecordRoute):
    """An address of the script's (record_route_advertised_address), with the transports where they differ."""

    __slots__ = ("address",)

    def __init__(self, head: bytes, address: bytes, tail: bytes, double: int, params: bytes) -> None:
        super().__init__(head, tail, double, False, params)
        self.address = address

    def lines(self, ctx: RouteContext, to: Destination) -> bytes:
        if self.branch >= 0 and self.branch != ctx.branch:
            return b""
        received = ctx.rcv.socket
        differ = to.socket.proto != received.proto or self.double == ALWAYS_DOUBLE
        if not differ:
            return self._plain(b"")
        mark = b";r2=on" if self.double else b""
        lines = self._plain(b";transport=" + received.proto.encode() + mark)
        if self.double:
            lines = self._plain(b";transport=" + to.socket.proto.encode() + mark) + lines
        return lines

    def copy(self) -> Parameters:
        return self._marked(Advertised(self.head, self.address, self.tail, self.double, self.params))

    def _plain(self, transport: bytes) -> bytes:
        return b"Record-Route: <%b%b%b%b%b>\r\n" % (self.head, self.address, transport, self.tail, self.params)
