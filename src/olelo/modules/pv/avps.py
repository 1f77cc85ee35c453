"""$avp(x) and the names of AVPs: `x`, `s:x` (text), `i:5` (number), aliases."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.modules.pv.common import Pair
from olelo.script.catalog import Value


def parse_aliases(text: str) -> dict[str, str]:
    """The aliases of `email=s:email_addr;tmp=i:53`. Raises: ValueError."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        alias, equals, name = part.partition("=")
        if not equals or not alias.strip() or not name.strip():
            raise ValueError(f"{part.strip()!r} is no alias: name=s:avp is")
        found[alias.strip()] = name.strip()
    return found


class AvpName:
    """One spelling of an AVP with its index, ready to read and write."""

    __slots__ = ("index", "key")

    def __init__(self, key: str, index: int | str | None) -> None:
        self.key = key
        self.index = index

    def get(self, ctx: RouteContext) -> Value:
        found = ctx.avps.get(self.key) if ctx.avps else None
        if not found:
            return None
        index = self.index
        if index is None:
            return found[0]
        if not isinstance(index, int):
            return ", ".join([str(each) for each in found])
        if index < 0:
            index += len(found)
        return found[index] if 0 <= index < len(found) else None

    def set(self, ctx: RouteContext, value: Value) -> None:
        """Put a value on top ([*]: instead of all); $null removes the newest ([*]: all)."""
        avps = ctx.avps
        if value is None:
            if avps and self.key in avps:
                if self.index == "*" or len(avps[self.key]) == 1:
                    del avps[self.key]
                else:
                    del avps[self.key][0]
            return
        if avps is None:
            avps = ctx.avps = {}
        found = avps.get(self.key)
        if found is None or self.index == "*":
            avps[self.key] = [value]
        else:
            found.insert(0, value)

    def count(self, ctx: RouteContext) -> int:
        return len(ctx.avps.get(self.key, ())) if ctx.avps else 0


def avp_pair(key: str, index: int | str | None) -> Pair:
    name = AvpName(key, index)
    return name.get, name.set
