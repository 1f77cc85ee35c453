"""The script functions of tm."""

from __future__ import annotations

import re
from collections.abc import Awaitable

from olelo.core.context import USE_UAC_FROM, USE_UAC_TO, RouteContext
from olelo.core.module import BRANCH, FAILURE, ONREPLY, REQUEST, function
from olelo.core.reply import reply_destination
from olelo.core.sockets import bracketed
from olelo.modules.tm.commands import Commands
from olelo.modules.tm.contacts import Contacts
from olelo.modules.tm.questions import WITHIN, Questions
from olelo.modules.tm.relay import CREATED, FAILED, IS_ACK, RETRANSMITTED, Relay
from olelo.modules.tm.settings import TransactionSettings
from olelo.modules.tm.suspend import Suspension
from olelo.modules.tm.uac_commands import UacCommands
from olelo.modules.tm.write import Write
from olelo.script.catalog import ArgKind, ArgSpec, RouteKind
from olelo.script.runtime import parse_int

RELAYING = REQUEST | FAILURE | RouteKind.BRANCH_FAILURE
_TRANSACTION_ROUTES = (RouteKind.FAILURE, RouteKind.BRANCH, RouteKind.BRANCH_FAILURE, RouteKind.TM_ONREPLY)


def _route(kind: str) -> tuple[ArgSpec, ...]:
    return (ArgSpec("name", ArgKind.ROUTE, route_kind=kind),)


