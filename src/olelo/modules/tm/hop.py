"""What is passed on without branches of its own: the ACK for a 2xx, and the CANCEL of an INVITE that is here."""

from __future__ import annotations

from collections.abc import Awaitable

from mypy_extensions import mypyc_attr

from olelo.core.context import RouteContext
from olelo.core.errors import E_BAD_ADDRESS
from olelo.core.forward import forward_to, hop_now, next_hop
from olelo.core.sockets import Destination
from olelo.modules.tm.answers import Answers
from olelo.transaction.branch import BLIND
from olelo.transaction.transaction import Transaction
from olelo.transaction.verdict import CHOSEN, RELAY


@mypyc_attr(native_class=False)
class HopByHop(Answers):
    """The part of tm for requests that open no branches."""

    def forward_ack(self, ctx: RouteContext, proxy: bytes, proto: str) -> int | Awaitable[int]:
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
