"""`olelo sim audit`: repeated, weak and known keys, shared OP, wrong Luhn digits, records that do not open.

Two passes. The first keeps 8 bytes of a keyed hash per K and OPc to find repeats (a few hundred megabytes would be
needed for the keys themselves, and they would be in memory); the second names the cards.
"""

import hashlib
import math
import os
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from olelo.auc.algorithm import Algorithm
from olelo.auc.batch import COMMON, Progress, is_pattern, quiet
from olelo.auc.cards import Cards, Selection, open_card
from olelo.auc.errors import SealError
from olelo.auc.keyring import Keyring
from olelo.auc.ledger import Ledger
from olelo.auc.numbering import has_luhn
from olelo.auc.profile import parse_profile
from olelo.auc.published import MILENAGE, TUAK
from olelo.auc.seal import CardKeys
from olelo.auc.secret import Secret
from olelo.auc.selftest import published_sets
from olelo.auc.sqn import DELTA
from olelo.auc.store import Store, Subscriber

# Keys printed in documentation and configuration examples of open-source cores; whoever uses them has no secret.
_EXAMPLES = """
    8baf473f2f8fd09487cccbd7097c6862 465b5ce8b199b49faa5f0a2ee238a6bc 00112233445566778899aabbccddeeff
    fec86ba6eb707ed08905757b1bb44b8f 0c0a34601d4f07677303652c0462535b 11111111111111111111111111111111
    8e27b6af0e692e750f32667a3b14605d e8ed289deba952e4283b54e88e6183ca 63bfa50ee6523365ff14c1f45f88737d
    c42449363bbad02b66d16bc975d77cc1 63bfa50ee6523365ff14c1f45f88737e e734f8734007d6c5ce7a0508809e7e9c
    000102030405060708090a0b0c0d0e0f 0123456789abcdef0123456789abcdef ffeeddccbbaa99887766554433221100
    cdc202d5123e20f62b6d676ac72cb318 cd63cb71954a9f4e48a5994e37a02baf 5f1d289c5d354d0a140c2548f5f3e3ba
"""


@dataclass(frozen=True, slots=True)
class Issue:
    """`code`: repeated-k, repeated-opc, weak-k, weak-opc, known-k, known-opc, known-op, shared-op, luhn, seal,
    codes, sqn. `imsi` is empty for a whole batch. `text` holds no key."""

    code: str
    imsi: str
    text: str


def known_keys() -> set[bytes]:
    """K, OP and OPc values that are public."""
    words = _EXAMPLES.split()
    for text in (MILENAGE, TUAK):
        words += [word for word in text.split() if len(word) in (32, 64)]
    return {bytes.fromhex(word) for word in words}


def known_ops() -> list[Secret]:
    """Public values that were meant as OP or TOP, and the examples, of which any may be one."""
    words = {*_EXAMPLES.split(), *(values[4] for _, values in published_sets(MILENAGE))}
    words |= {values[9] for _, values in published_sets(TUAK)}
    return [Secret(bytes.fromhex(word)) for word in sorted(words)]


