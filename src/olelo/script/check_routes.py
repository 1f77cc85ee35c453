"""Checks of routes: calls and their arguments, where functions may stand, routes missing and unused, dead code."""

from __future__ import annotations

import re

from olelo.script import nodes as n
from olelo.script import ops, regex, runtime
from olelo.script.catalog import ArgKind, ArgSpec, Catalog, FunctionSpec, RouteKind, Value
from olelo.script.check_expr import ExprChecker
from olelo.script.diagnostics import Diagnostics
from olelo.script.values import LACKING, ResolveError, nearest

_KINDS = {
    "request": RouteKind.REQUEST,
    "reply": RouteKind.CORE_ONREPLY,
    "onreply": RouteKind.TM_ONREPLY,
    "failure": RouteKind.FAILURE,
    "branch": RouteKind.BRANCH,
    "onsend": RouteKind.ONSEND,
}
#: Event routes are parsed as request routes by Kamailio, so both kinds of functions may stand there.
_EVENT = RouteKind.EVENT | RouteKind.REQUEST
_EVENT_KINDS = {
    "tm:branch-failure": _EVENT | RouteKind.BRANCH_FAILURE | RouteKind.FAILURE,
    "tm:local-request": _EVENT | RouteKind.LOCAL,
}
#: Operands about the packet that is being sent.
_ONSEND_OPERANDS = frozenset(("snd_ip", "to_ip"))
#: Functions whose first argument is a SIP status.
_FLAG_COMMANDS = frozenset(("setflag", "resetflag", "isflagset"))
_STATUS_FUNCTIONS = frozenset(("sl_send_reply", "send_reply", "t_reply", "send_reply_mode", "sl_reply"))

Key = tuple[str, str]


def route_label(kind: str, name: str) -> str:
    """A route as written in a configuration: `failure_route[X]`, `request_route`."""
    word = {"route": "route", "request": "request_route", "reply": "reply_route"}.get(kind, f"{kind}_route")
    return f"{word}[{name}]" if name else word


def lexical_kind(route: n.Route) -> RouteKind:
    """Which functions may stand in the block of a route that is entered by its kind."""
    if route.kind == "event":
        return next((kind for prefix, kind in _EVENT_KINDS.items() if route.name.startswith(prefix)), _EVENT)
    return _KINDS.get(route.kind, RouteKind.REQUEST)


