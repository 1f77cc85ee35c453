"""The signed manifest of an exported file: what is in it, under which transport keys, who made it and when.

Ed25519 over the canonical JSON of the manifest. The public key inside is for finding the right one; what is
trusted is the key the reader has from elsewhere.
"""

import base64
import binascii
import json
from dataclasses import asdict, dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from olelo.auc.errors import CheckValueError, FormatError
from olelo.auc.secret import Secret

VERSION = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """Facts about one file; `transport` is field name to mode, key check value and index."""

    file: str
    format: str
    batches: list[str]
    count: int
    imsi_first: str
    imsi_last: str
    iccid_first: str
    iccid_last: str
    sha256: str
    transport: dict[str, dict[str, str | int]]
    plaintext_keys: bool
    who: str
    when: str
    version: int = VERSION

    def canonical(self) -> bytes:
        """The bytes that are signed."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()


def public_key(signing_key: Secret) -> str:
    """Public half of an Ed25519 key, 64 hexadecimal digits."""
    return Ed25519PrivateKey.from_private_bytes(signing_key.reveal()).public_key().public_bytes_raw().hex()


def sign(manifest: Manifest, signing_key: Secret) -> str:
    """The manifest file: JSON with manifest, signature and public key."""
    signature = Ed25519PrivateKey.from_private_bytes(signing_key.reveal()).sign(manifest.canonical())
    body = {
        "manifest": asdict(manifest),
        "signature": base64.b64encode(signature).decode(),
        "public_key": public_key(signing_key),
    }
    return json.dumps(body, indent=2, sort_keys=True) + "\n"


def verify(text: str, trusted: str) -> Manifest:
    """The manifest of a manifest file, if `trusted` (a public key, 64 hexadecimal digits) signed it.

    Raises:
        FormatError: not a manifest of this version.
        CheckValueError: another key, or anything was changed.
    """
    try:
        body = json.loads(text)
        manifest = Manifest(**body["manifest"])
        signature = base64.b64decode(body["signature"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
        raise FormatError("not a manifest") from None
    if manifest.version != VERSION:
        raise FormatError(f"the manifest is of version {manifest.version}, this program reads version {VERSION}")
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(trusted.strip())).verify(signature, manifest.canonical())
    except ValueError:
        raise FormatError("the trusted key is not an Ed25519 public key of 64 hexadecimal digits") from None
    except InvalidSignature:
        raise CheckValueError("the manifest was not signed by the trusted key, or was changed") from None
    return manifest
