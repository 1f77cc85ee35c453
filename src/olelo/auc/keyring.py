"""Key-encryption keys (KEK): what opens the sealed records of the database.

A ring is text, one key of 64 hexadecimal digits a line, `#` starts a comment. New records are sealed under the
first key; the following ones open older records until a rotation has re-sealed them. The ring comes from, in
this order: a file named by the caller, the systemd credential `olelo-auc-kek`, the environment variable
OLELO_AUC_KEK. A key is known by its id, 8 hexadecimal digits of an HMAC, stored beside each record.
"""

import hmac
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from olelo.auc.errors import KeyFormatError, NotFound, SealError
from olelo.auc.keyfile import read_key_file, read_text_file
from olelo.auc.secret import Secret

CREDENTIAL = "olelo-auc-kek"
ENVIRONMENT = "OLELO_AUC_KEK"
ENVIRONMENT_FILE = "OLELO_AUC_KEK_FILE"
_NONCE = 12  # bytes, NIST SP 800-38D; random: 2^32 records under one key stay far from a repeat


def key_id(key: Secret) -> str:
    """Name of a KEK. An HMAC, because E(K, 0), the usual check value, is the secret hash key of GCM."""
    return hmac.digest(key.reveal(), b"olelo auc kek id", "sha256")[:4].hex()


class Keyring:
    """The keys of one source; `active` is the id new records are sealed under."""

    def __init__(self, keys: Iterable[Secret], origin: str) -> None:
        self._keys = {key_id(key): key for key in keys}
        if not self._keys:
            raise KeyFormatError(f"{origin}: no key in it")
        self._ciphers = {name: AESGCM(key.reveal()) for name, key in self._keys.items()}
        self.active = next(iter(self._keys))
        self.origin = origin

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keys)} from {self.origin})"

    @property
    def ids(self) -> tuple[str, ...]:
        """Key ids, the active one first."""
        return tuple(self._keys)

    @classmethod
    def parse(cls, text: str, origin: str) -> "Keyring":
        """Read ring text. The error names the line, never its content."""
        keys = []
        for number, line in enumerate(text.splitlines(), 1):
            digits = line.partition("#")[0].strip()
            if digits:
                keys.append(Secret.from_hex(digits, sizes=(32,), what=f"{origin} line {number}"))
        return cls(keys, origin)

    @classmethod
    def load(cls, path: Path) -> "Keyring":
        """Read a ring file, which must be of mode 0600 or stricter."""
        return cls.parse(read_key_file(path), str(path))

    @classmethod
    def find(cls, path: Path | None = None, environment: Mapping[str, str] | None = None) -> "Keyring":
        """The ring of the first source that is there: `path`, OLELO_AUC_KEK_FILE, credential, OLELO_AUC_KEK."""
        environment = os.environ if environment is None else environment
        if path is None and (named := environment.get(ENVIRONMENT_FILE)):
            path = Path(named)
        if path is not None:
            return cls.load(path)
        if directory := environment.get("CREDENTIALS_DIRECTORY"):
            credential = Path(directory) / CREDENTIAL
            if credential.exists():
                # systemd's directory is closed to others; the file inside is 0400 or 0440 for the unit's own group.
                return cls.parse(read_text_file(credential, "systemd credential"), f"systemd credential {CREDENTIAL}")
        if text := environment.get(ENVIRONMENT):
            return cls.parse(text.replace(",", "\n"), f"environment variable {ENVIRONMENT}")
        raise NotFound(
            "no key-encryption key: give --kek-file, or set "
            f"{ENVIRONMENT_FILE} or {ENVIRONMENT}, or load the systemd credential {CREDENTIAL} "
            "(make one with `olelo sim key new kek FILE`)"
        )

    def encrypt(self, plain: bytes, associated: bytes, nonce: bytes) -> bytes:
        """AES-256-GCM under the active key: nonce || ciphertext || tag. A nonce is random and used once."""
        if len(nonce) != _NONCE:
            raise SealError(f"the nonce of AES-GCM has {_NONCE} bytes here")
        return nonce + self._ciphers[self.active].encrypt(nonce, plain, associated)

    def decrypt(self, name: str, sealed: bytes, associated: bytes) -> bytes:
        """Open what `encrypt` made under the key called `name`.

        Raises:
            SealError: the ring has no such key, or the record or its associated data changed.
        """
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise SealError(f"sealed under key {name}, which is not in {self.origin} (it has {', '.join(self._keys)})")
        try:
            return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], associated)
        except (InvalidTag, ValueError):
            raise SealError("the sealed record was changed or belongs to another row") from None

    def with_new_active(self, key: Secret) -> "Keyring":
        """A ring with `key` in front."""
        return Keyring([key, *self._keys.values()], self.origin)

    def only_active(self) -> "Keyring":
        """A ring without the older keys."""
        return Keyring([self._keys[self.active]], self.origin)

    def text(self) -> str:
        """Ring text for `keyfile.replace_key_file`. It holds the keys."""
        lines = [f"{key.reveal().hex()}  # {name}" for name, key in self._keys.items()]
        return (
            "# Olelo key-encryption keys, the active one first. Whoever has this and the database has all cards.\n"
            + ("\n".join(lines) + "\n")
        )
