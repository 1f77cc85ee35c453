"""For all tests: what is drawn by chance is the same in every run, so that a failure can be seen again; and what is
tested is what stands in the sources, compiled or not."""

from pathlib import Path

import pytest
from hypothesis import settings

import olelo

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def pytest_configure(config: pytest.Config) -> None:
    for compiled in Path(olelo.__file__).parent.rglob("*.so"):
        source = compiled.with_name(compiled.name.partition(".")[0] + ".py")
        if not source.exists() or source.stat().st_mtime > compiled.stat().st_mtime:
            raise pytest.UsageError(
                f"{compiled.name} is older than its source: `make setup` compiles it, `make plain` removes it"
            )
