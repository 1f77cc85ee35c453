"""Answers on their way back: replies that came in, timeouts, and the routes they run.

The transaction room says what happened (a verdict); here its ladder is climbed: onreply_route, branch-failure
route, failure_route, and what goes upstream at the end.
"""

from __future__ import annotations

from collections.abc import Coroutine
from functools import partial
from typing import Any

from mypy_extensions import mypyc_attr

from olelo.core.blocklist import SEND_FAILED
from olelo.core.context import RouteContext
from olelo.core.engine import CRIT2, DBG, ERR, WARN
from olelo.core.failures import traced
from olelo.core.forward import forward_reply as forward_stateless
from olelo.core.sockets import Destination
from olelo.modules.tm.failover import Failover
from olelo.script.catalog import RouteKind
from olelo.script.compile import CompiledRoute
from olelo.script.runtime import Suspended
from olelo.sip.errors import SipError
from olelo.sip.message import Message
from olelo.transaction.branch import REPLIED, Branch
from olelo.transaction.transaction import Transaction
from olelo.transaction.verdict import BRANCH_FAILED, CHOSEN, DELIVER, DONE, ENDED, RELAY, SUSPENDED


@mypyc_attr(native_class=False)
class Answers(Failover):
    """The part of tm that receives answers, and lets time pass."""

    def tick(self) -> None:
        """Let the timers that are due do their work."""
        self._wake_at = float("inf")
        self._cancel_wake = None
        now = self.engine.services.now()
        expired = self.table.expire(now)
        for branch in self.flush():  # it cannot even be sent again
            if branch.tx is not None:
                self.go_on(branch.tx, branch, branch.tx.fail_branch(branch, 503, now))
        for what, tx, late in expired:
            try:
                if what == ENDED:
                    self.ended(tx)
                elif late is not None:
                    self.timed_out(tx, late, now)
                    self.go_on(tx, late, tx.on_timeout(late, now))
            except Exception as error:  # one transaction's fault must not stop the timers of the others
                self.engine.log(CRIT2, f"tm: a timer of {tx!r} failed: {traced(error)}")
        self.flush()

    def send_failed(self, data: bytes) -> None:
        """A packet that waited for a connection never left. If it is a branch's request, the next address of its name
        takes it; where there is none, the branch fails like one answered with 503 (RFC 3261 section 16.9)."""
        try:
            branch = self.table.by_branch.get(Message.parse(data).via.branch)
        except SipError:
            return  # a script may have sent anything
        if branch is None or branch.tx is None or branch.status or branch.request != data:
            return
        tx = branch.tx
        try:
            if isinstance(branch.destination, Destination):
                self.engine.blocklist.add(SEND_FAILED, branch.destination)
            if branch.spare and self.fail_over(tx, branch):
                tx.drop_branch(branch)
            else:
                self.go_on(tx, branch, tx.fail_branch(branch, 503, self.engine.services.now()))
        except Exception as error:  # the other packets that waited have to be told of, too
            self.engine.log(CRIT2, f"tm: {tx!r} after a failed connection: {traced(error)}")
        self.flush()

    def ended(self, tx: Transaction) -> None:
        """A transaction has left the table: cut what it held."""
        for watcher in self.watchers:
            watcher.ended(tx)
        ctx = tx.user
        tx.user = None
        if self.suspended:
            self.suspended.pop(tx.id, None)
        if isinstance(ctx, RouteContext):
            ctx.tx = None

    # --- answers that came in -----------------------------------------------------------------------------

    def on_reply(self, ctx: RouteContext) -> bool:
        """A reply passed reply_route. True: it belongs to a transaction, and is dealt with."""
        msg = ctx.msg
        branch = self.table.lookup_reply(msg)
        if branch is None or branch.tx is None:
            return bool(self.on_sl_reply) and self._stray(ctx)
        tx = branch.tx
        now = self.engine.services.now()
        verdict = tx.receive(branch, msg, now)
        if verdict == DELIVER:
            if tx.request is None and tx.is_invite and 200 <= msg.status < 300:
                self.acknowledge(tx, branch, ctx)
            for watcher in self.watchers:
                watcher.received(tx, branch, ctx)
            if branch.on_reply:
                route = self.engine.route("onreply", branch.on_reply)
                if route is not None:
                    self.drive(self._onreply(ctx, tx, branch, route))
                    return True
            if msg.status >= 300:
                self.refused(tx, branch, ctx)
            verdict = tx.deliver(branch, msg, msg.status, now)
        self.go_on(tx, branch, verdict, ctx)
        return True

    def _stray(self, ctx: RouteContext) -> bool:
        """Run onreply_route[on_sl_reply] over a reply without a transaction. True: it goes no further."""
        route = self.engine.route("onreply", str(self.on_sl_reply))
        if route is None:
            return False
        result = self.engine.run_route(route, ctx, RouteKind.CORE_ONREPLY)
        if isinstance(result, int):
            return ctx.dropped

        self.engine.services.spawn(result, partial(self._stray_done, ctx, route))
        return True

    def _stray_done(self, ctx: RouteContext, route: CompiledRoute, _code: Any, error: BaseException | None) -> None:
        if error is not None:
            self.engine.route_failed(ctx, route, error)
        elif not ctx.dropped:
            forward_stateless(ctx)

    async def _onreply(self, ctx: RouteContext, tx: Transaction, branch: Branch, route: CompiledRoute) -> int:
        request = self.context_of(tx) if tx.user is not None else ctx
        ctx.tx = tx
        ctx.branch = branch.index
        share(request, ctx)
        ctx.flags = tx.user_flags
        ctx.bflags = branch.user_flags
        ctx.dropped = False
        # The route sees this reply as the branch's last one: t_reply() there cancels a branch that rings with it, and
        # does not cancel one that has just failed.
        before = branch.status
        status = branch.status = max(before, ctx.msg.status)
        result = self.engine.run_route(route, ctx, RouteKind.TM_ONREPLY)
        if branch.status == status:
            branch.status = before
        if not isinstance(result, int):
            await result
        share(ctx, request)
        tx.user_flags = ctx.flags
        branch.user_flags = ctx.bflags
        if tx.flags & SUSPENDED and ctx.store is not None and ctx.store.get("tm", {}).get("suspended"):
            self.suspended[tx.id] = ctx  # t_suspend() over a reply: t_continue() goes on from here
            self.flush()
            return 0
        if self.suspended:
            held = self.suspended.get(tx.id)
            if held is not None and held.branch == branch.index:  # it comes again before t_continue()
                self.flush()
                return 0
        return await self.after_onreply(ctx, tx, branch)

    async def after_onreply(self, ctx: RouteContext, tx: Transaction, branch: Branch) -> int:
        if ctx.dropped and ctx.msg.status < 200:
            self.engine.log(DBG, "tm: provisional answer dropped by the script")
            self.flush()
            return 0
        ctx.dropped = False
        if ctx.msg.status >= 300:
            self.refused(tx, branch, ctx)
        verdict = tx.deliver(branch, ctx.msg, ctx.msg.status, self.engine.services.now())
        return await self._climb(tx, branch, verdict, ctx)

    def go_on(self, tx: Transaction, branch: Branch | None, verdict: int, reply: RouteContext | None = None) -> None:
        """Climb the ladder from a verdict: routes, then the answer upstream."""
        if verdict == RELAY:
            self.relay_upstream(tx, reply)
        elif verdict == BRANCH_FAILED or verdict == CHOSEN:
            self.drive(self._climb(tx, branch, verdict, reply))
            return
        self.flush()

    async def _climb(self, tx: Transaction, branch: Branch | None, verdict: int, reply: RouteContext | None) -> int:
        if verdict == BRANCH_FAILED and branch is not None:
            for watcher in self.watchers:
                watcher.branch_failed(tx, branch)
            name = branch.on_branch_failure
            route = self.engine.route("event", f"tm:branch-failure:{name}") if name else None
            if route is not None:
                await self.run_failure(tx, branch, route, RouteKind.BRANCH_FAILURE)
            verdict = tx.choose(branch, self.engine.services.now())
        if verdict == CHOSEN:
            verdict = await self._failure_route(tx)
        if branch is not None and reply is not None:
            branch.flags |= REPLIED
        if verdict == RELAY and tx.user is not None:  # it may be gone after a route that waited
            self.relay_upstream(tx, reply)
        self.flush()
        return 0

    async def _failure_route(self, tx: Transaction) -> int:
        best = tx.chosen
        drop: int | None = None
        error = 0
        if best is not None:
            for watcher in self.watchers:
                watcher.failed(tx, best)
        if best is not None and best.on_failure and (tx.request is not None or self.enable_uac_fr):
            route = self.engine.route("failure", best.on_failure)
            tx.on_failure = None  # it must be armed again, as in Kamailio
            if route is not None:
                started = self.engine.services.now()
                ctx = await self.run_failure(tx, best, route, RouteKind.FAILURE)
                seconds = self.engine.services.now() - started
                if self.exec_time_check and seconds * 1000 >= self.exec_time_check:
                    self.engine.log(WARN, f"tm: failure_route[{best.on_failure}] has taken {seconds:.3f} s")
                if tx.user is None:
                    return DONE  # its lifetime has ended while the route waited
                drop = ctx.store.get("tm", {}).get("drop_replies") if ctx.store else None
                error = ctx.error
        verdict = tx.settle(self.engine.services.now(), drop)
        if verdict == RELAY and tx.relaying is None and not tx.is_local:
            # The old answers were dropped and no new branch could be made: say why.
            self.answer(self.context_of(tx), tx, *self.tm_error(error))
            return DONE
        return verdict

    async def run_failure(
        self, tx: Transaction, branch: Branch, route: CompiledRoute, kind: RouteKind, resumed: bool = False
    ) -> RouteContext:
        """Run a route over the request again, with the reply at hand.

        `$ru` and `$du` are as they were when the request was forwarded; `$ru` is forwarded to again only when the
        route sets it. A suspended request goes on where it was, its destinations unused (resumed).
        """
        request = self.context_of(tx)
        ctx = self.again(tx, kind)
        if resumed:
            ctx.ruri_used = request.ruri_used
            ctx.branches = request.branches
            request.branches = []
            ctx.bflags = request.bflags
        else:
            ctx.branch = branch.index
            ctx.reply = branch.reply
            ctx.bflags = branch.user_flags
        msg = request.msg
        edits = msg.edits[:]
        if isinstance(tx.saved_edits, list):
            msg.edits[:] = tx.saved_edits
        if kind is RouteKind.BRANCH_FAILURE:
            ctx.event = f"tm:branch-failure:{branch.on_branch_failure}"
            tx.on_branch_failure = None  # as on_failure: for new branches it must be armed again
        result = self.engine.run_route(route, ctx, kind)
        if not isinstance(result, int):
            await result
        msg.edits[:] = edits  # edits of a failure route are for the branches it added
        share(ctx, request)
        tx.user_flags = ctx.flags
        return ctx

    def drive(self, work: Coroutine[Any, Any, int]) -> None:
        """Drive a coroutine that mostly does not wait and gives an int; where it waits, the services finish it."""
        try:
            pending = work.send(None)
        except StopIteration:
            return
        self.engine.services.spawn(Suspended(work, pending), self._finished)

    def again(self, tx: Transaction, kind: RouteKind) -> RouteContext:
        """A context for another look at a transaction's request: as it was when it was forwarded, `$ru` used up."""
        request = self.context_of(tx)
        ctx = RouteContext(self.engine, request.msg, request.rcv, kind)
        ctx.msg_id = request.msg_id
        ctx.tx = tx
        ctx.ruri, ctx.dst_uri, ctx.path = request.ruri, request.dst_uri, request.path
        ctx.ruri_used = True
        ctx.flags = tx.user_flags
        ctx.xflags = request.xflags
        ctx.msg_flags = request.msg_flags
        ctx.force_socket = request.force_socket
        ctx.record_route = request.record_route
        ctx.reply_lines = list(request.reply_lines)
        ctx.vars = request.vars
        share(request, ctx)
        return ctx

    def _finished(self, _result: Any, error: BaseException | None) -> None:
        if error is not None:
            self.engine.log(ERR, f"tm: a route that waited failed: {error!r}")
        self.flush()


def share(source: RouteContext, target: RouteContext) -> None:
    """AVPs and xavps belong to the transaction: what one route sets, the next one sees."""
    target.avps, target.xavps = source.avps, source.xavps
    target.xavus, target.xavis = source.xavus, source.xavis