class Tm(Relay, UacCommands, Contacts, TransactionSettings, Suspension, Write, Questions, Commands):
    """Stateful processing: transactions, relaying, forking, failure and reply routes."""

    # --- opening and finding ------------------------------------------------------------------------------

    @function("t_newtran", routes=REQUEST)
    def t_newtran(self, ctx: RouteContext) -> int:
        """Open a transaction. Returns 1 opened (or an ACK for a 2xx, which opens none), 0 (the script ends) it was a
        retransmission, -1 failed, -10 the request has one."""
        if ctx.tx is not None:
            ctx.tx.user_flags = ctx.flags
            return -10
        return {CREATED: 1, RETRANSMITTED: 0, IS_ACK: 1, FAILED: -1}[self.new_transaction(ctx)]

    @function("t_lookup_request", routes=REQUEST)
    def t_lookup_request(self, ctx: RouteContext) -> int:
        """Does the request belong to a transaction? Returns 1 yes, -1 no."""
        found = self.table.lookup_request(ctx.msg)
        if found is None:
            return -1
        ctx.tx = found
        return 1

    @function("t_lookup_cancel", routes=REQUEST)
    def t_lookup_cancel(self, ctx: RouteContext, copy_flags: int = 0) -> int:
        """Is the INVITE of this CANCEL here? With copy_flags 1 its message flags are taken over. Returns 1, -1."""
        invite = self.table.lookup_cancel(ctx.msg) if ctx.msg.method == "CANCEL" else None
        if invite is None:
            return -1
        if copy_flags:
            ctx.flags = invite.user_flags
        return 1

    @function("t_check_trans", routes=REQUEST | ONREPLY | BRANCH)
    def t_check_trans(self, ctx: RouteContext) -> int:
        """Look for the message's transaction.

        A retransmission (or a request that has opened its transaction already) is answered again and an ACK for a
        failure absorbed: 0, the script ends. 1: a reply or a
        CANCEL with a transaction, an ACK that belongs to a 2xx; -1: none.
        """
        if ctx.kind in _TRANSACTION_ROUTES:
            return 1
        msg = ctx.msg
        if not msg.is_request:
            return 1 if self.table.lookup_reply(msg) is not None else -1
        if msg.method == "CANCEL":
            return self.t_lookup_cancel(ctx)
        found = self.table.lookup_request(msg)
        if found is None:
            ctx.tx_sought = True
            return 1 if msg.method == "ACK" and self.wants_e2e_acks and self.end_to_end_ack(ctx) else -1
        if msg.method == "ACK":
            found.on_ack(self.engine.services.now())
        else:
            found.on_retransmission()
        self.flush()
        return 0

    @function("t_release", routes=REQUEST)
    def t_release(self, ctx: RouteContext) -> int:
        """Let the transaction go after wt_timer, unanswered or not. Returns 1, also where there is none."""
        tx = self.current(ctx)
        if tx is not None:
            tx.release(self.engine.services.now())
            self.flush()
        return 1

    @function("t_clean")
    def t_clean(self, ctx: RouteContext) -> int:
        """Remove transactions that have outlived their lifetime. Returns 1."""
        self.clean()
        return 1

    # --- answering ----------------------------------------------------------------------------------------

    @function("t_reply", routes=REQUEST | ONREPLY | FAILURE)
    def t_reply(self, ctx: RouteContext, code: str, reason: str) -> int:
        """Answer by the transaction; default_code and default_reason stand in for variables that are not set. Returns 1
        sent, -1 no transaction, or answered before."""
        status = parse_int(code) or self.default_code
        text = self.default_reason if reason in ("", "<null>") else reason
        return self.reply(ctx, status, text.encode("latin-1"))

    @function("t_send_reply", routes=REQUEST | ONREPLY | FAILURE)
    def t_send_reply(self, ctx: RouteContext, code: str, reason: str) -> int:
        """As t_reply, but opens the transaction where there is none yet. Returns 1 sent, -1 failed, or a
        retransmission (which gets the answer again)."""
        if ctx.tx is None and ctx.kind is RouteKind.REQUEST:
            opened = self.new_transaction(ctx)
            if opened != CREATED:
                return -1
        return self.t_reply(ctx, code, reason)

    @function("t_retransmit_reply", routes=REQUEST)
    def t_retransmit_reply(self, ctx: RouteContext) -> int:
        """Send the transaction's last answer again. Returns 1, -1 where there is none."""
        tx = self.current(ctx)
        if tx is None or not tx.on_retransmission():
            return -1
        self.flush()
        return 1

    @function("t_reply_error", routes=REQUEST | FAILURE)
    def t_reply_error(self, ctx: RouteContext) -> int:
        """Answer with what the last internal error says. Returns 1 sent, -1 not."""
        from olelo.core.errors import answer_for

        status, reason = answer_for(ctx.error, "TM")
        return self.reply(ctx, status, reason)

    # --- relaying -----------------------------------------------------------------------------------------

    @function("t_relay", routes=RELAYING, waits=True)
    def t_relay(self, ctx: RouteContext, host: str = "", port: int = 0) -> int | Awaitable[int]:
        """Forward statefully to `$du` or `$ru` and all branches, or to host and port by the transport the request
        came by.

        Returns 1 forwarded; negative where it failed: then, unless the script answers or tries again, the transaction
        is answered with what went wrong when the script ends.
        """
        return self.relay(ctx, _proxy(host, port), ctx.rcv.proto if host else "")

    @function("t_relay_to_udp", routes=RELAYING, waits=True)
    def t_relay_to_udp(self, ctx: RouteContext, host: str = "", port: int = 0) -> int | Awaitable[int]:
        """As t_relay, by UDP."""
        return self.relay(ctx, _proxy(host, port), "udp")

    @function("t_relay_to_tcp", routes=RELAYING, waits=True)
    def t_relay_to_tcp(self, ctx: RouteContext, host: str = "", port: int = 0) -> int | Awaitable[int]:
        """As t_relay, by TCP."""
        return self.relay(ctx, _proxy(host, port), "tcp")

    @function("t_relay_to_tls", routes=RELAYING, waits=True)
    def t_relay_to_tls(self, ctx: RouteContext, host: str = "", port: int = 0) -> int | Awaitable[int]:
        """As t_relay, by TLS."""
        return self.relay(ctx, _proxy(host, port), "tls")

    @function("t_relay_to_sctp", routes=RELAYING, waits=True)
    def t_relay_to_sctp(self, ctx: RouteContext, host: str = "", port: int = 0) -> int | Awaitable[int]:
        """As t_relay, by SCTP; -1 where no such socket is open."""
        return self.relay(ctx, _proxy(host, port), "sctp")

    @function("t_relay_to", routes=RELAYING, waits=True)
    def t_relay_to(self, ctx: RouteContext, proxy: str = "", flags: str = "") -> int | Awaitable[int]:
        """Forward to a proxy `[proto:]host[:port]`, or as t_relay; flags: 0x01 no 100 Trying, 0x02 no answer on failure,
        0x04 no DNS failover.

        With one argument that is a number, it is the flags.
        """
        if proxy and not flags and re.fullmatch(r"0x[0-9a-fA-F]+|\d+", proxy):
            proxy, flags = "", proxy
        bits = int(flags, 0) if flags else 0
        if bits & 1:
            self.store_of(ctx)["auto_100"] = 0
        if bits & 2:
            self.store_of(ctx)["no_internal_reply"] = True
        if bits & 4:
            self.t_set_disable_failover(ctx, 1)
        proto, host, port = _split(proxy)
        return self.relay(ctx, _proxy(host, port), proto)

    @function("t_relay_to_avp", routes=REQUEST, waits=True)
    def t_forward_to(self, ctx: RouteContext, proto: str, hostport: str) -> int | Awaitable[int]:
        """Forward to `host[:port]` by the transport given."""
        _, host, port = _split(hostport)
        return self.relay(ctx, _proxy(host, port), proto)

    @function("t_forward_nonack", routes=REQUEST, waits=True)
    def t_forward_nonack(self, ctx: RouteContext, host: str, port: int) -> int | Awaitable[int]:
        """Forward to host and port a request that has its transaction (t_newtran), without a 100. Returns 1; negative
        for an ACK, without transaction, or where it fails."""
        return self._forward_nonack(ctx, _proxy(host, port), "")

    @function("t_forward_nonack_uri", routes=REQUEST, waits=True)
    def t_forward_nonack_uri(self, ctx: RouteContext) -> int | Awaitable[int]:
        """As t_forward_nonack, to `$du` or `$ru`."""
        return self._forward_nonack(ctx, b"", "")

    @function("t_forward_nonack_udp", routes=REQUEST, waits=True)
    def t_forward_nonack_udp(self, ctx: RouteContext, host: str, port: int) -> int | Awaitable[int]:
        """As t_forward_nonack, by UDP."""
        return self._forward_nonack(ctx, _proxy(host, port), "udp")

    @function("t_forward_nonack_tcp", routes=REQUEST, waits=True)
    def t_forward_nonack_tcp(self, ctx: RouteContext, host: str, port: int) -> int | Awaitable[int]:
        """As t_forward_nonack, by TCP."""
        return self._forward_nonack(ctx, _proxy(host, port), "tcp")

    @function("t_forward_nonack_tls", routes=REQUEST, waits=True)
    def t_forward_nonack_tls(self, ctx: RouteContext, host: str, port: int) -> int | Awaitable[int]:
        """As t_forward_nonack, by TLS."""
        return self._forward_nonack(ctx, _proxy(host, port), "tls")

    @function("t_forward_nonack_sctp", routes=REQUEST, waits=True)
    def t_forward_nonack_sctp(self, ctx: RouteContext, host: str, port: int) -> int | Awaitable[int]:
        """As t_forward_nonack, by SCTP."""
        return self._forward_nonack(ctx, _proxy(host, port), "sctp")

    @function("t_forward_nonack_to", routes=REQUEST, waits=True)
    def t_forward_nonack_to(self, ctx: RouteContext, proto: str, hostport: str) -> int | Awaitable[int]:
        """As t_forward_nonack, to `host[:port]` by the transport given."""
        _, host, port = _split(hostport)
        return self._forward_nonack(ctx, _proxy(host, port), proto)

    def _forward_nonack(self, ctx: RouteContext, proxy: bytes, proto: str) -> int | Awaitable[int]:
        tx = self.current(ctx)
        if tx is None or tx.user is None or ctx.msg.method == "ACK":
            return -1
        return self.forward_branches(ctx, tx, proxy, proto)

    @function("t_relay_cancel", routes=REQUEST)
    def t_relay_cancel(self, ctx: RouteContext) -> int:
        """Relay a CANCEL whose INVITE is here: 0 (the script ends) done, 1 no INVITE, or no CANCEL, -1 error."""
        if ctx.msg.method != "CANCEL":
            return 1
        invite = self.table.lookup_cancel(ctx.msg)
        if invite is None:
            return 1
        if ctx.tx is None:
            opened = self.new_transaction(ctx)
            if opened != CREATED:
                return 0 if opened == RETRANSMITTED else -1
        self.cancel_invite(ctx, ctx.tx, invite)
        return 0

    @function("t_replicate", routes=REQUEST, waits=True)
    def t_replicate(self, ctx: RouteContext, uri: str = "", port: int = 0) -> int | Awaitable[int]:
        """Send a copy to a URI (or host and port) whose answers are not relayed."""
        if port:
            return self.relay(ctx, _proxy(uri, port), ctx.rcv.proto, replicate=True)
        return self.relay(ctx, uri.encode("latin-1"), "", replicate=True)

    @function("t_replicate_udp", routes=REQUEST, waits=True)
    def t_replicate_udp(self, ctx: RouteContext, host: str, port: int) -> int | Awaitable[int]:
        """Replicate by UDP."""
        return self.relay(ctx, _proxy(host, port), "udp", replicate=True)

    @function("t_replicate_tcp", routes=REQUEST, waits=True)
    def t_replicate_tcp(self, ctx: RouteContext, host: str, port: int) -> int | Awaitable[int]:
        """Replicate by TCP."""
        return self.relay(ctx, _proxy(host, port), "tcp", replicate=True)

    @function("t_replicate_tls", routes=REQUEST, waits=True)
    def t_replicate_tls(self, ctx: RouteContext, host: str, port: int) -> int | Awaitable[int]:
        """Replicate by TLS."""
        return self.relay(ctx, _proxy(host, port), "tls", replicate=True)

    @function("t_replicate_sctp", routes=REQUEST, waits=True)
    def t_replicate_sctp(self, ctx: RouteContext, host: str, port: int) -> int | Awaitable[int]:
        """Replicate by SCTP."""
        return self.relay(ctx, _proxy(host, port), "sctp", replicate=True)

    @function("t_replicate_to", routes=REQUEST, waits=True)
    def t_replicate_to(self, ctx: RouteContext, proto: str, hostport: str) -> int | Awaitable[int]:
        """Replicate to `host[:port]` by the transport given."""
        _, host, port = _split(hostport)
        return self.relay(ctx, _proxy(host, port), proto, replicate=True)

    @function("t_relay_to_proxy", routes=RELAYING, waits=True)
    def t_relay_to_proxy(self, ctx: RouteContext, proxy: str) -> int | Awaitable[int]:
        """Forward to a proxy `[proto:]host[:port]`. Returns as t_relay."""
        proto, host, port = _split(proxy)
        return self.relay(ctx, _proxy(host, port), proto)

    # --- routes to run later ------------------------------------------------------------------------------

    @function("t_on_failure", routes=WITHIN, args=_route("failure"))
    def t_on_failure(self, ctx: RouteContext, name: str) -> int:
        """Run failure_route[name] when the branches have failed; "0" forgets it. Returns 1."""
        name = "" if name == "0" else name
        ctx.on_failure = name
        if ctx.tx is not None:
            ctx.tx.on_failure = name or None
        return 1

    @function("t_on_reply", routes=WITHIN, args=_route("onreply"))
    def t_on_reply(self, ctx: RouteContext, name: str) -> int:
        """Run onreply_route[name] on the answers of branches made from now on; "0" forgets it. Returns 1."""
        name = "" if name == "0" else name
        ctx.on_reply = name
        if ctx.tx is not None:
            ctx.tx.on_reply = name or None
        return 1

    @function("t_on_branch", routes=REQUEST | FAILURE, args=_route("branch"))
    def t_on_branch(self, ctx: RouteContext, name: str) -> int:
        """Run branch_route[name] on each branch before it is sent; "0" forgets it. Returns 1."""
        name = "" if name == "0" else name
        ctx.on_branch = name
        if ctx.tx is not None:
            ctx.tx.on_branch = name or None
        return 1

    @function("t_on_branch_failure", routes=WITHIN, args=_route("event:tm:branch-failure:"))
    def t_on_branch_failure(self, ctx: RouteContext, name: str) -> int:
        """Run event_route[tm:branch-failure:name] when one branch fails; "0" forgets it. Returns 1."""
        name = "" if name == "0" else name
        ctx.on_branch_failure = name
        if ctx.tx is not None:
            ctx.tx.on_branch_failure = name or None
        return 1

    # --- keeping, dropping, changing -------------------------------------------------------------------------

    @function("t_drop_replies", routes=FAILURE)
    def t_drop_replies(self, ctx: RouteContext, mode: str = "a") -> int:
        """Forget the answers so far: "a" all, "l" those of the last step, "n" none. Returns 1."""
        self.store_of(ctx)["drop_replies"] = {"n": 0, "a": 1, "l": 2}.get(mode[:1], 1)
        return 1

    @function("t_cell_append_branches", waits=True)
    def t_cell_append_branches(self, ctx: RouteContext, index: int, label: int) -> int | Awaitable[int]:
        """Add this message's branches (append_branch) to another transaction, by its $T(id_index) and $T(id_label).
        Returns 1; -1 there is none, it was answered or cancelled, or it has these branches."""
        tx = self.by_number(index, label)
        branches, ctx.branches = ctx.branches, []
        return self.append_branches(tx, branches) if tx is not None else -1

    @function("t_use_uac_headers")
    def t_use_uac_headers(self, ctx: RouteContext) -> int:
        """Use the From and To that module uac has made in what is built here, for the whole transaction. Returns 1."""
        ctx.msg_flags |= USE_UAC_FROM | USE_UAC_TO
        if ctx.tx is not None and ctx.tx.user is not None:
            self.context_of(ctx.tx).msg_flags |= USE_UAC_FROM | USE_UAC_TO
        return 1

    @function("t_save_lumps", routes=REQUEST)
    def t_save_lumps(self, ctx: RouteContext) -> int:
        """Keep the edits so far for the branches that failure routes add; later ones are for the next t_relay() alone.
        t_relay() does so itself. Returns 1, -1 without transaction, or when it was forwarded before."""
        tx = ctx.tx
        if tx is None or tx.branches:
            return -1
        tx.saved_edits = ctx.msg.edits[:]
        return 1

    @function("t_msg_apply_changes", routes=REQUEST)
    def t_msg_apply_changes(self, ctx: RouteContext) -> int:
        """Apply the message's edits, for its transaction, too. Returns 1."""
        changed = type(ctx.msg).parse(ctx.msg.apply_edits())
        ctx.msg = changed
        if ctx.tx is not None:
            ctx.tx.request = changed
            ctx.tx.destination = reply_destination(changed, ctx.rcv, ctx.msg_flags)
        return 1


def _proxy(host: str, port: int) -> bytes:
    if not host:
        return b""
    if host.startswith(("sip:", "sips:")):
        return host.encode("latin-1")
    return f"sip:{bracketed(host)}{f':{port}' if port else ''}".encode("latin-1")


def _split(text: str) -> tuple[str, str, int]:
    """`[proto:]host[:port]` -> (proto, host, port); empty and 0 where a part is missing."""
    match = re.fullmatch(r"(?:(udp|tcp|tls|sctp|ws|wss):)?(\[[^]]*\]|[^:]*)(?::(\d+))?", text)
    if match is None:
        return "", text, 0
    return match[1] or "", match[2].strip("[]"), int(match[3] or 0)
