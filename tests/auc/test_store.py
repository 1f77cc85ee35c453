"""Reserved sequence numbers: ascending, our IND, never twice; resynchronisation; who gets one at all."""

import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text, update

from auc.kit import FIRST_IMSI, NOW, RING, open_store, plan, stocked
from olelo.auc import schema
from olelo.auc.batch import make_batch
from olelo.auc.errors import FormatError, NotFound, SqnExhausted, StateError, StoreError
from olelo.auc.sqn import DELTA, join, split
from olelo.auc.store import Store


def _set(store: Store, **values: object) -> None:
    with store.engine.begin() as connection:
        connection.execute(update(schema.cards).where(schema.cards.c.imsi == FIRST_IMSI).values(**values))


def test_numbers_ascend_in_our_ind(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    assert [split(store.reserve_sqn(FIRST_IMSI, NOW)[0]) for _ in range(3)] == [(1, 16), (2, 16), (3, 16)]
    assert [split(sqn) for sqn in store.reserve_sqn(FIRST_IMSI, NOW, 3)] == [(4, 16), (5, 16), (6, 16)]
    assert split(store.reserve_sqn("001010000000002", NOW)[0]) == (1, 16)


def test_the_statement_and_the_counter_agree(tmp_path: Path) -> None:
    store = stocked(tmp_path, seq_floor=True)
    for sqn, at in [(0, 0), (join(7, 3), 5), (0, 100), (join(50, 31), 100), (0, 3 * DELTA), (join(9, 0), -40)]:
        _set(store, sqn=sqn)
        expected = store.subscriber(FIRST_IMSI).counter.next_sqn(NOW + at)
        assert store.reserve_sqn(FIRST_IMSI, NOW + at) == [expected]


def test_a_restored_backup_goes_on_above_what_it_forgot(tmp_path: Path) -> None:
    store = stocked(tmp_path, seq_floor=True)
    given = [store.reserve_sqn(FIRST_IMSI, NOW + hour * 3600)[0] for hour in range(1, 30)]
    _set(store, sqn=0)  # the backup of the first day
    assert store.reserve_sqn(FIRST_IMSI, NOW + 30 * 3600)[0] > max(given)


def test_reserved_numbers_survive_a_killed_process(tmp_path: Path) -> None:
    stocked(tmp_path).close()
    script = (
        "import os, sys\n"
        "from olelo.auc.store import Store\n"
        f"store = Store.open({str(tmp_path / 'auc.db')!r})\n"
        f"print(store.reserve_sqn({FIRST_IMSI!r}, {NOW})[0], flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    given = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert done.returncode == -9, done.stderr
        given.append(int(done.stdout))
    given += open_store(tmp_path).reserve_sqn(FIRST_IMSI, NOW)
    assert given == sorted(set(given))


def test_two_callers_never_get_one_number(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    given: list[int] = []

    def reserve() -> None:
        for _ in range(25):
            given.extend(store.reserve_sqn(FIRST_IMSI, NOW))

    threads = [threading.Thread(target=reserve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(split(sqn)[0] for sqn in given) == list(range(1, 101))


def test_a_database_without_returning_gets_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = stocked(tmp_path)
    monkeypatch.setattr(store.engine.dialect, "update_returning", False)
    assert [split(sqn) for sqn in store.reserve_sqn(FIRST_IMSI, NOW, 2)] == [(1, 16), (2, 16)]
    with pytest.raises(NotFound):
        store.reserve_sqn("001019999999999", NOW)


@pytest.mark.parametrize("state", ["made", "shipped", "suspended", "lost", "retired"])
def test_only_an_active_card_gets_a_number(tmp_path: Path, state: str) -> None:
    store = stocked(tmp_path)
    _set(store, state=state)
    with pytest.raises(StateError, match=state):
        store.reserve_sqn(FIRST_IMSI, NOW)
    assert store.subscriber(FIRST_IMSI).counter.sqn == 0


def test_the_last_number_has_no_successor(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    _set(store, sqn=join((1 << 43) - 3, 31))
    assert split(store.reserve_sqn(FIRST_IMSI, NOW)[0]) == ((1 << 43) - 2, 16)
    with pytest.raises(SqnExhausted):
        store.reserve_sqn(FIRST_IMSI, NOW, 2)
    assert split(store.reserve_sqn(FIRST_IMSI, NOW)[0]) == ((1 << 43) - 1, 16)
    with pytest.raises(SqnExhausted):
        store.reserve_sqn(FIRST_IMSI, NOW)


def test_resynchronisation_takes_the_higher_of_both(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    assert store.resynchronise(FIRST_IMSI, join(500, 2), NOW)
    assert split(store.reserve_sqn(FIRST_IMSI, NOW)[0]) == (501, 16)
    assert not store.resynchronise(FIRST_IMSI, join(20, 2), NOW)
    assert split(store.reserve_sqn(FIRST_IMSI, NOW)[0]) == (502, 16)


def test_resynchronisation_goes_down_when_ours_ran_beyond_delta(tmp_path: Path) -> None:
    store = stocked(tmp_path, seq_floor=True)
    _set(store, sqn=join(3 * DELTA, 16), floor_seq=3 * DELTA)
    assert store.resynchronise(FIRST_IMSI, join(7, 16), NOW)
    assert split(store.reserve_sqn(FIRST_IMSI, NOW)[0]) == (8, 16)


def test_identities(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    impi = f"{FIRST_IMSI}@ims.mnc001.mcc001.3gppnetwork.org"
    for identity in (FIRST_IMSI, impi, f"sip:{impi}"):
        found = store.subscriber(identity)
        assert (found.imsi, found.impi) == (FIRST_IMSI, impi)
    assert store.subscriber_by_iccid(found.iccid).imsi == FIRST_IMSI
    for identity in ("", "alice", "sip:alice@example.org", "001019999999999", "' OR 1=1"):
        with pytest.raises(NotFound):
            store.subscriber(identity)
    with pytest.raises(NotFound):
        store.subscriber_by_iccid("8988211000000009999")
    assert store.subscribers_by_msisdn("12345") == []


def test_the_row_shows_no_sealed_bytes(tmp_path: Path) -> None:
    found = stocked(tmp_path).subscriber(FIRST_IMSI)
    assert "sealed" not in repr(found)


def test_the_file_is_closed_to_others_and_of_a_known_version(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    assert stat.S_IMODE((tmp_path / "auc.db").stat().st_mode) == 0o600
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE auc_meta SET version = 99"))
    with pytest.raises(StoreError, match="version 99"):
        open_store(tmp_path)


def test_what_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is not a database, it only looks large enough to be one" * 20)
    for url in (str(tmp_path / "text"), str(tmp_path / "no" / "such"), "nosuch://x", "://"):
        with pytest.raises(StoreError):
            Store.open(url)
    with pytest.raises(StoreError):
        Store.open(str(tmp_path / "absent.db"), create=False)
    assert not (tmp_path / "absent.db").exists()


def test_cards_of_an_unfinished_batch_do_not_exist_yet(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    make_batch(store, RING, plan(), now=NOW, who="test")
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE auc_batch SET status = 'making'"))
    with pytest.raises(NotFound):
        store.subscriber(FIRST_IMSI)


def test_two_programs_open_a_new_database_at_once(tmp_path: Path) -> None:
    stores: list[Store] = []
    threads = [threading.Thread(target=lambda: stores.append(open_store(tmp_path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stores) == 4
    with stores[0].engine.connect() as connection:
        assert connection.execute(text("SELECT version, turn FROM auc_meta")).all() == [(1, 0)]


@pytest.mark.parametrize("count", [0, -1, -100])
def test_a_counter_never_goes_backwards(tmp_path: Path, count: int) -> None:
    store = stocked(tmp_path)
    store.reserve_sqn(FIRST_IMSI, NOW, 50)
    with pytest.raises(FormatError):
        store.reserve_sqn(FIRST_IMSI, NOW, count)
    assert split(store.reserve_sqn(FIRST_IMSI, NOW)[0]) == (51, 16)


def test_a_page_of_a_batch_does_not_read_the_cards_before_it(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    query = "EXPLAIN QUERY PLAN SELECT imsi FROM auc WHERE batch_id = 2 AND imsi > '0' ORDER BY imsi LIMIT 2"
    with store.engine.connect() as connection:
        plan_text = str(connection.execute(text(query)).all())
    assert "auc_batch_look" in plan_text
    assert "TEMP B-TREE" not in plan_text
