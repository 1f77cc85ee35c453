"""What the *_hf_value functions name: `HEADER[index].param`, and where that stands in a message.

A header's value is a list with commas (RFC 3261 section 7.3.1), all headers of a name making one list; the functions
whose names end in 2 take a header as one value with comma-separated parameters (Authorization and its kin).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from olelo.sip.message import Message

_SPEC = re.compile(r"\s*([\w-]+)\s*(?:\[\s*(\*|[+-]?\d+)?\s*\]\s*)?(?:\.\s*([\w-]+))?", re.ASCII)
_PAIR = re.compile(rb'([\w-]+)\s*=\s*("[^"]*"?|[^\s,]*)', re.ASCII)
_SPACES = b" \t\r\n"
#: How far from the end an index may count.
MOST_BACK = 10


class HfSpec(NamedTuple):
    """`name[index].param`. number None: not given; every: `[*]`."""

    name: bytes
    number: int | None
    every: bool
    param: bytes


class Place(NamedTuple):
    """One value: header i, where its text stands, and where the text stands with the comma behind it."""

    i: int
    start: int
    end: int
    from_: int
    to: int


@lru_cache(maxsize=1024)
def parse_spec(text: str) -> HfSpec:
    """Raises: ValueError where the text is no spec."""
    found = _SPEC.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not HEADER[index].param")
    name, number, param = found[1], found[2], found[3] or ""
    index = 0 if "[" in text else None
    if number and number != "*":
        index = int(number)
    if index is not None and index < -MOST_BACK:
        raise ValueError(f"an index counts back to -{MOST_BACK}")
    return HfSpec(name.encode("latin-1"), index, number == "*", param.encode("latin-1"))


def values_of(msg: Message, i: int) -> list[Place]:
    """The values of one header; an empty header has one empty value."""
    begin, stop = msg.value_span(i)
    raw = msg.raw
    found: list[Place] = []
    at = begin
    while True:
        from_ = at
        while at < stop and raw[at] in _SPACES:
            at += 1
        start = at
        quoted = False
        while at < stop and (quoted or raw[at] != 44):
            if raw[at] == 34 and not (quoted and raw[at - 1] == 92):
                quoted = not quoted
            at += 1
        end = start + len(raw[start:at].rstrip())
        if at < stop:
            at += 1
            found.append(Place(i, start, end, from_, at))
            if at < stop:
                continue
            return found
        found.append(Place(i, start, end, from_, at))
        return found


def all_values(msg: Message, name: bytes) -> list[Place]:
    """The values of all headers of a name, in order."""
    return [place for i in msg.find_named(name) for place in values_of(msg, i)]


def nth(places: list[Place], index: int) -> Place | None:
    """A value by its number: 1 the first, -1 the last."""
    if index > 0:
        return places[index - 1] if index <= len(places) else None
    return places[index] if index and -index <= len(places) else None


def param_area(raw: bytes, place: Place) -> int:
    """Where the parameters of `"name" <uri>;params`, `uri;params` or `token;params` begin."""
    at = place.start
    quoted = False
    while at < place.end:
        char = raw[at]
        if char == 34 and not (quoted and raw[at - 1] == 92):
            quoted = not quoted
        elif not quoted and char == 60:
            close = raw.find(b">", at, place.end)
            at = close if close >= 0 else place.end - 1
        elif not quoted and char == 59:
            return at
        at += 1
    return place.end


class ParamPlace(NamedTuple):
    """A parameter: from its separator on, behind its name, and its end."""

    start: int
    after_name: int
    end: int


def find_param(raw: bytes, at: int, stop: int, name: bytes) -> ParamPlace | None:
    """A `;name[=value]` in raw[at:stop]."""
    wanted = name.lower()
    while at < stop:
        end = at + 1
        quoted = False
        while end < stop and (quoted or raw[end] != 59):
            if raw[end] == 34 and not (quoted and raw[end - 1] == 92):
                quoted = not quoted
            end += 1
        key = raw[at + 1 : end].partition(b"=")[0]
        if key.strip().lower() == wanted:
            last = at + 1 + len(raw[at + 1 : end].rstrip())
            return ParamPlace(at, at + 1 + len(key.rstrip()), last)
        at = end
    return None


def find_pair(raw: bytes, start: int, stop: int, name: bytes) -> ParamPlace | None:
    """A `name=value` between commas in raw[start:stop]; its place holds the comma that goes with it."""
    wanted = name.lower()
    area = raw[start:stop]
    for found in _PAIR.finditer(area):
        if found[1].lower() != wanted:
            continue
        begin = len(area[: found.start()].rstrip())
        end = found.end()
        if area[begin - 1 : begin] == b",":
            begin = len(area[: begin - 1].rstrip())
        else:
            begin = found.start()
            rest = area[end:].lstrip()
            if rest.startswith(b","):
                end = len(area) - len(rest) + 1
        return ParamPlace(start + begin, start + found.end(1), start + end)
    return None


def pair_value_end(raw: bytes, start: int, stop: int, after_name: int) -> int:
    """Where the value of a pair found by find_pair() ends."""
    for found in _PAIR.finditer(raw[start:stop]):
        if start + found.end(1) == after_name:
            return start + found.end()
    return after_name


def pair_delimiter(raw: bytes, start: int, stop: int) -> bytes:
    """What separates a new pair from what is there: a comma, a blank behind a lone word, nothing in an empty value."""
    area = raw[start:stop].strip()
    if not area:
        return b""
    return b"," if _PAIR.search(area) else b" "
