"""Time on both sides of a transaction: what is due, and how its timers are changed while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from olelo.transaction.branch import INF, ON_INV_TIMER, later
from olelo.transaction.cancel import tick_cancel
from olelo.transaction.states import RESEND, RETRANSMIT
from olelo.transaction.verdict import ENDED, TIMEOUT

if TYPE_CHECKING:
    from olelo.transaction.table import Expiry
    from olelo.transaction.transaction import Transaction


def tick(tx: Transaction, now: float, expired: list[Expiry]) -> None:
    """See `Transaction.on_tick()`."""
    table = tx.table
    due = tx.server_tick(now)
    if tx.linger_due <= now:
        table.end(tx)
        expired.append((ENDED, tx, None))
        return
    fired = False
    for branch in tx.branches:
        if branch.give_up <= now:
            branch.quiet()
            table.stats.timeouts += 1
            expired.append((TIMEOUT, tx, branch))
            fired = True
        elif branch.retransmit <= now:
            actions = tx.client_event(branch, RETRANSMIT)
            if actions > 0 and actions & RESEND:
                table.outbox.append((branch.request, branch.destination, branch))
                table.stats.retransmissions += 1
            branch.retransmit_interval = min(branch.retransmit_interval * 2.0, tx.retr_timer2)
            branch.retransmit = later(branch.retransmit, branch.retransmit_interval, now)
        if branch.cancel_retransmit <= now:
            tick_cancel(tx, branch, now)
        due = min(due, branch.next_deadline())
    if due == INF:
        # Nothing runs: the script is still at it, or it has left a request without an answer.
        if fired:
            due = now + table.settings.wt_timer
        elif now < tx.end_of_life:
            due = tx.end_of_life
        else:
            table.stats.orphans += 1
            tx.release(now)
            return
    table.wheel.arm(tx, due, now)


def set_fr(tx: Transaction, now: float, fr_inv_timer: float, fr_timer: float) -> None:
    """See `Transaction.set_fr()`."""
    if fr_inv_timer:
        tx.fr_inv_timer = fr_inv_timer
    if fr_timer:
        tx.fr_timer = fr_timer
    for branch in tx.branches:
        seconds = fr_inv_timer if branch.flags & ON_INV_TIMER else fr_timer
        if seconds and branch.give_up != INF:
            branch.give_up = min(now + seconds, tx.end_of_life)
            tx.table.wheel.arm(tx, branch.give_up, now)


def set_lifetime(tx: Transaction, now: float, seconds: float) -> None:
    """See `Transaction.set_lifetime()`."""
    tx.end_of_life = now + seconds
    for branch in tx.branches:
        if branch.give_up != INF and branch.give_up > tx.end_of_life:
            branch.give_up = tx.end_of_life
            tx.table.wheel.arm(tx, branch.give_up, now)
