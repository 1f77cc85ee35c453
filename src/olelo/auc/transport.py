"""Transport keys: what protects keys in a file between a card vendor and an AuC; key check values; key parts.

Vendors encrypt eKi = AES(K4, Ki), one block, or with CBC and a fixed IV per column (GSMA FS.28), or triple DES.
None of these notices a changed or swapped value. `aes-gcm` is ours: each value is bound to its column and card.
"""

import hmac
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.cmac import CMAC

from olelo.auc.errors import CheckValueError, FormatError, KeyFormatError, SealError
from olelo.auc.seal import RandomSource
from olelo.auc.secret import Secret
from olelo.auc.vector import xor

MODES = ("aes-gcm", "aes-ecb", "aes-cbc", "3des-ecb")
_FS28_IV = b"\x23" * 16  # the fixed IV of GSMA FS.28, as pySim's column encryption uses it
_KEY_SIZES = {"aes-gcm": (16, 32), "aes-ecb": (16, 32), "aes-cbc": (16, 24, 32), "3des-ecb": (16, 24)}


def aes_kcv(key: Secret) -> str:
    """Key check value of an AES key: the first 3 bytes of the encrypted zero block, 6 hexadecimal digits."""
    return _block_cipher("aes-ecb", key).encryptor().update(bytes(16))[:3].hex().upper()


def des_kcv(key: Secret) -> str:
    """Key check value of a triple-DES key: the first 3 bytes of the encrypted zero block."""
    return _block_cipher("3des-ecb", key).encryptor().update(bytes(8))[:3].hex().upper()


def cmac_kcv(key: Secret) -> str:
    """Key check value by AES-CMAC of a zero block, for keys of AES-GCM, whose zero block must stay secret."""
    if len(key) not in (16, 24, 32):
        raise KeyFormatError(f"a key of {len(key) * 8} bits is none of AES")
    mac = CMAC(algorithms.AES(key.reveal()))
    mac.update(bytes(16))
    return mac.finalize()[:3].hex().upper()


_CHECK_VALUES = {"cmac": cmac_kcv, "aes": aes_kcv, "3des": des_kcv}


def check_value(key: Secret, kind: str) -> str:
    """Key check value of a kind: `cmac`, `aes` or `3des`. FormatError for another kind."""
    function = _CHECK_VALUES.get(kind)
    if function is None:
        raise FormatError(f"unknown kind {kind!r}: {', '.join(_CHECK_VALUES)}")
    return function(key)


def require_check_value(found: str, expected: str) -> None:
    """Raise CheckValueError unless the other side printed the same check value."""
    wanted = expected.strip().upper()
    if not hmac.compare_digest(found.encode(), wanted.encode()):
        raise CheckValueError(f"key check value is {found}, the other side declares {wanted}")


def _block_cipher(mode: str, key: Secret) -> "Cipher[modes.ECB] | Cipher[modes.CBC]":
    if len(key) not in _KEY_SIZES[mode]:
        raise KeyFormatError(f"a key of {len(key) * 8} bits does not fit {mode}")
    if mode == "aes-cbc":
        return Cipher(algorithms.AES(key.reveal()), modes.CBC(_FS28_IV))
    if mode == "3des-ecb":
        value = key.reveal()
        # Two-key triple DES (K1, K2, K1) written out: the library takes three keys.
        return Cipher(TripleDES(value + value[:8] if len(value) == 16 else value), modes.ECB())
    return Cipher(algorithms.AES(key.reveal()), modes.ECB())


@dataclass(frozen=True, slots=True)
class TransportKey:
    """A key and how it is used; `index` is the number vendor and AuC call it by, for the manifest."""

    key: Secret
    mode: str = "aes-gcm"
    index: int = 0
    _gcm: AESGCM | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise KeyFormatError(f"unknown transport mode {self.mode!r}: {', '.join(MODES)}")
        if len(self.key) not in _KEY_SIZES[self.mode]:
            raise KeyFormatError(f"a transport key of {len(self.key) * 8} bits does not fit {self.mode}")
        if self.mode == "aes-gcm":
            # One key schedule for a whole file; it costs more than the encryption of a value.
            object.__setattr__(self, "_gcm", AESGCM(self.key.reveal()))

    @property
    def kcv(self) -> str:
        """Key check value, 6 hexadecimal digits."""
        if self.mode == "3des-ecb":
            return des_kcv(self.key)
        return cmac_kcv(self.key) if self.mode == "aes-gcm" else aes_kcv(self.key)

    def require_kcv(self, expected: str) -> None:
        """Raise CheckValueError unless the other side printed the same check value."""
        require_check_value(self.kcv, expected)

    def encrypt(self, value: bytes, bound_to: str, random: RandomSource) -> bytes:
        """Encrypt one value; `bound_to` names column and card, and counts in aes-gcm only."""
        if self._gcm is not None:
            nonce = random(12)
            return nonce + self._gcm.encrypt(nonce, value, bound_to.encode())
        self._require_blocks(value)
        return _block_cipher(self.mode, self.key).encryptor().update(value)

    def decrypt(self, value: bytes, bound_to: str) -> bytes:
        """Decrypt one value.

        Raises:
            SealError: aes-gcm noticed a change, a swap or a wrong key; or the length is impossible.
        """
        if self._gcm is not None:
            try:
                return self._gcm.decrypt(value[:12], value[12:], bound_to.encode())
            except (InvalidTag, ValueError):
                raise SealError(f"{bound_to}: changed, swapped, or encrypted under another transport key") from None
        self._require_blocks(value)
        return _block_cipher(self.mode, self.key).decryptor().update(value)

    def _require_blocks(self, value: bytes) -> None:
        block = 8 if self.mode == "3des-ecb" else 16
        if not value or len(value) % block:
            raise KeyFormatError(f"{self.mode} takes whole blocks of {block} bytes, not {len(value)} bytes")


def split_key(key: Secret, parts: int, random: RandomSource) -> list[Secret]:
    """Split a key into components whose exclusive or is the key; all but one of them tell nothing.

    Raises:
        KeyFormatError: fewer than 2 or more than 5 parts.
    """
    if not 2 <= parts <= 5:
        raise KeyFormatError("a key is split into 2 to 5 parts")
    components = [random(len(key)) for _ in range(parts - 1)]
    last = key.reveal()
    for component in components:
        last = xor(last, component)
    return [Secret(component) for component in components] + [Secret(last)]


def join_key(components: list[Secret]) -> Secret:
    """The key of its components. Check the key check value afterwards: a missing part gives another key silently."""
    if len(components) < 2 or len({len(component) for component in components}) != 1:
        raise KeyFormatError("a key is joined from at least two components of one length")
    value = components[0].reveal()
    for component in components[1:]:
        value = xor(value, component.reveal())
    return Secret(value)
