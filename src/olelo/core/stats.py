"""Counters, by group and name, as Kamailio's statistics: `$stat(x)`, `stats.get_statistics`, module counters."""

from __future__ import annotations

from collections.abc import Callable, Iterator


class Counter:
    """One number that only its owner adds to. Reading is `counter.value`; adding is `counter.value += 1`."""

    __slots__ = ("doc", "group", "name", "value")

    def __init__(self, group: str, name: str, doc: str = "") -> None:
        self.group = group
        self.name = name
        self.doc = doc
        self.value = 0


class Statistics:
    """All counters of an engine. A statistic may also be computed when it is read (`computed`)."""

    def __init__(self) -> None:
        self._groups: dict[str, dict[str, Counter | Callable[[], int]]] = {}
        self._docs: dict[tuple[str, str], str] = {}

    def counter(self, group: str, name: str, doc: str = "") -> Counter:
        """The counter of that name, made if it is not there yet."""
        members = self._groups.setdefault(group, {})
        found = members.get(name)
        if isinstance(found, Counter):
            return found
        counter = members[name] = Counter(group, name, doc)
        self._docs[group, name] = doc
        return counter

    def computed(self, group: str, name: str, read: Callable[[], int], doc: str = "") -> None:
        self._groups.setdefault(group, {})[name] = read
        self._docs[group, name] = doc

    def groups(self) -> list[str]:
        return list(self._groups)

    def group(self, group: str) -> Iterator[tuple[str, int]]:
        """(name, value) of every statistic of a group, in order of declaration."""
        for name in self._groups.get(group, {}):
            value = self.get(group, name)
            if value is not None:
                yield name, value

    def get(self, group: str, name: str) -> int | None:
        found = self._groups.get(group, {}).get(name)
        if found is None:
            return None
        return found.value if isinstance(found, Counter) else found()

    def find(self, name: str) -> tuple[str, int] | None:
        """(group, value) of the first statistic with that name in any group, as `$stat(name)` finds it."""
        for group, members in self._groups.items():
            if name in members:
                value = self.get(group, name)
                return (group, value) if value is not None else None
        return None

    def doc(self, group: str, name: str) -> str:
        return self._docs.get((group, name), "")

    def reset(self, group: str, name: str) -> bool:
        """Set a counter to zero; False where it does not exist or is computed."""
        found = self._groups.get(group, {}).get(name)
        if not isinstance(found, Counter):
            return False
        found.value = 0
        return True
