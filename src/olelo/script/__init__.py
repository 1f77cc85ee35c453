"""kamailio.cfg to Python. Rank 1: no clock, no socket, no random."""
