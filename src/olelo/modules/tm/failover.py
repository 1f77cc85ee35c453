"""The next address of a name, when the first has failed (RFC 3263 section 4.3), and addresses that are left alone.

A branch keeps what its name led to beyond its own address. When nobody answers there within fr_timer, when the packet
cannot leave, or with a 503, a new branch takes the next one. The old branch stays and counts as failed.
"""

from __future__ import annotations

from mypy_extensions import mypyc_attr

from olelo.core.blocklist import ANSWERED_503, SEND_FAILED, TIMEOUT
from olelo.core.context import RouteContext
from olelo.core.forward import build_request
from olelo.core.methods import METHODS, OTHER_METHOD
from olelo.core.onsend import stopped_by_script
from olelo.core.sockets import STREAMS, Destination
from olelo.core.via import via_line
from olelo.modules.tm.upstream import Upstream
from olelo.sip.headers import RETRY_AFTER, VIA
from olelo.sip.message import Message
from olelo.transaction.branch import CANCELLED, Branch
from olelo.transaction.transaction import Transaction
from olelo.transaction.verdict import BLOCKED_6XX, CANCELED, NO_FAILOVER


@mypyc_attr(native_class=False)
class Failover(Upstream):
    """The part of tm that tries further addresses."""

    def timed_out(self, tx: Transaction, branch: Branch, now: float) -> None:
        """fr_timer has given a branch up that never had an answer."""
        if branch.status or not isinstance(branch.destination, Destination) or tx.is_silent(branch):
            return
        if self.blst_methods_add & METHODS.get(tx.method, OTHER_METHOD):
            self.engine.blocklist.add(TIMEOUT, branch.destination)
        if branch.spare and now < tx.end_of_life:
            self.fail_over(tx, branch)

    def refused(self, tx: Transaction, branch: Branch, reply: RouteContext) -> None:
        """A failure came in on a branch and has passed its onreply_route."""
        status = reply.msg.status
        if status == 503 and self.blst_503:
            self._block_503(reply)
        if branch.spare and status in self.failover_codes:
            self.fail_over(tx, branch)

    def _block_503(self, reply: RouteContext) -> None:
        """Leave the sender of a 503 alone: as long as its Retry-After says, within limits, or blst_503_def_timeout."""
        seconds = self.blst_503_def_timeout
        value = reply.msg.first(RETRY_AFTER)
        digits = value.split(b"(")[0].split(b";")[0].strip() if value is not None else b""
        if digits.isdigit():
            seconds = min(max(int(digits), self.blst_503_min_timeout), self.blst_503_max_timeout)
        if seconds > 0:
            rcv = reply.rcv
            self.engine.blocklist.add(ANSWERED_503, Destination(rcv.proto, rcv.ip, rcv.port, rcv.socket), seconds)

    def is_blocked(self, method: str, to: Destination) -> bool:
        """Whether a destination is on the blocklist, and requests of this method heed it."""
        return self.engine.blocklist.holds(to) and bool(self.blst_methods_lookup & METHODS.get(method, OTHER_METHOD))

    def fail_over(self, tx: Transaction, branch: Branch) -> bool:
        """Send a branch's request to the next address of its name, as a new branch. False where that cannot be."""
        spare = branch.spare
        if not spare or branch.flags & CANCELLED or tx.flags & (CANCELED | BLOCKED_6XX | NO_FAILOVER):
            return False
        ctx = self.context_of(tx)
        while spare and len(tx.branches) < self.engine.params.max_branches and tx.status < 200:
            to = spare.pop(0)
            assert isinstance(to, Destination)
            if self.is_blocked(tx.method, to):
                continue
            packet = self._for_address(ctx, tx, branch, to)
            new = tx.add_branch(packet, to, to.proto in STREAMS, self.engine.services.now(), branch.uri)
            new.path, new.ruid, new.instance, new.user_agent = (
                branch.path, branch.ruid, branch.instance, branch.user_agent,
            )  # fmt: skip
            new.user_flags = branch.user_flags
            new.on_reply, new.on_failure = branch.on_reply, branch.on_failure
            new.on_branch_failure = branch.on_branch_failure
            new.spare = spare
            if self.engine.onsend_route is not None and stopped_by_script(ctx, packet, to):
                self.table.outbox.pop()
                tx.drop_branch(new)
            elif new in self.flush():
                self.not_sent(tx, new)
            else:
                return True
        return False

    def _for_address(self, ctx: RouteContext, tx: Transaction, branch: Branch, to: Destination) -> bytes:
        """A branch's request for another address: what was sent under another Via, or with reparse_on_dns_failover 0
        the request anew, without what its branch_route did."""
        branch_id = tx.branch_id(len(tx.branches))
        if self.reparse_on_dns_failover or tx.request is None:
            sent = Message.parse(branch.request)
            start = sent.start(sent.hids.index(VIA))
            end = start + len(sent.lines[sent.hids.index(VIA)])
            return sent.raw[:start] + via_line(ctx, to, branch_id).rstrip() + sent.raw[end:]
        edits = ctx.msg.edits[:]
        if isinstance(tx.saved_edits, list):
            ctx.msg.edits[:] = tx.saved_edits
        packet = build_request(ctx, to, branch.uri, branch.path, branch_id)
        ctx.msg.edits[:] = edits
        return packet

    def not_sent(self, tx: Transaction, branch: Branch) -> None:
        """A branch's packet could not leave: it counts as failed, and its address is noted."""
        tx.drop_branch(branch)
        if isinstance(branch.destination, Destination):
            self.engine.blocklist.add(SEND_FAILED, branch.destination)
