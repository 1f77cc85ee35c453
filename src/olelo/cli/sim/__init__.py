"""`olelo sim`: SIM cards and their keys, from the batch to the answer on a support call."""

from olelo.cli.sim import batch, cards, exchange, keys, tools
from olelo.cli.sim.common import sim_app

sim_app.add_typer(batch.batch_app)
sim_app.add_typer(keys.key_app)

__all__ = ["batch", "cards", "exchange", "keys", "sim_app", "tools"]
