"""All transactions: how a message finds its own, and the clock's door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from olelo.sip.message import Message
from olelo.transaction.branch import INF, Branch
from olelo.transaction.key import cancel_key, key_of_dialog, key_of_request
from olelo.transaction.server import ServerSide
from olelo.transaction.settings import Settings, Stats
from olelo.transaction.states import TERMINATED
from olelo.transaction.transaction import Transaction
from olelo.transaction.verdict import CANCELED
from olelo.transaction.wheel import Wheel

if TYPE_CHECKING:
    #: A packet to send: bytes, destination as it was given, and the branch it belongs to (None: it goes upstream).
    Packet = tuple[bytes, object, Branch | None]

    #: What `expire()` reports: TIMEOUT with a branch, or ENDED without one.
    Expiry = tuple[int, Transaction, Branch | None]


class TransactionTable:
    """The transactions of one server.

    The caller empties `outbox` after every call, and calls `expire()` when `next_deadline()` has come.
    """

    __slots__ = (
        "_key",
        "_key_of",
        "by_branch",
        "by_call",
        "by_dialog",
        "by_key",
        "outbox",
        "settings",
        "stats",
        "wheel",
    )

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings if settings is not None else Settings()
        self.stats = Stats()
        self.outbox: list[Packet] = []
        self.by_key: dict[bytes, Transaction] = {}
        self.by_branch: dict[bytes, Branch] = {}
        self.by_dialog: dict[bytes, Transaction] = {}  # INVITEs answered here with 2xx
        self.by_call: dict[bytes, Transaction] = {}  # INVITEs whose 2xx was relayed, by Call-ID
        self._key = b""  # key of the request that was looked up last: create() usually follows
        self._key_of: Message | None = None
        # The horizon bounds how long a stale entry keeps a finished transaction in memory.
        self.wheel: Wheel[ServerSide] = Wheel(self.settings.granularity, min(self.settings.wt_timer, 5.0))

    def __len__(self) -> int:
        return len(self.by_key)

    def transactions(self) -> list[Transaction]:
        """Return all transactions, oldest first."""
        return list(self.by_key.values())

    # Who a message belongs to

    def lookup_request(self, msg: Message) -> Transaction | None:
        """Return the transaction that a request repeats, or the INVITE that an ACK acknowledges, or None.

        An ACK finds an INVITE that was answered with a failure (same branch) or with a 2xx made here (same dialog);
        the ACK for a 2xx that was relayed belongs to no transaction (RFC 3261 section 16.11) and gives None.
        """
        settings = self.settings
        key = key_of_request(msg, False, settings.ruri_matching, settings.via1_matching)
        self._key = key
        self._key_of = msg
        tx = self.by_key.get(key)
        if msg.method == "ACK":
            if tx is not None and tx.status < 300:
                tx = None
            if tx is None and self.by_dialog:
                tx = self.by_dialog.get(key_of_dialog(msg, msg.to.tag))
        if tx is not None and settings.callid_matching and not self._same_call(tx, msg):
            return None
        return tx

    def lookup_e2e_ack(self, msg: Message) -> Transaction | None:
        """Return the INVITE whose relayed 2xx an ACK acknowledges, while it is still here (tm's "e2e ACK").

        Call-ID, CSeq number and From tag are compared, as in tm. Of several INVITEs that are alike in these (a spiral)
        the one that was answered last is found.
        """
        tx = self.by_call.get(msg.call_id)
        if tx is None or tx.request is None:
            return None
        request = tx.request
        if msg.cseq.number != request.cseq.number or msg.from_.tag != request.from_.tag:
            return None
        return tx

    def lookup_cancel(self, msg: Message) -> Transaction | None:
        """Return the INVITE transaction that a CANCEL asks to cancel, or None (section 9.2)."""
        settings = self.settings
        tx = self.by_key.get(key_of_request(msg, True, settings.ruri_matching, settings.via1_matching))
        if tx is not None and settings.callid_matching and not self._same_call(tx, msg):
            return None
        return tx

    def lookup_reply(self, msg: Message) -> Branch | None:
        """Return the branch that a response answers, or None (section 17.1.3).

        The branch of the topmost Via and the CSeq method have to match; a CANCEL has the branch of its INVITE.
        """
        settings = self.settings
        branch = self.by_branch.get(msg.via.branch) if not settings.callid_cseq_matching else self._reply_of_call(msg)
        if branch is None:
            return None
        tx = branch.tx
        if tx is None or (msg.method != tx.method and (msg.method != "CANCEL" or branch.cancel is None)):
            return None
        if settings.callid_matching and not self._same_call(tx, msg):
            return None
        return branch

    def _reply_of_call(self, msg: Message) -> Branch | None:
        """The branch by Call-ID, CSeq number and the index at the end of the Via branch: for peers that mangle the
        rest of it (callid_cseq_matching). Looks at all transactions."""
        exact = self.by_branch.get(msg.via.branch)
        text = msg.via.branch.rpartition(b".")[2]
        try:
            index = int(text, 16)
        except ValueError:
            return exact
        for tx in self.by_key.values():
            request = tx.request
            if (
                request is not None
                and index < len(tx.branches)
                and request.call_id == msg.call_id
                and request.cseq.number == msg.cseq.number
                and (tx.method == msg.method or msg.method == "CANCEL")
            ):
                return tx.branches[index]
        return exact if exact is not None and exact.tx is not None and exact.tx.request is None else None

    @staticmethod
    def _same_call(tx: Transaction, msg: Message) -> bool:
        return tx.request is None or tx.request.call_id == msg.call_id

    # Birth and end

    def create(self, msg: Message, now: float, id: bytes, destination: object, reliable: bool) -> Transaction:
        """Enter a new request.

        Args:
            msg: The request; `lookup_request()` has found nothing for it.
            now: Seconds on the caller's clock.
            id: A token that no other transaction has had; it becomes part of our Via branches.
            destination: Where responses go; opaque.
            reliable: Whether the transport of the request is reliable (section 17.2.1).

        An INVITE whose CANCEL is here already is born `CANCELED`.

        Raises ValueError when the request is an ACK or belongs to a transaction already.
        """
        if msg is self._key_of:
            key = self._key
            self._key_of = None
        else:
            key = key_of_request(msg, False, self.settings.ruri_matching, self.settings.via1_matching)
        if key in self.by_key or msg.method == "ACK":
            raise ValueError(f"{msg.method} cannot open a transaction: it is an ACK or has one")
        tx = Transaction(self, id, key, msg.method, msg, destination, reliable, now)
        if tx.is_invite and cancel_key(key) in self.by_key:
            tx.flags |= CANCELED  # its CANCEL has overtaken it
        return self._enter(tx, now)

    def create_local(self, method: str, now: float, id: bytes) -> Transaction:
        """Enter a request that originates here. RELAY then means that its caller gets the response.

        Failures of an INVITE are acknowledged here; the ACK for a 2xx is a request of its own and the caller's to send.
        """
        self.stats.total_local += 1
        return self._enter(Transaction(self, id, b"local|" + id, method, None, None, True, now), now)

    def _enter(self, tx: Transaction, now: float) -> Transaction:
        self.by_key[tx.key] = tx
        self.stats.created += 1
        # The first look is due after T1, where the first retransmission would be: so a branch needs no second entry.
        self.wheel.arm(tx, now + tx.retr_timer1, now)
        return tx

    def end(self, tx: Transaction) -> None:
        """Forget a transaction at once: its keys, its branches, its links back."""
        if self.by_key.get(tx.key) is not tx:
            return
        del self.by_key[tx.key]
        if tx.local_key:
            self.by_dialog.pop(tx.local_key, None)
        request = tx.request
        if request is not None and tx.is_invite and self.by_call.get(request.call_id) is tx:
            del self.by_call[request.call_id]
        for branch in tx.branches:
            self.by_branch.pop(branch.branch_id, None)
        if tx.linger_due != INF:
            self.stats.waiting -= 1
        self.stats.ended += 1
        tx.close()

    # The clock's door

    def next_deadline(self) -> float | None:
        """Return when `expire()` has something to do, in seconds on the caller's clock; None: never."""
        return self.wheel.next_deadline()

    def expire(self, now: float) -> list[Expiry]:
        """Let time pass: packets go to `outbox`, and what the caller has to act on is returned, oldest first.

        For each `(TIMEOUT, tx, branch)` call `tx.on_timeout(branch, now)` and go on with its verdict;
        `(ENDED, tx, None)` is for those who keep something about the transaction.
        """
        expired: list[Expiry] = []
        for tx in self.wheel.due(now):
            if tx.state != TERMINATED:
                tx.on_tick(now, expired)
        return expired
