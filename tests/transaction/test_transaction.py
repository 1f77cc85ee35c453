"""One branch: timers A to K, retransmissions, loss, ACK, reliable transports."""

from __future__ import annotations

import pytest

from olelo.sip.message import Message
from olelo.transaction import states
from olelo.transaction.verdict import ABSORBED, DELIVER, NOISY
from transaction.kit import Ladder, request, response

EVERY_INVITE = [f"{at:.2f} 0 INVITE" for at in (0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5)]


def test_short_call_is_relayed_and_forgotten() -> None:
    ladder = Ladder()
    tx = ladder.receive(request(), local_100=True)
    ladder.fork(tx)
    ladder.wait(0.1)
    ladder.reply(tx, 0, 100)
    ladder.reply(tx, 0, 180)
    ladder.wait(2)
    ladder.reply(tx, 0, 200)
    assert ladder.take() == ["0.00 < 100", "0.00 0 INVITE", "0.10 < 180", "2.10 < 200"]
    ladder.wait(4.9)
    assert not ladder.empty()
    ladder.wait(0.2)
    assert ladder.empty()
    assert ladder.lines == []
    assert ladder.ended == [tx]
    assert tx.branches[0].tx is None
    assert tx.state == tx.branches[0].state == states.TERMINATED


def test_timer_a_doubles_up_to_t2_and_timer_b_answers_408() -> None:
    ladder = Ladder()
    tx = ladder.call()
    ladder.wait(29.9)
    assert ladder.take() == EVERY_INVITE
    ladder.wait(0.2)
    assert ladder.take() == ["30.00 < 408"]
    assert tx.branches[0].timed_out
    assert not tx.branches[0].replied


def test_timers_count_in_buckets_of_the_granularity() -> None:
    ladder = Ladder(granularity=0.05)
    ladder.call()
    ladder.wait(2)
    times = [float(line.split()[0]) for line in ladder.take()]
    assert times[0] == 0
    assert 0.5 <= times[1] <= 0.56
    assert 1.5 <= times[2] <= 1.56


def test_a_pause_of_the_process_causes_no_burst() -> None:
    ladder = Ladder()
    ladder.call()
    ladder.now += 20
    ladder.wait(0.5)
    assert ladder.take() == ["0.00 0 INVITE", "20.00 0 INVITE"]


def test_reliable_transport_repeats_nothing() -> None:
    ladder = Ladder()
    tx = ladder.call(reliable=True)
    ladder.wait(40)
    assert ladder.take() == ["0.00 0 INVITE", "30.00 < 408"]
    assert tx.state == states.COMPLETED  # timer H: the ACK is awaited on every transport
    ladder.wait(30.1)
    assert ladder.empty()
    assert ladder.lines == []


def test_provisional_stops_timer_a_and_starts_fr_inv_timer() -> None:
    ladder = Ladder()
    tx = ladder.call()
    ladder.wait(1)
    ladder.reply(tx, 0, 100)
    ladder.wait(119.9)
    assert ladder.take() == ["0.00 0 INVITE", "0.50 0 INVITE"]
    ladder.wait(0.2)
    # Timer C: the branch rings, so it is cancelled (section 16.8).
    assert ladder.take() == ["121.00 0 CANCEL", "121.00 < 408"]
    assert tx.branches[0].replied


def test_every_provisional_restarts_fr_inv_timer() -> None:
    ladder = Ladder(fr_inv_timer=10.0)
    tx = ladder.call()
    for _ in range(4):
        ladder.wait(9)
        ladder.reply(tx, 0, 180)
    ladder.take()
    ladder.wait(9.9)
    assert ladder.take() == []
    ladder.wait(0.2)
    assert ladder.take() == ["46.00 0 CANCEL", "46.00 < 408"]


