"""textops: looking at and changing the text of a message."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import Module, function


class Textops(Module):
    """Looking at and changing the text of a message."""

    name = "textops"

    @function("is_method")
    def is_method(self, ctx: RouteContext, methods: str) -> int:
        """Is the method one of these, separated by |? Returns 1 yes, -1 no."""
        method = ctx.msg.method
        return 1 if method == methods or method in methods.split("|") else -1

    @function("remove_hf")
    def remove_hf(self, ctx: RouteContext, name: str) -> int:
        """Remove all headers of that name. Returns 1 removed, -1 there was none."""
        found = ctx.msg.find_named(name.encode("latin-1"))
        for i in found:
            ctx.msg.remove_header(i)
        return 1 if found else -1


MODULE = Textops
