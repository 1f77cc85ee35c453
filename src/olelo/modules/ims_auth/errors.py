"""How a question to the authentication centre can end badly. Its own errors are translated to these (`authority`), so
that a configuration can be checked, and a server without SIMs run, without loading a database library."""

from __future__ import annotations


class Unavailable(Exception):
    """No answer: no database, too slow, or it failed. The text is for the log."""


class Busy(Unavailable):
    """Too many requests wait already."""


class Declined(Exception):
    """An answer, and it is no. The text is for the log, and holds no key."""


class CardRefused(Declined):
    """There is no such card, or it is not active."""


class AutsRefused(Declined):
    """The AUTS cannot be read, or its MAC-S is wrong. Nothing was changed."""


class NotHeld(Declined):
    """The challenge of that AUTS was answered already, or is over."""


class CardFailed(Declined):
    """The card's record does not open, or its numbers are used up."""
