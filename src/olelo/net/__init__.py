"""Sockets, resolver and timers: asyncio lives here only."""
