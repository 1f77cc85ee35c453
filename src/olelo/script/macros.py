"""#!define, #!subst, #!defenv and their kin: what the preprocessor keeps, and how its lines are read."""

from __future__ import annotations

import re
from collections.abc import Mapping

from olelo.script.diagnostics import Diagnostics
from olelo.script.nodes import Pos
from olelo.script.regex import translate
from olelo.script.snexpr import ExpressionError, evaluate

_NAME = re.compile(r"[ \t]*([A-Za-z_][A-Za-z0-9_]*)")
#: What Kamailio 5.6.3 defines by itself, so that files made for it take the same branches here.
BUILT_IN: dict[str, str | None] = {
    "KAMAILIO_5": None,
    "KAMAILIO_5_6": None,
    "KAMAILIO_5_6_3": None,
    "KAMAILIO_VERSION": "5006003",
    "OS_NAME": '"linux"',
}
_DEFINES = {
    "define": "define", "def": "define", "trydefine": "try", "trydef": "try",
    "redefine": "redefine", "redef": "redefine", "undefine": "undef", "undef": "undef",
    "tryundefine": "undef", "tryundef": "undef",
}  # fmt: skip
_ENVIRONMENT = {
    "defenv": (False, False),
    "defenvs": (False, True),
    "trydefenv": (True, False),
    "trydefenvs": (True, True),
}


class Macros:
    """Names with their values, and substitutions in order."""

    def __init__(self, defines: Mapping[str, str | None] | None = None) -> None:
        self.defines: dict[str, str | None] = {**BUILT_IN, **(defines or {})}
        self.substs: list[tuple[re.Pattern[str], str, bool]] = []

    def apply_substs(self, text: str) -> str:
        """A string or variable with all #!subst rules applied, each on the result of the one before."""
        for pattern, replacement, everywhere in self.substs:
            text = pattern.sub(lambda m, r=replacement: _expand(r, m), text, count=0 if everywhere else 1)
        return text

    def directive(self, word: str, rest: str, pos: Pos, diag: Diagnostics, environ: Mapping[str, str]) -> bool:
        """Obey one line; False where the word is none of these."""
        if word in _DEFINES:
            self._define(_DEFINES[word], word, rest, pos, diag)
        elif word in _ENVIRONMENT:
            self._environment(word, rest, pos, diag, environ)
        elif word in ("subst", "substdef", "substdefs"):
            self._subst(word, rest, pos, diag, environ)
        elif word in ("defexp", "defexps"):
            self._expression(word, rest, pos, diag)
        else:
            return False
        return True

    def _define(self, kind: str, word: str, rest: str, pos: Pos, diag: Diagnostics) -> None:
        name = _NAME.match(rest)
        if name is None:
            diag.error("syntax-define", f"#!{word} needs a name", pos, length=len(word) + 2)
            return
        key, value = name[1], rest[name.end() :]
        if value[:1] not in ("", " ", "\t"):
            diag.error(
                "syntax-define",
                f"{(key + value.split()[0])!r} is no name for #!{word}: letters, digits and _ only",
                pos,
            )
            return
        value = value.lstrip(" \t")
        if kind == "undef":
            self.defines.pop(key, None)
        elif kind == "define" and key in self.defines:
            diag.error(
                "define-twice",
                f"{key} is defined already",
                pos,
                "use #!redefine to change it, #!trydefine to keep the first",
            )
        elif kind != "try" or key not in self.defines:
            self.defines[key] = value or None

    def _environment(self, word: str, rest: str, pos: Pos, diag: Diagnostics, environ: Mapping[str, str]) -> None:
        optional, quoted = _ENVIRONMENT[word]
        name, _, variable = rest.strip().partition("=")
        variable = variable or name
        value = environ.get(variable)
        if value is None:
            if not optional:
                diag.error(
                    "env-missing", f"environment variable {variable} is not set", pos, "use #!trydefenv to do without"
                )
            return
        if name not in self.defines:
            self.defines[name] = f'"{value}"' if quoted else value

    def _expression(self, word: str, rest: str, pos: Pos, diag: Diagnostics) -> None:
        name = _NAME.match(rest)
        if name is None:
            diag.error("syntax-define", f"#!{word} needs a name and an expression", pos)
            return
        try:
            value = evaluate(rest[name.end() :].strip(), self.defines)
        except ExpressionError as error:
            diag.error("syntax-expression", f"#!{word}: {error}", pos)
            return
        text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        self.defines[name[1]] = f'"{text}"' if word == "defexps" else text

    def evaluate(self, text: str, pos: Pos, diag: Diagnostics) -> bool:
        """Whether the expression of an #!ifexp holds."""
        try:
            value = evaluate(text, self.defines)
        except ExpressionError as error:
            diag.error("syntax-expression", f"#!ifexp: {error}", pos)
            return False
        return bool(value)

    def _subst(self, word: str, rest: str, pos: Pos, diag: Diagnostics, environ: Mapping[str, str]) -> None:
        quoted = re.match(r'[ \t]*"((?:[^"\\]|\\.)*)"', rest)
        text = quoted[1].replace('\\"', '"') if quoted else rest.strip()
        if len(text) < 3:
            diag.error("syntax-subst", f'#!{word} needs "/regular expression/replacement/flags"', pos)
            return
        parts = text.split(text[0])
        if len(parts) < 4:
            diag.error("syntax-subst", f"#!{word}: the third {text[0]} is missing", pos)
            return
        pattern, replacement, flags = parts[1], parts[2], parts[3]
        replacement = re.sub(r"\$env\(([^)]*)\)", lambda m: environ.get(m[1], ""), replacement)
        replacement = re.sub(r"\$def\(([^)]*)\)", lambda m: self.defines.get(m[1]) or "", replacement)
        try:
            compiled = re.compile(translate(pattern), re.IGNORECASE if "i" in flags else 0)
        except (re.error, ValueError) as error:
            diag.error("bad-regex", f"#!{word}: {error}", pos)
            return
        self.substs.append((compiled, replacement, "g" in flags))
        if word != "subst" and pattern not in self.defines:
            self.defines[pattern] = f'"{replacement}"' if word == "substdefs" else replacement


def _expand(replacement: str, match: re.Match[str]) -> str:
    return re.sub(r"\\(\d)", lambda m: match[int(m[1])] or "" if int(m[1]) <= (match.re.groups) else "", replacement)
