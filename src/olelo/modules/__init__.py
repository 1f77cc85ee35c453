"""One room per Kamailio module, under its Kamailio name. Rank 3.

A module's package exports `MODULE`, its class. `all_modules()` finds them; nobody keeps a list by hand.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from olelo.core.module import Module


@cache
def all_modules() -> dict[str, type[Module]]:
    """Every module that Olelo has, by Kamailio name."""
    found: dict[str, type[Module]] = {}
    for entry in pkgutil.iter_modules(__path__):
        cls: type[Module] = importlib.import_module(f"{__name__}.{entry.name}").MODULE
        found[cls.name] = cls
    return found
