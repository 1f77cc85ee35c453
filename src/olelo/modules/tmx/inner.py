"""Variables of another message than the one at hand: $T_req(..), $T_rpl(..), $T_inv(..)."""

from __future__ import annotations

from collections.abc import Callable

from olelo.core.context import RouteContext
from olelo.core.engine import Engine
from olelo.core.module import Getter, Value
from olelo.script.values import ResolveError, Resolver


def inner_getter(engine: Engine | None, text: str, other: Callable[[RouteContext], RouteContext | None]) -> Getter:
    """A getter of `text` ($si, or si) over the context that `other` gives; $null where it gives none.

    Raises ValueError for a variable that is not there. Without an engine (a configuration is only checked) the name
    alone is looked at.
    """
    name = text.strip().removeprefix("$")
    if not name:
        raise ValueError("needs the name of a variable: $T_req($ru)")
    if engine is None:
        return lambda ctx: None
    try:
        ref = Resolver(engine.catalog).text(name)
    except ResolveError as error:
        raise ValueError(str(error)) from None

    def get(ctx: RouteContext) -> Value:
        there = other(ctx)
        return ref.get(there) if there is not None else None

    return get
