"""What goes upstream: answers made here, and answers of branches as they are passed on."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any, Final

from mypy_extensions import mypyc_attr

from olelo.core.avps import avp_key
from olelo.core.context import RouteContext
from olelo.core.engine import ERR
from olelo.core.errors import E_UNSPEC, REASONS, answer_for
from olelo.core.onsend import stopped_by_script
from olelo.core.reply import build_reply
from olelo.core.sockets import Destination
from olelo.modules.tm.params import TmParams, failover_codes, tw_append
from olelo.modules.tm.watch import Watcher
from olelo.script.catalog import RouteKind
from olelo.sip.build import forward_reply
from olelo.sip.headers import PROXY_AUTHENTICATE, WWW_AUTHENTICATE
from olelo.sip.message import Message
from olelo.transaction.branch import Branch
from olelo.transaction.table import TransactionTable
from olelo.transaction.transaction import Transaction

_LOCAL_RESPONSE: Final = ("event", "tm:local-response")


@mypyc_attr(native_class=False)
class Upstream(TmParams):
    """The part of tm that answers. Holds the transaction table, and wakes when its next timer is due."""

    table: TransactionTable
    #: Set by modules that follow calls to their end: t_check_trans() then knows the ACK of a relayed 2xx.
    wants_e2e_acks = False
    #: A watcher wants to know of each branch that fails.
    tells_branch_failures = False

    def init(self) -> None:
        engine = self.engine
        self.table = TransactionTable(self.settings())
        self.appends = dict(tw_append(str(text)) for text in self.values("tw_append"))
        self.failover_codes = failover_codes(self.failover_reply_codes)
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
        if type(watcher).branch_failed is not Watcher.branch_failed:
            self.tells_branch_failures = True

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
        """Send what the transaction room put into its outbox; returns the branches whose requests could not leave."""
        failed: Sequence[Branch] = ()
        outbox = self.table.outbox
        if outbox:
            send = self.engine.services.send
            for packet, to, branch in outbox:
                if packet and not send(packet, to) and branch is not None and packet is branch.request:  # type: ignore[arg-type]
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
        raise NotImplementedError

    # --- answers made here --------------------------------------------------------------------------------

    def answer(self, ctx: RouteContext, tx: Transaction, status: int, reason: bytes) -> bool:
        """Answer a transaction's request from here; False where a final answer was sent before."""
        request = self.context_of(tx)
        tag = self.local_tag(tx) if status >= 180 else b""
        packet = build_reply(
            self.engine, request.msg, request.rcv, status, reason, tag, ctx,
            msg_flags=request.msg_flags, rich=self.rich_redirect,
        )  # fmt: skip
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
        if tx is None or tx.request is None or tx.user is None:
            return -1
        return 1 if self.answer(ctx, tx, status, reason) else -1

    def has_transaction(self, ctx: RouteContext) -> bool:
        return ctx.tx is not None

    def relay_upstream(self, tx: Transaction, reply: RouteContext | None) -> None:
        """Build what RELAY asks for and send it."""
        now = self.engine.services.now()
        branch = tx.relaying
        if tx.is_local:
            status = tx.relay_status
            if tx.relay(b"", now) and (status >= 200 or self.pass_provisional_replies):
                for watcher in self.watchers:
                    watcher.local_answer(tx, status, reply.msg if reply is not None and not tx.relay_local else None)
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

    def local_answer(self, tx: Transaction, branch: Branch | None) -> None:
        """A request of our own has its answer; the uac part of tm tells whoever sent it."""
        raise NotImplementedError

    def acknowledge(self, tx: Transaction, branch: Branch, reply: RouteContext) -> None:
        """Send the ACK for a 2xx of an INVITE of our own."""
        raise NotImplementedError
