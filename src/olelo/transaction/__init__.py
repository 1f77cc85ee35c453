"""RFC 3261 section 17 and RFC 6026 as tables. Rank 1: no clock, no socket, no random."""
