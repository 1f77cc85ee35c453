"""Running `olelo sim` inside the test, with keys as scripts give them: on standard input or in 0600 files."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from olelo.auc.card import Card
from olelo.auc.cards import Cards
from olelo.auc.keyring import Keyring
from olelo.auc.store import Store
from olelo.cli.sim import sim_app

IMSI = "001010000000001"
SOURCE = Path(__file__).parents[3] / "src"


@dataclass(frozen=True)
class Desk:
    """An operator's directory with a database and a key-encryption key."""

    home: Path

    def run(self, *arguments: str, stdin: str = "", code: int = 0) -> Any:
        """Run a command; it must end with `code`."""
        options = ["--db", str(self.home / "auc.db"), "--kek-file", str(self.home / "kek")]
        result = CliRunner().invoke(sim_app, [*options, *arguments], input=stdin)
        assert result.exit_code == code, result.output
        return result

    def code(self, *arguments: str) -> int:
        """Exit code of a command whose failure has more than one; it must be told in one line and not be a bug."""
        options = ["--db", str(self.home / "auc.db"), "--kek-file", str(self.home / "kek")]
        result = CliRunner().invoke(sim_app, [*options, *arguments])
        assert "error:" in result.output
        assert "internal" not in result.output
        return result.exit_code

    def start(self, *arguments: str, **more: Any) -> "subprocess.Popen[bytes]":
        """Start a command as a process of its own, its output in pipes."""
        command = [sys.executable, "-m", "olelo.cli.main", "sim"]
        options = ["--db", str(self.home / "auc.db"), "--kek-file", str(self.home / "kek")]
        streams: dict[str, Any] = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
        environment = os.environ | {"PYTHONPATH": str(SOURCE)}
        return subprocess.Popen([*command, *options, *arguments], env=environment, **(streams | more))

    def file(self, name: str, content: str = "", mode: int = 0o600) -> str:
        """A file with content, or the path of one that is there."""
        path = self.home / name
        if content:
            path.write_text(content)
            path.chmod(mode)
        return str(path)

    def batch(self, name: str = "first", *more: str, count: int = 5, start: int = 1) -> None:
        """A batch of active cards."""
        self.run(
            "batch", "new", name, "--mcc", "001", "--mnc", "01", "--count", str(count), "--state", "active",
            "--imsi-start", f"0010100{start:08}", "--iccid-start", f"8988211000{start:08}", *more,
        )  # fmt: skip

    def cards(self) -> list[Card]:
        """All cards, open."""
        store = Store.open(str(self.home / "auc.db"))
        try:
            return list(Cards(store).opened(Keyring.load(self.home / "kek")))
        finally:
            store.close()
