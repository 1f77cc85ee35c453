"""Flags: of the message ($mf $mF $Mf), of the first branch ($bf $bF $Bf), of the script ($sf $sF $Sf)."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.coreflags import flag_number
from olelo.core.module import Module, variable
from olelo.modules.pv.common import Pair
from olelo.script.catalog import Value

_MASK = 0xFFFFFFFF


def _bits(value: Value, before: int) -> int:
    """New flags: $null clears them, text that is no number leaves them."""
    if value is None:
        return 0
    return value & _MASK if isinstance(value, int) else before


def _bit(value: Value, before: int, number: int) -> int:
    if value is None:
        return 0  # as in Kamailio: $null clears all flags, not one
    if not isinstance(value, int):
        return before
    return (before | (1 << number)) if value else before & ~(1 << number)


class FlagVariables(Module):
    """Variables of flags; `F` names show them as eight hexadecimal digits, `f` ones with a name one of them."""

    @variable("mf", setter="set_mf")
    def mf(self, ctx: RouteContext) -> Value:
        """Flags of the message, a number."""
        return ctx.flags

    @variable("mF", setter="set_mf")
    def mF(self, ctx: RouteContext) -> Value:
        """Flags of the message in hexadecimal."""
        return f"{ctx.flags:08x}"

    def set_mf(self, ctx: RouteContext, value: Value) -> None:
        ctx.flags = _bits(value, ctx.flags)

    @variable("Mf", inner="required", dynamic=False)
    def Mf(self, inner: str, index: int | str | None) -> Pair:
        """One flag of the message by number or name, 1 or 0."""
        number = flag_number(self.engine, inner)

        def get(ctx: RouteContext) -> Value:
            return ctx.flags >> number & 1

        def set_(ctx: RouteContext, value: Value) -> None:
            ctx.flags = _bit(value, ctx.flags, number)

        return get, set_

    @variable("bf", setter="set_bf")
    def bf(self, ctx: RouteContext) -> Value:
        """Flags of the first branch, a number."""
        return ctx.bflags

    @variable("bF", setter="set_bf")
    def bF(self, ctx: RouteContext) -> Value:
        """Flags of the first branch in hexadecimal."""
        return f"{ctx.bflags:08x}"

    def set_bf(self, ctx: RouteContext, value: Value) -> None:
        ctx.bflags = _bits(value, ctx.bflags)

    @variable("Bf", inner="required", dynamic=False)
    def Bf(self, inner: str, index: int | str | None) -> Pair:
        """One flag of the first branch by number or name, 1 or 0."""
        number = flag_number(self.engine, inner)

        def get(ctx: RouteContext) -> Value:
            return ctx.bflags >> number & 1

        def set_(ctx: RouteContext, value: Value) -> None:
            ctx.bflags = _bit(value, ctx.bflags, number)

        return get, set_

    @variable("sf", setter="set_sf")
    def sf(self, ctx: RouteContext) -> Value:
        """Flags of the script, a number."""
        return ctx.sflags

    @variable("sF", setter="set_sf")
    def sF(self, ctx: RouteContext) -> Value:
        """Flags of the script in hexadecimal."""
        return f"{ctx.sflags:08x}"

    def set_sf(self, ctx: RouteContext, value: Value) -> None:
        ctx.sflags = _bits(value, ctx.sflags)

    @variable("Sf", inner="required", dynamic=False)
    def Sf(self, inner: str, index: int | str | None) -> Pair:
        """One flag of the script by number or name, 1 or 0."""
        number = flag_number(self.engine, inner)

        def get(ctx: RouteContext) -> Value:
            return ctx.sflags >> number & 1

        def set_(ctx: RouteContext, value: Value) -> None:
            ctx.sflags = _bit(value, ctx.sflags, number)

        return get, set_
