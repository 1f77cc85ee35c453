"""The parser's place in the tokens, and how it says what is wrong."""

from __future__ import annotations

from collections.abc import Iterable

from olelo.script.diagnostics import Diagnostics
from olelo.script.lexer import EOF, ID, NUM, OP, RAW, STR, Token
from olelo.script.nodes import Pos


class Problem(Exception):
    """A statement cannot be read; the parser notes it and goes on behind it."""

    def __init__(self, code: str, message: str, pos: Pos, hint: str = "", length: int = 1) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.pos = pos
        self.hint = hint
        self.length = length


class Cursor:
    """Tokens with a place in them."""

    def __init__(self, tokens: Iterable[Token], diag: Diagnostics) -> None:
        self._source = iter(tokens)
        self._ahead: list[Token] = []
        self.diag = diag
        self.last: Token | None = None  # the token taken last

    def peek(self, distance: int = 0) -> Token:
        while len(self._ahead) <= distance:
            token = next(self._source, None)
            if token is None:
                return self._ahead[-1]
            self._ahead.append(token)
        return self._ahead[distance]

    def take(self) -> Token:
        token = self.peek()
        if token.kind != EOF:
            self._ahead.pop(0)
        self.last = token
        return token

    def at(self, *texts: str) -> bool:
        """Is the next token one of these operators or words?"""
        token = self.peek()
        return token.kind in (OP, ID) and token.text in texts

    def accept(self, *texts: str) -> Token | None:
        return self.take() if self.at(*texts) else None

    def expect(self, text: str, after: str) -> Token:
        """Take that token, or say that it is missing, where it is missing."""
        if self.at(text):
            return self.take()
        raise self.missing(text, after)

    def missing(self, text: str, after: str) -> Problem:
        """The problem "text is missing after ..", placed right behind the token before."""
        place = self.last.end if self.last is not None else self.peek().pos
        found = self.peek()
        hint = f"found {describe(found)} instead" if found.pos.line == place.line else ""
        return Problem("missing-token", f"missing {text!r} after {after}", place, hint)

    def unexpected(self, wanted: str) -> Problem:
        token = self.peek()
        return Problem(
            "unexpected-token", f"expected {wanted}, found {describe(token)}", token.pos, length=max(1, len(token.text))
        )

    def report(self, problem: Problem) -> None:
        self.diag.error(problem.code, problem.message, problem.pos, problem.hint, problem.length)


def describe(token: Token) -> str:
    if token.kind == EOF:
        return "the end of the file"
    if token.kind in (STR, RAW):
        shown = token.text if len(token.text) <= 24 else token.text[:21] + "..."
        return f'"{shown}"'
    if token.kind in (OP, ID, NUM):
        return repr(token.text)
    return f"{token.kind} {token.text!r}"
