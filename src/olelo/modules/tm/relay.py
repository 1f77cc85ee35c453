"""Requests on their way out: opening a transaction, making its branches, sending them; CANCEL."""

from __future__ import annotations

from collections.abc import Awaitable

from olelo.core.context import STREAM_WISHES, RouteContext
from olelo.core.engine import ERR, WARN
from olelo.core.errors import (
    E_BAD_ADDRESS,
    E_CANCELED,
    E_CFG,
    E_SEND,
    E_TOO_MANY_BRANCHES,
    E_UNSPEC,
)
from olelo.core.forward import build_request, forward_to, hop_now, next_hop, other_way
from olelo.core.onsend import stopped_by_script
from olelo.core.reply import reply_destination
from olelo.core.sockets import STREAMS, Destination, ListenSocket
from olelo.modules.tm.answers import Answers
from olelo.script.catalog import RouteKind
from olelo.script.runtime import parse_int
from olelo.sip.errors import SipError
from olelo.transaction.branch import BLIND, INF, SKIP, Branch
from olelo.transaction.transaction import Transaction
from olelo.transaction.verdict import CANCELED, CHOSEN, RELAY, SUSPENDED, TELL_FAILURE

#: Branches of one transaction at most, as Kamailio's max_branches is by default.
MAX_BRANCHES = 12
#: What `new_transaction` says of a request.
CREATED, RETRANSMITTED, IS_ACK, FAILED = 1, 0, 2, -1


class Target:
    """One destination of a request before it becomes a branch."""

    __slots__ = ("dst_uri", "flags", "instance", "location_ua", "path", "ruid", "socket", "uri")

    def __init__(
        self, uri: bytes, dst_uri: bytes, path: bytes, flags: int, socket: ListenSocket | None, ruid: str, instance: str, location_ua: str
    ) -> None:  # fmt: skip
        self.uri = uri
        self.dst_uri = dst_uri
        self.path = path
        self.flags = flags
        self.socket = socket
        self.ruid = ruid
        self.instance = instance
        self.location_ua = location_ua


