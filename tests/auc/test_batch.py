"""Making a batch: whole or not at all, flat memory, OP thrown away, the ledger."""

import tracemalloc
from pathlib import Path

import pytest

from auc.kit import NOW, RING, Dice, open_store, plan, stocked
from olelo.auc.batch import COMMON, RANDOM_OPC, dry_run, is_pattern, make_batch, new_cards, new_codes
from olelo.auc.cards import Cards
from olelo.auc.errors import AucError, FormatError, KeyFormatError, NotFound, NumberingError, OverlapError, StateError
from olelo.auc.ledger import CHUNK, Ledger
from olelo.auc.milenage import Milenage
from olelo.auc.numbering import has_luhn, iccid_range, imsi_range, msisdn_range
from olelo.auc.secret import Secret
from olelo.auc.tuak import Tuak

OP = Secret(bytes(range(16)))


def test_a_batch_is_what_its_plan_says(tmp_path: Path) -> None:
    store = stocked(tmp_path, count=7, msisdns=msisdn_range("685700001", 7), amf=b"\x80\x00", ind=3)
    cards = list(Cards(store).opened(RING))
    assert [card.imsi for card in cards] == [f"00101000000000{n}" for n in range(1, 8)]
    assert all(has_luhn(card.iccid) for card in cards)
    assert [card.msisdn for card in cards] == [f"68570000{n}" for n in range(1, 8)]
    assert {(card.amf, card.ind, card.state, card.algorithm) for card in cards} == {
        (b"\x80\x00", 3, "active", "milenage")
    }
    assert [len(cards[0].codes[name]) for name in ("PIN1", "PUK1", "PIN2", "PUK2", "ADM1")] == [4, 8, 4, 8, 8]
    assert len({card.keys.k.reveal() for card in cards} | {card.keys.opc.reveal() for card in cards}) == 14


def test_op_per_card_is_drawn_used_and_gone() -> None:
    drawn: list[bytes] = []
    dice = Dice()

    def recording(size: int) -> bytes:
        drawn.append(dice(size))
        return drawn[-1]

    (card,) = new_cards(plan(count=1, codes=False), recording)
    k, op = drawn
    assert card.keys.k == Secret(k)
    assert card.keys.opc == Milenage().opc(Secret(k), Secret(op))


def test_random_opc_and_common_op() -> None:
    drawn: list[bytes] = []
    dice = Dice()

    def recording(size: int) -> bytes:
        drawn.append(dice(size))
        return drawn[-1]

    (card,) = new_cards(plan(count=1, codes=False, op_mode=RANDOM_OPC), recording)
    assert [card.keys.k, card.keys.opc] == [Secret(value) for value in drawn]
    for card in new_cards(plan(count=3, op_mode=COMMON, op=OP), Dice()):
        assert card.keys.opc == Milenage().opc(card.keys.k, OP)


def test_tuak_cards() -> None:
    top = Secret(bytes(32))
    cards = list(new_cards(plan(count=2, algorithm="tuak:iterations=2", key_bits=256, op_mode=COMMON, op=top), Dice()))
    assert [len(card.keys.k) for card in cards] == [32, 32]
    assert cards[0].keys.opc == Tuak(iterations=2).opc(cards[0].keys.k, top)


@pytest.mark.parametrize(
    ("name", "imsi", "iccid"),
    [
        ("first", "001010000000900", "898821100000000900"),
        ("other", "001010000000005", "898821100000000900"),
        ("other", "001010000000900", "898821100000000003"),
    ],
)
def test_an_overlap_is_refused_before_anything_is_written(tmp_path: Path, name: str, imsi: str, iccid: str) -> None:
    store = stocked(tmp_path)
    second = plan(name, 3, imsis=imsi_range(imsi, 3, "001", "01"), iccids=iccid_range(iccid, 3))
    for attempt in (dry_run, lambda *args: make_batch(store, RING, second, now=NOW, who="test")):
        with pytest.raises(OverlapError, match="first"):
            attempt(store, second, NOW)
    assert Cards(store).count() == 5
    assert [info.name for info in Ledger(store).batches()] == ["first"]


def test_an_msisdn_is_not_given_twice(tmp_path: Path) -> None:
    store = stocked(tmp_path, msisdns=msisdn_range("685700001", 5))
    free = {"imsis": imsi_range("001010000000900", 1, "001", "01"), "iccids": iccid_range("898821100000000900", 1)}
    with pytest.raises(OverlapError, match="MSISDN"):
        dry_run(store, plan("second", 1, msisdns=msisdn_range("685700005", 1), **free), NOW)
    # Ten digits and nine digits are different numbers, however they sort as text.
    dry_run(store, plan("second", 1, msisdns=msisdn_range("6857000030", 1), **free), NOW)


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    dry_run(store, plan(), NOW)
    assert Ledger(store).batches() == []


