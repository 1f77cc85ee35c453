"""Compiled routes and the tree walker agree: on made-up scripts, about everything that can be seen from outside."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from olelo.script import nodes as n
from olelo.script import ops
from olelo.script.compile import compile_config
from olelo.script.diagnostics import Diagnostics
from olelo.script.runtime import Suspended, run
from script.backend_fakes import (
    BREAK,
    DROP,
    EXIT,
    POS,
    Ctx,
    assign,
    block,
    call,
    catalog,
    config,
    expr,
    function,
    if_,
    main,
    op,
    ret,
    route,
    route_call,
    stmt,
    switch,
    while_,
)
from script.oracle import Oracle

VARS = ("$var(a)", "$var(b)", "$var(c)", "$rc")
CALLS = ("f", "g", "h")
INT_OPS = ("-", "*", "|", "&", "^", ">", "<", ">=", "<=", "ieq", "ine", "&&", "||", "/", "mod")

TEXTS = ("", "0", "5", "05", "x", "0x1f", "-2")
UNARY = ("!", "-", "~", "(int)", "(str)", "strlen", "strempty", "defined")
BINARY = (*INT_OPS, "+", "+", "==", "==", "!=", "!=", "eq", "ne", "=~")
LOOPS = 4


def _typed(node: n.Expr) -> bool:
    """Kamailio refuses some constant type mixtures when it reads the file; leave those to the check tests."""
    if isinstance(node, n.Unary):
        kind = ops.expr_type(node.operand)
        wanted = (
            "int" if node.op in ("!", "-", "~") else "str" if node.op in ("strlen", "strempty", "defined") else kind
        )
        return kind in (wanted, "any")
    if isinstance(node, n.Binary):
        left, right = ops.expr_type(node.left), ops.expr_type(node.right)
        if node.op in INT_OPS:
            return "str" not in (left, right)
        return not (left == "int" and (right == "str" or node.op in ("eq", "ne", "=~")))
    return True


class Maker:
    """Makes scripts from a seed. A may call B and B no route, so that no script runs for ever."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.routes: tuple[str, ...] = ()

    def script(self) -> n.Config:
        bodies = []
        for routes in (("A", "B"), ("B",), ()):
            self.routes = routes
            bodies.append([self.statement(3) for _ in range(self.random.randint(1, 5))])
        loops = n.CoreParam(POS, "max_while_loops", [expr(LOOPS)], POS)
        return config(loops, main(*bodies[0]), route("A", *bodies[1]), route("B", *bodies[2]))

    def expr(self, depth: int) -> n.Expr:
        while True:
            made = self._expr(depth)
            if _typed(made):
                return made

    def number(self) -> n.Expr:
        """What while and return take: no string, as far as can be seen before."""
        while True:
            made = self.expr(2)
            if ops.expr_type(made) != "str":
                return made

    def _expr(self, depth: int) -> n.Expr:
        pick = self.random.choice
        match self.random.randrange(9 if depth > 0 else 5):
            case 0:
                return expr(self.random.randint(-3, 12))
            case 1:
                return expr(pick(TEXTS))
            case 2:
                return expr(pick((*VARS, "$null")))
            case 3:
                return call(pick(CALLS))
            case 4:
                return route_call(pick(self.routes)) if self.routes else expr(pick(VARS))
            case 5:
                return n.Unary(POS, pick(UNARY), self.expr(depth - 1))
            case 6:
                return n.Ternary(POS, self.expr(depth - 1), self.expr(depth - 1), self.expr(depth - 1))
        sign = pick(BINARY)
        return op(sign, self.expr(depth - 1), "^[0-5]" if sign == "=~" else self.expr(depth - 1))

    def body(self, depth: int) -> list[n.Stmt]:
        return [self.statement(depth) for _ in range(self.random.randint(0, 3))]

    def statement(self, depth: int) -> n.Stmt:
        pick = self.random.choice
        match self.random.randrange(11 if depth > 0 else 6):
            case 0 | 1:
                return stmt(call(pick(CALLS)))
            case 2 | 3:
                return stmt(assign(pick(VARS[:3]), self.expr(2)))
            case 4:
                return stmt(route_call(pick(self.routes)) if self.routes else self.expr(2))
            case 5:
                return pick((EXIT, DROP, BREAK, ret(), ret(self.number()), stmt(self.expr(2))))
            case 6 | 7:
                orelse = block(*self.body(depth - 1)) if self.random.random() < 0.5 else None
                return if_(self.expr(2), block(*self.body(depth - 1)), orelse)
            case 8:
                return while_(self.number(), *self.body(depth - 1))
        labels: list[Any] = [1, -1, 0, 2, None] if self.random.random() < 0.5 else ["x", "5", "/^x", None]
        self.random.shuffle(labels)
        cases = [(label, self.body(depth - 1)) for label in labels[: self.random.randint(0, 4)]]
        return switch(self.expr(2), *cases)


CODES = {"f": [1, -1, 2, 1, 1, -3], "g": [-1, 1], "h": [1, 1, 1, 0]}


class Codes:
    """Return codes that come round: the same for both runs."""

    def __init__(self) -> None:
        self.left = {name: list(codes) for name, codes in CODES.items()}

    def next(self, name: str) -> int:
        codes = self.left[name]
        codes.append(codes.pop(0))
        return codes[-1]


def _make(name: str, codes: Codes, waits: bool) -> Any:
    def fake(ctx: Any) -> int:
        ctx.log.append(name)
        return codes.next(name)

    async def later(ctx: Any) -> int:
        await asyncio.sleep(0)
        return fake(ctx)

    return later if waits else fake


async def _finish(suspended: Suspended) -> int:
    return await suspended


def _compiled(cfg: n.Config, waits: tuple[str, ...]) -> tuple[Any, ...]:
    codes = Codes()
    specs = [function(name, call=_make(name, codes, name in waits), waits=name in waits) for name in CALLS]
    diag = Diagnostics()
    program = compile_config(cfg, catalog(*specs), diag)
    found = program.route("request")
    assert found is not None
    ctx = Ctx()
    result = run(found.call, ctx)
    if isinstance(result, Suspended):
        result = asyncio.run(_finish(result))
    return result, ctx.log, ctx.vars, ctx.rc, ctx.dropped


def _walked(cfg: n.Config) -> tuple[Any, ...]:
    codes = Codes()
    ctx = Ctx()
    result = Oracle(cfg, {name: _make(name, codes, False) for name in CALLS}, LOOPS).run(ctx)
    return result, ctx.log, ctx.vars, ctx.rc, ctx.dropped


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**40))
def test_compiled_scripts_do_what_the_walker_does(seed: int) -> None:
    cfg = Maker(seed).script()
    assert _compiled(cfg, ()) == _walked(cfg)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**40))
def test_waiting_functions_change_nothing(seed: int) -> None:
    cfg = Maker(seed).script()
    assert _compiled(cfg, ("g",)) == _walked(cfg)
