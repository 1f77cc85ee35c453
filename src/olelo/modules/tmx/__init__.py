"""tmx: what scripts ask of transactions beyond tm: variables, suspended transactions, other transactions."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.engine import ERR, WARN
from olelo.core.errors import REASONS
from olelo.core.module import (
    ONREPLY,
    REQUEST,
    Const,
    Getter,
    Module,
    RouteName,
    Setter,
    Value,
    function,
    param,
    variable,
)
from olelo.modules.tm import Tm
from olelo.modules.tm.commands import numbers
from olelo.modules.tm.relay import CREATED
from olelo.modules.tmx.variables import inner_getter
from olelo.script.catalog import ArgKind, ArgSpec, RouteKind
from olelo.transaction.branch import BLIND, CANCELLED, Branch
from olelo.transaction.cancel import reason_of
from olelo.transaction.transaction import Transaction
from olelo.transaction.verdict import CANCELED, SUSPENDED

_T_KEYS = (
    "id_index", "id_label", "id_index_n", "id_label_n", "reply_code", "reply_reason", "reply_type", "branch_index", "ruid",
    "reply_last",
)  # fmt: skip
_REPLIES = (RouteKind.CORE_ONREPLY, RouteKind.TM_ONREPLY)
_FAILURES = (RouteKind.FAILURE, RouteKind.BRANCH_FAILURE)


class Tmx(Module):
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
        return 1 if self.tm.table.lookup_request(msg) is not None else -1

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

    # --- variables ----------------------------------------------------------------------------------------

    def branch_of(self, ctx: RouteContext) -> Branch | None:
        tx: Transaction | None = ctx.tx
        if tx is None or not 0 <= ctx.branch < len(tx.branches):
            return None
        return tx.branches[ctx.branch]

    @variable("T_branch_idx")
    def t_branch_idx(self, ctx: RouteContext) -> Value:
        """Index of the branch: of this one in branch and reply routes, of the next one elsewhere."""
        if ctx.kind is RouteKind.REQUEST:
            return len(ctx.branches)
        if ctx.kind is RouteKind.FAILURE and ctx.tx is not None:
            return len(ctx.tx.branches) + len(ctx.branches)
        return ctx.branch

    @variable("T_reply_code")
    def t_reply_code(self, ctx: RouteContext) -> Value:
        """Status: of the reply at hand, of the picked branch in a failure_route, of the last answer sent elsewhere."""
        return self.tm.status_of(ctx)

    @variable("T_reply_reason")
    def t_reply_reason(self, ctx: RouteContext) -> Value:
        """Reason of the reply at hand, or of the picked branch's in a failure_route; empty elsewhere."""
        if ctx.kind in _REPLIES:
            return ctx.msg.reason.decode("latin-1")
        branch = self.branch_of(ctx)
        if ctx.kind not in _FAILURES or branch is None:
            return ""
        reason = branch.reply.reason if branch.reply is not None else REASONS.get(branch.status, b"")
        return reason.decode("latin-1")

    @variable("T_reply_last")
    def t_reply_last(self, ctx: RouteContext) -> Value:
        """Highest status that came in on this branch; only in onreply routes, empty elsewhere."""
        branch = self.branch_of(ctx)
        if ctx.kind is not RouteKind.TM_ONREPLY:
            return ""
        return max(branch.status, ctx.msg.status) if branch is not None else ctx.msg.status

    @variable("T_reply_ruid")
    def t_reply_ruid(self, ctx: RouteContext) -> Value:
        """The ruid of the contact that this reply, or the picked one in a failure_route, comes from."""
        branch = self.branch_of(ctx)
        if branch is None or ctx.kind not in (RouteKind.TM_ONREPLY, *_FAILURES):
            return ""
        return branch.ruid.decode("latin-1")

    @variable("T", inner="required", dynamic=False)
    def t(self, inner: str, index: int | str | None) -> tuple[Getter, Setter | None]:
        """$T(key) of the transaction: id_index, id_label (with _n: it is opened if need be), reply_code, reply_reason,
        reply_type (1 made here), branch_index, ruid."""
        if inner not in _T_KEYS:
            raise ValueError(f"is $T(key), one of {', '.join(_T_KEYS)}")

        def get(ctx: RouteContext) -> Value:
            if inner == "reply_code":
                return self.t_reply_code(ctx)
            if inner == "reply_reason":
                return self.t_reply_reason(ctx)
            if inner == "branch_index":
                return self.t_branch_idx(ctx)
            if ctx.tx is None and inner.endswith("_n") and ctx.msg.is_request:
                self.tm.new_transaction(ctx)
            if ctx.tx is None:
                return None
            if inner == "reply_type":
                branch = self.branch_of(ctx)
                return 1 if ctx.kind is RouteKind.FAILURE and branch is not None and branch.reply is None else 0
            if inner == "ruid":
                return self.t_reply_ruid(ctx)
            if inner == "reply_last":
                return self.t_reply_last(ctx)
            return numbers(ctx.tx)[1 if "label" in inner else 0]

        return get, None

    @variable("T_branch", inner="required", dynamic=False)
    def t_branch(self, inner: str, index: int | str | None) -> tuple[Getter, Setter | None]:
        """$T_branch(flags) and $T_branch(ruid) of the branch that failed or is answered; $T_branch(uri) only in onreply
        routes."""
        if inner not in ("uri", "flags", "ruid"):
            raise ValueError("is $T_branch(uri), $T_branch(flags) or $T_branch(ruid)")

        def get(ctx: RouteContext) -> Value:
            branch = self.branch_of(ctx)
            if branch is None or ctx.kind not in (RouteKind.TM_ONREPLY, *_FAILURES):
                return None
            if inner == "flags":
                return branch.user_flags
            if inner == "ruid":
                return branch.ruid.decode("latin-1")
            return branch.uri.decode("latin-1") if ctx.kind is RouteKind.TM_ONREPLY else None

        return get, None

    @variable("T_req", inner="required", dynamic=False)
    def t_req(self, inner: str, index: int | str | None) -> tuple[Getter, Setter | None]:
        """$T_req(pv): a variable of the transaction's request as it was received, in reply routes."""

        def other(ctx: RouteContext) -> RouteContext | None:
            if ctx.msg.is_request:
                return None
            tx = ctx.tx
            if tx is None:  # in reply_route the reply is not matched yet
                branch = self.tm.table.lookup_reply(ctx.msg)
                tx = branch.tx if branch is not None else None
            return self._received(tx, ctx) if tx is not None else None

        return inner_getter(self.engine, inner, other), None

    def _received(self, tx: Transaction, ctx: RouteContext) -> RouteContext | None:
        """A transaction's request as it came in, before any script, with the AVPs of the script that asks."""
        msg = self.tm.message_of(tx) if self.tm.enable_uac_fr else tx.request
        if msg is None or tx.user is None:
            return None
        request = self.tm.context_of(tx)
        found = RouteContext(self.engine, msg, request.rcv, RouteKind.REQUEST)
        found.flags, found.xflags, found.force_socket = tx.user_flags, request.xflags, request.force_socket
        found.avps, found.xavps, found.xavus, found.xavis = ctx.avps, ctx.xavps, ctx.xavus, ctx.xavis
        found.vars = ctx.vars
        return found

    @variable("T_rpl", inner="required", dynamic=False)
    def t_rpl(self, inner: str, index: int | str | None) -> tuple[Getter, Setter | None]:
        """$T_rpl(pv): a variable of the picked reply, in failure routes."""

        def other(ctx: RouteContext) -> RouteContext | None:
            if ctx.kind not in _FAILURES or ctx.reply is None:
                return None
            return RouteContext(self.engine, ctx.reply, ctx.rcv, RouteKind.TM_ONREPLY)

        return inner_getter(self.engine, inner, other), None

    @variable("T_inv", inner="required", dynamic=False)
    def t_inv(self, inner: str, index: int | str | None) -> tuple[Getter, Setter | None]:
        """$T_inv(pv): a variable of the INVITE that this CANCEL is about, as it was received."""

        def other(ctx: RouteContext) -> RouteContext | None:
            if ctx.kind is not RouteKind.REQUEST or ctx.msg.method != "CANCEL":
                return None
            invite = self.tm.table.lookup_cancel(ctx.msg)
            return self._received(invite, ctx) if invite is not None else None

        return inner_getter(self.engine, inner, other), None


MODULE = Tmx
