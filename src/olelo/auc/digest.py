"""An AKA answer as a SIP capture shows it: the Authorization header of a REGISTER (RFC 3310, RFC 4169).

For `olelo sim check`: a trace holds no RES, only a digest made with it, so each pair of keys that may be behind the
answer is tried on the digest.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field

from olelo.auc.algorithm import Answer
from olelo.auc.errors import FormatError
from olelo.auc.vector import parse_auts

_V2 = b"http-digest-akav2-password"  # RFC 4169 section 3


@dataclass(frozen=True, slots=True)
class DigestAnswer:
    """What the header says. `response` is empty if the phone refused MAC-A (TS 24.229 section 5.1.1.5.3)."""

    username: str
    realm: str
    rand: bytes
    autn: bytes
    response: str
    auts: bytes | None
    version: int
    _ha2: str = field(repr=False)
    _middle: str = field(repr=False)

    def matches(self, answer: Answer) -> bool:
        """Whether the response was made with this RES (and, in AKAv2, IK and CK)."""
        password = answer.res
        if self.version == 2:
            password = base64.b64encode(hmac.digest(answer.res + answer.ik + answer.ck, _V2, "md5"))
        ha1 = _md5(f"{self.username}:{self.realm}:".encode() + password)
        expected = _md5(f"{ha1}:{self._middle}:{self._ha2}".encode())
        return hmac.compare_digest(expected, self.response.lower())


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def parse_authorization(header: str, method: str = "REGISTER") -> DigestAnswer:
    """Read the value of an Authorization header, with or without its name, of a request without a body.

    Raises:
        FormatError: not an AKA digest, or a part is missing or malformed.
    """
    text = " ".join(header.split())  # a header may be folded over lines
    if text.lower().startswith("authorization:"):
        text = text.partition(":")[2].strip()
    scheme, _, rest = text.partition(" ")
    if scheme.lower() != "digest":
        raise FormatError("the Authorization header is not of the Digest scheme")
    values = _parameters(rest)
    algorithm = values.get("algorithm", "").upper()
    if algorithm not in ("AKAV1-MD5", "AKAV2-MD5"):
        raise FormatError(f"the algorithm is {values.get('algorithm', 'MD5')!r}, not AKAv1-MD5 or AKAv2-MD5")
    try:
        nonce = base64.b64decode(values.get("nonce", ""), validate=True)
    except (ValueError, binascii.Error):
        nonce = b""
    if len(nonce) < 32:
        raise FormatError("the nonce is not base64 of RAND and AUTN (32 bytes or more)")
    uri, qop = values.get("uri", ""), values.get("qop", "").lower()
    if qop not in ("", "auth", "auth-int"):
        raise FormatError(f"qop is {qop!r}")
    middle = ":".join([values["nonce"], *([values.get("nc", ""), values.get("cnonce", ""), qop] if qop else [])])
    entity = f":{_md5(b'')}" if qop == "auth-int" else ""
    return DigestAnswer(
        username=values.get("username", ""),
        realm=values.get("realm", ""),
        rand=nonce[:16],
        autn=nonce[16:32],
        response=values.get("response", ""),
        auts=parse_auts(values["auts"]) if values.get("auts") else None,
        version=2 if algorithm == "AKAV2-MD5" else 1,
        _ha2=_md5(f"{method}:{uri}{entity}".encode()),
        _middle=middle,
    )


def _parameters(text: str) -> dict[str, str]:
    """name=value and name="value", separated by commas; a comma inside quotes separates nothing."""
    found: dict[str, str] = {}
    while text:
        name, equals, text = text.lstrip(" ,").partition("=")
        if not equals:
            break
        text = text.lstrip()
        if text.startswith('"'):
            value, quote, text = text[1:].partition('"')
            if not quote:
                raise FormatError("the Authorization header has an open quotation mark")
        else:
            value, _, text = text.partition(",")
        found[name.strip().lower()] = value.strip()
    return found
