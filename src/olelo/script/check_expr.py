"""Checks of expressions: variables, types, patterns, assignments."""

from __future__ import annotations

from olelo.script import nodes as n
from olelo.script import ops, regex
from olelo.script.catalog import Catalog
from olelo.script.diagnostics import Diagnostics
from olelo.script.pvspec import PvError, parse_pv
from olelo.script.values import ResolveError, Resolver

_INT_OPERANDS = ops.INT_BINARY | {"&&", "||", ">", "<", ">=", "<=", "ieq", "ine"}
_TYPE_NAME = {"int": "a number", "str": "a string"}


class ExprChecker:
    """Checks expressions and adds what it finds to `diag`."""

    def __init__(self, catalog: Catalog, diag: Diagnostics) -> None:
        self.catalog = catalog
        self.diag = diag
        self.resolver = Resolver(catalog)

    def expression(self, expr: n.Expr) -> None:
        """Check one expression and what is below it, except the arguments of calls (their kind depends on the call)."""
        match expr:
            case n.Var():
                self.variable(expr)
            case n.Select():
                self._select(expr)
            case n.CoreOperand():
                if expr.name not in self.catalog.operands and expr.name != "myself":
                    self.diag.error("unknown-operand", f"unknown operand {expr.name}", expr.pos)
            case n.Assign():
                self.assignment(expr)
                return
            case n.Call() | n.RouteCall() | n.BlockExpr():
                return
            case n.Unary():
                self._unary(expr)
            case n.Binary():
                self._binary(expr)
        for child in ops.children(expr):
            if not (isinstance(expr, n.Binary) and ops.is_null(child)):
                self.expression(child)

    def variable(self, expr: n.Var) -> None:
        """Check that a variable can be read."""
        try:
            self.resolver.text(expr.text)
        except ResolveError as error:
            self.resolve_error(error, n.Pos(expr.pos.file, expr.pos.line, expr.pos.col + 1), len(expr.text))
        else:
            self._elsewhere(expr.text, expr.pos)

    def format(self, text: str, pos: n.Pos) -> None:
        """Check the variables inside a string; `pos` is the opening quote."""
        inside = n.Pos(pos.file, pos.line, pos.col + 1)
        try:
            parts = self.resolver.parts(text)
        except ResolveError as error:
            self.resolve_error(error, inside)
        else:
            for part in parts:
                if not isinstance(part, str):
                    self._elsewhere(part.text.removeprefix("$"), pos)

    def resolve_error(self, error: ResolveError, start: n.Pos, length: int = 1) -> None:
        if error.modules & self.catalog.absent:
            return  # said at the loadmodule
        place = n.Pos(start.file, start.line, start.col + error.offset)
        self.diag.error(error.code, str(error), place, error.hint, max(length - error.offset, 1))

    def _elsewhere(self, text: str, pos: n.Pos) -> None:
        try:
            name = parse_pv(text).name
        except PvError:
            return
        said = self.catalog.known_elsewhere.get("$" + name)
        if said is not None and name not in self.catalog.variables:
            self.diag.warning("other-release", f"${name}: {said}", pos)

    def assignment(self, expr: n.Assign) -> None:
        """Check `target = value`: the target is a variable that can be written."""
        target = expr.target
        if not isinstance(target, n.Var):
            self.diag.error("not-assignable", "only variables can be assigned to", target.pos)
        else:
            try:
                ref = self.resolver.text(target.text)
            except ResolveError as error:
                self.resolve_error(error, n.Pos(target.pos.file, target.pos.line, target.pos.col + 1))
            else:
                if ref.set is None:
                    hint = "a transformation gives a value, it is no place" if "{" in target.text else ""
                    self.diag.error("read-only", f"{ref.text} is read-only", target.pos, hint, len(ref.text))
        self.expression(expr.value)

    def number(self, expr: n.Expr, word: str) -> None:
        """Check what `while`, `return`, `exit` and `drop` take: it cannot be a string when the file is read."""
        if ops.expr_type(expr) == "str":
            self.diag.error("type-mismatch", f"{word} takes a number, not a string", expr.pos, "use a cast: (int)")

    def condition(self, expr: n.Expr, word: str) -> None:
        """Check what is special in the condition of if or while."""
        for each in ops.walk(expr):
            if isinstance(each, n.Assign):
                self.diag.warning(
                    "assignment-in-condition", f"assignment in the condition of {word}", each.pos, "compare with =="
                )
        if ops.constant(expr) is not None and not (word == "while" and ops.expr_type(expr) != "any"):
            self.diag.warning("constant-condition", f"the condition of {word} is always the same", expr.pos)
        if word == "while":
            self.number(expr, word)
        elif ops.expr_type(expr) == "str" and not isinstance(expr, n.Select):
            self.diag.warning(
                "string-condition",
                f"a string as condition of {word} counts as its number (0 for most)",
                expr.pos,
                'compare it: .. != ""',
            )

    # --- types -----------------------------------------------------------------------------------------------

    def _unary(self, expr: n.Unary) -> None:
        kind = ops.expr_type(expr.operand)
        if expr.op in ("!", "-", "~") and kind == "str" and not isinstance(expr.operand, n.Select):
            self._mismatch(expr.operand, "str", "int")
        elif expr.op in ("strlen", "strempty") and kind == "int":
            self._mismatch(expr.operand, "int", "str")
        elif expr.op == "defined" and kind == "int":
            self.diag.error("always-defined", "a number is always defined", expr.operand.pos, "ask for a variable")

    def _binary(self, expr: n.Binary) -> None:
        op = expr.op
        if op == "=~":
            self._pattern(expr)
        if isinstance(expr.left, n.CoreOperand) and expr.left.name in ("proto", "af") and isinstance(expr.right, n.Str):
            if not expr.right.value.isdigit():
                self.diag.warning(
                    "never-equal",
                    f"{expr.left.name} is a number: it never equals a string",
                    expr.right.pos,
                    f"without quotes: {expr.left.name}{op}{expr.right.value.upper()}",
                )
        if isinstance(expr.left, n.CoreOperand) or isinstance(expr.right, n.CoreOperand) or ops.is_null(expr.right):
            return
        if isinstance(expr.left, n.Ident) or isinstance(expr.right, n.Ident | n.Network):
            return
        left, right = ops.expr_type(expr.left), ops.expr_type(expr.right)
        if op in _INT_OPERANDS:
            for side, kind in ((expr.left, left), (expr.right, right)):
                if kind == "str":
                    self._mismatch(side, "str", "int")
                    return
            if op in ("/", "mod") and ops.constant(expr.right) == 0:
                self.diag.warning("division-by-zero", "division by 0", expr.right.pos)
        elif left == "int" and right == "str":
            self._mismatch(expr.right, "str", "int")
        elif left == "int" and op in ("=~", "eq", "ne"):
            self._mismatch(expr.left, "int", "str")

    def _mismatch(self, expr: n.Expr, found: str, wanted: str) -> None:
        self.diag.error(
            "type-mismatch",
            f"{_TYPE_NAME[found]} where {_TYPE_NAME[wanted]} is wanted",
            expr.pos,
            f"use a cast: ({wanted})",
        )

    def _pattern(self, expr: n.Binary) -> None:
        pattern = ops.constant(expr.right)
        if isinstance(pattern, str):
            self.pattern(pattern, expr.right.pos)

    def pattern(self, pattern: str, pos: n.Pos) -> None:
        """Check a regular expression."""
        try:
            regex.posix(pattern)
        except ValueError as error:
            self.diag.error("bad-regex", f"bad regular expression {pattern!r}: {error}", pos)
            return
        if "\\d" in pattern:
            self.diag.warning("regex-digit", "\\d matches no digits: these are POSIX expressions", pos, "use [0-9]")

    def _select(self, expr: n.Select) -> None:
        if self.catalog.select is None:
            self.diag.error("unknown-select", f"select @{expr.text} is not available", expr.pos)
            return
        try:
            self.catalog.select(expr.text)
        except ValueError as error:
            self.diag.error("unknown-select", f"@{expr.text}: {error}", expr.pos)
