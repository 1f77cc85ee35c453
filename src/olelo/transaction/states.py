"""The four transaction machines of RFC 3261 section 17, with RFC 6026, as tables.

A machine is a list of rows `(state, event, next state, actions)`. A pair of state and event without a row is an event
that has no meaning in that state: it changes nothing and asks for nothing. The code that drives a machine looks up
one integer and obeys the action bits; no other place in this room knows what follows what.

How the tables read the RFCs, and where they leave them:

* Kamailio's tm keeps no transaction for the linger timers D, I, J, K, L and M of one side. When the final response has
  gone upstream (and, if it was a failure of an INVITE, its ACK has come), the whole transaction waits `wt_timer` and
  goes. `LINGER_END` is the end of that wait; it ends all machines of the transaction at once.
* `GIVE_UP` is timer B or F, and in a proxy also timer C (section 16.6 item 11): `fr_timer` until the first provisional
  response, `fr_inv_timer` after it, and never past `max_inv_lifetime` or `max_noninv_lifetime`.
* ABANDONED is not in the RFC. A branch that was given up still has a next hop that may answer: a late failure wants
  its ACK, a late 2xx has to reach the caller (section 16.7 item 5), and a late provisional response is the first
  moment at which a CANCEL may be sent (section 9.1).
* A retransmitted INVITE in ACCEPTED is answered with the last response, as tm does. RFC 6026 lets it be absorbed;
  sending it again costs nothing, since the caller has evidently not heard it. A proxy never repeats a 2xx by timer:
  timers G and H of ACCEPTED run only for a 2xx that was made here (a script that answers the call itself: `ANSWER`),
  on every transport, because the way behind the first hop may be an unreliable one (section 13.3.1.4).
* When no ACK comes for a failure, the server goes to CONFIRMED for one more `wt_timer`, as tm does, and not at once
  to TERMINATED, so that a last stray INVITE does not start the call anew.
* A 2xx in COMPLETED or CONFIRMED is sent on and stored nowhere: the failure that was sent stays the answer that
  retransmissions get.
"""

from __future__ import annotations

from typing import Final

Row = tuple[int, int, int, int]

# States. One numbering for all machines, so that a state prints the same everywhere.
CALLING: Final = 0  #: INVITE sent, nothing heard.
TRYING: Final = 1  #: non-INVITE sent (client) or received (server), nothing heard or said.
PROCEEDING: Final = 2  #: a provisional response was received or sent.
ACCEPTED: Final = 3  #: a 2xx for an INVITE was received or sent (RFC 6026).
COMPLETED: Final = 4  #: a final response was received or sent (for an INVITE: 3xx-6xx).
CONFIRMED: Final = 5  #: the ACK for a failure was received.
ABANDONED: Final = 6  #: given up here, while the next hop may still answer.
TERMINATED: Final = 7  #: gone.

STATE_NAMES: Final = (
    "Calling",
    "Trying",
    "Proceeding",
    "Accepted",
    "Completed",
    "Confirmed",
    "Abandoned",
    "Terminated",
)

# Events.
PROVISIONAL: Final = 0  #: client: 1xx received; server: the proxy sends 1xx.
SUCCESS: Final = 1  #: client: 2xx received; server: the proxy sends 2xx.
FAILURE: Final = 2  #: client: 3xx-6xx received; server: the proxy sends 3xx-6xx.
REQUEST: Final = 3  #: server: the request came again.
ACK: Final = 4  #: server: ACK received.
RETRANSMIT: Final = 5  #: timer A, E or G.
GIVE_UP: Final = 6  #: timer B, C, F or H; also a failed transport and a local CANCEL that needs no answer.
LINGER_END: Final = 7  #: wt_timer: timers D, I, J, K, L and M.
ANSWER: Final = 8  #: server: a 2xx for an INVITE that was made here; the proxy is the user agent server.

EVENT_NAMES: Final = ("1xx", "2xx", "3xx-6xx", "request", "ACK", "retransmit", "give up", "linger end", "local 2xx")

# Actions, as bits.
PASS: Final = 1  #: hand the response to the proxy core.
SEND: Final = 2  #: send the response that the proxy core hands in.
RESEND: Final = 4  #: send the last message of this side again.
SEND_ACK: Final = 8  #: build and send the ACK for the failure, hop by hop (section 17.1.1.3).
QUIET: Final = 16  #: stop retransmitting.
SLOW: Final = 32  #: retransmit every T2 from now on (timer E in Proceeding).
STOP: Final = 64  #: stop retransmitting and stop waiting.
ARM: Final = 128  #: retransmit (on an unreliable transport) and wait for the ACK: timers G and H.
LINGER: Final = 256  #: start wt_timer.

ACTION_NAMES: Final = ("pass", "send", "resend", "send ACK", "quiet", "slow", "stop", "arm", "linger")

#: RFC 3261 section 17.1.1, RFC 6026 section 8.4.
INVITE_CLIENT: Final[tuple[Row, ...]] = (
    (CALLING, PROVISIONAL, PROCEEDING, PASS | QUIET),
    (CALLING, SUCCESS, ACCEPTED, PASS | STOP),
    (CALLING, FAILURE, COMPLETED, PASS | STOP | SEND_ACK),
    (CALLING, RETRANSMIT, CALLING, RESEND),
    (CALLING, GIVE_UP, ABANDONED, STOP),
    (CALLING, LINGER_END, TERMINATED, STOP),
    (PROCEEDING, PROVISIONAL, PROCEEDING, PASS),
    (PROCEEDING, SUCCESS, ACCEPTED, PASS | STOP),
    (PROCEEDING, FAILURE, COMPLETED, PASS | STOP | SEND_ACK),
    (PROCEEDING, GIVE_UP, ABANDONED, STOP),
    (PROCEEDING, LINGER_END, TERMINATED, STOP),
    (ACCEPTED, SUCCESS, ACCEPTED, PASS),
    (ACCEPTED, LINGER_END, TERMINATED, STOP),
    (COMPLETED, FAILURE, COMPLETED, SEND_ACK),
    (COMPLETED, LINGER_END, TERMINATED, STOP),
    (ABANDONED, PROVISIONAL, ABANDONED, PASS),
    (ABANDONED, SUCCESS, ACCEPTED, PASS),
    (ABANDONED, FAILURE, COMPLETED, PASS | SEND_ACK),
    (ABANDONED, LINGER_END, TERMINATED, STOP),
)

