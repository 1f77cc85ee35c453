"""Sealed records open only in the row they were sealed for."""

from dataclasses import fields, replace
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from auc.kit import FIRST_IMSI, RING, Dice, stocked
from olelo.auc import schema
from olelo.auc.cards import Cards, open_card
from olelo.auc.errors import SealError
from olelo.auc.keyring import Keyring
from olelo.auc.seal import Binding, CardKeys, Codes, open_codes, open_keys, seal_codes, seal_keys
from olelo.auc.secret import Secret

BINDING = Binding("001010000000001", "8988211000000000011", "milenage", "first")
KEYS = CardKeys(Secret(bytes(range(16))), Secret(bytes(range(16, 32))))
CODES = Codes({"pin1": "1234", "ADM1": "87654321", "puk1": ""})


@pytest.mark.parametrize("sizes", [(16, 16), (16, 32), (32, 32)])
def test_what_is_sealed_opens(sizes: tuple[int, int]) -> None:
    keys = CardKeys(Secret(bytes(range(sizes[0]))), Secret(bytes(range(sizes[1]))))
    opened = open_keys(RING, RING.active, BINDING, seal_keys(RING, BINDING, keys, Dice()))
    assert (opened.k, opened.opc) == (keys.k, keys.opc)


def test_codes_open_and_show_their_names_only() -> None:
    sealed = seal_codes(RING, BINDING, CODES, Dice())
    opened = open_codes(RING, RING.active, BINDING, sealed)
    assert dict(opened) == {"PIN1": "1234", "ADM1": "87654321"}
    assert repr(opened) == "Codes(PIN1, ADM1)"
    assert seal_codes(RING, BINDING, Codes(), Dice()) is None
    assert len(open_codes(RING, RING.active, BINDING, None)) == 0


def test_every_flipped_byte_is_noticed() -> None:
    sealed = seal_keys(RING, BINDING, KEYS, Dice())
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(SealError, match=BINDING.imsi):
            open_keys(RING, RING.active, BINDING, bytes(changed))
    for short in (b"", sealed[:11], sealed[:-1]):
        with pytest.raises(SealError):
            open_keys(RING, RING.active, BINDING, short)


@pytest.mark.parametrize("name", [field.name for field in fields(Binding)])
def test_a_record_is_bound_to_each_part_of_its_row(name: str) -> None:
    sealed = seal_keys(RING, BINDING, KEYS, Dice())
    other = replace(BINDING, **{name: getattr(BINDING, name) + "x"})
    with pytest.raises(SealError):
        open_keys(RING, RING.active, other, sealed)


def test_parts_of_a_binding_do_not_run_into_each_other() -> None:
    first, second = Binding("12", "3", "a", "b"), Binding("1", "23", "a", "b")
    assert first.associated("keys") != second.associated("keys")


def test_keys_do_not_open_as_codes() -> None:
    with pytest.raises(SealError):
        open_codes(RING, RING.active, BINDING, seal_keys(RING, BINDING, KEYS, Dice()))


def test_another_ring_does_not_open_it() -> None:
    other = Keyring([Secret(bytes(32))], "other")
    with pytest.raises(SealError, match="not in other"):
        open_keys(other, RING.active, BINDING, seal_keys(RING, BINDING, KEYS, Dice()))


def test_swapped_rows_in_the_database_do_not_open(tmp_path: Path) -> None:
    store = stocked(tmp_path, count=2)
    c = schema.cards.c
    with store.engine.begin() as connection:
        rows = connection.execute(select(c.imsi, c.sealed_keys).order_by(c.imsi)).all()
        for (imsi, _), (_, sealed) in zip(rows, reversed(rows), strict=True):
            connection.execute(update(schema.cards).where(c.imsi == imsi).values(sealed_keys=sealed))
    for subscriber in Cards(store).browse():
        with pytest.raises(SealError, match=subscriber.imsi):
            open_card(RING, subscriber)


def test_a_batch_whose_algorithm_was_edited_does_not_open(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE auc_batch SET algorithm = 'milenage:r=64/0/33/64/96'"))
    with pytest.raises(SealError):
        open_card(RING, store.subscriber(FIRST_IMSI))


def test_the_database_file_holds_no_key(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    opened = list(Cards(store).opened(RING))
    store.close()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert opened[0].imsi.encode() in content
    for card in opened:
        for secret in (card.keys.k.reveal(), card.keys.opc.reveal()):
            assert secret not in content
            assert secret.hex().encode() not in content
        assert card.codes["PUK1"].encode() not in content
