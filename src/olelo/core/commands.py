"""Commands of the language itself: flags, rewriting, branches, forwarding, logging. They need no module.

Their text arguments are constants, as in Kamailio: variables inside are not expanded. Return codes: 1 done, -1 not.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from olelo.core import ruri
from olelo.core.context import (
    ADVERTISED,
    CLOSE_AFTER_FORWARD,
    CLOSE_AFTER_REPLY,
    FORCE_LOCAL_RPORT,
    FORCE_RPORT,
    MTU_FALLBACK,
    NO_CONNECT_FORWARD,
    NO_CONNECT_REPLY,
    RouteContext,
)
from olelo.core.forward import MTU_PROTO
from olelo.core.forward import forward as forward_message
from olelo.core.lookup import find_socket
from olelo.core.sockets import PROTOCOLS
from olelo.core.via import ADVERTISED_KEY
from olelo.script.catalog import ArgKind, ArgSpec, FunctionSpec, RouteKind

if TYPE_CHECKING:
    from olelo.core.engine import Engine

Call = Callable[..., int | Awaitable[int]]


def _store(ctx: RouteContext) -> dict[str, Any]:
    if ctx.store is None:
        ctx.store = {}
    return ctx.store


# --- flags ------------------------------------------------------------------------------------------------


def setflag(ctx: RouteContext, flag: int) -> int:
    """Set a flag of the message."""
    if not 0 <= flag <= 31:
        return -1
    ctx.flags |= 1 << flag
    return 1


def resetflag(ctx: RouteContext, flag: int) -> int:
    """Clear a flag of the message."""
    if not 0 <= flag <= 31:
        return -1
    ctx.flags &= ~(1 << flag)
    return 1


def isflagset(ctx: RouteContext, flag: int) -> int:
    """1 if the flag of the message is set."""
    return 1 if 0 <= flag <= 31 and ctx.flags >> flag & 1 else -1


def setavpflag(ctx: RouteContext, avp: str, flag: str) -> int:
    """Set a flag of an AVP."""
    _store(ctx).setdefault("avpflags", set()).add((avp, flag))
    return 1


def resetavpflag(ctx: RouteContext, avp: str, flag: str) -> int:
    """Clear a flag of an AVP."""
    _store(ctx).setdefault("avpflags", set()).discard((avp, flag))
    return 1


def isavpflagset(ctx: RouteContext, avp: str, flag: str) -> int:
    """1 if the flag of the AVP is set."""
    return 1 if ctx.store and (avp, flag) in ctx.store.get("avpflags", ()) else -1


# --- the Request-URI --------------------------------------------------------------------------------------


def rewritehost(ctx: RouteContext, host: str) -> int:
    """Replace the host of the Request-URI."""
    return ruri.set_host(ctx, host.encode("latin-1"))


def rewritehostport(ctx: RouteContext, hostport: str) -> int:
    """Replace host and port of the Request-URI."""
    return ruri.set_hostport(ctx, hostport.encode("latin-1"))


def rewritehostporttrans(ctx: RouteContext, hostport: str) -> int:
    """Replace host, port and transport of the Request-URI."""
    return ruri.set_hostporttrans(ctx, hostport.encode("latin-1"))


def rewriteuser(ctx: RouteContext, user: str) -> int:
    """Replace the user of the Request-URI."""
    return ruri.set_user(ctx, user.encode("latin-1"))


def rewriteuserpass(ctx: RouteContext, userpass: str) -> int:
    """Replace user and password of the Request-URI."""
    return ruri.set_userpass(ctx, userpass.encode("latin-1"))


def rewriteport(ctx: RouteContext, port: str) -> int:
    """Replace the port of the Request-URI."""
    return ruri.set_port(ctx, port.encode("latin-1"))


def rewriteuri(ctx: RouteContext, uri: str) -> int:
    """Replace the Request-URI."""
    return ruri.set_uri(ctx, uri.encode("latin-1"))


def revert_uri(ctx: RouteContext) -> int:
    """Go back to the Request-URI as it was received."""
    if ctx.ruri != ctx.msg.ruri:
        ctx.ruri = ctx.msg.ruri
        ctx.ruri_used = False
    return 1


def prefix(ctx: RouteContext, text: str) -> int:
    """Put text in front of the Request-URI's user."""
    return ruri.prefix(ctx, text.encode("latin-1"))


def strip(ctx: RouteContext, count: int) -> int:
    """Remove characters from the start of the Request-URI's user."""
    return ruri.strip(ctx, count)


