"""textops: looking at and changing the text of a message.

Functions read what was received; what they change shows when the message leaves, or after msg_apply_changes() of
textopsx.
"""

from __future__ import annotations

from olelo.modules.textops.body import Bodies
from olelo.modules.textops.headers import Headers
from olelo.modules.textops.search import Search
from olelo.modules.textops.strings import Strings


class Textops(Headers, Search, Bodies, Strings):
    """Looking at and changing the text of a message."""

    name = "textops"


MODULE = Textops
