"""Transactions: the pure machines of RFC 3261 section 17 and the proxy's response context of section 16.7.

No clock, socket, event loop or random source: `now` (seconds, float) and identifiers are arguments, packets are
appended to `TransactionTable.outbox`, and `TransactionTable.next_deadline()` says when to call `expire(now)`.

    states.py       the four machines as tables, with the theory
    settings.py     the timers and options, and the counters
    key.py          which transaction a message belongs to
    pick.py         which of several final responses is the best
    wheel.py        deadlines
    server.py       the server side of a request
    branch.py       the client side of a request: one `Branch` per target
    cancel.py       CANCEL, hop by hop
    choice.py       which response is answered, and when
    timing.py       what is due, and changed timers
    transaction.py  both sides of a request, and the verdicts that the caller runs
    verdict.py      those verdicts
    draw.py         the tables as drawings for docs/transactions.md
    table.py        all transactions, and the clock's door
"""
