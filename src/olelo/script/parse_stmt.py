"""Statements: if, switch, while, assignments, calls; and going on behind a mistake."""

from __future__ import annotations

from olelo.script import nodes as n
from olelo.script.cursor import Problem, describe
from olelo.script.lexer import EOF, ID, NUM, OP, RAW, STR
from olelo.script.parse_expr import Expressions

_TOP_WORDS = frozenset(
    (
        "route",
        "request_route",
        "reply_route",
        "onreply_route",
        "failure_route",
        "branch_route",
        "onsend_route",
        "event_route",
    )
)
_TOP_ONLY = frozenset(("loadmodule", "modparam", "loadpath", "mpath"))


class Statements(Expressions):
    """Parses what stands in routes."""

    route_pos: n.Pos | None = None  # of the route being read, for braces that never close
    route_title = ""

    def parse_block(self) -> n.Block:
        """`{ .. }`; mistakes in one statement do not hide those in the next."""
        cursor = self.cursor
        start = cursor.take()
        block = n.Block(start.pos, [])
        while not cursor.at("}"):
            token = cursor.peek()
            if token.kind == EOF or self._route_begins():
                where = self.route_title or "this block"
                raise Problem(
                    "missing-brace",
                    f"the {{ of {where} is never closed",
                    start.pos,
                    "a } is missing before " + describe(token),
                )
            self._statement_into(block.body)
        cursor.take()
        return block

    block = parse_block

    def _statement_into(self, body: list[n.Stmt]) -> None:
        cursor = self.cursor
        try:
            stmt = self.statement()
        except Problem as problem:
            if problem.code == "missing-brace":
                raise
            cursor.report(problem)
            self._recover()
            return
        if stmt is not None:
            body.append(stmt)

    def _recover(self) -> None:
        """Go on behind the statement that could not be read: its `;`, or before the `}` that ends its block."""
        cursor = self.cursor
        line = cursor.peek().pos.line
        depth = 0
        while True:
            token = cursor.peek()
            if token.kind == EOF or self._route_begins():
                return
            if depth == 0 and cursor.last is not None and token.pos.line > line and token.kind == ID:
                return
            if token.kind == OP:
                if token.text == "{":
                    depth += 1
                elif token.text == "}":
                    if depth == 0:
                        return
                    depth -= 1
                    if depth == 0:
                        cursor.take()
                        return
                elif token.text == ";" and depth == 0:
                    cursor.take()
                    return
            cursor.take()

    def _route_begins(self) -> bool:
        """Does a new top-level route begin here? Then a brace before it was never closed."""
        token = self.cursor.peek()
        if token.kind != ID or token.text not in _TOP_WORDS or token.pos.col != 1:
            return False
        following = self.cursor.peek(1)
        return following.kind == OP and following.text in ("[", "{")

    def statement(self) -> n.Stmt | None:
        """One statement; None for an empty one."""
        cursor = self.cursor
        token = cursor.peek()
        if token.kind == OP:
            if token.text == ";":
                cursor.take()
                return None
            if token.text == "{":
                return self.parse_block()
        if token.kind == ID:
            if token.text == "if":
                return self._if()
            if token.text == "switch":
                return self._switch()
            if token.text == "while":
                return self._while()
            if token.text in ("return", "exit", "drop", "break"):
                return self._leave()
            if token.text == "else":
                raise Problem("else-alone", "else without if", token.pos, "a ; or } before it ends the if", 4)
            if token.text in ("case", "default"):
                raise Problem("case-alone", f"{token.text} outside of switch", token.pos, length=len(token.text))
            if token.text in _TOP_ONLY:
                raise Problem(
                    "top-level-only",
                    f"{token.text} cannot stand inside a route",
                    token.pos,
                    "a } is missing before it, or it belongs above the routes",
                    len(token.text),
                )
        expr = self.expression()
        if cursor.at("="):
            equals = cursor.take()
            if not isinstance(expr, n.Var | n.Select):
                raise Problem("not-assignable", "only a variable can be assigned to", expr.pos)
            expr = n.Assign(equals.pos, expr, self.expression())
            expr.pos = token.pos
        if not isinstance(expr, n.Call | n.RouteCall | n.Assign | n.BlockExpr):
            if isinstance(expr, n.Ident):
                raise Problem(
                    "not-a-statement",
                    f"{expr.name} does nothing by itself",
                    expr.pos,
                    f"{expr.name}() calls a function",
                    len(expr.name),
                )
            raise Problem("not-a-statement", "this value is not used for anything", expr.pos)
        self._semicolon(expr)
        return n.ExprStmt(token.pos, expr)

    def _semicolon(self, expr: n.Expr) -> None:
        cursor = self.cursor
        if cursor.accept(";"):
            return
        if isinstance(expr, n.Assign) and isinstance(expr.value, n.BlockExpr):
            return
        what = {n.Assign: "the assignment", n.RouteCall: "route(..)"}.get(type(expr), "")
        if isinstance(expr, n.Call):
            what = f"{expr.name}" if expr.bare else f"{expr.name}(..)"
        problem = cursor.missing(";", what or "the statement")
        token = cursor.peek()
        if token.kind == OP and token.text not in ("}", "{"):
            raise problem
        cursor.report(problem)  # what follows is a statement of its own

    def _if(self) -> n.If:
        cursor = self.cursor
        start = cursor.take()
        cond = self.condition()
        then = self._body("if")
        orelse = None
        if cursor.at("else"):
            cursor.take()
            orelse = self._body("else")
        return n.If(start.pos, cond, then, orelse)

    def _body(self, word: str) -> n.Stmt | None:
        cursor = self.cursor
        token = cursor.peek()
        if token.kind == EOF or cursor.at("}"):
            raise cursor.missing("{", f"the condition of {word}" if word != "else" else "else")
        if cursor.at(")"):
            raise Problem("extra-token", "one ) too many", token.pos)
        return self.statement()

    def _while(self) -> n.While:
        start = self.cursor.take()
        return n.While(start.pos, self.condition(), self._body("while"))

    def _switch(self) -> n.Switch:
        cursor = self.cursor
        start = cursor.take()
        subject = self.expression()
        switch = n.Switch(start.pos, subject)
        cursor.expect("{", "the value of switch")
        seen_default = False
        while not cursor.accept("}"):
            token = cursor.peek()
            if token.kind == EOF or self._route_begins():
                raise Problem("missing-brace", "the { of this switch is never closed", start.pos)
            if cursor.accept("case"):
                regex = bool(cursor.accept("/"))
                if cursor.peek().kind not in (NUM, STR, RAW, ID) and not cursor.at("-"):
                    raise cursor.unexpected("a constant after case")
                label: n.Expr | None = self.expression()
                cursor.expect(":", "the value of case")
                switch.cases.append(n.Case(token.pos, label, regex))
            elif cursor.accept("default"):
                if seen_default:
                    raise Problem("default-twice", "a second default", token.pos, length=7)
                seen_default = True
                cursor.expect(":", "default")
                switch.cases.append(n.Case(token.pos, None, False))
            else:
                raise cursor.unexpected("case, default or }")
            body = switch.cases[-1].body
            while not cursor.at("case", "default", "}") and cursor.peek().kind != EOF and not self._route_begins():
                self._statement_into(body)
        return switch

    def _leave(self) -> n.Stmt:
        """return, exit, drop, break; with or without parentheses and value."""
        cursor = self.cursor
        token = cursor.take()
        value: n.Expr | None = None
        if token.text == "break":
            self._end(token.text)
            return n.Break(token.pos)
        if cursor.at("(") and cursor.peek(1).text == ")":
            cursor.take()
            cursor.take()
        elif not cursor.at(";", "}") and cursor.peek().kind != EOF and cursor.peek().pos.line == token.pos.line:
            value = self.expression()
        self._end(token.text)
        if token.text == "return":
            return n.Return(token.pos, value)
        return n.Exit(token.pos, value) if token.text == "exit" else n.Drop(token.pos, value)

    def _end(self, word: str) -> None:
        if not self.cursor.accept(";"):
            self.cursor.report(self.cursor.missing(";", word))
