"""Following Route headers: whose the topmost entry is, and where the request goes next (RFC 3261 sections 16.4, 16.12)."""

from __future__ import annotations

from typing import Final

from olelo.core.context import RouteContext
from olelo.core.engine import WARN
from olelo.core.party import tag_of
from olelo.core.sockets import DEFAULT_PORT, ListenSocket
from olelo.modules.rr.entries import Entry, cut_before, entries_of, following
from olelo.sip.errors import SipError
from olelo.sip.headers import ROUTE, TO
from olelo.sip.octets import AT, QUESTION
from olelo.sip.uri import Uri, parse_uri

# Return codes of loose_route().
DRIVEN: Final = 1
FLOW_DRIVEN: Final = 2
NOT_DRIVEN: Final = -1
BROKEN_TOKEN: Final = -2
PRELOADED: Final = -3

#: Longest maddr that Kamailio takes over.
_MAX_MADDR: Final = 117


class Options:
    """What the module's parameters say about following routes."""

    __slots__ = ("double", "force_socket", "ignore_user", "sockname", "warn")

    def __init__(self, double: int, force_socket: int, sockname: int, warn: int, ignore_user: bytes) -> None:
        self.double = double
        self.force_socket = force_socket
        self.sockname = sockname
        self.warn = warn
        self.ignore_user = ignore_user


def is_mine(ctx: RouteContext, uri: Uri, options: Options) -> bool:
    """Is this the URI of this proxy? A GRUU is not, nor one of the ignored user."""
    if not uri.host or not ctx.engine.is_myself(uri.host, uri.port or 5060):
        return False
    if options.ignore_user and uri.user == options.ignore_user:
        return False
    return uri.params.find(b"gr") < 0 or uri.param(b"gr") is None


#: (host, port) of the parts before the parameters of Route URIs: our own come again and again.
_heads: Final[dict[bytes, tuple[bytes, int]]] = {}
_HEADS: Final = 1024


def own_params(ctx: RouteContext, raw: bytes, options: Options) -> bytes | None:
    """The URI parameters of a Route entry that is ours; None where it is not. Raises MalformedHeader."""
    head, _, params = raw.partition(b";")
    if AT in raw or params.find(b"gr") >= 0 or QUESTION in params:
        uri = parse_uri(raw)
        return uri.params if is_mine(ctx, uri, options) else None
    place = _heads.get(head)
    if place is None:
        uri = parse_uri(head)
        if len(_heads) >= _HEADS:
            _heads.clear()
        place = _heads[head] = (uri.host, uri.port or 5060)
    return params if place[0] and ctx.engine.is_myself(*place) else None


def with_maddr(uri: Uri) -> bytes:
    """A URI as next hop: where it has maddr, that address and the port alone. Raises MalformedHeader."""
    maddr = uri.param(b"maddr") if uri.params.find(b"maddr") >= 0 else None
    if maddr is None:
        return uri.raw
    if len(maddr) > _MAX_MADDR:
        raise SipError("maddr is too long")
    return b"sip:%b:%d" % (maddr, uri.port) if uri.port else b"sip:" + maddr


