"""The machines as drawings: writes the generated part of docs/transactions.md.

    python -m olelo.transaction.draw docs/transactions.md

Everything between the two marker lines is replaced; a test holds the page and the tables together.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from olelo.transaction.states import ACTION_NAMES, EVENT_NAMES, MACHINES, STATE_NAMES, Row

BEGIN: Final = "<!-- drawn by olelo.transaction.draw: begin -->"
END: Final = "<!-- drawn by olelo.transaction.draw: end -->"


def actions_text(actions: int) -> str:
    """Return the names of the action bits, separated by commas."""
    return ", ".join(name for bit, name in enumerate(ACTION_NAMES) if actions >> bit & 1)


def diagram(rows: tuple[Row, ...]) -> str:
    """Return a Mermaid state diagram; rows that lead the same way share an arrow."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {STATE_NAMES[rows[0][0]]}"]
    arrows: dict[tuple[int, int], list[str]] = {}
    for state, event, following, actions in rows:
        label = EVENT_NAMES[event] + (f" / {actions_text(actions)}" if actions else "")
        arrows.setdefault((state, following), []).append(label)
    for (state, following), labels in arrows.items():
        lines.append(f"    {STATE_NAMES[state]} --> {STATE_NAMES[following]}: {'<br/>'.join(labels)}")
    lines.append("```")
    return "\n".join(lines)


def table(rows: tuple[Row, ...]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| state | event | next state | actions |", "|---|---|---|---|"]
    for state, event, following, actions in rows:
        lines.append(
            f"| {STATE_NAMES[state]} | {EVENT_NAMES[event]} | {STATE_NAMES[following]} | {actions_text(actions)} |"
        )
    return "\n".join(lines)


def drawings() -> str:
    """Return a chapter for each machine."""
    return "\n\n".join(f"### {name}\n\n{diagram(rows)}\n\n{table(rows)}" for name, rows in MACHINES.items())


def redraw(page: str) -> str:
    """Return the page with its generated part made anew. Raises ValueError when the markers are missing."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no place for the drawings: the marker lines are missing")
    return f"{head}{BEGIN}\n\n{drawings()}\n\n{END}{tail}"


def main(arguments: list[str]) -> int:
    """Redraw the pages that are named. Returns the exit status."""
    for name in arguments:
        path = Path(name)
        path.write_text(redraw(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
