"""What a script may name: functions, parameters, variables, transformations, event routes.

The script room knows no module: it compiles against a `Catalog` that the hallway fills from the modules'
declarations (core/module.py). Everything `check` says about names and everything codegen calls is here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Set
from dataclasses import dataclass, field
from enum import Enum, IntFlag, auto
from typing import Any

#: A value in a script. Strings are latin-1: one character is one byte of the message. None is $null.
Value = str | int | None
#: Reads a variable. The argument is the RouteContext of the message (opaque to this room).
Getter = Callable[[Any], Value]
#: Compiles a format string ("sip:$rU@$rd") into what expands it.
Format = Callable[[str], Callable[[Any], str]]
#: Writes a variable; None as value is an assignment of $null.
Setter = Callable[[Any, Value], None]


class RouteKind(IntFlag):
    """Where a function may stand. A `route[NAME]` may be reached from several kinds; `check` follows the calls."""

    REQUEST = auto()
    FAILURE = auto()
    TM_ONREPLY = auto()
    BRANCH = auto()
    ONSEND = auto()
    ERROR = auto()
    LOCAL = auto()
    CORE_ONREPLY = auto()
    BRANCH_FAILURE = auto()
    EVENT = auto()
    ONREPLY = TM_ONREPLY | CORE_ONREPLY
    ANY = REQUEST | FAILURE | TM_ONREPLY | BRANCH | ONSEND | ERROR | LOCAL | CORE_ONREPLY | BRANCH_FAILURE | EVENT


class ArgKind(Enum):
    """How an argument is prepared at load time, and what the function receives when it is called.

    A number may be written 5, "5" or $var(x); a string may hold variables ("sip:$rU@$rd"), which are expanded at each call.
    """

    INT = "int"  # int; a value that is no number makes the call return -1
    STR = "str"  # str, variables expanded ($null gives "<null>")
    CONST = "const"  # str exactly as written, nothing expanded
    PVAR = (
        "pvar"  # a PvRef (get and set), e.g. avp_printf("$avp(x)", ..); an expression that is no variable is an error
    )
    REGEX = "regex"  # re.Pattern[str]; constants compiled at load, others cached at run time
    VALUE = "value"  # Value: whatever the expression gives, untouched
    ROUTE = "route"  # str: name of a route that must exist (route_kind says which)


@dataclass(slots=True, frozen=True)
class ArgSpec:
    """One parameter of a script function. route_kind (for ArgKind.ROUTE): "failure", "onreply", "branch", "event:tm:branch-failure:"."""

    name: str
    kind: ArgKind
    optional: bool = False
    route_kind: str = ""


@dataclass(slots=True, frozen=True)
class FunctionSpec:
    """A script function. `call(ctx, *args)` returns an int, or (waits) an int or an awaitable of one.

    Return codes: >0 true, <0 false, 0 ends the script.
    replaces: for names that are only aliases of old releases, the name to use now (check warns).
    """

    name: str
    module: str
    args: tuple[ArgSpec, ...]
    routes: RouteKind
    call: Callable[..., int | Awaitable[int]]
    waits: bool = False
    doc: str = ""
    deprecated: str = ""

    @property
    def min_args(self) -> int:
        return sum(1 for a in self.args if not a.optional)

    @property
    def max_args(self) -> int:
        return len(self.args)


@dataclass(slots=True, frozen=True)
class ParamSpec:
    """A module parameter. type: "int", "str" or "any". noop: accepted without effect (check says so as a warning)."""

    name: str
    module: str
    type: str
    default: Value
    doc: str = ""
    noop: bool = False
    deprecated: str = ""


@dataclass(slots=True, frozen=True)
class VariableSpec:
    """A class of pseudo-variables, `$name` or `$name(inner)`.

    Plain (inner "none"): `get`/`set` are used directly. With an inner name: `make(inner, index)` returns the
    getter and setter (None: read-only) for one spelling; it raises ValueError(text) where the inner name is bad.
    inner: "none" | "optional" | "required"; inner_dynamic: variables inside the name are expanded per use
    ($avp($var(x))) and `make` is then called through a cache with the expanded name.
    index: the class takes `[n]`; `make` receives int, "*" or None.
    """

    name: str
    module: str
    get: Getter | None = None
    set: Setter | None = None
    inner: str = "none"
    make: Callable[[str, int | str | None], tuple[Getter, Setter | None]] | None = None
    inner_dynamic: bool = False
    doc: str = ""


@dataclass(slots=True, frozen=True)
class TransformSpec:
    """`{cls.name,args}`. `make(args)` gets the literal arguments or PvRef-like getters and returns value -> value.

    args are Getter callables or str; the result function takes (ctx, value) and returns a Value.
    expanding: instead of `make`, where a literal argument holds variables inside; it also gets what compiles a format
    string."""

    cls: str
    name: str
    make: Callable[[list[str | Getter]], Callable[[Any, Value], Value]]
    min_args: int = 0
    max_args: int = 0
    module: str = ""
    doc: str = ""
    expanding: Callable[[list[str | Getter], Format], Callable[[Any, Value], Value]] | None = None


class PvRef:
    """A variable handed to a function to read and write: `ref.get(ctx)`, `ref.set(ctx, value)`. set is None: read-only."""

    __slots__ = ("get", "set", "text")

    def __init__(self, text: str, get: Getter, set: Setter | None) -> None:
        self.text = text
        self.get = get
        self.set = set


@dataclass(slots=True)
class Catalog:
    """Everything known to a configuration, by module. `core` names have module "".

    functions: name -> overloads (told apart by number of arguments). For `check`'s "which module exports it", the catalog
    holds all modules Olelo has; `loaded` says which of them the configuration loaded (`check` sets it).
    known_elsewhere: names that other Kamailio releases have, by how they are written: `name()`, `$name`,
    `{cls.name}`, `module:parameter`, `core_parameter`, `module.so`, `event_route[name]`. `check` warns with the text;
    such a function returns 1, such a variable is $null, such a parameter is ignored.
    operands give lower-case names for proto ("udp"), "INET"/"INET6" for af, int for ports and lengths, else str.
    """

    functions: dict[str, list[FunctionSpec]] = field(default_factory=dict)
    params: dict[str, dict[str, ParamSpec]] = field(default_factory=dict)
    core_params: dict[str, ParamSpec] = field(default_factory=dict)
    variables: dict[str, VariableSpec] = field(default_factory=dict)
    transforms: dict[tuple[str, str], TransformSpec] = field(default_factory=dict)
    event_routes: dict[str, str] = field(default_factory=dict)  # name or "prefix:*" -> module
    modules: set[str] = field(default_factory=set)  # every module Olelo has
    commands: dict[str, str] = field(default_factory=dict)  # RPC command -> module, for `olelo modules`
    loaded: set[str] = field(default_factory=set)
    kamailio_modules: Set[str] = frozenset()  # modules of Kamailio's that Olelo does not have
    absent: set[str] = field(default_factory=set)  # those that the configuration loads, which `check` has said
    exporters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # `f`, `$v`, `{class}` -> Kamailio's modules
    known_elsewhere: dict[str, str] = field(default_factory=dict)  # names other Kamailio releases have -> what to say
    operands: dict[str, Getter] = field(
        default_factory=dict
    )  # core operands: method, uri, src_ip, .. (nodes.CoreOperand)
    myself: Callable[[Any, str], bool] = lambda ctx, text: False  # is this URI, host or address one of ours?
    select: Callable[[str], Getter] | None = None  # "via[1].branch" -> getter; ValueError where it is unknown

    def lacking(self, name: str) -> list[str]:
        """Kamailio's modules that export a name (`f`, `$v`, `{class}`), and that Olelo does not have."""
        return [module for module in self.exporters.get(name, ()) if module in self.kamailio_modules]
