"""Ladders compared: what a test expects, with wildcards, against the arrows that there were."""

from __future__ import annotations

import re
from collections.abc import Sequence

ANY_ARROWS = "..."


def matched(wanted: Sequence[str], ladder: Sequence[str]) -> list[str] | None:
    """None where the ladder is as wanted; else the wanted lines for a diff, those that fit replaced by the arrows."""
    patterns = [None if line == ANY_ARROWS else _pattern(line) for line in wanted]
    # reach[w] are the places of the ladder where the first w wanted lines can end.
    reach = {0}
    for pattern in patterns:
        if pattern is None:
            reach = set(range(min(reach), len(ladder) + 1))
        else:
            reach = {at + 1 for at in reach if at < len(ladder) and pattern.fullmatch(ladder[at])}
        if not reach:
            return _nearest(wanted, patterns, ladder)
    return None if len(ladder) in reach else _nearest(wanted, patterns, ladder)


def _pattern(line: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in line.split("*")))


def _nearest(wanted: Sequence[str], patterns: Sequence[re.Pattern[str] | None], ladder: Sequence[str]) -> list[str]:
    """The wanted lines with the arrows in place of the wildcards, as far as one after the other is found."""
    shown: list[str] = []
    at = 0
    for line, pattern in zip(wanted, patterns, strict=True):
        if pattern is None:
            shown.append(line)
            continue
        found = next((i for i in range(at, len(ladder)) if pattern.fullmatch(ladder[i])), None)
        if found is None:
            shown.append(line)
            continue
        if shown and shown[-1] == ANY_ARROWS:
            shown[-1:] = ladder[at:found]
        shown.append(ladder[found])
        at = found + 1
    if shown and shown[-1] == ANY_ARROWS:
        shown[-1:] = ladder[at:]
    return shown
