"""The card behind a claim: what of it may be shown."""

from __future__ import annotations

from dataclasses import dataclass

from olelo.modules.ims_auth.identity import Claim

ACTIVE = "active"  # the state of `olelo sim` in which a card may register
SCRIPTED = "(script)"  # stands for the batch of a card whose keys the script brings; no batch can have this name


@dataclass(frozen=True, slots=True)
class Subject:
    """A card, without anything secret. `matches`: the claim's public identity is one of the card's."""

    imsi: str
    home: str
    msisdn: str
    state: str
    batch: str
    matches: bool

    @property
    def active(self) -> bool:
        return self.state == ACTIVE

    @property
    def impi(self) -> str:
        """Private identity derived from the IMSI (TS 23.003 section 13.3)."""
        return f"{self.imsi}@{self.home}"

    @property
    def impu(self) -> str:
        """Temporary public identity (TS 23.003 section 13.4B)."""
        return f"sip:{self.imsi}@{self.home}"

    def names(self, claim: Claim, impu_may_answer: bool) -> frozenset[bytes]:
        """User names, in lower case, that may answer a challenge of this card."""
        names = {self.imsi, self.impi, f"{self.imsi}@{claim.realm}"}
        if impu_may_answer:
            names |= {claim.user, claim.impu.partition(":")[2]}
        return frozenset(name.lower().encode("latin-1") for name in names)
