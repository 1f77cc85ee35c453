"""One room per Kamailio module, under its Kamailio name. Rank 3."""
