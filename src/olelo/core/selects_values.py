"""The selects of module textopsx: `@hf_value`, `@hf_value2` and `@hf_value_exists`, the values of any header.

Underscores in names of headers and parameters stand for dashes. What is not there is empty, never $null.
"""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.selects_headers import Part, Source, bad, name_addr_part, text, uri_part
from olelo.core.values import split_values
from olelo.script.catalog import Getter, Value
from olelo.sip.address import NameAddr
from olelo.sip.errors import SipError
from olelo.sip.params import split_outside

_COMMA, _SEMICOLON = 0x2C, 0x3B


def hf_value(name: str, rest: list[Part]) -> Getter:
    """`@hf_value.x` all values of a header, joined with commas, `@hf_value.x[i]` one of them (negative: from the end);
    `.uri`, `.name`, `.nameaddr` and parameters of it. `@hf_value2.x[i]` a whole header line, for headers whose commas
    separate parameters, and these. `@hf_value_exists.x.y`: "1" where a value is there. Raises: ValueError."""
    if not rest:
        raise ValueError(f"@{name} needs a header's name")
    (header, index), more = rest[0], rest[1:]
    wire = header.replace("_", "-").encode("latin-1")
    if name == "hf_value":
        return _value(wire, index, more)
    if name == "hf_value2":
        return _line(wire, index, more)
    if name != "hf_value_exists":
        raise ValueError(f"unknown select @{name}")
    if len(more) != 1:
        raise ValueError("@hf_value_exists needs a header's name and a value")
    wanted = more[0][0].lower().encode("latin-1")
    return lambda ctx: "1" if wanted in [each.lower() for each in _values(ctx, wire)] else "0"


def _values(ctx: RouteContext, wire: bytes) -> list[bytes]:
    return [each for line in ctx.msg.named(wire) for each in split_values(line)]


def _at(found: list[bytes], index: int | None) -> bytes:
    """The value of that number from 1, or from the end; the first without a number; empty where there is none."""
    at = 0 if not index else index - 1 if index > 0 else index
    return found[at] if -len(found) <= at < len(found) else b""


def _or_empty(get: Getter) -> Getter:
    def found(ctx: RouteContext) -> Value:
        value = get(ctx)
        return "" if value is None else value

    return found


def _value(wire: bytes, index: int | None, more: list[Part]) -> Getter:
    def one(ctx: RouteContext) -> bytes:
        return _at(_values(ctx, wire), index)

    if not more:
        if index is None:
            return lambda ctx: text(b",".join(_values(ctx, wire)))
        return lambda ctx: text(one(ctx))
    key = more[0][0]
    if key == "uri":
        if len(more) == 1 and index is None:
            return lambda ctx: text(b",".join(_uri(each) for each in _values(ctx, wire)))
        return _or_empty(uri_part(_uri_of(one), more[1:]))
    if key == "name" and len(more) == 1:
        return lambda ctx: text(_name(one(ctx)))
    if key == "nameaddr":
        return _or_empty(name_addr_part(one, more[1:]))
    if key in ("p", "param", "params") and len(more) > 1:
        key, more = more[1][0], more[1:]
    if len(more) > 1:
        raise bad(more[1:])
    wanted = _dashed(key)
    return lambda ctx: text(_parameter(split_outside(one(ctx), _SEMICOLON)[1:], wanted))


def _line(wire: bytes, index: int | None, more: list[Part]) -> Getter:
    def one(ctx: RouteContext) -> bytes:
        return _at(ctx.msg.named(wire), index)

    if not more:
        return lambda ctx: text(one(ctx))
    key = more[0][0]
    if key in ("p", "param", "params") and len(more) > 1:
        key, more = more[1][0], more[1:]
    if len(more) > 1:
        raise bad(more[1:])
    wanted = _dashed(key)
    return lambda ctx: text(_parameter(split_outside(one(ctx), _COMMA), wanted))


def _dashed(name: str) -> bytes:
    return name.replace("_", "-").encode("latin-1").lower()


def _parameter(pieces: list[bytes], wanted: bytes) -> bytes:
    """The value of a parameter, its quotes left out. A scheme such as Digest may stand before the first one."""
    for piece in pieces:
        given, _, what = piece.strip().partition(b"=")
        if given.strip().rpartition(b" ")[2].lower().replace(b"_", b"-") == wanted:
            value = what.strip()
            return value[1:-1] if len(value) > 1 and value[:1] == value[-1:] == b'"' else value
    return b""


def _uri(value: bytes) -> bytes:
    """The URI of a value such as a Contact's, without brackets; of one that is no address, what stands before the
    parameters."""
    try:
        return NameAddr.parse(value).uri
    except SipError:
        return value.partition(b";")[0].strip()


def _uri_of(one: Source) -> Source:
    def source(ctx: RouteContext) -> bytes | None:
        value = one(ctx)
        return _uri(value) if value else None

    return source


def _name(value: bytes) -> bytes:
    try:
        display = NameAddr.parse(value).display
    except SipError:
        return b""
    return display[1:-1] if len(display) > 1 and display[:1] == display[-1:] == b'"' else display
