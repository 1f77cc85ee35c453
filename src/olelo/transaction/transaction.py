"""One request on its way: the server side, its client branches, and the choice of the response between them.

A packet from the network takes two steps, because the script stands between them:

    verdict = tx.receive(branch, reply, now)             # the wire: ACK, timers, retransmissions
    if verdict == DELIVER:
        ... onreply_route ...
        verdict = tx.deliver(branch, reply, reply.status, now)
    if verdict == BRANCH_FAILED:
        ... branch-failure route ...
        verdict = tx.choose(branch, now)
    if verdict == CHOSEN:
        ... failure route of tx.chosen: may add branches, or answer by reply_local() ...
        verdict = tx.settle(now)
    if verdict == RELAY:
        ... build the response from tx.relaying, tx.relay_status and tx.relay_local ...
        tx.relay(packet, now)

`on_timeout()`, `fail_branch()` and `cancel()` return verdicts of the same ladder, below DELIVER. A step that has no
route to run is not stopped at: without failure route a failing branch goes from `deliver()` straight to WAITING or
RELAY. Packets are appended to `table.outbox` in the order in which they have to leave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from olelo.sip.build import make_ack
from olelo.sip.errors import SipError
from olelo.sip.message import Message
from olelo.transaction.branch import BLIND, CANCELLED, INF, ON_INV_TIMER, REPLIED, SKIP, TIMED_OUT, Branch
from olelo.transaction.cancel import (
    WAIT_FOR_REPLY,
    cancel_branch,
    cancel_open,
    late_reason,
    reason_of,
    send_cancel,
    sent_or_received,
)
from olelo.transaction.choice import challenges, choose, offer_status, settle
from olelo.transaction.key import key_of_dialog
from olelo.transaction.server import ServerSide
from olelo.transaction.states import (
    CALLING,
    FAILURE,
    GIVE_UP,
    INVITE_CLIENT_TABLE,
    LINGER_END,
    NON_INVITE_CLIENT_TABLE,
    PASS,
    PROVISIONAL,
    QUIET,
    SEND_ACK,
    SLOW,
    STATE_NAMES,
    STOP,
    SUCCESS,
    TERMINATED,
    TRYING,
)
from olelo.transaction.timing import set_fr, set_lifetime, tick
from olelo.transaction.verdict import (
    ABSORBED,
    ANSWERED_HERE,
    BLOCKED_6XX,
    BRANCH_FAILED,
    CANCELED,
    CHOSEN,
    DELIVER,
    DISABLE_6XX,
    DONE,
    NOISY,
    RELAY,
    SUSPENDED,
    TELL_BRANCH_FAILURE,
    TELL_FAILURE,
    WAITING,
)

if TYPE_CHECKING:
    from olelo.transaction.table import Expiry, TransactionTable


class Transaction(ServerSide):
    """A request with its branches. Made by `TransactionTable.create()` and `create_local()`.

    `user`, `avps`, `user_flags` and the four `on_*` route names belong to the caller; a new branch copies the names.
    """

    __slots__ = (
        "avps",
        "branches",
        "cancel_reason",
        "chosen",
        "chosen_size",
        "on_branch",
        "on_branch_failure",
        "on_failure",
        "on_reply",
        "relay_local",
        "relay_status",
        "relaying",
        "saved_edits",
        "set_start",
        "user",
        "user_flags",
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
        super().__init__(table, id, key, method, request, destination, reliable, now)
        if table.settings.disable_6xx_block:
            self.flags = DISABLE_6XX
        self.branches: list[Branch] = []
        self.chosen: Branch | None = None  # the best failure, while its failure route runs
        self.chosen_size = 0  # how many branches there were then
        self.set_start = 0  # first branch of the last step of serial forking
        self.relaying: Branch | None = None  # what RELAY is about; None: nothing but relay_status
        self.relay_status = 0
        self.relay_local = False  # build the response from the request, not from relaying.reply
        self.cancel_reason = b""
        self.on_reply: str | None = None
        self.on_failure: str | None = None
        self.on_branch: str | None = None
        self.on_branch_failure: str | None = None
        self.user_flags = 0
        self.saved_edits: object = None  # the request's edits as its later branches have them; the caller's
        self.avps: object = None
        self.user: object = None

    # Branches

    def branch_id(self, index: int) -> bytes:
        """Return the Via branch of branch `index`: magic cookie, the transaction's id, a point, the index in hex."""
        return b"z9hG4bK%b.%x" % (self.id, index)

    def add_branch(self, request: bytes, destination: object, reliable: bool, now: float, uri: bytes = b"") -> Branch:
        """Add a target and send it the request, which carries `branch_id(len(branches))` in its topmost Via.

        Timers A and B (INVITE) or E and F start; timer C is the same deadline, moved by provisional responses.
        """
        index = len(self.branches)
        branch = Branch(self, index, self.branch_id(index), request, destination, reliable, uri)
        self.branches.append(branch)
        table = self.table
        table.by_branch[branch.branch_id] = branch
        due = now + self.fr_timer
        if due > self.end_of_life:
            due = self.end_of_life
        branch.give_up = due
        if not reliable:
            branch.retransmit_interval = self.retr_timer1
            branch.retransmit = now + self.retr_timer1
            if branch.retransmit < due:
                due = branch.retransmit
        table.outbox.append((request, destination, branch))
        table.wheel.arm(self, due, now)
        return branch

    def drop_branch(self, branch: Branch) -> None:
        """Forget a branch whose request never left (the send failed at once, or the onsend_route dropped it).

        It counts as answered with 408 and is never chosen, as in tm.
        """
        branch.status = 408
        branch.flags |= SKIP
        branch.state = TERMINATED
        branch.quiet()

    def hold_branch(self, branch: Branch, now: float) -> None:
        """Take back `drop_branch()`: the branch sends nothing, and fr_timer ends it with a 408 of ours."""
        branch.status = 0
        branch.flags &= ~SKIP
        branch.state = CALLING if self.is_invite else TRYING
        branch.give_up = min(now + self.fr_timer, self.end_of_life)
        self.table.wheel.arm(self, branch.give_up, now)

    def suspend(self, now: float) -> Branch:
        """Hold the transaction open until `resume()`, or until fr_timer ends its blind branch (`t_suspend()`)."""
        self.flags |= SUSPENDED
        return self.add_blind(now)

    def add_blind(self, now: float) -> Branch:
        """Add a branch that sends nothing; fr_timer ends it, and then the caller gets its 408 in any case."""
        index = len(self.branches)
        branch = Branch(self, index, self.branch_id(index), b"", None, True, b"")
        branch.flags = BLIND
        branch.give_up = min(now + self.fr_timer, self.end_of_life)
        self.branches.append(branch)
        self.flags |= NOISY
        self.table.wheel.arm(self, branch.give_up, now)
        return branch

    def resume(self, branch: Branch) -> bool:
        """Close the blind branch (`t_continue()`). Returns False when it is closed already, by a timer or an answer."""
        self.flags &= ~SUSPENDED
        if branch.status >= 200 or self.status >= 200:
            return False
        branch.status = 500
        branch.flags |= SKIP
        branch.state = TERMINATED
        branch.quiet()
        return True

    @property
    def open_branches(self) -> int:
        """How many branches have no final response."""
        count = 0
        for branch in self.branches:
            if branch.status < 200:
                count += 1
        return count

    @property
    def may_fork(self) -> bool:
        """Whether new branches make sense: not cancelled, not answered, not stopped by a 6xx."""
        return not self.flags & (CANCELED | BLOCKED_6XX) and self.status < 200

    # Responses from below

    def client_event(self, branch: Branch, event: int) -> int:
        """Take an event on a branch; return the actions, or -1 when the event has no meaning in its state."""
        table = INVITE_CLIENT_TABLE if self.is_invite else NON_INVITE_CLIENT_TABLE
        cell = table[branch.state << 4 | event]
        if cell < 0:
            return -1
        branch.state = cell & 7
        return cell >> 3

    def receive(self, branch: Branch, reply: Message, now: float) -> int:
        """Take a response to `branch` off the wire. Returns DELIVER or ABSORBED.

        Stops retransmissions, acknowledges failures of an INVITE, answers a provisional response on a cancelled
        branch with the CANCEL, and swallows responses to that CANCEL and repeated final responses.
        """
        self.table.stats.rpl_received += 1
        status = reply.status
        if self.is_invite and reply.method == "CANCEL":
            branch.cancel_retransmit = INF
            return ABSORBED
        event = PROVISIONAL if status < 200 else SUCCESS if status < 300 else FAILURE
        actions = self.client_event(branch, event)
        if actions < 0:
            return ABSORBED
        if event != PROVISIONAL:
            branch.cancel_retransmit = INF  # a CANCEL has nothing left to stop
        if actions & STOP:
            branch.quiet()
        elif actions & QUIET:
            branch.retransmit = INF
        elif actions & SLOW and not branch.reliable:
            branch.retransmit_interval = self.retr_timer2
            branch.retransmit = now + self.retr_timer2
        if actions & SEND_ACK:
            self._acknowledge(branch, reply)
        if not actions & PASS:
            return ABSORBED
        if branch.flags & CANCELLED and event == PROVISIONAL:
            # Section 9.1: only now may the CANCEL leave; and if it left before, it was lost.
            if branch.status < 100:
                branch.status = status
            if self.is_invite:
                send_cancel(self, branch, now, late_reason(self))
            return ABSORBED
        return DELIVER

    def _acknowledge(self, branch: Branch, reply: Message) -> None:
        try:
            ack = make_ack(sent_or_received(self, branch), reply, self.table.settings.ac_extra_hdrs)
        except SipError:
            return  # the INVITE was forwarded with a CSeq that cannot be read: its sender has to live with repetitions
        self.table.outbox.append((ack, branch.destination, branch))

    def deliver(self, branch: Branch, reply: Message, status: int, now: float) -> int:
        """Decide about a response after its onreply_route (`status` may have been changed there).

        Returns ABSORBED, WAITING, BRANCH_FAILED, CHOSEN or RELAY. A provisional response that the script dropped is
        not delivered at all; a final one always is (tm ignores `drop` there, or the call would hang).
        """
        # A late 2xx for an INVITE passes whatever was decided before: the callee is in a call by now.
        if (self.status >= 200 or branch.status >= 200) and not (self.is_invite and 200 <= status < 300):
            branch.flags |= REPLIED
            return ABSORBED
        if status >= 300:
            branch.reply = reply
            verdict = self._failed(branch, status, now)
            if verdict != BRANCH_FAILED and verdict != CHOSEN:
                branch.flags |= REPLIED  # else it is the caller's to set: the routes do not count the reply at hand
            return verdict
        branch.flags |= REPLIED
        settings = self.table.settings
        if status < 200:
            # fr_inv_timer starts with the first provisional response; by default every one starts it anew.
            if self.is_invite and (
                settings.restart_fr_on_each_reply or (branch.status < status and (status >= 180 or branch.status == 0))
            ):
                due = now + self.fr_inv_timer
                branch.give_up = due if due < self.end_of_life else self.end_of_life
                branch.flags |= ON_INV_TIMER
                self.table.wheel.arm(self, branch.give_up, now)
            branch.status = status
            if status == 100 and not settings.relay_100:
                return WAITING
        else:
            branch.status = status
            branch.reply = reply
        self.relaying = branch
        self.relay_status = status
        self.relay_local = False
        return RELAY

    def on_timeout(self, branch: Branch, now: float) -> int:
        """Give up a branch whose time is over, as reported by `TransactionTable.expire()`. Returns a verdict.

        DONE means that the request was dropped without an answer (noisy_ctimer is off and nobody ever answered).
        """
        if branch.status >= 200 or self.status >= 200:
            return ABSORBED
        branch.flags |= TIMED_OUT
        if self.is_silent(branch):
            self.release(now)
            return DONE
        return self.fail_branch(branch, 408, now)

    def is_silent(self, branch: Branch) -> bool:
        """Whether a timeout of this branch ends the transaction without a 408 (noisy_ctimer is off)."""
        return (
            not self.table.settings.noisy_ctimer
            and branch.status == 0
            and self.is_invite
            and not self.is_local
            and not self.flags & (NOISY | TELL_FAILURE)
            and branch.on_failure is None
            and len(self.branches) == 1
        )

    def fail_branch(self, branch: Branch, status: int, now: float) -> int:
        """Give an open branch a final response of our own, such as 408 or 503. Returns a verdict."""
        if branch.status >= 200 or self.status >= 200:
            return ABSORBED
        self.abandon(branch, now)
        return self._failed(branch, status, now)

    def abandon(self, branch: Branch, now: float, reason: bytes = b"") -> None:
        """Stop waiting for a branch; if it rings, cancel it now (`reason` in the CANCEL), and if not, when it first
        answers."""
        self.client_event(branch, GIVE_UP)
        branch.quiet()
        if self.is_invite and not branch.flags & (CANCELLED | BLIND):
            branch.flags |= CANCELLED
            if branch.status >= 100:
                send_cancel(self, branch, now, reason)

    def _failed(self, branch: Branch, status: int, now: float) -> int:
        branch.status = status
        if branch.on_branch_failure is not None or self.flags & TELL_BRANCH_FAILURE:
            return BRANCH_FAILED
        return self.choose(branch, now)

    # The choice of the response, section 16.7

    def choose(self, branch: Branch, now: float) -> int:
        """Decide what follows from the failure of `branch`. Returns WAITING, CHOSEN, RELAY or DONE."""
        return choose(self, branch, now)

    def settle(self, now: float, drop: int | None = None) -> int:
        """Decide after the failure route of `chosen`. Returns DONE (answered there), WAITING (it forked) or RELAY.

        `drop` is the mode that `t_drop_replies()` set in that route; None means failure_reply_mode. Dropped responses
        are never chosen again; when nothing else is left, the answer is 500.
        """
        return settle(self, drop)

    def challenges(self) -> list[Message]:
        """Return the 401 and 407 responses of all branches, whose challenges the answer has to carry (item 7)."""
        return challenges(self)

    # Responses upstream

    def relay(self, packet: bytes, now: float) -> bool:
        """Send what RELAY asked for. A final response stops and cancels the other branches.

        Returns False when the transaction is gone meanwhile or was answered by other means.
        """
        if self.relay_local:
            self.table.stats.rpl_generated += 1
        return self._answer(self.relay_status, packet, now, False)

    def reply_local(self, status: int, packet: bytes, now: float, to_tag: bytes = b"") -> bool:
        """Send a response that was made here (`t_reply()`, the automatic 100).

        A 2xx for an INVITE is retransmitted until its ACK comes, which is found by the `to_tag` it carries.
        Returns False when a final response was sent already.
        """
        if self.status >= 200:
            return False
        answer = self.is_invite and 200 <= status < 300
        if not self._answer(status, packet, now, answer):
            return False
        self.table.stats.rpl_generated += 1
        if status >= 200:
            self.flags |= ANSWERED_HERE
            if answer and self.request is not None:
                self.local_key = key_of_dialog(self.request, to_tag)
                self.table.by_dialog[self.local_key] = self
        return True

    def _answer(self, status: int, packet: bytes, now: float, answer: bool) -> bool:
        first = self.status < 200
        if not self.respond(status, packet, now, answer):
            return False
        if status >= 200 and first:
            self.chosen = None
            if self.is_invite and status < 300 and not answer and self.request is not None:
                self.table.by_call[self.request.call_id] = self
            reason = reason_of(status) if self.table.settings.local_cancel_reason else b""
            for branch in self.branches:
                if branch.status < 200:
                    self.abandon(branch, now, reason)
                else:
                    branch.quiet()
        return True

    def cancel(self, now: float, reason: bytes = b"") -> int:
        """Cancel on the caller's behalf. `reason` are Reason header lines, each with its line end.

        Returns WAITING when branches are being cancelled, RELAY when there is nothing to wait for and the INVITE has
        to be answered (with 487), CHOSEN when cancel_b_method 0 closed the last branch, DONE when it was answered.
        """
        if self.status >= 200:
            return DONE
        self.flags |= CANCELED
        if reason:
            self.cancel_reason = reason
        if not cancel_open(self, self.table.settings.cancel_b_method, now):
            return offer_status(self, 487)
        if self.open_branches:
            return WAITING
        return self.choose(self.branches[-1], now)

    def cancel_branches(self, now: float, only: Branch | None = None, reason: bytes = b"") -> int:
        """Cancel all open branches, or one (`t_cancel_branches()`), with these Reason header lines; returns how many
        are still open."""
        if only is None:
            cancel_open(self, WAIT_FOR_REPLY, now, reason)
        else:
            cancel_branch(self, only, WAIT_FOR_REPLY, now, reason)
        return self.open_branches

    def release(self, now: float) -> None:
        """Stop everything and let the transaction go after wt_timer, answered or not (`t_release()`)."""
        for branch in self.branches:
            branch.quiet()
        self.retransmit = INF
        self.ack_due = INF
        self.linger(now)

    # Timers

    def on_tick(self, now: float, expired: list[Expiry]) -> None:
        """Do what is due: retransmit, report branches whose time is over, end. Arms the next deadline."""
        tick(self, now, expired)

    def set_fr(self, now: float, fr_inv_timer: float = 0.0, fr_timer: float = 0.0) -> None:
        """Change the final response timers, those that run included; 0 leaves one as it is (`t_set_fr()`)."""
        set_fr(self, now, fr_inv_timer, fr_timer)

    def set_retr(self, retr_timer1: float = 0.0, retr_timer2: float = 0.0) -> None:
        """Change T1 and T2 from the next retransmission on; 0 leaves one as it is (`t_set_retr()`)."""
        if retr_timer1:
            self.retr_timer1 = retr_timer1
        if retr_timer2:
            self.retr_timer2 = retr_timer2

    def set_lifetime(self, now: float, seconds: float) -> None:
        """Give the request at most `seconds` from now, branches that run included (`t_set_max_lifetime()`)."""
        set_lifetime(self, now, seconds)

    def close(self) -> None:
        """End all machines and cut the links back from the branches; called by `TransactionTable.end()`."""
        self.server_end()
        for branch in self.branches:
            self.client_event(branch, LINGER_END)
            branch.quiet()
            branch.cancel_retransmit = INF
            branch.tx = None

    def __repr__(self) -> str:
        state = STATE_NAMES[self.state]
        return f"<Transaction {self.method} {self.id!r} {state} {self.status} with {len(self.branches)} branches>"
