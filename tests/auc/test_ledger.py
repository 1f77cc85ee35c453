"""Ranges that overlap in any way are refused, those that do not are taken."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlalchemy.engine import Connection

from auc.kit import NOW, RING, Dice, open_store, plan, stocked
from olelo.auc.batch import make_batch, new_cards
from olelo.auc.cards import Cards
from olelo.auc.errors import AucError, OverlapError, StateError
from olelo.auc.exchange import import_cards
from olelo.auc.formats import find_format
from olelo.auc.formats.fields import Options
from olelo.auc.ledger import BatchInfo, Floor, Ledger, Range, _numbers, card_row
from olelo.auc.numbering import iccid_range, imsi_range


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 9), st.sampled_from([2, 3])), min_size=1, max_size=12))
def test_the_ledger_agrees_with_sets_of_numbers(
    tmp_path_factory: pytest.TempPathFactory, wanted: list[tuple[int, int, int]]
) -> None:
    ledger = Ledger(open_store(Path(tmp_path_factory.mktemp("ledger"))))
    taken: set[str] = set()
    for number, (first, more, width) in enumerate(wanted):
        last = min(first + more, 10**width - 1, 99)
        numbers = {str(value).zfill(width) for value in range(first, last + 1)}
        item = Range("imsi", str(first).zfill(width), str(last).zfill(width))
        info = BatchInfo(f"b{number}", "milenage", "001", "01", "per-card", "test", NOW)
        try:
            ledger.begin(info, [item])
        except OverlapError:
            assert taken & numbers
            assert info.name not in [batch.name for batch in ledger.batches()]
        else:
            assert not taken & numbers
            taken |= numbers


def test_kinds_do_not_disturb_each_other(tmp_path: Path) -> None:
    ledger = Ledger(open_store(tmp_path))
    for kind in ("imsi", "iccid", "msisdn"):
        info = BatchInfo(kind, "milenage", "001", "01", "per-card", "test", NOW)
        ledger.begin(info, [Range(kind, "10", "20")])
        assert ledger.ranges(kind) == [Range(kind, "10", "20")]


def test_a_sparse_import_is_entered_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("olelo.auc.ledger.CHUNK", 3)
    numbers = [1, 2, 3, 4, 10, 12, 13, 20, 30, 31]
    lines = [
        "imsi,k,opc\n",
        *(f"0010100000000{n:02},{Dice(str(n))(16).hex()},{Dice(str(-n))(16).hex()}\n" for n in numbers),
    ]
    store = open_store(tmp_path)
    options = Options(mcc="001", mnc="01", batch="sparse")
    import_cards(store, RING, lines, find_format("olelo"), options, now=NOW, who="test")
    runs = [(int(item.first[-2:]), int(item.last[-2:])) for item in Ledger(store).ranges("sparse")]
    assert runs == [(1, 4), (10, 10), (12, 13), (20, 20), (30, 31)]


def _rows(count: int = 3) -> list[dict[str, object]]:
    return [card_row(card, RING, Dice(), Floor(), NOW) for card in new_cards(plan(count=count), Dice())]


def test_a_batch_that_another_command_discards_ends_with_a_clear_error(tmp_path: Path) -> None:
    ledger = Ledger(open_store(tmp_path))
    batch_id = ledger.begin(plan().info(NOW), plan().ranges)
    ledger.add(batch_id, _rows())
    assert ledger.discard("first") == 3
    with pytest.raises(StateError, match="discarded by another command"):
        ledger.add(batch_id, _rows())
    with pytest.raises(StateError, match="discarded by another command"):
        ledger.finish(batch_id, NOW, "test")


def test_a_number_taken_at_the_same_moment_is_an_overlap(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    ledger = Ledger(store)
    first, second = (
        ledger.begin(BatchInfo(name, "milenage", "001", "01", "imported", "test", NOW), []) for name in ("a", "b")
    )
    ledger.add(first, _rows())
    with pytest.raises(OverlapError, match="at the same moment"):
        ledger.add(second, _rows())
    ledger.undo(second)
    assert ledger.finish(first, NOW, "test") == 3


def test_undo_leaves_a_finished_batch_and_others_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = stocked(tmp_path, count=5)
    ledger = Ledger(store)
    ready = 1
    assert ledger.undo(ready) == 0
    free = plan(
        "second", 7, imsis=imsi_range("001010000000900", 7, "001", "01"), iccids=iccid_range("898821100000000900", 7)
    )
    batch_id = ledger.begin(free.info(NOW), free.ranges)
    monkeypatch.setattr("olelo.auc.ledger.CHUNK", 3)
    ledger.add(batch_id, [card_row(card, RING, Dice(), Floor(), NOW) for card in new_cards(free, Dice())])
    assert ledger.undo(batch_id) == 7
    assert ledger.undo(batch_id) == 0
    assert [info.name for info in ledger.batches()] == ["first"]
    assert Cards(store).count() == 5
    assert make_batch(store, RING, free, now=NOW, who="test") == 7


def test_a_full_database_is_told_with_what_is_left(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    triggers = {"no_card": "INSERT ON auc", "no_removal": "DELETE ON auc_batch"}

    def full(size: int) -> bytes:
        # What a full disk does: from here on nothing can be written, and nothing deleted either.
        with store.engine.begin() as connection:
            for name, when in triggers.items():
                do = f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {when} BEGIN SELECT RAISE(FAIL, 'disk is full'); END"
                connection.execute(text(do))
        return Dice()(size)

    with pytest.raises(AucError, match="olelo sim batch discard first"):
        make_batch(store, RING, plan(), now=NOW, who="test", random=full)
    with store.engine.begin() as connection:
        for name in triggers:
            connection.execute(text(f"DROP TRIGGER {name}"))
    assert [info.status for info in Ledger(store).batches()] == ["making"]
    assert Ledger(store).discard("first") == 0
    assert make_batch(store, RING, plan(), now=NOW, who="test") == 5


def test_an_interrupt_in_the_middle_of_a_query_does_not_lock_us_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3000000) SELECT max(x) FROM n"

    def slow(connection: Connection, _batch_id: int, _kind: str) -> Iterator[str]:
        # The signal comes while SQLite computes; Python sees it when the query ends, its cursor still open.
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        yield from (str(row[0]) for row in connection.execute(text(long)))

    store = open_store(tmp_path)
    lines = ["imsi,k,opc\n", f"001010000000001,{Dice()(16).hex()},{Dice('o')(16).hex()}\n"]
    options = Options(mcc="001", mnc="01", batch="b")
    monkeypatch.setattr("olelo.auc.ledger._numbers", slow)
    with pytest.raises(KeyboardInterrupt):
        import_cards(store, RING, lines, find_format("olelo"), options, now=NOW, who="test")
    monkeypatch.undo()
    assert Ledger(store).batches() == []
    import_cards(store, RING, lines, find_format("olelo"), options, now=NOW, who="test")


def test_numbers_are_read_along_an_index_and_not_sorted_for_each_page(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    asked: list[tuple[str, Any]] = []
    with store.engine.connect() as connection:
        event.listen(connection, "before_cursor_execute", lambda *args: asked.append((args[2], args[3])))
        for kind in ("imsi", "iccid", "msisdn"):
            list(_numbers(connection, 1, kind))
    assert len(asked) == 3
    with store.engine.connect() as connection:
        plans = [str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all()) for sql, values in asked]
    assert [("INDEX" in steps, "TEMP B-TREE" in steps) for steps in plans] == [(True, False)] * 3
