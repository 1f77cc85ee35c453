"""The preprocessor: defines, conditional parts, substitutions and included files.

Directives begin with `#!` or `!!` and may stand anywhere between tokens; what an `#!ifdef` leaves out is never
looked at. Source: cfg.lex and ppcfg.c of Kamailio 5.6 for the behaviour, the core cookbook for `ifexp`, `defexp`
and `undef` of later releases.
"""

from __future__ import annotations

import os.path
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from olelo.script import snexpr, strings
from olelo.script.diagnostics import Diagnostics
from olelo.script.nodes import Pos
from olelo.script.source import Frame, Source, decode
from olelo.script.subst import Subst, evaluate, split_rule

MAX_INCLUDE_DEPTH = 10
MAX_INCLUDE_NAME = 127

_KINDS = {
    "def": "define", "define": "define", "trydef": "trydef", "trydefine": "trydef", "redef": "redef",
    "redefine": "redef", "undef": "undef", "undefine": "undef", "tryundef": "tryundef", "ifdef": "ifdef",
    "ifndef": "ifndef", "ifexp": "ifexp", "else": "else", "endif": "endif", "defenv": "defenv", "defenvs": "defenv",
    "trydefenv": "trydefenv", "trydefenvs": "trydefenv", "subst": "subst", "substdef": "substdef",
    "substdefs": "substdef", "defexp": "defexp", "defexps": "defexp", "include_file": "include_file",
    "import_file": "import_file",
}  # fmt: skip
_DIRECTIVE = re.compile(r"(?:#!|!!)([a-z]+(?:_file)?)(?![A-Za-z0-9_])")
_SKIP = re.compile(
    r"(?:#!|!!)(?:(ifdef|ifndef)[ \t\b\r]+([A-Za-z_]\w*)?|(ifexp)[ \t\b\r][^\n]*|(else|endif)(?=[ \t\b\r]*(?:\n|\Z))"
    r"|(else|endif)(?=[ \t]))"
)
_BLANK = re.compile(r"[ \t\b\r]*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REST = re.compile(r"(?:\\\n|[^\n])*")
_FILE = re.compile(r"\s*([^ \t\r\n]+)")
_WORD = re.compile(r"[^ \t\r\n]+")


@dataclass(slots=True)
class _If:
    """An open `#!ifdef`: where, whether its present branch is read, and a directive that nearly closed it."""

    pos: Pos
    word: str
    on: bool
    nearly: Pos | None = None
    has_else: bool = False


def builtin_defines() -> dict[str, str | None]:
    """What is defined before the first line: the names of the release whose language this is."""
    system = "linux" if sys.platform.startswith("linux") else sys.platform
    return {
        "KAMAILIO_5": None,
        "KAMAILIO_5_6": None,
        "KAMAILIO_5_6_3": None,
        "KAMAILIO_VERSION": "5006003",
        "OS_NAME": f'"{system}"',
    }


class Preprocessor:
    """Holds the files being read, the defines and the substitutions; the lexer pulls text through it."""

    def __init__(
        self,
        diag: Diagnostics,
        defines: Mapping[str, str | None],
        read: Callable[[str], bytes],
        environ: Mapping[str, str],
    ) -> None:
        self.diag = diag
        self.read = read
        self.environ = environ
        self.defines: dict[str, str | None] = {**builtin_defines(), **defines}
        self.where: dict[str, Pos] = {}
        self.substs: list[Subst] = []
        self.ifs: list[_If] = []
        self.frames: list[Frame] = []
        self.sources: dict[str, str] = {}
        self.compat_ser = False
        self.compat_max = True

    # --- files ----------------------------------------------------------------------------------------------

    def open(self, name: str, data: bytes | str) -> None:
        """Push a file; reading goes on in it."""
        source = Source(name, decode(data))
        self.sources[name] = source.text
        self.frames.append(Frame(source))

    def include(self, frame: Frame, i: int, word: str, start: Pos) -> int:
        """`include_file "x"` or `import_file "x"`, the name following at i. Returns the offset after the name."""
        match = _FILE.match(frame.text, i)
        if match is None:
            self.diag.error("include-name", f"{word} needs a file name", start, f'write {word} "file.cfg"', len(word))
            return i
        text, pos, after = match[1], frame.pos(match.start(1)), match.end()
        for rule in self.substs:
            text = rule.run(text)
        if len(text) < 2 or text[0] != '"' or text[-1] != '"':
            hint = 'nothing may follow the name, not even ";"' if text.endswith(";") else f'write {word} "file.cfg"'
            if text.startswith('"') and '"' not in text[1:]:
                hint = "the name cannot hold blanks"
            self.diag.error(
                "include-name", f'the file name after {word} must be in double quotes: "{text}"', pos, hint, len(text)
            )
            line_end = frame.text.find("\n", after)
            return line_end if line_end >= 0 else len(frame.text)
        name = re.sub(r"\\(.)", lambda m: {"t": "\t", "n": "\n", "r": "\r"}.get(m[1], m[1]), text[1:-1])
        if not name or len(text) > MAX_INCLUDE_NAME or "\0" in name:
            self.diag.error("include-name", f"{word}: the file name is empty or too long", pos, length=len(text))
            return after
        if len(self.frames) > MAX_INCLUDE_DEPTH:
            self.diag.error(
                "include-depth", f'"{name}" is included more than {MAX_INCLUDE_DEPTH} files deep', pos,
                "does a file include itself?", len(text),
            )  # fmt: skip
            return after
        frame.i = after
        tried = [name]
        beside = os.path.join(os.path.dirname(frame.source.name), name)
        if not name.startswith("/") and beside != name:
            tried.append(beside)
        reason = ""
        for path in tried:
            try:
                data = self.read(path)
            except (OSError, ValueError, KeyError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                continue
            self.open(path, data)
            return 0
        if word != "import_file":
            paths = " and ".join(tried)
            self.diag.error("include-missing", f'cannot read "{name}": {reason}', pos, f"tried {paths}", len(text))
        return after

    # --- defines --------------------------------------------------------------------------------------------

    def define(self, kind: str, name: str, value: str | None, pos: Pos) -> None:
        """`#!define` (an error where the name exists), `#!trydef` (keeps it), `#!redef` (replaces it)."""
        if name in self.defines and kind != "redef":
            if kind == "define":
                before = self.where.get(name)
                at = f"first defined at {before.file}:{before.line}" if before else "it is defined from the start"
                self.diag.error(
                    "redefined", f'"{name}" is already defined', pos,
                    f"{at}; #!redef replaces a value, #!trydef keeps it", len(name),
                )  # fmt: skip
            return
        self.defines[name] = value
        self.where[name] = pos

    def substitute(self, text: str) -> str:
        """Run all `#!subst` rules over a string or a variable."""
        for rule in self.substs:
            if text:
                text = rule.run(text)
        return text

    def _evaluate(self, text: str) -> str:
        return evaluate(text, self.defines.get, self.environ.get)

    # --- directives -----------------------------------------------------------------------------------------

    def directive(self, frame: Frame, i: int) -> int | None:
        """The directive at text[i], if there is one; returns the offset after it (in the then topmost frame), or None.

        None also where a directive's rest makes Kamailio take the line as a comment."""
        text = frame.text
        match = _DIRECTIVE.match(text, i)
        kind = _KINDS.get(match[1]) if match else None
        if match is None or kind is None:
            return None
        word, pos, after = "#!" + match[1], frame.pos(i), match.end()
        if kind in ("include_file", "import_file"):
            return self.include(frame, after, match[1], pos)
        if kind in ("subst", "substdef"):
            return self._subst(frame, after, match[1], pos)
        rest = _REST.match(text, after)
        end = rest.end() if rest else after
        body = text[after:end]
        if kind in ("else", "endif"):
            if body.strip(" \t\b\r"):
                if self.ifs:
                    self.ifs[-1].nearly = pos
                return None
            self._else(pos) if kind == "else" else self._endif(pos)
            return self._skip(frame, end)
        if kind in ("defenv", "trydefenv"):
            return self._defenv(frame, after, match[1], pos)
        if body and body[0] not in " \t\b\r":
            return None
        blank = _BLANK.match(text, after)
        start = blank.end() if blank else after
        if kind == "ifexp":
            self.ifs.append(_If(pos, word, self._expression(text[start:end], frame.pos(start), word, True) == "1"))
            return self._skip(frame, end)
        name = _NAME.match(text, start)
        if name is None:
            self.diag.error("directive-name", f"{word} needs a name", pos, f"write {word} NAME", len(word))
            if kind in ("ifdef", "ifndef"):
                self.ifs.append(_If(pos, word, True))
            return end
        if text[name.end() : name.end() + 1] == "-":
            self.diag.error(
                "directive-name", f'"-" is not allowed in a name after {word}', frame.pos(name.end()),
                'use "_"',
            )  # fmt: skip
            if kind in ("ifdef", "ifndef"):
                self.ifs.append(_If(pos, word, True))
            return end
        place = frame.pos(start)
        if kind in ("ifdef", "ifndef"):
            extra = text[name.end() : end].strip()
            if extra:
                self.diag.warning(
                    "directive-extra", f'"{extra}" after the name is ignored', frame.pos(text.index(extra, name.end())),
                    f"{word} takes one name", len(extra),
                )  # fmt: skip
            self.ifs.append(_If(pos, word, (name[0] in self.defines) is (kind == "ifdef")))
            return self._skip(frame, end)
        value = text[name.end() : end].lstrip(" \t\b\r").replace("\\\n", "")
        if kind in ("undef", "tryundef"):
            if self.defines.pop(name[0], "") == "" and kind == "undef" and name[0] not in self.where:
                self.diag.warning("not-defined", f'"{name[0]}" is not defined', place, length=len(name[0]))
        elif kind == "defexp":
            result = self._expression(value, frame.pos(end - len(value) if value else end), word, False)
            if result is not None:
                quoted = f'"{result}"' if match[1].endswith("s") else result
                self.define("define", name[0], quoted, place)
        else:
            self.define(kind, name[0], value or None, place)
        return end

    def _expression(self, text: str, pos: Pos, word: str, boolean: bool) -> str | None:
        try:
            value = snexpr.evaluate(text.replace("\\\n", "  "), self.defines)
        except snexpr.SnexprError as error:
            at = Pos(pos.file, pos.line, pos.col + error.offset)
            self.diag.error("bad-expression", f"{word}: {error}", at)
            return None
        if boolean:
            return "1" if snexpr.truth(value) else "0"
        return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)

    def _defenv(self, frame: Frame, i: int, word: str, pos: Pos) -> int:
        blank = _BLANK.match(frame.text, i)
        start = blank.end() if blank else i
        match = _WORD.match(frame.text, start)
        name, _, variable = match[0].partition("=") if match else ("", "", "")
        place = frame.pos(start)
        if match is None or not _NAME.fullmatch(name) or ("=" in match[0] and not variable):
            self.diag.error("directive-name", f"#!{word} needs a name", pos, f"write #!{word} NAME or NAME=VARIABLE")
            return match.end() if match else start
        value = self.environ.get(variable or name)
        if value is None:
            if not word.startswith("try"):
                self.diag.error(
                    "no-environment", f'environment variable "{variable or name}" is not set', place,
                    f"set it, or use #!try{word}", len(match[0]),
                )  # fmt: skip
        else:
            self.define("define", name, f'"{value}"' if word.endswith("s") else value or None, place)
        return match.end()

    def _subst(self, frame: Frame, i: int, word: str, pos: Pos) -> int:
        blank = _BLANK.match(frame.text, i)
        start = blank.end() if blank else i
        place = frame.pos(start)
        quote = frame.text[start : start + 1]
        if quote not in ('"', "'") or not quote:
            self.diag.error("subst-string", f"#!{word} needs a string", pos, f'write #!{word} "!FROM!to!g"')
            line_end = frame.text.find("\n", start)
            return line_end if line_end >= 0 else len(frame.text)
        reader = strings.read_double if quote == '"' else strings.read_single
        data, end, closed = reader(frame.text, start)
        if not closed:
            self.diag.error("unterminated-string", f"the string after #!{word} is not closed", place)
            return end
        self.add_rule(word, self.substitute(data), place, f"#!{word}", end - start)
        return end

    def add_rule(self, word: str, data: str, place: Pos, name: str, length: int = 1) -> None:
        """A rule `!FROM!to!g` of #!subst, #!substdef or #!substdefs, or of the option of that name."""
        try:
            if word == "subst":
                self.substs.append(Subst(data, self._evaluate))
                return
            defined, value, _ = split_rule(data)
            self.substs.append(Subst(data, self._evaluate))
        except ValueError as error:
            self.diag.error("bad-subst", f"{name}: {error}", place, "the form is !FROM!to!g", length)
            return
        value = self._evaluate(value)
        self.define("define", defined, f'"{value}"' if word == "substdefs" else value or None, place)

    # --- conditional parts ----------------------------------------------------------------------------------

    def _else(self, pos: Pos) -> None:
        if not self.ifs:
            self.diag.warning("stray-else", "#!else without #!ifdef is ignored", pos, length=6)
            return
        top = self.ifs[-1]
        if top.has_else:
            self.diag.warning(
                "second-else", f"second #!else for the {top.word} of line {top.pos.line}", pos,
                "it turns the condition round once more", 6,
            )  # fmt: skip
        top.has_else = True
        top.on = not top.on

    def _endif(self, pos: Pos) -> None:
        if not self.ifs:
            self.diag.error("stray-endif", "#!endif without #!ifdef", pos, "remove it, or find the lost #!ifdef", 7)
            return
        self.ifs.pop()

    def skipping(self) -> bool:
        return any(not item.on for item in self.ifs)

    def _skip(self, frame: Frame, i: int) -> int:
        """From i, pass over text that is left out; returns where reading goes on (the frame's end at most)."""
        text = frame.text
        while self.skipping():
            match = _SKIP.search(text, i)
            if match is None:
                return len(text)
            pos, i = frame.pos(match.start()), match.end()
            opens, name, ifexp, closes, nearly = match.groups()
            if opens:
                self.ifs.append(_If(pos, "#!" + opens, (name in self.defines) is (opens == "ifdef")))
            elif ifexp:
                self.ifs.append(_If(pos, "#!ifexp", True))
            elif closes == "else":
                self._else(pos)
            elif closes:
                self._endif(pos)
            elif nearly and self.ifs:
                self.ifs[-1].nearly = pos
        return i

    def resume(self) -> None:
        """After a file's end: go on passing over text that is left out, in the file that included it."""
        if self.frames and self.skipping():
            frame = self.frames[-1]
            frame.i = self._skip(frame, frame.i)

    def finish(self) -> None:
        """At the end of everything: what was opened and not closed."""
        for item in self.ifs:
            hint = ""
            if item.nearly is not None:
                hint = f"the directive in line {item.nearly.line} is a comment, because text follows it on its line"
            self.diag.error("unbalanced-ifdef", f"{item.word} is not closed by #!endif", item.pos, hint, len(item.word))