def strip_tail(ctx: RouteContext, count: int) -> int:
    """Remove characters from the end of the Request-URI's user."""
    return ruri.strip_tail(ctx, count)


def userphone(ctx: RouteContext) -> int:
    """Add user=phone to the Request-URI."""
    return ruri.userphone(ctx)


# --- branches ---------------------------------------------------------------------------------------------


def remove_branch(ctx: RouteContext, number: int = 0) -> int:
    """Remove a branch of the destination set by its number; negative ones count from the end."""
    if not -len(ctx.branches) <= number < len(ctx.branches):
        return -1
    del ctx.branches[number]
    return 1


def clear_branches(ctx: RouteContext) -> int:
    """Empty the destination set; the Request-URI counts as used too."""
    ctx.branches.clear()
    ctx.q = -1
    ctx.bflags = 0
    ctx.ruri_used = True
    return 1


# --- the way out ------------------------------------------------------------------------------------------


def _msg_flag(bit: int, doc: str) -> Call:
    def command(ctx: RouteContext) -> int:
        ctx.msg_flags |= bit
        return 1

    command.__doc__ = doc
    return command


def force_tcp_alias(ctx: RouteContext, port: int = 0) -> int:
    """Send to this port of the sender (Via's, if none is given) over the connection that the message came by."""
    rcv = ctx.rcv
    if rcv.conn:
        via = ctx.msg.via
        ctx.engine.services.alias_connection(rcv.conn, port or via.port or 5060)
    return 1


def udp_mtu_try_proto(ctx: RouteContext, proto: str) -> int:
    """Transport for this request if it is longer than udp_mtu."""
    name = proto.lower()
    if name not in PROTOCOLS:
        return -1
    _store(ctx)[MTU_PROTO] = name
    ctx.msg_flags |= MTU_FALLBACK
    return 1


def set_advertised_address(ctx: RouteContext, host: str) -> int:
    """Host in our Via and Record-Route for this message."""
    store = _store(ctx)
    store[ADVERTISED_KEY] = (host, store.get(ADVERTISED_KEY, ("", 0))[1])
    ctx.msg_flags |= ADVERTISED
    return 1


def set_advertised_port(ctx: RouteContext, port: int) -> int:
    """Port in our Via and Record-Route for this message."""
    store = _store(ctx)
    store[ADVERTISED_KEY] = (store.get(ADVERTISED_KEY, ("", 0))[0], port)
    ctx.msg_flags |= ADVERTISED
    return 1


def force_send_socket(ctx: RouteContext, address: str) -> int:
    """Send from this socket of ours, `[proto:]host[:port]`; -1 where we have none such."""
    found = find_socket(ctx.engine, address)
    if found is None:
        ctx.engine.log(-1, f"force_send_socket: no socket {address}")
        return -1
    ctx.force_socket = found
    return 1


async def _forward(ctx: RouteContext, host: str, port: str, proto: str) -> int:
    number = 0
    if host == "uri:host":
        uri = ruri.parsed(ctx)
        if uri is None:
            return -1
        host, number = uri.host.decode("latin-1"), uri.port if port == "uri:port" else 0
    if port.isdigit():
        number = int(port)
    result = forward_message(ctx, host, number, proto)
    return result if isinstance(result, int) else await result


def forward(ctx: RouteContext, host: str = "", port: str = "") -> Awaitable[int]:
    """Send the request on without a transaction, to $du or $ru, or to a host (`uri:host`, `uri:port` for the URI's)."""
    return _forward(ctx, host, port, "")


def forward_udp(ctx: RouteContext, host: str = "", port: str = "") -> Awaitable[int]:
    """As forward, over UDP."""
    return _forward(ctx, host, port, "udp")


def forward_tcp(ctx: RouteContext, host: str = "", port: str = "") -> Awaitable[int]:
    """As forward, over TCP."""
    return _forward(ctx, host, port, "tcp")


def forward_tls(ctx: RouteContext, host: str = "", port: str = "") -> Awaitable[int]:
    """As forward, over TLS."""
    return _forward(ctx, host, port, "tls")


def forward_sctp(ctx: RouteContext, host: str = "", port: str = "") -> Awaitable[int]:
    """As forward, over SCTP."""
    return _forward(ctx, host, port, "sctp")


# --- configuration, log, system ---------------------------------------------------------------------------

#: Key in `ctx.store`: group -> number of the instance that cfg_select chose.
CFG_INSTANCES = "cfg_instances"


