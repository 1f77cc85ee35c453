"""Shared by the tests of the front end: short ways to parse."""

from __future__ import annotations

from collections.abc import Mapping

from olelo.script.diagnostics import Diagnostics
from olelo.script.nodes import Assign as _Assign
from olelo.script.nodes import Config, Expr, ExprStmt, If, Stmt
from olelo.script.parser import parse_text


def parse(
    text: str | bytes,
    files: Mapping[str, str] | None = None,
    defines: Mapping[str, str | None] | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[Config, Diagnostics]:
    """The configuration and what is said about it; `files` is what can be included."""

    def read(path: str) -> bytes:
        if files is None or path not in files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return files[path].encode("latin-1")

    diag = Diagnostics()
    config = parse_text(text, diag, file="/etc/k/kamailio.cfg", defines=defines, read=read, environ=environ or {})
    return config, diag


def good(text: str | bytes, **more: Mapping[str, str]) -> Config:
    """The configuration, which must be without fault."""
    config, diag = parse(text, **more)  # type: ignore[arg-type]
    assert diag.errors == []
    return config


def codes(text: str | bytes, **more: Mapping[str, str]) -> list[str]:
    """The codes of all errors."""
    return [d.code for d in parse(text, **more)[1].errors]  # type: ignore[arg-type]


def warnings(text: str | bytes) -> list[str]:
    return [d.code for d in parse(text)[1].warnings]


def statements(text: str) -> list[Stmt]:
    """The statements of a route with this body."""
    return good("request_route {\n" + text + "\n}\n").routes[0].body.body


def expression(text: str) -> Expr:
    """The right side of an assignment."""
    (stmt,) = statements(f"$var(x) = {text};")
    assert isinstance(stmt, ExprStmt)
    assert isinstance(stmt.expr, _Assign)
    return stmt.expr.value


def condition(text: str) -> Expr:
    (stmt,) = statements(f"if ({text}) exit;")
    assert isinstance(stmt, If)
    return stmt.cond


def show(node: object) -> str:
    """An expression as a line, brackets everywhere: `(a + (b * c))`."""
    from olelo.script import nodes as n

    match node:
        case n.Int(value=value):
            return str(value)
        case n.Str(value=text):
            return repr(text)
        case n.Ident(name=name) | n.CoreOperand(name=name):
            return name
        case n.Network(address=address, mask=mask):
            return f"{address}/{mask}"
        case n.Var(text=text):
            return "$" + text
        case n.Select(text=text):
            return "@" + text
        case n.Unary(op=op, operand=operand):
            return f"{op} {show(operand)}"
        case n.Binary(op=op, left=left, right=right):
            return f"({show(left)} {op} {show(right)})"
        case n.Ternary(cond=cond, yes=yes, no=no):
            return f"({show(cond)} ? {show(yes)} : {show(no)})"
        case n.Call(name=name, args=args, bare=bare):
            return name if bare else f"{name}({', '.join(show(arg) for arg in args)})"
        case n.RouteCall(target=target):
            return f"route({show(target)})"
        case n.Assign(target=target, value=value):
            return f"{show(target)} = {show(value)}"
        case n.BlockExpr(body=body):
            return "{" + "; ".join(show(stmt) for stmt in body.body) + "}"
        case n.ExprStmt(expr=expr):
            return show(expr)
        case n.Exit(value=value):
            return "exit" if value is None else f"exit {show(value)}"
        case n.Drop():
            return "drop"
        case n.Break():
            return "break"
        case n.Return(value=value):
            return "return" if value is None else f"return {show(value)}"
        case n.Block(body=statements_):
            return "{" + "; ".join(show(stmt) for stmt in statements_) + "}"
        case n.If(cond=cond, then=then, orelse=orelse):
            tail = "" if orelse is None else f" else {show(orelse)}"
            return f"if {show(cond)} {show(then)}{tail}"
        case n.While(cond=cond, body=inner):
            return f"while {show(cond)} {show(inner)}"
        case n.Switch(subject=subject, cases=cases):
            parts = []
            for case in cases:
                label = "default" if case.label is None else ("/" if case.regex else "") + show(case.label)
                parts.append(f"{label}: " + "; ".join(show(stmt) for stmt in case.body))
            return f"switch {show(subject)} [" + " | ".join(parts) + "]"
        case None:
            return "-"
        case _:
            return repr(node)
