"""`olelo sim check`: which of K, OP-used-as-OPc, AMF or SQN is wrong, from one captured exchange.

Every hypothesis is a pair of keys that a common mistake would make. The one under which the captured MAC-A, RES or
MAC-S comes out right names the mistake; each of these fits by chance with a probability of 2^-32 or less.
"""

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from olelo.auc.algorithm import Algorithm, Functions
from olelo.auc.digest import DigestAnswer
from olelo.auc.errors import FormatError
from olelo.auc.seal import CardKeys
from olelo.auc.secret import Secret
from olelo.auc.sqn import Counter, accepted_by_card, split
from olelo.auc.vector import RESYNC_AMF, check_auts, xor


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was captured; RES, a digest made with it, or AUTS, as far as they are known.

    With an AUTS the digest proves nothing (RFC 3310 section 3.4: the password is empty) and is not looked at.
    """

    rand: bytes
    autn: bytes
    res: bytes | None = None
    auts: bytes | None = None
    digest: DigestAnswer | None = None

    @property
    def refused(self) -> bool:
        """Whether the phone answered with an empty response: MAC-A was wrong for its card."""
        return self.digest is not None and self.auts is None and not self.digest.response

    @property
    def answered(self) -> bool:
        """Whether something is known that the card computed."""
        return self.res is not None or self.auts is not None or (self.digest is not None and not self.refused)


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` is fixed: ok, op-as-opc, opc-as-op, k-opc-swapped, neighbour, opc-not-of-op, keys, network-keys,
    refused, amf, amf-resync, sqn-ahead, sqn-behind, sqn-ok. `wrong` tells whether it is a fault."""

    code: str
    wrong: bool
    text: str


def diagnose(
    algorithm: Algorithm,
    keys: CardKeys,
    amf: bytes,
    exchange: Exchange,
    *,
    counter: Counter | None = None,
    op: Secret | None = None,
    neighbours: Iterable[tuple[str, CardKeys]] = (),
    now: int = 0,
) -> list[Finding]:
    """Findings for one card.

    Args:
        keys: what the database holds, or what the operator believes.
        amf: the AMF configured for the card.
        counter: the card's counter in the database, to tell where SQN stands.
        op: an OP the operator knows, to test OPc made from it.
        neighbours: other cards (IMSI, keys) whose row may have been swapped with this one.
    """
    if len(exchange.rand) != 16 or len(exchange.autn) != 8 + algorithm.mac_size:
        raise FormatError(f"RAND has 16 bytes, AUTN {8 + algorithm.mac_size}")
    stored = algorithm.bind(keys.k, keys.opc)
    network_ok = _mac_amf(stored, exchange, amf)
    card_ok = _card_matches(stored, exchange)
    findings: list[Finding] = []
    if not card_ok or network_ok is None:
        findings += _blame_keys(algorithm, keys, exchange, network_ok is not None, card_ok, op, neighbours)
    elif exchange.refused:
        text = "AUTN was made with the stored keys and the card refused it (empty response): it has another K or OPc"
        findings.append(Finding("refused", True, text))
    elif exchange.answered:
        findings.append(Finding("ok", False, "K and OPc are right: network and card computed the same"))
    else:
        findings.append(Finding("ok", False, "AUTN was made with the stored K and OPc; the card's answer is not given"))
    if network_ok is not None and network_ok != amf:
        text = f"MAC-A was made with AMF {network_ok.hex()}, configured is {amf.hex()}"
        findings.append(Finding("amf", True, text))
    if network_ok is not None and network_ok != exchange.autn[6:8]:
        text = f"AUTN carries AMF {exchange.autn[6:8].hex()}, its MAC-A was made with {network_ok.hex()}"
        findings.append(Finding("amf", True, text))
    findings += _sequence(stored, exchange, network_ok is not None, amf, counter, now)
    return findings


def _mac_amf(functions: Functions, exchange: Exchange, amf: bytes) -> bytes | None:
    """The AMF under which MAC-A is right: that of AUTN, the configured one, or a usual one; None if none is."""
    sqn = xor(exchange.autn[:6], functions.f2345(exchange.rand).ak)
    for candidate in (exchange.autn[6:8], amf, b"\x00\x00", b"\x80\x00"):
        if hmac.compare_digest(functions.f1(exchange.rand, sqn, candidate), exchange.autn[8:]):
            return candidate
    return None


def _card_matches(functions: Functions, exchange: Exchange) -> bool:
    """Whether the card's answer was made with these keys; True if there is no answer to tell."""
    if exchange.res is not None and not hmac.compare_digest(functions.f2345(exchange.rand).res, exchange.res):
        return False
    if exchange.auts is None:
        if exchange.digest is None or exchange.refused:
            return True
        return exchange.digest.matches(functions.f2345(exchange.rand))
    return _auts_amf(functions, exchange, exchange.autn[6:8]) is not None


def _auts_amf(functions: Functions, exchange: Exchange, amf: bytes) -> bytes | None:
    for candidate in (RESYNC_AMF, amf, b"\x80\x00"):
        if exchange.auts is not None and check_auts(functions, exchange.rand, exchange.auts, candidate) is not None:
            return candidate
    return None


