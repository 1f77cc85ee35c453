"""The Max-Forwards header of a request on its way."""

from __future__ import annotations

from typing import Final

from olelo.sip.headers import MAX_FORWARDS
from olelo.sip.message import Message

LIMIT: Final = 255


def lower(msg: Message, max_value: int, max_limit: int) -> int:
    """Add Max-Forwards with max_value if it is missing, else lower it by one, to max_limit at most.

    Returns 2 added, 1 lowered, -1 it was zero, or max_value is out of range, -2 the header is no number.
    """
    if not 0 <= max_value <= LIMIT:
        return -1
    if MAX_FORWARDS not in msg.hids:
        msg.prepend_header(b"Max-Forwards: %d\r\n" % max_value)
        return 2
    start, end = msg.value_span(msg.hids.index(MAX_FORWARDS))
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
    value = max_limit if value > max_limit else value - 1
    # As Kamailio: the digits stay where they were, so that the message keeps its length.
    new = b"%*d" % (end - start, value)
    if done >= 0:
        msg.edits[done] = (start, end, new)
    else:
        msg.replace(start, end, new)
    return 1
