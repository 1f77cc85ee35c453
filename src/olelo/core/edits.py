"""What the parts of textops share: names of headers prepared once, text as the regular expressions see it."""

from __future__ import annotations

from typing import Final

from olelo.sip.headers import CONTENT_LENGTH, header_id
from olelo.sip.message import Message, edited

#: Names and lists from a script that are kept prepared; most are constants, but variables may make them.
CACHE_SIZE: Final = 1024

_names: Final[dict[str, tuple[int, bytes]]] = {}


def header_name(name: str) -> tuple[int, bytes]:
    """(number, lower-case name) of a header's name as a script writes it; kept."""
    found = _names.get(name)
    if found is None:
        raw = name.strip().encode("latin-1")
        found = (header_id(raw), raw.lower())
        if len(_names) >= CACHE_SIZE:
            _names.clear()
        _names[name] = found
    return found


def headers_named(msg: Message, name: str) -> list[int]:
    """Indexes of the headers of a name, compact forms included."""
    number, lower = header_name(name)
    hids = msg.hids
    if number:
        return [i for i, known in enumerate(hids) if known == number] if number in hids else []
    size = len(lower)
    lines = msg.lines
    return [
        i
        for i, known in enumerate(hids)
        if known == 0 and lines[i][:size].lower() == lower and lines[i][size : size + 1] in (b":", b" ", b"\t")
    ]


def text_from(msg: Message, start: int, stop: int | None = None) -> str:
    """A part of the received bytes as a script's text."""
    return msg.raw[start:stop].decode("latin-1")


def fix_length(msg: Message) -> None:
    """Note the Content-Length that the edited body has, instead of what was noted before. A message without the
    header stays without it: on UDP it may, and on streams the builder adds it."""
    i = msg.index(CONTENT_LENGTH)
    if i < 0:
        return
    start, end = msg.value_span(i)
    edits = msg.edits
    edits[:] = [edit for edit in edits if edit[0] != start or edit[1] != end]
    size = sum(map(len, edited(msg.raw, edits, msg.body_at, len(msg.raw))))
    if size != len(msg.raw) - msg.body_at:
        edits.append((start, end, b"%d" % size))


def edit_body(msg: Message, start: int, end: int, data: bytes) -> None:
    """Note a change inside the body, and the length that comes of it."""
    msg.edits.append((start, end, data))
    fix_length(msg)


def append_at(msg: Message) -> int:
    """Where a header goes that is to stand behind all others."""
    return msg.body_at - 2 if msg.raw[msg.body_at - 2] == 13 else msg.body_at - 1
