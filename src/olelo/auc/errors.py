"""The closed set of errors of the authentication centre.

Every message is written for an operator's terminal or log: it names the card, the file or the row, and never
holds key material. Any other exception out of `olelo.auc` is a bug.
"""


class AucError(Exception):
    """Base of all errors here; `exit_code` is what `olelo sim` ends with."""

    exit_code = 1


class KeyFormatError(AucError):
    """A key has the wrong length or is not hexadecimal; the value itself is never repeated."""

    exit_code = 2


class NumberingError(AucError):
    """An IMSI, ICCID, MSISDN or range is malformed, or a Luhn digit is wrong."""

    exit_code = 2


class FormatError(AucError):
    """A file could not be read as the format it was said to be."""

    exit_code = 2


class NotFound(AucError):
    """No such card, batch or key."""

    exit_code = 3


class OverlapError(AucError):
    """A range or a card is already in the ledger."""

    exit_code = 4


class StateError(AucError):
    """The card's life cycle does not allow this (a retired card made active, a suspended one challenged)."""

    exit_code = 5


class SealError(AucError):
    """A sealed record does not open: wrong key, changed byte, or a row that is not the one sealed."""

    exit_code = 6


class CheckValueError(AucError):
    """A key check value, signature or digest differs from what the other side declared."""

    exit_code = 6


class StoreError(AucError):
    """The database cannot be opened or is of another version."""

    exit_code = 7


class SqnExhausted(AucError):
    """The 48-bit sequence number of a card has no successor; the card must be replaced."""

    exit_code = 8


class ResyncRefused(AucError):
    """An AUTS was not accepted and nothing was changed."""

    exit_code = 9


class RandNotHeld(ResyncRefused):
    """The AUTS answers a RAND that was never sent, was answered already, or is no longer held."""


class AutsMacFailure(ResyncRefused):
    """MAC-S of the AUTS is wrong for this card."""