#: RFC 3261 section 17.1.2.
NON_INVITE_CLIENT: Final[tuple[Row, ...]] = (
    (TRYING, PROVISIONAL, PROCEEDING, PASS | SLOW),
    (TRYING, SUCCESS, COMPLETED, PASS | STOP),
    (TRYING, FAILURE, COMPLETED, PASS | STOP),
    (TRYING, RETRANSMIT, TRYING, RESEND),
    (TRYING, GIVE_UP, TERMINATED, STOP),
    (TRYING, LINGER_END, TERMINATED, STOP),
    (PROCEEDING, PROVISIONAL, PROCEEDING, PASS),
    (PROCEEDING, SUCCESS, COMPLETED, PASS | STOP),
    (PROCEEDING, FAILURE, COMPLETED, PASS | STOP),
    (PROCEEDING, RETRANSMIT, PROCEEDING, RESEND),
    (PROCEEDING, GIVE_UP, TERMINATED, STOP),
    (PROCEEDING, LINGER_END, TERMINATED, STOP),
    (COMPLETED, LINGER_END, TERMINATED, STOP),
)

#: RFC 3261 section 17.2.1, RFC 6026 section 8.5.
INVITE_SERVER: Final[tuple[Row, ...]] = (
    (PROCEEDING, REQUEST, PROCEEDING, RESEND),
    (PROCEEDING, PROVISIONAL, PROCEEDING, SEND),
    (PROCEEDING, SUCCESS, ACCEPTED, SEND | LINGER),
    (PROCEEDING, FAILURE, COMPLETED, SEND | ARM),
    (PROCEEDING, ANSWER, ACCEPTED, SEND | ARM),
    (PROCEEDING, LINGER_END, TERMINATED, STOP),
    (ACCEPTED, REQUEST, ACCEPTED, RESEND),
    (ACCEPTED, SUCCESS, ACCEPTED, SEND),
    (ACCEPTED, ACK, ACCEPTED, STOP | LINGER),
    (ACCEPTED, RETRANSMIT, ACCEPTED, RESEND),
    (ACCEPTED, GIVE_UP, ACCEPTED, STOP | LINGER),
    (ACCEPTED, LINGER_END, TERMINATED, STOP),
    (COMPLETED, REQUEST, COMPLETED, RESEND),
    (COMPLETED, SUCCESS, COMPLETED, SEND),
    (COMPLETED, ACK, CONFIRMED, STOP | LINGER),
    (COMPLETED, RETRANSMIT, COMPLETED, RESEND),
    (COMPLETED, GIVE_UP, CONFIRMED, STOP | LINGER),
    (COMPLETED, LINGER_END, TERMINATED, STOP),
    (CONFIRMED, SUCCESS, CONFIRMED, SEND),
    (CONFIRMED, LINGER_END, TERMINATED, STOP),
)

#: RFC 3261 section 17.2.2.
NON_INVITE_SERVER: Final[tuple[Row, ...]] = (
    (TRYING, PROVISIONAL, PROCEEDING, SEND),
    (TRYING, SUCCESS, COMPLETED, SEND | LINGER),
    (TRYING, FAILURE, COMPLETED, SEND | LINGER),
    (TRYING, LINGER_END, TERMINATED, STOP),
    (PROCEEDING, REQUEST, PROCEEDING, RESEND),
    (PROCEEDING, PROVISIONAL, PROCEEDING, SEND),
    (PROCEEDING, SUCCESS, COMPLETED, SEND | LINGER),
    (PROCEEDING, FAILURE, COMPLETED, SEND | LINGER),
    (PROCEEDING, LINGER_END, TERMINATED, STOP),
    (COMPLETED, REQUEST, COMPLETED, RESEND),
    (COMPLETED, LINGER_END, TERMINATED, STOP),
)

MACHINES: Final = {
    "INVITE client": INVITE_CLIENT,
    "non-INVITE client": NON_INVITE_CLIENT,
    "INVITE server": INVITE_SERVER,
    "non-INVITE server": NON_INVITE_SERVER,
}


def compile_machine(rows: tuple[Row, ...]) -> tuple[int, ...]:
    """Return the rows as a flat table: entry `state << 4 | event` is `actions << 3 | next state`, or -1 without a row.

    Raises ValueError when two rows speak of the same state and event.
    """
    table = [-1] * 128
    for state, event, following, actions in rows:
        place = state << 4 | event
        if table[place] != -1:
            raise ValueError(f"two rows for {STATE_NAMES[state]} and {EVENT_NAMES[event]}")
        table[place] = actions << 3 | following
    return tuple(table)


INVITE_CLIENT_TABLE: Final = compile_machine(INVITE_CLIENT)
NON_INVITE_CLIENT_TABLE: Final = compile_machine(NON_INVITE_CLIENT)
INVITE_SERVER_TABLE: Final = compile_machine(INVITE_SERVER)
NON_INVITE_SERVER_TABLE: Final = compile_machine(NON_INVITE_SERVER)
