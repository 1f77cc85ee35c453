"""Room for deep trees: a long chain of `||` or of `else if` is a deep tree, and each level is a few Python frames."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

#: Python frames that reading and compiling a configuration may take. What needs more gets an error with its place.
FRAMES = 12_000


@contextmanager
def deep() -> Iterator[None]:
    """Raise the interpreter's limit of frames for a while."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
