"""Script functions that change one transaction's timers and habits, before or after it is opened."""

from __future__ import annotations

from collections.abc import Callable

from olelo.core.context import RouteContext
from olelo.core.module import BRANCH, FAILURE, REQUEST, function
from olelo.modules.tm.answers import Answers
from olelo.script.catalog import RouteKind
from olelo.transaction.transaction import Transaction
from olelo.transaction.verdict import DISABLE_6XX, NO_FAILOVER

WITHIN = REQUEST | RouteKind.TM_ONREPLY | FAILURE | BRANCH
Change = Callable[[Transaction, float], object]


class TransactionSettings(Answers):
    """t_set_* and t_reset_*."""

    def change(self, ctx: RouteContext, what: Change) -> int:
        """Apply to the message's transaction now, or when it is opened. Returns 1."""
        if ctx.tx is not None:
            what(ctx.tx, self.engine.services.now())
        else:
            self.store_of(ctx).setdefault("later", []).append(what)
        return 1

    @function("t_set_fr", routes=WITHIN)
    def t_set_fr(self, ctx: RouteContext, fr_inv_timer: int, fr_timer: int = 0) -> int:
        """Set fr_inv_timer and fr_timer in milliseconds for this transaction; 0 leaves one as it is. Returns 1, -1 for a negative."""
        if fr_inv_timer < 0 or fr_timer < 0:
            return -1
        return self.change(ctx, lambda tx, now: tx.set_fr(now, fr_inv_timer / 1000, fr_timer / 1000))

    @function("t_reset_fr", routes=WITHIN)
    def t_reset_fr(self, ctx: RouteContext) -> int:
        """Set both back to the module's parameters. Returns 1."""
        return self.t_set_fr(ctx, self.fr_inv_timer, self.fr_timer)

    @function("t_set_retr", routes=WITHIN)
    def t_set_retr(self, ctx: RouteContext, t1: int, t2: int) -> int:
        """Set the first and the longest retransmission interval in milliseconds; 0 leaves one as it is. Returns 1, -1."""
        if t1 < 0 or t2 < 0:
            return -1
        return self.change(ctx, lambda tx, now: tx.set_retr(t1 / 1000, t2 / 1000))

    @function("t_reset_retr", routes=WITHIN)
    def t_reset_retr(self, ctx: RouteContext) -> int:
        """Set both back to the module's parameters. Returns 1."""
        return self.t_set_retr(ctx, self.retr_timer1, self.retr_timer2)

    @function("t_set_max_lifetime", routes=WITHIN)
    def t_set_max_lifetime(self, ctx: RouteContext, invite: int, other: int) -> int:
        """Set the longest life in milliseconds of an INVITE and of another request; 0 leaves it. Returns 1, -1."""
        if invite < 0 or other < 0:
            return -1

        def apply(tx: Transaction, now: float) -> None:
            wanted = invite if tx.is_invite else other
            if wanted:
                tx.set_lifetime(now, wanted / 1000)

        return self.change(ctx, apply)

    @function("t_reset_max_lifetime", routes=WITHIN)
    def t_reset_max_lifetime(self, ctx: RouteContext) -> int:
        """Set it back to the module's parameters. Returns 1."""
        return self.t_set_max_lifetime(ctx, self.max_inv_lifetime, self.max_noninv_lifetime)

    @function("t_set_auto_inv_100", routes=REQUEST)
    def t_set_auto_inv_100(self, ctx: RouteContext, on: int) -> int:
        """0: send no 100 for this INVITE. Returns 1."""
        self.store_of(ctx)["auto_100"] = on
        return 1

    @function("t_set_disable_6xx", routes=WITHIN)
    def t_set_disable_6xx(self, ctx: RouteContext, on: int) -> int:
        """1: a 6xx does not cancel the other branches. Returns 1."""

        def apply(tx: Transaction, now: float) -> None:
            tx.flags = tx.flags | DISABLE_6XX if on else tx.flags & ~DISABLE_6XX

        return self.change(ctx, apply)

    @function("t_set_disable_failover", routes=WITHIN)
    def t_set_disable_failover(self, ctx: RouteContext, on: int) -> int:
        """1: try only the first address of a name (see core parameter use_dns_failover). Returns 1."""

        def apply(tx: Transaction, now: float) -> None:
            tx.flags = tx.flags | NO_FAILOVER if on else tx.flags & ~NO_FAILOVER

        return self.change(ctx, apply)

    @function("t_set_no_e2e_cancel_reason", "t_disable_e2e_cancel_reason", routes=WITHIN)
    def t_set_no_e2e_cancel_reason(self, ctx: RouteContext, on: int) -> int:
        """1: do not pass on the Reason header of a CANCEL. Returns 1."""
        target = self.context_of(ctx.tx) if ctx.tx is not None and ctx.tx.user is not None else ctx
        self.store_of(target)["no_e2e_reason"] = bool(on)
        return 1

    @function("t_set_disable_internal_reply", routes=WITHIN)
    def t_set_disable_internal_reply(self, ctx: RouteContext, on: int) -> int:
        """1: t_relay does not answer when it fails; it returns -4 and the script decides. Returns 1."""
        self.store_of(ctx)["no_internal_reply"] = bool(on)
        return 1

    @function("t_set_no_auto_ack", routes=WITHIN)
    def t_set_no_auto_ack(self, ctx: RouteContext, on: int) -> int:
        """1: no automatic ACK for a local INVITE's 2xx. Returns 1."""
        self.store_of(ctx)["no_auto_ack"] = bool(on)
        return 1
