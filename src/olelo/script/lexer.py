"""From the text of a kamailio.cfg to tokens: comments, strings, variables, and the preprocessor's lines.

Macros are replaced where an identifier stands (never inside strings or variables); the replaced tokens keep the
place of their use. Nothing here raises: what is wrong goes to the diagnostics, and lexing goes on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from olelo.script.diagnostics import Diagnostics
from olelo.script.macros import Macros
from olelo.script.nodes import Pos

#: Includes within includes at most, as Kamailio.
MAX_DEPTH = 10

ID, NUM, STR, RAW, PV, SELECT, OP, EOF = (
    "identifier",
    "number",
    "string",
    "string'",
    "variable",
    "select",
    "operator",
    "end",
)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|[01]+b(?![A-Za-z0-9_])|\d+")
_OPERATOR = re.compile(r"&&|\|\||==|!=|=~|!~|<=|>=|<<|>>|=>|\+=|-=|[-+*/%=!<>&|^~(){}\[\];,:.?]")
_DIRECTIVE = re.compile(r"(?:#!|!!)([A-Za-z_]+)")
_PV_NAME = re.compile(r"[A-Za-z0-9_?.$]+")
_SELECT_TEXT = re.compile(r"@[A-Za-z_][A-Za-z0-9_]*(?:\[(?:\"[^\"\n]*\"|[^\]\n]*)\]|\.[A-Za-z0-9_]+)*")
_ESCAPES = {"n": "\n", "r": "\r", "a": "\a", "t": "\t", '"': '"', "\\": "\\"}
_MODES = frozenset(("KAMAILIO", "OPENSER", "SER", "ALL", "MAXCOMPAT"))


@dataclass(slots=True)
class Token:
    """kind is one of the names above; text as it means (strings without quotes, escapes undone); spaced: blanks or a
    line end stand before it. end is the place behind it, for what is missing there."""

    kind: str
    text: str
    pos: Pos
    end: Pos
    spaced: bool
    value: int = 0


class Reader:
    """One file while it is read."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.at = 0
        self.line = 1
        self.line_start = 0

    def pos(self, at: int | None = None) -> Pos:
        return Pos(self.name, self.line, (self.at if at is None else at) - self.line_start + 1)

    def move(self, to: int) -> None:
        """Go on to an offset, counting lines."""
        newlines = self.text.count("\n", self.at, to)
        if newlines:
            self.line += newlines
            self.line_start = self.text.rfind("\n", self.at, to) + 1
        self.at = to


def decode(data: bytes) -> str:
    """Bytes of a file as latin-1 text, without BOM, line ends as `\\n`."""
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    return data.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")


