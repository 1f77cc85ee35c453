"""One card as it is made, imported and exported: its numbers, its keys, and its counters."""

from dataclasses import dataclass, field

from olelo.auc.errors import KeyFormatError
from olelo.auc.profile import parse_profile
from olelo.auc.seal import CardKeys, Codes
from olelo.auc.sqn import DEFAULT_IND, DEFAULT_IND_LENGTH

STATES = ("made", "shipped", "active", "suspended", "lost", "retired")

# What may follow what. A retired card has no successor state: its keys may be in a drawer anywhere.
TRANSITIONS: dict[str, tuple[str, ...]] = {
    "made": ("shipped", "active", "lost", "retired"),
    "shipped": ("active", "lost", "retired"),
    "active": ("suspended", "lost", "retired"),
    "suspended": ("active", "lost", "retired"),
    "lost": ("active", "retired"),
    "retired": (),
}


@dataclass(slots=True)
class Card:
    """A card outside the database; `iccid` is empty if a file did not tell it."""

    imsi: str
    iccid: str
    keys: CardKeys
    mcc: str
    mnc: str
    algorithm: str = "milenage"
    msisdn: str | None = None
    amf: bytes = b"\x00\x00"
    sqn: int = 0
    ind: int = DEFAULT_IND
    ind_length: int = DEFAULT_IND_LENGTH
    state: str = "made"
    batch: str = ""
    codes: Codes = field(default_factory=Codes)

    def check_keys(self) -> None:
        """Raise KeyFormatError unless the keys have the lengths of the algorithm."""
        algorithm = parse_profile(self.algorithm)
        if len(self.keys.k) not in algorithm.key_sizes:
            raise KeyFormatError(f"IMSI {self.imsi}: K of {len(self.keys.k) * 8} bits does not fit {algorithm.name}")
        if len(self.keys.opc) != algorithm.op_size:
            raise KeyFormatError(
                f"IMSI {self.imsi}: OPc of {len(self.keys.opc) * 8} bits does not fit {algorithm.name}"
            )
