"""What operators ask of tm: tm.stats, tm.list, tm.cancel and the like."""

from __future__ import annotations

from typing import Any

from olelo.core.module import Many, RpcFault, rpc
from olelo.modules.tm.answers import Answers
from olelo.transaction.transaction import Transaction


class Commands(Answers):
    """The tm.* commands that look at transactions and cancel them."""

    def clean(self) -> int:
        """Let go of transactions past their lifetime that nothing waits for; returns how many."""
        now = self.engine.services.now()
        stale = [tx for tx in self.table.transactions() if tx.end_of_life + 10 < now]
        for tx in stale:
            self.table.end(tx)
            self.ended(tx)
        return len(stale)

    def by_callid(self, callid: str, cseq: str) -> Transaction:
        """The transaction of a Call-ID and a CSeq number (`101`, or `101 INVITE`). Raises RpcFault 400."""
        number = cseq.split(" ")[0]
        for tx in self.table.transactions():
            request = tx.request
            if (
                request is not None
                and request.call_id.decode("latin-1") == callid
                and str(request.cseq.number) == number
            ):
                return tx
        raise RpcFault(400, "Transaction not found")

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

    @rpc("tm.cancel", "SS")
    def rpc_cancel(self, callid: str, cseq: str) -> Many:
        """Cancel the branches of a transaction: Call-ID and CSeq number."""
        left = self.by_callid(callid, cseq).cancel_branches(self.engine.services.now())
        self.flush()
        return Many((left, "branches remaining (waiting for timeout)"))

    @rpc("tm.list", array=True)
    def rpc_list(self) -> Many:
        """The transactions at hand."""
        return Many(self._view(index, tx) for index, tx in enumerate(self.table.transactions()))

    def _view(self, index: int, tx: Transaction) -> dict[str, Any]:
        request = tx.request
        return {
            "cell": f"{tx.id.decode()}",
            "tindex": 0,
            "tlabel": index,
            "method": tx.method,
            "from": (request.named(b"From") or [b""])[0].decode("latin-1") if request else "",
            "to": (request.named(b"To") or [b""])[0].decode("latin-1") if request else "",
            "callid": request.call_id.decode("latin-1") if request else "",
            "cseq": str(request.cseq.number) if request else "",
            "uas_request": "yes" if request else "no",
            "tflags": tx.flags,
            "outgoings": len(tx.branches),
            "ref_count": 1,
            "lifetime": int(tx.end_of_life),
        }

    @rpc("tm.clean")
    def rpc_clean(self) -> None:
        """Let go of transactions that have outlived their lifetime."""
        self.clean()
