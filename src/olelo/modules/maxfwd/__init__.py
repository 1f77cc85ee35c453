"""maxfwd: loop protection with the Max-Forwards header (RFC 3261 sections 8.1.1.6 and 16.6)."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import BRANCH, FAILURE, REQUEST, Module, function, param
from olelo.sip.headers import MAX_FORWARDS

MISSING = -1
BAD = -2
_LIMIT = 255


def _range(value: int) -> None:
    if not 0 <= value <= _LIMIT:
        raise ValueError(f"must be from 0 to {_LIMIT}, not {value}")


class Maxfwd(Module):
    """Loop protection with the Max-Forwards header."""

    name = "maxfwd"
    max_limit = param(70, "Highest value passed on: a larger one is lowered to it.", check=_range)

    @function("maxfwd_process", "mf_process_maxfwd_header", "process_maxfwd", routes=REQUEST)
    def process(self, ctx: RouteContext, max_value: int) -> int:
        """Add Max-Forwards with max_value if it is missing, else lower it by one.

        Returns 2 added, 1 lowered, -1 it was zero (answer 483), -2 the header is no number.
        """
        if not 0 <= max_value <= _LIMIT:
            return -1
        msg = ctx.msg
        if MAX_FORWARDS not in msg.hids:
            msg.prepend_header(b"Max-Forwards: %d\r\n" % max_value)
            return 2
        index = msg.hids.index(MAX_FORWARDS)
        start, end = msg.value_span(index)
        text = msg.raw[start:end]
        done = -1  # the place of our own edit, where the script has called this before
        for number, (at, stop, new) in enumerate(msg.edits):
            if at == start and stop == end:
                done, text = number, new.strip()
        if not text.isdigit():
            return -2
        value = int(text)
        if value == 0:
            return -1
        if value > 0xFFFF:
            return -2
        value = self.max_limit if value > self.max_limit else value - 1
        # As Kamailio: the digits stay where they were, so that the message keeps its length.
        new = b"%*d" % (end - start, value)
        if done >= 0:
            msg.edits[done] = (start, end, new)
        else:
            msg.replace(start, end, new)
        return 1

    @function("is_maxfwd_lt", "maxfwd_at_least", "mf_lowlimit", routes=REQUEST | FAILURE | BRANCH)
    def is_less_than(self, ctx: RouteContext, limit: int) -> int:
        """Is the header's value below the limit? Returns 1 yes, -1 no, -2 missing, -3 bad."""
        if not 0 <= limit <= _LIMIT:
            return -1
        text = ctx.msg.first(MAX_FORWARDS)
        if text is None:
            return MISSING - 1
        if not text.isdigit() or int(text) > 0xFFFF:
            return BAD - 1
        return 1 if int(text) < limit else -1


MODULE = Maxfwd
