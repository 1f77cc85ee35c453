"""What can be said about an expression before it runs: its constant value, its type, what it may do.

Shared by check and codegen. Types are Kamailio's guesses (core/rvalue.c): "int", "str", or "any" where only the
value at run time tells.
"""

from __future__ import annotations

from collections.abc import Iterator

from olelo.script import nodes as n
from olelo.script import runtime
from olelo.script.catalog import Value

INT_BINARY = frozenset(("-", "*", "/", "mod", "|", "&", "^", "<<", ">>"))
BOOL_BINARY = frozenset(("||", "&&", "==", "!=", "=~", ">", "<", ">=", "<=", "eq", "ne", "ieq", "ine"))
EQUALITY = frozenset(("==", "!=", "=~", "eq", "ne", "ieq", "ine"))

#: Names of numbers that `proto==` and `af==` take, for scripts that compare with the number.
PROTO_NUMBERS = {1: "udp", 2: "tcp", 3: "tls", 4: "sctp", 5: "ws", 6: "wss"}


def is_null(expr: n.Expr) -> bool:
    """Is this `$null`?"""
    return isinstance(expr, n.Var) and expr.text in ("null", "(null)")


def expr_type(expr: n.Expr) -> str:
    """Type of an expression: "int", "str" or "any"."""
    match expr:
        case n.Int() | n.Call() | n.RouteCall() | n.BlockExpr() | n.CoreOperand():
            return "int"
        case n.Str() | n.Select() | n.Ident() | n.Network():
            return "str"
        case n.Unary(op=op):
            return "str" if op == "(str)" else "int"
        case n.Binary(op="+"):
            return expr_type(expr.left)
        case n.Binary():
            return "int"
        case n.Assign():
            return "int"
    return "any"


def constant(expr: n.Expr) -> Value:
    """The value of a constant expression; None where it is not constant (no constant is $null)."""
    match expr:
        case n.Int():
            return expr.value
        case n.Str():
            return expr.value
        case n.Unary(op=op, operand=operand):
            inner = constant(operand)
            return None if inner is None else _unary(op, inner)
        case n.Binary(op=op):
            left = constant(expr.left)
            right = None if left is None else constant(expr.right)
            if left is None or right is None:
                return None
            try:
                return _binary(op, left, right)
            except runtime.EvalError:
                return None
    return None


def _unary(op: str, value: Value) -> Value:
    match op:
        case "!":
            return int(not runtime.to_int(value))
        case "-":
            return -runtime.to_int(value)
        case "~":
            return ~runtime.to_int(value)
        case "(int)":
            return runtime.to_int(value)
        case "(str)":
            return runtime.to_str(value)
        case "strlen":
            return len(runtime.to_str(value))
        case "strempty":
            return int(not runtime.to_str(value))
        case "defined":
            return 1
    return None


def _binary(op: str, left: Value, right: Value) -> Value:
    to_int, to_str = runtime.to_int, runtime.to_str
    match op:
        case "+":
            return runtime.add(left, right)
        case "==" | "!=":
            return int(runtime.equal(left, right) == (op == "=="))
        case "eq" | "ne":
            return int((to_str(left) == to_str(right)) == (op == "eq"))
        case "ieq" | "ine":
            return int((to_int(left) == to_int(right)) == (op == "ieq"))
        case "=~":
            return int(runtime.match(to_str(left), to_str(right)))
        case "&&":
            return int(bool(to_int(left) and to_int(right)))
        case "||":
            return int(bool(to_int(left) or to_int(right)))
        case ">":
            return int(to_int(left) > to_int(right))
        case "<":
            return int(to_int(left) < to_int(right))
        case ">=":
            return int(to_int(left) >= to_int(right))
        case "<=":
            return int(to_int(left) <= to_int(right))
        case "-":
            return to_int(left) - to_int(right)
        case "*":
            return runtime.multiply(to_int(left), to_int(right))
        case "/":
            return runtime.divide(to_int(left), to_int(right))
        case "mod":
            return runtime.modulo(to_int(left), to_int(right))
        case "|":
            return to_int(left) | to_int(right)
        case "&":
            return to_int(left) & to_int(right)
        case "^":
            return to_int(left) ^ to_int(right)
        case "<<":
            return runtime.shift_left(to_int(left), to_int(right))
        case ">>":
            return runtime.shift_right(to_int(left), to_int(right))
    return None


def children(expr: n.Expr) -> Iterator[n.Expr]:
    """The operands of an expression (not the statements of a block)."""
    match expr:
        case n.Unary():
            yield expr.operand
        case n.Binary():
            yield expr.left
            yield expr.right
        case n.Ternary():
            yield expr.cond
            yield expr.yes
            yield expr.no
        case n.Call():
            yield from expr.args
        case n.RouteCall():
            yield expr.target
        case n.Assign():
            yield expr.target
            yield expr.value


def walk(expr: n.Expr) -> Iterator[n.Expr]:
    """The expression and everything below it."""
    waiting = [expr]
    while waiting:
        each = waiting.pop()
        yield each
        waiting.extend(reversed(list(children(each))))


def acts(expr: n.Expr) -> bool:
    """Does the expression do something (call, assign), so that its place in the order of things matters?"""
    return any(isinstance(e, n.Call | n.RouteCall | n.Assign | n.BlockExpr) for e in walk(expr))


def may_fail(expr: n.Expr) -> bool:
    """May the expression have no value: division by something not known, a pattern made at run time?"""
    for each in walk(expr):
        if isinstance(each, n.Binary):
            if each.op in ("/", "mod") and not constant(each.right):
                return True
            if each.op == "=~" and not isinstance(each.left, n.CoreOperand) and constant(each.right) is None:
                if not is_null(each.right):
                    return True
    return False


def statements(stmt: n.Stmt | None) -> Iterator[n.Stmt]:
    """The statement and everything nested in it, in file order; blocks used as values included."""
    if stmt is None:
        return
    yield stmt
    match stmt:
        case n.Block():
            for each in stmt.body:
                yield from statements(each)
        case n.If():
            yield from statements(stmt.then)
            yield from statements(stmt.orelse)
        case n.While():
            yield from statements(stmt.body)
        case n.Switch():
            for case in stmt.cases:
                for each in case.body:
                    yield from statements(each)
    for top in own_expressions(stmt):
        for expr in walk(top):
            if isinstance(expr, n.BlockExpr):
                yield from statements(expr.body)


def own_expressions(stmt: n.Stmt) -> list[n.Expr]:
    """The expressions that belong to the statement itself."""
    match stmt:
        case n.ExprStmt():
            return [stmt.expr]
        case n.If() | n.While():
            return [stmt.cond]
        case n.Switch():
            return [stmt.subject]
        case n.Return() | n.Exit() | n.Drop():
            return [stmt.value] if stmt.value is not None else []
    return []


def expressions(stmt: n.Stmt | None) -> Iterator[n.Expr]:
    """Every expression in a statement, nested ones included."""
    for each in statements(stmt):
        for top in own_expressions(each):
            yield from walk(top)


def ends_route(stmt: n.Stmt) -> bool:
    """Does nothing run after this statement in its block?"""
    return isinstance(stmt, n.Return | n.Exit | n.Drop | n.Break)
