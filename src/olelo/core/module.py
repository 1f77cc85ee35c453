"""How a module is declared: one declaration per function, parameter, variable, statistic and command.

A module is a class; an engine makes one instance of it, so several engines live side by side (tests do that).
Parameters are typed attributes, script functions are methods; the decorators below note what a script, the
operator and the documentation need to know, and `core/declarations.py` turns the notes into the catalog that
`check` and the compiler use.

    class Maxfwd(Module):
        \"\"\"Loop protection with the Max-Forwards header.\"\"\"

        name = "maxfwd"
        max_limit = param(256, "Highest value that is accepted.")

        @function("maxfwd_process", "mf_process_maxfwd_header", routes=REQUEST)
        def process(self, ctx: RouteContext, max_value: int) -> int:
            \"\"\"Add Max-Forwards if it is missing, else lower it. Returns 2 added, 1 lowered, -1 reached zero, -2 bad header.\"\"\"
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from olelo.script.catalog import ArgSpec, Getter, RouteKind, Setter, TransformSpec, Value

if TYPE_CHECKING:
    from olelo.core.database import Database, DatabaseUrl
    from olelo.core.engine import Engine

P = TypeVar("P", int, str)
F = TypeVar("F", bound=Callable[..., Any])

REQUEST = RouteKind.REQUEST
FAILURE = RouteKind.FAILURE
ONREPLY = RouteKind.ONREPLY
BRANCH = RouteKind.BRANCH
ANY = RouteKind.ANY


class RpcFault(Exception):
    """A command refuses: code and text go to the caller as Kamailio's would (400 bad arguments, 404, 500)."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class ModuleError(Exception):
    """A module cannot start with these parameters; the text is shown to the operator, with the modparam's place."""


class Param(Generic[P]):
    """A module parameter as class attribute; reading it on an instance gives the value.

    repeat: may be given several times, and reads as a tuple through `Module.values(name)`.
    check: called with a value at load; raises ValueError(text) to refuse it, with the place in the file.
    noop: accepted without effect (memory sizes and the like); `olelo check` says so.
    """

    def __init__(
        self,
        default: P,
        doc: str,
        *,
        check: Callable[[P], object] | None = None,
        repeat: bool = False,
        noop: bool = False,
        deprecated: str = "",
        any_type: bool = False,
        names: tuple[str, ...] = (),
    ) -> None:
        self.default: P = default
        self.doc = doc
        self.check: Callable[[P], object] | None = check
        self.repeat = repeat
        self.noop = noop
        self.deprecated = deprecated
        self.any_type = any_type
        self.names = names
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        if not self.names:
            self.names = (name,)

    @overload
    def __get__(self, instance: None, owner: type) -> Param[P]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> P: ...
    def __get__(self, instance: object | None, owner: type) -> Param[P] | P:
        # Instances carry the value in their __dict__ (this is a non-data descriptor), so that reading a
        # parameter while a packet passes is a plain attribute look-up.
        return self if instance is None else self.default


def param(
    default: P,
    doc: str,
    *,
    check: Callable[[P], object] | None = None,
    repeat: bool = False,
    noop: bool = False,
    deprecated: str = "",
    any_type: bool = False,
    names: tuple[str, ...] = (),
) -> Param[P]:
    """Declare a module parameter; its type is its default's. `names`: spellings, where they are not the attribute's."""
    return Param[P](
        default, doc, check=check, repeat=repeat, noop=noop, deprecated=deprecated, any_type=any_type, names=names
    )


@dataclass(slots=True, frozen=True)
class FunctionNote:
    names: tuple[str, ...]
    routes: RouteKind
    waits: bool
    args: tuple[ArgSpec, ...] | None
    deprecated: str


@dataclass(slots=True, frozen=True)
class VariableNote:
    names: tuple[str, ...]
    setter: str
    inner: str
    dynamic: bool


@dataclass(slots=True, frozen=True)
class RpcNote:
    name: str
    args: str
    array: bool
    usage: tuple[int | str, ...]


def _note(target: Any, note: object) -> None:
    notes = getattr(target, "__olelo__", ())
    target.__olelo__ = (*notes, note)


def function(
    *names: str,
    routes: RouteKind = ANY,
    waits: bool = False,
    args: Iterable[ArgSpec] | None = None,
    deprecated: str = "",
) -> Callable[[F], F]:
    """Declare a script function under one or more names.

    The arguments' kinds come from the annotations: `int` INT, `str` STR (variables expanded), `Const` CONST,
    `PvRef` PVAR, `re.Pattern[str]` REGEX, `Value` VALUE, `RouteName` ROUTE (give `args` then, for the kind of
    route); parameters with defaults are optional. `args` overrides the annotations where they do not say enough.
    waits: the method returns an int or an awaitable of one (or is `async def`).
    Return codes: >0 true, <0 false, 0 ends the script.
    """

    def declare(method: F) -> F:
        _note(method, FunctionNote(names, routes, waits, tuple(args) if args is not None else None, deprecated))
        return method

    return declare


