"""The variables that need no module: `$null`, `$rc`, `$env(X)`, `$def(X)` and their like."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from olelo.core.context import RouteContext
from olelo.script.catalog import Getter, Setter, Value, VariableSpec
from olelo.script.runtime import parse_int

if TYPE_CHECKING:
    from olelo.core.engine import Engine

_Pair = tuple[Getter, Setter | None]


def get_null(ctx: RouteContext) -> Value:
    return None


def get_rc(ctx: RouteContext) -> Value:
    return ctx.rc


def get_iuid(ctx: RouteContext) -> Value:
    """A new identifier at each use."""
    return ctx.engine.new_id()


def _constant(value: Value) -> Getter:
    def get(ctx: RouteContext) -> Value:
        return value

    return get


def _number(text: str) -> int:
    return parse_int(text) or 0


def make_env(inner: str, index: int | str | None) -> _Pair:
    """`$env(NAME)`: an environment variable as text, $null if it is not set."""

    def get(ctx: RouteContext) -> Value:
        return os.environ.get(inner)

    return get, None


def make_envn(inner: str, index: int | str | None) -> _Pair:
    """`$envn(NAME)`: an environment variable as number (0 if it is none), $null if it is not set."""

    def get(ctx: RouteContext) -> Value:
        text = os.environ.get(inner)
        return None if text is None else _number(text)

    return get, None


class _Defines:
    """`$def(X)` and `$defn(X)`: what `#!define X` set; they are constant while a configuration runs."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine | None) -> None:
        self._engine = engine

    def _get(self, name: str) -> str | None:
        defines = self._engine.defines if self._engine is not None else {}
        # a define without a value is defined and empty; as in Kamailio it reads as $null
        return defines.get(name)

    def text(self, inner: str, index: int | str | None) -> _Pair:
        return _constant(self._get(inner)), None

    def number(self, inner: str, index: int | str | None) -> _Pair:
        value = self._get(inner)
        return _constant(0 if value is None else _number(value)), None

    def plain(self, inner: str, index: int | str | None) -> _Pair:
        """`$defv(X)`, `$defs(X)` of later releases: the value without its quotes, and as a quoted string."""
        value = self._get(inner)
        if value is None:
            return get_null, None
        bare = value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
        return _constant(bare), None


def core_variables(engine: Engine | None) -> list[VariableSpec]:
    """The variables of the core. Without an engine (check alone) `$def` knows no definitions."""
    defines = _Defines(engine)
    return [
        VariableSpec("null", "", get_null, doc="No value."),
        VariableSpec("rc", "", get_rc, doc="Code of the last function or route."),
        VariableSpec("retcode", "", get_rc, doc="The same as $rc."),
        VariableSpec("?", "", get_rc, doc="The same as $rc."),
        VariableSpec("iuid", "", get_iuid, doc="A new unique identifier at each use."),
        VariableSpec("env", "", inner="required", make=make_env, doc="Environment variable as text."),
        VariableSpec("envn", "", inner="required", make=make_envn, doc="Environment variable as number."),
        VariableSpec("def", "", inner="required", make=defines.text, doc="Value of a #!define as text."),
        VariableSpec("defn", "", inner="required", make=defines.number, doc="Value of a #!define as number."),
        VariableSpec("defv", "", inner="required", make=defines.plain, doc="Value of a #!define without quotes."),
        VariableSpec("defs", "", inner="required", make=defines.plain, doc="Value of a #!define as a string."),
    ]