def test_without_restart_only_progress_moves_fr_inv_timer() -> None:
    ladder = Ladder(fr_inv_timer=10.0, restart_fr_on_each_reply=False)
    tx = ladder.call()
    ladder.reply(tx, 0, 100)
    ladder.wait(5)
    ladder.reply(tx, 0, 180)  # better than 100: counts
    ladder.wait(5)
    ladder.reply(tx, 0, 180)  # the same again: does not
    ladder.take()
    ladder.wait(5.1)
    assert ladder.take() == ["15.00 0 CANCEL", "15.00 < 408"]


def test_max_inv_lifetime_ends_ringing() -> None:
    ladder = Ladder(max_inv_lifetime=60.0)
    tx = ladder.call()
    for _ in range(6):
        ladder.wait(9.9)
        ladder.reply(tx, 0, 180)
    ladder.take()
    ladder.wait(1)
    assert ladder.take() == ["60.00 0 CANCEL", "60.00 < 408"]


def test_failure_is_acknowledged_here_and_repeated_until_the_ack() -> None:
    ladder = Ladder()
    tx = ladder.call()
    ladder.wait(0.1)
    ladder.reply(tx, 0, 486)
    ladder.wait(2)
    ladder.again(request("ACK", to_tag="bob0"))
    ladder.wait(4.9)
    assert ladder.take() == ["0.00 0 INVITE", "0.10 0 ACK", "0.10 < 486", "0.60 < 486", "1.60 < 486"]
    assert tx.state == states.CONFIRMED
    ladder.wait(0.2)
    assert ladder.empty()


def test_repeated_failure_is_acknowledged_again_and_not_passed_on() -> None:
    ladder = Ladder()
    tx = ladder.call()
    assert ladder.reply(tx, 0, 486) == DELIVER
    ladder.again(request("ACK", to_tag="bob0"))
    ladder.take()
    assert ladder.reply(tx, 0, 486) == ABSORBED
    assert ladder.take() == ["0.00 0 ACK"]


def test_missing_ack_ends_after_fr_timer_and_wait() -> None:
    ladder = Ladder()
    tx = ladder.call()
    ladder.reply(tx, 0, 404)
    ladder.wait(34.9)
    lines = ladder.take()
    assert lines[:3] == ["0.00 0 INVITE", "0.00 0 ACK", "0.00 < 404"]
    assert lines[3:] == [f"{at:.2f} < 404" for at in (0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5)]
    assert tx.state == states.CONFIRMED
    ladder.wait(0.2)
    assert ladder.empty()


def test_200_is_not_repeated_by_timer_but_passes_each_time_it_comes() -> None:
    ladder = Ladder()
    tx = ladder.call()
    ladder.reply(tx, 0, 200)
    ladder.wait(3)
    ladder.reply(tx, 0, 200)
    assert ladder.take() == ["0.00 0 INVITE", "0.00 < 200", "3.00 < 200"]
    ladder.wait(2.1)
    assert ladder.empty()
    assert ladder.reply(tx, 0, 200) == -1  # from here on the hallway relays it without a transaction


def test_repeated_invite_gets_the_last_response() -> None:
    ladder = Ladder()
    tx = ladder.receive(request())
    assert ladder.again(request()) is tx
    assert ladder.take() == []  # nothing said yet
    ladder.fork(tx)
    ladder.reply(tx, 0, 180)
    ladder.again(request())
    ladder.reply(tx, 0, 200)
    ladder.again(request())
    assert ladder.take() == ["0.00 0 INVITE", "0.00 < 180", "0.00 < 180", "0.00 < 200", "0.00 < 200"]
    sent = [packet for who, packet in ladder.sent if who == "<"]
    assert sent[0] == sent[1]
    assert sent[2] == sent[3]


def test_ack_for_a_relayed_200_belongs_to_no_transaction() -> None:
    ladder = Ladder()
    tx = ladder.call()
    ladder.reply(tx, 0, 200)
    assert ladder.again(request("ACK", branch="z9hG4bKack", to_tag="bob0")) is None
    assert ladder.again(request("ACK", to_tag="bob0")) is None  # a peer that reuses the branch of the INVITE


