"""textops: looking at and changing the text of a message."""

from __future__ import annotations

from olelo.modules.textops.bodies import Bodies
from olelo.modules.textops.headers import Headers
from olelo.modules.textops.search import Search
from olelo.modules.textops.strings import Strings


class Textops(Headers, Search, Bodies, Strings):
    """Looking at and changing the text of a message. Changes show when it is sent, or after msg_apply_changes()."""

    name = "textops"


MODULE = Textops
