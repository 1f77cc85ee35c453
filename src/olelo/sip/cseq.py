"""The CSeq header (RFC 3261 section 20.16)."""

from __future__ import annotations

from typing import NamedTuple

from olelo.sip.errors import MalformedHeader


class CSeq(NamedTuple):
    number: int
    method: str


def parse_cseq(value: bytes) -> CSeq:
    """`101 INVITE`. Raises MalformedHeader; the number is below 2**32."""
    words = value.split()
    if len(words) != 2 or not words[0].isdigit() or len(words[0]) > 10 or int(words[0]) > 0xFFFFFFFF:
        raise MalformedHeader(f"bad CSeq {value[:64]!r}")
    return CSeq(int(words[0]), words[1].decode("latin-1"))
