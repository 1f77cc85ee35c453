"""Statements: blocks, if, switch, while, assignments, calls."""

from __future__ import annotations

from olelo.script.nodes import (
    Binary,
    Block,
    Break,
    Case,
    Drop,
    Exit,
    Expr,
    ExprStmt,
    If,
    Int,
    Pos,
    Return,
    Stmt,
    Str,
    Switch,
    Unary,
    While,
)
from olelo.script.parse_base import MAX_LOGIC, Open, Syntax, Unwind
from olelo.script.parse_expr import ExpressionParser
from olelo.script.tokens import COMMAND_WORDS, EOF, ID, OP, PVAR, ROUTE_WORDS, STATEMENT_WORDS, WORD, Token

_ELSE_IF = frozenset({"elseif", "elsif", "elif"})


class StatementParser(ExpressionParser):
    """Reads what stands in route blocks."""

    # --- blocks ---------------------------------------------------------------------------------------------

    def braces(self, label: str, empty: bool = False) -> Block:
        """`{ actions }`, at the `{`. A block without actions is worth a warning, unless `empty`."""
        opened = self.tok
        block = Block(opened.pos)
        self.blocks.append(Open(label, opened.pos, self.indent))
        self.advance()
        self.fill(block)
        if self.prev is opened and not empty:
            self.empty_block(label, opened.pos)
        self.close()
        return block

    def empty_block(self, label: str, pos: Pos) -> None:
        """Kamailio 5.6 takes no empty block; here it is harmless, and said in case the file is to run there."""
        self.diag.warning("empty-block", f"{label} is empty, which Kamailio refuses", pos, "put a ; inside: { ; }")

    def fill(self, block: Block) -> None:
        """Read actions up to the `}`, with recovery. Raises Unwind where the route ends without it."""
        while not self.is_op("}"):
            if self.tok.kind == EOF or self.starts_top_level():
                self.unclosed()
            self._statement_into(block.body)

    def _statement_into(self, body: list[Stmt]) -> None:
        start, depth, blocks = self.at, self.depth, len(self.blocks)
        try:
            stmt = self.action()
            if stmt is not None:
                body.append(stmt)
        except Syntax:
            self.depth, self.condition, self.calling = depth, "", ""
            del self.blocks[blocks:]
            self.recover(start)

    def close(self) -> None:
        """Step over the `}` of the innermost block, noting whether its column fits."""
        block = self.blocks.pop()
        token = self.tok
        if token.first and not self.suspect and token.pos.col != block.indent and block.pos.line != token.pos.line:
            label = block.label if " of line " in block.label else f"{block.label} of line {block.pos.line}"
            self.suspect = f'the "}}" in line {token.pos.line} closes {label}, but is indented otherwise'
            self.suspect_pos = block.pos
        self.advance()

    def unclosed(self) -> None:
        """The file or the next route begins while braces are open."""
        if self.headless:
            raise Unwind
        outer, inner = self.blocks[0], self.blocks[-1]
        where = "at the end of the file" if self.tok.kind == EOF else f"when {self.tok.text} begins"
        where += "" if self.tok.kind == EOF else f" in line {self.tok.pos.line}"
        hint = self.suspect or (
            f"{inner.label} of line {inner.pos.line} is still open" if inner is not outer else "its { is never closed"
        )
        self.report(
            "unclosed-route",
            f'{outer.label} is not closed {where}: a "}}" is missing',
            self.suspect_pos if self.suspect else outer.pos,
            hint,
        )
        raise Unwind

    # --- statements -----------------------------------------------------------------------------------------

    def action(self) -> Stmt | None:
        """One statement with its `;`. None for a lone `;`."""
        token = self.tok
        if token.kind == OP:
            if token.text == ";":
                self.advance()
                return None
            return self._stray_op(token)
        if token.kind == PVAR:
            return self._assign(token)
        if token.kind == ID:
            if self.next_is("("):
                if token.text in _ELSE_IF:
                    self.report("no-else", f'"{token.text}" must be written "else if"', token.pos, "", len(token.text))
                    return self.if_statement(token)
                call = self.call()
                self.expect_semicolon("call")
                return ExprStmt(token.pos, call)
            self._bad_word(token)
        if token.kind == WORD:
            return self._word_statement(token)
        self.unexpected("a statement")

    def _word_statement(self, token: Token) -> Stmt | None:
        word = token.text
        if word == "if":
            return self.if_statement(token)
        if word == "switch":
            return self.switch()
        if word == "while":
            return self.while_statement()
        if word in STATEMENT_WORDS:
            return self.jump(token)
        if word == "route" and self.next_is("("):
            call = self.route_call()
            self.expect_semicolon("call")
            return ExprStmt(token.pos, call)
        if word in COMMAND_WORDS and not self.next_is("="):
            command = self.command()
            self.expect_semicolon("command")
            return ExprStmt(token.pos, command)
        if word == "else":
            hint = 'a ";" or a second statement between the if and its else ends the if'
            self.fail("else-without-if", '"else" without "if"', token.pos, hint, 4)
        if word in ("case", "default"):
            self.fail("case-outside", f'"{word}" outside of a switch', token.pos, length=len(word))
        if self.next_is("="):
            self.fail(
                "parameter-in-route", f'"{word}" is a parameter and cannot be set inside a route', token.pos,
                "move it to the top of the file, or write a variable with its $", len(word),
            )  # fmt: skip
        if word in ROUTE_WORDS:
            self.unexpected("a statement", "a route is called with route(NAME)")
        self.unexpected("a statement")

    def _stray_op(self, token: Token) -> Stmt | None:
        if token.text == "{":
            self.report("bare-block", "a block needs an if, switch or while before it", token.pos)
            self.enter()
            self.braces("the block", empty=True)
            self.depth -= 1
            return None
        if token.text == ")":
            self.fail("stray-parenthesis", 'this ")" closes nothing', token.pos)
        self.unexpected("a statement")

    def _bad_word(self, token: Token) -> None:
        following = self.ahead()
        width = len(token.text)
        if following.kind == OP and following.text == "=":
            self.fail(
                "missing-dollar", f'"{token.text}" is no variable', token.pos,
                f"write $var({token.text}) = ...", width,
            )  # fmt: skip
        if following.kind == OP and following.text == "." and self.ahead(2).kind in (ID, WORD):
            self.fail(
                "parameter-in-route", f'"{token.text}.{self.ahead(2).text}" cannot be set inside a route', token.pos,
                "move it to the top of the file", width,
            )  # fmt: skip
        self.fail(
            "missing-parenthesis", f'"(" expected after "{token.text}"', token.end,
            f"a function is called with {token.text}(...)",
        )  # fmt: skip

    def _assign(self, token: Token) -> Stmt:
        following = self.ahead()
        if following.kind == OP and following.text == "=":
            if self.next_is("=", 2) and self.ahead(2).pos == following.end:
                self.advance()
                self.unexpected("")
            node = self.assignment()
            if self.is_op("="):
                self.fail("unexpected", 'one "=" is allowed in an assignment', self.tok.pos)
            self.expect_semicolon("assignment")
            return ExprStmt(token.pos, node)
        self.advance()
        if following.kind == OP and following.text == "==":
            self.fail("comparison-as-statement", '"==" compares; to assign, write "="', following.pos, length=2)
        if following.kind == OP and following.text in ("+", "-") and self.next_is(following.text):
            sign = following.text
            self.fail(
                "no-such-operator", f'there is no "{sign}{sign}"', following.pos,
                f"write ${token.text} = ${token.text} {sign} 1", 2,
            )  # fmt: skip
        if following.kind == OP and following.text in ("-", "+", "*", "/", "|", "&") and self.next_is("="):
            sign = following.text
            self.fail(
                "no-such-operator", f'there is no "{sign}="', following.pos,
                f"write ${token.text} = ${token.text} {sign} ...", 2,
            )  # fmt: skip
        if following.kind == OP and following.text == "[":
            self.fail(
                "bad-index", f"an index belongs inside the variable: $({token.text}[...])", following.pos,
            )  # fmt: skip
        if following.first or (following.kind == OP and following.text in ";}"):
            self.fail(
                "useless-statement", f'"${token.text}" alone does nothing', token.pos, "an assignment needs =",
                len(token.text) + 1,
            )  # fmt: skip
        self.unexpected('"="')

    def jump(self, token: Token) -> Stmt:
        """return, exit, drop, break."""
        self.advance()
        pos = token.pos
        if token.text == "break":
            self.expect_semicolon("break")
            return Break(pos)
        value: Expr | None = None
        if self.is_op("(") and self.next_is(")"):
            self.advance()
            self.advance()
        elif not self.is_op(";") and not self.tok.first and not self.is_op("}"):
            value = self.expr()
        self.expect_semicolon(token.text)
        if token.text == "return":
            return Return(pos, value)
        return Exit(pos, value) if token.text == "exit" else Drop(pos, value)

    # --- if and while ---------------------------------------------------------------------------------------

    def if_statement(self, first: Token) -> If:
        """`if c stm [else stm]`; a chain of `else if` is read in a loop, so that its length does not nest."""
        head: If | None = None
        last: If | None = None
        token = first
        count = 0
        while True:
            count += 1
            if count > MAX_LOGIC:
                self.fail("too-deep", f"more than {MAX_LOGIC} times else if", token.pos, "a switch may say it shorter")
            indent = self.indent
            self.advance()
            cond = self.condition_of("if", token)
            node = If(token.pos, cond, self.body(f'the "if" of line {token.pos.line}', "if", indent))
            if last is None:
                head = node
            else:
                last.orelse = node
            last = node
            if not self.is_word("else"):
                break
            indent = self.indent
            self.advance()
            if self.is_word("if"):
                token = self.tok
                continue
            last.orelse = self.body(f'the "else" of line {self.prev.pos.line}', "else", indent)
            break
        assert head is not None
        return head

    def condition_of(self, word: str, token: Token) -> Expr:
        """The expression of if, while or switch. A fault in it costs the condition, not the body."""
        if self.is_op("{") or self.is_op(";"):
            self.report("missing-condition", f'"{word}" needs a condition', token.pos, f"{word} (...) {{", len(word))
            return Int(token.pos, 1)
        start, depth = self.at, self.depth
        self.condition = word
        try:
            value = self.expr()
            if self.tok.kind == OP and self.tok.text == ")":
                self.fail("stray-parenthesis", 'this ")" closes nothing', self.tok.pos)
            if self.tok.kind == OP and self.tok.text not in "{;}" and not self.tok.first:
                self.unexpected('an operator or "{"')
        except Syntax:
            self.depth, self.calling = depth, ""
            if not self._to_brace(start):
                raise
            value = Int(token.pos, 1)
        finally:
            self.condition = ""
        return value

    def _to_brace(self, start: int) -> bool:
        """Step to the `{` that begins the body after a faulty condition, if there is one soon."""
        line = self.tokens[start].pos.line
        while not self.is_op("{"):
            if self.tok.kind == EOF or self.starts_top_level() or (self.is_op("}") and not self.stray_brace()):
                return False
            if self.tok.kind == OP and self.tok.text == ";":
                return False
            if self.tok.first and self.tok.kind == WORD and self.tok.text in STATEMENT_WORDS:
                return False
            if self.tok.pos.line > line + 20:
                return False
            self.advance()
        return True

    def body(self, label: str, word: str, indent: int) -> Stmt | None:
        """`{ actions }` or one action. indent: the column that the statement's line begins at."""
        if self.is_op("{"):
            self.enter()
            block = self.braces(label)
            self.depth -= 1
            return block
        if self.tok.kind == EOF or self.is_op("}"):
            self.missing("{", f"{word} needs a statement or a block")
            return None
        token, after = self.tok, self.prev.end
        self.enter()
        stmt = self.action()
        self.depth -= 1
        if token.first and self.tok.first and token.pos.col > indent and self.lost is None:
            column = self.tok.pos.col
            closes = self.is_op("}") and column == indent and self.blocks and self.blocks[-1].indent < indent
            if column == token.pos.col or closes:
                self.lost = after, label
        return stmt

    def while_statement(self) -> While:
        indent = self.indent
        token = self.advance()
        cond = self.condition_of("while", token)
        return While(token.pos, cond, self.body(f'the "while" of line {token.pos.line}', "while", indent))

    # --- switch ---------------------------------------------------------------------------------------------

    def switch(self) -> Switch:
        token = self.advance()
        subject = self.condition_of("switch", token)
        node = Switch(token.pos, subject)
        if not self.is_op("{"):
            self.unexpected('"{" after the switch')
        self.enter()
        self.blocks.append(Open(f'the "switch" of line {token.pos.line}', self.tok.pos, self.indent))
        self.advance()
        while not self.is_op("}"):
            if self.tok.kind == EOF or self.starts_top_level():
                self.unclosed()
            if self.is_word("case") or self.is_word("default"):
                node.cases.append(self.case())
                continue
            start = self.at
            self.report(
                "outside-case", "a statement in a switch must stand after a case or default label", self.tok.pos
            )
            while not (self.is_op("}") or self.is_word("case") or self.is_word("default")):
                if self.tok.kind == EOF or self.starts_top_level():
                    self.unclosed()
                self._statement_into([])
            if self.at == start:
                self.advance()
        self.close()
        self.depth -= 1
        self._check_cases(node)
        return node

    def case(self) -> Case:
        token = self.advance()
        node = Case(token.pos, None, False)
        start = self.at
        try:
            if token.text == "case":
                if self.accept("/"):
                    node.regex = True
                node.label = self._constant(self.expr())
            if not self.accept(":"):
                if self.tok.first or (self.tok.kind == OP and self.tok.text in "{};") or self.is_word("break"):
                    self.missing(":", f"a {token.text} label ends with a colon")
                else:
                    self.unexpected('":"')
        except Syntax:
            if self.at == start:
                self.advance()
            self._after_label()
            node.label = node.label or Int(token.pos, 0)
        while not (self.is_op("}") or self.is_word("case") or self.is_word("default")):
            if self.tok.kind == EOF or self.starts_top_level():
                self.unclosed()
            self._statement_into(node.body)
        return node

    def _after_label(self) -> None:
        """Step over the rest of a faulty label."""
        while not self.accept(":"):
            if self.tok.first or self.tok.kind == EOF or (self.tok.kind == OP and self.tok.text in "{};"):
                return
            self.advance()

    def _constant(self, label: Expr) -> Expr:
        value = fold(label)
        if value is None:
            self.report("not-constant", "a case label must be a constant", label.pos, "use if and else if instead")
            return Int(label.pos, 0)
        if isinstance(label, (Int, Str)):
            return label
        return Int(label.pos, value) if isinstance(value, int) else Str(label.pos, value)

    def _check_cases(self, node: Switch) -> None:
        defaults = [case for case in node.cases if case.label is None]
        if len(defaults) > 1:
            self.report(
                "second-default", 'a switch has one "default"', defaults[1].pos,
                f"the first is in line {defaults[0].pos.line}", 7,
            )  # fmt: skip
        labels = [case for case in node.cases if case.label is not None]
        for case in labels[1:]:
            if isinstance(case.label, Int) is not isinstance(labels[0].label, Int):
                assert case.label is not None
                self.report(
                    "mixed-cases", "numbers and strings are mixed in the labels of one switch", case.label.pos,
                    f"the first label is in line {labels[0].pos.line}",
                )  # fmt: skip
                return


def fold(expr: Expr) -> int | str | None:
    """The value of a constant expression, None where it is not constant (or cannot be computed)."""
    if isinstance(expr, Int):
        return expr.value
    if isinstance(expr, Str):
        return expr.value
    if isinstance(expr, Unary):
        value = fold(expr.operand)
        if isinstance(value, int):
            return {"-": -value, "~": ~value, "!": int(not value), "(int)": value}.get(expr.op)
        return None
    if isinstance(expr, Binary):
        left, right = fold(expr.left), fold(expr.right)
        if isinstance(left, str) and isinstance(right, str) and expr.op == "+":
            return left + right
        if isinstance(left, int) and isinstance(right, int):
            return _fold_int(expr.op, left, right)
    return None


def _fold_int(op: str, a: int, b: int) -> int | None:
    match op:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/":
            return int(a / b) if b and abs(a) < 1 << 53 else None
        case "|":
            return a | b
        case "&":
            return a & b
        case "^":
            return a ^ b
        case "<<":
            return a << b if 0 <= b < 64 else None
        case ">>":
            return a >> b if 0 <= b < 64 else None
        case _:
            return None
