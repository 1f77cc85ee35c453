"""A fake network and clock for transactions: scenarios read like a ladder.

`Ladder` plays the hallway: it runs the verdicts down to the packets and writes every packet into `lines` as
`"seconds who what"`: `<` goes upstream, `0` and up are branches.
"""

from __future__ import annotations

from collections.abc import Callable

from olelo.sip.message import Message
from olelo.transaction.branch import Branch
from olelo.transaction.settings import Settings
from olelo.transaction.table import TransactionTable
from olelo.transaction.transaction import Transaction
from olelo.transaction.verdict import BRANCH_FAILED, CHOSEN, DELIVER, RELAY, TIMEOUT


def request(
    method: str = "INVITE",
    branch: str = "z9hG4bKcaller",
    call_id: str = "call-1",
    cseq: int = 1,
    to_tag: str = "",
    ruri: str = "sip:bob@example.com",
    sent_by: str = "192.0.2.1:5060",
    vias: str = "",
    cseq_method: str = "",
) -> bytes:
    """Return a whole request."""
    tag = f";tag={to_tag}" if to_tag else ""
    return (
        f"{method} {ruri} SIP/2.0\r\n"
        f"{vias}Via: SIP/2.0/UDP {sent_by};branch={branch}\r\n"
        f"From: <sip:alice@example.com>;tag=alice\r\n"
        f"To: <sip:bob@example.com>{tag}\r\n"
        f"Call-ID: {call_id}\r\n"
        f"CSeq: {cseq} {cseq_method or method}\r\n"
        f"Max-Forwards: 70\r\n"
        f"Content-Length: 0\r\n\r\n"
    ).encode()


def response(to: bytes, status: int, tag: str = "bob", method: str = "") -> bytes:
    """Return a whole response to the request `to`; `method` replaces the CSeq method (a response to a CANCEL)."""
    lines = [b"SIP/2.0 %d Reason" % status]
    for line in to.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        name = line.partition(b":")[0].lower()
        if name in (b"via", b"from", b"call-id"):
            lines.append(line)
        elif name == b"to":
            lines.append(line if b";tag=" in line or status == 100 else line + b";tag=" + tag.encode())
        elif name == b"cseq":
            lines.append(line.rsplit(b" ", 1)[0] + b" " + method.encode() if method else line)
    return b"\r\n".join([*lines, b"Content-Length: 0", b"", b""])


def what(packet: bytes) -> str:
    """Return the method or the status of a packet."""
    words = packet.split(b" ", 2)
    return words[1].decode() if words[0] == b"SIP/2.0" else words[0].decode()


