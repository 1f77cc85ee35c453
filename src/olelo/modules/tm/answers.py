"""Answers on their way back: replies that came in, replies made here, timeouts, and the routes they run.

The transaction room says what happened (a verdict); here its ladder is climbed: onreply_route, branch-failure
route, failure_route, and what goes upstream at the end.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any

from olelo.core.avps import avp_key
from olelo.core.context import RouteContext
from olelo.core.engine import CRIT2, DBG, ERR
from olelo.core.errors import E_UNSPEC, REASONS, answer_for
from olelo.core.failures import traced
from olelo.core.forward import forward_reply as forward_stateless
from olelo.core.onsend import stopped_by_script
from olelo.core.reply import build_reply
from olelo.core.sockets import Destination
from olelo.modules.tm.params import TmParams
from olelo.modules.tm.watch import Watcher
from olelo.script.catalog import RouteKind
from olelo.script.compile import CompiledRoute
from olelo.script.runtime import Suspended
from olelo.sip.build import forward_reply
from olelo.sip.headers import PROXY_AUTHENTICATE, WWW_AUTHENTICATE
from olelo.sip.message import Message
from olelo.transaction.branch import BLIND, REPLIED, Branch
from olelo.transaction.table import TransactionTable
from olelo.transaction.transaction import Transaction
from olelo.transaction.verdict import BRANCH_FAILED, CANCELED, CHOSEN, DELIVER, DONE, ENDED, RELAY, SUSPENDED

_LOCAL_RESPONSE = ("event", "tm:local-response")


class Answers(TmParams):
    """The part of tm that receives and sends answers. Holds the transaction table and its clock."""

    table: TransactionTable
    #: Set by modules that follow calls to their end: t_check_trans() then knows the ACK of a relayed 2xx.
    wants_e2e_acks = False

    def init(self) -> None:
        engine = self.engine
        self.table = TransactionTable(self.settings())
        self.reason_100 = self.auto_inv_100_reason.encode("latin-1")
        #: modules that are told what happens to transactions; see `watch`
        self.watchers: list[Watcher] = []
        self.timer_avps = [
            (at, avp_key(text.removeprefix("$avp(").removesuffix(")")))
            for at, text in enumerate((self.fr_inv_timer_avp, self.fr_timer_avp))
            if text
        ]
        self._tag_prefix = engine.new_id(16)
        self._token_prefix = engine.new_id(4).encode()
        self._token = 0
        self._wake_at = float("inf")
        self._cancel_wake: Callable[[], None] | None = None
        #: replies that wait for t_continue(), by their transaction's id
        self.suspended: dict[bytes, RouteContext] = {}
        engine.tm = self  # type: ignore[assignment]

    # --- small things -------------------------------------------------------------------------------------

    def watch(self, watcher: Watcher) -> None:
        """Tell a watcher of every transaction that is opened from now on."""
        self.watchers.append(watcher)
        self.wants_e2e_acks = True

    def tm_error(self, error: int) -> tuple[int, bytes]:
        """Status and reason for an internal error; 0 stands for "no branch could be made and nobody knows why"."""
        return answer_for(error or E_UNSPEC, "TM")

    def new_token(self) -> bytes:
        """An id for a transaction, unique in this process and not guessable from another start."""
        self._token += 1
        return b"%b%x" % (self._token_prefix, self._token)

    def store_of(self, ctx: RouteContext) -> dict[str, Any]:
        """What script functions set for this message before its transaction exists (t_set_fr and the like)."""
        if ctx.store is None:
            ctx.store = {}
        found: dict[str, Any] = ctx.store.setdefault("tm", {})
        return found

    def adopt(self, ctx: RouteContext, tx: Transaction, now: float) -> None:
        """Apply to a new transaction what was set for its message before."""
        wishes = ctx.store.get("tm") if ctx.store else None
        if wishes:
            for apply in wishes.get("later", ()):
                apply(tx, now)

    def sends_100(self, ctx: RouteContext) -> bool:
        wish = self.store_of(ctx).get("auto_100") if ctx.store else None
        return bool(self.auto_inv_100 if wish is None else wish)

    def no_cancel_reason(self, tx: Transaction) -> bool:
        ctx = tx.user
        return isinstance(ctx, RouteContext) and bool(ctx.store and ctx.store.get("tm", {}).get("no_e2e_reason"))

    def local_tag(self, tx: Transaction) -> bytes:
        """The To tag of answers made here: the same for all of one transaction, and for its CANCEL (RFC 3261 section
        9.2), which comes with the same Via branch."""
        mark = tx.request.via.branch or tx.key if tx.request is not None else tx.key
        return f"{self._tag_prefix}-{zlib.crc32(mark):08x}".encode()

    def context_of(self, tx: Transaction) -> RouteContext:
        """The context of the request that the transaction was opened for."""
        ctx = tx.user
        assert isinstance(ctx, RouteContext)
        return ctx

    def flush(self) -> Sequence[Branch]:
        """Send what the transaction room put into its outbox; returns the branches whose packets could not leave."""
        failed: Sequence[Branch] = ()
        outbox = self.table.outbox
        if outbox:
            send = self.engine.services.send
            for packet, to, branch in outbox:
                if packet and not send(packet, to) and branch is not None:  # type: ignore[arg-type]
                    failed = [*failed, branch]
            outbox.clear()
        self.wake()
        return failed

    # --- the clock ----------------------------------------------------------------------------------------

    def wake(self) -> None:
        """See that `tick` runs when the next timer is due."""
        due = self.table.next_deadline()
        if due is None or due >= self._wake_at:
            return
        if self._cancel_wake is not None:
            self._cancel_wake()
        self._wake_at = due
        self._cancel_wake = self.engine.services.call_at(due, self.tick)

    def tick(self) -> None:
        """Let the timers that are due do their work."""
        self._wake_at = float("inf")
        self._cancel_wake = None
        now = self.engine.services.now()
        for what, tx, branch in self.table.expire(now):
            try:
                if what == ENDED:
                    self.ended(tx)
                elif branch is not None:
                    self.go_on(tx, branch, tx.on_timeout(branch, now))
            except Exception as error:  # one transaction's fault must not stop the timers of the others
                self.engine.log(CRIT2, f"tm: a timer of {tx!r} failed: {traced(error)}")
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

    # --- answers made here --------------------------------------------------------------------------------

    def answer(self, ctx: RouteContext, tx: Transaction, status: int, reason: bytes) -> bool:
        """Answer a transaction's request from here; False where a final answer was sent before."""
        request = self.context_of(tx)
        tag = self.local_tag(tx) if status >= 180 else b""
        packet = build_reply(
            self.engine, request.msg, request.rcv, status, reason, tag, ctx, msg_flags=request.msg_flags
        )
        done = tx.reply_local(status, packet, self.engine.services.now(), tag)
        self.flush()
        if done:
            for watcher in self.watchers:
                watcher.answered(tx, status, None)
            if _LOCAL_RESPONSE in self.engine.program.routes:
                self._local_response(tx, packet)
        return done

    def _local_response(self, tx: Transaction, packet: bytes) -> None:
        """Run event_route[tm:local-response] over an answer that was made here and has been sent."""
        request = self.context_of(tx)
        ctx = RouteContext(self.engine, Message.parse(packet), request.rcv, RouteKind.LOCAL)
        ctx.tx = tx
        ctx.avps, ctx.xavps = request.avps, request.xavps
        self.engine.run_event("tm:local-response", ctx)

    def reply(self, ctx: RouteContext, status: int, reason: bytes) -> int:
        """t_reply: answer by the context's transaction. Returns 1 sent, -1 none or answered before."""
        tx = ctx.tx
        if ctx.msg.is_request:
            if ctx.msg.method == "ACK":
                return -1
        elif tx is None:  # in reply_route the reply is not matched yet
            branch = self.table.lookup_reply(ctx.msg)
            tx = branch.tx if branch is not None else None
        if tx is None or tx.request is None:
            return -1
        return 1 if self.answer(ctx, tx, status, reason) else -1

    def has_transaction(self, ctx: RouteContext) -> bool:
        return ctx.tx is not None

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
                    self._run(self._onreply(ctx, tx, branch, route))
                    return True
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

        def done(_code: Any, error: BaseException | None) -> None:
            if error is not None:
                self.engine.route_failed(ctx, route, error)
            elif not ctx.dropped:
                forward_stateless(ctx)

        self.engine.services.spawn(result, done)
        return True

    async def _onreply(self, ctx: RouteContext, tx: Transaction, branch: Branch, route: CompiledRoute) -> None:
        request = self.context_of(tx) if tx.user is not None else ctx
        ctx.tx = tx
        ctx.branch = branch.index
        _share(request, ctx)
        ctx.flags = tx.user_flags
        ctx.bflags = branch.user_flags
        ctx.dropped = False
        result = self.engine.run_route(route, ctx, RouteKind.TM_ONREPLY)
        if not isinstance(result, int):
            await result
        _share(ctx, request)
        tx.user_flags = ctx.flags
        branch.user_flags = ctx.bflags
        if tx.flags & SUSPENDED and ctx.store is not None and ctx.store.get("tm", {}).get("suspended"):
            self.suspended[tx.id] = ctx  # t_suspend() over a reply: t_continue() goes on from here
            self.flush()
            return
        await self._after_onreply(ctx, tx, branch)

    async def _after_onreply(self, ctx: RouteContext, tx: Transaction, branch: Branch) -> None:
        if ctx.dropped and ctx.msg.status < 200:
            self.engine.log(DBG, "tm: provisional answer dropped by the script")
            self.flush()
            return
        ctx.dropped = False
        verdict = tx.deliver(branch, ctx.msg, ctx.msg.status, self.engine.services.now())
        await self._climb(tx, branch, verdict, ctx)

    def go_on(self, tx: Transaction, branch: Branch | None, verdict: int, reply: RouteContext | None = None) -> None:
        """Climb the ladder from a verdict: routes, then the answer upstream."""
        if verdict == RELAY:
            self._relay_upstream(tx, reply)
        elif verdict == BRANCH_FAILED or verdict == CHOSEN:
            self._run(self._climb(tx, branch, verdict, reply))
            return
        self.flush()

    async def _climb(self, tx: Transaction, branch: Branch | None, verdict: int, reply: RouteContext | None) -> None:
        if verdict == BRANCH_FAILED and branch is not None:
            name = branch.on_branch_failure
            route = self.engine.route("event", f"tm:branch-failure:{name}") if name else None
            if route is not None:
                await self._failure(tx, branch, route, RouteKind.BRANCH_FAILURE)
            verdict = tx.choose(branch, self.engine.services.now())
        if verdict == CHOSEN:
            verdict = await self._failure_route(tx)
        if verdict == RELAY:
            self._relay_upstream(tx, reply)
        self.flush()

    async def _failure_route(self, tx: Transaction) -> int:
        best = tx.chosen
        drop: int | None = None
        error = 0
        if best is not None:
            for watcher in self.watchers:
                watcher.failed(tx, best)
        if best is not None and best.on_failure:
            route = self.engine.route("failure", best.on_failure)
            tx.on_failure = None  # it must be armed again, as in Kamailio
            if route is not None:
                ctx = await self._failure(tx, best, route, RouteKind.FAILURE)
                drop = ctx.store.get("tm", {}).get("drop_replies") if ctx.store else None
                error = ctx.error
        verdict = tx.settle(self.engine.services.now(), drop)
        if verdict == RELAY and tx.relaying is None and not tx.is_local:
            # The old answers were dropped and no new branch could be made: say why.
            self.answer(self.context_of(tx), tx, *self.tm_error(error))
            return DONE
        return verdict

    async def _failure(
        self, tx: Transaction, branch: Branch, route: CompiledRoute, kind: RouteKind, resumed: bool = False
    ) -> RouteContext:
        """Run a route over the request again, with the reply at hand.

        `$ru` and `$du` are as they were when the request was forwarded; `$ru` is forwarded to again only when the
        route sets it. A suspended request goes on where it was, its destinations unused (resumed).
        """
        request = self.context_of(tx)
        ctx = RouteContext(self.engine, request.msg, request.rcv, kind)
        ctx.msg_id = request.msg_id
        ctx.tx = tx
        ctx.branch = branch.index
        ctx.reply = branch.reply
        ctx.ruri, ctx.dst_uri, ctx.path = request.ruri, request.dst_uri, request.path
        if resumed:
            ctx.ruri_used = request.ruri_used
            ctx.branches = request.branches
            request.branches = []
            ctx.bflags = request.bflags
        else:
            ctx.ruri_used = True
            ctx.bflags = branch.user_flags
        ctx.flags = tx.user_flags
        ctx.xflags = request.xflags
        ctx.msg_flags = request.msg_flags
        ctx.force_socket = request.force_socket
        ctx.record_route = request.record_route
        ctx.reply_lines = list(request.reply_lines)
        ctx.vars = request.vars
        _share(request, ctx)
        msg = request.msg
        edits = msg.edits[:]
        if kind is RouteKind.BRANCH_FAILURE:
            ctx.event = f"tm:branch-failure:{branch.on_branch_failure}"
            tx.on_branch_failure = None  # as on_failure: for new branches it must be armed again
        result = self.engine.run_route(route, ctx, kind)
        if not isinstance(result, int):
            await result
        msg.edits[:] = edits  # edits of a failure route are for the branches it added
        _share(ctx, request)
        tx.user_flags = ctx.flags
        return ctx

    def _relay_upstream(self, tx: Transaction, reply: RouteContext | None) -> None:
        """Build what RELAY asks for and send it."""
        now = self.engine.services.now()
        branch = tx.relaying
        if tx.is_local:
            tx.relay(b"", now)
            self.local_answer(tx, branch)
            return
        if not tx.relay_local and branch is not None:
            if reply is not None and (reply.msg is branch.reply or branch.reply is None):
                packet = forward_reply(reply.msg)
            elif branch.reply is not None:
                packet = forward_reply(branch.reply)
            else:
                self.engine.log(ERR, f"tm: {tx!r} relays an answer it does not have")
                return
            packet = self._onsend(tx, reply, packet)
            if tx.relay(packet, now):
                for watcher in self.watchers:
                    watcher.answered(tx, tx.relay_status, reply.msg if reply is not None else branch.reply)
            return
        status = tx.relay_status
        if status == 408:
            status, reason = self.reply_408_code, self.reply_408_reason.encode("latin-1")
        elif status == 487 and branch is None:
            reason = b"Request canceled"
        elif branch is not None and branch.reply is not None:
            reason = REASONS.get(branch.reply.status, b"Request Failure")  # of a 503 too, which leaves as 500
        else:
            reason = REASONS.get(status, b"Request Failure")
        request = self.context_of(tx)
        saved = request.reply_lines
        request.reply_lines = saved + self._challenge_lines(tx, status)
        packet = build_reply(
            self.engine,
            request.msg,
            request.rcv,
            status,
            reason,
            self.local_tag(tx),
            request,
            msg_flags=request.msg_flags,
        )
        request.reply_lines = saved
        packet = self._onsend(tx, reply, packet)
        if tx.relay(packet, now):
            for watcher in self.watchers:
                watcher.answered(tx, status, None)

    def _onsend(self, tx: Transaction, reply: RouteContext | None, packet: bytes) -> bytes:
        """The answer that a reply brings about, or b"" where onsend_route drops it: the transaction goes on all the same."""
        if reply is None or not self.engine.onsend_replies or not isinstance(tx.destination, Destination):
            return packet
        return b"" if stopped_by_script(reply, packet, tx.destination) else packet

    def _challenge_lines(self, tx: Transaction, status: int) -> list[bytes]:
        if status not in (401, 407):
            return []
        lines = []
        for reply in tx.challenges():
            lines += [b"WWW-Authenticate: " + value + b"\r\n" for value in reply.all(WWW_AUTHENTICATE)]
            lines += [b"Proxy-Authenticate: " + value + b"\r\n" for value in reply.all(PROXY_AUTHENTICATE)]
        return lines

    def resume(self, tx: Transaction, route: CompiledRoute) -> bool:
        """Go on with a suspended transaction: run a route over it (t_continue). False where it is not suspended."""
        if not tx.flags & SUSPENDED:
            return False
        if tx.flags & CANCELED:  # nothing to go on for, and no fault of the caller's
            tx.flags &= ~SUSPENDED
            return True
        self._run(self._resume(tx, route))
        return True

    async def _resume(self, tx: Transaction, route: CompiledRoute) -> None:
        reply = self.suspended.pop(tx.id, None)
        if reply is not None:
            tx.flags &= ~SUSPENDED
            await self._resume_reply(tx, reply, route)
            return
        blind = next((b for b in tx.branches if b.flags & BLIND and b.status < 200), None)
        if blind is None or not tx.resume(blind):
            return
        ctx = await self._failure(tx, blind, route, RouteKind.FAILURE, resumed=True)
        if tx.status < 200 and not tx.open_branches:
            self.answer(self.context_of(tx), tx, *self.tm_error(ctx.error))
        self.flush()

    async def _resume_reply(self, tx: Transaction, ctx: RouteContext, route: CompiledRoute) -> None:
        request = self.context_of(tx)
        branch = tx.branches[ctx.branch]
        self.store_of(ctx)["suspended"] = False
        result = self.engine.run_route(route, ctx, RouteKind.TM_ONREPLY)
        if not isinstance(result, int):
            await result
        _share(ctx, request)
        tx.user_flags = ctx.flags
        branch.user_flags = ctx.bflags
        if tx.flags & SUSPENDED and self.store_of(ctx).get("suspended"):
            self.suspended[tx.id] = ctx
            return
        await self._after_onreply(ctx, tx, branch)

    def local_answer(self, tx: Transaction, branch: Branch | None) -> None:
        """A request of our own has its answer; the uac part of tm tells whoever sent it."""
        raise NotImplementedError

    def acknowledge(self, tx: Transaction, branch: Branch, reply: RouteContext) -> None:
        """Send the ACK for a 2xx of an INVITE of our own."""
        raise NotImplementedError

    def _run(self, work: Any) -> None:
        """Drive a coroutine that mostly does not wait; where it does, the services finish it."""
        try:
            pending = work.send(None)
        except StopIteration:
            return
        self.engine.services.spawn(Suspended(work, pending), self._finished)

    def _finished(self, _result: Any, error: BaseException | None) -> None:
        if error is not None:
            self.engine.log(ERR, f"tm: a route that waited failed: {error!r}")
        self.flush()


def _share(source: RouteContext, target: RouteContext) -> None:
    """AVPs and xavps belong to the transaction: what one route sets, the next one sees."""
    target.avps, target.xavps = source.avps, source.xavps
    target.xavus, target.xavis = source.xavus, source.xavis


__all__ = ["REPLIED", "Answers"]
