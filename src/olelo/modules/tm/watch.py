"""What other modules are told of transactions: Kamailio's TMCB callbacks, as methods to override.

    class Ledger(Watcher):
        def answered(self, tx: Transaction, status: int, reply: Message | None) -> None:
            ...

    tm.watch(Ledger())

`tm.context_of(tx)` is the request's context. A watcher runs while its packet is worked on: it has to be quick, must
not wait, and an exception of it is that packet's failure.
"""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.sip.message import Message
from olelo.transaction.branch import Branch
from olelo.transaction.transaction import Transaction


class Watcher:
    """Does nothing; override what is of interest. The names in brackets are Kamailio's."""

    def opened(self, ctx: RouteContext, tx: Transaction) -> None:
        """A request opens its transaction (TMCB_REQUEST_IN)."""

    def forwarded(self, ctx: RouteContext, tx: Transaction, branch: Branch) -> None:
        """A branch was made and is about to be sent (TMCB_REQUEST_FWDED)."""

    def received(self, tx: Transaction, branch: Branch, reply: RouteContext) -> None:
        """A reply came in on a branch, its onreply_route has not run yet (TMCB_RESPONSE_IN)."""

    def failed(self, tx: Transaction, branch: Branch) -> None:
        """All branches have failed and this one was picked; its failure_route has not run yet (TMCB_ON_FAILURE)."""

    def branch_failed(self, tx: Transaction, branch: Branch) -> None:
        """A branch has failed; its branch-failure route has not run yet, other branches may be open
        (TMCB_ON_BRANCH_FAILURE)."""

    def answered(self, tx: Transaction, status: int, reply: Message | None) -> None:
        """An answer was sent upstream; reply is None where it was made here (TMCB_RESPONSE_OUT)."""

    def local_answer(self, tx: Transaction, status: int, reply: Message | None) -> None:
        """A request of our own was answered, finally or, with pass_provisional_replies, for now
        (TMCB_LOCAL_RESPONSE_OUT); reply is None where the answer was made here."""

    def acknowledged(self, tx: Transaction, ack: RouteContext) -> None:
        """The ACK for a relayed 2xx came in (TMCB_E2EACK_IN)."""

    def cancelled(self, tx: Transaction, cancel: RouteContext) -> None:
        """The caller has cancelled; the branches are about to be (TMCB_E2ECANCEL_IN)."""

    def ended(self, tx: Transaction) -> None:
        """The transaction is gone; its context is still there for the last time (TMCB_DESTROY)."""
