"""A context, a catalog and node builders for the back end's tests: no module, no network, no parser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from olelo.script import nodes as n
from olelo.script.catalog import ArgKind, ArgSpec, Catalog, FunctionSpec, ParamSpec, RouteKind, Value, VariableSpec

FILE = "test.cfg"
POS = n.Pos(FILE, 1, 1)


class Ctx:
    """What generated code needs of a RouteContext, and a log of what was called."""

    def __init__(self, **codes: Any) -> None:
        self.rc = 0
        self.dropped = False
        self.depth = 0
        self.vars: dict[str, Value] = {}
        self.log: list[str] = []
        self.codes = codes
        self.traced: list[int] = []

    def trace(self, number: int) -> None:
        self.traced.append(number)


def _make_var(inner: str, index: int | str | None) -> tuple[Callable[[Any], Value], Callable[[Any, Value], None]]:
    if inner == "bad":
        raise ValueError("bad name")

    def get(ctx: Any) -> Value:
        return ctx.vars.get(inner)

    def set_(ctx: Any, value: Value) -> None:
        ctx.log.append(f"{inner}={value!r}")
        ctx.vars[inner] = value

    return get, set_


def function(
    name: str,
    *kinds: ArgKind,
    module: str = "fake",
    routes: RouteKind = RouteKind.ANY,
    waits: bool = False,
    optional: int = 0,
    route_kind: str = "",
    call: Callable[..., int | Awaitable[int]] | None = None,
    deprecated: str = "",
) -> FunctionSpec:
    """A function that logs its call and returns what the context's `codes` say (default 1)."""
    args = tuple(
        ArgSpec(f"a{i}", kind, i >= len(kinds) - optional, route_kind if kind is ArgKind.ROUTE else "")
        for i, kind in enumerate(kinds)
    )

    def fake(ctx: Any, *values: Any) -> int:
        ctx.log.append(f"{name}({', '.join(map(repr, values))})")
        code = ctx.codes.get(name, 1)
        return int(code.pop(0) if isinstance(code, list) else code)

    return FunctionSpec(name, module, args, routes, call or fake, waits, "", deprecated)


def variable(name: str, value: Value, module: str = "") -> VariableSpec:
    return VariableSpec(name, module, lambda ctx: ctx.vars.get("$" + name, value))


def catalog(*functions: FunctionSpec, loaded: tuple[str, ...] = ("fake",)) -> Catalog:
    found = Catalog()
    for spec in functions:
        found.functions.setdefault(spec.name, []).append(spec)
    found.variables = {
        "var": VariableSpec("var", "", inner="required", make=_make_var, inner_dynamic=True),
        "rc": VariableSpec("rc", "", lambda ctx: ctx.rc),
        "null": VariableSpec("null", "", lambda ctx: None),
        "rU": VariableSpec("rU", "", lambda ctx: ctx.vars.get("$rU"), lambda ctx, v: ctx.vars.__setitem__("$rU", v)),
        "rm": variable("rm", "INVITE"),
        "si": variable("si", "10.0.0.1"),
    }
    found.operands = {
        "method": lambda ctx: ctx.vars.get("$rm", "INVITE"),
        "uri": lambda ctx: "sip:me@here",
        "src_ip": lambda ctx: "10.1.2.3",
        "src_port": lambda ctx: 5060,
        "proto": lambda ctx: "udp",
    }
    found.myself = lambda ctx, text: "here" in text
    found.core_params = {
        "max_while_loops": ParamSpec("max_while_loops", "", "int", 100),
        "max_recursive_level": ParamSpec("max_recursive_level", "", "int", 256),
        "children": ParamSpec("children", "", "int", 8),
    }
    found.modules = {"fake", "other"} | set(loaded)
    found.loaded = set(loaded)
    return found


# --- node builders: every node on its own line of a made-up source, in the order of building ---------------------


def expr(value: Any) -> n.Expr:
    """An int, a str ("$x" is a variable) or a node."""
    if isinstance(value, n.Expr):
        return value
    if isinstance(value, int):
        return n.Int(POS, value)
    return n.Var(POS, value[1:]) if value.startswith("$") else n.Str(POS, value)


def stmt(value: n.Expr | n.Stmt) -> n.Stmt:
    return value if isinstance(value, n.Stmt) else n.ExprStmt(value.pos, value)


def call(name: str, *args: Any) -> n.Call:
    return n.Call(POS, name, [expr(arg) for arg in args])


def route_call(name: Any) -> n.RouteCall:
    return n.RouteCall(POS, expr(name))


def op(sign: str, left: Any, right: Any) -> n.Binary:
    return n.Binary(POS, sign, expr(left), expr(right))


def not_(operand: Any) -> n.Unary:
    return n.Unary(POS, "!", expr(operand))


def assign(target: str, value: Any) -> n.Assign:
    return n.Assign(POS, expr(target), expr(value))


def block(*body: n.Expr | n.Stmt) -> n.Block:
    return n.Block(POS, [stmt(each) for each in body])


def if_(cond: Any, then: n.Expr | n.Stmt, orelse: n.Expr | n.Stmt | None = None) -> n.If:
    return n.If(POS, expr(cond), stmt(then), stmt(orelse) if orelse is not None else None)


def while_(cond: Any, *body: n.Expr | n.Stmt) -> n.While:
    return n.While(POS, expr(cond), block(*body))


def switch(subject: Any, *cases: tuple[Any, list[Any]]) -> n.Switch:
    """Cases are (label, body); label None is `default`, "/re" a regular expression."""
    made = []
    for label, body in cases:
        is_regex = isinstance(label, str) and label.startswith("/")
        made.append(
            n.Case(
                POS,
                None if label is None else expr(label[1:] if is_regex else label),
                is_regex,
                [stmt(each) for each in body],
            )
        )
    return n.Switch(POS, expr(subject), made)


def ret(value: Any = None) -> n.Return:
    return n.Return(POS, None if value is None else expr(value))


EXIT = n.Exit(POS)
DROP = n.Drop(POS)
BREAK = n.Break(POS)


def route(name: str, *body: n.Expr | n.Stmt, kind: str = "route") -> n.Route:
    return n.Route(POS, kind, name, block(*body), POS)


def main(*body: n.Expr | n.Stmt) -> n.Route:
    return route("", *body, kind="request")


def config(*items: object) -> n.Config:
    return n.Config(FILE, list(items), {}, {FILE: "\n"})
