"""kamctlrc, the settings of kamctl and kamdbctl: assignments in the shell's syntax, read without a shell.

Understood: `NAME=value`, `export NAME=value`, several of them in a line, quotes of both kinds (over several lines too),
backslashes, comments, `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME-default}`. Whatever else a shell would do,
above all running commands, is refused with its line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

#: Names the one file to read instead of the usual ones.
VARIABLE: Final = "OLELO_KAMCTLRC"
SYSTEM_FILE: Final = "/etc/kamailio/kamctlrc"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE = re.compile(r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?-)([^{}]*))?\})")


class RcError(Exception):
    """The text names file and line."""


def files(environ: Mapping[str, str]) -> list[Path]:
    """The files that count, the later over the earlier: the system's and the user's, or the one that is named."""
    named = environ.get(VARIABLE)
    if named:
        return [Path(named)]
    found = [Path(SYSTEM_FILE)]
    if environ.get("HOME"):
        found.append(Path(environ["HOME"], ".kamctlrc"))
    if environ.get("KAMCTL_TEST"):  # as the original: for trying things out
        found.append(Path("kamctlrc"))
    return found


def settings(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """All variables: the environment's, and over them what the files say.

    Raises:
        RcError: a file cannot be read, or holds what is no assignment.
    """
    environ = os.environ if environ is None else environ
    values = dict(environ)
    for path in files(environ):
        if not path.exists() and not environ.get(VARIABLE):
            continue
        try:
            text = path.read_bytes().decode("utf-8", "surrogateescape")
        except OSError as error:
            raise RcError(f"cannot read {path}: {error.strerror}") from None
        parse(text, values, str(path))
    return values


def parse(text: str, values: dict[str, str], name: str = "kamctlrc") -> None:
    """Carry out the assignments of a text on `values`. Raises RcError."""
    reader = _Reader(text, values, name)
    while reader.skip():
        reader.assignment()


class _Reader:
    def __init__(self, text: str, values: dict[str, str], name: str) -> None:
        self.text = text
        self.values = values
        self.name = name
        self.at = 0

    def fail(self, what: str, at: int) -> RcError:
        return RcError(f"{self.name}:{self.text.count(chr(10), 0, at) + 1}: {what}")

    def skip(self) -> bool:
        """Go to the next word; False at the end."""
        text = self.text
        while self.at < len(text):
            char = text[self.at]
            if char in " \t\r\n;":
                self.at += 1
            elif text.startswith("\\\n", self.at):
                self.at += 2
            elif char == "#":
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            else:
                return True
        return False

    def assignment(self) -> None:
        start = self.at
        found = _NAME.match(self.text, start)
        if found is not None and found[0] == "export" and self.text[found.end() : found.end() + 1] in (" ", "\t"):
            self.at = found.end()
            while self.text[self.at : self.at + 1] in (" ", "\t"):
                self.at += 1
            found = _NAME.match(self.text, self.at)
            if found is not None and self.text[found.end() : found.end() + 1] != "=":
                self.at = found.end()  # `export NAME` of what is set already changes nothing here
                if self.text[self.at : self.at + 1] in ("", " ", "\t", "\r", "\n", ";"):
                    return
        if found is None or self.text[found.end() : found.end() + 1] != "=":
            raise self.fail("not an assignment; only NAME=value is read here, no commands are run", start)
        self.at = found.end() + 1
        self.values[found[0]] = self.word()

    def word(self) -> str:
        text = self.text
        out: list[str] = []
        while self.at < len(text):
            char = text[self.at]
            if char in " \t\r\n;":
                break
            if char == "'":
                end = text.find("'", self.at + 1)
                if end < 0:
                    raise self.fail("a quote that does not end", self.at)
                out.append(text[self.at + 1 : end])
                self.at = end + 1
            elif char == '"':
                out.append(self.quoted())
            elif char == "\\":
                if text[self.at + 1 : self.at + 2] != "\n":
                    out.append(text[self.at + 1 : self.at + 2])
                self.at += 2
            elif char == "$":
                out.append(self.reference())
            elif char in "`&|<>()":
                raise self.fail(
                    f"a {char} outside of quotes; only NAME=value is read here, no commands are run", self.at
                )
            else:
                out.append(char)
                self.at += 1
        return "".join(out)

    def quoted(self) -> str:
        text, start = self.text, self.at
        out: list[str] = []
        self.at += 1
        while self.at < len(text):
            char = text[self.at]
            if char == '"':
                self.at += 1
                return "".join(out)
            if char == "\\" and self.at + 1 < len(text):
                following = text[self.at + 1]
                if following != "\n":
                    out.append(following if following in '"\\$`' else char + following)
                self.at += 2
            elif char == "$":
                out.append(self.reference())
            elif char == "`":
                raise self.fail("a command in `..`; commands are not run here", self.at)
            else:
                out.append(char)
                self.at += 1
        raise self.fail("a quote that does not end", start)

    def reference(self) -> str:
        found = _REFERENCE.match(self.text, self.at)
        if found is None:
            after = self.text[self.at + 1 : self.at + 2]
            if after in ("(", "{") or after.isdigit() or (after and after in "?!#@*$-"):
                raise self.fail(
                    f"${after}..; of what begins with $ only $NAME and ${{NAME:-default}} are read here", self.at
                )
            self.at += 1
            return "$"
        self.at = found.end()
        value = self.values.get(found[1] or found[2])
        if value is None or (found[3] == ":-" and not value):
            default = found[4] or ""
            if len(default) > 1 and default[0] == default[-1] and default[0] in "'\"":
                default = default[1:-1]
            return default
        return value
