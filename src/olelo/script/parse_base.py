"""What all parts of the parser stand on: the cursor over the tokens, and how faults are said and survived.

A fault is reported once, where an engineer would look for it, and unwinds (`Syntax`) to the nearest place that
can go on. `Unwind` leaves a whole route: the next one begins although this one's brace is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from olelo.script.diagnostics import Diagnostics
from olelo.script.nodes import Pos
from olelo.script.tokens import (
    EOF,
    ID,
    LOAD_WORDS,
    NUMID,
    OP,
    PVAR,
    RESERVED,
    ROUTE_WORDS,
    STATEMENT_WORDS,
    STRING,
    WORD,
    Token,
    describe,
)

MAX_DEPTH = 100
#: Operators of one level in a row: of `&&` and `||`, and of the others, which nest in what is generated from them.
MAX_LOGIC = 1000
MAX_CHAIN = 100
#: Faults the lexer reports, after which the same line makes no sense to the parser either.
_LEXED = frozenset(
    {"unterminated-string", "unterminated-variable", "bad-variable", "endless-define", "include-name", "subst-string"}
)
_INSTEAD = {
    "%": '"%" is no operator here; the remainder is written "mod"',
    "+=": '"+=" is not part of the language; write $x = $x + 1',
    "?": 'there is no "?:"; write selval(condition, a, b)',
}


class Syntax(Exception):
    """A fault that has been reported: go on at the next statement."""


class Unwind(Exception):
    """A route is not closed, which has been reported: go on at the next top-level statement."""


@dataclass(slots=True)
class Open:
    """A `{` that waits for its `}`: what it belongs to, and the column its line begins at."""

    label: str
    pos: Pos
    indent: int


class Cursor:
    """Walks over the tokens."""

    def __init__(self, tokens: list[Token], diag: Diagnostics) -> None:
        self.tokens = tokens
        self.diag = diag
        self.at = 0
        self.tok = tokens[0]
        self.prev = tokens[0]
        self.indent = 1
        self.depth = 0
        self.condition = ""  # "if", "while": what the condition being read belongs to
        self.blocks: list[Open] = []
        self.suspect = ""  # a "}" whose column says that it closes another block than it does
        self.suspect_pos = tokens[0].pos
        self.lost: tuple[Pos, str] | None = None  # where the columns say that a "{" is missing, and after what
        self.missing_at = -1  # where something was said to be missing: two things at one place are one fault
        self.headless = False  # the route being read has no "{", which has been reported
        self.ended = False  # a fault at the end of the file has been reported
        self.failed_at: Token | None = None  # the first token a fault was found at
        self.bare: set[str] = set()  # words already reported as undefined
        self.lexed = {(d.pos.file, d.pos.line) for d in diag.errors if d.code in _LEXED}
        codes = {d.code for d in diag.errors}
        self.cut_short = bool(codes & {"unterminated-comment", "unbalanced-ifdef"})
        self.incomplete = bool(codes & {"include-missing", "include-name", "include-depth"})

    # --- moving ---------------------------------------------------------------------------------------------

    def advance(self) -> Token:
        """Step over the present token and return it."""
        token = self.tok
        self.prev = token
        if token.kind != EOF:
            self.at += 1
            self.tok = self.tokens[self.at]
            if self.tok.first:
                self.indent = self.tok.pos.col
        return token

    def ahead(self, n: int = 1) -> Token:
        """The token n after the present one."""
        return self.tokens[min(self.at + n, len(self.tokens) - 1)]

    def is_op(self, text: str) -> bool:
        return self.tok.kind == OP and self.tok.text == text

    def is_word(self, text: str) -> bool:
        return self.tok.kind == WORD and self.tok.text == text

    def next_is(self, text: str, n: int = 1) -> bool:
        token = self.ahead(n)
        return token.kind == OP and token.text == text

    def accept(self, text: str) -> bool:
        if self.is_op(text):
            self.advance()
            return True
        return False

    # --- saying what is wrong -------------------------------------------------------------------------------

    def report(self, code: str, message: str, pos: Pos, hint: str = "", length: int = 1) -> None:
        if self.failed_at is None:
            self.failed_at = self.tok
        if self._follows(code, message, pos):
            return
        for found in self.diag.found:
            if found.code == "comment-in-define" and found.pos.line == pos.line and found.pos.file == pos.file:
                self.diag.found.remove(found)
                code, message, pos, hint, length = found.code, found.message, found.pos, found.hint, found.length
                break
        self.diag.error(code, message, pos, hint, length)

    def _follows(self, code: str, message: str, pos: Pos) -> bool:
        """Is this only the consequence of a fault that has been reported?"""
        place = (self.prev.pos.file, self.prev.pos.line)
        if place in self.lexed or (pos.file, pos.line) in self.lexed:
            return True
        if self.tok.kind == EOF:
            if self.cut_short or self.ended:
                return True
            self.ended = True
        if code == "bare-word":
            if self.incomplete or message in self.bare:
                return True
            self.bare.add(message)
        return False

    def fail(self, code: str, message: str, pos: Pos, hint: str = "", length: int = 1) -> NoReturn:
        self.report(code, message, pos, hint, length)
        raise Syntax

    def missing(self, text: str, hint: str = "") -> None:
        """Something is missing after the previous token; reading goes on as if it were there."""
        if self.missing_at == self.at:
            return
        self.missing_at = self.at
        self.report("missing-" + _NAMES.get(text, "token"), f'missing "{text}"', self.prev.end, hint)

    def unexpected(self, expected: str, hint: str = "") -> NoReturn:
        """The present token cannot stand here."""
        token = self.tok
        width = max(1, token.end.col - token.pos.col) if token.end.line == token.pos.line else 1
        if token.stray:
            self._unexpected_stray(token.stray)
        if token.kind == OP and token.text == "=":
            if self.condition:
                self.fail(
                    "assignment-in-condition", f'"=" in the condition of "{self.condition}": "==" was meant', token.pos,
                    '"=" assigns, "==" compares',
                )  # fmt: skip
            if self.next_is("="):
                self.fail("unexpected", '"= =" must be written "=="', token.pos, length=width)
        if token.kind == OP and token.text in _INSTEAD:
            self.fail("no-such-operator", _INSTEAD[token.text], token.pos, length=width)
        if token.kind == OP and token.text == "!" and self.next_is("~"):
            self.fail("no-such-operator", 'there is no "!~"; write !($x =~ "re")', token.pos, length=2)
        if token.kind == ID and self.prev.kind == ID and not token.first:
            self.fail(
                "bare-text", f'"{self.prev.text} {token.text}" is text outside of quotes', self.prev.pos,
                'a string needs its quotes: "..."', len(self.prev.text),
            )  # fmt: skip
        if token.kind in (ID, NUMID) and self.prev.kind == STRING and self.prev.end.line == token.pos.line:
            hint = hint or "does a quote stand at the wrong place?"
        message = f"unexpected {describe(token)}"
        if expected:
            message += f", {expected} expected"
        self.fail("unexpected", message, token.pos, hint, width)

    def _unexpected_stray(self, stray: str) -> NoReturn:
        """The fault lies at characters the lexer passed over with a warning; the warning becomes the error."""
        for found in reversed(self.diag.found):
            if found.code == "stray-character":
                self.diag.found.remove(found)
                char = stray[0] if stray[0].isprintable() else f"\\x{ord(stray[0]) & 0xFF:02x}"
                message = _INSTEAD.get(stray[0], f'the character "{char}" cannot stand here')
                self.fail("stray-character", message, found.pos)
        self.fail("stray-character", "a character that cannot stand here", self.tok.pos)

    def reserved(self, what: str) -> NoReturn:
        """The present token is a reserved word where a name of the user's own is needed."""
        text = self.tok.text
        if text in RESERVED:
            self.fail(
                "reserved-word", f'"{text}" is a reserved word and cannot be {what}', self.tok.pos,
                f'quote it: "{text}"', len(text),
            )  # fmt: skip
        self.unexpected(what)

    def stray_brace(self) -> bool:
        """Is the present `}` one that slipped into a line: neither its first token nor its last, with no else after?"""
        following = self.ahead()
        return (
            self.is_op("}")
            and not self.tok.first
            and not following.first
            and not (following.kind == WORD and following.text == "else")
            and not (following.kind == OP and following.text in "};")
        )

    # --- expecting ------------------------------------------------------------------------------------------

    def expect(self, text: str, opened: Token | None = None) -> None:
        """Step over `text`, or say what is wrong. Where it just was forgotten, say so and go on."""
        if self.is_op(text):
            self.advance()
            return
        hint = ""
        if opened is not None and opened.pos.line != self.prev.end.line:
            hint = f'the "{opened.text}" is in line {opened.pos.line}'
        elif text == ")" and self.prev.kind == PVAR and any(char in self.prev.text for char in '"=<>'):
            hint = f"the variable reads as ${self.prev.text}"
        token = self.tok
        ends = token.kind == EOF or (token.kind == OP and token.text in ";{}") or token.first
        if ends and not token.stray and not self.stray_brace():
            self.missing(text, hint)
            return
        self.unexpected(f'"{text}"', hint)

    def expect_semicolon(self, after: str) -> None:
        """The `;` that ends an action."""
        if self.accept(";"):
            return
        token = self.tok
        starts = token.kind == WORD and token.text in STATEMENT_WORDS | ROUTE_WORDS | {"else", "case", "default"}
        ends = token.kind == EOF or (token.kind == OP and token.text == "}")
        begins = token.kind in (ID, PVAR) and (self.next_is("(") or self.next_is("="))
        if (token.first or starts or ends or begins) and not token.stray:
            if token.kind == OP and token.text not in "}{":
                self.unexpected('";"')
            self.missing(";", f"every {after} ends with a semicolon")
            return
        self.unexpected('";"')

    # --- depth ----------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """One level deeper in nesting; each is a few Python frames, so there is a limit."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail("too-deep", f"nested more than {MAX_DEPTH} levels deep", self.tok.pos)

    # --- going on -------------------------------------------------------------------------------------------

    def starts_top_level(self) -> bool:
        """Can the present token only begin a top-level statement?"""
        token = self.tok
        if token.kind != WORD:
            return False
        if token.text in ROUTE_WORDS:
            if token.text != "route":
                return token.first or self.next_is("[") or self.next_is("{")
            return self.next_is("[") or (self.next_is("{") and token.first)
        return token.text in LOAD_WORDS and token.first

    def recover(self, start: int) -> None:
        """After a fault in a statement: step to the end of it. `start` is where the statement began."""
        if self.at == start and not self.is_op("}") and self.tok.kind != EOF:
            self.advance()
        depth = 0
        while self.tok.kind != EOF and not self.starts_top_level():
            token = self.tok
            if token.kind == OP:
                if token.text == ";" and depth == 0:
                    self.advance()
                    return
                if token.text == "{":
                    depth += 1
                elif token.text == "}":
                    if depth == 0 and not self.stray_brace():
                        return
                    depth = max(0, depth - 1)
                    if depth == 0 and not self.stray_brace():
                        self.advance()
                        if not self.is_word("else"):
                            return
                        continue
            elif depth == 0 and token.first and token.kind == WORD and token.text in STATEMENT_WORDS:
                return
            self.advance()


_NAMES = {
    ";": "semicolon", ")": "parenthesis", "(": "parenthesis", "}": "brace", "{": "brace", "]": "bracket", ":": "colon",
}  # fmt: skip
