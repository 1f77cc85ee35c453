"""Names that Kamailio has and Olelo may not: so that `check` can say whose they are.

The list is `kamailio_names.txt` beside this file: `module: function $variable {transformation class} ...`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def kamailio_modules() -> dict[str, tuple[str, ...]]:
    """Module name -> what it exports in some Kamailio release from 4.2 to 6.1: `function`, `$variable`, `{class}`."""
    found: dict[str, tuple[str, ...]] = {}
    for line in files("olelo.core").joinpath("kamailio_names.txt").read_text("ascii").splitlines():
        if not line.startswith("#"):
            name, _, exported = line.partition(":")
            found[name] = tuple(exported.split())
    return found


@cache
def exporters() -> dict[str, tuple[str, ...]]:
    """What is exported, as in `kamailio_modules` -> Kamailio's modules that do."""
    found: dict[str, tuple[str, ...]] = {}
    for module, names in kamailio_modules().items():
        for name in names:
            found[name] = (*found.get(name, ()), module)
    return found
