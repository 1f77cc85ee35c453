"""What the caller of a transaction has to do next, and what a transaction remembers in its flags."""

from __future__ import annotations

from typing import Final

# Verdicts.
ABSORBED: Final = 0  #: nothing: the message ends here.
DELIVER: Final = 1  #: run the onreply_route, then `deliver()`.
WAITING: Final = 2  #: nothing: other branches are still open.
BRANCH_FAILED: Final = 3  #: run the branch-failure route of the branch, then `choose()`.
CHOSEN: Final = 4  #: run the failure route of `tx.chosen`, then `settle()`.
RELAY: Final = 5  #: build the response from `tx.relaying` and hand it to `relay()`.
DONE: Final = 6  #: nothing: the transaction is answered.

VERDICT_NAMES: Final = ("absorbed", "deliver", "waiting", "branch failed", "chosen", "relay", "done")

# Transaction.flags.
CANCELED: Final = 1  #: the caller has cancelled (`t_is_canceled()`).
BLOCKED_6XX: Final = 2  #: a 6xx came: no new branches until the failure route.
DISABLE_6XX: Final = 4  #: treat a 6xx as any failure (`t_set_disable_6xx()`).
TELL_FAILURE: Final = 8  #: stop at CHOSEN even without a failure route: a module listens.
TELL_BRANCH_FAILURE: Final = 16  #: stop at BRANCH_FAILED even without a route.
NOISY: Final = 32  #: always answer a timeout, whatever noisy_ctimer says.
ANSWERED_HERE: Final = 64  #: the final response was made by `reply_local()`.
NO_FAILOVER: Final = 256  #: try no further addresses (`t_set_disable_failover()`).
SUSPENDED: Final = 128  #: `suspend()` was called and `resume()` not yet.

# What `TransactionTable.expire()` reports.
TIMEOUT: Final = 1  #: a branch's time is over: call `tx.on_timeout(branch, now)` and go on with its verdict.
ENDED: Final = 2  #: the transaction has left the table.