class RouteChecker:
    """Checks all routes of a configuration."""

    def __init__(self, config: n.Config, catalog: Catalog, diag: Diagnostics, loaded_at: dict[str, int]) -> None:
        self.config = config
        self.catalog = catalog
        self.diag = diag
        self.loaded_at = loaded_at
        self.exprs = ExprChecker(catalog, diag)
        self.routes: dict[Key, n.Route] = {}
        self.positions: dict[Key, int] = {}
        self.flags = {name for item in config.items if isinstance(item, n.FlagDecl) for name, _, _ in item.names}
        self.calls: dict[Key, list[tuple[str, n.Pos]]] = {}
        self.functions: dict[Key, list[tuple[FunctionSpec, n.Pos]]] = {}
        self.used: set[Key] = set()
        self.dynamic = False

    def run(self) -> None:
        for i, item in enumerate(self.config.items):
            if isinstance(item, n.Route):
                self._declare(item, i)
        for key, route in self.routes.items():
            self.calls[key] = []
            self.functions[key] = []
            self._block(route.body, key)
        self._allowed()
        self._unused()
        if self.routes and ("request", "") not in self.routes:
            first = next(iter(self.routes.values()))
            self.diag.warning("no-request-route", "there is no request_route: requests are not handled", first.pos)

    def _declare(self, route: n.Route, index: int) -> None:
        key = (route.kind, route.name)
        if key in self.routes:
            first = self.routes[key].pos
            label = route_label(*key)
            self.diag.error("duplicate-route", f"{label} is defined twice (first at line {first.line})", route.pos)
            return
        self.routes[key] = route
        self.positions[key] = index
        if route.kind == "event" and not self._event_known(route.name):
            known = list(self.catalog.event_routes)
            elsewhere = self.catalog.known_elsewhere.get(f"event_route[{route.name}]")
            module = route.name.partition(":")[0]
            if module in self.catalog.absent:
                return  # said at the loadmodule
            if module in self.catalog.kamailio_modules:
                said = f"event_route[{route.name}] is run by Kamailio's module {module}, which Olelo does not have"
                self.diag.warning(LACKING, said, route.pos)
                return
            if elsewhere is not None:
                self.diag.warning("other-release", f"event_route[{route.name}]: {elsewhere}", route.pos)
            else:
                self.diag.warning(
                    "unknown-event", f"nothing runs event_route[{route.name}]", route.pos, nearest(route.name, known)
                )

    def _event_known(self, name: str) -> bool:
        for known, module in self.catalog.event_routes.items():
            if name == known or (known.endswith("*") and name.startswith(known[:-1])):
                if module and module not in self.catalog.loaded:
                    route = self.routes[("event", name)]
                    self.diag.warning(
                        "module-not-loaded",
                        f"event_route[{name}] is run by module {module}, which is not loaded",
                        route.pos,
                        f'add loadmodule "{module}.so"',
                    )
                return True
        return False

    # --- statements ------------------------------------------------------------------------------------------

    def _block(self, block: n.Block, key: Key) -> None:
        self._dead_code(block.body)
        for stmt in block.body:
            self._statement(stmt, key)

    def _dead_code(self, body: list[n.Stmt]) -> None:
        for stmt, following in zip(body, body[1:], strict=False):
            if ops.ends_route(stmt):
                word = type(stmt).__name__.lower()
                self.diag.warning("unreachable", f"never reached: it stands after {word}", following.pos)
                return

    def _statement(self, stmt: n.Stmt | None, key: Key) -> None:
        if stmt is None:
            return
        for expr in ops.own_expressions(stmt):
            self._expression(expr, key)
        match stmt:
            case n.Block():
                self._block(stmt, key)
            case n.If():
                self.exprs.condition(stmt.cond, "if")
                self._statement(stmt.then, key)
                self._statement(stmt.orelse, key)
            case n.While():
                self.exprs.condition(stmt.cond, "while")
                self._statement(stmt.body, key)
            case n.Switch():
                self._switch(stmt, key)
            case n.Return() | n.Exit() | n.Drop():
                if stmt.value is not None:
                    self.exprs.number(stmt.value, type(stmt).__name__.lower())

    def _switch(self, stmt: n.Switch, key: Key) -> None:
        seen: set[object] = set()
        textual: bool | None = None
        for case in stmt.cases:
            value = ops.constant(case.label) if case.label is not None else None
            if case.label is not None:
                if value is None:
                    self.diag.error("case-label", "a case label must be a constant", case.label.pos)
                elif case.regex:
                    self.exprs.pattern(str(value), case.label.pos)
                is_text = case.regex or isinstance(value, str)
                if textual is None:
                    textual = is_text
                elif textual != is_text:
                    self.diag.error(
                        "case-type", "numbers and strings are mixed in the labels of one switch", case.label.pos
                    )
            label = (case.regex, value)
            if label in seen:
                what = "default" if case.label is None else f"case {value!r}"
                self.diag.error("duplicate-case", f"{what} stands twice in one switch", case.pos)
            seen.add(label)
            self._dead_code(case.body)
            for each in case.body:
                self._statement(each, key)

    def _expression(self, top: n.Expr, key: Key) -> None:
        self.exprs.expression(top)
        for expr in ops.walk(top):
            if isinstance(expr, n.Call):
                self._call(expr, key)
            elif isinstance(expr, n.RouteCall):
                self._route_call(expr, key)
            elif isinstance(expr, n.BlockExpr):
                self._block(expr.body, key)
            elif isinstance(expr, n.CoreOperand) and expr.name in _ONSEND_OPERANDS and key[0] != "onsend":
                self.diag.error(
                    "not-in-this-route",
                    f"{expr.name} may stand in an onsend_route only",
                    expr.pos,
                    length=len(expr.name),
                )

    # --- calls -----------------------------------------------------------------------------------------------

    def _route_call(self, call: n.RouteCall, key: Key) -> None:
        target = call.target.name if isinstance(call.target, n.Ident) else ops.constant(call.target)
        if target is None:
            self.dynamic = True
            self.exprs.expression(call.target)
            return
        name = str(target)
        self.used.add(("route", name))
        self.calls[key].append((name, call.pos))
        if ("route", name) not in self.routes:
            known = [route for kind, route in self.routes if kind == "route"]
            self.diag.error("unknown-route", f"route[{name}] is missing", call.pos, nearest(name, known))

    def _call(self, call: n.Call, key: Key) -> None:
        overloads = self.catalog.functions.get(call.name)
        if overloads is None:
            self._unknown_function(call)
            return
        ready = [spec for spec in overloads if not spec.module or spec.module in self.catalog.loaded]
        if not ready:
            modules = sorted({spec.module for spec in overloads})
            self.diag.error(
                "module-not-loaded",
                f"{call.name}() is exported by module {' or '.join(modules)}, which is not loaded",
                call.pos,
                f'add loadmodule "{modules[0]}.so"',
                len(call.name),
            )
            return
        fitting = [spec for spec in ready if spec.min_args <= len(call.args) <= spec.max_args]
        if not fitting:
            self.diag.error(
                "argument-count",
                f"{call.name}() takes {_counts(ready)}, {len(call.args)} given",
                call.pos,
                length=len(call.name),
            )
            return
        spec = fitting[0]
        self.functions[key].append((spec, call.pos))
        if spec.deprecated:
            self.diag.warning("deprecated", f"{call.name}(): {spec.deprecated}", call.pos, length=len(call.name))
        at = self.loaded_at.get(spec.module)
        if at is not None and at > self.positions[key]:
            self.diag.error(
                "module-order",
                f"{call.name}() is used before its module {spec.module} is loaded",
                call.pos,
                "move the loadmodule up",
            )
        for arg, wanted in zip(call.args, spec.args, strict=False):
            self._argument(call, arg, wanted)
        if call.name in _STATUS_FUNCTIONS and call.args:
            self._status(call)

    def _unknown_function(self, call: n.Call) -> None:
        elsewhere = self.catalog.known_elsewhere.get(call.name + "()")
        if elsewhere is not None:
            self.diag.warning("other-release", f"{call.name}(): {elsewhere}", call.pos, length=len(call.name))
            return
        modules = self.catalog.lacking(call.name)
        if self.catalog.absent.intersection(modules):
            return  # said at the loadmodule
        if modules:
            said = f"{call.name}() is exported by Kamailio's module {' or '.join(modules)}, which Olelo does not have"
            self.diag.error(LACKING, said, call.pos, length=len(call.name))
            return
        hint = nearest(call.name, self.catalog.functions)
        self.diag.error("unknown-function", f"unknown function {call.name}()", call.pos, hint, len(call.name))

    def _status(self, call: n.Call) -> None:
        value = ops.constant(call.args[0])
        number = value if isinstance(value, int) else runtime.arg_int(value) if value and "$" not in value else None
        if number is not None and not 100 <= number <= 699:
            self.diag.error(
                "bad-status", f"{number} is no SIP status (100 to 699)", call.args[0].pos, length=len(str(number))
            )

    def _argument(self, call: n.Call, arg: n.Expr, spec: ArgSpec) -> None:
        if any(isinstance(e, n.Call | n.RouteCall | n.BlockExpr | n.Assign) for e in ops.walk(arg)):
            self.diag.error("call-in-argument", "no call may stand inside the arguments of a call", arg.pos)
            return
        value = ops.constant(arg)
        if call.name in _FLAG_COMMANDS:
            self._flag(call, arg, value)
            return
        if isinstance(arg, n.Ident):
            if spec.kind is ArgKind.INT and arg.name not in self.flags:
                self.diag.error("unknown-word", f"{arg.name} is not defined", arg.pos, length=len(arg.name))
            return
        if isinstance(value, str):
            self._text_argument(call, value, arg.pos, spec)
        elif value is None:
            if spec.kind is ArgKind.PVAR and not isinstance(arg, n.Var) or spec.kind is ArgKind.CONST:
                wanted = "a variable" if spec.kind is ArgKind.PVAR else "a constant"
                self.diag.error("argument-kind", f"argument {spec.name} of {call.name}() is {wanted}", arg.pos)
            self.exprs.expression(arg)
        elif spec.kind in (ArgKind.PVAR, ArgKind.ROUTE) and spec.kind is ArgKind.PVAR:
            self.diag.error("argument-kind", f"argument {spec.name} of {call.name}() is a variable", arg.pos)
        elif spec.kind is ArgKind.ROUTE:
            self._route_argument(call, str(value), arg.pos, spec)

    def _flag(self, call: n.Call, arg: n.Expr, value: Value) -> None:
        """The flag of setflag() and its like: a number from 0 to 31, or a name that `flags` declares."""
        name = arg.name if isinstance(arg, n.Ident) else value if isinstance(value, str) else None
        if name is not None and name not in self.flags:
            digits = isinstance(arg, n.Str) and name.isdigit()
            hint = nearest(name, self.flags) or f"`flags {name};` or a #!define of it must stand above"
            hint = f"remove the quotes: {call.name}({name})" if digits else hint
            self.diag.error("unknown-flag", f"no flag {name} is declared", arg.pos, hint, len(name))
        elif isinstance(value, int) and not 0 <= value <= 31:
            self.diag.error("bad-flag", f"{value} is no flag: 0 to 31 are", arg.pos, length=len(str(value)))

    def _text_argument(self, call: n.Call, value: str, pos: n.Pos, spec: ArgSpec) -> None:
        what = f"argument {spec.name} of {call.name}()"
        match spec.kind:
            case ArgKind.INT:
                if "$" in value:
                    self.exprs.format(value, pos)
                elif runtime.parse_int(value) is None:
                    self.diag.error("argument-kind", f"{what} is a number, not {value!r}", pos)
            case ArgKind.STR:
                self.exprs.format(value, pos)
            case ArgKind.PVAR:
                if not value.startswith("$"):
                    self.diag.error("argument-kind", f"{what} is a variable", pos)
                else:
                    try:
                        self.exprs.resolver.text(value[1:])
                    except ResolveError as error:
                        self.exprs.resolve_error(error, n.Pos(pos.file, pos.line, pos.col + 2))
            case ArgKind.REGEX:
                if "$" in value.removesuffix("$"):
                    return  # holds variables, or an anchor in its middle: seen when it runs
                try:
                    regex.posix(value, True, True)
                except ValueError as error:
                    self.diag.error("bad-regex", f"bad regular expression {value!r}: {error}", pos)
            case ArgKind.ROUTE:
                if "$" in value:
                    self.dynamic = True
                    self.exprs.format(value, pos)
                else:
                    self._route_argument(call, value, pos, spec)

    def _route_argument(self, call: n.Call, name: str, pos: n.Pos, spec: ArgSpec) -> None:
        if name in ("", "0"):
            return  # takes the route back
        kind = spec.route_kind or "route"
        key = ("event", kind.removeprefix("event:") + name) if kind.startswith("event:") else (kind, name)
        self.used.add(key)
        if key not in self.routes:
            known = [route for its, route in self.routes if its == kind]
            # Kamailio starts with a warning here and runs nothing when the time comes
            self.diag.warning(
                "unknown-route",
                f"{route_label(*key)} is missing: {call.name}() will run nothing",
                pos,
                nearest(name, known),
            )

    # --- over all routes -------------------------------------------------------------------------------------

    def _allowed(self) -> None:
        """Functions where they may not stand: an error in the block itself, a warning through sub-routes."""
        for key, route in self.routes.items():
            if route.kind == "route":
                continue
            kind = lexical_kind(route)
            for spec, pos in self.functions[key]:
                if not spec.routes & kind:
                    self.diag.error(
                        "not-in-this-route",
                        f"{spec.name}() may not be used in {route_label(*key)}",
                        pos,
                        length=len(spec.name),
                    )
        told: set[tuple[str, n.Pos]] = set()
        for key, route in self.routes.items():
            if route.kind == "route":
                continue
            kind = lexical_kind(route)
            for path in self._paths(key):
                for spec, pos in self.functions[path[-1]]:
                    if spec.routes & kind or (route.kind, pos) in told:
                        continue
                    told.add((route.kind, pos))
                    way = " -> ".join([*(route_label(*each) for each in path), f"{spec.name}()"])
                    self.diag.warning(
                        "not-in-this-route",
                        f"{spec.name}() may not be used in {route_label(*key)}, and is reached from there: {way}",
                        pos,
                        length=len(spec.name),
                    )

    def _paths(self, start: Key) -> list[list[Key]]:
        """The shortest way from a route to each sub-route it reaches."""
        found: list[list[Key]] = []
        seen = {start}
        waiting = [[start]]
        while waiting:
            path = waiting.pop(0)
            for name, _ in self.calls[path[-1]]:
                key = ("route", name)
                if key in self.routes and key not in seen:
                    seen.add(key)
                    found.append([*path, key])
                    waiting.append(found[-1])
        return found

    def _unused(self) -> None:
        if self.dynamic:
            return
        words = self._words()
        for key, route in self.routes.items():
            kind, name = key
            if kind not in ("route", "failure", "branch", "onreply") or not name or key in self.used:
                continue
            if name not in words:
                self.diag.warning("unused-route", f"{route_label(*key)} is never used", route.pos)

    def _words(self) -> set[str]:
        """Words in parameters and string arguments: modules run routes by name (rtimer, async, http clients)."""
        words: set[str] = set()
        for item in self.config.items:
            if isinstance(item, n.ModParam) and isinstance(item.value, str):
                words |= {item.value, *re.findall(r"[A-Za-z0-9_.:-]+", item.value)}
        for route in self.routes.values():
            for expr in ops.expressions(route.body):
                if isinstance(expr, n.Call):
                    words |= {arg.value for arg in expr.args if isinstance(arg, n.Str)}
        return words


def _counts(specs: list[FunctionSpec]) -> str:
    counts = sorted({count for spec in specs for count in range(spec.min_args, spec.max_args + 1)})
    if counts == [0]:
        return "no arguments"
    text = " or ".join(map(str, counts)) if len(counts) < 4 else f"{counts[0]} to {counts[-1]}"
    return f"{text} argument{'s' if counts != [1] else ''}"
