"""One message on its way through a script: the message, what was decided about it, and where it came from.

There is no global "current message": whoever works on a message has its RouteContext in hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from olelo.core.sockets import ListenSocket, Received
from olelo.script.catalog import RouteKind, Value
from olelo.sip.message import Message

if TYPE_CHECKING:
    from olelo.core.engine import Engine

# Bits of `ctx.msg_flags` (Kamailio's msg_flags): what core commands ask of the way out.
FORCE_RPORT: Final = 1
FORCE_LOCAL_RPORT: Final = 2
NO_CONNECT_FORWARD: Final = 4
NO_CONNECT_REPLY: Final = 8
CLOSE_AFTER_FORWARD: Final = 16
CLOSE_AFTER_REPLY: Final = 32
USE_UAC_FROM: Final = 64
USE_UAC_TO: Final = 128
FAKED: Final = 256  # the message is a copy held by a transaction (failure route and the like)
ADVERTISED: Final = 512  # set_advertised_address() or set_advertised_port() was called
VIA_SERVER_ID: Final = 1024
VIA_XAVP_PARAMS: Final = 2048
VIA_XAVP_FIELDS: Final = 4096
MTU_FALLBACK: Final = 8192  # udp_mtu_try_proto() was called
REPLY_TO_VIA: Final = 16384  # the core parameter reply_to_via
#: what a script may ask of the connection that a request is forwarded by
STREAM_WISHES: Final = NO_CONNECT_FORWARD | CLOSE_AFTER_FORWARD


class DestBranch:
    """One more destination of a request (append_branch, lookup): a member of the destination set.

    q is in thousandths, -1 unset. uri and dst_uri are bytes; dst_uri b"" means: go to uri.
    """

    __slots__ = ("dst_uri", "flags", "instance", "location_ua", "path", "q", "reg_id", "ruid", "socket", "uri", "user")

    def __init__(
        self,
        uri: bytes,
        dst_uri: bytes = b"",
        path: bytes = b"",
        q: int = -1,
        flags: int = 0,
        socket: ListenSocket | None = None,
        ruid: str = "",
        instance: str = "",
        location_ua: str = "",
        reg_id: int = 0,
    ) -> None:
        self.uri = uri
        self.dst_uri = dst_uri
        self.path = path
        self.q = q
        self.flags = flags
        self.socket = socket
        self.ruid = ruid
        self.instance = instance
        self.location_ua = location_ua
        self.reg_id = reg_id
        self.user: Any = None


class RouteContext:
    """State of one message while routes run over it.

    For a request `ruri` is the Request-URI as the script has made it (`$ru`), `dst_uri` the next hop (`$du`).
    `flags` are message flags (setflag), `bflags` those of the first branch (setbflag), shared names with Kamailio.
    `avps` maps an AVP name to its list of values, newest first; a transaction takes the same object over, so
    that failure and reply routes see what the request route set. `vars` are `$var(..)`.
    `tx` is the message's transaction once it has one; `branch` the branch's index in branch, onreply and
    failure-per-branch routes (-1 elsewhere); `reply` the reply being looked at in a failure_route.
    `reply_lines` are header lines, each ending in CRLF, for replies that we make (append_to_reply).
    """

    # Most messages leave most of these alone, so that their defaults stand on the class and only what every message
    # needs is set in __init__: it runs once per packet.
    msg_id = 0
    rc = 0
    dropped = False
    depth = 0
    error = 0  # last core error (sl_reply_error): the numbers of core/errors.py
    event = ""
    ruri_used = False  # $ru was forwarded to: the next t_relay takes it again only after it was set anew
    dst_uri: bytes = b""
    path: bytes = b""
    q = -1
    ruid = ""
    instance = ""
    location_ua = ""
    reg_id = 0
    flags = 0
    xflags = 0
    sflags = 0  # flags of the script (setsflag): each run of a route starts with none
    bflags = 0
    msg_flags = 0
    force_socket: ListenSocket | None = None
    reply_body: tuple[bytes, bytes] | None = None  # (content type, body) for the next reply we make
    avps: dict[str, list[Value]] | None = None
    xavps: dict[str, Any] | None = None
    xavus: dict[str, Any] | None = None
    xavis: dict[str, Any] | None = None
    store: dict[str, Any] | None = None  # per-message state of modules, by module name
    tx: Any = None
    tx_sought = False  # the transaction was looked for, and there was none
    branch = -1
    reply: Message | None = None
    record_route: Any = None  # what rr asks to be recorded; its `lines(ctx, to)` are made when the request leaves
    on_failure = ""
    on_reply = ""
    on_branch = ""
    on_branch_failure = ""
    trace: Callable[[int], None] | None = None

    def __init__(self, engine: Engine, msg: Message, rcv: Received, kind: RouteKind) -> None:
        self.engine = engine
        self.msg = msg
        self.rcv = rcv
        self.kind = kind
        self.ruri: bytes = msg.ruri
        self.branches: list[DestBranch] = []
        self.reply_lines: list[bytes] = []
        self.vars: dict[str, Value] = {}
