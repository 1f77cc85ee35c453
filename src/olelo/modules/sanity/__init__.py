"""sanity: checks of a request's form."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import Module, function


class Sanity(Module):
    """Checks of a request's form."""

    name = "sanity"

    @function("sanity_check")
    def sanity_check(self, ctx: RouteContext, checks: int = 999, uri_checks: int = 7) -> int:
        """Returns 1."""
        msg = ctx.msg
        _ = msg.cseq, msg.content_length
        return 1


MODULE = Sanity
