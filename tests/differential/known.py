"""Where Olelo differs from Kamailio today, by case: each is an expected failure, and must be taken out when it passes."""

from __future__ import annotations

_GROUPS: dict[str, str] = {}
DIFFERS = {name: reason for reason, names in _GROUPS.items() for name in names.split()}