class Relay(Answers):
    """The part of tm that sends requests."""

    def new_transaction(self, ctx: RouteContext) -> int:
        """Open the request's transaction: CREATED (ctx.tx is set), RETRANSMITTED (its last answer went out again),
        IS_ACK (an ACK that belongs to none, or was absorbed), FAILED."""
        msg = ctx.msg
        if ctx.tx_sought and msg.method != "ACK":
            self.open(ctx, self.engine.services.now())
            return CREATED
        try:
            found = self.table.lookup_request(msg)
        except SipError as error:
            self.engine.log(ERR, f"tm: {error}")
            return FAILED
        now = self.engine.services.now()
        if found is not None:
            if msg.method == "ACK":
                found.on_ack(now)
            else:
                found.on_retransmission()
            self.flush()
            return RETRANSMITTED
        if msg.method == "ACK":
            if self.watchers:
                self.end_to_end_ack(ctx)
            return IS_ACK
        self.open(ctx, now)
        return CREATED

    def end_to_end_ack(self, ctx: RouteContext) -> bool:
        """Tell the watchers of the ACK for a 2xx that was relayed; False where it is not one, or its INVITE is gone."""
        tx = self.table.lookup_e2e_ack(ctx.msg)
        if tx is None:
            return False
        store = self.store_of(ctx)
        if not store.get("acknowledged"):  # once, however often the script asks
            store["acknowledged"] = True
            for watcher in self.watchers:
                watcher.acknowledged(tx, ctx)
        return True

    def open(self, ctx: RouteContext, now: float) -> Transaction:
        """Make the transaction of a request that has none; the context's AVPs and route names become its own."""
        rcv = ctx.rcv
        tx = self.table.create(
            ctx.msg, now, self.new_token(), reply_destination(ctx.msg, rcv, ctx.msg_flags), rcv.proto in STREAMS
        )
        if ctx.avps is None:
            ctx.avps = {}
        tx.user = ctx
        tx.avps = ctx.avps
        tx.on_failure = ctx.on_failure or None
        tx.on_reply = ctx.on_reply or None
        tx.on_branch = ctx.on_branch or None
        tx.on_branch_failure = ctx.on_branch_failure or None
        ctx.tx = tx
        if self.timer_avps:
            self._timers_of(ctx, tx, now)
        if ctx.store is not None:
            self.adopt(ctx, tx, now)
        if self.watchers:
            tx.flags |= TELL_FAILURE
            for watcher in self.watchers:
                watcher.opened(ctx, tx)
        return tx

    def _timers_of(self, ctx: RouteContext, tx: Transaction, now: float) -> None:
        """fr_timer_avp and fr_inv_timer_avp: seconds for this transaction; text that is no number, and 0, change nothing."""
        seconds = [0, 0]
        for at, name in self.timer_avps:
            values = ctx.avps.get(name) if ctx.avps else None
            if values:
                value = values[0] if isinstance(values[0], int) else parse_int(str(values[0]))
                seconds[at] = max(value or 0, 0)
        tx.set_fr(now, float(seconds[0]), float(seconds[1]))

    def relay(
        self, ctx: RouteContext, proxy: bytes = b"", proto: str = "", replicate: bool = False
    ) -> int | Awaitable[int]:
        """Forward the request statefully: t_relay and its kin. `proxy`: a URI to send all branches to.

        Returns 1 forwarded (or absorbed, or its failure answered), negative core.errors numbers otherwise.
        """
        tx = ctx.tx
        if tx is None:
            opened = self.new_transaction(ctx)
            if opened == RETRANSMITTED:
                return 1
            if opened == IS_ACK:
                return self._forward_ack(ctx, proxy, proto)
            if opened == FAILED:
                return -1
            tx = ctx.tx
        if tx.method == "CANCEL":
            return self._relay_cancel(ctx, tx, proxy, proto)
        if replicate:
            tx.is_local = True
        elif tx.is_invite and tx.status < 100 and ctx.kind is RouteKind.REQUEST and self.sends_100(ctx):
            self.answer(ctx, tx, 100, self.reason_100)
        return self._forward(ctx, tx, proxy, proto)

    # --- branches -----------------------------------------------------------------------------------------

    def targets(self, ctx: RouteContext) -> list[Target]:
        """The request's destinations: `$ru` unless it was used before, then the branches that were appended."""
        found = []
        if not ctx.ruri_used:
            found.append(
                Target(
                    ctx.ruri,
                    ctx.dst_uri,
                    ctx.path,
                    ctx.bflags,
                    ctx.force_socket,
                    ctx.ruid,
                    ctx.instance,
                    ctx.location_ua,
                )
            )
            ctx.ruri_used = True
        if ctx.branches:
            for b in ctx.branches:
                found.append(Target(b.uri, b.dst_uri, b.path, b.flags, b.socket, b.ruid, b.instance, b.location_ua))
            ctx.branches = []
        return found

    def _forward(self, ctx: RouteContext, tx: Transaction, proxy: bytes, proto: str) -> int | Awaitable[int]:
        """Make and send the branches. Waits only where a name must be resolved or a branch route waits."""
        if tx.flags & CANCELED:
            ctx.branches = []
            return self._failed(ctx, tx, E_CANCELED)
        targets = self.targets(ctx)
        if len(targets) == 1 and tx.on_branch is None:
            target = targets[0]
            to = hop_now(self.engine, proxy or target.dst_uri or target.uri, target.socket, proto, ctx.rcv.socket)
            if isinstance(to, Destination):
                self._send_branch(ctx, tx, target, to)
                return self._sent(ctx, tx, 1, E_UNSPEC)
        return self._forward_each(ctx, tx, targets, proxy, proto)

    async def _forward_each(
        self, ctx: RouteContext, tx: Transaction, targets: list[Target], proxy: bytes, proto: str
    ) -> int:
        route = self.engine.route("branch", tx.on_branch) if tx.on_branch else None
        tx.on_branch = None
        added = 0
        worst = E_UNSPEC
        saved = (ctx.ruri, ctx.dst_uri, ctx.path, ctx.bflags, ctx.force_socket, ctx.kind, ctx.branch)
        edits = ctx.msg.edits[:]
        for target in targets:
            if len(tx.branches) >= MAX_BRANCHES:
                worst = min(worst, E_TOO_MANY_BRANCHES)
                continue
            dropped = False
            if route is not None:
                ctx.ruri, ctx.dst_uri, ctx.path = target.uri, target.dst_uri, target.path
                ctx.bflags, ctx.force_socket, ctx.branch = target.flags, target.socket, len(tx.branches)
                ctx.dropped = False
                result = self.engine.run_route(route, ctx, RouteKind.BRANCH)
                if not isinstance(result, int):
                    await result
                dropped, ctx.dropped = ctx.dropped, False
                target.uri, target.dst_uri, target.path = ctx.ruri, ctx.dst_uri, ctx.path
                target.flags, target.socket = ctx.bflags, ctx.force_socket
            if not dropped:
                to = next_hop(self.engine, proxy or target.dst_uri or target.uri, target.socket, proto, ctx.rcv.socket)
                if not isinstance(to, Destination | int):
                    to = await to
                if isinstance(to, int):
                    worst = min(worst, to)
                elif tx.status < 200 and not tx.flags & CANCELED:
                    self._send_branch(ctx, tx, target, to)
                    added += 1
                else:
                    worst = E_CANCELED
            else:
                worst = min(worst, E_CFG)
            ctx.msg.edits[:] = edits  # what a branch route changed is that branch's alone
        ctx.ruri, ctx.dst_uri, ctx.path, ctx.bflags, ctx.force_socket, ctx.kind, ctx.branch = saved
        return self._sent(ctx, tx, added, worst)

    def _send_branch(self, ctx: RouteContext, tx: Transaction, target: Target, to: Destination) -> Branch:
        index = len(tx.branches)
        packet = build_request(ctx, to, target.uri, target.path, tx.branch_id(index))
        engine = self.engine
        if len(packet) > engine.udp_limit or ctx.msg_flags & STREAM_WISHES:
            packet, to = other_way(ctx, to, target.uri, target.path, tx.branch_id(index), packet)
        stopped = engine.onsend_route is not None and stopped_by_script(ctx, packet, to)
        branch = tx.add_branch(packet, to, to.proto in STREAMS, self.engine.services.now(), target.uri)
        branch.path = target.path
        branch.ruid = target.ruid.encode("latin-1")
        branch.instance = target.instance.encode("latin-1")
        branch.user_agent = target.location_ua.encode("latin-1")
        branch.user_flags = target.flags
        for watcher in self.watchers:
            watcher.forwarded(ctx, tx, branch)
        if stopped:
            self.table.outbox.pop()
            tx.drop_branch(branch)
        return branch

    def _sent(self, ctx: RouteContext, tx: Transaction, added: int, error: int) -> int:
        tx.user_flags = ctx.flags
        if not added:
            self.engine.log(ERR, "tm: no branch could be added")
            return self._failed(ctx, tx, error)
        failed = self.flush()
        if tx.branches[-1].flags & SKIP and all(branch.flags & SKIP for branch in tx.branches[-added:]):
            return self._failed(ctx, tx, E_SEND)  # onsend_route has dropped them all
        if failed:
            for branch in failed:
                if branch.tx is tx:
                    tx.drop_branch(branch)
            if all(branch.flags & SKIP for branch in tx.branches[-added:]):
                return self._failed(ctx, tx, E_SEND)
        return 1

    def _failed(self, ctx: RouteContext, tx: Transaction, error: int) -> int:
        """Nothing could be forwarded. The script may still answer or try again; `script_done` answers where it does
        neither, unless the script has forbidden that."""
        ctx.error = error
        if tx.is_local:
            tx.release(self.engine.services.now())
            return error
        if ctx.kind is RouteKind.FAILURE or ctx.kind is RouteKind.BRANCH_FAILURE:
            return -1  # the failure route's own answer, or the best one so far, stands
        store = self.store_of(ctx)
        if store.get("no_internal_reply"):
            return -4
        store["delayed"] = error
        return -1 if error in (E_SEND, E_CANCELED) else error

    def script_done(self, ctx: RouteContext) -> None:
        """The request route ended with a transaction: one that was neither forwarded nor answered must not stay."""
        tx = ctx.tx
        if tx.status >= 200 or tx.user is not ctx:
            return
        if not tx.branches:
            if tx.flags & SUSPENDED or tx.linger_due != INF:
                return
        elif ctx.store is None or not ctx.store.get("tm", {}).get("delayed") or tx.open_branches:
            return
        error = self.store_of(ctx).get("delayed", 0)
        if error and self.answer(ctx, tx, *self.tm_error(error)):
            return
        self.engine.log(WARN, "tm: the script has neither answered nor forwarded the request: transaction released")
        tx.release(self.engine.services.now())
        self.flush()

    def _forward_ack(self, ctx: RouteContext, proxy: bytes, proto: str) -> int | Awaitable[int]:
        """An ACK for a 2xx belongs to no transaction and is forwarded statelessly (RFC 3261 section 16.11)."""
        to = hop_now(self.engine, proxy or ctx.dst_uri or ctx.ruri, ctx.force_socket, proto, ctx.rcv.socket)
        if isinstance(to, Destination):
            return 1 if forward_to(ctx, to) else -1
        return self._forward_ack_later(ctx, proxy, proto)

    async def _forward_ack_later(self, ctx: RouteContext, proxy: bytes, proto: str) -> int:
        found = next_hop(self.engine, proxy or ctx.dst_uri or ctx.ruri, ctx.force_socket, proto, ctx.rcv.socket)
        if not isinstance(found, Destination | int):
            found = await found
        if isinstance(found, int):
            ctx.error = found
            return E_BAD_ADDRESS
        return 1 if forward_to(ctx, found) else -1

    # --- CANCEL -------------------------------------------------------------------------------------------

    def _relay_cancel(self, ctx: RouteContext, tx: Transaction, proxy: bytes, proto: str) -> int | Awaitable[int]:
        invite = self.table.lookup_cancel(ctx.msg)
        if invite is None:
            if self.unmatched_cancel == 0:
                return self._forward(ctx, tx, proxy, proto)
            self.table.end(tx)
            ctx.tx = None
            return self._forward_ack(ctx, proxy, proto) if self.unmatched_cancel == 1 else 1
        self.cancel_invite(ctx, tx, invite)
        return 1

    def cancel_invite(self, ctx: RouteContext, tx: Transaction, invite: Transaction) -> None:
        """Cancel an INVITE's branches for a CANCEL that came in, and answer the CANCEL."""
        reason = b""
        if self.e2e_cancel_reason and not self.no_cancel_reason(invite):
            reason = b"".join(b"Reason: " + value + b"\r\n" for value in ctx.msg.named(b"Reason"))
        pending = any(b.status < 200 and not b.flags & BLIND for b in invite.branches)
        now = self.engine.services.now()
        for watcher in self.watchers:
            watcher.cancelled(invite, ctx)
        verdict = invite.cancel(now, reason)
        self.flush()
        if verdict == RELAY or verdict == CHOSEN:
            self.go_on(invite, invite.branches[-1] if invite.branches else None, verdict)
        self.answer(ctx, tx, 200, b"canceling" if pending else b"ok -- no more pending branches")
