"""A signal in the middle: what was begun is cleared away, also when the next signal comes at once."""

import os
import signal
import threading
from pathlib import Path

import pytest

from cli.sim.kit import IMSI, Desk
from olelo.cli.sim.interrupt import Interrupted, ending_on_signals

LARGE = (
    "--mcc",
    "001",
    "--mnc",
    "01",
    "--count",
    "900000",
    "--imsi-start",
    IMSI,
    "--iccid-start",
    "898821100000000001",
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_is_an_exception_and_the_others_are_ignored(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with ending_on_signals():
        with pytest.raises(Interrupted) as caught:
            os.kill(os.getpid(), number)
        for again in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), again)  # during the clearing away
    assert caught.value.number == number
    assert signal.getsignal(number) is before


def test_what_the_caller_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_on_signals():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_outside_the_main_thread_nothing_is_changed() -> None:
    done: list[object] = []

    def other() -> None:
        with ending_on_signals():
            done.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert done == [signal.getsignal(signal.SIGTERM)]


def _wait_for_cards(desk: Desk, process_ended: object) -> None:
    """Until the batch is under way: its first chunk is in the write-ahead log."""
    log = Path(f"{desk.home}/auc.db-wal")
    while not (log.exists() and log.stat().st_size > 500_000):
        assert process_ended() is None  # type: ignore[operator]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_batch_that_is_ended_twice_leaves_nothing(desk: Desk, number: signal.Signals) -> None:
    with desk.start("batch", "new", "large", *LARGE) as process:
        _wait_for_cards(desk, process.poll)
        process.send_signal(number)
        process.send_signal(number)
        _, errors = process.communicate()
    assert process.returncode == 128 + number
    assert errors.decode() == "error: interrupted; nothing was left half done\n"
    assert desk.cards() == []
    desk.batch("small")  # the same numbers


def test_a_killed_batch_is_named_and_can_be_discarded(desk: Desk) -> None:
    with desk.start("batch", "new", "large", *LARGE) as process:
        _wait_for_cards(desk, process.poll)
        process.kill()
    assert "not finished" in desk.run("batch", "list").output
    assert "of batch 'large'" in desk.run("batch", "new", "x", *LARGE, code=4).output
    assert "removed; its numbers are free" in desk.run("batch", "discard", "large").output
    desk.batch("small")


def test_a_batch_discarded_by_another_command_ends_clearly(desk: Desk) -> None:
    with desk.start("batch", "new", "large", *LARGE) as process:
        _wait_for_cards(desk, process.poll)
        desk.run("batch", "discard", "large")
        _, errors = process.communicate()
    assert process.returncode == 5
    assert "discarded by another command" in errors.decode()
    desk.batch("small")


def test_two_batches_at_once_over_the_same_numbers(desk: Desk) -> None:
    numbers = ("--mcc", "001", "--mnc", "01", "--count", "3000", "--imsi-start", IMSI, "--no-codes")
    numbers += ("--iccid-start", "898821100000000001")
    processes = [desk.start("batch", "new", f"b{n}", *numbers) for n in range(3)]
    told = []
    for process in processes:
        with process:
            told.append(process.communicate()[1].decode())
    assert sorted(process.returncode for process in processes) == [0, 4, 4]
    assert sum("overlaps" in text for text in told) == 2
    assert len(desk.cards()) == 3000


def test_no_rotation_while_cards_are_sealed(desk: Desk) -> None:
    with desk.start("batch", "new", "large", *LARGE) as process:
        _wait_for_cards(desk, process.poll)
        before = (desk.home / "kek").read_text()
        assert "sealing cards" in desk.run("key", "rotate", "--forget-old", code=5).output
        assert (desk.home / "kek").read_text() == before
        process.send_signal(signal.SIGTERM)
        process.communicate()


def test_an_interrupted_rotation_says_how_to_go_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.batch()
    before = [card.keys for card in desk.cards()]

    def interrupt(*_args: object, **_more: object) -> None:
        raise Interrupted(signal.SIGINT)

    monkeypatch.setattr("olelo.auc.cards._resealed", interrupt)
    assert "--reseal-only" in desk.run("key", "rotate", "--forget-old", code=130).output
    monkeypatch.undo()
    assert [card.keys for card in desk.cards()] == before
    assert "5 records re-sealed" in desk.run("key", "rotate", "--reseal-only", "--forget-old").output
    assert [card.keys for card in desk.cards()] == before
