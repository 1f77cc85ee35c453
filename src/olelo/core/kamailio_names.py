"""Names that Kamailio has and Olelo may not: so that `check` can say whose they are.

The list is `kamailio_names.txt` beside this file: `module: function $variable {transformation class} ...`.
"""

from __future__ import annotations

from collections.abc import Collection
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


#: Parameters of modules that Olelo has, of releases before those that it follows, by how `Catalog` writes them.
_OLD_PARAMETERS = ("corex:min_msg_len", "corex:msg_avp", "corex:network_io_intercept")
_OLD = "only other releases of Kamailio have it; it has no effect"


def other_releases(modules: Collection[str], functions: Collection[str]) -> dict[str, str]:
    """What to say of names that other releases of the modules at hand have, by how they are written (`Catalog`)."""
    found = dict.fromkeys(_OLD_PARAMETERS, _OLD)
    for module in modules:
        for name in kamailio_modules().get(module, ()):
            if name[0] not in "${" and name not in functions:
                found[f"{name}()"] = f"Kamailio's module {module} has it in some release; here it does nothing"
    return found