class Ladder:
    """One proxy with its network. Times in `lines` are rounded to the hundredth."""

    def __init__(self, start: float = 1000.0, **settings: object) -> None:
        settings.setdefault("granularity", 0.001)
        self.table = TransactionTable(Settings(**settings))  # type: ignore[arg-type]
        self.start = start
        self.now = start
        self.lines: list[str] = []
        self.sent: list[tuple[str, bytes]] = []
        self.lost: list[bool] = []  # for each packet that leaves, in order: whether the network loses it
        self.failure_route: Callable[[Transaction], None] | None = None
        self.branch_failure_route: Callable[[Transaction, Branch], None] | None = None
        self.drop_replies: int | None = None
        self.ids = 0
        self.ended: list[Transaction] = []

    # What the caller does

    def receive(self, packet: bytes, reliable: bool = False, local_100: bool = False) -> Transaction:
        """A new request arrives and opens a transaction."""
        self.ids += 1
        tx = self.table.create(Message.parse(packet), self.now, b"t%d" % self.ids, "caller", reliable)
        if local_100:
            tx.reply_local(100, response(packet, 100), self.now)
        self.flush()
        return tx

    def fork(self, tx: Transaction, count: int = 1, reliable: bool = False) -> None:
        """Forward to `count` new targets."""
        for _ in range(count):
            assert tx.request is not None
            index = len(tx.branches)
            via = f"Via: SIP/2.0/UDP 192.0.2.9;branch={tx.branch_id(index).decode()}\r\n"
            head, _, rest = tx.request.raw.partition(b"\r\n")
            packet = head + b"\r\n" + via.encode() + rest
            tx.add_branch(packet, f"target{index}", reliable, self.now, b"sip:bob@target%d" % index)
        self.flush()

    def call(self, branches: int = 1, reliable: bool = False, **parts: object) -> Transaction:
        """An INVITE arrives and is forwarded."""
        tx = self.receive(request(**parts), reliable)  # type: ignore[arg-type]
        self.fork(tx, branches, reliable)
        return tx

    def again(self, packet: bytes) -> Transaction | None:
        """A request arrives that may be a retransmission or an ACK."""
        msg = Message.parse(packet)
        tx = self.table.lookup_request(msg)
        if tx is not None:
            if msg.method == "ACK":
                tx.on_ack(self.now)
            else:
                tx.on_retransmission()
        self.flush()
        return tx

    def cancel(self, tx: Transaction, reason: bytes = b"") -> int:
        """The caller's CANCEL, already answered."""
        verdict = tx.cancel(self.now, reason)
        self.go_on(tx, None, verdict)
        return verdict

    # What the targets do

    def reply(self, tx: Transaction, index: int, status: int, tag: str = "", method: str = "") -> int:
        """Branch `index` answers; returns the first verdict."""
        packet = response(tx.branches[index].request, status, tag or f"bob{index}", method)
        msg = Message.parse(packet)
        branch = self.table.lookup_reply(msg)
        if branch is None:
            self.log(f"{index}", f"stray {status}")
            return -1
        assert branch.tx is tx
        verdict = tx.receive(branch, msg, self.now)
        self.flush()
        if verdict == DELIVER:
            self.go_on(tx, branch, tx.deliver(branch, msg, status, self.now))
        return verdict

    # The hallway

    def go_on(self, tx: Transaction, branch: Branch | None, verdict: int) -> None:
        if verdict == BRANCH_FAILED:
            assert branch is not None
            if self.branch_failure_route is not None:
                self.branch_failure_route(tx, branch)
            verdict = tx.choose(branch, self.now)
        if verdict == CHOSEN:
            assert tx.chosen is not None
            self.log("?", f"failure route {tx.chosen.status} of {tx.chosen.index}")
            if self.failure_route is not None:
                self.failure_route(tx)
            self.flush()
            verdict = tx.settle(self.now, self.drop_replies)
        if verdict == RELAY:
            if tx.relay_local or tx.relaying is None:
                assert tx.request is not None
                packet = response(tx.request.raw, tx.relay_status, "proxy")
            else:
                assert tx.relaying.reply is not None or tx.relay_status < 200
                to = tx.request.raw if tx.request is not None else tx.relaying.request
                packet = response(to, tx.relay_status, f"bob{tx.relaying.index}")
            tx.relay(packet, self.now)
        self.flush()

    def flush(self) -> None:
        for packet, _, branch in self.table.outbox:
            who = "<" if branch is None else str(branch.index)
            lost = self.lost.pop(0) if self.lost else False
            self.log(who, what(packet) + (" lost" if lost else ""))
            if not lost:
                self.sent.append((who, packet))
        self.table.outbox.clear()

    def wait(self, seconds: float) -> None:
        """Let time pass, from deadline to deadline."""
        end = self.now + seconds
        while True:
            due = self.table.next_deadline()
            if due is None or due > end:
                break
            self.now = max(self.now, due)
            expired = self.table.expire(self.now)
            self.flush()
            for kind, tx, branch in expired:
                if kind == TIMEOUT:
                    assert branch is not None
                    self.go_on(tx, branch, tx.on_timeout(branch, self.now))
                else:
                    self.ended.append(tx)
        self.now = end

    def log(self, who: str, text: str) -> None:
        self.lines.append(f"{self.now - self.start:.2f} {who} {text}")

    def take(self) -> list[str]:
        """Return the lines since the last call."""
        lines, self.lines = self.lines, []
        return lines

    def empty(self) -> bool:
        """Whether nothing is left of any transaction."""
        table = self.table
        return not (table.by_key or table.by_branch or table.by_dialog or table.by_call)
