from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from db import servers


@pytest.fixture(scope="session")
def mariadb() -> Iterator[servers.Server]:
    with (
        tempfile.TemporaryDirectory(prefix="om-", ignore_cleanup_errors=True) as folder,
        servers.mariadb(Path(folder)) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[servers.Server]:
    with tempfile.TemporaryDirectory(prefix="op-", ignore_cleanup_errors=True) as folder:
        with servers.postgres(Path(folder)) as server:
            yield server


@pytest.fixture(scope="session", params=["mariadb", "postgres"])
def server(request: pytest.FixtureRequest) -> servers.Server:
    """Each of both."""
    found: servers.Server = request.getfixturevalue(request.param)
    return found
