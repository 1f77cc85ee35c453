"""Findings of `olelo check` for people (with the line and a mark under it) and for machines (JSON)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from olelo.script.diagnostics import ERROR, Diagnostic, Diagnostics

_RED, _YELLOW, _BOLD, _BLUE, _PLAIN = "\033[31;1m", "\033[33;1m", "\033[1m", "\033[36m", "\033[0m"


def one_line(finding: Diagnostic) -> str:
    """`file:line:col: error: message (hint) [code]`, the form editors know."""
    hint = f" ({finding.hint})" if finding.hint else ""
    pos = finding.pos
    return f"{pos.file}:{pos.line}:{pos.col}: {finding.severity}: {finding.message}{hint} [{finding.code}]"


def with_source(finding: Diagnostic, sources: Mapping[str, str], color: bool = False) -> str:
    """A finding with its line and a mark under the place. `sources`: text of each file by name."""
    pos = finding.pos
    paint = _paint if color else _no_paint
    tint = _RED if finding.severity == ERROR else _YELLOW
    head = (
        f"{paint(f'{pos.file}:{pos.line}:{pos.col}:', _BOLD)} {paint(finding.severity + ':', tint)} {finding.message}"
    )
    parts = [f"{head} [{finding.code}]"]
    line = _line(sources.get(pos.file, ""), pos.line)
    if line.strip():
        number = str(pos.line)
        before = line.encode("latin-1", "replace")[: max(0, pos.col - 1)].decode("latin-1")
        gap = "".join("\t" if character == "\t" else " " for character in before)
        mark = "^" * max(1, min(finding.length, len(line) - len(before)))
        parts.append(f"  {paint(number + ' |', _BLUE)} {line}")
        parts.append(f"  {paint(' ' * len(number) + ' |', _BLUE)} {gap}{paint(mark, tint)}")
    if finding.hint:
        parts.append(f"  {paint('hint:', _BLUE)} {finding.hint}")
    return "\n".join(parts)


def summary(found: Diagnostics, path: str) -> str:
    """The last line: what was found in all."""
    errors, warnings = len(found.errors), len(found.warnings)
    if not errors and not warnings:
        return f"{path}: ok"
    counts = [_count(errors, "error")] * bool(errors) + [_count(warnings, "warning")] * bool(warnings)
    return f"{path}: {', '.join(counts)}"


def as_json(found: Diagnostics, path: str) -> dict[str, Any]:
    """Stable fields for tools: file, errors, warnings, diagnostics."""
    return {
        "file": path,
        "errors": len(found.errors),
        "warnings": len(found.warnings),
        "diagnostics": [
            {
                "severity": finding.severity,
                "code": finding.code,
                "message": finding.message,
                "file": finding.pos.file,
                "line": finding.pos.line,
                "column": finding.pos.col,
                "length": finding.length,
                "hint": finding.hint,
            }
            for finding in found.found
        ],
    }


def _line(source: str, number: int) -> str:
    lines = source.split("\n", number)
    return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("s" if number != 1 else "")


def _paint(text: str, tint: str) -> str:
    return f"{tint}{text}{_PLAIN}"


def _no_paint(text: str, tint: str) -> str:
    return text
