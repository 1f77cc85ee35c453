"""Reporting an exception that a route raised: with kamailio.cfg's line, the route and the Call-ID."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Final

from olelo.script.check_routes import route_label
from olelo.sip.errors import SipError

if TYPE_CHECKING:
    from olelo.core.context import RouteContext
    from olelo.core.engine import Engine
    from olelo.script.compile import CompiledRoute

_CRITICAL: Final = -2
_ERROR: Final = -1


def report(engine: Engine, ctx: RouteContext, route: CompiledRoute, error: BaseException) -> None:
    """Log the failure; the traceback goes with it, since its frames of the configuration show that file's lines."""
    sources = engine.sources
    place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename in sources:
            place = f"{frame.f_code.co_filename}:{line}"
    call_id = (ctx.msg.first_call_id() or b"-").decode("latin-1")
    where = f"{place or 'core'}: {route_label(route.kind, route.name)}"
    if isinstance(error, SipError):  # the message's fault: one line for one bad packet
        engine.log(_ERROR, f"{where} stopped on Call-ID {call_id}: {error}")
        return
    engine.services.log(
        _CRITICAL, f"{where} failed on Call-ID {call_id}: {type(error).__name__}: {error}\n{traced(error)}"
    )


def traced(error: BaseException) -> str:
    """An exception with its traceback, over several lines."""
    return "".join(traceback.format_exception(error)).rstrip()
