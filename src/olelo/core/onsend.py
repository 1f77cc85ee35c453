"""onsend_route: a last look at a packet before it leaves. It may stop it with drop, and change nothing else."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.engine import ERR
from olelo.core.operands import ONSEND, Outgoing
from olelo.core.sockets import Destination
from olelo.script.catalog import RouteKind


def stopped_by_script(ctx: RouteContext, packet: bytes, to: Destination) -> bool:
    """Run onsend_route over a packet about to leave. True: the script drops it.

    Kamailio runs it for requests that are forwarded, with or without a transaction, and with onsend_route_reply for
    replies that are forwarded; not for what it makes itself: own requests, own answers, ACK and CANCEL of a hop.
    """
    engine = ctx.engine
    route = engine.onsend_route
    if route is None:
        return False
    if ctx.store is None:
        ctx.store = {}
    before = ctx.store.get(ONSEND)
    ctx.store[ONSEND] = Outgoing(packet, to)
    kind, dropped = ctx.kind, ctx.dropped
    ctx.dropped = False
    result = engine.run_route(route, ctx, RouteKind.ONSEND)
    if not isinstance(result, int):
        engine.log(ERR, "<core>: onsend_route cannot wait; the packet is sent")
        result.close()
    stopped = ctx.dropped
    ctx.kind, ctx.dropped = kind, dropped
    if before is None:
        del ctx.store[ONSEND]
    else:
        ctx.store[ONSEND] = before
    return stopped