@pytest.mark.parametrize("stop_after", [CHUNK, CHUNK + 1])
def test_an_interrupted_batch_leaves_nothing(tmp_path: Path, stop_after: int) -> None:
    store = open_store(tmp_path)
    calls = 0
    dice = Dice()

    def failing(size: int) -> bytes:
        nonlocal calls
        calls += 1
        if calls > stop_after * 4:
            raise KeyboardInterrupt
        return dice(size)

    with pytest.raises(KeyboardInterrupt):
        make_batch(store, RING, plan(count=CHUNK * 2, codes=False), now=NOW, who="test", random=failing)
    assert Cards(store).key_ids() == {}
    assert Ledger(store).batches() == []
    assert make_batch(store, RING, plan(), now=NOW, who="test") == 5


def test_a_killed_batch_is_invisible_named_and_can_be_discarded(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    ledger = Ledger(store)
    ledger.begin(plan().info(NOW), plan().ranges)
    with pytest.raises(OverlapError, match="olelo sim batch discard first"):
        make_batch(store, RING, plan(), now=NOW, who="test")
    assert ledger.discard("first") == 0
    make_batch(store, RING, plan(), now=NOW, who="test")
    with pytest.raises(StateError):
        ledger.discard("first")
    with pytest.raises(NotFound):
        ledger.discard("nothing")
    assert Cards(store).count() == 5


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"name": "a b"}, FormatError),
        ({"name": ""}, FormatError),
        ({"algorithm": "comp128"}, FormatError),
        ({"algorithm": "tuak:mac=128"}, FormatError),
        ({"key_bits": 256}, KeyFormatError),
        ({"amf": b"\x00"}, FormatError),
        ({"ind": 32}, FormatError),
        ({"state": "new"}, FormatError),
        ({"op_mode": COMMON}, KeyFormatError),
        ({"op_mode": COMMON, "op": Secret(bytes(32))}, KeyFormatError),
        ({"op": OP}, KeyFormatError),
        ({"op_mode": "shared"}, FormatError),
        ({"iccids": iccid_range("898821100000000001", 4)}, NumberingError),
        ({"mnc": "1"}, NumberingError),
    ],
)
def test_plans_that_are_not_sound(tmp_path: Path, changes: dict, error: type[AucError]) -> None:
    store = open_store(tmp_path)
    with pytest.raises(error):
        make_batch(store, RING, plan(**changes), now=NOW, who="test")
    assert Ledger(store).batches() == []


def test_progress_counts_every_card(tmp_path: Path) -> None:
    seen: list[int] = []
    make_batch(open_store(tmp_path), RING, plan(count=CHUNK + 7), now=NOW, who="test", progress=seen.append)
    assert seen == [CHUNK, 7]


def test_memory_does_not_grow_with_the_batch(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    peaks = []
    make_batch(store, RING, plan("warm", 10), now=NOW, who="test")
    for name, start, count in (("small", 100_000, CHUNK), ("large", 200_000, CHUNK * 4)):
        imsis = imsi_range(f"0010100{start:08}", count, "001", "01")
        iccids = iccid_range(f"8988211000{start:08}", count)
        tracemalloc.start()
        make_batch(store, RING, plan(name, count, imsis=imsis, iccids=iccids), now=NOW, who="test")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5


def test_no_code_is_a_pattern() -> None:
    pool = [bytes(40), (1234).to_bytes(8, "big") * 5, Dice()(40)]
    codes = new_codes(lambda _size: pool.pop(0))
    assert pool == []
    assert not any(is_pattern(code) for code in codes.values())
    assert [is_pattern(code) for code in ("0000", "1234", "90123", "12345678", "1243", "0001")] == [True] * 4 + [
        False
    ] * 2


def test_msisdns_may_come_back_to_use(tmp_path: Path) -> None:
    store = stocked(tmp_path, msisdns=msisdn_range("685700001", 5))
    free = {"imsis": imsi_range("001010000000900", 1, "001", "01"), "iccids": iccid_range("898821100000000900", 1)}
    again = plan("second", 1, msisdns=msisdn_range("685700005", 1), reuse_msisdns=True, **free)
    dry_run(store, again, NOW)
    make_batch(store, RING, again, now=NOW, who="test")
    assert [card.imsi for card in store.subscribers_by_msisdn("685700005")] == ["001010000000005", "001010000000900"]
