"""The small expressions of #!ifexp and #!defexp: numbers, strings, defines and operators."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Number = float | str
_TOKEN = re.compile(r"""\s*(?:(\d+(?:\.\d+)?)|"([^"]*)"|'([^']*)'|([A-Za-z_]\w*)|(==|!=|<=|>=|&&|\|\||[-+*/%()<>!]))""")
_LEVELS = (("||",), ("&&",), ("==", "!="), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/", "%"))


class ExpressionError(ValueError):
    """The expression cannot be read; the text says why."""


def evaluate(text: str, defines: Mapping[str, str | None]) -> Number:
    """The value of an expression: a number or a string. An undefined name is 0, one without value 1."""
    tokens: list[tuple[str, str]] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExpressionError(f"cannot read {text[at:].strip()[:20]!r}")
        kind = ("number", "string", "string", "name", "operator")[match.lastindex - 1]  # type: ignore[operator]
        tokens.append((kind, match[match.lastindex]))  # type: ignore[index]
        at = match.end()
    if not tokens:
        raise ExpressionError("the expression is empty")
    parser = _Parser(tokens, defines)
    value = parser.level(0)
    if parser.tokens:
        raise ExpressionError(f"unexpected {parser.tokens[0][1]!r}")
    return value


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], defines: Mapping[str, str | None]) -> None:
        self.tokens = tokens
        self.defines = defines

    def level(self, index: int) -> Number:
        if index == len(_LEVELS):
            return self.unary()
        value = self.level(index + 1)
        while self.tokens and self.tokens[0][0] == "operator" and self.tokens[0][1] in _LEVELS[index]:
            value = _apply(self.tokens.pop(0)[1], value, self.level(index + 1))
        return value

    def unary(self) -> Number:
        if not self.tokens:
            raise ExpressionError("a value is missing at the end")
        kind, text = self.tokens.pop(0)
        if kind == "operator":
            if text == "!":
                return float(not self.unary())
            if text == "-":
                return -_real(self.unary())
            if text == "(":
                value = self.level(0)
                if not self.tokens or self.tokens.pop(0)[1] != ")":
                    raise ExpressionError("a ) is missing")
                return value
            raise ExpressionError(f"unexpected {text!r}")
        if kind == "number":
            return float(text)
        if kind == "string":
            return text
        if text not in self.defines:
            return 0.0
        value_text = self.defines[text]
        if value_text is None:
            return 1.0
        try:
            return float(value_text)
        except ValueError:
            return value_text.strip().strip('"')


def _real(value: Number) -> float:
    if isinstance(value, float):
        return value
    try:
        return float(value)
    except ValueError:
        return 0.0


def _apply(operator: str, left: Number, right: Number) -> Number:
    if operator == "||":
        return float(bool(left) or bool(right))
    if operator == "&&":
        return float(bool(left) and bool(right))
    if operator in ("==", "!="):
        same = left == right if type(left) is type(right) else str(left) == str(right)
        return float(same == (operator == "=="))
    if operator == "+" and isinstance(left, str) and isinstance(right, str):
        return left + right
    a, b = _real(left), _real(right)
    if operator in ("/", "%") and b == 0:
        raise ExpressionError("division by zero")
    actions: dict[str, Callable[[], float]] = {
        "<": lambda: float(a < b), ">": lambda: float(a > b), "<=": lambda: float(a <= b), ">=": lambda: float(a >= b),
        "+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b, "%": lambda: a % b,
    }  # fmt: skip
    return actions[operator]()
