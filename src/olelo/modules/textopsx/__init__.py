"""textopsx: more on the text of a message, and taking its changes over."""

from __future__ import annotations

from olelo.core.module import Module


class Textopsx(Module):
    """More on the text of a message."""

    name = "textopsx"


MODULE = Textopsx
