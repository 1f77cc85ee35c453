"""The Route entries of a message, each with the place it has in the received bytes, so that it can be cut out."""

from __future__ import annotations

from olelo.sip.errors import MalformedHeader
from olelo.sip.headers import ROUTE
from olelo.sip.message import Message


class Entry:
    """One Route entry: raw[start:end] is the whole of it, display name and parameters included."""

    __slots__ = ("end", "header", "start", "uri")

    def __init__(self, header: int, start: int, end: int, uri: bytes) -> None:
        self.header = header
        self.start = start
        self.end = end
        self.uri = uri


def entries_of(msg: Message, header: int) -> list[Entry]:
    """The entries of one Route header. Raises MalformedHeader, also for one without entries."""
    start, end = msg.value_span(header)
    raw = msg.raw
    # The usual form: one <URI>, nothing before and nothing behind it.
    if end - start > 2 and raw[start] == 0x3C and raw.find(b">", start, end) == end - 1:
        uri = raw[start + 1 : end - 1]
        if 0x3C not in uri:
            return [Entry(header, start, end, uri)]
    found: list[Entry] = []
    at = start
    while True:
        stop, left, right = _one(raw, at, end)
        found.append(
            Entry(
                header, at, len(raw[:stop].rstrip()) if raw[stop - 1] in b" \t\r\n" else stop, raw[left:right].strip()
            )
        )
        if stop >= end:
            return found
        at = stop + 1
        while at < end and raw[at] in b" \t\r\n":
            at += 1
        if at >= end:
            raise MalformedHeader("nothing follows the comma in Route")


def _one(raw: bytes, at: int, end: int) -> tuple[int, int, int]:
    """(offset of the comma behind the entry that starts at `at`, or end; start and end of its URI)."""
    left = right = -1
    quoted = escaped = False
    for i in range(at, end):
        byte = raw[i]
        if quoted:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                quoted = False
        elif left >= 0 and right < 0:
            if byte == 0x3E:
                right = i
        elif byte == 0x22:
            quoted = True
        elif byte == 0x3C and left < 0:
            left = i + 1
        elif byte == 0x2C:
            end = i
            break
    if right <= left:
        raise MalformedHeader("a Route entry is not <URI>")
    return end, left, right


def following(msg: Message, header: int) -> int:
    """The Route header behind another one; -1 where there is none."""
    hids = msg.hids
    return hids.index(ROUTE, header + 1) if ROUTE in hids[header + 1 :] else -1


def cut_before(msg: Message, entry: Entry) -> None:
    """Note that what stands in a header before an entry does not go out."""
    start = msg.value_span(entry.header)[0]
    if entry.start > start:
        msg.replace(start, entry.start, b"")
