"""How a command's reply is read by every door: binrpc, the line FIFO, JSON-RPC, the command line.

A command returns a Python value (see `olelo.core.module.rpc`). On the wire a reply is a row of values; `row` gives it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from olelo.core.module import Many, NamedList, Pairs


def row(reply: Any) -> list[Any]:
    """The values of a reply in order: None is no value, `Many` several, anything else is one."""
    if reply is None:
        return []
    if isinstance(reply, Many):
        return list(reply)
    return [reply]


def members(value: Any) -> Iterable[tuple[str | None, Any]] | None:
    """(name, value) of a struct's members, (None, value) of an array's elements; None for a plain value."""
    if isinstance(value, dict):
        return value.items()
    if isinstance(value, Pairs):
        return value
    if isinstance(value, list | tuple):
        return [(None, element) for element in value]
    return None


def to_json(value: Any) -> Any:
    """A value as plain JSON material: whole floats become integers, bytes on the wire become UTF-8 text.

    A struct whose names repeat becomes a list of one-member objects, since an object cannot hold a name twice.
    """
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Pairs):
        names = [name for name, _ in value]
        if isinstance(value, NamedList) or len(set(names)) < len(names):
            return [{readable(name): to_json(member)} for name, member in value]
        return {readable(name): to_json(member) for name, member in value}
    if isinstance(value, dict):
        return {readable(name): to_json(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(element) for element in value]
    return value


def readable(text: str) -> str:
    """Script text (latin-1, one character per byte) as text for people: UTF-8 where the bytes are UTF-8."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
