"""tmx."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import Module, function


class Tmx(Module):
    """More of tm."""

    name = "tmx"
    needs = ("tm",)

    @function("t_precheck_trans")
    def t_precheck_trans(self, ctx: RouteContext) -> int:
        """1 if the message's transaction is known."""
        return 1 if self.engine.tm.table.lookup_request(ctx.msg) is not None else -1  # type: ignore[union-attr]


MODULE = Tmx
