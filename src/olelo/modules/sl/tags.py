"""The To tags of answers without a transaction: worked out from the request, so that nothing has to be kept."""

from __future__ import annotations

import zlib

from olelo.core.party import TO, tag_of
from olelo.sip.message import Message


def tag_for(prefix: str, msg: Message) -> bytes:
    """The tag: a secret of this start, and the request's own mark."""
    mark = msg.via.branch or msg.call_id
    return f"{prefix}-{zlib.crc32(mark):08x}".encode()


def carries_tag(prefix: str, msg: Message) -> bool:
    """Whether To has the tag that our answer to this request, or to the one that an ACK belongs to, carried."""
    tag = tag_of(msg, TO)
    return len(tag) == len(prefix) + 9 and tag == tag_for(prefix, msg)
