"""What is wrong in a configuration, with its place: collected, never raised one by one.

All phases (preprocess, lexer, parser, check) add to one `Diagnostics`; the command line prints them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from olelo.script.nodes import Pos

ERROR = "error"
WARNING = "warning"


@dataclass(slots=True, frozen=True)
class Diagnostic:
    """One finding. `code` is a stable word for `--json` and tests ("unknown-function"); `hint` says what was meant."""

    severity: str
    code: str
    message: str
    pos: Pos
    hint: str = ""
    length: int = 1


@dataclass(slots=True)
class Diagnostics:
    found: list[Diagnostic] = field(default_factory=list)

    def error(self, code: str, message: str, pos: Pos, hint: str = "", length: int = 1) -> None:
        self.found.append(Diagnostic(ERROR, code, message, pos, hint, length))

    def warning(self, code: str, message: str, pos: Pos, hint: str = "", length: int = 1) -> None:
        self.found.append(Diagnostic(WARNING, code, message, pos, hint, length))

    @property
    def errors(self) -> list[Diagnostic]:
        return [d for d in self.found if d.severity == ERROR]

    @property
    def warnings(self) -> list[Diagnostic]:
        return [d for d in self.found if d.severity == WARNING]
