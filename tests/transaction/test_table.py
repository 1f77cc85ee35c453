"""Look-ups, birth and end of transactions, and the deadlines of the whole table."""

from __future__ import annotations

import gc

import pytest

from olelo.sip.message import Message
from olelo.transaction.table import TransactionTable
from olelo.transaction.transaction import Transaction
from transaction.kit import Ladder, request, response


def test_request_is_found_again_and_opened_once() -> None:
    table = TransactionTable()
    msg = Message.parse(request())
    assert table.lookup_request(msg) is None
    tx = table.create(msg, 0.0, b"1", "caller", False)
    assert table.lookup_request(Message.parse(request())) is tx
    assert len(table) == 1
    assert table.transactions() == [tx]
    with pytest.raises(ValueError, match="INVITE cannot open a transaction"):
        table.create(Message.parse(request()), 0.0, b"2", "caller", False)


def test_ack_opens_nothing() -> None:
    with pytest.raises(ValueError, match="ACK cannot open a transaction"):
        TransactionTable().create(Message.parse(request("ACK")), 0.0, b"1", "caller", False)


def test_cancel_finds_its_invite_and_has_a_transaction_of_its_own() -> None:
    ladder = Ladder()
    tx = ladder.call()
    cancel = Message.parse(request("CANCEL"))
    assert ladder.table.lookup_request(cancel) is None
    assert ladder.table.lookup_cancel(cancel) is tx
    ladder.receive(request("CANCEL"))
    assert ladder.table.lookup_cancel(cancel) is tx
    assert ladder.table.lookup_cancel(Message.parse(request("CANCEL", branch="z9hG4bKother"))) is None


def test_rfc_2543_caller_is_served() -> None:
    ladder = Ladder()
    tx = ladder.call(branch="7")
    assert ladder.table.lookup_cancel(Message.parse(request("CANCEL", branch="7"))) is tx
    ladder.reply(tx, 0, 486)
    ladder.again(request(branch="7"))
    assert ladder.again(request("ACK", branch="7", to_tag="bob0")) is tx
    ladder.wait(5.1)
    assert ladder.take() == ["0.00 0 INVITE", "0.00 0 ACK", "0.00 < 486", "0.00 < 486"]
    assert ladder.empty()


def test_reply_is_found_by_branch_and_method() -> None:
    ladder = Ladder()
    tx = ladder.call(2)
    sent = tx.branches[1].request
    assert ladder.table.lookup_reply(Message.parse(response(sent, 180))) is tx.branches[1]
    assert ladder.table.lookup_reply(Message.parse(response(sent, 200, method="MESSAGE"))) is None
    assert ladder.table.lookup_reply(Message.parse(response(sent, 200, method="CANCEL"))) is None  # none was sent
    assert ladder.table.lookup_reply(Message.parse(response(request(), 180))) is None
    ladder.reply(tx, 1, 180)
    ladder.cancel(tx)
    assert ladder.table.lookup_reply(Message.parse(response(sent, 200, method="CANCEL"))) is tx.branches[1]


def test_ack_of_a_relayed_200_finds_the_call_while_it_is_here() -> None:
    ladder = Ladder()
    tx = ladder.call()
    ack = Message.parse(request("ACK", branch="z9hG4bKack", to_tag="bob0"))
    assert ladder.table.lookup_e2e_ack(ack) is None
    ladder.reply(tx, 0, 200)
    assert ladder.table.lookup_e2e_ack(ack) is tx
    assert ladder.table.lookup_e2e_ack(Message.parse(request("ACK", cseq=2))) is None
    assert ladder.table.lookup_e2e_ack(Message.parse(request("ACK", call_id="other"))) is None
    other = request("ACK").replace(b"tag=alice", b"tag=carol")
    assert ladder.table.lookup_e2e_ack(Message.parse(other)) is None
    ladder.wait(5.1)
    assert ladder.table.lookup_e2e_ack(ack) is None
    assert ladder.empty()


