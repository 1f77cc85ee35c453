"""Several branches: who wins, what is answered when all fail, serial forking, 6xx (RFC 3261 section 16.7)."""

from __future__ import annotations

import pytest

from olelo.transaction.branch import Branch
from olelo.transaction.cancel import AT_ONCE, FAKE_487
from olelo.transaction.transaction import Transaction
from olelo.transaction.verdict import DISABLE_6XX, DONE, TELL_BRANCH_FAILURE, TELL_FAILURE
from transaction.kit import Ladder, request


def test_winner_takes_all() -> None:
    ladder = Ladder()
    tx = ladder.call(3)
    ladder.reply(tx, 0, 180)
    ladder.reply(tx, 1, 183)
    ladder.take()
    ladder.reply(tx, 1, 200)
    assert ladder.take() == ["0.00 < 200", "0.00 0 CANCEL"]
    cancel = ladder.sent[-1][1]
    assert b'Reason: SIP;cause=200;text="Call completed elsewhere"\r\n' in cancel
    ladder.reply(tx, 0, 200, method="CANCEL")
    ladder.reply(tx, 0, 487)
    assert ladder.take() == ["0.00 0 ACK"]
    ladder.wait(1)
    ladder.reply(tx, 2, 180)  # had been silent: now it may be cancelled
    assert ladder.take() == ["1.00 2 CANCEL"]
    ladder.reply(tx, 2, 487)
    ladder.wait(4.1)
    assert ladder.take() == ["1.00 2 ACK"]
    assert ladder.empty()


def test_second_200_passes_too() -> None:
    ladder = Ladder()
    tx = ladder.call(2)
    ladder.reply(tx, 0, 200)
    ladder.reply(tx, 1, 200)
    assert ladder.take()[-2:] == ["0.00 < 200", "0.00 < 200"]
    assert b"tag=bob1" in ladder.sent[-1][1]


def test_late_200_after_a_failure_passes() -> None:
    ladder = Ladder()
    tx = ladder.call()
    ladder.reply(tx, 0, 180)
    ladder.wait(121)
    ladder.take()
    ladder.reply(tx, 0, 200)
    assert ladder.take() == ["121.00 < 200"]
    assert tx.status == 408  # what repetitions of the INVITE get is still what was said first
    ladder.again(request())
    assert ladder.take() == ["121.00 < 408"]


def test_late_200_on_a_given_up_branch_wins_over_open_ones() -> None:
    ladder = Ladder()
    tx = ladder.call()
    ladder.wait(20)
    ladder.fork(tx)
    ladder.wait(10.1)
    assert tx.branches[0].status == 408
    ladder.take()
    ladder.reply(tx, 0, 200)
    assert ladder.take() == ["30.10 < 200"]


@pytest.mark.parametrize(
    ("statuses", "best"),
    [
        ((486, 404), 404),
        ((404, 486), 404),
        ((486, 407), 407),
        ((404, 484), 484),
        ((500, 486), 486),
        ((302, 404), 302),
        ((302, 603), 603),
        ((503, 500), 500),
        ((480, 408, 500), 408),
        ((606, 600), 600),
    ],
)
def test_best_failure_is_answered(statuses: tuple[int, ...], best: int) -> None:
    ladder = Ladder()
    tx = ladder.call(len(statuses))
    for index, status in enumerate(statuses):
        assert tx.status == 0
        ladder.reply(tx, index, status)
    assert tx.status == best
    assert tx.relaying is tx.branches[statuses.index(best)]
    assert tx.relay_local is False


def test_503_becomes_500() -> None:
    ladder = Ladder()
    tx = ladder.call()
    ladder.reply(tx, 0, 503)
    assert ladder.take()[-1] == "0.00 < 500"
    assert tx.relay_local
    ladder = Ladder(remap_503_500=False)
    tx = ladder.call()
    ladder.reply(tx, 0, 503)
    assert ladder.take()[-1] == "0.00 < 503"


