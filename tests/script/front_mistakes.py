"""The book of mistakes: faulty texts with exactly what is said about them. Run as a script to write it anew."""

from __future__ import annotations

import re
from pathlib import Path

from olelo.script.diagnostics import Diagnostics
from olelo.script.parser import parse_text
from olelo.script.render import render_all

BOOK = Path(__file__).with_name("mistakes.txt")
_ANSWER = "--- says\n"


def read_book() -> dict[str, tuple[str, str]]:
    """name -> (configuration, what is said about it)."""
    book: dict[str, tuple[str, str]] = {}
    for part in re.split(r"^=== ", BOOK.read_text("latin-1"), flags=re.MULTILINE)[1:]:
        name, _, rest = part.partition("\n")
        text, _, answer = rest.partition(_ANSWER)
        assert name not in book, name
        book[name] = (text, answer)
    return book


def _nothing(path: str) -> bytes:
    raise FileNotFoundError(2, "No such file or directory", path)


def said_about(text: str) -> str:
    """Everything the front end says about a configuration, rendered."""
    diag = Diagnostics()
    config = parse_text(text, diag, file="kamailio.cfg", read=_nothing, environ={})
    return render_all(diag.found, config.sources)


if __name__ == "__main__":
    pages = [f"=== {name}\n{text}{_ANSWER}{said_about(text)}" for name, (text, _) in read_book().items()]
    BOOK.write_text("".join(pages), "latin-1")
