"""CANCEL: before, after and instead of a provisional response, and its repetition (RFC 3261 section 9)."""

from __future__ import annotations

import pytest

from olelo.transaction.cancel import AT_ONCE, FAKE_487, reason_of
from olelo.transaction.verdict import CHOSEN, DONE, RELAY, WAITING
from transaction.kit import Ladder, request


def test_cancel_of_a_ringing_branch() -> None:
    ladder = Ladder()
    tx = ladder.call()
    ladder.reply(tx, 0, 180)
    ladder.take()
    assert ladder.cancel(tx, b"Reason: Q.850;cause=16\r\n") == WAITING
    assert ladder.take() == ["0.00 0 CANCEL"]
    cancel = ladder.sent[-1][1]
    assert cancel.startswith(b"CANCEL sip:bob@example.com SIP/2.0\r\n")
    assert b"branch=" + tx.branches[0].branch_id in cancel
    assert b"Reason: Q.850;cause=16\r\n" in cancel
    ladder.reply(tx, 0, 200, method="CANCEL")
    ladder.reply(tx, 0, 487)
    assert ladder.take() == ["0.00 0 ACK", "0.00 < 487"]
    assert not tx.may_fork


def test_cancel_is_repeated_until_answered() -> None:
    ladder = Ladder()
    tx = ladder.call()
    ladder.reply(tx, 0, 180)
    ladder.cancel(tx)
    ladder.wait(2)
    ladder.reply(tx, 0, 200, method="CANCEL")
    ladder.wait(5)
    assert [line for line in ladder.take() if "CANCEL" in line] == [
        *("0.00 0 CANCEL", "0.50 0 CANCEL", "1.50 0 CANCEL"),
    ]


def test_cancel_is_repeated_for_fr_timer_at_most() -> None:
    ladder = Ladder()
    tx = ladder.call()
    ladder.reply(tx, 0, 180)
    ladder.cancel(tx)
    ladder.wait(119)
    assert ladder.take()[-1] == "27.50 0 CANCEL"
    ladder.wait(1.1)
    assert ladder.take() == ["120.00 < 487"]  # not 408: the caller cancelled


def test_cancel_is_not_repeated_on_a_reliable_transport() -> None:
    ladder = Ladder()
    tx = ladder.call(reliable=True)
    ladder.reply(tx, 0, 180)
    ladder.cancel(tx)
    ladder.wait(10)
    assert [line for line in ladder.take() if "CANCEL" in line] == ["0.00 0 CANCEL"]


def test_cancel_before_any_response_waits_for_one() -> None:
    ladder = Ladder()
    tx = ladder.call()
    assert ladder.cancel(tx) == WAITING
    ladder.wait(0.6)
    assert ladder.take() == ["0.00 0 INVITE", "0.50 0 INVITE"]
    ladder.reply(tx, 0, 180)
    ladder.reply(tx, 0, 180)  # the CANCEL was lost, it seems
    ladder.reply(tx, 0, 487)
    assert ladder.take() == ["0.60 0 CANCEL", "0.60 0 CANCEL", "0.60 0 ACK", "0.60 < 487"]


def test_cancel_before_any_response_that_never_comes() -> None:
    ladder = Ladder()
    tx = ladder.call()
    ladder.cancel(tx)
    ladder.wait(30.1)
    assert ladder.take()[-1] == "30.00 < 487"
    assert not any("CANCEL" in line for line in ladder.lines)


def test_cancel_at_once() -> None:
    ladder = Ladder(cancel_b_method=AT_ONCE)
    tx = ladder.call()
    ladder.cancel(tx)
    ladder.wait(0.6)
    assert ladder.take() == ["0.00 0 INVITE", "0.00 0 CANCEL", "0.50 0 CANCEL"]


