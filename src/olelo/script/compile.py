"""From the tree of a configuration to routes that can be called.

Each route becomes a Python function whose code object says it comes from the configuration: text is generated,
parsed with `ast`, every node moved to its line in kamailio.cfg, and compiled under the file's name. Tracebacks,
debuggers and profilers then show the configuration with no further help.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from olelo.script import nodes as n
from olelo.script import ops, runtime
from olelo.script.catalog import Catalog
from olelo.script.check import check
from olelo.script.codegen import CodegenError, RouteText, Unit, function_name, write_route
from olelo.script.codegen_expr import find_overload
from olelo.script.codegen_names import Text
from olelo.script.deep import deep
from olelo.script.diagnostics import Diagnostics
from olelo.script.values import ResolveError

#: What a compiled route is called as: the context in, a return code (0: exit) or a coroutine of one out.
RouteCallable = Callable[[Any], int | Awaitable[int]]


class CompileError(Exception):
    """The configuration has errors; they are in `diagnostics`."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        super().__init__(f"{len(diagnostics.errors)} error(s) in the configuration")
        self.diagnostics = diagnostics


@dataclass(slots=True, frozen=True)
class CompiledRoute:
    """One route. waits: `call` returns a coroutine (use runtime.run)."""

    kind: str
    name: str
    call: RouteCallable
    waits: bool


@dataclass(slots=True)
class Program:
    """A compiled configuration.

    routes: by (kind, name), e.g. ("request", ""), ("route", "RELAY"), ("event", "tm:local-request").
    text: the generated Python, for people. core_params: name -> values in file order. custom_params: by
    (group, name). trace_lines: the place of each number that `c.trace` receives (trace mode only).
    """

    routes: dict[tuple[str, str], CompiledRoute] = field(default_factory=dict)
    text: str = ""
    core_params: dict[str, list[n.CoreParam]] = field(default_factory=dict)
    custom_params: dict[tuple[str, str], n.CustomParam] = field(default_factory=dict)
    trace_lines: list[n.Pos] = field(default_factory=list)

    def route(self, kind: str, name: str = "") -> CompiledRoute | None:
        return self.routes.get((kind, name))


def compile_config(config: n.Config, catalog: Catalog, diag: Diagnostics, *, trace: bool = False) -> Program:
    """Check a configuration and compile its routes. modparams are checked and left to the caller to apply.

    trace: emit `c.trace(number)` before each statement; `Program.trace_lines` says which line a number is.
    Raises: CompileError where `diag` holds errors (from earlier phases too).
    """
    check(config, catalog, diag)
    if diag.errors:
        raise CompileError(diag)
    program = Program()
    for item in config.items:
        if isinstance(item, n.CoreParam):
            program.core_params.setdefault(item.name, []).append(item)
        elif isinstance(item, n.CustomParam):
            program.custom_params[item.group, item.name] = item
    unit = Unit(
        catalog,
        trace,
        _number(program, "max_while_loops", runtime.MAX_WHILE_LOOPS),
        _number(program, "max_recursive_level", runtime.MAX_RECURSIVE_LEVEL),
    )
    unit.flags = _flags(config)
    for route in config.routes:
        unit.functions[route.kind, route.name] = unit.names.claim(function_name(route.kind, route.name))
    try:
        with deep():
            _colour(config.routes, unit)
            texts = _write(config, unit)
    except CodegenError as error:
        diag.error("not-compiled", str(error), error.pos)
        raise CompileError(diag) from error
    except ResolveError as error:
        diag.error(error.code, str(error), n.Pos(config.file, 1, 1), error.hint)
        raise CompileError(diag) from error
    except RecursionError as error:
        diag.error("too-deep", "the routes are nested too deeply", config.routes[0].pos)
        raise CompileError(diag) from error
    _register_sources(config)
    for text in texts:
        try:
            with deep():
                for part in [*text.blocks, text.text]:
                    exec(_relocated(part, text.route, config), unit.names.globals)
        except (SyntaxError, RecursionError, MemoryError) as error:  # limits of Python's own compiler
            hint = "put parts of it into routes of their own"
            diag.error("too-deep", f"this route is nested too deeply or too long ({error})", text.route.pos, hint)
            continue
        call = unit.names.globals[text.name]
        program.routes[text.key] = CompiledRoute(text.key[0], text.key[1], call, text.waits)
        if text.key[0] == "route":
            unit.dynamic_table[text.key[1]] = call
    if diag.errors:
        raise CompileError(diag)
    program.text = "\n\n\n".join("\n".join(part.lines) for text in texts for part in [*text.blocks, text.text]) + "\n"
    program.trace_lines = unit.trace_lines
    return program


def _write(config: n.Config, unit: Unit) -> list[RouteText]:
    """Write all routes, again where a route turned out to end in a `break` (its callers must know)."""
    while True:
        soft = set(unit.soft)
        unit.trace_lines.clear()
        texts = [_write_route(unit, route) for route in config.routes]
        for route in config.routes:
            tails = _tail_calls(route.body)
            if tails & {name for kind, name in unit.soft if kind == "route"} or ("None" in tails and unit.soft):
                unit.soft.add((route.kind, route.name))
        if unit.soft == soft:
            return texts


def _write_route(unit: Unit, route: n.Route) -> RouteText:
    try:
        return write_route(unit, route)
    except RecursionError as error:
        raise CodegenError("this route is nested too deeply", route.pos) from error


