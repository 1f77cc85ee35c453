"""Transactions: the pure machines of RFC 3261 section 17 and the proxy's response context of section 16.7.

No clock, socket, event loop or random source: `now` (seconds, float) and identifiers are arguments, packets are
appended to `TransactionTable.outbox`, and `TransactionTable.next_deadline()` says when to call `expire(now)`.

    states.py       the four machines as tables, with the theory
    settings.py     the timers and options, and the counters
    key.py          which transaction a message belongs to
    pick.py         which of several final responses is the best
    wheel.py        deadlines
    branch.py       the client side of one request: one `Branch` per target
    transaction.py  the server side, and what happens between the two sides
    table.py        all transactions, and the clock's door
"""