def test_local_200_is_repeated_until_its_ack_even_on_tcp() -> None:
    ladder = Ladder()
    tx = ladder.receive(request(), reliable=True)
    tx.reply_local(200, response(request(), 200, "here"), ladder.now, b"here")
    ladder.flush()
    ladder.wait(2)
    assert ladder.take() == ["0.00 < 200", "0.50 < 200", "1.50 < 200"]
    assert ladder.again(request("ACK", branch="z9hG4bKack", to_tag="other")) is None
    assert ladder.again(request("ACK", branch="z9hG4bKack", to_tag="here")) is tx
    ladder.wait(5.1)
    assert ladder.take() == []
    assert ladder.empty()


def test_local_200_without_ack_ends() -> None:
    ladder = Ladder()
    tx = ladder.receive(request())
    tx.reply_local(200, response(request(), 200, "here"), ladder.now, b"here")
    ladder.wait(35.1)
    assert ladder.empty()


def test_only_one_final_response_is_made_here() -> None:
    ladder = Ladder()
    tx = ladder.receive(request("OPTIONS"))
    assert tx.reply_local(200, response(request("OPTIONS"), 200), ladder.now)
    assert not tx.reply_local(500, response(request("OPTIONS"), 500), ladder.now)
    assert not tx.reply_local(183, response(request("OPTIONS"), 183), ladder.now)
    ladder.flush()
    assert ladder.take() == ["0.00 < 200"]


def test_local_answer_stops_and_cancels_the_branches() -> None:
    ladder = Ladder()
    tx = ladder.call(2)
    ladder.reply(tx, 0, 180)
    ladder.take()
    tx.reply_local(480, response(request(), 480, "here"), ladder.now)
    ladder.flush()
    ladder.wait(0.4)
    assert ladder.take() == ["0.00 < 480", "0.00 0 CANCEL"]
    ladder.reply(tx, 1, 180)  # had not answered yet: its CANCEL leaves now
    assert ladder.take() == ["0.40 1 CANCEL"]


def test_non_invite_uses_timers_e_and_f() -> None:
    ladder = Ladder(fr_timer=60.0)
    tx = ladder.receive(request("MESSAGE"))
    ladder.fork(tx)
    ladder.wait(8)
    assert ladder.take() == [f"{at:.2f} 0 MESSAGE" for at in (0, 0.5, 1.5, 3.5, 7.5)]
    ladder.wait(24.1)  # max_noninv_lifetime is shorter than fr_timer here
    assert ladder.take()[-1] == "32.00 < 408"
    ladder.wait(5)
    assert ladder.empty()


def test_non_invite_slows_down_after_a_provisional() -> None:
    ladder = Ladder()
    tx = ladder.receive(request("MESSAGE"))
    ladder.fork(tx)
    ladder.wait(0.6)
    ladder.reply(tx, 0, 100)
    ladder.wait(9)
    assert ladder.take() == [f"{at:.2f} 0 MESSAGE" for at in (0, 0.5, 4.6, 8.6)]
    ladder.reply(tx, 0, 200)
    assert ladder.reply(tx, 0, 200) == ABSORBED  # timer K: repetitions end here
    ladder.wait(5.1)
    assert ladder.take() == ["9.60 < 200"]
    assert ladder.empty()


def test_non_invite_provisional_slows_nothing_on_a_reliable_transport() -> None:
    ladder = Ladder()
    tx = ladder.receive(request("MESSAGE"), reliable=True)
    ladder.fork(tx, reliable=True)
    ladder.reply(tx, 0, 100)
    ladder.wait(20)
    assert ladder.take() == ["0.00 0 MESSAGE"]


