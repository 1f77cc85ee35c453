"""The client side of one request: one `Branch` per target that the request was forwarded to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from olelo.transaction.states import CALLING, TRYING

if TYPE_CHECKING:
    from olelo.sip.message import Message
    from olelo.transaction.transaction import Transaction

INF: Final = float("inf")

# Branch.flags: what this room knows. The script's branch flags are `Branch.user_flags`.
SKIP: Final = 1  #: its response is never chosen: it was never sent, or serial forking has forgotten it.
BLIND: Final = 2  #: holds a suspended transaction open, sends nothing.
REPLIED: Final = 4  #: the next hop has answered, if only with 100.
TIMED_OUT: Final = 8  #: fr_timer or fr_inv_timer fired.
ON_INV_TIMER: Final = 16  #: fr_inv_timer runs, not fr_timer.
CANCELLED: Final = 32  #: a CANCEL was sent, or waits for the first provisional response.


def later(due: float, interval: float, now: float) -> float:
    """Return the deadline one interval after `due`, or after `now` when the clock has run past that.

    Counting from `due` keeps the granularity of the clock out of the sum; counting from `now` after a pause keeps a
    pause from becoming a burst.
    """
    following = due + interval
    return following if following > now else now + interval


class Branch:
    """One target. Its wire state is a row of the client tables; `status` is the last response, or what stands for it.

    `request` is what was sent (empty: a blind branch), `destination` is opaque to this room. `reply` is the last final
    response; with a `status` of 300 and more and no `reply`, the response was made here (408, 487, 503).
    """

    __slots__ = (
        "branch_id",
        "cancel",
        "cancel_give_up",
        "cancel_interval",
        "cancel_retransmit",
        "destination",
        "flags",
        "give_up",
        "index",
        "instance",
        "on_branch_failure",
        "on_failure",
        "on_reply",
        "path",
        "reliable",
        "reply",
        "request",
        "retransmit",
        "retransmit_interval",
        "ruid",
        "spare",
        "state",
        "status",
        "tx",
        "uri",
        "user",
        "user_agent",
        "user_flags",
    )

    def __init__(
        self,
        tx: Transaction,
        index: int,
        branch_id: bytes,
        request: bytes,
        destination: object,
        reliable: bool,
        uri: bytes,
    ) -> None:
        self.tx: Transaction | None = tx
        self.index = index
        self.branch_id = branch_id
        self.request = request
        self.destination = destination
        self.reliable = reliable
        self.uri = uri
        self.path = b""
        self.instance = b""
        self.ruid = b""
        self.user_agent = b""
        self.spare: list[object] | None = None  # further destinations to try where this one fails; the caller's
        self.state: int = CALLING if tx.is_invite else TRYING
        self.status = 0
        self.reply: Message | None = None
        self.flags = 0
        self.user_flags = 0
        self.on_reply = tx.on_reply
        self.on_failure = tx.on_failure
        self.on_branch_failure = tx.on_branch_failure
        self.retransmit = INF
        self.retransmit_interval = 0.0
        self.give_up = INF
        self.cancel: bytes | None = None
        self.cancel_retransmit = INF
        self.cancel_interval = 0.0
        self.cancel_give_up = INF
        self.user: object = None

    @property
    def timed_out(self) -> bool:
        """Whether a timer gave this branch up (`t_branch_timeout()`)."""
        return self.flags & TIMED_OUT != 0

    @property
    def replied(self) -> bool:
        """Whether the next hop ever answered (`t_branch_replied()`)."""
        return self.flags & REPLIED != 0

    def quiet(self) -> None:
        """Stop all timers of this branch but those of its CANCEL."""
        self.retransmit = INF
        self.give_up = INF

    def next_deadline(self) -> float:
        """Return the earliest of this branch's deadlines."""
        due = self.retransmit if self.retransmit < self.give_up else self.give_up
        return due if due < self.cancel_retransmit else self.cancel_retransmit

    def __repr__(self) -> str:
        return f"<Branch {self.index} {self.branch_id!r} status {self.status}>"