def _tail_calls(stmt: n.Stmt | None) -> set[str]:
    """Names of the routes whose value may become the value of this statement."""
    match stmt:
        case n.Block():
            return _tail_calls(stmt.body[-1]) if stmt.body else set()
        case n.If():
            return _tail_calls(stmt.then) | _tail_calls(stmt.orelse)
        case n.Switch():
            return {name for case in stmt.cases if case.body for name in _tail_calls(case.body[-1])}
        case n.ExprStmt(expr=n.RouteCall() as call):
            return {str(ops.constant(call.target))}
    return set()


def _colour(routes: list[n.Route], unit: Unit) -> None:
    """Find the routes that can wait, themselves or in one they call, and those that can come back to themselves."""
    calls: dict[tuple[str, str], set[tuple[str, str]]] = {}
    subroutes = {(r.kind, r.name) for r in routes if r.kind == "route"}
    for route in routes:
        key = (route.kind, route.name)
        called: set[tuple[str, str]] = set()
        for expr in ops.expressions(route.body):
            if isinstance(expr, n.RouteCall):
                name = expr.target.name if isinstance(expr.target, n.Ident) else ops.constant(expr.target)
                called |= subroutes if name is None else {("route", str(name))} & subroutes
            elif isinstance(expr, n.Call):
                spec = find_overload(unit.catalog, expr)
                if spec is not None and spec.waits:
                    unit.waiting.add(key)
        calls[key] = called
    callers: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for key, called in calls.items():
        for target in called:
            callers.setdefault(target, []).append(key)
    fresh = list(unit.waiting)
    while fresh:
        for caller in callers.get(fresh.pop(), ()):
            if caller not in unit.waiting:
                unit.waiting.add(caller)
                fresh.append(caller)
    unit.recursive |= _in_circles(calls, callers)


_Key = tuple[str, str]


def _in_circles(calls: dict[_Key, set[_Key]], callers: dict[_Key, list[_Key]]) -> set[_Key]:
    """The routes on a circle of calls (strongly connected components, Kosaraju): a chain of routes may be long."""
    order: list[_Key] = []
    seen: set[_Key] = set()
    for first in calls:
        if first in seen:
            continue
        seen.add(first)
        path = [(first, iter(calls[first]))]
        while path:
            key, rest = path[-1]
            following = next((each for each in rest if each not in seen), None)
            if following is None:
                order.append(key)
                path.pop()
            else:
                seen.add(following)
                path.append((following, iter(calls[following])))
    found: set[_Key] = set()
    placed: set[_Key] = set()
    for first in reversed(order):
        if first in placed:
            continue
        placed.add(first)
        component = [first]
        for key in component:
            for caller in callers.get(key, ()):
                if caller not in placed:
                    placed.add(caller)
                    component.append(caller)
        if len(component) > 1 or first in calls[first]:
            found.update(component)
    return found


def _flags(config: n.Config) -> dict[str, int]:
    """Numbers of the flags declared by `flags name:bit, ...`; without a bit the next free one."""
    found: dict[str, int] = {}
    for item in config.items:
        if isinstance(item, n.FlagDecl) and item.kind == "flags":
            for name, bit, _ in item.names:
                taken = set(found.values())
                found[name] = bit if bit >= 0 else next(i for i in range(len(taken) + 1) if i not in taken)
    return found


def _number(program: Program, name: str, default: int) -> int:
    given = program.core_params.get(name)
    value = ops.constant(given[-1].values[0]) if given and given[-1].values else None
    return value if isinstance(value, int) else default


def _register_sources(config: n.Config) -> None:
    """Let tracebacks show the text that was compiled, also where it is no file or the file changed since."""
    for name, text in config.sources.items():
        shown = text.encode("latin-1", "replace").decode("utf-8", "replace")
        linecache.cache[name] = (len(shown), None, shown.splitlines(keepends=True), name)


def _relocated(text: Text, route: n.Route, config: n.Config) -> CodeType:
    """Compile one function with every node at its place in the configuration."""
    tree = ast.parse("\n".join(text.lines))
    file = route.pos.file
    listing: dict[tuple[str, int], int] = {}
    if any(mark.pos.file != file for mark in text.marks):
        file = _listing(text, route, config, listing)
    widths = {name: source.split("\n") for name, source in config.sources.items()}
    for node in ast.walk(tree):
        if not isinstance(node, ast.expr | ast.stmt | ast.excepthandler | ast.arg | ast.keyword):
            continue
        mark = text.marks[node.lineno - 1]
        pos = mark.pos
        source = widths.get(pos.file, [])
        line = source[pos.line - 1].rstrip() if 0 < pos.line <= len(source) else ""
        start = pos.col - 1
        node.lineno = node.end_lineno = listing.get((pos.file, pos.line), pos.line)
        node.col_offset = start
        node.end_col_offset = max(start + mark.length if mark.length else len(line), start + 1)
    return compile(tree, file, "exec")


def _listing(text: Text, route: n.Route, config: n.Config, listing: dict[tuple[str, int], int]) -> str:
    """A route put together from several files (an include in its middle) gets a listing of its own.

    One code object has one file name; the listing shows the lines in order, each with where it comes from.
    """
    name = f"<{function_name(route.kind, route.name)} of {route.pos.file} with its includes>"
    shown: list[str] = []
    for mark in text.marks:
        place = (mark.pos.file, mark.pos.line)
        if place in listing:
            continue
        source = config.sources.get(mark.pos.file, "").split("\n")
        line = source[mark.pos.line - 1].rstrip() if 0 < mark.pos.line <= len(source) else ""
        shown.append(
            f"{line}  # {mark.pos.file}:{mark.pos.line}\n".encode("latin-1", "replace").decode("utf-8", "replace")
        )
        listing[place] = len(shown)
    linecache.cache[name] = (sum(map(len, shown)), None, shown, name)
    return name
