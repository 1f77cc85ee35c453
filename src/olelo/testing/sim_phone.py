"""A simulated phone with a SIM: it registers by Digest AKA, with the mistakes and habits that phones have.

    card = Usim(functions)                                   # 32 SEQ slots, as a real one
    phone = SimPhone(card, "001010000000001", "001", "01", contact="sip:phone@192.0.2.1:5060")
    reply = exchange(phone.register())                       # bytes out, bytes in: any network will do
    while (request := phone.respond(reply)) is not None:
        reply = exchange(request)
    assert phone.status == 200

The phone knows no network: `register` and `respond` give the packets to send. What it met is in `challenges` (nonces),
`numbers` (the SQNs in them) and `resyncs`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from olelo.auc.numbering import home_domain
from olelo.auc.usim import Accepted, MacFailure, Usim
from olelo.sip.digest import Credentials, ha1, response
from olelo.sip.headers import PROXY_AUTHENTICATE, WWW_AUTHENTICATE
from olelo.sip.message import Message

GIVE_UP = 6  # requests of one registration


@dataclass(slots=True)
class Habits:
    """How a phone differs from the plain one.

    auts: "base64", or "hex" as SIPp writes it. fold: fold the Authorization header after qop. first_credentials: send
    the empty Authorization of TS 24.229 in the first REGISTER. answer_as: algorithm named in the answer instead of the
    challenge's; "" names none. qop: which to take; "" for none. digest_with_auts: "empty password" or "empty".
    """

    auts: str = "base64"
    fold: bool = False
    first_credentials: bool = True
    answer_as: str | None = None
    qop: str = "auth"
    digest_with_auts: str = "empty password"
    username: str = ""
    ignores_mac_failure: bool = False
    headers: list[str] = field(default_factory=list)


class SimPhone:
    """One phone with one card.

    Args:
        usim: the card.
        imsi, mcc, mnc: its identity.
        contact: its URI; host and port stand in Via too.
        realm: the home domain, if it is not the derived one.
        impu: public identity to register, if it is not the temporary one.
    """

    def __init__(
        self,
        usim: Usim,
        imsi: str,
        mcc: str,
        mnc: str,
        *,
        contact: str,
        realm: str = "",
        impu: str = "",
        habits: Habits | None = None,
        seed: str = "",
    ) -> None:
        self.usim = usim
        self.imsi = imsi
        self.realm = realm or home_domain(mcc, mnc)
        self.habits = habits or Habits()
        self.impi = self.habits.username or f"{imsi}@{home_domain(mcc, mnc)}"
        self.impu = impu or f"sip:{imsi}@{self.realm}"
        self.contact = contact
        self.seed = seed or contact
        self.status = 0
        self.expires = 3600
        self.challenges: list[str] = []
        self.numbers: list[int] = []
        self.resyncs = 0
        self.accepted: Accepted | None = None
        self.last_request = b""
        self.last_reply: Message | None = None
        self.nonce_count = 0
        self._registration = 0
        self._cseq = 0
        self._sent = 0

    # --- the walk -----------------------------------------------------------------------------------------

    def register(self, expires: int = 3600) -> bytes:
        """The first REGISTER of a registration."""
        self.expires = expires
        self._registration += 1
        self._sent = 0
        self.status = 0
        line = ""
        if self.habits.first_credentials:
            line = (
                f'Authorization: Digest username="{self.impi}", realm="{self.realm}", uri="sip:{self.realm}", '
                'nonce="", response=""'
            )
        return self.request(line)

    def respond(self, reply: bytes) -> bytes | None:
        """What the phone sends after a final answer; None where it is done, one way or the other. `status` is the
        answer's."""
        message = Message.parse(reply)
        if message.status < 200:
            raise ValueError("a provisional answer is not responded to")
        self.last_reply = message
        self.status = message.status
        if self.status not in (401, 407) or self._sent >= GIVE_UP:
            return None
        line = self.answer(message)
        return None if line is None else self.request(line)

    def run(self, exchange: Callable[[bytes], bytes], expires: int = 3600) -> int:
        """Register over `exchange`, which sends a request and gives the final answer. Returns the last status."""
        request: bytes | None = self.register(expires)
        while request is not None:
            request = self.respond(exchange(request))
        return self.status

    # --- packets ------------------------------------------------------------------------------------------

    def request(self, *lines: str, method: str = "REGISTER") -> bytes:
        """A request with these header lines beside the usual ones."""
        self._cseq += 1
        self._sent += 1
        where = self.contact.partition("@")[2]
        mark = hashlib.sha256(f"{self.seed}/{self._cseq}".encode()).hexdigest()[:16]
        head = [
            f"{method} sip:{self.realm} SIP/2.0",
            f"Via: SIP/2.0/UDP {where};branch=z9hG4bK{mark};rport",
            f"From: <{self.impu}>;tag={mark[:8]}",
            f"To: <{self.impu}>",
            f"Call-ID: {self._registration}-{self.seed}",
            f"CSeq: {self._cseq} {method}",
            "Max-Forwards: 70",
            f"Contact: <{self.contact}>",
            f"Expires: {self.expires}",
            *self.habits.headers,
            *(line for line in lines if line),
            "Content-Length: 0",
        ]
        self.last_request = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n"
        return self.last_request

    def answer(self, challenge: Message) -> str | None:
        """The Authorization line for a 401 (Proxy-Authorization for a 407); None where there is no AKA challenge."""
        proxy = challenge.status == 407
        value = challenge.first(PROXY_AUTHENTICATE if proxy else WWW_AUTHENTICATE)
        if value is None:
            return None
        offer = Credentials.parse(value)
        if not offer.algorithm.lower().startswith(b"aka"):
            return None
        nonce = base64.b64decode(offer.nonce)
        rand, autn = nonce[:16], nonce[16:32]
        self.challenges.append(offer.nonce.decode("latin-1"))
        self.numbers.append(self.usim.sqn_in(rand, autn))
        result = self.usim.authenticate(rand, autn)
        if isinstance(result, MacFailure) and self.habits.ignores_mac_failure:
            result = self.usim.answer(rand)
        if isinstance(result, MacFailure):
            return self._line(challenge, offer, b"", None, empty=True)
        if isinstance(result, Accepted):
            self.accepted = result
            return self._line(challenge, offer, _password(offer.algorithm, result), None)
        self.resyncs += 1
        return self._line(challenge, offer, b"", result.auts, empty=self.habits.digest_with_auts == "empty")

    def _line(
        self, challenge: Message, offer: Credentials, password: bytes, auts: bytes | None, *, empty: bool = False
    ) -> str:
        algorithm = offer.algorithm.decode("latin-1") if self.habits.answer_as is None else self.habits.answer_as
        self.nonce_count = 1
        params = {
            b"username": self.impi.encode("latin-1"),
            b"realm": offer.realm,
            b"nonce": offer.nonce,
            b"uri": f"sip:{self.realm}".encode("latin-1"),
        }
        offered = [each.strip() for each in offer.qop.split(b",")]
        if self.habits.qop and self.habits.qop.encode() in offered:
            params |= {b"qop": self.habits.qop.encode(), b"nc": b"00000001", b"cnonce": b"0a4f113b"}
        credentials = Credentials(b"Digest", params)
        method = challenge.method.encode("latin-1")
        right = response(ha1(params[b"username"], offer.realm, password), method, credentials)
        parts = [
            f'{name}="{params[name.encode()].decode("latin-1")}"' for name in ("username", "realm", "nonce", "uri")
        ]
        parts.append(f'response="{"" if empty else right.decode()}"')
        if algorithm:
            parts.append(f"algorithm={algorithm}")
        if auts is not None:
            text = auts.hex() if self.habits.auts == "hex" else base64.b64encode(auts).decode()
            parts.append(f'auts="{text}"')
        fold = "\r\n " if self.habits.fold else " "
        if b"qop" in params:
            parts.append(f'qop={self.habits.qop},{fold}cnonce="0a4f113b", nc=00000001')
        return ("Proxy-" if challenge.status == 407 else "") + "Authorization: Digest " + ", ".join(parts)


def _password(algorithm: bytes, result: Accepted) -> bytes:
    # Written out here again and not taken from the server: two wrongs would agree.
    if algorithm.lower().startswith(b"akav2"):
        key = result.res + result.ik + result.ck
        return base64.b64encode(hmac.new(key, b"http-digest-akav2-password", hashlib.md5).digest())
    return result.res