def test_challenges_of_all_branches_are_collected() -> None:
    ladder = Ladder()
    tx = ladder.call(3)
    ladder.reply(tx, 0, 401)
    ladder.reply(tx, 1, 486)
    ladder.reply(tx, 2, 407)
    assert (tx.relay_status, tx.relay_local) == (401, True)
    assert [msg.status for msg in tx.challenges()] == [401, 407]


@pytest.mark.parametrize("aggregate", [True, False])
def test_a_single_challenge_is_relayed_as_it_came(aggregate: bool) -> None:
    ladder = Ladder(aggregate_challenges=aggregate)
    tx = ladder.call(2)
    ladder.reply(tx, 0, 407)
    ladder.reply(tx, 1, 486 if aggregate else 401)
    assert not tx.relay_local


def test_timeouts_mix_with_answers() -> None:
    ladder = Ladder()
    tx = ladder.call(3)
    ladder.reply(tx, 0, 480)
    ladder.reply(tx, 1, 180)
    ladder.wait(31)
    assert tx.branches[2].status == 408
    ladder.take()
    ladder.wait(89.2)
    assert ladder.take() == ["120.00 1 CANCEL", "120.00 < 408"]
    assert tx.relay_local  # the 408 was made here


def test_penalty_for_made_up_responses() -> None:
    ladder = Ladder(faked_reply_prio=2000)
    tx = ladder.call(2)
    ladder.reply(tx, 0, 480)
    ladder.wait(31)
    assert tx.status == 480


def test_6xx_cancels_the_others_and_waits_for_them() -> None:
    ladder = Ladder()
    tx = ladder.call(3)
    ladder.reply(tx, 0, 180)
    ladder.take()
    ladder.reply(tx, 1, 603)
    assert ladder.take() == ["0.00 1 ACK", "0.00 0 CANCEL"]
    assert b"Reason: SIP;cause=603" in ladder.sent[-1][1]
    assert not tx.may_fork
    ladder.reply(tx, 0, 487)
    ladder.wait(0.501)
    assert ladder.take() == ["0.00 0 ACK", "0.50 2 INVITE"]  # cancel_b_method 1: ask until it answers
    ladder.reply(tx, 2, 100)
    ladder.reply(tx, 2, 487)
    assert ladder.take() == ["0.50 2 CANCEL", "0.50 2 ACK", "0.50 < 603"]


def test_6xx_is_a_failure_like_any_when_told_so() -> None:
    ladder = Ladder()
    tx = ladder.call(2)
    tx.flags |= DISABLE_6XX
    ladder.reply(tx, 0, 603)
    ladder.reply(tx, 1, 180)
    assert ladder.take()[-1] == "0.00 < 180"
    assert Ladder(disable_6xx_block=True).call().flags & DISABLE_6XX


@pytest.mark.parametrize("method", [FAKE_487, AT_ONCE])
def test_6xx_with_the_other_ways_to_cancel(method: int) -> None:
    ladder = Ladder(cancel_b_method=method)
    tx = ladder.call(2)
    ladder.take()
    ladder.reply(tx, 0, 600)
    if method == FAKE_487:
        assert ladder.take() == ["0.00 0 ACK", "0.00 < 600"]
    else:
        assert ladder.take() == ["0.00 0 ACK", "0.00 1 CANCEL"]


def serial(ladder: Ladder, route: str | None = None) -> None:
    """A failure route that tries one more target, once."""

    def failure_route(tx: Transaction) -> None:
        tx.on_failure = route
        ladder.fork(tx)
        ladder.failure_route = None

    ladder.failure_route = failure_route


def test_serial_forking_tries_the_next_target() -> None:
    ladder = Ladder()
    serial(ladder)
    tx = ladder.receive(request())
    tx.on_failure = "next"
    ladder.fork(tx)
    ladder.reply(tx, 0, 486)
    assert tx.status == 0
    ladder.reply(tx, 1, 200)
    assert ladder.take() == [
        *("0.00 0 INVITE", "0.00 0 ACK", "0.00 ? failure route 486 of 0"),
        *("0.00 1 INVITE", "0.00 < 200"),
    ]


