"""Kamailio's tables, as its 5.6.3 makes them (`kamdbctl`), and the groups they are made in."""

from __future__ import annotations

from typing import Final

from olelo.db.schema import accounts, calls, extra, extra_routing, location, presence, routing, uid
from olelo.db.schema.columns import DIALECTS, MYSQL, POSTGRES, SQLITE, TableSpec, build

#: Every table there is, by its name.
TABLES: Final[dict[str, TableSpec]] = {
    spec.name: spec
    for room in (accounts, location, calls, routing, presence, extra_routing, extra, uid)
    for spec in room.TABLES
}
#: Groups of `kamdbctl create`, in the order in which they are made; kamctlrc may name others.
STANDARD: Final = tuple(
    "standard acc lcr domain group permissions registrar usrloc msilo alias_db uri_db speeddial avpops auth_db pdt"
    " dialog dispatcher dialplan topos".split()
)
PRESENCE: Final = ("presence", "rls")
EXTRA: Final = tuple(
    "imc cpl siptrace domainpolicy carrierroute drouting userblocklist htable purple uac pipelimit mtree sca mohqueue"
    " rtpproxy rtpengine secfilter".split()
)
DBUID: Final = ("uid_auth_db", "uid_avp_db", "uid_domain", "uid_gflags", "uid_uri_db")
#: Group -> its tables.
GROUPS: Final[dict[str, tuple[TableSpec, ...]]] = {
    group: tuple(spec for spec in TABLES.values() if spec.group == group)
    for group in sorted({spec.group for spec in TABLES.values()})
}


def tables_of(groups: tuple[str, ...] | list[str]) -> tuple[TableSpec, ...]:
    """The tables of some groups, in order. Raises KeyError(name) for a group there is none of."""
    return tuple(spec for group in groups for spec in GROUPS[group])


__all__ = [
    "DBUID",
    "DIALECTS",
    "EXTRA",
    "GROUPS",
    "MYSQL",
    "POSTGRES",
    "PRESENCE",
    "SQLITE",
    "STANDARD",
    "TABLES",
    "TableSpec",
    "build",
    "tables_of",
]
