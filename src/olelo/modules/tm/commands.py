"""What operators ask of tm: tm.stats, tm.list, tm.cancel, tm.reply and the like."""

from __future__ import annotations

from typing import Any

from olelo.core.module import Many, RpcFault, rpc
from olelo.core.reply import build_reply
from olelo.modules.tm.answers import Answers
from olelo.sip.message import Message
from olelo.transaction.transaction import Transaction
from olelo.transaction.verdict import BLOCKED_6XX, CANCELED, DISABLE_6XX, SUSPENDED

#: Kamailio's bits of a transaction's flags, as tm.list shows them.
_IS_INVITE, _IS_LOCAL = 1, 2
_BITS = ((CANCELED, 1 << 3), (BLOCKED_6XX, 1 << 4), (DISABLE_6XX, 1 << 7), (SUSPENDED, 1 << 11))
#: Kamailio's clock ticks per second, in which tm.list shows when a transaction ends.
_TICKS = 16


def numbers(tx: Transaction) -> tuple[int, int]:
    """A transaction's number in two parts, as Kamailio shows one: made of its id, unique in this process."""
    value = int(tx.id, 16)
    return value >> 24 & 0xFFFF, value & 0x7FFFFFFF


class Commands(Answers):
    """The tm.* commands that look at transactions, cancel and answer them."""

    def clean(self) -> int:
        """Let go of transactions past their lifetime that nothing waits for; returns how many."""
        now = self.engine.services.now()
        stale = [tx for tx in self.table.transactions() if tx.end_of_life + 10 < now]
        for tx in stale:
            self.table.end(tx)
            self.ended(tx)
        return len(stale)

    def message_of(self, tx: Transaction) -> Message | None:
        """The request, also one of our own; None where it is gone."""
        if tx.request is not None:
            return tx.request
        return self.context_of(tx).msg if tx.user is not None else None

    def find(self, callid: str, cseq: str) -> Transaction | None:
        """The transaction of a Call-ID and a CSeq number; a CANCEL is none to be found by it."""
        for tx in self.table.transactions():
            msg = self.message_of(tx)
            if (
                msg is not None
                and tx.method != "CANCEL"
                and msg.call_id.decode("latin-1") == callid
                and str(msg.cseq.number) == cseq
            ):
                return tx
        return None

    def by_callid(self, callid: str, cseq: str, code: int = 400) -> Transaction:
        """As `find`. Raises RpcFault with that code where there is none."""
        found = self.find(callid, cseq)
        if found is None:
            raise RpcFault(code, "Transaction not found")
        return found

    def by_number(self, index: int, label: int) -> Transaction | None:
        """The transaction with this $T(id_index) and $T(id_label)."""
        return next((tx for tx in self.table.transactions() if numbers(tx) == (index, label)), None)

    @rpc("tm.stats")
    def rpc_stats(self) -> dict[str, int]:
        """Transaction statistics."""
        stats = self.table.stats
        return {
            "current": stats.created - stats.ended,
            "waiting": stats.waiting,
            "total": stats.created,
            "total_local": stats.total_local,
            "rpl_received": stats.rpl_received,
            "rpl_generated": stats.rpl_generated,
            "rpl_sent": stats.rpl_sent,
            "6xx": stats.completed_6xx,
            "5xx": stats.completed_5xx,
            "4xx": stats.completed_4xx,
            "3xx": stats.completed_3xx,
            "2xx": stats.completed_2xx,
            "created": stats.created,
            "freed": stats.ended,
            "delayed_free": 0,
        }

    @rpc("tm.hash_stats")
    def rpc_hash_stats(self) -> None:
        """The load of the hash table; there is none here, and Kamailio, too, has these numbers in special builds only."""
        raise RpcFault(500, "Hash statistics not supported")

    @rpc("tm.cancel", "*a")
    def rpc_cancel(self, *args: Any) -> Many:
        """Cancel the branches of a transaction: Call-ID and CSeq number."""
        if len(args) < 2:
            raise RpcFault(400, "Callid and CSeq expected as parameters")
        left = self.by_callid(str(args[0]), str(args[1])).cancel_branches(self.engine.services.now())
        self.flush()
        return Many((left, "branches remaining (waiting for timeout)"))

    @rpc("tm.reply", "*a")
    def rpc_reply(self, *args: Any) -> None:
        """Answer a transaction: code, reason, its number as index:label, To tag, headers (or .), body."""
        code, (reason, number, tag) = self._wanted(args, "Reason phrase", "Transaction ID", "To tag")
        index, colon, label = number.partition(":")
        if not (colon and index.isdigit() and label.isdigit()):
            raise RpcFault(400, "Invalid transaction ID")
        tx = self.by_number(int(index), int(label))
        if tx is None:
            raise RpcFault(481, "No such transaction")
        self._reply(tx, code, reason, tag, *self._extras(args, 4))

    @rpc("tm.reply_callid", "*a")
    def rpc_reply_callid(self, *args: Any) -> None:
        """Answer a transaction: code, reason, Call-ID, CSeq number, To tag, headers (or .), body."""
        code, (reason, callid, cseq, tag) = self._wanted(args, "Reason phrase", "Call-ID", "CSeq", "To tag")
        self._reply(self.by_callid(callid, cseq, 404), code, reason, tag, *self._extras(args, 5))

    @rpc("tm.retransmit_reply", "*a")
    def rpc_retransmit_reply(self, *args: Any) -> None:
        """Send a transaction's last answer again: its number as index:label."""
        if not args:
            raise RpcFault(400, "Transaction ID expected")
        index, colon, label = str(args[0]).partition(":")
        if not (colon and index.isdigit() and label.isdigit()):
            raise RpcFault(400, "Invalid transaction ID")
        tx = self.by_number(int(index), int(label))
        if tx is None:
            raise RpcFault(404, "Transaction not found")
        self._again(tx)

    @rpc("tm.retransmit_reply_callid", "*a")
    def rpc_retransmit_reply_callid(self, *args: Any) -> None:
        """Send a transaction's last answer again: Call-ID and CSeq number."""
        if len(args) < 2:
            raise RpcFault(400, "CSeq expected" if args else "Call-ID expected")
        self._again(self.by_callid(str(args[0]), str(args[1]), 404))

    def _again(self, tx: Transaction) -> None:
        if not tx.on_retransmission():
            raise RpcFault(500, "Reply failed")
        self.flush()

    @staticmethod
    def _wanted(args: tuple[Any, ...], *names: str) -> tuple[int, list[str]]:
        """The reply code and the arguments of these names. Raises RpcFault 400 for what is missing."""
        code = str(args[0]) if args else ""
        if not code.isdigit():
            raise RpcFault(400, "Reply code expected")
        for at, name in enumerate(names, 1):
            if len(args) <= at:
                raise RpcFault(400, f"{name} expected")
        return int(code), [str(value) for value in args[1 : len(names) + 1]]

    @staticmethod
    def _extras(args: tuple[Any, ...], at: int) -> tuple[bytes, bytes]:
        """Header lines and body from the rest of the arguments."""
        headers = str(args[at]).encode("latin-1") if len(args) > at else b""
        body = str(args[at + 1]).encode("latin-1") if len(args) > at + 1 else b""
        if headers.strip() == b".":
            headers = b""
        return headers if not headers or headers.endswith(b"\n") else headers + b"\r\n", body

    def _reply(self, tx: Transaction, code: int, reason: str, tag: str, headers: bytes, body: bytes) -> None:
        if tx.request is None:
            raise RpcFault(500, "Reply failed")
        request = self.context_of(tx)
        lines, content = request.reply_lines, request.reply_body
        request.reply_lines, request.reply_body = [headers] if headers else [], (b"", body) if body else None
        to_tag = tag.encode("latin-1") or self.local_tag(tx)
        packet = build_reply(
            self.engine, request.msg, request.rcv, code, reason.encode("latin-1"), to_tag, request,
            msg_flags=request.msg_flags,
        )  # fmt: skip
        request.reply_lines, request.reply_body = lines, content
        done = tx.reply_local(code, packet, self.engine.services.now(), to_tag)
        self.flush()
        if not done:
            raise RpcFault(500, "Reply failed")

    @rpc("tm.list", array=True)
    def rpc_list(self) -> Many:
        """The transactions at hand."""
        return Many(self._view(tx) for tx in self.table.transactions())

    def _view(self, tx: Transaction) -> dict[str, Any]:
        index, label = numbers(tx)
        flags = (_IS_INVITE if tx.is_invite else 0) | (_IS_LOCAL if tx.is_local else 0)
        flags |= sum(theirs for ours, theirs in _BITS if tx.flags & ours)
        msg = self.message_of(tx)
        shown: dict[str, Any] = {"cell": f"0x{int(tx.id, 16):x}", "tindex": index, "tlabel": label, "method": tx.method}
        for key, name in (("from", "From"), ("to", "To"), ("callid", "Call-ID")):
            value = (msg.named(name.encode("latin-1")) or [b""])[0].decode("latin-1") if msg is not None else ""
            shown[key] = f"{name}: {value}\r\n" if msg is not None else ""
        return shown | {
            "cseq": f"CSeq: {msg.cseq.number}" if msg is not None else "",
            "uas_request": "no" if tx.request is None else "yes",
            "tflags": flags,
            "outgoings": len(tx.branches),
            "ref_count": 1,
            "lifetime": int(tx.end_of_life * _TICKS),
        }

    @rpc("tm.clean")
    def rpc_clean(self) -> None:
        """Let go of transactions that have outlived their lifetime."""
        self.clean()
