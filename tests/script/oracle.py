"""A second opinion on what a script means: a walker of the same nodes, from Kamailio's rules, slow on purpose.

It shares no code with the compiler: values, conversions and control flow are its own.
"""

from __future__ import annotations

import re
from typing import Any

from olelo.script import nodes as n


class Exit(Exception):
    """The script ended: exit, drop, a function that returned 0, `return 0`."""


class NoValue(Exception):
    """An expression has no value (division by zero)."""


class Return(Exception):
    def __init__(self, code: int) -> None:
        self.code = code


class Break(Exception):
    pass


def number(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, int):
        return value
    if re.fullmatch(r"[+-]?[0-9]+", value):
        found = int(value)
        return found if -(2**63) <= found < 2**63 else 0
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,16}", value):
        return int(value, 16)
    return 0


def string(value: Any) -> str:
    return "" if value is None else str(value)


class Oracle:
    """Runs routes of a configuration over a context; functions and variables are callables by name."""

    def __init__(self, config: n.Config, functions: dict[str, Any], max_loops: int = 100) -> None:
        self.routes = {(r.kind, r.name): r for r in config.routes}
        self.functions = functions
        self.max_loops = max_loops

    def run(self, ctx: Any, kind: str = "request", name: str = "") -> int:
        try:
            return self.block(self.routes[kind, name].body, ctx)
        except (Exit, Break):
            return 0
        except Return as returned:
            return returned.code

    # --- statements: each gives its value, the last one's is the route's ----------------------------------------

    def block(self, block: n.Block, ctx: Any) -> int:
        value = 1
        for stmt in block.body:
            try:
                value = self.statement(stmt, ctx)
            except NoValue:
                value = -1
        return value

    def statement(self, stmt: n.Stmt, ctx: Any) -> int:
        match stmt:
            case n.Block():
                return self.block(stmt, ctx)
            case n.ExprStmt():
                return self.expression_statement(stmt.expr, ctx)
            case n.If():
                return self.if_(stmt, ctx)
            case n.While():
                return self.while_(stmt, ctx)
            case n.Switch():
                return self.switch(stmt, ctx)
            case n.Return():
                try:
                    code = 1 if stmt.value is None else self.number(stmt.value, ctx)
                except NoValue:
                    code = -1
                raise Exit if code == 0 else Return(code)
            case n.Break():
                raise Break
            case n.Drop():
                ctx.dropped = True
                raise Exit
            case n.Exit():
                raise Exit
        raise AssertionError(stmt)

    def expression_statement(self, expr: n.Expr, ctx: Any) -> int:
        if isinstance(expr, n.Call | n.RouteCall):
            return self.act(expr, ctx)
        if isinstance(expr, n.Assign):
            self.value(expr, ctx)
        else:
            self.value(expr, ctx)
        return 1

    def if_(self, stmt: n.If, ctx: Any) -> int:
        try:
            true = self.number(stmt.cond, ctx) > 0
        except NoValue:
            true = False
        branch = stmt.then if true else stmt.orelse
        if branch is None or (isinstance(branch, n.Block) and not branch.body):
            return 1
        return self.block(branch if isinstance(branch, n.Block) else n.Block(branch.pos, [branch]), ctx)

    def while_(self, stmt: n.While, ctx: Any) -> int:
        value = 1
        loops = 0
        while True:
            try:
                if self.number(stmt.cond, ctx) == 0:
                    return value
            except NoValue:
                return value
            loops += 1
            if loops > self.max_loops:
                return -1
            assert isinstance(stmt.body, n.Block)
            try:
                value = self.block(stmt.body, ctx)
            except Break:
                return 0

    def switch(self, stmt: n.Switch, ctx: Any) -> int:
        first = next((c for c in stmt.cases if c.label is not None), None)
        textual = first is not None and (first.regex or isinstance(first.label, n.Str))
        found = None
        try:
            wanted = string(self.value(stmt.subject, ctx)) if textual else self.number(stmt.subject, ctx)
            for i, case in enumerate(stmt.cases):
                if case.label is None:
                    continue
                label = case.label.value if isinstance(case.label, n.Str | n.Int) else None
                if re.search(str(label), str(wanted)) if case.regex else wanted == label:
                    found = i
                    break
        except NoValue:
            pass
        if found is None:
            found = next((i for i, case in enumerate(stmt.cases) if case.label is None), None)
        if found is None:
            return 1
        body = [each for case in stmt.cases[found:] for each in case.body]
        try:
            return self.block(n.Block(stmt.pos, body), ctx)
        except Break:
            return 0

    # --- calls ------------------------------------------------------------------------------------------------

    def act(self, expr: n.Call | n.RouteCall, ctx: Any) -> int:
        if isinstance(expr, n.Call):
            code = self.functions[expr.name](ctx, *(self.value(arg, ctx) for arg in expr.args))
            ctx.rc = code
            if code == 0:
                raise Exit
            return int(code)
        assert isinstance(expr.target, n.Str)
        try:
            code = self.block(self.routes["route", expr.target.value].body, ctx)
        except Return as returned:
            code = returned.code
        except Break:
            code = 0
        ctx.rc = code
        return code

    # --- expressions ------------------------------------------------------------------------------------------

    def value(self, expr: n.Expr, ctx: Any) -> Any:
        match expr:
            case n.Int() | n.Str():
                return expr.value
            case n.Var():
                name = expr.text
                return None if name == "null" else ctx.rc if name == "rc" else ctx.vars.get(name[4:-1])
            case n.Call() | n.RouteCall():
                return int(self.act(expr, ctx) > 0)
            case n.Assign():
                assert isinstance(expr.target, n.Var)
                acting = isinstance(expr.value, n.Call | n.RouteCall)
                got = self.act(expr.value, ctx) if acting else self.value(expr.value, ctx)  # type: ignore[arg-type]
                name = expr.target.text[4:-1]
                ctx.log.append(f"{name}={got!r}")
                ctx.vars[name] = got
                return 1
            case n.Unary():
                return self.unary(expr, ctx)
            case n.Ternary():
                chosen = expr.yes if self.number(expr.cond, ctx) > 0 else expr.no
                got = self.value(chosen, ctx)
                return "" if got is None else got
            case n.Binary():
                return self.binary(expr, ctx)
        raise AssertionError(expr)

    def unary(self, expr: n.Unary, ctx: Any) -> Any:
        if expr.op == "defined":  # anything but a variable is defined, and not looked at
            return int(not isinstance(expr.operand, n.Var) or self.value(expr.operand, ctx) is not None)
        if expr.op in ("!", "-", "~", "(int)"):
            got: Any = self.number(expr.operand, ctx)
        else:
            got = self.value(expr.operand, ctx)
        match expr.op:
            case "!":
                return int(number(got) == 0)
            case "-":
                return -number(got)
            case "~":
                return ~number(got)
            case "(int)":
                return number(got)
            case "(str)":
                return string(got)
            case "strlen":
                return len(string(got))
            case "strempty":
                return int(string(got) == "")
        raise AssertionError(expr.op)

    def binary(self, expr: n.Binary, ctx: Any) -> Any:
        op = expr.op
        if op in ("==", "!=", "eq", "ne", "ieq", "ine") and isinstance(expr.right, n.Var) and expr.right.text == "null":
            undefined = isinstance(expr.left, n.Var) and self.value(expr.left, ctx) is None
            return int(undefined == (op in ("==", "eq", "ieq")))
        if op == "&&":
            return int(self.number(expr.left, ctx) != 0 and self.number(expr.right, ctx) != 0)
        if op == "||":
            return int(self.number(expr.left, ctx) != 0 or self.number(expr.right, ctx) != 0)
        if op in NUMERIC:
            return arithmetic(op, self.number(expr.left, ctx), self.number(expr.right, ctx))
        left = self.value(expr.left, ctx)
        if op in ("+", "==", "!=") and _is_int(expr.left):
            wanted = self.number(expr.right, ctx)
            return left + wanted if op == "+" else int((left == wanted) == (op == "=="))
        right = self.value(expr.right, ctx)
        if op == "+":
            return left + number(right) if isinstance(left, int) else string(left) + string(right)
        if op == "==" and "" in (_constant(expr.left), _constant(expr.right)):
            # the optimiser's strempty(), where the left side's type is known only at run time or is a string
            if not _is_int(expr.left):
                return int(string(right if _constant(expr.left) == "" else left) == "")
        if op in ("==", "!="):
            if isinstance(left, int) or (left is None and isinstance(right, int)):
                same = number(left) == number(right)
            else:
                same = string(left) == string(right)
            return int(same == (op == "=="))
        if op in ("eq", "ne"):
            return int((string(left) == string(right)) == (op == "eq"))
        if op == "=~":
            return int(re.search(string(right), string(left), re.I) is not None)
        raise AssertionError(op)

    def number(self, expr: n.Expr, ctx: Any) -> int:
        """The value where a number is wanted: a sum is then one of numbers, unless its left side is text as written."""
        if isinstance(expr, n.Binary) and expr.op == "+" and not _is_str(expr.left):
            return self.number(expr.left, ctx) + self.number(expr.right, ctx)
        return number(self.value(expr, ctx))


