"""The response context: what to do when a branch has failed (RFC 3261 section 16.7 items 5 to 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from olelo.sip.message import Message
from olelo.transaction.branch import SKIP, Branch
from olelo.transaction.cancel import cancel_open, reason_of
from olelo.transaction.pick import WORST, rank
from olelo.transaction.verdict import (
    BLOCKED_6XX,
    CANCELED,
    CHOSEN,
    DISABLE_6XX,
    DONE,
    RELAY,
    TELL_FAILURE,
    WAITING,
)

if TYPE_CHECKING:
    from olelo.transaction.transaction import Transaction


def choose(tx: Transaction, branch: Branch, now: float) -> int:
    """See `Transaction.choose()`."""
    if tx.status >= 200:
        return DONE
    if 600 <= branch.status < 700 and not tx.flags & (BLOCKED_6XX | DISABLE_6XX) and tx.open_branches:
        # Item 5: a 6xx cancels the other branches; their final responses are awaited.
        tx.flags |= BLOCKED_6XX
        settings = tx.table.settings
        reason = reason_of(branch.status) if settings.local_cancel_reason else b""
        cancel_open(tx, settings.cancel_b_method, now, reason)
    if tx.open_branches:
        return WAITING
    tx.flags &= ~BLOCKED_6XX  # the failure route may fork again
    best = best_of(tx)
    if best is None:
        return offer_status(tx, 500)
    tx.chosen = best
    tx.chosen_size = len(tx.branches)
    if best.on_failure is not None or tx.flags & TELL_FAILURE:
        return CHOSEN
    return offer(tx, best)


def settle(tx: Transaction, drop: int | None) -> int:
    """See `Transaction.settle()`."""
    if tx.status >= 200:
        return DONE
    size = tx.chosen_size
    forked = len(tx.branches) > size
    mode = tx.table.settings.failure_reply_mode if drop is None else drop
    dropped = mode in (1, 2) or (mode == 3 and forked)
    if dropped:
        for branch in tx.branches[tx.set_start if mode == 2 else 0 : size]:
            branch.flags |= SKIP
    if forked:
        tx.set_start = size
        if tx.open_branches:
            return WAITING
    best = best_of(tx) if forked or dropped else tx.chosen
    if best is None:
        return offer_status(tx, 500)
    return offer(tx, best)


def best_of(tx: Transaction) -> Branch | None:
    """Return the branch with the best failure, or None when there is none to choose from."""
    best = None
    best_rank = WORST
    for branch in tx.branches:
        if branch.flags & SKIP or branch.status < 300:
            continue
        its_rank = rank(branch.status)
        if branch.reply is None:
            its_rank += tx.table.settings.faked_reply_prio
        if its_rank < best_rank:
            best = branch
            best_rank = its_rank
    return best


def offer(tx: Transaction, best: Branch) -> int:
    """Ask the caller to relay the response of `best`, or to build one in its place."""
    status = best.status
    local = True
    settings = tx.table.settings
    if best.reply is None:
        if tx.flags & CANCELED:
            status = 487
    elif status == 503 and settings.remap_503_500:
        status = 500
    else:
        local = (status == 401 or status == 407) and settings.aggregate_challenges and len(challenges(tx)) > 1
    tx.relaying = best
    tx.relay_status = status
    tx.relay_local = local
    return RELAY


def offer_status(tx: Transaction, status: int) -> int:
    """Ask the caller to answer with a status that no branch gave."""
    tx.relaying = None
    tx.relay_status = status
    tx.relay_local = True
    return RELAY


def challenges(tx: Transaction) -> list[Message]:
    """See `Transaction.challenges()`."""
    return [
        branch.reply
        for branch in tx.branches
        if branch.reply is not None and branch.status in (401, 407) and not branch.flags & SKIP
    ]
