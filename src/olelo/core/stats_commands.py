"""stats.*: the statistics by group and name (module kex, README sections 4.25 to 4.29).

An argument is `all`, a group with a colon (`shmem:`), or the name of a statistic; stats.fetch and stats.fetchn also
take `group.name` and `group:name`. What does not exist is left out of the reply. Module kex declares the commands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from olelo.core.module import Many, Pairs, RpcFault
from olelo.core.stats import Statistics

#: name -> (method of StatsCommands, argument format, array reply, help)
COMMANDS = {
    "stats.get_statistics": ("get", "*a", True, "get core and modules stats"),
    "stats.fetch": ("fetch", "*a", False, "fetch core and modules stats as string values"),
    "stats.fetchn": ("fetchn", "*a", False, "fetch core and modules stats as number values"),
    "stats.reset_statistics": ("reset", "*a", False, "reset core and modules stats (silent operation)"),
    "stats.clear_statistics": ("clear", "*a", False, "clear core and modules stats (verbose operation)"),
}


class StatsCommands:
    """The commands over the statistics of one engine; groups and names are listed sorted, as the reference does."""

    def __init__(self, statistics: Statistics) -> None:
        self.statistics = statistics

    def get(self, *what: Any) -> Many:
        """Lines `group:name = value`."""
        names = _checked(what, "Please provide which stats to retrieve")
        return Many(f"{group}:{name} = {value}" for asked in names for group, name, value in self._select(asked))

    def fetch(self, *what: Any) -> Pairs:
        """A struct `group.name: "value"`."""
        return Pairs((name, str(value)) for name, value in self.fetchn(*what))

    def fetchn(self, *what: Any) -> Pairs:
        """A struct `group.name: value`."""
        names = _checked(what, "Please provide which stats to retrieve")
        return Pairs(
            (f"{group}.{name}", value) for asked in names for group, name, value in self._select(asked, dotted=True)
        )

    def reset(self, *what: Any) -> None:
        """Set to zero, without a reply."""
        self.clear(*what)

    def clear(self, *what: Any) -> Many:
        """Set to zero; lines `group:name = 0 (value before)`, or `group:name = value` where nothing changed."""
        lines: list[str] = []
        for asked in _checked(what, "Please provide stats name"):
            for group, name, before in list(self._select(asked)):
                self.statistics.reset(group, name)
                after = self.statistics.get(group, name)
                lines.append(f"{group}:{name} = {after}" + (f" ({before})" if after != before else ""))
        return Many(lines)

    def _select(self, asked: str, dotted: bool = False) -> Iterator[tuple[str, str, int]]:
        if asked == "all":
            for group in sorted(self.statistics.groups()):
                yield from self._group(group)
        elif asked.endswith(":"):
            yield from self._group(asked[:-1])
        elif (found := self.statistics.find(asked)) is not None:
            yield found[0], asked, found[1]
        elif dotted:
            group, separator, name = asked.partition("." if "." in asked else ":")
            value = self.statistics.get(group, name) if separator else None
            if value is not None:
                yield group, name, value

    def _group(self, group: str) -> Iterator[tuple[str, str, int]]:
        for name, value in sorted(self.statistics.group(group)):
            yield group, name, value


def _checked(what: tuple[Any, ...], fault: str) -> list[str]:
    """Names up to the first argument that is none, as the reference reads them; the first must be one."""
    names: list[str] = []
    for asked in what:
        if not isinstance(asked, str):
            break
        names.append(asked)
    if not names:
        raise RpcFault(400, fault)
    return names
