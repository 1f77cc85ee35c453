"""$xavp(root[i]=>field[j]) and its relatives $xavu (one value per name) and $xavi (names in any case)."""

from __future__ import annotations

import re

from olelo.core import xavp
from olelo.core.context import RouteContext
from olelo.core.module import Module, variable
from olelo.core.xavp import Xavp, XValue
from olelo.modules.pv.common import Pair, no_index
from olelo.script.catalog import Value

_NAME = re.compile(r"\s*([^\s=\[]+)\s*(?:\[([^\]]*)\])?\s*(?:=>\s*([^\s=\[]+)\s*(?:\[([^\]]*)\])?\s*)?\Z")

Index = int | str | None


def shown(value: XValue) -> Value:
    """A value as scripts see it: lists and objects have only a name."""
    if value is None or isinstance(value, int | str):
        return value
    return "<<xavp>>" if isinstance(value, Xavp) else "<<data>>"


def _index(text: str | None) -> Index:
    if text is None:
        return None
    text = text.strip()
    if text == "*":
        return "*"
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"[{text}] is no index: a number or * is") from None


def parse_name(inner: str) -> tuple[str, Index, str, Index]:
    """(root, its index, field or "", its index) of `root[i]=>field[j]`. Raises: ValueError."""
    found = _NAME.match(inner)
    if found is None:
        raise ValueError(f"{inner!r} is no xavp name: root[i]=>field[j] is")
    return found[1], _index(found[2]), found[3] or "", _index(found[4])


class XavpName:
    """One spelling of an xavp, ready to read and write."""

    __slots__ = ("at", "field", "field_at", "kind", "root")

    def __init__(self, kind: str, inner: str) -> None:
        self.kind = kind
        self.root, self.at, self.field, self.field_at = parse_name(inner)
        if kind == "xavi":
            self.root, self.field = self.root.lower(), self.field.lower()

    def get(self, ctx: RouteContext) -> Value:
        root = xavp.existing(ctx, self.kind)
        if not root:
            return None
        value = xavp.get(root, self.root, _from_end(self.at, root, self.root))
        if not self.field:
            return shown(value)
        if not isinstance(value, Xavp):
            return None
        if self.field_at == "*":
            found = value.all(self.field)
            return ", ".join(str(shown(each)) for each in found) if found else None
        index = self.field_at if isinstance(self.field_at, int) else 0
        if index < 0:
            index += value.count(self.field)
        return shown(value.get(self.field, index))

    def set(self, ctx: RouteContext, value: Value) -> None:
        if value is None:
            self._remove(ctx)
        elif self.at == "*" or self.field_at == "*":
            return  # Kamailio ignores these too
        elif self.field:
            self._set_field(ctx, value)
        else:
            self._set_root(ctx, value)

    def _set_root(self, ctx: RouteContext, value: Value) -> None:
        root = xavp.roots(ctx, self.kind)
        if self.at is None:
            xavp.push(root, self.root, value)
            return
        found = root.get(self.root, [])
        index = _for_change(self.at, len(found))
        if 0 <= index < len(found):
            found[index] = value

    def _set_field(self, ctx: RouteContext, value: Value) -> None:
        root = xavp.roots(ctx, self.kind)
        if self.at is None:
            # without an index a new root is put on top
            xavp.push(root, self.root, Xavp([(self.field, value)]))
            return
        found = xavp.get(root, self.root, _for_change(self.at, xavp.count(root, self.root)))
        if not isinstance(found, Xavp):
            return
        if self.field_at is None:
            found.add(self.field, value)
        else:
            found.set(self.field, _for_change(self.field_at, found.count(self.field)), value)

    def _remove(self, ctx: RouteContext) -> None:
        root = xavp.existing(ctx, self.kind)
        if not root:
            return
        if not self.field:
            if self.at == "*":
                root.pop(self.root, None)
            else:
                xavp.remove(root, self.root, _for_change(self.at, xavp.count(root, self.root)))
            return
        if self.at == "*":
            for each in root.get(self.root, []):
                self._remove_field(each)
        else:
            self._remove_field(xavp.get(root, self.root, _for_change(self.at, xavp.count(root, self.root))))

    def _remove_field(self, found: XValue) -> None:
        if not isinstance(found, Xavp):
            return
        if self.field_at == "*":
            found.remove_all(self.field)
        else:
            found.remove(self.field, _for_change(self.field_at, found.count(self.field)))

    def count(self, ctx: RouteContext) -> int:
        """`$cnt($xavp(..))`: no index means all here."""
        root = xavp.existing(ctx, self.kind)
        if not root:
            return 0
        every = root.get(self.root, [])
        if self.at is None or self.at == "*":
            chosen = every
        else:
            value = xavp.get(root, self.root, _from_end(self.at, root, self.root))
            chosen = [] if value is None else [value]
        if not self.field:
            return len(chosen)
        return sum(self._count_fields(each) for each in chosen if isinstance(each, Xavp))

    def _count_fields(self, found: Xavp) -> int:
        total = found.count(self.field)
        if not isinstance(self.field_at, int):
            return total
        index = self.field_at if self.field_at >= 0 else total + self.field_at
        return 1 if 0 <= index < total else 0


def _from_end(index: Index, root: xavp.Roots, name: str) -> int:
    if not isinstance(index, int):
        return 0
    return index if index >= 0 else xavp.count(root, name) + index


def _for_change(index: Index, total: int) -> int:
    """Index for a write: Kamailio counts negative ones from one behind the last (-1 is therefore never there)."""
    if not isinstance(index, int):
        return 0
    return index if index >= 0 else total + index + 1


class XavuName:
    """One spelling of an xavu: `root` or `root=>field`, each with one value."""

    __slots__ = ("field", "root")

    def __init__(self, inner: str) -> None:
        root, arrow, field = inner.strip().partition("=>")
        if not root or (arrow and not field):
            raise ValueError(f"{inner!r} is no xavu name: root=>field is")
        self.root = root
        self.field = field

    def get(self, ctx: RouteContext) -> Value:
        value = xavp.get(ctx.xavus, self.root)
        if not self.field:
            return shown(value)
        return shown(value.get(self.field)) if isinstance(value, Xavp) else None

    def set(self, ctx: RouteContext, value: Value) -> None:
        root = xavp.roots(ctx, "xavu")
        if not self.field:
            if value is None:
                root.pop(self.root, None)
            else:
                root[self.root] = [value]
            return
        found = xavp.get(root, self.root)
        if value is None:
            if isinstance(found, Xavp):
                found.remove(self.field)
        elif isinstance(found, Xavp):
            found.put(self.field, value)
        else:
            root[self.root] = [Xavp([(self.field, value)])]


class XavpVariables(Module):
    """Variables of extended AVPs."""

    @variable("xavp", inner="required")
    def xavp(self, inner: str, index: int | str | None) -> Pair:
        """`root[i]=>field[j]`; assigning without index puts a new value on top, $null removes the newest."""
        no_index(index, ", write $xavp(root[i]=>field[j])")
        name = XavpName("xavp", inner)
        return name.get, name.set

    @variable("xavi", inner="required")
    def xavi(self, inner: str, index: int | str | None) -> Pair:
        """As $xavp, with names in any case."""
        no_index(index, ", write $xavi(root[i]=>field[j])")
        name = XavpName("xavi", inner)
        return name.get, name.set

    @variable("xavu", inner="required")
    def xavu(self, inner: str, index: int | str | None) -> Pair:
        """`root=>field`, one value each; assigning replaces it."""
        no_index(index)
        name = XavuName(inner)
        return name.get, name.set
