"""Edits of a message's text, and the Content-Length that follows from those of its body."""

from __future__ import annotations

import re
from collections.abc import Sequence

from olelo.sip.headers import CONTENT_LENGTH
from olelo.sip.message import Edit, Message, edited

_LENGTH = b"Content-Length: "


def end_of_headers(msg: Message) -> int:
    """Offset of the blank line behind the headers."""
    return msg.body_at - (2 if msg.raw[msg.body_at - 2] == 13 else 1)


def body_edited(msg: Message) -> bool:
    """Does any edit so far change the body?"""
    at = msg.body_at
    return any(edit[0] >= at for edit in msg.edits)


def settle_length(msg: Message) -> None:
    """Note the Content-Length that the body has with all edits so far; to be called after each edit of the body.

    The edit made for an earlier change of the body is replaced, so that any number of changes gives the right length.
    A message without the header (or whose header a script removed) gets one.
    """
    length = sum(map(len, edited(msg.raw, msg.edits, msg.body_at, len(msg.raw))))
    at = stop = end_of_headers(msg)
    data = b"%b%d\r\n" % (_LENGTH, length)
    i = msg.index(CONTENT_LENGTH)
    if i >= 0:
        begin, end = msg.start(i), msg.end(i)
        if (begin, end, b"") not in msg.edits:
            at, stop = msg.value_span(i)
            data = b"%d" % length
    for n, edit in enumerate(msg.edits):
        if edit[0] == at and edit[1] == stop and (at < stop or edit[2].startswith(_LENGTH)):
            msg.edits[n] = (at, stop, data)
            return
    msg.edits.append((at, stop, data))


def note(msg: Message, edits: Sequence[Edit]) -> None:
    """Add edits; where one of them is in the body, the length follows."""
    msg.edits += edits
    if any(edit[0] >= msg.body_at for edit in edits):
        settle_length(msg)


def first_match(msg: Message, pattern: re.Pattern[str], start: int, stop: int) -> tuple[int, int] | None:
    """Where a pattern matches in raw[start:stop] as received, as offsets of the message."""
    found = pattern.search(msg.raw[start:stop].decode("latin-1"))
    return (start + found.start(), start + found.end()) if found is not None else None


def replaced_all(msg: Message, pattern: re.Pattern[str], start: int, stop: int, data: bytes) -> tuple[list[Edit], bool]:
    """Edits that replace every match in raw[start:stop]; False with those before it where a match was empty."""
    edits: list[Edit] = []
    for found in pattern.finditer(msg.raw[start:stop].decode("latin-1")):
        if found.start() == found.end():
            return edits, False
        edits.append((start + found.start(), start + found.end(), data))
    return edits, True


def replaced_text(msg: Message, old: bytes, new: bytes, start: int, stop: int, every: bool) -> list[Edit]:
    """Edits that replace a text, once or wherever it occurs in raw[start:stop]."""
    edits: list[Edit] = []
    at = msg.raw.find(old, start, stop) if old else -1
    while at >= 0:
        edits.append((at, at + len(old), new))
        if not every:
            break
        at = msg.raw.find(old, at + len(old), stop)
    return edits
