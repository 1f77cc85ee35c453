"""Sealing of one card's secrets: AES-256-GCM bound to the row it belongs to.

The associated data is imsi, iccid, algorithm profile and batch, each with its length in front. A record copied to
another row, or a row whose algorithm or batch was edited, does not open. K and OPc are sealed apart from the
PIN, PUK, ADM and OTA codes, so that a registrar never has the codes in memory.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from olelo.auc.errors import SealError
from olelo.auc.keyring import Keyring
from olelo.auc.secret import Secret

RandomSource = Callable[[int], bytes]
_VERSION = b"olelo auc 1"


@dataclass(frozen=True, slots=True)
class Binding:
    """What a sealed record is bound to."""

    imsi: str
    iccid: str
    algorithm: str
    batch: str

    def associated(self, kind: str) -> bytes:
        """AES-GCM associated data; lengths in front, so that no two bindings give the same bytes."""
        parts = [_VERSION]
        for text in (kind, self.imsi, self.iccid, self.algorithm, self.batch):
            encoded = text.encode()
            parts.append(len(encoded).to_bytes(2, "big") + encoded)
        return b"".join(parts)


@dataclass(frozen=True, slots=True)
class CardKeys:
    """K and OPc of one card."""

    k: Secret
    opc: Secret


class Codes(Mapping[str, str]):
    """PIN1, PUK1, PIN2, PUK2, ADM1 and OTA keys by upper-case name; the repr shows names only."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = {name.upper(): value for name, value in (values or {}).items() if value}

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Codes({', '.join(self._values)})"


def seal_keys(ring: Keyring, binding: Binding, keys: CardKeys, random: RandomSource) -> bytes:
    """Seal K and OPc."""
    k = keys.k.reveal()
    return ring.encrypt(bytes((len(k),)) + k + keys.opc.reveal(), binding.associated("keys"), random(12))


def open_keys(ring: Keyring, key_id: str, binding: Binding, sealed: bytes) -> CardKeys:
    """Open K and OPc. Raises SealError naming the card."""
    plain = _open(ring, key_id, binding, sealed, "keys")
    size = plain[0]
    return CardKeys(Secret(plain[1 : 1 + size]), Secret(plain[1 + size :]))


def seal_codes(ring: Keyring, binding: Binding, codes: Codes, random: RandomSource) -> bytes | None:
    """Seal the codes; None if there are none."""
    if not codes:
        return None
    return ring.encrypt(json.dumps(dict(codes)).encode(), binding.associated("codes"), random(12))


def open_codes(ring: Keyring, key_id: str, binding: Binding, sealed: bytes | None) -> Codes:
    """Open the codes. Raises SealError naming the card."""
    if sealed is None:
        return Codes()
    return Codes(json.loads(_open(ring, key_id, binding, sealed, "codes")))


def _open(ring: Keyring, key_id: str, binding: Binding, sealed: bytes, kind: str) -> bytes:
    try:
        return ring.decrypt(key_id, sealed, binding.associated(kind))
    except SealError as error:
        raise SealError(f"IMSI {binding.imsi}: {error}") from None
