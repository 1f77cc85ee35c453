"""Expressions: operands, operators, calls."""

from __future__ import annotations

from typing import NoReturn

from olelo.script.grammar import (
    BARE_COMMANDS,
    BINARY,
    COMMANDS,
    COMPARE_LEVEL,
    COMPARE_OPS,
    EQUAL_LEVEL,
    EQUAL_OPS,
    INT_OPERANDS,
    IP_OPERANDS,
    PROTO_OPERANDS,
    URI_OPERANDS,
    takes,
)
from olelo.script.nodes import (
    Assign,
    Binary,
    Block,
    BlockExpr,
    Call,
    CoreOperand,
    Expr,
    Ident,
    Int,
    RouteCall,
    Select,
    Str,
    Ternary,
    Unary,
    Var,
)
from olelo.script.parse_addr import AddressParser
from olelo.script.parse_base import MAX_CHAIN, MAX_LOGIC
from olelo.script.tokens import (
    COMMAND_WORDS,
    EOF,
    ID,
    INET6_WORDS,
    INET_WORDS,
    NUMBER,
    OP,
    OPERANDS,
    OPERATOR_WORDS,
    PROTO_WORDS,
    PVAR,
    ROUTE_WORDS,
    SELECT,
    STATEMENT_WORDS,
    STRING,
    WORD,
    Token,
    describe,
)

_UNARY = {"!": "!", "~": "~", "-": "-", "(int)": "(int)", "(str)": "(str)"}


