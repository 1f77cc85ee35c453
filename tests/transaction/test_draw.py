"""The drawings, and that docs/transactions.md shows the tables as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from olelo.transaction import states
from olelo.transaction.draw import BEGIN, END, actions_text, diagram, main, redraw, table

PAGE = Path(__file__).parents[2] / "docs" / "transactions.md"


def test_page_shows_the_tables() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert redraw(page) == page, "run: python -m olelo.transaction.draw docs/transactions.md"


def test_rows_of_one_way_share_an_arrow() -> None:
    rows = (
        (states.CALLING, states.SUCCESS, states.ACCEPTED, states.PASS | states.STOP),
        (states.CALLING, states.ACK, states.ACCEPTED, 0),
    )
    assert diagram(rows).split("\n") == [
        "```mermaid",
        "stateDiagram-v2",
        "    [*] --> Calling",
        "    Calling --> Accepted: 2xx / pass, stop<br/>ACK",
        "```",
    ]
    assert table(rows).split("\n")[2:] == [
        "| Calling | 2xx | Accepted | pass, stop |",
        "| Calling | ACK | Accepted |  |",
    ]


def test_action_names() -> None:
    assert actions_text(states.LINGER | states.SEND) == "send, linger"


def test_page_is_rewritten_between_its_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert main([str(page)]) == 0
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n\n### INVITE client\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text


def test_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="marker lines"):
        redraw("nothing")