class Lexer:
    """Tokens of a configuration, includes followed and preprocessor lines obeyed."""

    def __init__(
        self,
        name: str,
        text: str,
        diag: Diagnostics,
        macros: Macros,
        read: Callable[[str], bytes],
        environ: Mapping[str, str],
    ) -> None:
        self.diag = diag
        self.macros = macros
        self.read = read
        self.environ = environ
        self.sources: dict[str, str] = {name: text}
        self.reader = Reader(name, text)
        self.stack: list[Reader] = []
        self.conditions: list[tuple[Pos, bool, str]] = []  # (where, was a branch taken, directive)
        self.included_conditions: list[int] = []

    def tokens(self) -> Iterator[Token]:
        """All tokens, EOF last."""
        while True:
            token = self._next()
            if token.kind == STR:
                token, following = self._joined(token)
                yield token
                token = following
            if token.kind == ID:
                yield from self._expanded(token)
                continue
            yield token
            if token.kind == EOF:
                return

    def _joined(self, first: Token) -> tuple[Token, Token]:
        """Adjacent double-quoted strings are one string."""
        parts = [first.text]
        while True:
            token = self._next()
            if token.kind != STR:
                break
            parts.append(token.text)
            first.end = token.end
        first.text = "".join(parts)
        return first, token

    def _expanded(self, token: Token, seen: tuple[str, ...] = ()) -> Iterator[Token]:
        """A macro's value as tokens at the macro's place; any other identifier as it is."""
        name = token.text
        if name not in self.macros.defines or name in seen:
            yield token
            return
        value = self.macros.defines[name]
        if not value:
            return
        inner = Lexer(token.pos.file, value, self.diag, self.macros, self.read, self.environ)
        first = True
        for part in inner._plain():
            part.pos, part.end = token.pos, token.end
            part.spaced = token.spaced if first else part.spaced
            first = False
            if part.kind == ID:
                yield from self._expanded(part, (*seen, name))
            else:
                yield part

    def _plain(self) -> Iterator[Token]:
        while True:
            token = self._next()
            if token.kind == EOF:
                return
            yield token

    # --- one token ----------------------------------------------------------------------------------------

    def _next(self) -> Token:
        spaced = False
        while True:
            reader = self.reader
            text, at = reader.text, reader.at
            if at >= len(text):
                if self._leave_file():
                    spaced = True
                    continue
                here = reader.pos()
                return Token(EOF, "", here, here, True)
            char = text[at]
            if char in " \t\n\f\v":
                reader.move(at + 1)
                spaced = True
            elif (
                char == "#"
                or text.startswith("//", at)
                or (text.startswith("!!", at) and self._line_is_blank_before(at))
            ):
                self._comment_or_directive()
                spaced = True
            elif text.startswith("/*", at):
                self._block_comment()
                spaced = True
            else:
                return self._token(char, spaced)

    def _line_is_blank_before(self, at: int) -> bool:
        return not self.reader.text[self.reader.line_start : at].strip()

    def _token(self, char: str, spaced: bool) -> Token:
        reader = self.reader
        start = reader.pos()
        text, at = reader.text, reader.at
        if char == '"':
            value = self._string()
            return Token(STR, self.macros.apply_substs(value), start, self.reader.pos(), spaced)
        if char == "'":
            end = text.find("'", at + 1)
            if end < 0:
                self.diag.error("syntax-string", "this string has no closing '", start)
                end = len(text)
            value = text[at + 1 : end]
            reader.move(min(end + 1, len(text)))
            return Token(RAW, self.macros.apply_substs(value), start, reader.pos(), spaced)
        if char == "$":
            return self._variable(start, spaced)
        if char == "@":
            select = _SELECT_TEXT.match(text, at)
            if select:
                reader.move(select.end())
                return Token(SELECT, select[0][1:], start, reader.pos(), spaced)
        word = _WORD.match(text, at)
        if word:
            name = word[0]
            reader.move(word.end())
            if name in ("include_file", "import_file"):
                self._include(name == "import_file", start)
                return self._next()
            return Token(ID, name, start, reader.pos(), spaced)
        number = _NUMBER.match(text, at)
        if number:
            reader.move(number.end())
            return Token(NUM, number[0], start, reader.pos(), spaced, _number(number[0]))
        operator = _OPERATOR.match(text, at)
        if operator:
            reader.move(operator.end())
            return Token(OP, operator[0], start, reader.pos(), spaced)
        reader.move(at + 1)
        self.diag.error("syntax-character", f"unexpected character {char!r}", start)
        return self._next()

    def _string(self) -> str:
        reader = self.reader
        text = reader.text
        start = reader.pos()
        out = []
        i = reader.at + 1
        while True:
            if i >= len(text):
                self.diag.error("syntax-string", 'this string has no closing "', start, 'add the missing "')
                break
            char = text[i]
            if char == '"':
                i += 1
                break
            if char != "\\":
                out.append(char)
                i += 1
                continue
            following = text[i + 1 : i + 2]
            if following in _ESCAPES and following:
                out.append(_ESCAPES[following])
                i += 2
            elif following == "\n":
                i += 2
            elif following == "x" and re.match(r"[0-9a-fA-F]{1,2}", text[i + 2 : i + 4]):
                digits = re.match(r"[0-9a-fA-F]{1,2}", text[i + 2 : i + 4])
                assert digits is not None
                out.append(chr(int(digits[0], 16)))
                i += 2 + len(digits[0])
            elif octal := re.match(r"[0-7]{2,3}", text[i + 1 : i + 4]):
                out.append(chr(int(octal[0], 8) & 255))
                i += 1 + len(octal[0])
            else:
                out.append("\\" + following)
                i += 2
        reader.move(i)
        return "".join(out)

    def _variable(self, start: Pos, spaced: bool) -> Token:
        """`$name`, `$name(..)`, `$(..)`: parentheses are only counted; no line end inside."""
        reader = self.reader
        text = reader.text
        i = reader.at + 1
        if not text.startswith("(", i):
            name = _PV_NAME.match(text, i)
            if name is None:
                reader.move(i)
                self.diag.error("syntax-variable", "a variable's name is missing after $", start)
                return Token(PV, "null", start, reader.pos(), spaced)
            i = name.end()
        if text.startswith("(", i):
            depth = 0
            while i < len(text) and text[i] != "\n":
                depth += {"(": 1, ")": -1}.get(text[i], 0)
                i += 1
                if depth == 0:
                    break
            if depth:
                self.diag.error("syntax-variable", "this variable has no closing )", start, length=i - reader.at)
        name_text = text[reader.at + 1 : i]
        reader.move(i)
        return Token(PV, self.macros.apply_substs(name_text), start, reader.pos(), spaced)

    def _block_comment(self) -> None:
        reader = self.reader
        text = reader.text
        start = reader.pos()
        depth = 1
        i = reader.at + 2
        while depth and i < len(text):
            if text.startswith("/*", i):
                depth, i = depth + 1, i + 2
            elif text.startswith("*/", i):
                depth, i = depth - 1, i + 2
            else:
                i += 1
        if depth:
            self.diag.error("syntax-comment", "this comment has no closing */", start, length=2)
        reader.move(i)

    # --- files --------------------------------------------------------------------------------------------

    def _include(self, optional: bool, start: Pos) -> None:
        reader = self.reader
        blank = re.compile(r'[ \t]*"((?:[^"\\\n]|\\.)*)"[ \t]*;?').match(reader.text, reader.at)
        word = "import_file" if optional else "include_file"
        if blank is None:
            self.diag.error("syntax-include", f"{word} needs a file name in double quotes", start, length=len(word))
            return
        name = self.macros.apply_substs(blank[1])
        reader.move(blank.end())
        if len(self.stack) >= MAX_DEPTH:
            self.diag.error("include-depth", f"more than {MAX_DEPTH} files include one another", start)
            return
        tried = [name]
        if not os.path.isabs(name):
            tried.append(os.path.join(os.path.dirname(reader.name), name))
        for path in tried:
            try:
                data = self.read(path)
            except OSError as error:
                problem = error
                continue
            self.sources[path] = decode(data)
            self.stack.append(reader)
            self.included_conditions.append(len(self.conditions))
            self.reader = Reader(path, self.sources[path])
            return
        if not optional or not isinstance(problem, FileNotFoundError):
            self.diag.error("include-missing", f"cannot read {name}: {problem.strerror}", start)

    def _leave_file(self) -> bool:
        if not self.stack:
            for where, _, directive in self.conditions:
                self.diag.error(
                    "ifdef-unbalanced", f"this #!{directive} has no #!endif", where, length=len(directive) + 2
                )
            self.conditions.clear()
            return False
        self.reader = self.stack.pop()
        self.included_conditions.pop()
        return True

    # --- lines for the preprocessor -----------------------------------------------------------------------

    def _comment_or_directive(self) -> None:
        reader = self.reader
        start = reader.at
        directive = _DIRECTIVE.match(reader.text, start)
        end = self._line_end(start)
        if directive is None or not self._directive(directive[1], directive.end(), end):
            reader.move(end)

    def _line_end(self, at: int) -> int:
        end = self.reader.text.find("\n", at)
        return len(self.reader.text) if end < 0 else end

    def _directive(self, word: str, at: int, end: int) -> bool:
        """Obey one preprocessor line; False where it is only a comment."""
        reader = self.reader
        pos = reader.pos()
        if word in _MODES:
            return False
        if word in ("include_file", "import_file"):
            reader.move(at)
            self._include(word == "import_file", pos)
            return True
        if word in ("ifdef", "ifndef", "ifexp"):
            self._condition(word, reader.text[at:end], pos)
            return True
        if word in ("else", "endif"):
            if reader.text[at:end].strip():
                return False  # Kamailio: not alone on its line, so it is a comment
            self._else_or_endif(word, pos, end)
            return True
        while reader.text[:end].endswith("\\") and end < len(reader.text):
            end = self._line_end(end + 1)
        known = self.macros.directive(word, reader.text[at:end].replace("\\\n", ""), pos, self.diag, self.environ)
        if known:
            reader.move(end)
        return known

    def _condition(self, word: str, rest: str, pos: Pos) -> None:
        name = rest.split("#")[0].strip() if word != "ifexp" else rest.strip()
        if not name:
            self.diag.error("syntax-ifdef", f"#!{word} needs a name", pos, length=len(word) + 2)
        if word == "ifexp":
            holds = self.macros.evaluate(name, pos, self.diag)
        else:
            holds = (name in self.macros.defines) == (word == "ifdef")
        self.conditions.append((pos, holds, word))
        self.reader.move(self._line_end(self.reader.at))
        if not holds:
            self._skip()

    def _else_or_endif(self, word: str, pos: Pos, end: int) -> None:
        self.reader.move(end)
        if not self.conditions:
            self.diag.error("ifdef-unbalanced", f"#!{word} without #!ifdef", pos, length=len(word) + 2)
        elif word == "endif":
            self.conditions.pop()
        else:
            where, _taken, directive = self.conditions[-1]
            self.conditions[-1] = (where, True, directive)
            self._skip()

    def _skip(self) -> None:
        """Go on to the #!else or #!endif that ends what is left out; nothing in between is read."""
        reader = self.reader
        depth = 0
        while reader.at < len(reader.text):
            end = self._line_end(reader.at)
            line = reader.text[reader.at : end]
            found = re.match(r"\s*(?:#!|!!)(ifdef|ifndef|ifexp|else|endif)\b(.*)", line)
            if found:
                word, alone = found[1], not found[2].strip()
                if word.startswith("if"):
                    depth += 1
                elif alone and word == "endif":
                    if depth == 0:
                        reader.move(end)
                        self.conditions.pop()
                        return
                    depth -= 1
                elif alone and word == "else" and depth == 0:
                    where, taken, directive = self.conditions[-1]
                    reader.move(end)
                    if not taken:
                        self.conditions[-1] = (where, True, directive)
                        return
                    continue
            reader.move(min(end + 1, len(reader.text)))


def _number(text: str) -> int:
    if text[:2].lower() == "0x":
        return int(text, 16)
    if text.endswith("b"):
        return int(text[:-1], 2)
    if len(text) > 1 and text[0] == "0" and all(c in "01234567" for c in text):
        return int(text, 8)
    return int(text)
