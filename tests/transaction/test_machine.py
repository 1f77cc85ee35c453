"""Random calls, and what must hold whatever happens."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from olelo.transaction.branch import CANCELLED
from olelo.transaction.states import ACCEPTED, COMPLETED
from olelo.transaction.transaction import Transaction
from transaction.kit import Ladder, request, what


class Calls(RuleBasedStateMachine):
    """One INVITE with up to five branches, a failure route now and then, and a caller who may cancel."""

    def __init__(self) -> None:
        super().__init__()
        self.ladder = Ladder(granularity=0.01)
        self.tx: Transaction | None = None
        self.heard: set[int] = set()

    @rule(
        reliable=st.booleans(),
        branches=st.integers(0, 3),
        route=st.booleans(),
        drop=st.sampled_from((None, 0, 1, 2, 3)),
        method=st.integers(0, 2),
        noisy=st.booleans(),
    )
    @precondition(lambda self: self.tx is None)
    def invite(self, reliable: bool, branches: int, route: bool, drop: int | None, method: int, noisy: bool) -> None:
        ladder = self.ladder
        ladder.table.settings.cancel_b_method = method
        ladder.table.settings.noisy_ctimer = noisy
        ladder.drop_replies = drop
        ladder.failure_route = self.failure_route
        self.tx = ladder.receive(request(), reliable, local_100=True)
        self.tx.on_failure = "again" if route else None
        ladder.fork(self.tx, branches, reliable)

    def failure_route(self, tx: Transaction) -> None:
        assert tx.open_branches == 0
        assert tx.status < 200
        if len(tx.branches) < 5 and tx.may_fork:
            self.ladder.fork(tx)

    @rule(index=st.integers(0, 4), status=st.sampled_from((100, 180, 183, 200, 302, 401, 404, 486, 487, 503, 603)))
    @precondition(lambda self: self.tx is not None)
    def answer(self, index: int, status: int) -> None:
        tx = self.tx
        assert tx is not None
        if index < len(tx.branches) and self.alive():
            before = len(self.ladder.sent)
            earlier = tx.branches[index].state
            self.heard.add(index)
            self.ladder.reply(tx, index, status)
            news = [(who, what(packet)) for who, packet in self.ladder.sent[before:]]
            # A 2xx always passes; a failure always gets its ACK. After a failure of the same branch there is no 2xx.
            if status == 200 and earlier != COMPLETED:
                assert ("<", "200") in news
            if status >= 300 and earlier != ACCEPTED:
                assert (str(index), "ACK") in news

    @rule()
    @precondition(lambda self: self.tx is not None)
    def cancel(self) -> None:
        tx = self.tx
        assert tx is not None
        if self.alive():
            self.ladder.cancel(tx)
            for branch in tx.branches:
                assert branch.status >= 200 or branch.flags & CANCELLED

    @rule()
    @precondition(lambda self: self.tx is not None)
    def repeat_invite(self) -> None:
        if self.alive():
            self.ladder.again(request())

    @rule()
    @precondition(lambda self: self.tx is not None)
    def ack(self) -> None:
        tx = self.tx
        assert tx is not None
        if self.alive():
            assert (self.ladder.again(request("ACK", to_tag="x")) is tx) is (tx.status >= 300)

    @rule(seconds=st.sampled_from((0.05, 0.5, 2.0, 6.0, 31.0, 121.0)))
    def time(self, seconds: float) -> None:
        self.ladder.wait(seconds)

    def alive(self) -> bool:
        return self.tx is not None and bool(self.ladder.table.by_key)

    @invariant()
    def one_final_response_besides_2xx(self) -> None:
        finals = {what(packet) for who, packet in self.ladder.sent if who == "<" and what(packet) >= "200"}
        assert len(finals - {"200"}) <= 1

    @invariant()
    def no_failure_and_no_provisional_after_2xx(self) -> None:
        statuses = [what(packet) for who, packet in self.ladder.sent if who == "<"]
        for index, status in enumerate(statuses):
            if status >= "300":
                assert all(later == status or later == "200" for later in statuses[index:])
            elif status == "200" and statuses[0] < "300":
                earlier = [before for before in statuses[:index] if before >= "300"]
                assert earlier or all(after == "200" for after in statuses[index:])

    @invariant()
    def cancel_only_after_a_provisional_unless_told_so(self) -> None:
        tx = self.tx
        if tx is not None and self.ladder.table.settings.cancel_b_method != 2:
            for branch in tx.branches:
                assert branch.cancel is None or branch.index in self.heard

    @invariant()
    def nothing_open_is_without_a_deadline(self) -> None:
        if self.alive():
            assert self.ladder.table.next_deadline() is not None

    def teardown(self) -> None:
        self.ladder.wait(600)
        assert self.ladder.empty()
        assert self.ladder.table.next_deadline() is None
        stats = self.ladder.table.stats
        assert stats.created == stats.ended
        assert stats.waiting == 0
        if self.tx is not None and self.ladder.table.settings.noisy_ctimer and self.tx.branches:
            assert self.tx.status >= 200


Calls.TestCase.settings = settings(max_examples=150, stateful_step_count=20, deadline=None)
TestCalls = Calls.TestCase
