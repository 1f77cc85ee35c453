"""A desk with a key-encryption key, and no settings from the environment."""

from pathlib import Path

import pytest

from cli.sim.kit import Desk
from olelo.auc.keyring import ENVIRONMENT, ENVIRONMENT_FILE


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name in (ENVIRONMENT, ENVIRONMENT_FILE, "OLELO_AUC_DB", "OLELO_SIM_SIGNING_KEY", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    found = Desk(tmp_path)
    found.run("key", "new", "kek", str(tmp_path / "kek"))
    return found