def _hypotheses(
    algorithm: Algorithm, keys: CardKeys, op: Secret | None, neighbours: Iterable[tuple[str, CardKeys]]
) -> Iterator[tuple[str, str, CardKeys]]:
    yield (
        "op-as-opc",
        "the stored OPc is really an OP: derive OPc from it (olelo sim opc)",
        CardKeys(keys.k, algorithm.opc(keys.k, keys.opc)),
    )
    if len(keys.k) == len(keys.opc):
        yield "k-opc-swapped", "K and OPc are in each other's place", CardKeys(keys.opc, keys.k)
        swapped = CardKeys(keys.opc, algorithm.opc(keys.opc, keys.k))
        yield "k-opc-swapped", "K and OP are in each other's place, and OP was used as OPc", swapped
    if op is not None:
        derived = algorithm.opc(keys.k, op)
        yield (
            "opc-not-of-op",
            "K is right, the stored OPc is not; OPc made from the given OP is",
            CardKeys(keys.k, derived),
        )
        yield "opc-as-op", "the given OP was used as OPc, without deriving", CardKeys(keys.k, op)
        if op == keys.opc:
            twice = algorithm.opc(keys.k, derived)
            yield "opc-as-op", "an OPc was used as OP: it was derived twice", CardKeys(keys.k, twice)
    for imsi, other in neighbours:
        yield "neighbour", f"the keys are those of IMSI {imsi}: rows or cards were swapped", other
        mixed = CardKeys(other.k, keys.opc)
        yield "neighbour", f"K is that of IMSI {imsi}, OPc is right: a column was shifted", mixed
        mixed = CardKeys(keys.k, other.opc)
        yield "neighbour", f"OPc is that of IMSI {imsi}, K is right: a column was shifted", mixed


def _blame_keys(
    algorithm: Algorithm,
    keys: CardKeys,
    exchange: Exchange,
    network_ok: bool,
    card_ok: bool,
    op: Secret | None,
    neighbours: Iterable[tuple[str, CardKeys]],
) -> list[Finding]:
    for code, text, candidate in _hypotheses(algorithm, keys, op, neighbours):
        functions = algorithm.bind(candidate.k, candidate.opc)
        if not card_ok and _card_matches(functions, exchange):
            return [Finding(code, True, f"on the card: {text}")]
        if not network_ok and _mac_amf(functions, exchange, exchange.autn[6:8]) is not None:
            side = "on the network side" if exchange.answered else "where AUTN was made"
            return [Finding(code, True, f"{side}: {text}")]
    if network_ok:
        return [
            Finding("keys", True, "AUTN was made with the stored keys, the card answers with others: wrong K or OPc")
        ]
    if card_ok and exchange.answered:
        text = "the card has the stored keys, AUTN was made with others: another AuC serves this IMSI"
        return [Finding("network-keys", True, text)]
    text = "neither AUTN nor the card's answer was made with the stored keys: wrong K, or OPc of another OP"
    return [Finding("keys", True, text)]


def _sequence(
    functions: Functions, exchange: Exchange, network_ok: bool, amf: bytes, counter: Counter | None, now: int
) -> list[Finding]:
    findings: list[Finding] = []
    if not network_ok:
        return findings
    length = 5 if counter is None else counter.ind_length
    sqn = int.from_bytes(xor(exchange.autn[:6], functions.f2345(exchange.rand).ak), "big")
    seq, ind = split(sqn, length)
    if exchange.auts is not None and (resync_amf := _auts_amf(functions, exchange, amf)) is not None:
        if resync_amf != RESYNC_AMF:
            text = f"the card made MAC-S with AMF {resync_amf.hex()} instead of 0000 (TS 33.102 section 6.3.3)"
            findings.append(Finding("amf-resync", True, text))
        sqn_ms = check_auts(functions, exchange.rand, exchange.auts, resync_amf) or 0
        seq_ms, ind_ms = split(sqn_ms, length)
        text = f"the card is at SEQ {seq_ms} (IND {ind_ms}), the challenge had SEQ {seq} (IND {ind})"
        if counter is not None and accepted_by_card(counter.next_sqn(now), sqn_ms, length):
            text += "; the database is ahead already, the next challenge will be accepted"
        code = "sqn-behind" if seq <= seq_ms else "sqn-ahead"
        findings.append(Finding(code, True, text))
    elif counter is not None:
        if ind != counter.ind:
            text = f"AUTN has IND {ind}, this card's is {counter.ind}: another server makes vectors for it"
            findings.append(Finding("sqn-ahead", True, text))
        elif sqn > counter.sqn:
            text = f"AUTN has SEQ {seq}, the database is at {counter.sqn >> length}: a restored backup, or a second AuC"
            findings.append(Finding("sqn-ahead", True, text))
        else:
            findings.append(Finding("sqn-ok", False, f"SEQ {seq}, IND {ind}; the database is not behind"))
    return findings