class Follower:
    """Follows the route set of one request.

    params: URI parameters of our own entry, for check_route_param() and is_direction(); None where there is none.
    routed: a next hop was left behind our entries (rr_next_hop_route).
    """

    __slots__ = ("ctx", "options", "params", "routed")

    def __init__(self, ctx: RouteContext, options: Options) -> None:
        self.ctx = ctx
        self.options = options
        self.params: bytes | None = None
        self.routed = False

    def follow(self, loose_only: bool) -> int:
        """Set the next hop and note which Route entries are used up. Raises SipError."""
        ctx = self.ctx
        first = entries_of(ctx.msg, ctx.msg.hids.index(ROUTE))
        if not tag_of(ctx.msg, TO):
            parse_uri(ctx.ruri)
            return self._after_loose(first, True)
        if is_mine(ctx, parse_uri(ctx.ruri), self.options) and not loose_only:
            return self._after_strict(first)
        return self._after_loose(first, False)

    def _drop(self, entries: list[Entry], place: int) -> tuple[list[Entry], int]:
        """Go on behind an entry; a header that has no more of them goes away. Returns ([], 0) at the end."""
        if place + 1 < len(entries):
            return entries, place + 1
        header = entries[place].header
        msg = self.ctx.msg
        msg.remove_header(header)
        behind = following(msg, header)
        return (entries_of(msg, behind), 0) if behind >= 0 else ([], 0)

    def _after_loose(self, entries: list[Entry], preloaded: bool) -> int:
        """The previous hop routed loosely: our entries are on top, the target is in the Request-URI."""
        ctx, options = self.ctx, self.options
        place = 0
        own = own_params(ctx, entries[0].uri, options)
        if own is not None:
            self.params = own
            two = (
                bool(options.double)
                and own.lower().find(b"r2") >= 0
                and parse_uri(entries[0].uri).param(b"r2") is not None
            )
            if options.force_socket and not two:
                self._force(parse_uri(entries[0].uri), False)
            entries, place = self._drop(entries, 0)
            if entries and two:
                self._force(parse_uri(entries[place].uri), True)
                entries, place = self._drop(entries, place)
            if not entries:
                return PRELOADED if preloaded else DRIVEN
            self.routed = True
        uri = parse_uri(entries[place].uri)
        if uri.param(b"lr") is None:
            self._to_strict(entries, place, uri)
        else:
            ctx.dst_uri = with_maddr(uri)
            ctx.ruri_used = False
            cut_before(ctx.msg, entries[place])
        return DRIVEN

    def _to_strict(self, entries: list[Entry], place: int, uri: Uri) -> None:
        """The next hop is a strict router: the Request-URI goes to the end of the Route headers."""
        ctx = self.ctx
        msg = ctx.msg
        target = with_maddr(uri)
        msg.append_header(b"Route: <" + msg.ruri + b">\r\n")
        ctx.ruri = target
        ctx.ruri_used = False
        self._cut_through(entries, place)

    def _cut_through(self, entries: list[Entry], place: int) -> None:
        """Cut an entry, and what stands before it in its header."""
        if place + 1 < len(entries):
            cut_before(self.ctx.msg, entries[place + 1])
        else:
            self.ctx.msg.remove_header(entries[place].header)

    def _after_strict(self, entries: list[Entry]) -> int:
        """The previous hop was a strict router: our entry is in the Request-URI, the target is the last Route."""
        ctx, options = self.ctx, self.options
        own = parse_uri(ctx.ruri).params
        place = 0
        uri = parse_uri(entries[0].uri)
        if options.double and uri.param(b"r2") is not None and is_mine(ctx, uri, options):
            socket = find_socket(ctx, uri, uri.port)
            if socket is not None:
                ctx.force_socket = socket
            elif options.warn:
                ctx.engine.log(WARN, "rr: no socket found for match second RR")
            entries, place = self._drop(entries, 0)
            if not entries:
                return NOT_DRIVEN
            uri = parse_uri(entries[place].uri)
        self.params = own
        ctx.ruri_used = False
        if uri.param(b"lr") is None:
            ctx.ruri = with_maddr(uri)
            self._cut_through(entries, place)
            return DRIVEN
        ctx.dst_uri = with_maddr(uri)
        cut_before(ctx.msg, entries[place])
        # Behind a strict router the target stands at the end of the route set (section 16.4).
        hids = ctx.msg.hids
        last = entries_of(ctx.msg, len(hids) - 1 - hids[::-1].index(ROUTE))
        ctx.ruri = with_maddr(parse_uri(last[-1].uri))
        if len(last) > 1:
            ctx.msg.replace(last[-2].end, last[-1].end, b"")
        else:
            ctx.msg.remove_header(last[0].header)
        return DRIVEN

    def _force(self, uri: Uri, second: bool) -> None:
        """Send by the socket that an entry of ours names: by its name (sn), else by transport, address and port."""
        ctx, options = self.ctx, self.options
        if options.sockname:
            name = uri.param(b"sn")
            if name:
                for socket in ctx.engine.sockets:
                    if socket.name.encode("latin-1") == name:
                        ctx.force_socket = socket
                        return
        proto = uri.transport
        found = find_socket(ctx, uri, uri.port or DEFAULT_PORT.get(proto, 5060)) or find_socket(ctx, uri, uri.port)
        if found is not None:
            ctx.force_socket = found
        elif second and options.warn:
            text = uri.raw.decode("latin-1")
            ctx.engine.log(WARN, f"rr: no socket found to match second RR ({text})")
            if not is_mine(ctx, uri, options):
                ctx.engine.log(WARN, f"rr: second RR uri is not myself ({text})")


def find_socket(ctx: RouteContext, uri: Uri, port: int) -> ListenSocket | None:
    """Our socket that a URI names, by its own or its advertised address; port 0 and no transport match any."""
    host = uri.host.decode("latin-1").strip("[]").lower()
    proto = uri.transport
    for socket in ctx.engine.sockets:
        if proto and socket.proto != proto and not (proto == "ws" and socket.proto == "wss"):
            continue
        if port and port not in (socket.port, socket.via_port):
            continue
        if host in (socket.host.lower(), socket.via_host.strip("[]").lower()):
            return socket
    return None


def follow(ctx: RouteContext, options: Options, loose_only: bool) -> tuple[int, Follower | None]:
    """(return code of loose_route(), what was found; None where nothing could be followed)."""
    if ROUTE not in ctx.msg.hids:
        return NOT_DRIVEN, None
    follower = Follower(ctx, options)
    try:
        return follower.follow(loose_only), follower
    except SipError as error:
        ctx.engine.log(WARN, f"rr: cannot follow the Route headers: {error}")
        return NOT_DRIVEN, follower
