"""Digest AKA: what RFC 3310 (AKAv1) and RFC 4169 (AKAv2) add to the digest of RFC 2617.

Pure: bytes in, bytes out. The nonce is base64 of RAND || AUTN; the password is RES itself, as bytes, zero bytes and
all (AKAv1), or a base64 text made of RES, IK and CK (AKAv2).
"""

from __future__ import annotations

import base64
import binascii
import hmac

AKAV1 = "AKAv1-MD5"
AKAV2 = "AKAv2-MD5"
MD5 = "MD5"
_AKA = {name.lower(): name for name in (AKAV1, AKAV2)}
#: Names that Kamailio knows for a password behind a digest, whoever gave them their name.
_PASSWORD_SCHEMES = frozenset(("md5", "cablelabs-digest", "3gpp-digest", "tispan-http_digest_md5"))
_RAND = 16
_AUTN = 16


def algorithm_named(text: str) -> str:
    """AKAV1, AKAV2, MD5 for any scheme with a password, or "" where the authentication centre is to choose
    (`HSS-Selected`, and every name that nobody knows, as in Kamailio)."""
    name = text.strip().lower()
    return MD5 if name in _PASSWORD_SCHEMES else _AKA.get(name, "")


def make_nonce(rand: bytes, autn: bytes) -> bytes:
    """RFC 3310 section 3.2, without server data: 44 characters."""
    return base64.b64encode(rand + autn)


def rand_of(nonce: bytes) -> bytes | None:
    """RAND of a nonce, or None where it is none of ours."""
    try:
        value = base64.b64decode(nonce, validate=True)
    except (ValueError, binascii.Error):
        return None
    return value[:_RAND] if len(value) == _RAND + _AUTN else None


def password(algorithm: str, res: bytes, ck: bytes, ik: bytes) -> bytes:
    """What stands for the password in H(A1).

    AKAv1: RES, raw (RFC 3310 section 3.3). AKAv2: base64 of HMAC-MD5 under RES || IK || CK (RFC 4169 section 3).
    """
    if algorithm == AKAV1:
        return res
    return base64.b64encode(hmac.digest(res + ik + ck, b"http-digest-akav2-password", "md5"))


def session_keys(algorithm: str, ck: bytes, ik: bytes) -> tuple[bytes, bytes]:
    """(ck, ik) as handed to a P-CSCF: AKAv2 hands on derived ones, so that keys of AKAv1 are not used twice."""
    if algorithm == AKAV1:
        return ck, ik
    return (
        hmac.digest(ck, b"http-digest-akav2-cipherkey", "md5"),
        hmac.digest(ik, b"http-digest-akav2-integritykey", "md5"),
    )
