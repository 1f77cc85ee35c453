"""Diagnostics as people and as programs read them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from olelo.script.diagnostics import Diagnostic

_MAX_LINE = 200


def render(diagnostic: Diagnostic, sources: Mapping[str, str]) -> str:
    """One finding: `file:line:column: error: message`, the line, a caret under the place, the hint."""
    pos = diagnostic.pos
    head = f"{pos.file}:{pos.line}:{pos.col}: {diagnostic.severity}: {diagnostic.message}"
    parts = [head]
    lines = sources.get(pos.file, "").split("\n")
    if pos.file in sources and 0 < pos.line <= len(lines):
        line = lines[pos.line - 1]
        start = max(0, pos.col - 1 - _MAX_LINE // 2) if len(line) > _MAX_LINE else 0
        shown = line[start : start + _MAX_LINE]
        before = "".join("\t" if char == "\t" else " " for char in shown[: pos.col - 1 - start])
        room = max(1, len(shown) - len(before))
        marks = "^" + "~" * (min(diagnostic.length, room) - 1)
        parts += [f"    {_visible(shown)}", f"    {before}{marks}"]
    if diagnostic.hint:
        parts.append(f"    hint: {diagnostic.hint}")
    return "\n".join(parts)


def render_all(found: Iterable[Diagnostic], sources: Mapping[str, str]) -> str:
    """All findings, each ended by a newline; "" where there is none."""
    return "".join(render(diagnostic, sources) + "\n" for diagnostic in found)


def to_json(found: Iterable[Diagnostic]) -> str:
    """All findings as a JSON list of objects with file, line, column, length, severity, code, message and hint."""
    return json.dumps(
        [
            {
                "file": d.pos.file,
                "line": d.pos.line,
                "column": d.pos.col,
                "length": d.length,
                "severity": d.severity,
                "code": d.code,
                "message": d.message,
                "hint": d.hint,
            }
            for d in found
        ],
        indent=2,
    )


def _visible(line: str) -> str:
    """The line with control characters made harmless for a terminal; UTF-8 in it is shown as such."""
    clean = "".join(char if char == "\t" or char.isprintable() or ord(char) >= 0x80 else "?" for char in line)
    try:
        return clean.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return clean
