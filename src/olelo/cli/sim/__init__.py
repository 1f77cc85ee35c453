"""`olelo sim`: SIM cards and their keys, from the batch to the answer on a support call."""

from olelo.cli.sim import batch, cards, export, import_, keys, tools, transfer
from olelo.cli.sim.common import sim_app

sim_app.add_typer(batch.batch_app)
sim_app.add_typer(keys.key_app)

__all__ = ["batch", "cards", "export", "import_", "keys", "sim_app", "tools", "transfer"]
