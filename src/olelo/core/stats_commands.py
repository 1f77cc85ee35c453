"""stats.*: the statistics by group and name (module kex, README sections 4.25 to 4.29).

An argument is `all`, a group with a colon (`shmem:`), or the name of a statistic; stats.fetch and stats.fetchn also
take `group.name` and `group:name`. What does not exist is left out of the reply. Module kex declares the commands.
"""

from __future__ import annotations

from collections.abc import Iterator

from olelo.core.module import Many, Pairs
from olelo.core.stats import Statistics

#: The faults of the commands that got no name of a statistic.
STATS_ASKED = (400, "Please provide which stats to retrieve")
STATS_NAMED = (400, "Please provide stats name")


class StatsCommands:
    """The commands over the statistics of one engine; groups and names are listed sorted, as the reference does."""

    def __init__(self, statistics: Statistics) -> None:
        self.statistics = statistics

    def get(self, *what: str) -> Many:
        """Lines `group:name = value`."""
        return Many(f"{group}:{name} = {value}" for asked in what for group, name, value in self._select(asked))

    def fetch(self, *what: str) -> Pairs:
        """A struct `group.name: "value"`."""
        return Pairs((name, str(value)) for name, value in self.fetchn(*what))

    def fetchn(self, *what: str) -> Pairs:
        """A struct `group.name: value`."""
        return Pairs(
            (f"{group}.{name}", value) for asked in what for group, name, value in self._select(asked, dotted=True)
        )

    def reset(self, *what: str) -> None:
        """Set to zero, without a reply."""
        self.clear(*what)

    def clear(self, *what: str) -> Many:
        """Set to zero; lines `group:name = 0 (value before)`, or `group:name = value` where nothing changed."""
        lines: list[str] = []
        for asked in what:
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
