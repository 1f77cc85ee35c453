"""The tests that docs/testing.md shows are run, as a user's would be: in a folder of their own, beside a kamailio.cfg."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytest_plugins = ["pytester"]


def test_what_the_page_shows_passes(pytester: pytest.Pytester) -> None:
    page = (ROOT / "docs" / "testing.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    shutil.copy(ROOT / "examples" / "first-call.cfg", pytester.path / "kamailio.cfg")
    pytester.makepyfile(test_routing="\n".join(blocks))
    pytester.runpytest("-q").assert_outcomes(passed=5)