def test_serial_forking_after_timeout() -> None:
    ladder = Ladder(fr_timer=1.0)
    serial(ladder)
    tx = ladder.receive(request())
    tx.on_failure = "next"
    ladder.fork(tx)
    ladder.wait(1.1)
    ladder.reply(tx, 1, 486)
    assert ladder.take() == [
        *("0.00 0 INVITE", "0.50 0 INVITE", "1.00 ? failure route 408 of 0"),
        *("1.00 1 INVITE", "1.10 1 ACK", "1.10 < 486"),
    ]


@pytest.mark.parametrize(
    ("mode", "answer"),
    [(0, 404), (1, 486), (2, 486), (3, 486), (None, 486)],
)
def test_serial_forking_forgets_what_the_mode_says(mode: int | None, answer: int) -> None:
    ladder = Ladder()
    ladder.drop_replies = mode
    serial(ladder)
    tx = ladder.receive(request())
    tx.on_failure = "next"
    ladder.fork(tx)
    ladder.reply(tx, 0, 404)
    ladder.reply(tx, 1, 486)
    assert tx.status == answer


def test_mode_2_forgets_the_last_step_only() -> None:
    ladder = Ladder(failure_reply_mode=2)
    tx = ladder.receive(request())
    tx.on_failure = "next"
    ladder.fork(tx)
    steps = [True, True, False]

    def failure_route(tx: Transaction) -> None:
        if steps.pop(0):
            ladder.drop_replies = 0 if len(steps) == 2 else 2
            ladder.fork(tx)

    ladder.failure_route = failure_route
    ladder.reply(tx, 0, 486)  # kept
    ladder.reply(tx, 1, 404)  # dropped: the last step when the route runs again
    tx.branches[2].on_failure = None
    ladder.reply(tx, 2, 500)
    assert tx.status == 486


def test_dropping_all_and_trying_nothing_answers_500() -> None:
    ladder = Ladder()
    ladder.drop_replies = 1
    tx = ladder.receive(request())
    tx.on_failure = "x"
    ladder.fork(tx)
    ladder.reply(tx, 0, 486)
    assert ladder.take()[-2:] == ["0.00 ? failure route 486 of 0", "0.00 < 500"]
    assert tx.relaying is None


def test_failure_route_may_answer_itself() -> None:
    ladder = Ladder()
    ladder.failure_route = lambda tx: tx.reply_local(480, b"SIP/2.0 480 Gone\r\n\r\n", ladder.now) and None
    tx = ladder.receive(request())
    tx.on_failure = "x"
    ladder.fork(tx)
    ladder.reply(tx, 0, 486)
    assert ladder.take()[-2:] == ["0.00 ? failure route 486 of 0", "0.00 < 480"]


def test_new_targets_that_fail_at_once_leave_the_best_response() -> None:
    ladder = Ladder()

    def failure_route(tx: Transaction) -> None:
        ladder.fork(tx)
        tx.drop_branch(tx.branches[-1])

    ladder.failure_route = failure_route
    ladder.drop_replies = 0
    tx = ladder.receive(request())
    tx.on_failure = "x"
    ladder.fork(tx)
    ladder.reply(tx, 0, 486)
    assert tx.status == 486


def test_new_targets_that_all_fail_at_once_answer_500() -> None:
    ladder = Ladder()

    def failure_route(tx: Transaction) -> None:
        ladder.fork(tx)
        tx.drop_branch(tx.branches[-1])

    ladder.failure_route = failure_route
    tx = ladder.receive(request())
    tx.on_failure = "x"
    ladder.fork(tx)
    ladder.reply(tx, 0, 486)
    assert tx.status == 500


