"""A place with cards for each test, closed after it, servers too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modules.ims_auth.kit import Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.close()
