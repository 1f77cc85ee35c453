"""placeholder"""

from __future__ import annotations

from olelo.script import nodes as n
from olelo.script.catalog import Catalog
from olelo.script.diagnostics import Diagnostics


def check(config: n.Config, catalog: Catalog, diag: Diagnostics) -> None:
    """Placeholder."""
