"""The hallway: receive, reply, forward, context, and the interface of modules. Rank 2."""
