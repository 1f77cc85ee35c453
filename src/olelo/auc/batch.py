"""A batch of new cards: planned, checked against the ledger, made and sealed card by card.

Memory does not grow with the batch: cards are made in chunks, and no list of them exists. With an operator constant
per card (the default) OP is drawn, used once for OPc, and forgotten in the same line.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from olelo.auc.algorithm import Algorithm
from olelo.auc.card import STATES, Card
from olelo.auc.errors import FormatError, KeyFormatError, NumberingError
from olelo.auc.keyring import Keyring
from olelo.auc.ledger import CHUNK, BatchInfo, Floor, Ledger, Range, card_row
from olelo.auc.numbering import NumberRange, check_plmn
from olelo.auc.profile import parse_profile
from olelo.auc.seal import CardKeys, Codes, RandomSource
from olelo.auc.secret import Secret
from olelo.auc.sqn import DEFAULT_IND, DEFAULT_IND_LENGTH, check_ind
from olelo.auc.store import Store

Progress = Callable[[int], None]
PER_CARD, RANDOM_OPC, COMMON = "per-card", "random-opc", "common"
_COUNTED = "01234567890123456789"
_CODES = (("PIN1", 4), ("PUK1", 8), ("PIN2", 4), ("PUK2", 8), ("ADM1", 8))  # name, digits


def quiet(_count: int) -> None:
    """A progress callback that shows nothing."""


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """What is asked for.

    `op_mode`: `per-card` (OP random per card, thrown away), `random-opc` (OPc itself random), `common` (`op` for
    all cards). `seq_floor`: SEQ follows the clock, see `sqn.Counter`. `key_bits`: length of K, 256 only for TUAK.
    `reuse_msisdns`: the MSISDNs may have been given before; they are neither checked nor entered.
    """

    name: str
    mcc: str
    mnc: str
    imsis: NumberRange
    iccids: NumberRange
    msisdns: NumberRange | None = None
    algorithm: str = "milenage"
    op_mode: str = PER_CARD
    op: Secret | None = None
    key_bits: int = 128
    amf: bytes = b"\x00\x00"
    ind: int = DEFAULT_IND
    ind_length: int = DEFAULT_IND_LENGTH
    seq_floor: bool = True
    codes: bool = True
    state: str = "made"
    reuse_msisdns: bool = False

    @property
    def count(self) -> int:
        """Number of cards."""
        return self.imsis.count

    @property
    def ranges(self) -> list[Range]:
        """The numbers the batch takes."""
        msisdns = None if self.reuse_msisdns else self.msisdns
        named = [("imsi", self.imsis), ("iccid", self.iccids), ("msisdn", msisdns)]
        return [Range(kind, *numbers.bounds) for kind, numbers in named if numbers is not None]

    def check(self) -> Algorithm:
        """The algorithm, if the plan is sound.

        Raises:
            FormatError, KeyFormatError, NumberingError: it is not.
        """
        algorithm = parse_profile(self.algorithm)
        check_batch_name(self.name)
        check_plmn(self.mcc, self.mnc)
        check_ind(self.ind, self.ind_length)
        if len(self.amf) != 2:
            raise FormatError("AMF has 4 hexadecimal digits")
        if algorithm.mac_size != 8:
            raise FormatError("AUTN holds a MAC of 64 bits (TS 33.102 section 6.3.2); choose mac=64")
        if self.key_bits // 8 not in algorithm.key_sizes:
            raise KeyFormatError(f"{algorithm.name} has no K of {self.key_bits} bits")
        if self.state not in STATES:
            raise FormatError(f"unknown state {self.state!r}: {', '.join(STATES)}")
        if self.op_mode not in (PER_CARD, RANDOM_OPC, COMMON):
            raise FormatError(f"unknown way to choose OP {self.op_mode!r}")
        if (self.op is not None) != (self.op_mode == COMMON):
            raise KeyFormatError("an OP is given exactly when it is common to the batch")
        if self.op is not None and len(self.op) != algorithm.op_size:
            raise KeyFormatError(f"the OP of {algorithm.name} has {algorithm.op_size * 8} bits, not {len(self.op) * 8}")
        if any(numbers.count != self.count for numbers in (self.iccids, self.msisdns) if numbers is not None):
            raise NumberingError("IMSI, ICCID and MSISDN ranges differ in length")
        return algorithm

    def info(self, now: int) -> BatchInfo:
        """The ledger entry."""
        name = parse_profile(self.algorithm).profile
        return BatchInfo(self.name, name, self.mcc, self.mnc, self.op_mode, "made here", now)


def check_batch_name(name: str) -> str:
    """The name if it is 1 to 64 letters, digits, dots, dashes or underscores."""
    plain = name.replace("-", "").replace("_", "").replace(".", "")
    if not (1 <= len(name) <= 64 and plain.isascii() and plain.isalnum()):
        raise FormatError(f"batch name {name!r}: 1 to 64 letters, digits, dots, dashes and underscores")
    return name


def new_keys(algorithm: Algorithm, key_bits: int, op_mode: str, op: Secret | None, random: RandomSource) -> CardKeys:
    """Fresh K and OPc of one card."""
    k = Secret(random(key_bits // 8))
    if op_mode == RANDOM_OPC:
        return CardKeys(k, Secret(random(algorithm.op_size)))
    return CardKeys(k, algorithm.opc(k, op if op is not None else Secret(random(algorithm.op_size))))


def is_pattern(code: str) -> bool:
    """Whether a code is one digit repeated, or digits counted up."""
    return code in _COUNTED or len(set(code)) == 1


def new_codes(random: RandomSource) -> Codes:
    """Fresh PIN, PUK and ADM codes, decimal digits, none of them a pattern."""
    while True:
        # 64 bits for at most 8 digits: the bias of the remainder is below 10^-11.
        pool = random(8 * len(_CODES))
        codes = {
            name: str(int.from_bytes(pool[i * 8 : i * 8 + 8], "big") % 10**digits).zfill(digits)
            for i, (name, digits) in enumerate(_CODES)
        }
        if not any(is_pattern(code) for code in codes.values()):
            return Codes(codes)


def new_cards(plan: BatchPlan, random: RandomSource) -> Iterator[Card]:
    """The cards of a plan, one after the other."""
    algorithm = plan.check()
    for index in range(plan.count):
        yield Card(
            imsi=plan.imsis.number(index),
            iccid=plan.iccids.number(index),
            msisdn=None if plan.msisdns is None else plan.msisdns.number(index),
            keys=new_keys(algorithm, plan.key_bits, plan.op_mode, plan.op, random),
            codes=new_codes(random) if plan.codes else Codes(),
            mcc=plan.mcc,
            mnc=plan.mnc,
            algorithm=algorithm.profile,
            amf=plan.amf,
            ind=plan.ind,
            ind_length=plan.ind_length,
            state=plan.state,
            batch=plan.name,
        )


def dry_run(store: Store, plan: BatchPlan, now: int) -> None:
    """Raise what `make_batch` would raise before its first card; writes nothing."""
    plan.check()
    Ledger(store).check(plan.info(now), plan.ranges)


def make_batch(
    store: Store,
    ring: Keyring,
    plan: BatchPlan,
    *,
    now: int,
    who: str,
    random: RandomSource = os.urandom,
    progress: Progress = quiet,
) -> int:
    """Make the cards of a plan; returns their number.

    Args:
        progress: called with the number of cards stored since the last call.

    Raises:
        OverlapError: name or numbers are taken; nothing is written.
        FormatError, KeyFormatError, NumberingError: the plan is not sound; nothing is written.

    On any other failure, an interrupt among them, what was written is removed before the exception goes on;
    StoreError if that fails too.
    """
    plan.check()
    ledger = Ledger(store)
    batch_id = ledger.begin(plan.info(now), plan.ranges)
    floor = Floor(now if plan.seq_floor else None)
    try:
        rows: list[dict[str, object]] = []
        for card in new_cards(plan, random):
            rows.append(card_row(card, ring, random, floor, now))
            if len(rows) == CHUNK:
                ledger.add(batch_id, rows)
                progress(len(rows))
                rows = []
        ledger.add(batch_id, rows)
        progress(len(rows))
        return ledger.finish(batch_id, now, who)
    except BaseException as error:
        ledger.give_up(batch_id, plan.name, error)
        raise
