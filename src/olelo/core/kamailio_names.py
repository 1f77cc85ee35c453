"""Names that Kamailio has and Olelo may not: so that `check` can say whose they are.

The list is `kamailio_names.txt` beside this file: `module: function function $variable ...`.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib.resources import files


@cache
def kamailio_modules() -> dict[str, tuple[str, ...]]:
    """Module name -> the functions and $variables it exports in some Kamailio release from 4.2 to 6.1."""
    found: dict[str, tuple[str, ...]] = {}
    for line in files("olelo.core").joinpath("kamailio_names.txt").read_text("ascii").splitlines():
        if not line.startswith("#"):
            name, _, exports = line.partition(":")
            found[name] = tuple(exports.split())
    return found


#: Parameters of modules that Olelo has, of releases before those that it follows, by how `Catalog` writes them.
_OLD_PARAMETERS = ("corex:min_msg_len", "corex:msg_avp", "corex:network_io_intercept", "registrar:reg_callid_avp")
_OLD = "only other releases of Kamailio have it; it has no effect"


def other_releases(modules: Collection[str], functions: Collection[str]) -> dict[str, str]:
    """What to say of names that other releases of the modules at hand have, by how they are written (`Catalog`)."""
    found = dict.fromkeys(_OLD_PARAMETERS, _OLD)
    for module in modules:
        for name in kamailio_modules().get(module, ()):
            if not name.startswith("$") and name not in functions:
                found[f"{name}()"] = f"Kamailio's module {module} has it in some release; here it does nothing"
    return found


def foreign(modules: Collection[str]) -> dict[str, str]:
    """What to say of modules that Olelo does not have and of what they export: `name.so`, `name()`, `$name`."""
    said: dict[str, str] = {}
    for module, names in kamailio_modules().items():
        if module in modules:
            continue
        said[module + ".so"] = f"{module} is one of Kamailio's modules that Olelo does not have"
        for name in names:
            key = name if name.startswith("$") else f"{name}()"
            said.setdefault(key, f"it is of Kamailio's module {module}, which Olelo does not have")
    return said
