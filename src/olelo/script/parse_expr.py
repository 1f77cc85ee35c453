"""Expressions: operators by precedence, operands, calls."""

from __future__ import annotations

from collections.abc import Callable

from olelo.script import nodes as n
from olelo.script.cursor import Cursor, Problem
from olelo.script.lexer import EOF, ID, NUM, OP, PV, RAW, SELECT, STR, Token

# Low to high. The words are normalised to the operators of nodes.Binary.
_BINARY: tuple[dict[str, str], ...] = (
    {"||": "||", "or": "||"},
    {"&&": "&&", "and": "&&"},
    {"|": "|"},
    {"&": "&"},
    {"^": "^"},
    {"<<": "<<"},
    {">>": ">>"},
    {"==": "==", "!=": "!=", "=~": "=~", "eq": "eq", "ne": "ne", "ieq": "ieq", "ine": "ine"},
    {">": ">", "<": "<", ">=": ">=", "<=": "<="},
    {"+": "+", "-": "-"},
    {"*": "*", "/": "/", "mod": "mod"},
)
OPERANDS = frozenset(
    (
        "method", "uri", "status", "from_uri", "to_uri", "src_ip", "dst_ip", "src_port", "dst_port", "proto", "af",
        "max_len", "myself", "snd_ip", "snd_port", "snd_proto", "snd_af", "to_ip", "to_port",
    )
)  # fmt: skip
#: Words that stand for numbers.
BOOLEANS = {"yes": 1, "true": 1, "on": 1, "enable": 1, "no": 0, "false": 0, "off": 0, "disable": 0}
#: Core commands that may stand without parentheses.
BARE = frozenset(
    (
        "force_rport", "add_rport", "add_local_rport", "force_tcp_alias", "add_tcp_alias", "revert_uri", "userphone",
        "clear_branches", "set_forward_no_connect", "set_reply_no_connect", "set_forward_close", "set_reply_close",
        "forward",
    )
)  # fmt: skip
_NOT_OURS = {
    "!~": 'there is no operator !~; write !(a =~ "re")',
    "+=": "there is no operator +=; write x = x + y",
    "-=": "there is no operator -=; write x = x - y",
    "?": "there is no ?: operator; write selval(condition, a, b)",
}
#: What `=` in an expression means for a caller of `expression`.
ASSIGN_HINT = '"==" compares; "=" assigns'


