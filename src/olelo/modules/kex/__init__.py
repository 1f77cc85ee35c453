"""kex."""

from __future__ import annotations

from olelo.core.module import Module


class Kex(Module):
    """Core statistics."""

    name = "kex"


MODULE = Kex
