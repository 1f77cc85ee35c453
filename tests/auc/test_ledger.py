"""Ranges that overlap in any way are refused, those that do not are taken."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auc.kit import NOW, RING, Dice, open_store
from olelo.auc.errors import OverlapError
from olelo.auc.exchange import import_cards
from olelo.auc.formats import find_format
from olelo.auc.formats.fields import Options
from olelo.auc.ledger import BatchInfo, Ledger, Range


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