def cfg_select(ctx: RouteContext, group: str, number: int) -> int:
    """Use the values of `group[number].name` for this message; -1 where the group has no such instance."""
    if f"{group}[{number}]" not in ctx.engine.globals:
        return -1
    _store(ctx).setdefault(CFG_INSTANCES, {})[group] = number
    return 1


def cfg_reset(ctx: RouteContext, group: str) -> int:
    """Use the group's own values again."""
    if ctx.store:
        ctx.store.get(CFG_INSTANCES, {}).pop(group, None)
    return 1


def log(ctx: RouteContext, text: str) -> int:
    """Log text at level 4, below debug."""
    ctx.engine.log(4, text)
    return 1


def log_at(ctx: RouteContext, level: int, text: str) -> int:
    """Log text at a level."""
    ctx.engine.log(level, text)
    return 1


def error(ctx: RouteContext, kind: str, text: str) -> int:
    """Kamailio only logs that this is not implemented; so do we."""
    ctx.engine.log(1, f'error("{kind}", "{text}") not implemented yet')
    return 1


async def execute(ctx: RouteContext, command: str) -> int:
    """Run a shell command and wait for it. Returns 1 whatever it returns."""
    code = await ctx.engine.services.execute(command)
    if code:
        ctx.engine.log(1, f"exec() returned {code}")
    return 1


# --- the table --------------------------------------------------------------------------------------------

_COMMANDS: tuple[tuple[str, Call], ...] = (
    ("setflag", setflag),
    ("resetflag", resetflag),
    ("isflagset", isflagset),
    ("setavpflag", setavpflag),
    ("resetavpflag", resetavpflag),
    ("isavpflagset", isavpflagset),
    ("rewritehost sethost seth", rewritehost),
    ("rewritehostport sethostport sethp", rewritehostport),
    ("rewritehostporttrans sethostporttrans sethpt", rewritehostporttrans),
    ("rewriteuser setuser setu", rewriteuser),
    ("rewriteuserpass setuserpass setup", rewriteuserpass),
    ("rewriteport setport setp", rewriteport),
    ("rewriteuri seturi", rewriteuri),
    ("revert_uri", revert_uri),
    ("prefix", prefix),
    ("strip", strip),
    ("strip_tail", strip_tail),
    ("userphone", userphone),
    ("remove_branch", remove_branch),
    ("clear_branches", clear_branches),
    ("force_rport add_rport", _msg_flag(FORCE_RPORT, "Answer to where the request came from (RFC 3581).")),
    ("add_local_rport", _msg_flag(FORCE_LOCAL_RPORT, "Put rport into our Via.")),
    ("force_tcp_alias add_tcp_alias", force_tcp_alias),
    ("udp_mtu_try_proto", udp_mtu_try_proto),
    ("set_advertised_address", set_advertised_address),
    ("set_advertised_port", set_advertised_port),
    ("force_send_socket", force_send_socket),
    ("set_forward_no_connect", _msg_flag(NO_CONNECT_FORWARD, "Forward only over a connection that is there.")),
    ("set_reply_no_connect", _msg_flag(NO_CONNECT_REPLY, "Reply only over a connection that is there.")),
    ("set_forward_close", _msg_flag(CLOSE_AFTER_FORWARD, "Close the connection after forwarding.")),
    ("set_reply_close", _msg_flag(CLOSE_AFTER_REPLY, "Close the connection after replying.")),
    ("forward", forward),
    ("forward_udp", forward_udp),
    ("forward_tcp", forward_tcp),
    ("forward_tls", forward_tls),
    ("forward_sctp", forward_sctp),
    ("cfg_select", cfg_select),
    ("cfg_reset", cfg_reset),
    ("log", log),
    ("log", log_at),
    ("error", error),
    ("exec", execute),
)
_KINDS = {"int": ArgKind.INT, "str": ArgKind.CONST}
_WAITS = frozenset((forward, forward_udp, forward_tcp, forward_tls, forward_sctp, execute))


def _specs(names: str, call: Call) -> list[FunctionSpec]:
    parameters = list(inspect.signature(call).parameters.values())[1:]
    args = tuple(
        ArgSpec(each.name, _KINDS[str(each.annotation)], each.default is not inspect.Parameter.empty)
        for each in parameters
    )
    doc = inspect.cleandoc(call.__doc__ or "")
    return [FunctionSpec(name, "", args, RouteKind.ANY, call, waits=call in _WAITS, doc=doc) for name in names.split()]


def core_functions(engine: Engine | None = None) -> list[FunctionSpec]:
    """All core commands. They act on the context alone, so the same ones serve every engine."""
    return [spec for names, call in _COMMANDS for spec in _specs(names, call)]
