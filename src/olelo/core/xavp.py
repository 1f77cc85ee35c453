"""Extended AVPs: named stacks of values, whose values may themselves be lists of named values.

`ctx.xavps`, `ctx.xavus` and `ctx.xavis` map a root name to its values, newest first. A value is an int, a str or
an `Xavp` (the fields of `$xavp(root=>field)`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from olelo.core.context import RouteContext

#: A value: int, str, Xavp; modules may keep objects of their own, which scripts see as `<<data>>`.
XValue = Any
Roots = dict[str, Any]


class Xavp:
    """The fields of one xavp in order, newest first; a name may occur several times."""

    __slots__ = ("items",)

    def __init__(self, items: list[tuple[str, XValue]] | None = None) -> None:
        self.items: list[tuple[str, XValue]] = items if items is not None else []

    def __iter__(self) -> Iterator[tuple[str, XValue]]:
        return iter(self.items)

    def __repr__(self) -> str:
        return f"Xavp({self.items!r})"

    def _at(self, name: str, index: int) -> int:
        for i, (each, _) in enumerate(self.items):
            if each == name:
                if not index:
                    return i
                index -= 1
        return -1

    def count(self, name: str) -> int:
        return sum(1 for each, _ in self.items if each == name)

    def get(self, name: str, index: int = 0) -> XValue:
        """The value at an index (0 the newest), None where there is none."""
        at = self._at(name, index) if index >= 0 else -1
        return None if at < 0 else self.items[at][1]

    def all(self, name: str) -> list[XValue]:
        return [value for each, value in self.items if each == name]

    def add(self, name: str, value: XValue) -> None:
        """Put a value in front of the others."""
        self.items.insert(0, (name, value))

    def append(self, name: str, value: XValue) -> None:
        """Put a value behind the others."""
        self.items.append((name, value))

    def set(self, name: str, index: int, value: XValue) -> bool:
        """Replace the value at an index where it stands; False where there is none."""
        at = self._at(name, index) if index >= 0 else -1
        if at < 0:
            return False
        self.items[at] = (name, value)
        return True

    def put(self, name: str, value: XValue) -> None:
        """The only value of that name from now on."""
        if not self.set(name, 0, value):
            self.append(name, value)

    def remove(self, name: str, index: int = 0) -> bool:
        at = self._at(name, index) if index >= 0 else -1
        if at < 0:
            return False
        del self.items[at]
        return True

    def remove_all(self, name: str) -> int:
        before = len(self.items)
        self.items = [item for item in self.items if item[0] != name]
        return before - len(self.items)

    def copy(self) -> Xavp:
        """A copy of the plain values; nested lists are left out, as in Kamailio."""
        return Xavp([item for item in self.items if isinstance(item[1], int | str)])


def roots(ctx: RouteContext, kind: str = "xavp") -> Roots:
    """The context's xavps (xavus, xavis), made if there are none yet."""
    if kind == "xavp":
        if ctx.xavps is None:
            ctx.xavps = {}
        return ctx.xavps
    if kind == "xavu":
        if ctx.xavus is None:
            ctx.xavus = {}
        return ctx.xavus
    if ctx.xavis is None:
        ctx.xavis = {}
    return ctx.xavis


def existing(ctx: RouteContext, kind: str = "xavp") -> Roots | None:
    """The context's xavps (xavus, xavis), None if there are none."""
    return ctx.xavps if kind == "xavp" else ctx.xavus if kind == "xavu" else ctx.xavis


def push(root: Roots, name: str, value: XValue) -> None:
    """Put a value on top of a root name's stack."""
    found = root.get(name)
    if found is None:
        root[name] = [value]
    else:
        found.insert(0, value)


def get(root: Roots | None, name: str, index: int = 0) -> XValue:
    """The value of a root name at an index (0 the newest), None where there is none."""
    found = root.get(name) if root else None
    return found[index] if found and 0 <= index < len(found) else None


def count(root: Roots | None, name: str) -> int:
    found = root.get(name) if root else None
    return len(found) if found else 0


def remove(root: Roots | None, name: str, index: int = 0) -> bool:
    found = root.get(name) if root else None
    if root is None or not found or not 0 <= index < len(found):
        return False
    del found[index]
    if not found:
        del root[name]
    return True


def fields(root: Roots | None, name: str) -> Xavp | None:
    """The fields of the newest value of a root name, None if it has none."""
    found = get(root, name)
    return found if isinstance(found, Xavp) else None


def set_child(root: Roots, name: str, child: str, value: XValue) -> None:
    """Make `value` the newest and only value of `name=>child`; a plain value under `name` gives way."""
    found = get(root, name)
    if isinstance(found, Xavp):
        found.remove(child)
        found.add(child, value)
        return
    if found is not None:
        remove(root, name)
    push(root, name, Xavp([(child, value)]))


def serialize(found: Xavp) -> str:
    """`name=value;name;` of the plain fields, in their order."""
    out = ""
    for name, value in found:
        if isinstance(value, int):
            out += f"{name}={value & 0xFFFFFFFF};"
        elif isinstance(value, str):
            out += f"{name}={value};" if value else f"{name};"
    return out