def test_repeated_bye_gets_its_200_again() -> None:
    ladder = Ladder()
    bye = request("BYE", cseq=2, branch="z9hG4bKbye", to_tag="bob")
    tx = ladder.receive(bye)
    ladder.fork(tx)
    assert ladder.again(bye) is tx
    ladder.reply(tx, 0, 200)
    ladder.again(bye)
    ladder.wait(3)
    ladder.again(bye)
    assert ladder.take() == ["0.00 0 BYE", "0.00 < 200", "0.00 < 200", "3.00 < 200"]
    ladder.wait(2.1)
    assert ladder.again(bye) is None


@pytest.mark.parametrize(
    ("lost", "lines"),
    [
        ([], ["0.00 0 INVITE", "0.00 0 ACK", "0.00 < 486"]),
        ([True], ["0.00 0 INVITE lost", "0.50 0 INVITE", "0.60 0 ACK", "0.60 < 486"]),
        (
            [True, True, False, False, True, True],
            [
                *("0.00 0 INVITE lost", "0.50 0 INVITE lost", "1.50 0 INVITE", "1.60 0 ACK"),
                *("1.60 < 486 lost", "2.10 < 486 lost", "3.10 < 486"),
            ],
        ),
    ],
)
def test_loss_is_repaired(lost: list[bool], lines: list[str]) -> None:
    ladder = Ladder()
    ladder.lost = list(lost)
    tx = ladder.call()
    heard = answered = False
    for _ in range(200):
        if not heard and any(who == "0" for who, _ in ladder.sent):
            heard = True
            ladder.reply(tx, 0, 486)
        if not answered and any(who == "<" for who, _ in ladder.sent):
            answered = True
            ladder.again(request("ACK", to_tag="bob0"))
        ladder.wait(0.1)
    assert ladder.take() == lines
    assert ladder.empty()


def test_noisy_ctimer_off_drops_an_unanswered_invite_in_silence() -> None:
    ladder = Ladder(noisy_ctimer=False)
    tx = ladder.call()
    ladder.wait(35.1)
    assert not any("<" in line for line in ladder.take())
    assert tx.status == 0
    assert ladder.empty()


@pytest.mark.parametrize("why", ["failure route", "ringing", "two branches", "flag"])
def test_noisy_ctimer_off_still_answers_where_somebody_waits(why: str) -> None:
    ladder = Ladder(noisy_ctimer=False)
    tx = ladder.receive(request())
    if why == "failure route":
        tx.on_failure = "x"
    elif why == "flag":
        tx.flags |= NOISY
    ladder.fork(tx, 2 if why == "two branches" else 1)
    if why == "ringing":
        ladder.reply(tx, 0, 180)
    ladder.wait(121)
    assert any(line.endswith("< 408") for line in ladder.take())


def test_unanswered_request_without_branches_is_an_orphan() -> None:
    ladder = Ladder()
    ladder.receive(request())
    ladder.wait(184)
    assert not ladder.empty()
    ladder.wait(1.1)
    assert ladder.empty()
    assert ladder.table.stats.orphans == 1


def test_release_forgets_without_an_answer() -> None:
    ladder = Ladder()
    tx = ladder.call()
    tx.release(ladder.now)
    ladder.wait(5.1)
    assert ladder.take() == ["0.00 0 INVITE"]
    assert ladder.empty()


def test_100_is_relayed_only_when_asked() -> None:
    ladder = Ladder(relay_100=True)
    tx = ladder.call()
    ladder.reply(tx, 0, 100)
    assert ladder.take() == ["0.00 0 INVITE", "0.00 < 100"]


def test_timers_of_one_transaction_are_changed() -> None:
    ladder = Ladder()
    tx = ladder.receive(request())
    tx.set_retr(0.1, 0.2)
    tx.set_fr(ladder.now, 7.0, 1.0)
    ladder.fork(tx)
    ladder.wait(0.8)
    assert ladder.take() == [f"{at:.2f} 0 INVITE" for at in (0, 0.1, 0.3, 0.5, 0.7)]
    ladder.reply(tx, 0, 180)
    ladder.wait(1)
    tx.set_fr(ladder.now, 3.0, 50.0)  # rings: fr_inv_timer counts, from now
    ladder.take()
    ladder.wait(3.1)
    assert ladder.take() == ["4.80 0 CANCEL", "4.80 < 408"]


