"""The tables themselves: what each may say, and what every one of them has to say."""

from __future__ import annotations

import pytest

from olelo.transaction import states
from olelo.transaction.states import MACHINES, TERMINATED, Row, compile_machine

CLIENTS = {"INVITE client", "non-INVITE client"}
ROWS = [pytest.param(name, row, id=f"{name} {row[0]} {row[1]}") for name, rows in MACHINES.items() for row in rows]


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_row_is_found_in_the_compiled_table(name: str, row: Row) -> None:
    state, event, following, actions = row
    cell = compile_machine(MACHINES[name])[state << 4 | event]
    assert (cell & 7, cell >> 3) == (following, actions)


@pytest.mark.parametrize("rows", MACHINES.values(), ids=MACHINES)
def test_every_state_ends(rows: tuple[Row, ...]) -> None:
    named = {row[0] for row in rows} | {row[2] for row in rows}
    assert {row[0] for row in rows if row[1] == states.LINGER_END} == named - {TERMINATED}
    assert all(row[0] != TERMINATED for row in rows)


@pytest.mark.parametrize("rows", MACHINES.values(), ids=MACHINES)
def test_every_state_is_reached(rows: tuple[Row, ...]) -> None:
    reached = {rows[0][0]}
    for _ in rows:
        reached |= {row[2] for row in rows if row[0] in reached}
    assert reached == {row[0] for row in rows} | {TERMINATED}


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_actions_belong_to_their_side(name: str, row: Row) -> None:
    client = states.PASS | states.SEND_ACK | states.QUIET | states.SLOW | states.RESEND | states.STOP
    server = states.SEND | states.RESEND | states.ARM | states.LINGER | states.STOP
    assert row[3] & ~(client if name in CLIENTS else server) == 0


def test_final_response_is_passed_once_except_2xx_of_invite() -> None:
    for name in CLIENTS:
        table = compile_machine(MACHINES[name])
        for event in (states.SUCCESS, states.FAILURE):
            cell = table[(states.CALLING if name == "INVITE client" else states.TRYING) << 4 | event]
            again = table[(cell & 7) << 4 | event]
            passed = again >= 0 and again >> 3 & states.PASS
            assert bool(passed) is (name == "INVITE client" and event == states.SUCCESS)


def test_2xx_of_an_invite_passes_in_every_state_but_the_last() -> None:
    client = compile_machine(states.INVITE_CLIENT)
    for state in (states.CALLING, states.PROCEEDING, states.ACCEPTED, states.ABANDONED):
        assert client[state << 4 | states.SUCCESS] >> 3 & states.PASS
    server = compile_machine(states.INVITE_SERVER)
    for state in (states.PROCEEDING, states.ACCEPTED, states.COMPLETED, states.CONFIRMED):
        assert server[state << 4 | states.SUCCESS] >> 3 & states.SEND


def test_two_rows_for_one_event_are_refused() -> None:
    with pytest.raises(ValueError, match="two rows for Calling and 2xx"):
        compile_machine((states.INVITE_CLIENT[1], states.INVITE_CLIENT[1]))


def test_names_cover_all_numbers() -> None:
    for rows in MACHINES.values():
        for state, event, following, actions in rows:
            assert states.STATE_NAMES[state]
            assert states.STATE_NAMES[following]
            assert states.EVENT_NAMES[event]
            assert actions < 1 << len(states.ACTION_NAMES)
