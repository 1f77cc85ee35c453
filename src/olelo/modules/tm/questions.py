"""What scripts ask of a transaction: what has happened to it, and what is armed."""

from __future__ import annotations

import re

from olelo.core.context import RouteContext
from olelo.core.module import BRANCH, FAILURE, ONREPLY, REQUEST, function
from olelo.modules.tm.answers import Answers
from olelo.script.catalog import RouteKind
from olelo.transaction.branch import REPLIED, TIMED_OUT
from olelo.transaction.transaction import Transaction
from olelo.transaction.verdict import CANCELED, SUSPENDED

TM_ONREPLY = RouteKind.TM_ONREPLY
WITHIN = REQUEST | TM_ONREPLY | FAILURE | BRANCH
AFTER_FAILURE = FAILURE | RouteKind.EVENT | RouteKind.BRANCH_FAILURE


class Questions(Answers):
    """t_check_status(), t_any_replied() and their kin."""

    def current(self, ctx: RouteContext) -> Transaction | None:
        """The transaction that the message belongs to, looked up where the context does not know it yet."""
        if ctx.tx is None and ctx.msg.is_request and ctx.kind in (RouteKind.REQUEST, RouteKind.EVENT):
            found = self.table.lookup_request(ctx.msg)
            if found is not None and ctx.msg.method != "ACK":
                ctx.tx = found
        tx: Transaction | None = ctx.tx
        return tx

    @function("t_is_set")
    def t_is_set(self, ctx: RouteContext, target: str) -> int:
        """Is such a route armed? target: "branch_route", "failure_route" or "onreply_route". Returns 1 yes, -1 no."""
        attribute = {"b": "on_branch", "f": "on_failure", "o": "on_reply"}.get(target[:1].lower())
        if attribute is None:
            return -1
        return 1 if getattr(ctx.tx if ctx.tx is not None else ctx, attribute) else -1

    # --- what has happened --------------------------------------------------------------------------------

    @function("t_check_status", routes=REQUEST | FAILURE | ONREPLY | RouteKind.BRANCH_FAILURE)
    def t_check_status(self, ctx: RouteContext, expression: re.Pattern[str]) -> int:
        """Does the answer's status match the regular expression? Returns 1 yes, -1 no."""
        return 1 if expression.search(str(self.status_of(ctx))) else -1

    def status_of(self, ctx: RouteContext) -> int:
        """The status that `t_check_status` and `$T_reply_code` mean in this kind of route; 0 where there is none."""
        if not ctx.msg.is_request:
            return ctx.msg.status
        tx = ctx.tx
        if tx is None:
            return 0
        if ctx.kind in (RouteKind.FAILURE, RouteKind.BRANCH_FAILURE):
            return int(tx.branches[ctx.branch].status) if 0 <= ctx.branch < len(tx.branches) else 0
        return int(tx.status)

    @function("t_get_status_code", routes=REQUEST | ONREPLY | FAILURE | BRANCH)
    def t_get_status_code(self, ctx: RouteContext) -> int:
        """The status of the last answer as return code; -1 where there is none."""
        tx = ctx.tx
        if tx is None:
            return -1
        return self.status_of(ctx) or -1

    @function("t_branch_timeout", routes=AFTER_FAILURE)
    def t_branch_timeout(self, ctx: RouteContext) -> int:
        """Did the failed branch time out? Returns 1 yes, -1 no."""
        return 1 if self._branch_flag(ctx, TIMED_OUT) else -1

    @function("t_branch_replied", routes=AFTER_FAILURE)
    def t_branch_replied(self, ctx: RouteContext) -> int:
        """Did the failed branch ever answer? Returns 1 yes, -1 no."""
        return 1 if self._branch_flag(ctx, REPLIED) else -1

    def _branch_flag(self, ctx: RouteContext, flag: int) -> bool:
        tx = ctx.tx
        return tx is not None and 0 <= ctx.branch < len(tx.branches) and bool(tx.branches[ctx.branch].flags & flag)

    @function("t_any_timeout", routes=WITHIN)
    def t_any_timeout(self, ctx: RouteContext) -> int:
        """Has any branch timed out? Returns 1 yes, -1 no."""
        tx = self.current(ctx)
        return 1 if tx is not None and any(b.flags & TIMED_OUT for b in tx.branches) else -1

    @function("t_any_replied", routes=WITHIN)
    def t_any_replied(self, ctx: RouteContext) -> int:
        """Has any branch answered? Returns 1 yes, -1 no."""
        tx = self.current(ctx)
        return 1 if tx is not None and any(b.flags & REPLIED for b in tx.branches) else -1

    @function("t_grep_status", routes=WITHIN)
    def t_grep_status(self, ctx: RouteContext, code: int) -> int:
        """Has any branch been answered with this status? Returns 1 yes, -1 no."""
        tx = self.current(ctx)
        return 1 if tx is not None and any(b.status == code and b.flags & REPLIED for b in tx.branches) else -1

    @function("t_is_canceled", routes=WITHIN)
    def t_is_canceled(self, ctx: RouteContext) -> int:
        """Has the caller cancelled? Returns 1 yes, -1 no."""
        tx = self.current(ctx)
        return 1 if tx is not None and tx.flags & CANCELED else -1

    @function("t_is_expired", routes=WITHIN)
    def t_is_expired(self, ctx: RouteContext) -> int:
        """Has the transaction outlived its lifetime? Returns 1 yes, -1 no."""
        tx = self.current(ctx)
        return 1 if tx is not None and self.engine.services.now() >= tx.end_of_life else -1

    @function("t_exists")
    def t_exists(self, ctx: RouteContext) -> int:
        """Does the message have a transaction? Returns 1 yes, -1 no."""
        return 1 if self.current(ctx) is not None else -1

    @function("t_is_retr_async_reply", routes=TM_ONREPLY)
    def t_is_retr_async_reply(self, ctx: RouteContext) -> int:
        """Did a reply come while another one of its transaction is suspended? Returns 1 yes, -1 no."""
        tx = ctx.tx
        return 1 if tx is not None and tx.flags & SUSPENDED else -1
