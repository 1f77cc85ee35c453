"""Suspended transactions: t_suspend() holds one open, t_continue() goes on with a route of its own."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.modules.tm.answers import Answers, share
from olelo.script.catalog import RouteKind
from olelo.script.compile import CompiledRoute
from olelo.transaction.branch import BLIND
from olelo.transaction.transaction import Transaction
from olelo.transaction.verdict import CANCELED, SUSPENDED


class Suspension(Answers):
    """The part of tm that goes on with what was suspended."""

    def resume(self, tx: Transaction, route: CompiledRoute) -> bool:
        """Go on with a suspended transaction: run a route over it (t_continue). False where it is not suspended."""
        if not tx.flags & SUSPENDED:
            return False
        if tx.flags & CANCELED:  # nothing to go on for, and no fault of the caller's
            tx.flags &= ~SUSPENDED
            return True
        self.drive(self._resume(tx, route))
        return True

    async def _resume(self, tx: Transaction, route: CompiledRoute) -> int:
        reply = self.suspended.pop(tx.id, None)
        if reply is not None:
            tx.flags &= ~SUSPENDED
            return await self._resume_reply(tx, reply, route)
        blind = next((b for b in tx.branches if b.flags & BLIND and b.status < 200), None)
        if blind is None or not tx.resume(blind):
            return 0
        ctx = await self.run_failure(tx, blind, route, RouteKind.FAILURE, resumed=True)
        if tx.user is not None and tx.status < 200 and not tx.open_branches:
            self.answer(self.context_of(tx), tx, *self.tm_error(ctx.error))
        self.flush()
        return 0

    async def _resume_reply(self, tx: Transaction, ctx: RouteContext, route: CompiledRoute) -> int:
        request = self.context_of(tx)
        branch = tx.branches[ctx.branch]
        self.store_of(ctx)["suspended"] = False
        result = self.engine.run_route(route, ctx, RouteKind.TM_ONREPLY)
        if not isinstance(result, int):
            await result
        share(ctx, request)
        tx.user_flags = ctx.flags
        branch.user_flags = ctx.bflags
        if tx.flags & SUSPENDED and self.store_of(ctx).get("suspended"):
            self.suspended[tx.id] = ctx
            return 0
        return await self.after_onreply(ctx, tx, branch)
