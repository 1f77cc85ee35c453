"""Requests on their way out: opening a transaction, making its branches, sending them; CANCEL."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from mypy_extensions import mypyc_attr

from olelo.core.context import STREAM_WISHES, DestBranch, RouteContext
from olelo.core.engine import ERR, WARN
from olelo.core.errors import (
    E_BAD_URI,
    E_CANCELED,
    E_CFG,
    E_SEND,
    E_TOO_MANY_BRANCHES,
    E_UNSPEC,
)
from olelo.core.forward import build_request, every_hop, hop_now, next_hop, other_way
from olelo.core.onsend import stopped_by_script
from olelo.core.reply import reply_destination
from olelo.core.sockets import STREAMS, Destination, ListenSocket
from olelo.modules.tm.hop import HopByHop
from olelo.script.catalog import RouteKind
from olelo.script.runtime import parse_int
from olelo.sip.errors import SipError
from olelo.sip.uri import parse_uri
from olelo.transaction.branch import INF, SKIP, Branch
from olelo.transaction.transaction import Transaction
from olelo.transaction.verdict import BLOCKED_6XX, CANCELED, SUSPENDED, TELL_BRANCH_FAILURE, TELL_FAILURE

#: Parameter of our Via in which t_vbflag_set() puts its flags, in hexadecimal.
VIA_FLAGS: Final = b"kvf"
#: What `new_transaction` says of a request.
CREATED: Final = 1
RETRANSMITTED: Final = 0
IS_ACK: Final = 2
FAILED: Final = -1


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


@mypyc_attr(native_class=False)
class Relay(HopByHop):
    """The part of tm that sends requests."""

    def new_transaction(self, ctx: RouteContext) -> int:
        """Open the request's transaction: CREATED (ctx.tx is set), RETRANSMITTED (its last answer went out again),
        IS_ACK (an ACK that belongs to none, or was absorbed), FAILED (a header, or `$ru`, cannot be read)."""
        msg = ctx.msg
        try:
            parse_uri(ctx.ruri)
        except SipError as error:
            self.engine.log(ERR, f"tm: {error}")
            ctx.error = E_BAD_URI
            return FAILED
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
            tx.flags |= TELL_FAILURE | TELL_BRANCH_FAILURE if self.tells_branch_failures else TELL_FAILURE
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
                return self.forward_ack(ctx, proxy, proto)
            if opened == FAILED:
                return -1
            tx = ctx.tx
        elif tx.user is None:
            return -1  # it ended while the script waited
        if tx.method == "CANCEL":
            return self._relay_cancel(ctx, tx, proxy, proto)
        if replicate:
            tx.is_local = True
        elif tx.is_invite and tx.status < 100 and ctx.kind is RouteKind.REQUEST and self.sends_100(ctx):
            self.answer(ctx, tx, 100, self.reason_100)
        return self.forward_branches(ctx, tx, proxy, proto)

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

    def forward_branches(self, ctx: RouteContext, tx: Transaction, proxy: bytes, proto: str) -> int | Awaitable[int]:
        """Make and send the branches. Waits only where a name must be resolved or a branch route waits."""
        if tx.flags & CANCELED:
            ctx.branches = []
            return self._failed(ctx, tx, E_CANCELED)
        if not tx.branches and tx.saved_edits is None:
            tx.saved_edits = ctx.msg.edits[:]  # what failure routes and their branches see of this script's edits
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
        if route is not None:
            self.store_of(self.context_of(tx))["on_branch"] = tx.on_branch  # for append_branches()
        tx.on_branch = None
        added = 0
        worst = E_UNSPEC
        saved = (ctx.ruri, ctx.dst_uri, ctx.path, ctx.bflags, ctx.force_socket, ctx.kind, ctx.branch)
        origin = (ctx.ruid, ctx.instance, ctx.location_ua)
        record = ctx.record_route
        edits = ctx.msg.edits[:]
        most = self.engine.params.max_branches
        for target in targets:
            if len(tx.branches) >= most:
                worst = min(worst, E_TOO_MANY_BRANCHES)
                continue
            dropped = False
            if route is not None:
                ctx.ruri, ctx.dst_uri, ctx.path = target.uri, target.dst_uri, target.path
                ctx.bflags, ctx.force_socket, ctx.branch = target.flags, target.socket, len(tx.branches)
                ctx.ruid, ctx.instance, ctx.location_ua = target.ruid, target.instance, target.location_ua
                # Parameters may be added to it, for this branch alone.
                ctx.record_route = record.copy() if record is not None else None
                self.store_of(ctx)["vbflags"] = 0
                ctx.dropped = False
                result = self.engine.run_route(route, ctx, RouteKind.BRANCH)
                if not isinstance(result, int):
                    await result
                dropped, ctx.dropped = ctx.dropped, False
                target.uri, target.dst_uri, target.path = ctx.ruri, ctx.dst_uri, ctx.path
                target.flags, target.socket = ctx.bflags, ctx.force_socket
            if not dropped:
                hops = await self._hops(ctx, proxy, target, proto)
                if isinstance(hops, int):
                    worst = min(worst, hops)
                elif tx.status < 200 and not tx.flags & CANCELED:
                    flags = self.store_of(ctx).get("vbflags") if route is not None else 0
                    mark = b";%b=%x" % (VIA_FLAGS, flags) if flags else b""
                    branch = self._send_branch(ctx, tx, target, hops[0], mark)
                    if len(hops) > 1:
                        branch.spare = [*hops[1:]]
                    added += 1
                else:
                    worst = E_CANCELED
            else:
                worst = min(worst, E_CFG)
            ctx.msg.edits[:] = edits  # what a branch route changed is that branch's alone
            ctx.record_route = record
        ctx.ruri, ctx.dst_uri, ctx.path, ctx.bflags, ctx.force_socket, ctx.kind, ctx.branch = saved
        ctx.ruid, ctx.instance, ctx.location_ua = origin
        return self._sent(ctx, tx, added, worst)

    async def _hops(self, ctx: RouteContext, proxy: bytes, target: Target, proto: str) -> list[Destination] | int:
        """Where a target leads. More than one only where DNS failover is on and its name has several addresses."""
        engine = self.engine
        uri = proxy or target.dst_uri or target.uri
        if not engine.params.use_dns_failover or proxy:
            found = next_hop(engine, uri, target.socket, proto, ctx.rcv.socket)
            if not isinstance(found, Destination | int):
                found = await found
            return found if isinstance(found, int) else [found]
        hops = await every_hop(engine, uri, target.socket, proto, ctx.rcv.socket)
        if isinstance(hops, int) or target.socket is not None or not self.dns_reuse_rcv_socket:
            return hops
        ours = ctx.rcv.socket
        return hops[:1] + [
            Destination(to.proto, to.ip, to.port, ours) if to.proto == ours.proto else to for to in hops[1:]
        ]

    def append_branches(
        self, tx: Transaction, branches: list[DestBranch], contact: bytes = b""
    ) -> int | Awaitable[int]:
        """Add destinations to a transaction that runs; those that it has, or that lack the text in contact, are left
        out. The branch_route of its first step runs again. Returns 1, -1 nothing was added."""
        if tx.user is None or tx.flags & (CANCELED | BLOCKED_6XX) or 200 <= tx.status < 400 or tx.status >= 600:
            return -1
        there = {(branch.ruid, branch.uri) for branch in tx.branches}
        new = [b for b in branches if contact in b.uri and (b.ruid.encode("latin-1"), b.uri) not in there]
        if not new:
            return -1
        ctx = self.again(tx, RouteKind.FAILURE)
        ctx.branches = new
        tx.on_branch = tx.on_branch or self.store_of(self.context_of(tx)).get("on_branch")
        return self._with_saved_edits(ctx, tx)

    async def _with_saved_edits(self, ctx: RouteContext, tx: Transaction) -> int:
        msg = ctx.msg
        edits = msg.edits[:]
        if isinstance(tx.saved_edits, list):
            msg.edits[:] = tx.saved_edits
        code = await self._forward_each(ctx, tx, self.targets(ctx), b"", "")
        msg.edits[:] = edits
        return code

    def _send_branch(
        self, ctx: RouteContext, tx: Transaction, target: Target, to: Destination, mark: bytes = b""
    ) -> Branch:
        index = len(tx.branches)
        branch_id = tx.branch_id(index) + mark
        packet = build_request(ctx, to, target.uri, target.path, branch_id)
        engine = self.engine
        if len(packet) > engine.udp_limit or ctx.msg_flags & STREAM_WISHES:
            packet, to = other_way(ctx, to, target.uri, target.path, branch_id, packet)
        stopped = engine.onsend_route is not None and stopped_by_script(ctx, packet, to)
        stopped = stopped or self.is_blocked(tx.method, to)
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
        if not failed and not tx.branches[-1].flags & SKIP and added == 1:
            return 1
        made = tx.branches[-added:]
        for branch in failed:
            if branch.tx is tx:
                self.not_sent(tx, branch)
        alive = False
        for branch in made:
            if not branch.flags & SKIP or self.fail_over(tx, branch):
                alive = True
            elif branch in failed and self.failure_exec_mode:
                tx.hold_branch(branch, self.engine.services.now())
                alive = True
        return 1 if alive else self._failed(ctx, tx, E_SEND)

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
        if not self.delayed_reply and ctx.kind is RouteKind.REQUEST and not tx.open_branches:
            if not self.answer(ctx, tx, *self.tm_error(error)):
                tx.release(self.engine.services.now())
        else:
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

    # --- CANCEL -------------------------------------------------------------------------------------------

    def _relay_cancel(self, ctx: RouteContext, tx: Transaction, proxy: bytes, proto: str) -> int | Awaitable[int]:
        invite = self.table.lookup_cancel(ctx.msg)
        if invite is None:
            if self.unmatched_cancel == 0:
                return self.forward_branches(ctx, tx, proxy, proto)
            self.table.end(tx)
            ctx.tx = None
            return self.forward_ack(ctx, proxy, proto) if self.unmatched_cancel == 1 else 1
        self.cancel_invite(ctx, tx, invite)
        return 1