def test_cancel_with_a_made_up_487() -> None:
    ladder = Ladder(cancel_b_method=FAKE_487)
    tx = ladder.call(2)
    assert ladder.cancel(tx) == RELAY
    assert ladder.take() == ["0.00 0 INVITE", "0.00 1 INVITE", "0.00 < 487"]
    ladder.reply(tx, 1, 180)
    assert ladder.take() == ["0.00 1 CANCEL"]


def test_cancel_with_a_made_up_487_runs_the_failure_route() -> None:
    ladder = Ladder(cancel_b_method=FAKE_487)
    tx = ladder.receive(request())
    tx.on_failure = "x"
    ladder.fork(tx)
    assert ladder.cancel(tx) == CHOSEN
    assert ladder.take()[1:] == ["0.00 ? failure route 487 of 0", "0.00 < 487"]


def test_cancel_with_a_made_up_487_waits_for_those_that_ring() -> None:
    ladder = Ladder(cancel_b_method=FAKE_487)
    tx = ladder.call(2)
    ladder.reply(tx, 0, 180)
    assert ladder.cancel(tx) == WAITING
    ladder.reply(tx, 0, 487)
    assert ladder.take()[-3:] == ["0.00 0 CANCEL", "0.00 0 ACK", "0.00 < 487"]


def test_cancel_without_branches_is_answered() -> None:
    ladder = Ladder()
    tx = ladder.receive(request())
    assert ladder.cancel(tx) == RELAY
    assert ladder.take() == ["0.00 < 487"]


def test_cancel_of_a_suspended_transaction_is_answered() -> None:
    ladder = Ladder()
    tx = ladder.receive(request())
    blind = tx.suspend(ladder.now)
    assert ladder.cancel(tx) == RELAY
    assert ladder.take() == ["0.00 < 487"]
    assert not tx.resume(blind)


@pytest.mark.parametrize("status", [200, 486])
def test_cancel_after_the_final_response_does_nothing(status: int) -> None:
    ladder = Ladder()
    tx = ladder.call()
    ladder.reply(tx, 0, status)
    ladder.take()
    assert ladder.cancel(tx) == DONE
    assert ladder.take() == []


def test_second_cancel_changes_nothing() -> None:
    ladder = Ladder()
    tx = ladder.call()
    ladder.reply(tx, 0, 180)
    ladder.cancel(tx)
    ladder.take()
    assert ladder.cancel(tx) == WAITING
    assert ladder.take() == []


def test_200_that_crosses_the_cancel_wins() -> None:
    ladder = Ladder()
    tx = ladder.call()
    ladder.reply(tx, 0, 180)
    ladder.cancel(tx)
    ladder.take()
    ladder.reply(tx, 0, 200)
    ladder.reply(tx, 0, 481, method="CANCEL")
    assert ladder.take() == ["0.00 < 200"]


def test_branches_are_cancelled_by_the_script() -> None:
    ladder = Ladder()
    tx = ladder.call(2)
    ladder.reply(tx, 0, 180)
    ladder.reply(tx, 1, 180)
    ladder.take()
    assert tx.cancel_branches(ladder.now, tx.branches[1]) == 2
    ladder.flush()
    assert ladder.take() == ["0.00 1 CANCEL"]
    assert tx.cancel_branches(ladder.now) == 2
    ladder.flush()
    assert ladder.take() == ["0.00 0 CANCEL"]
    assert tx.may_fork  # the caller has not cancelled


def test_cancel_of_a_non_invite_sends_nothing() -> None:
    ladder = Ladder()
    tx = ladder.receive(request("MESSAGE"))
    ladder.fork(tx)
    ladder.reply(tx, 0, 100)
    tx.cancel_branches(ladder.now)
    ladder.flush()
    assert ladder.take() == ["0.00 0 MESSAGE"]


def test_reason_is_given_for_final_responses_only() -> None:
    assert reason_of(0) == reason_of(180) == b""
    assert reason_of(200) == b'Reason: SIP;cause=200;text="Call completed elsewhere"\r\n'
    assert reason_of(486) == b"Reason: SIP;cause=486\r\n"
