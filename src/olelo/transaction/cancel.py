"""CANCEL, hop by hop (RFC 3261 section 9.1 and 16.10), with tm's three ways for a branch that has not answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from olelo.sip.build import make_cancel
from olelo.sip.errors import SipError
from olelo.sip.headers import CALL_ID, CSEQ, FROM, ROUTE, TO, VIA
from olelo.sip.message import Message
from olelo.transaction.branch import BLIND, CANCELLED, INF, Branch, later

if TYPE_CHECKING:
    from olelo.transaction.transaction import Transaction

# Ways to cancel a branch without a provisional response (cancel_b_method).
FAKE_487: Final = 0  #: answer it here with 487.
WAIT_FOR_REPLY: Final = 1  #: go on sending the INVITE; the first provisional response draws the CANCEL.
AT_ONCE: Final = 2  #: send the CANCEL, although section 9.1 forbids it.


def reason_of(status: int) -> bytes:
    """Return the Reason header line (RFC 3326) for the CANCELs that a final response causes; empty below 200."""
    if status == 200:
        return b'Reason: SIP;cause=200;text="Call completed elsewhere"\r\n'
    return b"Reason: SIP;cause=%d\r\n" % status if status > 200 else b""


def sent_or_received(tx: Transaction, branch: Branch) -> bytes:
    """Return the request that CANCEL and ACK are made of: as sent, or with reparse_invite off what tm takes of the
    request as it was received, in tm's order, under our Via and with the branch's Request-URI."""
    if tx.table.settings.reparse_invite or tx.request is None:
        return branch.request
    sent = Message.parse(branch.request)
    received = tx.request
    first = b"%b %b SIP/2.0" % (received.method.encode("latin-1"), branch.uri)
    head = [received.lines[received.hids.index(number)] for number in (FROM, CALL_ID, TO, CSEQ)]
    routes = [line for number, line in zip(received.hids, received.lines, strict=True) if number == ROUTE]
    via = sent.lines[sent.hids.index(VIA)]
    return b"\r\n".join((first, via, *head, b"Max-Forwards: 70", *routes, b"Content-Length: 0")) + b"\r\n\r\n"


def late_reason(tx: Transaction) -> bytes:
    """Return the Reason for a CANCEL that had to wait for a provisional response; what the caller gave goes first."""
    if tx.status >= 200 and tx.table.settings.local_cancel_reason:
        return b"Reason: SIP;cause=%d\r\n" % tx.status
    return b""


def send_cancel(tx: Transaction, branch: Branch, now: float, reason: bytes) -> None:
    """Send the CANCEL of a branch, or send it again; it is repeated until it is answered or fr_timer has passed.

    `reason` are Reason header lines; those of the caller's CANCEL go instead where it has brought some.
    """
    table = tx.table
    if branch.cancel is None:
        try:
            sent = sent_or_received(tx, branch)
            branch.cancel = make_cancel(sent, tx.cancel_reason or reason, table.settings.ac_extra_hdrs)
        except SipError:
            return  # forwarded with a CSeq that cannot be read: fr_timer ends it
        branch.cancel_give_up = now + tx.fr_timer
        if not branch.reliable:
            branch.cancel_interval = tx.retr_timer1
            branch.cancel_retransmit = now + tx.retr_timer1
            table.wheel.arm(tx, branch.cancel_retransmit, now)
    table.outbox.append((branch.cancel, branch.destination, branch))


def cancel_branch(tx: Transaction, branch: Branch, method: int, now: float, reason: bytes = b"") -> None:
    """Cancel one open branch and go on waiting for its final response; `method` as in `cancel_b_method`.

    With `FAKE_487` a branch that has not answered has a `status` of 487 afterwards.
    """
    if branch.flags & (CANCELLED | BLIND) or branch.status >= 200:
        return
    if branch.status >= 100 or method == AT_ONCE:
        branch.flags |= CANCELLED
        branch.retransmit = INF
        if tx.is_invite:
            send_cancel(tx, branch, now, reason)
    elif method == FAKE_487:
        tx.abandon(branch, now)
        branch.status = 487
    else:
        branch.flags |= CANCELLED


def cancel_open(tx: Transaction, method: int, now: float, reason: bytes = b"") -> bool:
    """Cancel all open branches; returns False when there is none that has sent anything."""
    found = False
    for branch in tx.branches:
        if branch.status < 200 and not branch.flags & BLIND:
            found = True
            cancel_branch(tx, branch, method, now, reason)
    return found


def tick_cancel(tx: Transaction, branch: Branch, now: float) -> None:
    """Repeat the CANCEL of a branch when it is due, or stop repeating it."""
    if branch.cancel_give_up <= now:
        branch.cancel_retransmit = INF
        branch.cancel_give_up = INF
    elif branch.cancel is not None:
        tx.table.outbox.append((branch.cancel, branch.destination, branch))
        tx.table.stats.retransmissions += 1
        branch.cancel_interval = min(branch.cancel_interval * 2.0, tx.retr_timer2)
        branch.cancel_retransmit = later(branch.cancel_retransmit, branch.cancel_interval, now)
