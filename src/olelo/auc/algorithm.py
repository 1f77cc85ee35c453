"""What an authentication algorithm set must offer, and its profile text.

A profile is the part of the algorithm that is on the card beside its keys: Milenage's rotations and constants,
TUAK's lengths and iterations. It is written as one canonical line (`milenage`, `tuak:res=64`), stored with the
batch, and bound into every sealed record, so that keys never run under another profile than their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from olelo.auc.secret import Secret


@dataclass(frozen=True, slots=True)
class Answer:
    """f2 to f5 of one RAND. CK, IK and RES do not show in the repr."""

    res: bytes = field(repr=False)
    ck: bytes = field(repr=False)
    ik: bytes = field(repr=False)
    ak: bytes = field(repr=False)


class Functions(Protocol):
    """The f-functions of one card (TS 33.102 section 6.3), its keys already inside."""

    def f1(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-A."""

    def f1_star(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-S."""

    def f2345(self, rand: bytes) -> Answer:
        """RES, CK, IK and AK."""

    def f5_star(self, rand: bytes) -> bytes:
        """AK*, the anonymity key of resynchronisation."""


class Algorithm(Protocol):
    """An algorithm set under one profile."""

    @property
    def name(self) -> str:
        """`milenage` or `tuak`."""

    @property
    def profile(self) -> str:
        """Canonical text; `parse_profile` reads it back."""

    @property
    def op_size(self) -> int:
        """Bytes of OP and OPc (TOP and TOPc)."""

    @property
    def key_sizes(self) -> tuple[int, ...]:
        """Allowed bytes of K."""

    @property
    def mac_size(self) -> int:
        """Bytes of MAC-A and MAC-S."""

    def opc(self, k: Secret, op: Secret) -> Secret:
        """Derive the card's OPc from its K and an operator constant."""

    def opc_many(self, k: Secret, ops: Sequence[Secret]) -> list[Secret]:
        """OPc for each of several operator constants; for an audit, where one key schedule serves them all."""

    def bind(self, k: Secret, opc: Secret) -> Functions:
        """The functions of the card that holds these keys."""
