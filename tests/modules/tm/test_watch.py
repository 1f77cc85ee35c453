"""What modules that watch transactions are told, in order."""

from __future__ import annotations

from modules.tm.kit import bed
from olelo.core.context import RouteContext
from olelo.modules.tm import Tm
from olelo.modules.tm.watch import Watcher
from olelo.sip.message import Message
from olelo.testing import Bed
from olelo.transaction.branch import Branch
from olelo.transaction.transaction import Transaction


class Diary(Watcher):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def opened(self, ctx: RouteContext, tx: Transaction) -> None:
        self.lines.append(f"opened {tx.method}")

    def forwarded(self, ctx: RouteContext, tx: Transaction, branch: Branch) -> None:
        self.lines.append(f"forwarded {branch.index}")

    def received(self, tx: Transaction, branch: Branch, reply: RouteContext) -> None:
        self.lines.append(f"received {reply.msg.status}")

    def failed(self, tx: Transaction, branch: Branch) -> None:
        self.lines.append(f"failed {branch.status}")

    def answered(self, tx: Transaction, status: int, reply: Message | None) -> None:
        self.lines.append(f"answered {status} {'here' if reply is None else 'there'}")

    def acknowledged(self, tx: Transaction, ack: RouteContext) -> None:
        self.lines.append(f"acknowledged {tx.status}")

    def cancelled(self, tx: Transaction, cancel: RouteContext) -> None:
        self.lines.append("cancelled")

    def ended(self, tx: Transaction) -> None:
        self.lines.append(f"ended {tx.method}")


def watched(config: str) -> tuple[Bed, Diary]:
    net = bed(config)
    tm = net.engine.modules["tm"]
    assert isinstance(tm, Tm)
    diary = Diary()
    tm.watch(diary)
    return net, diary


def test_a_call() -> None:
    net, diary = watched("request_route { t_check_trans(); t_relay(); }")
    alice, bob = net.peer("alice"), net.peer("bob")
    call = alice.invite(bob.uri)
    bob.gets("INVITE").reply(180)
    bob.reply(bob.last, 200)
    alice.gets(100)
    alice.gets(180)
    alice.gets(200)
    alice.ack(call)
    net.advance(10)
    assert diary.lines == [
        "opened INVITE", "answered 100 here", "forwarded 0", "received 180", "answered 180 there", "received 200",
        "answered 200 there", "acknowledged 200", "ended INVITE",
    ]  # fmt: skip


def test_a_failure_without_a_failure_route() -> None:
    net, diary = watched("request_route { t_relay(); }")
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    bob.gets("OPTIONS").reply(404)
    alice.gets(404)
    assert diary.lines[1:] == ["forwarded 0", "received 404", "failed 404", "answered 404 there"]


def test_a_timeout() -> None:
    net, diary = watched("request_route { t_relay(); }")
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    net.advance(31)
    assert diary.lines[2:] == ["failed 408", "answered 408 here"]


def test_a_cancelled_call() -> None:
    net, diary = watched('request_route { if (is_method("CANCEL")) { t_relay_cancel(); exit; } t_relay(); }')
    alice, bob = net.peer("alice"), net.peer("bob")
    call = alice.invite(bob.uri)
    bob.gets("INVITE").reply(180)
    alice.cancel(call)
    bob.reply(bob.last, 487)
    assert diary.lines[5:] == [
        "opened CANCEL", "cancelled", "answered 200 here", "received 487", "failed 487", "answered 487 there",
    ]  # fmt: skip


class BranchLedger(Watcher):
    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def branch_failed(self, tx: Transaction, branch: Branch) -> None:
        self.seen.append((branch.index, branch.status))


def test_each_branch_that_fails() -> None:
    net = bed('request_route { append_branch("sip:c@192.0.2.3"); t_relay(); }')
    tm = net.engine.modules["tm"]
    assert isinstance(tm, Tm)
    ledger = BranchLedger()
    tm.watch(ledger)
    alice, bob, carol = net.peer("alice"), net.peer("bob"), net.peer("carol")
    alice.request("OPTIONS", bob.uri)
    carol.gets("OPTIONS").reply(503)
    assert ledger.seen == [(1, 503)]
    bob.gets("OPTIONS").reply(404)
    alice.gets(404)
    assert ledger.seen == [(1, 503), (0, 404)]
