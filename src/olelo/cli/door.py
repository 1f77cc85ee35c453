"""The one door from the command line to the server: `olelo.app`, imported only when a command needs it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Protocol, cast

from olelo.cli.options import ServeOptions
from olelo.script.catalog import Catalog
from olelo.script.diagnostics import Diagnostics


class Server(Protocol):
    """What `olelo.app` offers to the command line."""

    def serve(self, options: ServeOptions) -> int:
        """Run until stopped; returns the exit code."""

    def check(
        self, path: str, defines: Mapping[str, str | None], options: ServeOptions | None = None
    ) -> tuple[Diagnostics, Mapping[str, str]]:
        """Everything wrong in a configuration, and the text of each of its files by name. options: what is added to it."""

    def catalog(self) -> Catalog:
        """Everything all modules offer."""


def server() -> Server:
    return cast(Server, importlib.import_module("olelo.app"))
