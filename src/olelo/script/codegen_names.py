"""The names that generated text uses, and the text itself with its places in the configuration.

Safety: a script's strings reach the text only through `repr` of constants, and every identifier made from a
script's words passes `mangle`.
"""

from __future__ import annotations

import builtins
import keyword
import re
from dataclasses import dataclass
from typing import Any

from olelo.script import nodes as n

_RESERVED = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | {"c", "rc"}
_TEMP = re.compile(r"(t|n|ret|case)\d*\Z")


def mangle(text: str) -> str:
    """An identifier part made from any text: letters, digits and `_` stay, the rest becomes `_`."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_")


class Namespace:
    """Global names of a program: each object that routes use has one name, told apart by a key."""

    def __init__(self) -> None:
        self.globals: dict[str, Any] = {}
        self._keys: dict[object, str] = {}

    def bind(self, key: object, wanted: str, value: Any) -> str:
        """The global name for `value`; `wanted` with a number appended where that name is taken."""
        name = self._keys.get(key)
        if name is None:
            name = self.claim(wanted)
            self._keys[key] = name
            self.globals[name] = value
        return name

    def claim(self, wanted: str) -> str:
        """Reserve a name without a value yet."""
        wanted = mangle(wanted) or "x"
        if wanted[0].isdigit() or wanted in _RESERVED or _TEMP.match(wanted):
            wanted = "f_" + wanted
        name = wanted
        number = 2
        while name in self.globals:
            name = f"{wanted}_{number}"
            number += 1
        self.globals[name] = None
        return name


@dataclass(slots=True, frozen=True)
class Mark:
    """Place of one generated line in the configuration; length is how much of the line to underline."""

    pos: n.Pos
    length: int


class Text:
    """Lines of one function with the place each comes from."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.marks: list[Mark] = []
        self.indent = 0

    def line(self, text: str, pos: n.Pos, length: int = 0) -> None:
        self.lines.append("    " * self.indent + text)
        self.marks.append(Mark(pos, length))

    def drop(self, count: int) -> None:
        """Take the last lines back."""
        del self.lines[-count:]
        del self.marks[-count:]
