"""The audit finds what is planted, and nothing in a sound batch."""

from pathlib import Path

import pytest

from auc.kit import FIRST_IMSI, NOW, RING, Dice, open_store, stocked
from olelo.auc import schema
from olelo.auc.audit import audit, known_keys, weakness
from olelo.auc.batch import COMMON
from olelo.auc.card import Card
from olelo.auc.cards import ALL, Selection
from olelo.auc.ledger import BatchInfo, Floor, Ledger, card_row
from olelo.auc.milenage import Milenage
from olelo.auc.seal import CardKeys, Codes
from olelo.auc.secret import Secret
from olelo.auc.store import Store

DICE = Dice("audit")
OP = Secret(DICE(16))
PUBLIC_OP = Secret.from_hex("cdc202d5123e20f62b6d676ac72cb318")


def _planted(directory: Path, *cards: tuple[Secret, Secret], iccid: str = "", codes: Codes | None = None) -> Store:
    store = open_store(directory)
    ledger = Ledger(store)
    batch_id = ledger.begin(BatchInfo("planted", "milenage", "001", "01", "imported", "test", NOW), [])
    rows = []
    for number, (k, opc) in enumerate(cards, 1):
        card = Card(f"00101000000000{number}", iccid, CardKeys(k, opc), "001", "01", batch="planted")
        card.codes = codes or Codes()
        rows.append(card_row(card, RING, Dice(str(number)), Floor(), NOW))
    ledger.add(batch_id, rows)
    ledger.finish(batch_id, NOW, "test")
    return store


def _found(store: Store, **options: object) -> list[tuple[str, str]]:
    return [(item.code, item.imsi) for item in audit(store, RING, ALL, random=Dice("salt"), **options)]  # type: ignore[arg-type]


def test_a_sound_batch(tmp_path: Path) -> None:
    store = stocked(tmp_path, count=50)
    seen: list[int] = []
    assert _found(store, progress=seen.append) == []
    assert sum(seen) == 50


def test_repeats(tmp_path: Path) -> None:
    k, first, second = Secret(DICE(16)), Secret(DICE(16)), Secret(DICE(16))
    assert _found(_planted(tmp_path, (k, first), (Secret(DICE(16)), Secret(DICE(16))), (k, second))) == [
        ("repeated-k", "001010000000001")
    ]


def test_one_opc_for_several_cards_is_an_op(tmp_path: Path) -> None:
    shared = Secret(DICE(16))
    assert _found(_planted(tmp_path, (Secret(DICE(16)), shared), (Secret(DICE(16)), shared))) == [
        ("repeated-opc", "001010000000001")
    ]


def test_k_that_is_opc(tmp_path: Path) -> None:
    key = Secret(DICE(16))
    assert ("repeated-k", "001010000000001") in _found(_planted(tmp_path, (key, key)))


def test_public_keys_and_a_public_op(tmp_path: Path) -> None:
    public = Secret.from_hex("465b5ce8b199b49faa5f0a2ee238a6bc")
    own = Secret(DICE(16))
    found = _found(_planted(tmp_path, (public, Secret(DICE(16))), (own, Milenage().opc(own, PUBLIC_OP))))
    assert found == [("known-k", "001010000000001"), ("known-op", "001010000000002")]


def test_a_shared_op_that_is_given_or_declared(tmp_path: Path) -> None:
    own = Secret(DICE(16))
    store = _planted(tmp_path, (own, Milenage().opc(own, OP)), (Secret(DICE(16)), OP))
    assert _found(store) == []
    assert _found(store, ops=[OP]) == [("shared-op", "001010000000001"), ("known-op", "001010000000002")]


def test_a_batch_with_a_common_op_is_named(tmp_path: Path) -> None:
    store = stocked(tmp_path, op_mode=COMMON, op=OP)
    assert _found(store) == [("shared-op", "")]
    assert [item.code for item in audit(store, RING, Selection(batch="other"))] == []


@pytest.mark.parametrize(
    "hexadecimal",
    ["00" * 16, "11" * 16, "000102030405060708090a0b0c0d0e0f", "0123456789abcdef" * 2, b"MySecretKey12345".hex()],
)
def test_weak_keys(hexadecimal: str) -> None:
    assert weakness(bytes.fromhex(hexadecimal))


def test_random_keys_are_not_accused() -> None:
    assert not any(weakness(DICE(size)) for size in (16, 32) for _ in range(5000))


def test_a_weak_key_in_the_database(tmp_path: Path) -> None:
    assert _found(_planted(tmp_path, (Secret(b"MySecretKey12345"), Secret(DICE(16))))) == [
        ("weak-k", "001010000000001")
    ]


def test_luhn_codes_and_damaged_records(tmp_path: Path) -> None:
    store = _planted(
        tmp_path, (Secret(DICE(16)), Secret(DICE(16))), iccid="8988211000000000012", codes=Codes({"PUK1": "12345678"})
    )
    assert _found(store) == [("luhn", "001010000000001"), ("codes", "001010000000001")]
    with store.engine.begin() as connection:
        connection.execute(schema.cards.update().values(sealed_keys=b"x" * 60, sqn=(1 << 48) - 32))
    assert _found(store) == [("luhn", FIRST_IMSI), ("sqn", FIRST_IMSI), ("seal", FIRST_IMSI)]


def test_the_known_keys_are_there_and_no_issue_shows_one(tmp_path: Path) -> None:
    assert bytes.fromhex("8baf473f2f8fd09487cccbd7097c6862") in known_keys()
    key = Secret(bytes(16))
    texts = " ".join(item.text for item in audit(_planted(tmp_path, (key, key)), RING, ALL))
    assert "00" * 16 not in texts
