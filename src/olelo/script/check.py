"""Everything that is wrong with the meaning of a configuration, found in one run without compiling it.

What Kamailio refuses to start with is an error; what it accepts and most likely nobody meant is a warning.
"""

from __future__ import annotations

from olelo.script import nodes as n
from olelo.script.catalog import Catalog
from olelo.script.check_modules import check_modules
from olelo.script.check_routes import RouteChecker
from olelo.script.deep import deep
from olelo.script.diagnostics import Diagnostics


def check(config: n.Config, catalog: Catalog, diag: Diagnostics) -> None:
    """Check a configuration against a catalog and add what is found to `diag`, in file order.

    Sets `catalog.loaded` to the modules that the configuration loads.
    """
    findings = Diagnostics()
    loaded_at = check_modules(config, catalog, findings)
    try:
        with deep():
            RouteChecker(config, catalog, findings, loaded_at).run()
    except RecursionError:
        place = config.routes[0].pos if config.routes else n.Pos(config.file, 1, 1)
        findings.error("too-deep", "the routes are nested too deeply", place)
    order = {name: i for i, name in enumerate(config.sources)}
    findings.found.sort(key=lambda d: (order.get(d.pos.file, len(order)), d.pos.line, d.pos.col))
    diag.found.extend(findings.found)
