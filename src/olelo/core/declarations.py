"""From the notes that `core/module.py`'s decorators leave on a class to what the compiler and the tools use.

`describe(cls)` works on the class alone (for `check`, `olelo modules` and the reference pages: nothing runs);
`bind(instance)` gives the same with callables that act on one engine's instance.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from olelo.core.module import FunctionNote, Module, Param, RpcNote, VariableNote
from olelo.script.catalog import ArgKind, ArgSpec, FunctionSpec, ParamSpec, TransformSpec, VariableSpec

_KINDS = {
    "int": ArgKind.INT,
    "str": ArgKind.STR,
    "Const": ArgKind.CONST,
    "PvRef": ArgKind.PVAR,
    "re.Pattern[str]": ArgKind.REGEX,
    "Value": ArgKind.VALUE,
    "RouteName": ArgKind.ROUTE,
}


@dataclass(slots=True, frozen=True)
class RpcSpec:
    """A command as declared; `call(*args)` after conversion by `args` (Kamailio's format letters)."""

    name: str
    module: str
    args: str
    doc: str
    array: bool
    call: Callable[..., Any]
    usage: tuple[int | str, ...] = ()


@dataclass(slots=True)
class ModuleSpec:
    """Everything a module declares."""

    name: str
    doc: str
    functions: list[FunctionSpec] = field(default_factory=list)
    params: dict[str, ParamSpec] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)  # parameter name as typed -> attribute of the class
    variables: list[VariableSpec] = field(default_factory=list)
    transforms: list[TransformSpec] = field(default_factory=list)
    rpcs: list[RpcSpec] = field(default_factory=list)
    event_routes: tuple[str, ...] = ()
    statistics: dict[str, str] = field(default_factory=dict)


def argument_specs(method: Callable[..., Any]) -> tuple[ArgSpec, ...]:
    """The kinds of a script function's arguments, from its signature; `self` and the context are left out."""
    specs = []
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        if parameter.name in ("ctx", "self"):
            continue
        annotation = str(parameter.annotation).removesuffix(" | None")
        kind = _KINDS.get(annotation)
        if kind is None:
            raise TypeError(f"{method.__qualname__}: argument {parameter.name} has no kind for {annotation!r}")
        specs.append(ArgSpec(parameter.name, kind, parameter.default is not inspect.Parameter.empty))
    return tuple(specs)


def first_paragraph(text: str | None) -> str:
    return inspect.cleandoc(text or "").split("\n\n")[0].replace("\n", " ")


def _members(cls: type[Module]) -> Iterator[tuple[str, Any]]:
    """Class members in order of declaration, base classes first, each name once."""
    seen: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        seen.update(vars(base))
    yield from seen.items()


def describe(cls: type[Module]) -> ModuleSpec:
    """What a module class declares. The callables are the class's plain functions: to look at, not to call; only a
    variable's `make` can be called, to see whether a name is good, and works on an instance without an engine."""
    ghost = cls(None)  # type: ignore[arg-type]
    spec = ModuleSpec(
        cls.name,
        inspect.cleandoc(cls.__doc__ or ""),
        event_routes=cls.event_routes,
        statistics=dict(cls.statistics),
    )
    for attribute, member in _members(cls):
        if isinstance(member, Param):
            _add_param(spec, attribute, member)
        for note in getattr(member, "__olelo__", ()):
            if isinstance(note, FunctionNote):
                args = note.args if note.args is not None else argument_specs(member)
                doc = inspect.cleandoc(member.__doc__ or "")
                waits = note.waits or inspect.iscoroutinefunction(member)
                for name in note.names:
                    spec.functions.append(
                        FunctionSpec(name, cls.name, args, note.routes, member, waits, doc, note.deprecated)
                    )
            elif isinstance(note, VariableNote):
                doc = first_paragraph(member.__doc__)
                for name in note.names:
                    if note.inner == "none":
                        setter = getattr(cls, note.setter) if note.setter else None
                        spec.variables.append(VariableSpec(name, cls.name, member, setter, doc=doc))
                    else:
                        spec.variables.append(
                            VariableSpec(
                                name,
                                cls.name,
                                inner=note.inner,
                                make=getattr(ghost, attribute),
                                inner_dynamic=note.dynamic,
                                doc=doc,
                            )
                        )
            elif isinstance(note, RpcNote):
                doc = first_paragraph(member.__doc__)
                spec.rpcs.append(RpcSpec(note.name, cls.name, note.args, doc, note.array, member, note.usage))
    return spec


def _add_param(spec: ModuleSpec, attribute: str, declared: Param[Any]) -> None:
    kind = "any" if declared.any_type else "int" if isinstance(declared.default, int) else "str"
    for name in declared.names:
        spec.params[name] = ParamSpec(
            name, spec.name, kind, declared.default, declared.doc, declared.noop, declared.deprecated
        )
        spec.attributes[name] = attribute


def bind(instance: Module) -> ModuleSpec:
    """The same as `describe`, with callables bound to this instance, ready for a compiled script."""
    spec = describe(type(instance))
    spec.functions = [replace(f, call=_bound(instance, f.call)) for f in spec.functions]
    spec.variables = [
        replace(v, get=_bound(instance, v.get), set=_bound(instance, v.set), make=_bound(instance, v.make))
        for v in spec.variables
    ]
    spec.rpcs = [replace(r, call=_bound(instance, r.call)) for r in spec.rpcs]
    spec.transforms = instance.transforms()
    return spec


def _bound(instance: Module, function: Any) -> Any:
    return None if function is None else getattr(instance, function.__name__)
