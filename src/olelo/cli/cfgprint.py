"""`kamailio --cfg-print`: a configuration as it is read, included files in place and what #!ifdef leaves out left out."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from olelo.script.diagnostics import Diagnostics
from olelo.script.nodes import Pos
from olelo.script.parser import read_file
from olelo.script.preprocess import Preprocessor

_BLANKS = re.compile(r"[ \t]*")
_CONDITION = re.compile(r"[#!]!(?:ifn?def|ifexp|else|endif)\b")
_INCLUDE = re.compile(r"(include_file|import_file)\b")


def printed(path: str, defines: Mapping[str, str | None], substs: Sequence[tuple[str, str]]) -> tuple[str, Diagnostics]:
    """The text (latin-1: one character is one byte) and what is wrong with its directives. Raises OSError."""
    diag = Diagnostics()
    pre = Preprocessor(diag, defines, read_file, os.environ)
    for word, rule in substs:
        pre.add_rule(word, rule, Pos("command line", 1, 1), f"--{word}")
    pre.open(path, read_file(path))
    lines: list[str] = []
    while pre.frames:
        frame = pre.frames[-1]
        text, at = frame.text, frame.i
        if at >= len(text):
            pre.frames.pop()
            pre.resume()
            continue
        blanks = _BLANKS.match(text, at)
        start = blanks.end() if blanks else at
        include = _INCLUDE.match(text, start)
        if include is not None:
            done: int | None = pre.include(frame, include.end(), include[1], frame.pos(start))
        else:
            done = pre.directive(frame, start) if text.startswith(("#!", "!!"), start) else None
        if pre.frames[-1] is not frame:
            continue  # a file was included: on with it, the rest of this line comes behind it
        if done is None:
            done = text.find("\n", start) + 1 or len(text)
            lines.append(text[at:done])
        elif _CONDITION.match(text, start):
            done += text[done : done + 1] == "\n"
        elif include is None:
            lines.append(text[at:done])
        frame.i = done
    pre.finish()
    return "".join(lines), diag
