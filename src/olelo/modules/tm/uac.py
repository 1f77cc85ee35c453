"""Requests of our own: made, sent statefully, and answered to whoever asked for them."""

from __future__ import annotations

from olelo.core.services import UacRequest
from olelo.modules.tm.answers import Answers
from olelo.transaction.branch import Branch
from olelo.transaction.transaction import Transaction


class Uac(Answers):
    """The user agent client in tm."""

    def local_answer(self, tx: Transaction, branch: Branch | None) -> None:
        request = tx.user
        if isinstance(request, UacRequest) and request.done is not None and tx.status >= 200:
            done, request.done = request.done, None
            done(tx.relay_status, branch.reply if branch is not None else None)
