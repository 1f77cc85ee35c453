"""Kamailio and the front end agree on what is a configuration and what is not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from olelo.script.diagnostics import Diagnostics
from olelo.script.parser import parse_text
from script.front_snippets import ROUTE, TOP, at_top, in_route

KAMAILIO = shutil.which("kamailio")
#: Where Kamailio differs, and why that is wanted.
EXCEPTIONS = {
    "$var(x) = $(ru{s.len);": "what a variable means is the check's business, not the parser's",
    'loadmodule "pv.so"': "that a module is loaded twice is the check's business",
    **dict.fromkeys(
        ("", "if ($var(x) == 1) { }", "while ($var(x) < 5) { }", "route { }"),
        "an empty block is harmless here and a warning",
    ),
    "/* open": "Kamailio logs that the comment swallows the rest, and starts without it",
}
CASES = [(text, in_route(text)) for text in ROUTE] + [(text, at_top(text)) for text in TOP]


@pytest.mark.reference
@pytest.mark.skipif(KAMAILIO is None, reason="kamailio is not installed")
@pytest.mark.parametrize(("snippet", "text"), [case for case in CASES if case[0] not in EXCEPTIONS])
def test_same_verdict(snippet: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "kamailio.cfg"
    path.write_text(text)
    command = [str(KAMAILIO), "-c", "-E", "-m", "8", "-M", "4", "-f", str(path)]
    reference = subprocess.run(command, capture_output=True, timeout=30, check=False)
    diag = Diagnostics()
    parse_text(text, diag, file=str(path))
    assert (not diag.errors) is (reference.returncode == 0), [d.message for d in diag.errors] or reference.stderr[-600:]
