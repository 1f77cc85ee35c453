"""Every row of every table, walked by a living transaction; and every event without one, which changes nothing."""

from __future__ import annotations

import pytest

from olelo.sip.message import Message
from olelo.transaction import states
from olelo.transaction.branch import INF, Branch
from olelo.transaction.states import EVENT_NAMES, MACHINES, STATE_NAMES, TERMINATED, Row
from olelo.transaction.transaction import Transaction
from olelo.transaction.verdict import DELIVER
from transaction.kit import Ladder, request, response, what

STATUS = {states.PROVISIONAL: 180, states.SUCCESS: 200, states.FAILURE: 486, states.ANSWER: 200}
CLIENT_EVENTS = (states.PROVISIONAL, states.SUCCESS, states.FAILURE, states.RETRANSMIT, states.GIVE_UP)
SERVER_EVENTS = (
    *(states.PROVISIONAL, states.SUCCESS, states.FAILURE, states.ANSWER),
    *(states.REQUEST, states.ACK, states.RETRANSMIT),  # GIVE_UP: timer H runs only in states that have its row
)


def rows(side: str) -> list[object]:
    return [
        pytest.param(name.startswith("INVITE"), row, id=f"{name}: {STATE_NAMES[row[0]]}, {EVENT_NAMES[row[1]]}")
        for name, table in MACHINES.items()
        if name.endswith(side)
        for row in table
    ]


def gaps(side: str, events: tuple[int, ...]) -> list[object]:
    return [
        pytest.param(name.startswith("INVITE"), state, event, id=f"{name}: {STATE_NAMES[state]}, {EVENT_NAMES[event]}")
        for name, table in MACHINES.items()
        if name.endswith(side)
        for state in sorted({row[0] for row in table} | {TERMINATED})
        for event in events
        if not any(row[:2] == (state, event) for row in table)
    ]


def client(invite: bool, state: int) -> tuple[Ladder, Transaction, Branch]:
    ladder = Ladder()
    tx = ladder.receive(request("INVITE" if invite else "MESSAGE"))
    ladder.fork(tx)
    tx.branches[0].state = state
    ladder.take()
    return ladder, tx, tx.branches[0]


def client_event(ladder: Ladder, tx: Transaction, branch: Branch, event: int) -> int:
    if event in STATUS:
        return tx.receive(branch, Message.parse(response(branch.request, STATUS[event])), ladder.now)
    if event == states.RETRANSMIT:
        branch.retransmit = ladder.now
        tx.on_tick(ladder.now, [])
    elif event == states.GIVE_UP:
        tx.abandon(branch, ladder.now)
    else:
        ladder.table.end(tx)
    return 0


@pytest.mark.parametrize(("invite", "row"), rows("client"))
def test_client_row(invite: bool, row: Row) -> None:
    state, event, following, actions = row
    ladder, tx, branch = client(invite, state)
    waited = branch.give_up
    verdict = client_event(ladder, tx, branch, event)
    assert branch.state == following
    assert (verdict == DELIVER) is bool(actions & states.PASS)
    sent = [what(packet) for packet, _, _ in ladder.table.outbox]
    assert sent.count("ACK") == bool(actions & states.SEND_ACK)
    assert sent.count(tx.method) == bool(actions & states.RESEND)
    assert branch.give_up == (INF if actions & states.STOP else waited)
    assert (branch.retransmit == INF) is bool(actions & (states.STOP | states.QUIET))
    if actions & states.SLOW:
        assert branch.retransmit == ladder.now + tx.retr_timer2


@pytest.mark.parametrize(("invite", "state", "event"), gaps("client", CLIENT_EVENTS))
def test_client_event_without_a_row(invite: bool, state: int, event: int) -> None:
    ladder, tx, branch = client(invite, state)
    assert client_event(ladder, tx, branch, event) != DELIVER
    assert branch.state == state
    assert ladder.table.outbox == []


def server(invite: bool, state: int) -> tuple[Ladder, Transaction]:
    ladder = Ladder()
    tx = ladder.receive(request("INVITE" if invite else "MESSAGE"))
    tx.state = state
    tx.last_reply = b"SIP/2.0 100 Trying\r\n\r\n"
    return ladder, tx


def server_event(ladder: Ladder, tx: Transaction, event: int) -> None:
    if event in STATUS:
        status = STATUS[event]
        assert tx.request is not None
        tx.respond(status, response(tx.request.raw, status), ladder.now, event == states.ANSWER)
    elif event == states.REQUEST:
        tx.on_retransmission()
    elif event == states.ACK:
        tx.on_ack(ladder.now)
    elif event == states.RETRANSMIT:
        tx.retransmit = ladder.now
        tx.on_tick(ladder.now, [])
    elif event == states.GIVE_UP:
        tx.ack_due = ladder.now
        tx.on_tick(ladder.now, [])
    else:
        ladder.table.end(tx)


@pytest.mark.parametrize(("invite", "row"), rows("server"))
def test_server_row(invite: bool, row: Row) -> None:
    state, event, following, actions = row
    ladder, tx = server(invite, state)
    server_event(ladder, tx, event)
    assert tx.state == following
    sent = [what(packet) for packet, _, _ in ladder.table.outbox]
    assert sent.count(str(STATUS.get(event))) == bool(actions & states.SEND)
    assert sent.count("100") == bool(actions & states.RESEND)
    assert (tx.linger_due != INF) is bool(actions & states.LINGER)
    assert (tx.ack_due != INF) is bool(actions & states.ARM)
    if event != states.RETRANSMIT:
        assert (tx.retransmit != INF) is bool(actions & states.ARM)


@pytest.mark.parametrize(("invite", "state", "event"), gaps("server", SERVER_EVENTS))
def test_server_event_without_a_row(invite: bool, state: int, event: int) -> None:
    ladder, tx = server(invite, state)
    server_event(ladder, tx, event)
    assert tx.state == state
    assert ladder.table.outbox == []
    assert tx.linger_due == INF