NUMERIC = frozenset("- * / mod | & ^ > < >= <= ieq ine".split())


def _is_str(expr: n.Expr) -> bool:
    """Is the type a text already when the configuration is read?"""
    if isinstance(expr, n.Binary) and expr.op == "+":
        return _is_str(expr.left)
    return isinstance(expr, n.Str) or (isinstance(expr, n.Unary) and expr.op == "(str)")


def _constant(expr: n.Expr) -> Any:
    return expr.value if isinstance(expr, n.Str) else None


def _is_int(expr: n.Expr) -> bool:
    """Is the type a number already when the configuration is read?"""
    if isinstance(expr, n.Binary) and expr.op == "+":
        return _is_int(expr.left)
    if isinstance(expr, n.Unary):
        return expr.op != "(str)"
    return isinstance(expr, n.Int | n.Call | n.RouteCall | n.Binary)


def arithmetic(op: str, left: int, right: int) -> int:
    if op in ("/", "mod"):
        if right == 0:
            raise NoValue
        quotient = int(abs(left) // abs(right)) * (1 if (left < 0) == (right < 0) else -1)
        return quotient if op == "/" else left - quotient * right
    results = {
        "-": lambda: left - right,
        "*": lambda: left * right,
        "|": lambda: left | right,
        "&": lambda: left & right,
        "^": lambda: left ^ right,
        ">": lambda: int(left > right),
        "<": lambda: int(left < right),
        ">=": lambda: int(left >= right),
        "<=": lambda: int(left <= right),
        "ieq": lambda: int(left == right),
        "ine": lambda: int(left != right),
    }
    return results[op]()
