"""Replies and module listings as tables for the terminal. Imported only when something is shown: rich takes time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from olelo.cli.kamcmd import plain
from olelo.rpc.values import members, readable
from olelo.script.catalog import Catalog, FunctionSpec, ParamSpec, RouteKind


def show_reply(values: list[Any], console: Console | None = None) -> None:
    """Print a reply: equal structs as one table, a struct as names and values, anything else a line each."""
    console = console or Console(highlight=False)
    at = 0
    while at < len(values):
        names = _names(values[at])
        end = at
        while names and end < len(values) and _names(values[end]) == names:
            end += 1
        if end - at > 1:
            console.print(_table(names, values[at:end]))
            at = end
        else:
            console.print(_render(values[at]), soft_wrap=True)
            at += 1


def _names(value: Any) -> list[str]:
    """Member names of a struct without nested values; [] of anything else."""
    if not isinstance(value, dict) or any(members(member) is not None for member in value.values()):
        return []
    return list(value)


def _table(names: list[str], structs: list[Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        numbers = all(isinstance(struct[name], int | float) for struct in structs)
        table.add_column(readable(name), justify="right" if numbers else "left", overflow="fold")
    for struct in structs:
        table.add_row(*(Text(_plain(struct[name])) for name in names))
    return table


def _render(value: Any) -> RenderableType:
    inside = members(value)
    if inside is None:
        return Text(_plain(value))
    pairs = list(inside)
    if pairs and all(name is None for name, _ in pairs):
        return Group(*(_render(element) for _, element in pairs))
    structs = [element for _, element in pairs]
    names = _names(structs[0]) if structs else []
    if len(structs) > 1 and names and all(_names(struct) == names for struct in structs):
        return _table(names, structs)
    return Group(*_lines(pairs, 0))


def _lines(pairs: list[tuple[str | None, Any]], indent: int) -> Iterator[RenderableType]:
    """A struct, a member a line; what is inside of a member stands below it. Values are never cut."""
    width = max((len(name or "") for name, element in pairs if members(element) is None), default=0)
    margin = " " * indent
    for name, element in pairs:
        inside = members(element)
        label = Text(margin + readable(name or ""), style="bold")
        if inside is None:
            yield label + Text(" " * (indent + width + 2 - len(label)) + _plain(element))
        else:
            yield label
            yield from _lines(list(inside), indent + 2)


def _plain(value: Any) -> str:
    return readable(plain(value))


def show_modules(catalog: Catalog, console: Console | None = None) -> None:
    """Every module with how much it offers."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("module")
    for noun in ("functions", "parameters", "variables"):
        table.add_column(noun, justify="right")
    for name in sorted(catalog.modules):
        parts = module_parts(catalog, name)
        table.add_row(name, *(str(len(parts[noun])) for noun in ("functions", "parameters", "variables")))
    (console or Console(highlight=False)).print(table)


def show_module(catalog: Catalog, name: str, console: Console | None = None) -> None:
    """Everything one module offers, with its documentation."""
    console = console or Console(highlight=False)
    for noun, entries in module_parts(catalog, name).items():
        if not entries:
            continue
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=noun, title_justify="left", title_style="bold")
        columns = [column for column in entries[0] if any(entry[column] not in ("", None, False) for entry in entries)]
        for column in columns:
            table.add_column(column, overflow="fold")
        for entry in entries:
            table.add_row(*(Text("" if entry[column] is None else str(entry[column])) for column in columns))
        console.print(table)


def everything(catalog: Catalog) -> dict[str, Any]:
    """All that may be named in a configuration, by module: for editors, and for comparing with what people use."""

    def of(module: str, params: dict[str, ParamSpec]) -> dict[str, Any]:
        functions: dict[str, Any] = {}
        for name, overloads in sorted(catalog.functions.items()):
            for spec in overloads:
                if spec.module == module:
                    functions[name] = {
                        "args": [arg.name for arg in spec.args],
                        "routes": [kind.name.lower() for kind in RouteKind if kind in spec.routes and kind.name],
                    }
        return {
            "functions": functions,
            "parameters": {name: spec.type for name, spec in sorted(params.items())},
            "variables": sorted(f"${spec.name}" for spec in catalog.variables.values() if spec.module == module),
            "rpc": sorted(name for name, owner in catalog.commands.items() if owner == module),
            "event_routes": sorted(name for name, owner in catalog.event_routes.items() if owner == module),
        }

    return {
        "modules": {name: of(name, catalog.params.get(name, {})) for name in sorted(catalog.modules)},
        "core": of("", catalog.core_params),
        "transformations": sorted(f"{{{cls}.{name}}}" for cls, name in catalog.transforms),
    }


def module_parts(catalog: Catalog, name: str) -> dict[str, list[dict[str, Any]]]:
    """What a module offers, as plain data: functions, parameters, variables, transformations, event routes."""
    functions = [spec for overloads in catalog.functions.values() for spec in overloads if spec.module == name]
    return {
        "functions": [
            {"name": signature(spec), "doc": _first(spec.doc), "deprecated": spec.deprecated} for spec in functions
        ],
        "parameters": [
            {
                "name": spec.name,
                "type": spec.type,
                "default": spec.default,
                "doc": _first(spec.doc),
                "noop": spec.noop,
                "deprecated": spec.deprecated,
            }
            for spec in catalog.params.get(name, {}).values()
        ],
        "variables": [
            {"name": _variable(spec.name, spec.inner), "doc": _first(spec.doc)}
            for spec in catalog.variables.values()
            if spec.module == name
        ],
        "transformations": [
            {"name": f"{{{spec.cls}.{spec.name}}}", "doc": _first(spec.doc)}
            for spec in catalog.transforms.values()
            if spec.module == name
        ],
        "event routes": [{"name": route, "doc": ""} for route, owner in catalog.event_routes.items() if owner == name],
    }


def signature(spec: FunctionSpec) -> str:
    """`name(first, second [, third])`."""
    needed = ", ".join(arg.name for arg in spec.args if not arg.optional)
    optional = "".join(f" [, {arg.name}" for arg in spec.args if arg.optional)
    if not needed and optional:
        optional = " [" + optional[4:]
    return f"{spec.name}({needed}{optional}{']' * sum(arg.optional for arg in spec.args)})".replace("( [", "([")


def _variable(name: str, inner: str) -> str:
    return f"${name}" + {"none": "", "optional": "[(name)]", "required": "(name)"}[inner]


def _first(doc: str) -> str:
    """The first sentence or line of a docstring."""
    return doc.strip().split("\n", 1)[0]
