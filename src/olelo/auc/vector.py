"""Authentication vectors, AUTN and AUTS (TS 33.102 section 6.3); GSM triplets (TS 33.102 section 6.8.1.2).

AUTN = (SQN ^ AK) || AMF || MAC-A           AUTS = (SQN_MS ^ AK*) || MAC-S, over AMF* = 0000
"""

import base64
import binascii
import hmac
from dataclasses import dataclass, field

from olelo.auc.algorithm import Functions
from olelo.auc.errors import FormatError

RESYNC_AMF = b"\x00\x00"  # TS 33.102 section 6.3.3: AMF* of the MAC-S "assumes a dummy value of all zeros"


@dataclass(frozen=True, slots=True)
class Vector:
    """One authentication vector (a quintet). `sqn` is kept for the log; XRES, CK and IK do not show in the repr."""

    rand: bytes
    autn: bytes
    xres: bytes = field(repr=False)
    ck: bytes = field(repr=False)
    ik: bytes = field(repr=False)
    sqn: int

    def res_matches(self, res: bytes) -> bool:
        """Compare a RES in constant time."""
        return hmac.compare_digest(self.xres, res)


@dataclass(frozen=True, slots=True)
class Triplet:
    """A GSM triplet: RAND (16 bytes), SRES (4), Kc (8)."""

    rand: bytes
    sres: bytes = field(repr=False)
    kc: bytes = field(repr=False)


def xor(left: bytes, right: bytes) -> bytes:
    """Bitwise exclusive or of two strings of one length."""
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def generate(functions: Functions, rand: bytes, sqn: int, amf: bytes) -> Vector:
    """The vector of a card for RAND, SQN (48 bits) and AMF (2 bytes)."""
    if not 0 <= sqn < 1 << 48:
        raise FormatError("SQN has 48 bits")
    number = sqn.to_bytes(6, "big")
    mac = functions.f1(rand, number, amf)
    answer = functions.f2345(rand)
    autn = xor(number, answer.ak) + amf + mac
    return Vector(rand=rand, autn=autn, xres=answer.res, ck=answer.ck, ik=answer.ik, sqn=sqn)


def build_auts(functions: Functions, rand: bytes, sqn_ms: int, amf: bytes = RESYNC_AMF) -> bytes:
    """The AUTS a USIM answers; `amf` other than 0000 exists only to test that it is refused."""
    number = sqn_ms.to_bytes(6, "big")
    return xor(number, functions.f5_star(rand)) + functions.f1_star(rand, number, amf)


def check_auts(functions: Functions, rand: bytes, auts: bytes, amf: bytes = RESYNC_AMF) -> int | None:
    """SQN_MS if MAC-S is right, else None. MAC-S is compared in constant time."""
    number = xor(auts[:6], functions.f5_star(rand)) if len(auts) > 6 else b""
    if len(number) != 6:
        return None
    if not hmac.compare_digest(functions.f1_star(rand, number, amf), auts[6:]):
        return None
    return int.from_bytes(number, "big")


def parse_auts(text: str) -> bytes:
    """AUTS from base64 (RFC 3310 section 3.2) or from 28 hexadecimal digits, which SIPp writes.

    Raises:
        FormatError: neither, or not 14 bytes.
    """
    text = text.strip().strip('"')
    try:
        # 28 hexadecimal digits would be 21 bytes of base64, so the length alone decides.
        value = bytes.fromhex(text) if len(text) == 28 else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise FormatError("AUTS is neither base64 nor 28 hexadecimal digits") from None
    if len(value) != 14:
        raise FormatError(f"AUTS has 14 bytes, not {len(value)}")
    return value


def triplet(functions: Functions, rand: bytes, *, alternative_sres: bool = False) -> Triplet:
    """GSM triplet by the conversion functions c2 and c3 (TS 55.205 for Milenage).

    Args:
        alternative_sres: SRES = RES[0:4] instead of folding RES (TS 55.205 section 3, second form).

    Longer RES, CK and IK (TUAK) are folded the same way: TS 33.102 c2 pads RES with zeros to 128 bits and takes
    the exclusive or of its four words; CK and IK of 256 bits have no GSM key and are refused.
    """
    answer = functions.f2345(rand)
    if len(answer.ck) != 16 or len(answer.ik) != 16 or len(answer.res) > 16:
        raise FormatError("GSM triplets need a RES of at most 128 bits, and CK and IK of 128 bits")
    sres = answer.res[:4]
    if not alternative_sres:
        padded = answer.res.ljust(16, b"\0")
        sres = xor(xor(padded[:4], padded[4:8]), xor(padded[8:12], padded[12:]))
    kc = xor(xor(answer.ck[:8], answer.ck[8:]), xor(answer.ik[:8], answer.ik[8:]))
    return Triplet(rand=rand, sres=sres, kc=kc)
