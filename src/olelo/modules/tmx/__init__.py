"""tmx: what scripts ask of transactions beyond tm: variables, suspended transactions, other transactions."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.engine import ERR, WARN
from olelo.core.module import ONREPLY, REQUEST, Const, RouteName, function, param
from olelo.modules.tm import Tm
from olelo.modules.tm.relay import CREATED, VIA_FLAGS
from olelo.modules.tmx.variables import Variables
from olelo.script.catalog import ArgKind, ArgSpec, RouteKind
from olelo.transaction.branch import BLIND, CANCELLED
from olelo.transaction.cancel import reason_of
from olelo.transaction.transaction import Transaction
from olelo.transaction.verdict import CANCELED, SUSPENDED

_REPLIES = (RouteKind.CORE_ONREPLY, RouteKind.TM_ONREPLY)


class Tmx(Variables):
    """Transactions for scripts: variables, suspending, acting on other transactions."""

    name = "tmx"
    needs = ("tm",)

    precheck_trans = param(1, "0: t_precheck_trans() never finds anything.")

    tm: Tm

    def init(self) -> None:
        found = self.engine.modules["tm"]
        assert isinstance(found, Tm)
        self.tm = found
        stats = found.table.stats
        count = self.engine.stats.computed
        count("tmx", "UAS_transactions", lambda: stats.created)
        count("tmx", "UAC_transactions", lambda: stats.total_local)
        count("tmx", "2xx_transactions", lambda: stats.completed_2xx)
        count("tmx", "3xx_transactions", lambda: stats.completed_3xx)
        count("tmx", "4xx_transactions", lambda: stats.completed_4xx)
        count("tmx", "5xx_transactions", lambda: stats.completed_5xx)
        count("tmx", "6xx_transactions", lambda: stats.completed_6xx)
        count("tmx", "inuse_transactions", lambda: stats.created - stats.ended)
        count("tmx", "active_transactions", lambda: stats.created - stats.ended - stats.waiting)
        count("tmx", "rpl_received", lambda: stats.rpl_received)
        count("tmx", "rpl_absorbed", lambda: max(0, stats.rpl_received - (stats.rpl_sent - stats.rpl_generated)))
        count("tmx", "rpl_generated", lambda: stats.rpl_generated)
        count("tmx", "rpl_relayed", lambda: stats.rpl_sent - stats.rpl_generated)
        count("tmx", "rpl_sent", lambda: stats.rpl_sent)

    # --- questions ----------------------------------------------------------------------------------------

    @function("t_precheck_trans", routes=REQUEST)
    def t_precheck_trans(self, ctx: RouteContext) -> int:
        """Is this request being worked on already, or was it? ACK and CANCEL are not looked at. Returns 1 yes, -1 no."""
        msg = ctx.msg
        if not self.precheck_trans or msg.method in ("ACK", "CANCEL"):
            return -1
        found = self.tm.table.lookup_request(msg)
        return 1 if found is not None and found is not ctx.tx else -1

    @function("t_is_failure_route")
    def t_is_failure_route(self, ctx: RouteContext) -> int:
        """Did a failure_route start what runs now? Returns 1 yes, -1 no."""
        return 1 if ctx.kind is RouteKind.FAILURE else -1

    @function("t_is_branch_route")
    def t_is_branch_route(self, ctx: RouteContext) -> int:
        """Did a branch_route start what runs now? Returns 1 yes, -1 no."""
        return 1 if ctx.kind is RouteKind.BRANCH else -1

    @function("t_is_reply_route")
    def t_is_reply_route(self, ctx: RouteContext) -> int:
        """Did a reply_route or an onreply_route start what runs now? Returns 1 yes, -1 no."""
        return 1 if ctx.kind in _REPLIES else -1

    @function("t_is_request_route")
    def t_is_request_route(self, ctx: RouteContext) -> int:
        """Did the request_route start what runs now? Returns 1 yes, -1 no."""
        return 1 if ctx.kind is RouteKind.REQUEST else -1

    # --- acting -------------------------------------------------------------------------------------------

    @function("t_cancel_branches", routes=ONREPLY)
    def t_cancel_branches(self, ctx: RouteContext, which: Const) -> int:
        """Cancel branches of an INVITE: "all", "others" than this reply's, or "this" one. A branch with a final reply
        is not cancelled. Returns 1, -1 where there is nothing to cancel."""
        mode = which.lower()
        tx: Transaction | None = ctx.tx
        if mode not in ("all", "others", "this"):
            self.engine.log(ERR, f"tmx: t_cancel_branches knows all, others and this, not {which}")
            return -1
        if tx is None or not tx.is_invite:
            return -1
        now = self.engine.now()
        final = ctx.msg.status >= 200
        found = False
        for branch in tx.branches:
            this = branch.index == ctx.branch
            wanted = (mode == "all" or (mode == "this") == this) and not (this and final)
            if wanted and branch.status < 200 and not branch.flags & (CANCELLED | BLIND):
                tx.cancel_branches(now, branch)
                found = True
        self.tm.flush()
        return 1 if found else -1

    @function("t_cancel_branch_idx")
    def t_cancel_branch_idx(self, ctx: RouteContext, callid: str, cseq: str, index: int) -> int:
        """Cancel one branch of the transaction with this Call-ID and CSeq number. Returns 1, -1 there is none."""
        tx = self.tm.find(callid, cseq)
        if tx is None or not 0 <= index < len(tx.branches):
            return -1
        tx.cancel_branches(self.engine.now(), tx.branches[index])
        self.tm.flush()
        return 1

    @function("t_cancel_callid")
    def t_cancel_callid(self, ctx: RouteContext, callid: str, cseq: str, flag: int, code: int = 0) -> int:
        """Cancel the transaction with this Call-ID and CSeq number; its message flag `flag` is set, `code` is the cause
        in the CANCEL's Reason. Returns 1, -1 there is none."""
        tx = self.tm.find(callid, cseq)
        if tx is None:
            return -1
        if 0 < flag < 32:
            tx.user_flags |= 1 << flag
        reason = reason_of(code) if 200 <= code < 700 and self.tm.local_cancel_reason else b""
        tx.cancel_branches(self.engine.now(), reason=reason)
        self.tm.flush()
        return 1

    @function("t_reply_callid")
    def t_reply_callid(self, ctx: RouteContext, callid: str, cseq: str, code: int, reason: str) -> int:
        """Answer the transaction with this Call-ID and CSeq number. Returns 1, -1 there is none."""
        tx = self.tm.find(callid, cseq)
        if tx is None or tx.request is None:
            return -1
        return 1 if self.tm.answer(self.tm.context_of(tx), tx, code, reason.encode("latin-1")) else -1

    @function("t_flush_flags")
    def t_flush_flags(self, ctx: RouteContext) -> int:
        """Copy the message's flags into its transaction. Returns 1, -1 without transaction."""
        if ctx.tx is None:
            return -1
        ctx.tx.user_flags = ctx.flags
        return 1

    @function("t_flush_xflags")
    def t_flush_xflags(self, ctx: RouteContext) -> int:
        """Copy the message's extended flags into its transaction's request. Returns 1, -1 without transaction."""
        if ctx.tx is None or ctx.tx.user is None:
            return -1
        self.tm.context_of(ctx.tx).xflags = ctx.xflags
        return 1

    @function("t_drop")
    def t_drop(self, ctx: RouteContext, code: int = 500) -> int:
        """End the transaction without an answer; `code` is its status from now on. Returns 0 (the script ends), -1
        without transaction."""
        tx: Transaction | None = ctx.tx
        if tx is None:
            return -1
        tx.status = code
        tx.release(self.engine.now())
        self.tm.flush()
        return 0

    @function("t_reuse_branch", routes=RouteKind.EVENT | RouteKind.BRANCH_FAILURE)
    def t_reuse_branch(self, ctx: RouteContext) -> int:
        """Take the failed branch's target as `$ru` again. Returns 1, -1 outside of a branch-failure route."""
        branch = self.branch_of(ctx)
        if branch is None or ctx.kind is not RouteKind.BRANCH_FAILURE:
            return -1
        ctx.ruri, ctx.path, ctx.bflags = branch.uri, branch.path, branch.user_flags
        ctx.ruid, ctx.instance = branch.ruid.decode("latin-1"), branch.instance.decode("latin-1")
        ctx.ruri_used = False
        return 1

    @function("t_vbflag_set", routes=RouteKind.BRANCH)
    def t_vbflag_set(self, ctx: RouteContext, flag: int) -> int:
        """In a branch_route: set a flag (0 to 31) in the parameter kvf of this branch's Via. Returns 1, -1 no flag."""
        return self._vbflag(ctx, flag, True)

    @function("t_vbflag_reset", routes=RouteKind.BRANCH)
    def t_vbflag_reset(self, ctx: RouteContext, flag: int) -> int:
        """In a branch_route: take such a flag back. Returns 1, -1 no flag."""
        return self._vbflag(ctx, flag, False)

    def _vbflag(self, ctx: RouteContext, flag: int, on: bool) -> int:
        if not 0 <= flag <= 31 or ctx.kind is not RouteKind.BRANCH:
            return -1
        store = self.tm.store_of(ctx)
        held = store.get("vbflags", 0)
        store["vbflags"] = held | 1 << flag if on else held & ~(1 << flag)
        return 1

    @function("t_vbflag_is_set")
    def t_vbflag_is_set(self, ctx: RouteContext, flag: int) -> int:
        """Has this branch's Via that flag? In a branch_route, or of the branch that answers or has failed. Returns 1
        yes, -1 no."""
        if ctx.kind is RouteKind.BRANCH:
            held = self.tm.store_of(ctx).get("vbflags", 0)
        else:
            branch = self.branch_of(ctx)
            line = branch.request.partition(b";" + VIA_FLAGS + b"=")[2] if branch is not None else b""
            held = int(line[: len(line) - len(line.lstrip(b"0123456789abcdef"))] or b"0", 16)
        return 1 if 0 <= flag <= 31 and held >> flag & 1 else -1

    # --- waiting ------------------------------------------------------------------------------------------

    @function("t_suspend")
    def t_suspend(self, ctx: RouteContext) -> int:
        """Hold the transaction (it is opened if need be), or the reply at hand, until t_continue(). Its number is
        $T(id_index), $T(id_label). Returns 1, also where the caller has cancelled, -1 failed."""
        if ctx.msg.is_request:
            if ctx.tx is None and self.tm.new_transaction(ctx) != CREATED:
                return -1
        elif ctx.tx is None or ctx.kind is not RouteKind.TM_ONREPLY:
            return -1
        tx: Transaction = ctx.tx
        if tx.flags & CANCELED:
            return 1
        if tx.status >= 200:
            return -1
        if ctx.msg.is_request:
            if tx.is_invite and tx.status < 100 and self.tm.sends_100(ctx):
                self.tm.answer(ctx, tx, 100, self.tm.reason_100)
            tx.user_flags = ctx.flags
            if not tx.branches and tx.saved_edits is None:
                tx.saved_edits = ctx.msg.edits[:]
            tx.suspend(self.engine.now())
        else:
            tx.flags |= SUSPENDED
            self.tm.store_of(ctx)["suspended"] = True
        self.tm.flush()
        return 1

    @function("t_continue", args=(
        ArgSpec("index", ArgKind.INT), ArgSpec("label", ArgKind.INT), ArgSpec("route", ArgKind.ROUTE, route_kind="route"),
    ))  # fmt: skip
    def t_continue(self, ctx: RouteContext, index: int, label: int, route: RouteName) -> int:
        """Run route[route] over a suspended transaction, as in a failure_route, or over its suspended reply. Returns 1,
        -1 there is none."""
        tx = self.tm.by_number(index, label)
        target = self.engine.route("route", route)
        if tx is None or target is None or tx.user is None or not self.tm.resume(tx, target):
            self.engine.log(WARN, f"tmx: t_continue: no suspended transaction {index}:{label}")
            return -1
        return 1

    @function("t_uac_ack_local")
    def t_uac_ack_local(self, ctx: RouteContext, index: int, label: int, headers: str = "", body: str = "") -> int:
        """Send the ACK for the 2xx of an INVITE of our own that is not acknowledged by itself. Returns 1, -1."""
        tx = self.tm.by_number(index, label)
        return 1 if tx is not None and self.tm.ack_later(tx, headers.encode("latin-1"), body.encode("latin-1")) else -1


MODULE = Tmx