def test_lifetime_of_one_transaction_is_changed() -> None:
    ladder = Ladder()
    tx = ladder.call()
    ladder.reply(tx, 0, 180)
    tx.set_lifetime(ladder.now, 12.0)
    ladder.take()
    ladder.wait(12.1)
    assert ladder.take() == ["12.00 0 CANCEL", "12.00 < 408"]


def test_provisional_that_the_script_drops_is_not_relayed() -> None:
    ladder = Ladder()
    tx = ladder.call()
    msg = Message.parse(response(tx.branches[0].request, 183))
    assert tx.receive(tx.branches[0], msg, ladder.now) == DELIVER  # and no deliver() after it
    ladder.wait(29.9)
    assert ladder.take() == ["0.00 0 INVITE"]
    ladder.wait(0.2)
    assert ladder.take() == ["30.00 < 408"]


def test_local_request_ends_with_the_verdict() -> None:
    ladder = Ladder()
    tx = ladder.table.create_local("OPTIONS", ladder.now, b"ping")
    packet = request("OPTIONS", branch=tx.branch_id(0).decode())
    tx.add_branch(packet, "gateway", False, ladder.now)
    ladder.flush()
    ladder.wait(0.6)
    ladder.reply(tx, 0, 200)
    assert ladder.take() == ["0.00 0 OPTIONS", "0.50 0 OPTIONS"]
    assert tx.status == 200
    ladder.wait(5.1)
    assert ladder.empty()


def test_local_invite_waits_for_no_ack() -> None:
    ladder = Ladder()
    tx = ladder.table.create_local("INVITE", ladder.now, b"dial")
    tx.add_branch(request(branch=tx.branch_id(0).decode()), "phone", False, ladder.now)
    ladder.flush()
    ladder.reply(tx, 0, 486)
    ladder.wait(5.1)
    assert ladder.take() == ["0.00 0 INVITE", "0.00 0 ACK"]
    assert ladder.empty()


def test_repr_names_method_state_and_branches() -> None:
    ladder = Ladder()
    tx = ladder.call()
    assert repr(tx) == "<Transaction INVITE b't1' Proceeding 0 with 1 branches>"
    assert repr(tx.branches[0]) == "<Branch 0 b'z9hG4bKt1.0' status 0>"


def test_timeout_of_an_answered_transaction_is_absorbed() -> None:
    ladder = Ladder()
    tx = ladder.call()
    tx.reply_local(480, response(request(), 480, "here"), ladder.now)
    assert tx.on_timeout(tx.branches[0], ladder.now) == ABSORBED


def test_nothing_is_sent_for_a_transaction_that_is_gone() -> None:
    ladder = Ladder()
    tx = ladder.receive(request())
    ladder.table.end(tx)
    assert not tx.reply_local(200, response(request(), 200), ladder.now)
    assert not tx.reply_local(100, response(request(), 100), ladder.now)
    ladder.flush()
    assert ladder.take() == []


def test_request_whose_cseq_cannot_be_read_is_neither_acknowledged_nor_cancelled() -> None:
    ladder = Ladder()
    tx = ladder.call()
    msg = Message.parse(response(tx.branches[0].request, 486))
    tx.branches[0].request = tx.branches[0].request.replace(b"CSeq: 1", b"CSeq: one")
    tx.branches[0].status = 180
    ladder.cancel(tx)
    assert tx.receive(tx.branches[0], msg, ladder.now) == DELIVER  # the failure counts all the same
    ladder.flush()
    assert ladder.take() == ["0.00 0 INVITE"]