def test_failure_route_of_a_later_step_runs_when_set_again() -> None:
    ladder = Ladder()
    serial(ladder, "again")
    tx = ladder.receive(request())
    tx.on_failure = "next"
    ladder.fork(tx)
    ladder.reply(tx, 0, 486)
    ladder.reply(tx, 1, 404)
    assert [line for line in ladder.take() if "?" in line] == [
        "0.00 ? failure route 486 of 0",
        "0.00 ? failure route 404 of 1",
    ]


def test_listeners_stop_the_ladder_without_routes() -> None:
    ladder = Ladder()
    seen: list[int] = []
    ladder.branch_failure_route = lambda tx, branch: seen.append(branch.status)
    tx = ladder.call(2)
    tx.flags |= TELL_FAILURE | TELL_BRANCH_FAILURE
    ladder.reply(tx, 0, 486)
    ladder.reply(tx, 1, 404)
    assert seen == [486, 404]
    assert "0.00 ? failure route 404 of 1" in ladder.take()


def test_branch_failure_route_may_add_a_branch() -> None:
    ladder = Ladder()

    def retry(tx: Transaction, branch: Branch) -> None:
        tx.on_branch_failure = None
        ladder.fork(tx)

    ladder.branch_failure_route = retry
    tx = ladder.receive(request())
    tx.on_branch_failure = "flow"
    ladder.fork(tx)
    ladder.reply(tx, 0, 430)
    ladder.reply(tx, 1, 200)
    assert ladder.take() == ["0.00 0 INVITE", "0.00 0 ACK", "0.00 1 INVITE", "0.00 < 200"]


def test_send_failure_counts_as_503_of_the_branch() -> None:
    ladder = Ladder()
    tx = ladder.call(2)
    ladder.reply(tx, 1, 486)
    ladder.go_on(tx, tx.branches[0], tx.fail_branch(tx.branches[0], 503, ladder.now))
    assert tx.status == 486
    assert tx.fail_branch(tx.branches[0], 503, ladder.now) == 0


def test_non_invite_forks_first_final_wins_and_late_ones_end_here() -> None:
    ladder = Ladder()
    tx = ladder.receive(request("MESSAGE"))
    ladder.fork(tx, 2)
    ladder.reply(tx, 0, 200)
    ladder.reply(tx, 1, 200)
    ladder.wait(3)
    assert ladder.take() == ["0.00 0 MESSAGE", "0.00 1 MESSAGE", "0.00 < 200"]


def test_suspended_transaction_waits_for_its_continuation() -> None:
    ladder = Ladder()
    tx = ladder.receive(request())
    blind = tx.suspend(ladder.now)
    ladder.wait(10)
    assert tx.resume(blind)
    ladder.fork(tx)
    ladder.reply(tx, 1, 486)
    assert ladder.take() == ["10.00 1 INVITE", "10.00 1 ACK", "10.00 < 486"]
    assert not tx.resume(blind)


def test_suspended_transaction_times_out() -> None:
    ladder = Ladder()
    tx = ladder.receive(request())
    blind = tx.suspend(ladder.now)
    ladder.wait(30.1)
    assert ladder.take() == ["30.00 < 408"]
    assert not tx.resume(blind)


def test_a_transaction_answered_meanwhile_is_done() -> None:
    ladder = Ladder()
    tx = ladder.receive(request())
    tx.on_branch_failure = "x"
    ladder.fork(tx)
    ladder.branch_failure_route = lambda tx, branch: tx.reply_local(480, b"SIP/2.0 480 x\r\n\r\n", ladder.now) and None
    ladder.reply(tx, 0, 486)
    assert ladder.take()[-1] == "0.00 < 480"
    assert tx.choose(tx.branches[0], ladder.now) == DONE
    assert tx.settle(ladder.now) == DONE
    assert not tx.relay(b"SIP/2.0 486 x\r\n\r\n", ladder.now)


def test_branches_that_never_left_are_not_chosen() -> None:
    ladder = Ladder()
    tx = ladder.call(2)
    for branch in tx.branches:
        tx.drop_branch(branch)
    ladder.go_on(tx, None, tx.choose(tx.branches[1], ladder.now))
    assert tx.status == 500
