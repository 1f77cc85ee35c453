"""Running `olelo sim` inside the test, with keys as scripts give them: on standard input or in 0600 files."""

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
