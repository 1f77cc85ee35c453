"""The two ways in which something from the wire can be bad. Any other exception from this room is a bug."""

from __future__ import annotations


class SipError(ValueError):
    """Base of both. `status` is a hint for the answer, where one can be given."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


class MalformedMessage(SipError):
    """The framing, the first line or a header line is so broken that nothing can be routed by it."""


class MalformedHeader(SipError):
    """A header, URI or parameter that was asked for is bad; the rest of the message may be fine."""