def weakness(key: bytes) -> str:
    """Why a key looks made by hand; empty if it looks random. A random key is accused less than once in 10^8."""
    if len(set(key)) <= len(key) // 2:
        return f"only {len(set(key))} different bytes"
    steps = {(second - first) % 256 for first, second in zip(key, key[1:], strict=False)}
    if len(steps) <= 3:
        return "a counting pattern"
    if key[: len(key) // 2] == key[len(key) // 2 :]:
        return "two equal halves"
    if key.isalnum():  # for bytes: ASCII letters and digits
        return "letters and digits as text"
    return ""


def audit(
    store: Store,
    ring: Keyring,
    selection: Selection,
    *,
    ops: list[Secret] | None = None,
    random: Callable[[int], bytes] = os.urandom,
    progress: Progress = quiet,
) -> Iterator[Issue]:
    """Issues of the selected cards.

    Args:
        ops: operator constants to look for behind the cards' OPc, beside the public ones.
        progress: called with the number of cards read since the last call; each card is read once or twice.
    """
    cards = Cards(store)
    for batch in Ledger(store).batches():
        if batch.op_mode == COMMON and batch.status == "ready" and selection.batch in (None, batch.name):
            text = f"batch {batch.name}: {batch.count} cards share one OP; whoever has it needs only their K"
            yield Issue("shared-op", "", text)
    salt = random(32)
    marks = array("Q")
    suspects = _Suspects(known_keys(), ops or [])
    pending = 0
    for subscriber in cards.browse(selection):
        pending += 1
        if pending == 1000:
            progress(pending)
            pending = 0
        yield from _numbers(subscriber)
        try:
            card = open_card(ring, subscriber)
        except SealError as error:
            yield Issue("seal", subscriber.imsi, str(error))
            continue
        yield from suspects.of(subscriber, card.keys)
        for key in (card.keys.k, card.keys.opc):
            marks.append(_mark(salt, key))
        yield from _codes(subscriber.imsi, dict(card.codes))
    progress(pending)
    repeated = _repeats(marks)
    if repeated:
        yield from _name_repeats(cards, ring, selection, salt, repeated)


def _mark(salt: bytes, key: Secret) -> int:
    return int.from_bytes(hashlib.blake2b(key.reveal(), key=salt, digest_size=8).digest(), "big")


def _repeats(marks: "array[int]") -> set[int]:
    ordered = sorted(marks)
    return {second for first, second in zip(ordered, ordered[1:], strict=False) if first == second}


def _name_repeats(
    cards: Cards, ring: Keyring, selection: Selection, salt: bytes, repeated: set[int]
) -> Iterator[Issue]:
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for subscriber in cards.browse(selection):
        try:
            card = open_card(ring, subscriber, codes=False)
        except SealError:
            continue  # reported in the first pass
        for name, key in (("k", card.keys.k), ("opc", card.keys.opc)):
            mark = _mark(salt, key)
            if mark in repeated:
                found[mark].append((name, subscriber.imsi))
    for places in found.values():
        names = {name for name, _ in places}
        first = places[0][1]
        if names == {"opc"}:
            text = f"{len(places)} cards have one OPc: an OP was stored as OPc, or the card maker did not derive"
            yield Issue("repeated-opc", first, text)
        else:
            others = ", ".join(imsi for _, imsi in places[1:4]) + (", ..." if len(places) > 4 else "")
            what = "K" if names == {"k"} else "a key that is K here and OPc there"
            yield Issue("repeated-k", first, f"shares {what} with {others}")


class _Suspects:
    def __init__(self, known: set[bytes], ops: list[Secret]) -> None:
        self._known = known
        self._ops = [(op, "a public OP") for op in known_ops()] + [(op, "the given OP") for op in ops]

    def of(self, subscriber: Subscriber, keys: CardKeys) -> Iterator[Issue]:
        imsi = subscriber.imsi
        for name, key in (("k", keys.k), ("opc", keys.opc)):
            label = "K" if name == "k" else "OPc"
            if key.reveal() in self._known:
                yield Issue(f"known-{name}", imsi, f"{label} is printed in public documents")
            elif reason := weakness(key.reveal()):
                yield Issue(f"weak-{name}", imsi, f"{label} is not random: {reason}")
        if keys.k == keys.opc:
            yield Issue("repeated-k", imsi, "K and OPc are the same")
        yield from self._op(subscriber, parse_profile(subscriber.algorithm), keys)

    def _op(self, subscriber: Subscriber, algorithm: Algorithm, keys: CardKeys) -> Iterator[Issue]:
        fitting = [(op, what) for op, what in self._ops if len(op) == algorithm.op_size]
        derived = algorithm.opc_many(keys.k, [op for op, _ in fitting])
        for (op, what), opc in zip(fitting, derived, strict=True):
            if op == keys.opc and what == "the given OP":
                yield Issue("known-op", subscriber.imsi, "the given OP itself is stored as OPc")
            elif opc == keys.opc:
                code = "known-op" if what == "a public OP" else "shared-op"
                yield Issue(code, subscriber.imsi, f"OPc was made from {what}")


def _numbers(subscriber: Subscriber) -> Iterator[Issue]:
    if subscriber.iccid and not has_luhn(subscriber.iccid):
        yield Issue("luhn", subscriber.imsi, f"ICCID {subscriber.iccid} has a wrong Luhn digit")
    counter = subscriber.counter
    # A card that never saw a higher number refuses such a jump, and every card near the end of SEQ dies soon.
    if counter.sqn >> counter.ind_length >= (1 << (48 - counter.ind_length)) - DELTA:
        left = math.log2((1 << (48 - counter.ind_length)) - (counter.sqn >> counter.ind_length))
        yield Issue("sqn", subscriber.imsi, f"the sequence number is near its end (2^{left:.0f} left)")


def _codes(imsi: str, codes: dict[str, str]) -> Iterator[Issue]:
    for name in ("PIN1", "PUK1", "PIN2", "PUK2", "ADM1"):
        value = codes.get(name, "")
        # PIN1 is delivered as 0000 or 1234 by many card makers on purpose; a PUK or ADM never is.
        if value and not name.startswith("PIN") and is_pattern(value):
            yield Issue("codes", imsi, f"{name} is a pattern")
