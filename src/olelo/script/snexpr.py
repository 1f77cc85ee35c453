"""The expressions of `#!ifexp` and `#!defexp` (Kamailio 5.7 and later): arithmetic and strings over defines.

Source: the core cookbook, "ifexp" and "defexp". A name that is not defined is 0, one defined without value is 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Number = int | float
Value = Number | str

_TOKEN = re.compile(
    r"""[ \t\r]*(?:(?P<num>0x[0-9a-fA-F]+|\d+(?:\.\d*)?|\.\d+)|(?P<str>"[^"]*"|'[^']*')|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<op>\*\*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>!~&|^(),]))"""
)
_LEVELS: dict[str, int] = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, ">": 7, "<=": 7, ">=": 7,
    "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10, "**": 12,
}  # fmt: skip
_UNARY = 11
_MAX_DEPTH = 64
_MAX_BITS = 4096


class SnexprError(ValueError):
    """The expression cannot be read or computed; `offset` is where."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


def _number(value: Value, offset: int) -> Number:
    if isinstance(value, str):
        raise SnexprError("a number is needed here, not a string", offset)
    return value


def truth(value: Value) -> bool:
    """Is the value true: a number other than 0, a string that is not empty."""
    return bool(value)


def of_define(value: str | None) -> Value:
    """The value of a define as an operand: a number where it reads as one, else its text without quotes."""
    if value is None:
        return 1
    text = value.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    try:
        return int(text, 0) if re.fullmatch(r"[-+]?(0x[0-9a-fA-F]+|0|[1-9]\d*)", text) else float(text)
    except ValueError:
        return text


class _Evaluator:
    def __init__(self, text: str, defines: Mapping[str, str | None]) -> None:
        self.text = text
        self.defines = defines
        self.depth = 0
        self.tokens: list[tuple[str, str, int]] = []
        i = 0
        while text[i:].strip():
            match = _TOKEN.match(text, i)
            if match is None:
                raise SnexprError("not understood", i + len(text[i:]) - len(text[i:].lstrip()))
            kind = match.lastgroup or ""
            self.tokens.append((kind, match[kind], match.start(kind)))
            i = match.end()
        self.tokens.append(("end", "", len(text.rstrip())))
        self.at = 0

    def accept(self, op: str) -> bool:
        if self.tokens[self.at][:2] == ("op", op):
            self.at += 1
            return True
        return False

    def operand(self) -> Value:
        kind, text, offset = self.tokens[self.at]
        self.at += 1
        if kind == "num":
            return int(text, 16) if text[:2] == "0x" else float(text) if "." in text else int(text)
        if kind == "str":
            return text[1:-1]
        if kind == "name":
            if self.accept("("):
                return self.function(text, offset)
            return of_define(self.defines[text]) if text in self.defines else 0
        if kind == "op" and text == "(":
            value = self.expression(0)
            if not self.accept(")"):
                raise SnexprError('")" missing', self.tokens[self.at][2])
            return value
        if kind == "op" and text in "-+!~":
            operand = self.expression(_UNARY)
            if text == "!":
                return int(not truth(operand))
            number = _number(operand, offset)
            return ~int(number) if text == "~" else -number if text == "-" else number
        raise SnexprError("an operand is missing" if kind == "end" else f'"{text}" is not expected here', offset)

    def function(self, name: str, offset: int) -> Value:
        if name == "defined" and self.tokens[self.at][0] == "name":
            value: Value = int(self.tokens[self.at][1] in self.defines)
            self.at += 1
        elif name == "strlen":
            value = len(str(self.expression(0)))
        else:
            raise SnexprError(f'unknown function "{name}"', offset)
        if not self.accept(")"):
            raise SnexprError('")" missing', self.tokens[self.at][2])
        return value

    def expression(self, minimum: int) -> Value:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise SnexprError("nested too deeply", self.tokens[self.at][2])
        left = self.operand()
        while True:
            kind, op, offset = self.tokens[self.at]
            level = _LEVELS.get(op, 0) if kind == "op" else 0
            if level <= minimum:
                break
            self.at += 1
            left = _apply(op, left, self.expression(level), offset)
        self.depth -= 1
        return left


def _apply(op: str, left: Value, right: Value, offset: int) -> Value:
    if op == "&&":
        return int(truth(left) and truth(right))
    if op == "||":
        return int(truth(left) or truth(right))
    if op in ("==", "!="):
        same = left == right if isinstance(left, str) is isinstance(right, str) else str(left) == str(right)
        return int(same is (op == "=="))
    if isinstance(left, str) and isinstance(right, str):
        if op == "+":
            return left + right
        if op in ("<", ">", "<=", ">="):
            return int({"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[op])
    return _compute(op, _number(left, offset), _number(right, offset), offset)


def _compute(op: str, a: Number, b: Number, offset: int) -> Number:
    try:
        match op:
            case "+":
                return a + b
            case "-":
                return a - b
            case "*":
                return a * b
            case "/":
                quotient = a / b
                return int(quotient) if quotient == int(quotient) else quotient
            case "%":
                return a % b
            case "**":
                return float(a) ** int(b)
            case "<":
                return int(a < b)
            case ">":
                return int(a > b)
            case "<=":
                return int(a <= b)
            case ">=":
                return int(a >= b)
            case "<<":
                if not 0 <= b < _MAX_BITS:
                    raise SnexprError("shift out of range", offset)
                return int(a) << int(b)
            case ">>":
                if not 0 <= b < _MAX_BITS:
                    raise SnexprError("shift out of range", offset)
                return int(a) >> int(b)
            case "&":
                return int(a) & int(b)
            case "|":
                return int(a) | int(b)
            case _:
                return int(a) ^ int(b)
    except ZeroDivisionError:
        raise SnexprError("division by zero", offset) from None
    except OverflowError:
        raise SnexprError("number too large", offset) from None


def evaluate(text: str, defines: Mapping[str, str | None]) -> Value:
    """The value of an expression over `defines`. Raises SnexprError with the offset of the fault, nothing else."""
    evaluator = _Evaluator(text, defines)
    value = evaluator.expression(0)
    kind, rest, offset = evaluator.tokens[evaluator.at]
    if kind != "end":
        raise SnexprError(f'"{rest}" is not expected here', offset)
    return value