class ExpressionParser(AddressParser):
    """Reads expressions; statements, which a `{ }` in an expression holds, are the subclass's."""

    calling: str = ""  # the module function whose arguments are being read

    def braces(self, label: str, empty: bool = False) -> Block:
        """`{ actions }` (parse_stmt.py); empty: without a word about having none."""
        raise NotImplementedError

    # --- operators ------------------------------------------------------------------------------------------

    def operator(self) -> str:
        """The binary operator at hand, normalised, or ""."""
        token = self.tok
        if token.kind == OP:
            return token.text if token.text in BINARY else ""
        if token.kind == WORD:
            op = OPERATOR_WORDS.get(token.text, "")
            return op if op in BINARY else ""
        return ""

    def expr(self, minimum: int = 0) -> Expr:
        """An expression of operators that bind tighter than `minimum`."""
        left = self.unary()
        count = 0
        while True:
            op = self.operator()
            level = BINARY.get(op, 0)
            if level <= minimum:
                return left
            token = self.advance()
            count += 1
            if count > (MAX_LOGIC if op in ("&&", "||") else MAX_CHAIN):
                self.fail(
                    "too-deep", f"more than {count - 1} operators in a row", token.pos,
                    "give parts of it to variables first", len(token.text),
                )  # fmt: skip
            if self.tok.kind == OP and self.tok.text == "=" and self.tok.pos == token.end:
                self.fail(
                    "no-such-operator", f'there is no operator "{token.text}="', token.pos,
                    '"==" compares' if token.text == "==" else "", len(token.text) + 1,
                )  # fmt: skip
            left = Binary(left.pos, op, left, self.expr(level))

    def unary(self) -> Expr:
        """An operand with what stands before it: `! - ~ (int) (str) defined`."""
        token = self.tok
        op = ""
        if token.kind == OP:
            op = _UNARY.get(token.text, "")
        elif token.kind == WORD and token.text in ("not", "defined"):
            op = "!" if token.text == "not" else "defined"
        if not op:
            return self.operand()
        if op == "-" and self.ahead().kind == NUMBER:
            self.advance()
            number = self.advance()
            return Int(token.pos, -number.number, "-" + number.text if _differs(number) else "")
        self.enter()
        self.advance()
        node = Unary(token.pos, op, self.unary())
        self.depth -= 1
        return node

    # --- operands -------------------------------------------------------------------------------------------

    def operand(self) -> Expr:
        token = self.tok
        kind = token.kind
        if kind == PVAR:
            self.advance()
            return Var(token.pos, token.text)
        if kind == STRING:
            if token.joined and self.calling:
                self.diag.warning(
                    "joined-strings", f"two strings side by side are one argument of {self.calling}()", token.pos,
                    "is a comma missing between them?",
                )  # fmt: skip
            self.advance()
            return Str(token.pos, token.text)
        if kind == NUMBER:
            if self.at_ipv4():
                self.fail(
                    "bare-address", "an address must be quoted here", token.pos,
                    "only src_ip, dst_ip and their like take it bare", len(token.text),
                )  # fmt: skip
            self.advance()
            return Int(token.pos, token.number, token.text if _differs(token) else "")
        if kind == SELECT:
            self.advance()
            return Select(token.pos, token.text)
        if kind == OP:
            return self._bracketed(token)
        if kind == WORD:
            return self._word(token)
        if kind == ID:
            return self.call() if self.next_is("(") else self._bare(token)
        self.unexpected("a value")

    def _bracketed(self, token: Token) -> Expr:
        if token.text == "(":
            self.enter()
            self.advance()
            if self.tok.kind == PVAR and self.next_is("="):
                node: Expr = self.assignment()
            else:
                node = self.expr()
            self.expect(")", token)
            self.depth -= 1
            return node
        if token.text == "{":
            self.enter()
            condition, self.condition = self.condition, ""
            block = self.braces("block")
            self.condition = condition
            self.depth -= 1
            return BlockExpr(token.pos, block)
        if token.text == "," or token.text == ")":
            self.unexpected("a value", "an argument is missing" if self.calling else "")
        self.unexpected("a value")

    def _bare(self, token: Token) -> NoReturn:
        """A word that is neither called nor compared."""
        following = self.ahead()
        if following.kind == ID and not following.first:
            self.advance()
            self.unexpected("")
        hint = f'a string needs quotes: "{token.text}"; a variable its $: $var({token.text}); a function its ()'
        if following.kind == EOF or following.text in (")", ",", ";"):
            hint += "; a #!define must stand above"
        self.fail("bare-word", f'"{token.text}" alone is no value', token.pos, hint, len(token.text))

    def _word(self, token: Token) -> Expr:
        word = token.text
        if word in OPERANDS:
            return self.comparison(token)
        if word == "route" and self.next_is("("):
            return self.route_call()
        if word in COMMAND_WORDS:
            return self.command()
        if word in ("strlen", "strempty", "selval"):
            return self._builtin(token)
        if word in PROTO_WORDS:
            self.fail("bare-word", f'"{word}" alone is no value', token.pos, "compare it: proto == UDP", len(word))
        if word in STATEMENT_WORDS or word in ("else", "case", "default"):
            self.unexpected("a value")
        if word in ROUTE_WORDS:
            self.unexpected("a value", "a route is called with route(NAME)")
        self.reserved("a value")

    def _builtin(self, token: Token) -> Expr:
        self.advance()
        opened = self.tok
        if not self.accept("("):
            self.unexpected(f'"(" after {token.text}')
        self.enter()
        first = self.expr()
        if token.text == "selval":
            self._comma(token)
            second = self.expr()
            self._comma(token)
            node: Expr = Ternary(token.pos, first, second, self.expr())
        else:
            node = Unary(token.pos, token.text, first)
        self.expect(")", opened)
        self.depth -= 1
        return node

    def _comma(self, token: Token) -> None:
        if not self.accept(","):
            self.unexpected('","', f"{token.text} takes three values: selval(condition, then, otherwise)")

    # --- comparisons of core operands -----------------------------------------------------------------------

    def comparison(self, token: Token) -> Expr:
        """`uri == ..`, `src_ip == ..`: a core operand stands only on the left of a comparison (myself also right)."""
        self.advance()
        name = OPERANDS[token.text]
        left = CoreOperand(token.pos, name)
        op = self.operator()
        if name == "max_len" and not op:
            return left
        equal = op in EQUAL_OPS
        if not (equal or (op == "=~" and name not in INT_OPERANDS and name not in PROTO_OPERANDS and name != "myself")):
            if name in INT_OPERANDS and op in COMPARE_OPS:
                self.advance()
                return Binary(token.pos, op, left, self._right(name, COMPARE_LEVEL))
            kinds = "== or !=" if name == "myself" or name in PROTO_OPERANDS else "== != or =~"
            if name in INT_OPERANDS:
                kinds = "== != < > <= or >="
            self.unexpected(f'a comparison ({kinds}) after "{token.text}"')
        self.advance()
        return Binary(token.pos, op, left, self._right(name, EQUAL_LEVEL))

    def _right(self, name: str, level: int) -> Expr:
        token = self.tok
        if name == "myself":
            if token.kind == WORD and (token.text in URI_OPERANDS or token.text in IP_OPERANDS):
                self.advance()
                return CoreOperand(token.pos, OPERANDS[token.text])
            self.unexpected("uri, from_uri, to_uri, src_ip or dst_ip")
        if token.kind == WORD and token.text == "myself" and (name in URI_OPERANDS or name in IP_OPERANDS):
            self.advance()
            return CoreOperand(token.pos, "myself")
        if name == "method" and token.kind == ID and not self.next_is("("):
            self.advance()
            return Ident(token.pos, token.text)
        if name in PROTO_OPERANDS and ((token.kind == WORD and token.text in PROTO_WORDS) or self.is_op("*")):
            self.advance()
            return Ident(token.pos, token.text)
        if name in ("af", "snd_af") and token.kind == NUMBER and token.text in INET_WORDS | INET6_WORDS:
            self.advance()
            return Ident(token.pos, "INET" if token.text in INET_WORDS else "INET6")
        if name in INT_OPERANDS and token.kind == WORD and token.text == "max_len":
            self.advance()
            return CoreOperand(token.pos, "max_len")
        if name in IP_OPERANDS:
            if self.at_address():
                return self.network()
            if token.kind == ID and not self.next_is("("):
                return Ident(token.pos, self.host())
        value = self.expr(level)
        if name in IP_OPERANDS and isinstance(value, Int):
            self.report("bad-address", "an address is compared with a number", token.pos, length=len(token.text))
        return value

    # --- calls ----------------------------------------------------------------------------------------------

    def assignment(self) -> Assign:
        """`$x = value`, at the variable."""
        target = self.advance()
        self.advance()
        condition, self.condition = self.condition, ""
        value = self.expr()
        self.condition = condition
        return Assign(target.pos, Var(target.pos, target.text), value)

    def call(self) -> Call:
        """`name(arg, ..)` of a module function."""
        token = self.advance()
        if self.calling:
            self.report(
                "nested-call", f"{token.text}() is called inside the arguments of {self.calling}()", token.pos,
                "call it before and keep its result in a variable", len(token.text),
            )  # fmt: skip
        opened = self.advance()
        self.enter()
        outer, self.calling = self.calling, token.text
        condition, self.condition = self.condition, ""
        call = Call(token.pos, token.text)
        if not self.is_op(")"):
            call.args.append(self.expr())
            while self.accept(","):
                call.args.append(self.expr())
        self._end_call(call, opened)
        self.calling, self.condition = outer, condition
        self.depth -= 1
        return call

    def _end_call(self, call: Call, opened: Token) -> None:
        """The `)` of a call, or what is wrong instead: a forgotten comma, most often."""
        token = self.tok
        if token.kind == STRING or token.kind == PVAR or token.kind == NUMBER:
            if not token.first:
                self.unexpected('"," or ")"')
            if self.next_is(",") or self.next_is(")"):
                self.missing(",", f"between the arguments of the call in line {opened.pos.line}")
                call.args.append(self.expr())
                while self.accept(","):
                    call.args.append(self.expr())
        self.expect(")", opened)

    def route_call(self) -> RouteCall:
        """`route(NAME)`, `route("name")`, `route(expression)`."""
        token = self.advance()
        opened = self.advance()
        name = self.tok
        if name.kind == ID and not self.next_is("("):
            self.advance()
            if self.is_op("-") and self.ahead().kind in (ID, NUMBER):
                self.fail(
                    "bare-text", 'a route name with "-" must be quoted', name.pos, f'route("{name.text}-...")',
                    len(name.text),
                )  # fmt: skip
            target: Expr = Str(name.pos, name.text)
        elif name.kind == NUMBER and self.next_is(")"):
            self.advance()
            target = Str(name.pos, str(name.number))
        elif name.kind == OP and name.text == ")":
            self.unexpected("the name of a route")
        elif name.kind == WORD and self.next_is(")"):
            self.reserved("the name of a route")
        else:
            condition, self.condition = self.condition, ""
            target = self.expr()
            self.condition = condition
        self.expect(")", opened)
        return RouteCall(token.pos, target)

    def command(self) -> Call:
        """A core command, whose arguments the grammar knows."""
        token = self.advance()
        call = Call(token.pos, token.text)
        opened = self.tok
        if not self.is_op("("):
            if token.text in BARE_COMMANDS:
                call.bare = True
                return call
            self.unexpected(f'"(" after {token.text}', f"{token.text} takes {takes(token.text)}")
        self.advance()
        forms = COMMANDS[token.text]
        count = 0
        while not self.is_op(")"):
            letters = {form[count] for form in forms if len(form) > count and self._fits(form[count])}
            if not letters or self.tok.kind == EOF:
                if self.tok.first or self.is_op(";") or self.is_op("{"):
                    break
                self.fail(
                    "bad-argument", f"unexpected {describe(self.tok)}, {token.text} takes {takes(token.text)}",
                    self.tok.pos,
                )  # fmt: skip
            call.args.append(self._argument(min(letters)))
            forms = tuple(form for form in forms if len(form) > count and form[count] in letters)
            count += 1
            if not self.accept(","):
                break
        if self.is_op(")") and not any(len(form) == count for form in forms):
            self.fail("bad-argument", f"{token.text} takes {takes(token.text)}", token.pos, length=len(token.text))
        self.expect(")", opened)
        return call

    def _fits(self, letter: str) -> bool:
        kind, word = self.tok.kind, self.tok.text
        match letter:
            case "s":
                return kind == STRING
            case "n":
                return kind == NUMBER
            case "i":
                return kind == NUMBER or (self.is_op("-") and self.ahead().kind == NUMBER)
            case "f":
                return kind in (NUMBER, STRING, ID)
            case "h":
                return kind in (STRING, ID) or self.at_address() or (kind == WORD and word == "uri:host")
            case "p":
                return kind == NUMBER or (kind == WORD and word == "uri:port")
            case "a":
                return kind in (PVAR, STRING)
            case "t":
                return (kind == WORD and word in PROTO_WORDS and word.lower() not in ("ws", "wss")) or self.is_op("*")
            case "x":
                return True
            case _:
                return self.at_host() or kind == NUMBER

    def _argument(self, letter: str) -> Expr:
        token = self.tok
        if letter == "x":
            return self.expr()
        if letter in "lk" or (letter == "h" and token.kind not in (STRING, WORD)):
            return self.socket_expr() if letter == "k" else self._host_expr()
        if token.kind == WORD or token.kind == ID or (token.kind == OP and token.text == "*"):
            self.advance()
            return Ident(token.pos, token.text)
        return self.unary()

    def _host_expr(self) -> Expr:
        token = self.tok
        name = self.listen_id()
        return Str(token.pos, name) if token.kind == STRING else Ident(token.pos, name)


def _differs(token: Token) -> bool:
    return token.text != str(token.number)
