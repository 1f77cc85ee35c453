"""The lexer: text to tokens, macros expanded, comments and left-out parts gone.

The whole configuration is read before it is parsed, so that the parser can look ahead and a string that lost a
quote can be read again in another way (see parser.py). Source: cfg.lex of Kamailio 5.6.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from olelo.script import strings
from olelo.script.nodes import Pos
from olelo.script.preprocess import Preprocessor
from olelo.script.source import Frame
from olelo.script.tokens import (
    EOF,
    EVENT,
    ID,
    IPV6,
    NUMBER,
    NUMBER_WORDS,
    NUMID,
    OP,
    PVAR,
    RESERVED,
    SELECT,
    STRING,
    WORD,
    Token,
)

#: A configuration of 5,000 lines uses defines some thousand times; defines that double each other never end.
MAX_EXPANSIONS = 50_000

_BLANK = re.compile(r"(?:[ \t\b\r\n]|\\\n)+")
_ALNUM = re.compile(r"[A-Za-z0-9_]+")
_COLON_WORD = re.compile(r"(?:msg:len|uri:host|uri:port)(?![A-Za-z0-9_])")
_IPV6 = re.compile(
    r"(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}"
    r"|(?:[0-9a-fA-F]{1,4}:){1,7}(?::[0-9a-fA-F]{1,4}){1,7}"
    r"|:(?::[0-9a-fA-F]{1,4}){1,7}|(?:[0-9a-fA-F]{1,4}:){1,7}:|::"
)
_NUMBER = re.compile(r"0|[1-9][0-9]*|0x[0-9a-fA-F]+|0[0-7]+|[01]+b")
_OPERATOR = re.compile(r"\(int\)|\(str\)|<<|>>|==|=~|>=|<=|!=|\+=|&&|\|\||[-=<>!&|~^+*/,;:.(){}\[\]%]")
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_MODE = re.compile(r"(?:#|//)!(?:(SER)|(KAMAILIO|OPENSER)|(?:MAXCOMPAT|ALL))(?:\n|\Z)")
_PV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PV_PAREN = re.compile(r"[()\n]")
_ATTRIBUTE = re.compile(r"(?:(?:f[rud]?|t[rud]?|g)\.)?[A-Za-z_][A-Za-z0-9_]*(?:\[-?[0-9]*\])?")
_SER_ATTRIBUTE = re.compile(r"(?:(?:f[rud]?|t[rud]?|g)\.)?([A-Za-z_][A-Za-z0-9_]*)")  # %name, $avp(name) of today
_SELECT = re.compile(
    r"""[A-Za-z_]\w*(?:\[(?:-?\w+|"[^"\n]*")\])?(?:\.[A-Za-z_]\w*(?:\[(?:-?\w+|"[^"\n]*")\])?)*""", re.ASCII
)
_EVENT_NAME = re.compile(r"([ \t\b\r\n]*)\[([ \t\b\r\n]*)([^\]\n{};]*?)([ \t\b\r]*)\]")
_BROKEN = re.compile(r"([^\n]*?)[ \t]*\)*[ \t]*[;{,]?[ \t]*(?=\n|\Z)")


def number_of(word: str) -> int:
    """The value of a number as written: decimal, 0x.., octal 0.., binary ..b."""
    if word[-1] == "b" and word[:2] != "0x":
        return int(word[:-1], 2)
    if word[:2] == "0x":
        return int(word, 16)
    return int(word, 8) if word[0] == "0" else int(word[:4300])


class Lexer:
    """Reads everything the preprocessor's frames hold. `broken`: offsets of quotes to read as unclosed on their line
    (file, offset) -> whether to say so."""

    def __init__(self, pre: Preprocessor, broken: Mapping[tuple[str, int], bool]) -> None:
        self.pre = pre
        self.diag = pre.diag
        self.broken = broken
        self.tokens: list[Token] = []
        self.stray = ""
        self.line_seen = ("", 0)
        self.module_word = False
        self.expansions = 0

    def run(self) -> list[Token]:
        """All tokens; the last is EOF."""
        pre = self.pre
        last = pre.frames[0]
        while pre.frames:
            frame = pre.frames[-1]
            if frame.i < len(frame.text):
                frame.i = self._step(frame, frame.i)
                continue
            last = pre.frames.pop()
            pre.resume()
        end = last.source.pos(len(last.source.text))
        self.tokens.append(Token(EOF, "", end, end, first=True, stray=self.stray))
        pre.finish()
        return self.tokens

    def _emit(self, frame: Frame, kind: str, text: str, start: int, end: int, number: int = 0) -> int:
        pos = frame.pos(start)
        place = (pos.file, pos.line)
        after = frame.end(end)
        token = Token(kind, text, pos, after, number, place != self.line_seen)
        token.offset = frame.origin(start)
        token.stray, self.stray = self.stray, ""
        self.line_seen = (after.file, after.line)
        self.tokens.append(token)
        return end

    def _step(self, frame: Frame, i: int) -> int:
        """Read one token or one stretch of blanks at i; returns the offset to go on at."""
        text = frame.text
        char = text[i]
        if char in " \t\b\r\n\\":
            blank = _BLANK.match(text, i)
            if blank:
                return blank.end()
            return self._unknown(frame, i)
        if char.isascii() and (char.isalnum() or char == "_"):
            return self._word(frame, i)
        if char == '"' or char == "'":
            return self._string(frame, i)
        if char == "$":
            return self._variable(frame, i)
        if char == "#" or (char == "/" and text.startswith(("//", "/*"), i)):
            return self._comment(frame, i)
        if char == "@":
            select = _SELECT.match(text, i + 1)
            if select:
                return self._emit(frame, SELECT, select[0], i, select.end())
            return self._unknown(frame, i)
        if char == "!" and text.startswith("!!", i):
            done = self.pre.directive(frame, i)
            if done is not None:
                return self._after_directive(frame, done)
        if char == ":":
            address = _IPV6.match(text, i)
            if address:
                return self._emit(frame, IPV6, address[0], i, address.end())
        if char == "%" and not self._after_operand():
            attribute = _SER_ATTRIBUTE.match(text, i + 1)
            if attribute:
                return self._emit(frame, PVAR, f"avp({attribute[1]})", i, attribute.end())
        operator = _OPERATOR.match(text, i)
        if operator:
            return self._emit(frame, OP, operator[0], i, operator.end())
        return self._unknown(frame, i)

    def _after_operand(self) -> bool:
        """Does the previous token end an operand, so that an operator may follow?"""
        if not self.tokens:
            return False
        last = self.tokens[-1]
        return last.kind in (PVAR, STRING, NUMBER, SELECT, ID) or (last.kind == OP and last.text == ")")

    def _after_directive(self, frame: Frame, done: int) -> int:
        """An include leaves its own reading place in the file that includes; the new file begins at 0."""
        return frame.i if self.pre.frames[-1] is not frame else done

    def _unknown(self, frame: Frame, i: int) -> int:
        """A character no token begins with. Kamailio drops it silently; the parser says where it explains a fault."""
        char = frame.text[i]
        if not self.stray:
            self.diag.warning(
                "stray-character", f'the character "{_printable(char)}" is ignored here', frame.pos(i),
                "outside strings and comments it means nothing",
            )  # fmt: skip
        self.stray += char
        return i + 1

    def _word(self, frame: Frame, i: int) -> int:
        text = frame.text
        match = _ALNUM.match(text, i)
        word = match[0] if match else text[i]
        end = i + len(word)
        follows = text[end : end + 1]
        if follows == ":":
            address = _IPV6.match(text, i)
            if address and address.end() > end:
                return self._emit(frame, IPV6, address[0], i, address.end())
            special = _COLON_WORD.match(text, i)
            if special:
                return self._emit(frame, WORD, special[0], i, special.end())
        if word[0].isdigit():
            if _NUMBER.fullmatch(word):
                return self._emit(frame, NUMBER, word, i, end, number_of(word))
            return self._emit(frame, NUMID, word, i, end)
        if word in RESERVED:
            if word in NUMBER_WORDS:
                return self._emit(frame, NUMBER, word, i, end, NUMBER_WORDS[word])
            if word in ("include_file", "import_file"):
                return self._after_directive(frame, self.pre.include(frame, end, word, frame.pos(i)))
            self._emit(frame, WORD, word, i, end)
            if word == "event_route":
                return self._event(frame, end)
            self.module_word = word in ("loadmodule", "loadmodulex")
            return end
        defines = self.pre.defines
        if word in defines:
            frame.i = i
            self.expansions += 1
            if self.expansions > MAX_EXPANSIONS:
                if self.expansions == MAX_EXPANSIONS + 1:
                    self.diag.error(
                        "endless-define", f"more than {MAX_EXPANSIONS} uses of defines", frame.pos(i),
                        f'does "{word}" grow without end?', len(word),
                    )  # fmt: skip
                return self._emit(frame, ID, word, i, end)
            if frame.expanding(word):
                self.diag.error("endless-define", f'"{word}" is defined as itself', frame.pos(i), length=len(word))
                return self._emit(frame, ID, word, i, end)
            frame.splice(i, end, word, defines[word] or "")
            return 0
        return self._emit(frame, ID, word, i, end)

    def _string(self, frame: Frame, i: int) -> int:
        text = frame.text
        key = (frame.source.name, frame.origin(i))
        if key in self.broken:
            match = _BROKEN.match(text, i + 1)
            end = match.end(1) if match else i + 1
            if self.broken[key]:
                self.diag.error(
                    "unterminated-string", "this string is not closed", frame.pos(i),
                    f"the closing {text[i]} is missing on this line",
                )  # fmt: skip
                return self._emit(frame, STRING, text[i + 1 : end], i, end)
            return i + 1
        reader = strings.read_double if text[i] == '"' else strings.read_single
        value, end, closed = reader(text, i)
        if not closed:
            self.diag.error(
                "unterminated-string", "this string is not closed before the end of the file", frame.pos(i),
                f"the closing {text[i]} is missing",
            )  # fmt: skip
        value = self.pre.substitute(value)
        self._emit(frame, STRING, value, i, end)
        stop = strings.closing_quote(text, i + 1) if text[i] == '"' else end
        self.tokens[-1].lines = text.count("\n", i, stop) - text.count("\\\n", i, stop) if stop > 0 else 1
        self.tokens[-1].joined = 0 < stop < end - 1 and "\n" not in text[stop : text.find('"', stop + 1)]
        if self.module_word:
            self.module_word = False
            name = module_name(value)
            if name:
                self.pre.define("trydef", "MOD_" + name, None, frame.pos(i))
        return end

    def _variable(self, frame: Frame, i: int) -> int:
        text = frame.text
        at = i + 1
        if text.startswith("?", at):
            return self._emit(frame, PVAR, "?", i, at + 1)
        name = _PV_NAME.match(text, at)
        end = name.end() if name else at
        if text.startswith("(", end):
            close = self._close_paren(frame, end)
            if close < 0:
                line_end = text.find("\n", i)
                line_end = len(text) if line_end < 0 else line_end
                self.diag.error(
                    "unterminated-variable", "a parenthesis of this variable is not closed on its line",
                    frame.pos(i), 'every "(" in it needs its ")"', end + 1 - i,
                )  # fmt: skip
                cut = _BROKEN.match(text, i + 1)
                end = cut.end(1) if cut else line_end
                return self._emit(frame, PVAR, text[i + 1 : end], i, end)
            return self._pvar(frame, i, close)
        if self.pre.compat_max:
            attribute = _ATTRIBUTE.match(text, at)
            if attribute:
                return self._pvar(frame, i, attribute.end())
        if name is None:
            self.diag.error("bad-variable", "a variable's name must follow the $", frame.pos(i), "for example $ru")
            return self._emit(frame, PVAR, "", i, at)
        return self._pvar(frame, i, end)

    def _pvar(self, frame: Frame, i: int, end: int) -> int:
        value = self.pre.substitute(frame.text[i:end])
        return self._emit(frame, PVAR, value[1:] if value.startswith("$") else value, i, end)

    @staticmethod
    def _close_paren(frame: Frame, i: int) -> int:
        """The offset after the parenthesis that closes the one at i; -1: none on this line."""
        depth = 0
        for match in _PV_PAREN.finditer(frame.text, i):
            char = match[0]
            if char == "\n":
                return -1
            depth += 1 if char == "(" else -1
            if depth == 0:
                return match.end()
        return -1

    def _comment(self, frame: Frame, i: int) -> int:
        text = frame.text
        if text.startswith("#!", i):
            done = self.pre.directive(frame, i)
            if done is not None:
                return self._after_directive(frame, done)
        if text.startswith("/*", i):
            return self._block_comment(frame, i)
        mode = _MODE.match(text, i)
        if mode:
            self.pre.compat_ser, self.pre.compat_max = mode[1] is not None, mode[2] is None
        end = text.find("\n", i)
        end = len(text) if end < 0 else end + 1
        if i < frame.macro_end:
            lost = text[frame.macro_end : end].strip()
            if lost and not lost.startswith(("#", "//")):
                name = frame.active[-1][0]
                self.diag.warning(
                    "comment-in-define", f'the value of "{name}" holds a comment, which swallows the rest of this line',
                    frame.pos(i), "a comment may not stand on the line of a #!define", len(name),
                )  # fmt: skip
        return end

    def _block_comment(self, frame: Frame, i: int) -> int:
        depth = 0
        opened: list[Pos] = []
        for match in _COMMENT_EDGE.finditer(frame.text, i):
            if match[0] == "/*":
                depth += 1
                opened.append(frame.pos(match.start()))
            else:
                depth -= 1
                opened.pop()
                if depth == 0:
                    return match.end()
        hint = 'the closing "*/" is missing'
        if len(opened) < len(_COMMENT_EDGE.findall(frame.text, i)) or len(opened) > 1:
            hint = f'comments nest: the "/*" in line {opened[-1].line} needs its own "*/"'
        self.diag.error("unterminated-comment", "this comment is not closed", frame.pos(i), hint, 2)
        return len(frame.text)

    def _event(self, frame: Frame, i: int) -> int:
        match = _EVENT_NAME.match(frame.text, i)
        if match is None:
            return i
        bracket = match.end(1)
        self._emit(frame, OP, "[", bracket, bracket + 1)
        self._emit(frame, EVENT, match[3].strip('"'), match.start(3), match.end(3))
        return self._emit(frame, OP, "]", match.end() - 1, match.end())


def module_name(path: str) -> str:
    """The bare name of a module: "tm" for "tm.so", "tm", "/usr/lib/kamailio/modules/tm.so"."""
    name = path.rsplit("/", 1)[-1]
    return name[:-3] if name.endswith(".so") else name


def _printable(char: str) -> str:
    return char if char.isprintable() else f"\\x{ord(char) & 0xFF:02x}"