def test_end_of_an_older_spiral_leaves_the_newer_call_findable() -> None:
    ladder = Ladder()
    one = ladder.call()
    ladder.reply(one, 0, 200)
    ladder.wait(1)
    two = ladder.call(branch="z9hG4bKspiral")
    ladder.reply(two, 0, 200)
    ladder.wait(4.1)
    assert ladder.ended == [one]
    assert ladder.table.lookup_e2e_ack(Message.parse(request("ACK"))) is two


@pytest.mark.parametrize("branch", ["z9hG4bKcaller", "1"])
def test_invite_that_its_cancel_has_overtaken_is_born_cancelled(branch: str) -> None:
    ladder = Ladder()
    ladder.receive(request("CANCEL", branch=branch))
    assert not ladder.receive(request(branch=branch)).may_fork
    assert ladder.receive(request(branch="z9hG4bKelse")).may_fork


def test_callid_matching_looks_twice() -> None:
    ladder = Ladder(callid_matching=True)
    tx = ladder.call()
    assert ladder.table.lookup_request(Message.parse(request())) is tx
    assert ladder.table.lookup_request(Message.parse(request(call_id="other"))) is None
    assert ladder.table.lookup_cancel(Message.parse(request("CANCEL", call_id="other"))) is None
    reply = tx.branches[0].request.replace(b"call-1", b"call-2")
    assert ladder.table.lookup_reply(Message.parse(response(reply, 180))) is None


def test_nothing_is_due_in_an_empty_table() -> None:
    table = TransactionTable()
    assert table.next_deadline() is None
    assert table.expire(1e9) == []


def test_end_may_be_called_twice() -> None:
    ladder = Ladder()
    tx = ladder.call()
    ladder.table.end(tx)
    ladder.table.end(tx)
    assert ladder.empty()
    assert ladder.table.stats.ended == 1
    ladder.wait(40)
    assert ladder.take() == ["0.00 0 INVITE"]


def alive() -> int:
    return sum(isinstance(thing, Transaction) for thing in gc.get_objects())


@pytest.mark.parametrize("rings", [0, 1, 60])
def test_finished_transactions_leave_memory_without_the_collector(rings: float) -> None:
    ladder = Ladder()
    before = alive()
    gc.disable()
    try:
        tx = ladder.call(2)
        ladder.reply(tx, 0, 180)
        ladder.wait(rings)
        ladder.reply(tx, 0, 200)
        ladder.reply(tx, 1, 487)
        del tx
        ladder.wait(5.2)
        assert ladder.empty()
        ladder.ended.clear()
        ladder.wait(5.1)  # a stale entry may keep it for one horizon more
        assert alive() == before
    finally:
        gc.enable()


def test_stats_tell_the_story() -> None:
    ladder = Ladder()
    tx = ladder.receive(request(), local_100=True)
    ladder.fork(tx)
    ladder.wait(0.6)
    ladder.reply(tx, 0, 180)
    ladder.reply(tx, 0, 486)
    stats = ladder.table.stats
    assert (stats.created, stats.ended, stats.waiting) == (1, 0, 0)
    assert (stats.rpl_received, stats.rpl_sent, stats.rpl_generated) == (2, 3, 1)
    assert (stats.retransmissions, stats.completed_4xx) == (1, 1)
    ladder.again(request("ACK", to_tag="bob0"))
    assert stats.waiting == 1
    ladder.wait(6)
    assert (stats.ended, stats.waiting) == (1, 0)


@pytest.mark.parametrize(("status", "name"), [(200, "2xx"), (302, "3xx"), (404, "4xx"), (500, "5xx"), (603, "6xx")])
def test_stats_count_finals_by_class(status: int, name: str) -> None:
    ladder = Ladder()
    ladder.reply(ladder.call(), 0, status)
    assert getattr(ladder.table.stats, f"completed_{name}") == 1
