"""The line protocol of the old FIFO: `:command:reply_file`, one argument a line, an empty line (module ctl, fifo).

A reply is `CODE REASON`, then a line for each value; a struct is `name:value,name:value` on one line. Backslash
escapes newline, return, tab, backslash and zero, and within structs `,` (\\c) and `:` (\\o).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from olelo.rpc.values import members, row

#: Longest request in bytes.
MAX_REQUEST = 65535

_EMPTY_LINE = re.compile(rb"\n\r?\n")
_UNESCAPE = {"\\": "\\", "n": "\n", "r": "\r", "t": "\t", "0": "\0", "c": ",", "o": ":"}
_ESCAPE = str.maketrans({"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", "\0": "\\0"})
_ESCAPE_MEMBER = str.maketrans(
    {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", "\0": "\\0", ":": "\\o", ",": "\\c"}
)


class FifoError(ValueError):
    """No request of the line protocol; the text says why."""


@dataclass(slots=True, frozen=True)
class FifoRequest:
    """reply: name of the reply FIFO in the reply directory, "" for none."""

    method: str
    reply: str
    args: list[str]


class LineFramer:
    """Cuts a byte stream into requests: each ends with an empty line."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[str]:
        self._buffer += data
        requests: list[str] = []
        while (end := _EMPTY_LINE.search(self._buffer)) is not None:
            text = bytes(self._buffer[: end.start()]).decode("latin-1").lstrip("\r\n")
            del self._buffer[: end.end()]
            if text:
                requests.append(text)
        if len(self._buffer) > MAX_REQUEST:
            self._buffer.clear()
            raise FifoError("request too large")
        return requests


def parse_request(text: str) -> FifoRequest:
    """Read one request; the reply's name may hold no dot, slash or backslash, so that it stays in its directory."""
    first, *lines = text.split("\n")
    first = first.rstrip(" \t\r")
    if not first.startswith(":"):
        raise FifoError("command must begin with ':'")
    method, separator, reply = first[1:].partition(":")
    if not separator:
        raise FifoError("file separator missing")
    if not method:
        raise FifoError("empty command")
    if any(character in reply for character in "./\\"):
        raise FifoError(f"forbidden file name {reply!r}")
    return FifoRequest(method, reply, [_unescape(line.rstrip(" \t\r")) for line in lines])


def encode_reply(reply: Any) -> bytes:
    lines = ["200 OK"]
    for value in row(reply):
        inside = members(value)
        if inside is None:
            lines.append(_plain(value).translate(_ESCAPE))
        else:
            lines.append(",".join(_flat(inside)))
    return ("\n".join(lines) + "\n").encode("latin-1", "replace")


def encode_fault(code: int, text: str) -> bytes:
    return f"{code} {text.rstrip()}\n".encode("latin-1", "replace")


def _flat(items: Any) -> list[str]:
    parts: list[str] = []
    for name, value in items:
        inside = members(value)
        label = "" if name is None else str(name).translate(_ESCAPE_MEMBER) + ":"
        if inside is None:
            parts.append(label + _plain(value).translate(_ESCAPE_MEMBER))
        else:  # the protocol has no nesting: the inner members follow their name
            parts.append(label)
            parts += _flat(inside)
    return parts


def _plain(value: Any) -> str:
    if value is None:
        return "<null string>"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return str(int(value)) if math.isfinite(value) and value.is_integer() else f"{value:f}"
    return str(value)


def _unescape(line: str) -> str:
    if "\\" not in line:
        return line
    out: list[str] = []
    characters = iter(line)
    for character in characters:
        if character == "\\":
            follower = next(characters, "")
            if follower not in _UNESCAPE:
                raise FifoError(f"bad escape in {line!r}")
            character = _UNESCAPE[follower]
        out.append(character)
    return "".join(out)
