"""What the files of this module share: numbers of transports and families, and variables with fixed keys."""

from __future__ import annotations

from collections.abc import Mapping

from olelo.core.context import RouteContext
from olelo.script.catalog import Getter, Setter, Value

Pair = tuple[Getter, Setter | None]

#: Kamailio's numbers of transports.
PROTO_IDS = {"none": 0, "udp": 1, "tcp": 2, "tls": 3, "sctp": 4, "ws": 5, "wss": 6}
AF_INET = 2
AF_INET6 = 10


def text(value: bytes | None) -> str | None:
    """Bytes of a message as a script value."""
    return None if value is None else value.decode("latin-1")


def text_or_null(value: bytes | None) -> str | None:
    """Like `text`, but nothing is $null."""
    return value.decode("latin-1") if value else None


def encoded(value: Value) -> bytes:
    """A script value as bytes of a message. Text that came from elsewhere than a message may hold wide characters."""
    data = "" if value is None else str(value)
    try:
        return data.encode("latin-1")
    except UnicodeEncodeError:
        return data.encode("utf-8")


def family(ip: str) -> int:
    """The address family's number, AF_INET or AF_INET6."""
    return AF_INET6 if ":" in ip else AF_INET


def by_key(kind: str, table: Mapping[str, Getter], key: str) -> Pair:
    """The getter for `$kind(key)`. Raises ValueError for a key that does not exist."""
    found = table.get(key)
    if found is None:
        raise ValueError(f"{key!r} is not one of {', '.join(table)} (${kind})")
    return found, None


def nothing(ctx: RouteContext) -> Value:
    return None


def no_index(index: int | str | None, hint: str = "") -> None:
    """Refuse `$(name(x)[n])` where there is nothing to choose from. Raises: ValueError."""
    if index is not None:
        raise ValueError(f"takes no index{hint}")
