"""Requests of our own: made, sent statefully, acknowledged, and answered to whoever asked for them."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from olelo.core.context import RouteContext
from olelo.core.engine import ERR
from olelo.core.errors import E_SEND, answer_for
from olelo.core.forward import every_hop, hop_now, next_hop
from olelo.core.services import UacRequest
from olelo.core.sockets import STREAMS, Destination, Received
from olelo.modules.tm.answers import Answers
from olelo.modules.tm.local import build_ack, build_local, via_of
from olelo.script.catalog import RouteKind
from olelo.script.runtime import Suspended
from olelo.sip.errors import SipError
from olelo.sip.headers import VIA
from olelo.sip.message import Message
from olelo.transaction.branch import Branch
from olelo.transaction.transaction import Transaction

#: What `send_local` says: sent, or dropped by event_route[tm:local-request]; negative: core.errors.
SENT, DROPPED = 1, 0
_LOCAL_REQUEST = ("event", "tm:local-request")
_ACK_SENT = ("event", "tm:local-ack-sent")


class Uac(Answers):
    """The user agent client in tm."""

    def init(self) -> None:
        super().init()
        params = self.engine.params
        text = params.user_agent_header if params.server_signature else ""
        #: the User-Agent line of our requests, with its line end; empty where the configuration wants none
        self.user_agent_line = text.encode("latin-1") + b"\r\n" if text else b""
        self.local_rport = bool(params.local_rport)
        self._calls = 0

    # --- sending ------------------------------------------------------------------------------------------

    def local_request(self, request: UacRequest) -> bool:
        """Send a request of our own; see `UacRequest`. False: it cannot be sent (and `done` is not called).

        Where a name must be resolved first the result is True, and `done` gets 478 or 477 if that fails.
        """
        result = self.start_local(self.send_local(request))
        if isinstance(result, int):
            return result == SENT

        def sent(code: Any, error: BaseException | None) -> None:
            if error is not None:
                self.engine.log(ERR, f"tm: a request of our own failed: {error!r}")
            if (error is not None or code != SENT) and request.done is not None:
                done, request.done = request.done, None
                done(answer_for(code if error is None and code else E_SEND, "TM")[0], None)

        self.engine.services.spawn(result, sent)
        return True

    @staticmethod
    def start_local(work: Coroutine[Any, Any, int]) -> int | Suspended:
        """Run `send_local` as far as it goes without waiting."""
        try:
            pending = work.send(None)
        except StopIteration as stop:
            return int(stop.value)
        return Suspended(work, pending)

    async def send_local(self, request: UacRequest) -> int:
        """Send a request of our own. Returns SENT, DROPPED, or a negative number of core.errors."""
        engine = self.engine
        hops = await every_hop(engine, request.dst_uri or request.ruri, request.socket, "")
        if isinstance(hops, int):
            engine.log(ERR, f"tm: nowhere to send {request.method} {request.ruri!r}")
            return hops
        to = hops[0]
        self._complete(request, to)
        if request.method == "ACK":  # opens no transaction
            packet = build_local(request, to, b"z9hG4bK" + self.new_token(), self.user_agent_line, self.local_rport)
            return SENT if engine.services.send(packet, to) else E_SEND
        now = engine.services.now()
        tx = self.table.create_local(request.method, now, self.new_token())
        if request.fr_timer or request.fr_inv_timer:
            tx.set_fr(now, request.fr_inv_timer / 1000, request.fr_timer / 1000)
        packet = build_local(request, to, tx.branch_id(0), self.user_agent_line, self.local_rport)
        ctx = RouteContext(
            engine,
            Message.parse(packet),
            Received(to.proto, to.socket.host, to.socket.port, to.socket),
            RouteKind.LOCAL,
        )
        ctx.tx = tx
        ctx.avps = {}
        ctx.dst_uri = request.dst_uri
        ctx.force_socket = request.socket
        ctx.store = {"tm": {"uac": request}}
        tx.user = ctx
        tx.avps = ctx.avps
        route = engine.program.routes.get(_LOCAL_REQUEST)
        if route is not None:
            ctx.event = "tm:local-request"
            ctx.dst_uri = request.dst_uri or request.ruri
            result = engine.run_route(route, ctx, RouteKind.LOCAL)
            if not isinstance(result, int):
                await result
            if ctx.dropped:
                self.table.end(tx)
                self.ended(tx)
                return DROPPED
            changed = await self._reroute(ctx, tx, request, to)
            if isinstance(changed, int):
                self.table.end(tx)
                self.ended(tx)
                return changed
            packet, to = changed
        branch = tx.add_branch(packet, to, to.proto in STREAMS, engine.services.now(), ctx.ruri)
        if len(hops) > 1 and to is hops[0] and engine.params.use_dns_failover:
            branch.spare = [*hops[1:]]
        if branch in self.flush():
            self.not_sent(tx, branch)
            if self.fail_over(tx, branch):
                return SENT
            self.table.end(tx)
            self.ended(tx)
            return E_SEND
        return SENT

    def _complete(self, request: UacRequest, to: Destination) -> None:
        """Make up what the request lacks."""
        if not request.callid:
            self._calls += 1
            text = f"{self.engine.new_id(8)}-{self._calls}@{to.socket.host}"
            request.callid = text.encode("latin-1")
        if not request.local_tag and b";tag=" not in request.from_uri:
            request.local_tag = self.engine.new_id(16).encode()

    async def _reroute(
        self, ctx: RouteContext, tx: Transaction, request: UacRequest, to: Destination
    ) -> tuple[bytes, Destination] | int:
        """The packet and its destination after event_route[tm:local-request] has changed what it liked."""
        msg = ctx.msg
        new = to
        if ctx.dst_uri != (request.dst_uri or request.ruri) or ctx.force_socket is not request.socket:
            found = hop_now(self.engine, ctx.dst_uri or ctx.ruri, ctx.force_socket, "")
            if found is None:
                found = await next_hop(self.engine, ctx.dst_uri or ctx.ruri, ctx.force_socket, "")  # type: ignore[misc]
            if isinstance(found, int):
                return found
            new = found
        if ctx.ruri != msg.ruri:
            msg.replace(msg.ruri_at, msg.ruri_at + len(msg.ruri), ctx.ruri)
        if new.socket is not to.socket:
            start = msg.start(msg.index(VIA))
            line = via_of(new, tx.branch_id(0), self.local_rport)
            msg.replace(start, start + len(via_of(to, tx.branch_id(0), self.local_rport)), line)
        if not msg.edits:
            return msg.raw, new
        packet = msg.apply_edits()
        ctx.msg = Message.parse(packet)  # what onreply_route and operators see from now on
        return packet, new

    # --- answers ------------------------------------------------------------------------------------------

    def local_answer(self, tx: Transaction, branch: Branch | None) -> None:
        """The final answer came, or a timer gave up: tell whoever sent the request, once."""
        request = uac_request(tx)
        if request is None or request.done is None or tx.status < 200:
            return
        done, request.done = request.done, None
        done(tx.relay_status, branch.reply if branch is not None and not tx.relay_local else None)

    def acknowledge(self, tx: Transaction, branch: Branch, reply: RouteContext) -> None:
        """Send the ACK for a 2xx, and again for each repetition of it (RFC 3261 section 13.2.2.4)."""
        request = uac_request(tx)
        if request is None:
            return
        store = self.store_of(self.context_of(tx))
        if request.no_ack or store.get("no_auto_ack"):
            store["accepted"] = (branch, reply)
            return
        self.send_ack(tx, branch, reply)

    def ack_later(self, tx: Transaction, headers: bytes, body: bytes) -> bool:
        """Send the ACK that was not sent by itself. False where no such 2xx has come."""
        accepted = self.store_of(self.context_of(tx)).get("accepted") if tx.user is not None else None
        if accepted is None:
            return False
        branch, reply = accepted
        self.send_ack(tx, branch, reply, headers, body)
        return True

    def send_ack(
        self, tx: Transaction, branch: Branch, reply: RouteContext, headers: bytes = b"", body: bytes = b""
    ) -> None:
        """Build and send the ACK of a 2xx; where it goes is local_ack_mode's to say."""
        branch_id = b"z9hG4bK" + self.new_token() if self.local_ack_branch_mode else branch.branch_id
        self.drive(self._send_ack(tx, branch, reply, branch_id, headers, body))

    async def _send_ack(
        self, tx: Transaction, branch: Branch, reply: RouteContext, branch_id: bytes, headers: bytes, body: bytes
    ) -> int:
        engine = self.engine
        invited = branch.destination
        assert isinstance(invited, Destination)
        try:
            head, hop = build_ack(branch.request, reply.msg)
        except SipError as error:
            engine.log(ERR, f"tm: no ACK for {reply.msg.call_id!r}: {error}")
            return 0
        to: Destination | int | None = invited
        if self.local_ack_mode == 2:
            rcv = reply.rcv
            to = Destination(rcv.proto, rcv.ip, rcv.port, rcv.socket, rcv.conn)
        elif self.local_ack_mode == 0:
            to = hop_now(engine, hop, invited.socket, "")
            if to is None:
                to = await next_hop(engine, hop, invited.socket, "")  # type: ignore[misc]
        if not isinstance(to, Destination):
            engine.log(ERR, f"tm: nowhere to send the ACK: {hop!r}")
            return 0
        line, _, rest = head.partition(b"\r\n")
        packet = b"%b\r\n%b%b%b%bContent-Length: %d\r\n\r\n%b" % (
            line, via_of(to, branch_id, self.local_rport), rest, self.user_agent_line, headers, len(body), body,
        )  # fmt: skip
        if not engine.services.send(packet, to):
            engine.log(ERR, f"tm: cannot send the ACK to {to}")  # the 2xx will be repeated, and with it this
            return 0
        if _ACK_SENT in engine.program.routes:
            ctx = RouteContext(engine, Message.parse(packet), reply.rcv, RouteKind.LOCAL)
            ctx.tx = tx
            engine.run_event("tm:local-ack-sent", ctx)
        return 0


def uac_request(tx: Transaction) -> UacRequest | None:
    """The request of our own that a transaction was made for; None where it was received (or replicated)."""
    ctx = tx.user
    found = ctx.store.get("tm", {}).get("uac") if isinstance(ctx, RouteContext) and ctx.store else None
    return found if isinstance(found, UacRequest) else None
