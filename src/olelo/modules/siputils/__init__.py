"""siputils: small questions about a message."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import Module, function


class Siputils(Module):
    """Small questions about a message."""

    name = "siputils"

    @function("has_totag")
    def has_totag(self, ctx: RouteContext) -> int:
        """Has the To header a tag? Returns 1 yes, -1 no."""
        return 1 if ctx.msg.to.tag else -1


MODULE = Siputils
