"""Names that Kamailio has and Olelo may not: so that `check` can say whose they are.

The list is `kamailio_names.txt` beside this file: `module: function function ...`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def kamailio_modules() -> dict[str, tuple[str, ...]]:
    """Module name -> the script functions it exports in some Kamailio release from 4.2 to 6.1."""
    found: dict[str, tuple[str, ...]] = {}
    for line in files("olelo.core").joinpath("kamailio_names.txt").read_text("ascii").splitlines():
        if not line.startswith("#"):
            name, _, functions = line.partition(":")
            found[name] = tuple(functions.split())
    return found


@cache
def elsewhere() -> dict[str, str]:
    """Function or module name -> what to say of it, for names of Kamailio's."""
    said: dict[str, str] = {}
    for module, functions in kamailio_modules().items():
        said.setdefault(module, f"module {module} is one of Kamailio's that Olelo does not have")
        for function in functions:
            said.setdefault(function, f"it is exported by Kamailio's module {module}")
    return said