def variable(*names: str, setter: str = "", inner: str = "none", dynamic: bool = True) -> Callable[[F], F]:
    """Declare a pseudo-variable.

    inner "none": the method is `(self, ctx) -> Value`; `setter` names a method `(self, ctx, value) -> None`.
    inner "required" or "optional" (`$hdr(X)`): the method is `(self, inner: str, index: int | str | None) ->
    tuple[Getter, Setter | None]`, called at load; it raises ValueError(text) for a bad name. dynamic: the name
    may hold variables, and the method is then called again (cached) with each expanded name.
    """

    def declare(method: F) -> F:
        _note(method, VariableNote(names, setter, inner, dynamic))
        return method

    return declare


def rpc(name: str, args: str = "", *, array: bool = False, usage: tuple[int | str, ...] = ()) -> Callable[[F], F]:
    """Declare a command. `args` is Kamailio's format: S/s string, d int, u unsigned, f float, b bool, l long,
    `*` optional from here, `.` convert the next from a number to text.

    The method gets the converted arguments and returns the reply: int, float, str; dict (struct, in order); list
    (array); `Pairs` (struct whose names repeat); `Many` (several values); None (nothing). It raises RpcFault.
    array: Kamailio's RET_ARRAY, which JSON-RPC shows as a list.
    usage: the fault for missing or wrong arguments: its code, and its text by argument (the last one for all after it).
    """

    def declare(method: F) -> F:
        _note(method, RpcNote(name, args, array, usage))
        return method

    return declare


class Many(tuple[Any, ...]):
    """Several values in one RPC reply, as several rpc->add calls."""

    __slots__ = ()


class Pairs(list[tuple[str, Any]]):
    """A struct in an RPC reply whose member names may repeat."""

    __slots__ = ()


class NamedList(Pairs):
    """An array in an RPC reply whose elements have names, as Kamailio's `struct_add` to a `[`.

    binrpc writes the elements as members of a struct; JSON shows a list of objects with one member each.
    """

    __slots__ = ()


class Const(str):
    """Annotation: the argument exactly as written, nothing expanded (ArgKind.CONST)."""

    __slots__ = ()


class RouteName(str):
    """Annotation: the name of a route (ArgKind.ROUTE)."""

    __slots__ = ()


class Module:
    """Base of all modules. The order of a start: __init__, parameters set, `init()`, `prepare()`, `start()`; at the end `stop()`."""

    name: ClassVar[str]
    #: event routes that this module runs: names, or "prefix:*"
    event_routes: ClassVar[tuple[str, ...]] = ()
    #: names of statistics in the module's group: {"name": "doc"}
    statistics: ClassVar[dict[str, str]] = {}
    #: schemes of database URLs that the module opens (`open_database`)
    database_schemes: ClassVar[tuple[str, ...]] = ()
    #: modules that must be loaded too
    needs: ClassVar[tuple[str, ...]] = ()

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._repeated: dict[str, list[Any]] = {}
        for cls in type(self).__mro__:
            for attribute, found in vars(cls).items():
                if isinstance(found, Param):
                    self.__dict__.setdefault(attribute, found.default)

    def values(self, name: str) -> list[Any]:
        """All values of a parameter declared with repeat=True, in file order."""
        return self._repeated.get(name, [])

    def set_param(self, attribute: str, value: int | str) -> None:
        """Set a parameter (by attribute name); called at load, after the declaration's check."""
        setattr(self, attribute, value)
        self._repeated.setdefault(attribute, []).append(value)

    def transforms(self) -> list[TransformSpec]:
        """Transformations that this module adds."""
        return []

    def open_database(self, url: DatabaseUrl) -> Database:
        """A database of one of the module's schemes; connects to nothing yet."""
        raise NotImplementedError

    def init(self) -> None:
        """Called once, when all parameters are set and all modules exist, before routes run. Raise ModuleError to refuse."""

    async def prepare(self) -> None:
        """Called before the network is up, one module after another; may wait (for a database). Raise ModuleError to refuse."""

    def start(self) -> None:
        """Called when the engine's network is up. Timers: `self.engine.every(seconds, callback)`."""

    def stop(self) -> None:
        """Called once at the end, before the network closes."""


__all__ = [
    "ANY",
    "BRANCH",
    "FAILURE",
    "ONREPLY",
    "REQUEST",
    "Awaitable",
    "Const",
    "Getter",
    "Many",
    "Module",
    "ModuleError",
    "NamedList",
    "Pairs",
    "Param",
    "RouteKind",
    "RouteName",
    "RpcFault",
    "Setter",
    "Value",
    "function",
    "param",
    "rpc",
    "variable",
]
