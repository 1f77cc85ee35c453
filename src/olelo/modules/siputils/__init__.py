"""siputils: small questions about a message."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import Module, function
from olelo.modules.siputils.party import tag_of
from olelo.sip.headers import TO


class Siputils(Module):
    """Small questions about a message."""

    name = "siputils"

    @function("has_totag")
    def has_totag(self, ctx: RouteContext) -> int:
        """Has the To header a tag? Returns 1 yes, -1 no."""
        return 1 if tag_of(ctx.msg, TO) else -1


MODULE = Siputils