class Expressions:
    """Parses expressions; statements come from the subclass."""

    cursor: Cursor
    block: Callable[[], n.Block]

    def expression(self, level: int = 0) -> n.Expr:
        if level == len(_BINARY):
            return self._unary()
        left = self.expression(level + 1)
        while True:
            token = self.cursor.peek()
            if level == 0 and token.kind == OP and token.text in _NOT_OURS:
                raise Problem("no-operator", _NOT_OURS[token.text], token.pos, length=len(token.text))
            operator = _BINARY[level].get(token.text) if token.kind in (OP, ID) else None
            if operator is None:
                return left
            self.cursor.take()
            if operator in ("==", "!=") and self._network_follows():
                right: n.Expr = self._address()
            else:
                right = self.expression(level + 1)
            left = n.Binary(token.pos, operator, left, right)

    def condition(self) -> n.Expr:
        """An expression where a truth is wanted: `=` in it is said to be a mistake."""
        expr = self.expression()
        token = self.cursor.peek()
        if token.kind == OP and token.text == "=":
            self.cursor.take()
            value = self.expression()
            expr = n.Assign(token.pos, expr, value)
        return expr

    def _unary(self) -> n.Expr:
        cursor = self.cursor
        token = cursor.peek()
        if token.kind == OP and token.text in ("!", "-", "~", "+"):
            cursor.take()
            operand = self._unary()
            if token.text == "+":
                return operand
            if token.text == "-" and isinstance(operand, n.Int):
                return n.Int(token.pos, -operand.value, "-" + operand.text)
            return n.Unary(token.pos, token.text, operand)
        if token.kind == ID and token.text in ("not", "defined"):
            cursor.take()
            return n.Unary(token.pos, "!" if token.text == "not" else "defined", self._unary())
        if token.kind == OP and token.text == "(":
            inner = cursor.peek(1)
            if inner.kind == ID and inner.text in ("int", "str") and cursor.peek(2).text == ")":
                cursor.take()
                cursor.take()
                cursor.take()
                return n.Unary(token.pos, f"({inner.text})", self._unary())
            cursor.take()
            expr = self.condition()
            if not cursor.at(")"):
                raise cursor.missing(")", "the expression")
            cursor.take()
            return expr
        return self._operand()

    def _operand(self) -> n.Expr:
        cursor = self.cursor
        token = cursor.peek()
        if token.kind == STR or token.kind == RAW:
            cursor.take()
            return n.Str(token.pos, token.text)
        if token.kind == PV:
            cursor.take()
            return n.Var(token.pos, token.text)
        if token.kind == SELECT:
            cursor.take()
            return n.Select(token.pos, token.text)
        if token.kind == NUM:
            if self._network_follows():
                return self._address()
            cursor.take()
            return n.Int(token.pos, token.value, token.text)
        if token.kind == OP and token.text == "{":
            return n.BlockExpr(token.pos, self.block())
        if token.kind == OP and token.text == "[":
            return self._address()
        if token.kind == ID:
            return self._word()
        raise cursor.unexpected("a value")

    def _word(self) -> n.Expr:
        cursor = self.cursor
        token = cursor.take()
        name = token.text
        if name == "route" and cursor.at("("):
            return self._route_call(token)
        if name in ("strlen", "strempty") and cursor.at("("):
            cursor.take()
            operand = self.expression()
            cursor.expect(")", f"{name}(")
            return n.Unary(token.pos, name, operand)
        if name == "selval" and cursor.at("("):
            return self._selval(token)
        if cursor.at("("):
            return n.Call(token.pos, name, self.arguments(name))
        if name == "msg" and cursor.at(":") and cursor.peek(1).text == "len":
            cursor.take()
            cursor.take()
            return n.CoreOperand(token.pos, "msg:len")
        if name in OPERANDS:
            return n.CoreOperand(token.pos, name)
        if name in BARE:
            return n.Call(token.pos, name, [], True)
        if name in BOOLEANS:
            return n.Int(token.pos, BOOLEANS[name], name)
        return self._host(token)

    def _host(self, token: Token) -> n.Expr:
        """A bare word: INET, UDP, or a host name with dots and hyphens."""
        text = token.text
        cursor = self.cursor
        while cursor.peek().kind == OP and cursor.peek().text in (".", "-") and not cursor.peek().spaced:
            following = cursor.peek(1)
            if following.kind not in (ID, NUM) or following.spaced:
                break
            text += cursor.take().text + cursor.take().text
        return n.Ident(token.pos, text)

    def _selval(self, token: Token) -> n.Expr:
        cursor = self.cursor
        cursor.take()
        cond = self.condition()
        cursor.expect(",", "the condition of selval(")
        yes = self.expression()
        cursor.expect(",", "the second value of selval(")
        no = self.expression()
        cursor.expect(")", "selval(")
        return n.Ternary(token.pos, cond, yes, no)

    def _route_call(self, token: Token) -> n.Expr:
        cursor = self.cursor
        cursor.take()
        target = cursor.peek()
        if target.kind == OP and target.text == ")":
            raise Problem("route-name", "route() needs the name of a route", target.pos)
        if target.kind in (ID, NUM) and cursor.peek(1).text in (")", "-", ".", ":"):
            name = cursor.take().text
            while not cursor.at(")") and cursor.peek().kind in (OP, ID, NUM) and not cursor.at(";"):
                name += cursor.take().text
            goal: n.Expr = n.Str(target.pos, name)
        else:
            goal = self.expression()
        cursor.expect(")", "the route's name")
        return n.RouteCall(token.pos, goal)

    def arguments(self, name: str) -> list[n.Expr]:
        """`(a, b, ..)` behind a function's name."""
        cursor = self.cursor
        cursor.take()
        args: list[n.Expr] = []
        if cursor.accept(")"):
            return args
        while True:
            args.append(self._argument())
            if cursor.accept(","):
                continue
            if cursor.accept(")"):
                return args
            token = cursor.peek()
            if token.kind == EOF or token.text in (";", "{", "}"):
                raise cursor.missing(")", f"the arguments of {name}(")
            if token.kind in (ID, NUM) and isinstance(args[-1], n.Ident):
                raise Problem(
                    "missing-quote", f"text in {name}( is not in quotes", args[-1].pos, 'a " is missing before it'
                )
            raise cursor.missing(",", f"argument {len(args)} of {name}(")

    def _argument(self) -> n.Expr:
        """An argument: an expression, or for core commands a bare flag, host or address."""
        token = self.cursor.peek()
        if token.kind == OP and token.text in (",", ")"):
            return n.Str(token.pos, "")
        if token.kind in (ID, NUM) and self._address_parts():
            return self._address()
        expr = self.expression()
        if isinstance(expr, n.Ident) and self.cursor.at(":") and not self.cursor.peek().spaced:
            return n.Ident(expr.pos, expr.name + self._joined())
        if isinstance(expr, n.CoreOperand) and self.cursor.at(":") and not self.cursor.peek().spaced:
            return n.Ident(expr.pos, expr.name + self._joined())
        return expr

    # --- addresses ----------------------------------------------------------------------------------------

    def _network_follows(self) -> bool:
        token = self.cursor.peek()
        return (token.kind == OP and token.text == "[") or (token.kind == NUM and self._address_parts() > 0)

    def _address_parts(self) -> int:
        """How many tokens from here make a bare IPv4 address; 0 if they make none."""
        cursor = self.cursor
        count = 0
        for part in range(7):
            token = cursor.peek(part)
            if part and token.spaced:
                return 0
            if part % 2 == 0:
                if token.kind != NUM:
                    return 0
            elif token.text != ".":
                return 0
            count += 1
        return count

    def _address(self) -> n.Expr:
        """`10.0.0.1`, `[::1]`, with `/mask` a network, with `:port` as one word."""
        cursor = self.cursor
        start = cursor.peek()
        text = ""
        if cursor.at("["):
            while not cursor.at("]"):
                if cursor.peek().kind == EOF or (text and cursor.peek().spaced):
                    raise cursor.missing("]", "the IPv6 address")
                text += cursor.take().text
            text += cursor.take().text
        else:
            for _ in range(7):
                text += cursor.take().text
        if cursor.at("/"):
            cursor.take()
            if cursor.peek().kind == NUM and self._address_parts():
                mask = "".join(cursor.take().text for _ in range(7))
            else:
                mask = cursor.take().text
            return n.Network(start.pos, text, mask)
        if cursor.at(":") and not cursor.peek().spaced:
            text += self._joined()
        return n.Ident(start.pos, text)

    def _joined(self) -> str:
        """The text of tokens up to a blank, comma, parenthesis or semicolon."""
        text = ""
        while True:
            token = self.cursor.peek()
            if token.kind == EOF or (text and token.spaced) or token.text in (",", ")", ";", "{", "}"):
                return text
            text += self.cursor.take().text
