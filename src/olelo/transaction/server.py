"""The server side of a transaction: what is sent upstream, repeated, acknowledged, and when it is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from olelo.sip.message import Message
from olelo.transaction.branch import INF, later
from olelo.transaction.states import (
    ACK,
    ANSWER,
    ARM,
    FAILURE,
    GIVE_UP,
    INVITE_SERVER_TABLE,
    LINGER,
    LINGER_END,
    NON_INVITE_SERVER_TABLE,
    PROCEEDING,
    PROVISIONAL,
    REQUEST,
    RESEND,
    RETRANSMIT,
    SEND,
    STOP,
    SUCCESS,
    TRYING,
)
from olelo.transaction.wheel import NO_TICK

if TYPE_CHECKING:
    from olelo.transaction.table import Expiry, TransactionTable


class ServerSide:
    """The part of a transaction that faces the sender of the request.

    `request` is None for a request that originates here: then nothing is sent upstream, and the same machine only
    keeps the state. `status` is what was last sent, `last_reply` its bytes, `destination` is opaque to this room.
    Times are seconds on the caller's clock.
    """

    __slots__ = (
        "ack_due",
        "destination",
        "end_of_life",
        "flags",
        "fr_inv_timer",
        "fr_timer",
        "id",
        "is_invite",
        "is_local",
        "key",
        "last_reply",
        "linger_due",
        "local_key",
        "method",
        "reliable",
        "request",
        "retr_timer1",
        "retr_timer2",
        "retransmit",
        "retransmit_interval",
        "state",
        "status",
        "table",
        "tick",
    )

    def __init__(
        self,
        table: TransactionTable,
        id: bytes,
        key: bytes,
        method: str,
        request: Message | None,
        destination: object,
        reliable: bool,
        now: float,
    ) -> None:
        settings = table.settings
        invite = method == "INVITE"
        self.table = table
        self.id = id
        self.key = key
        self.local_key = b""
        self.method = method
        self.request = request
        self.destination = destination
        self.reliable = reliable
        self.is_invite = invite
        self.is_local = request is None
        self.state: int = PROCEEDING if invite else TRYING
        self.status = 0
        self.last_reply: bytes | None = None
        self.flags = 0
        self.fr_timer = settings.fr_timer
        self.fr_inv_timer = settings.fr_inv_timer
        self.retr_timer1 = settings.retr_timer1
        self.retr_timer2 = settings.retr_timer2
        self.end_of_life = now + (settings.max_inv_lifetime if invite else settings.max_noninv_lifetime)
        self.retransmit = INF
        self.retransmit_interval = 0.0
        self.ack_due = INF
        self.linger_due = INF
        self.tick: int = NO_TICK

    def _server(self, event: int) -> int:
        """Take an event; return the actions, or -1 when the event has no meaning in this state."""
        table = INVITE_SERVER_TABLE if self.is_invite else NON_INVITE_SERVER_TABLE
        cell = table[self.state << 4 | event]
        if cell < 0:
            return -1
        self.state = cell & 7
        return cell >> 3

    def respond(self, status: int, packet: bytes, now: float, answer: bool = False) -> bool:
        """Send a response upstream. `answer` marks a 2xx for an INVITE that was made here. An empty packet is not sent:
        the response has no one to go to (a request of our own, or one that was replicated).

        Returns False when the state forbids it: a final response has been sent already (a 2xx for an INVITE is
        always allowed, RFC 3261 section 16.7 item 5), or the transaction is gone.
        """
        event = ANSWER if answer else PROVISIONAL if status < 200 else SUCCESS if status < 300 else FAILURE
        actions = self._server(event)
        if actions < 0:
            return False
        table = self.table
        if actions & SEND and packet and self.request is not None:
            table.outbox.append((packet, self.destination, None))
            table.stats.rpl_sent += 1
        if self.status < 200 or not table.settings.reply_relay_mode:
            self.status = status
            self.last_reply = packet
            if status >= 200:
                table.stats.count_final(status)
        if actions & ARM and not self.is_local:
            self.ack_due = now + self.fr_timer
            due = self.ack_due
            if answer or not self.reliable:
                self.retransmit_interval = self.retr_timer1
                self.retransmit = now + self.retr_timer1
                if self.retransmit < due:
                    due = self.retransmit
            table.wheel.arm(self, due, now)
        elif actions & (LINGER | ARM):
            self.linger(now)
        return True

    def on_retransmission(self) -> bool:
        """Answer a repeated request with the last response. Returns False when there is none, or none is due."""
        actions = self._server(REQUEST)
        if actions < 0 or not actions & RESEND or not self.last_reply:
            return False
        self.table.outbox.append((self.last_reply, self.destination, None))
        return True

    def on_ack(self, now: float) -> bool:
        """Take the ACK for a failure, or for a 2xx made here. Returns False when no ACK is expected."""
        actions = self._server(ACK)
        if actions < 0:
            return False
        self._obey(actions, now)
        return True

    def linger(self, now: float) -> None:
        """Start wt_timer, once: after it the transaction is gone."""
        if self.linger_due == INF:
            table = self.table
            self.linger_due = now + table.settings.wt_timer
            table.stats.waiting += 1
            table.wheel.arm(self, self.linger_due, now)

    def _obey(self, actions: int, now: float) -> None:
        if actions & STOP:
            self.retransmit = INF
            self.ack_due = INF
        if actions & LINGER:
            self.linger(now)

    def server_tick(self, now: float) -> float:
        """Do what is due on this side; return the next deadline of it."""
        if self.ack_due <= now:
            self._obey(self._server(GIVE_UP), now)
        elif self.retransmit <= now:
            actions = self._server(RETRANSMIT)
            if actions > 0 and actions & RESEND and self.last_reply:
                self.table.outbox.append((self.last_reply, self.destination, None))
                self.table.stats.retransmissions += 1
            self.retransmit_interval = min(self.retransmit_interval * 2.0, self.retr_timer2)
            self.retransmit = later(self.retransmit, self.retransmit_interval, now)
        return min(self.retransmit, self.ack_due, self.linger_due)

    def on_tick(self, now: float, expired: list[Expiry]) -> None:
        """Do what is due, append what the caller has to know, and arm the next deadline."""
        raise NotImplementedError

    def server_end(self) -> None:
        self._server(LINGER_END)
        self.retransmit = INF
        self.ack_due = INF
