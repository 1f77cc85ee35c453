"""maxfwd: loop protection with the Max-Forwards header (RFC 3261 sections 8.1.1.6 and 16.6)."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import BRANCH, FAILURE, REQUEST, Module, function, param
from olelo.modules.maxfwd.header import LIMIT, lower
from olelo.sip.headers import MAX_FORWARDS

MISSING = -1
BAD = -2


def _range(value: int) -> None:
    if not 0 <= value <= LIMIT:
        raise ValueError(f"must be from 0 to {LIMIT}, not {value}")


class Maxfwd(Module):
    """Loop protection with the Max-Forwards header."""

    name = "maxfwd"
    max_limit = param(70, "Highest value passed on: a larger one is lowered to it.", check=_range)

    @function("maxfwd_process", "mf_process_maxfwd_header", "process_maxfwd", routes=REQUEST)
    def process(self, ctx: RouteContext, max_value: int) -> int:
        """Add Max-Forwards with max_value if it is missing, else lower it by one.

        Returns 2 added, 1 lowered, -1 it was zero (answer 483), -2 the header is no number.
        """
        return lower(ctx.msg, max_value, self.max_limit)

    @function("is_maxfwd_lt", "maxfwd_at_least", "mf_lowlimit", routes=REQUEST | FAILURE | BRANCH)
    def is_less_than(self, ctx: RouteContext, limit: int) -> int:
        """Is the header's value below the limit? Returns 1 yes, -1 no, -2 missing, -3 bad."""
        if not 0 <= limit <= LIMIT:
            return -1
        text = ctx.msg.first(MAX_FORWARDS)
        if text is None:
            return MISSING - 1
        if not text.isdigit() or int(text) > 0xFFFF:
            return BAD - 1
        return 1 if int(text) < limit else -1


MODULE = Maxfwd
