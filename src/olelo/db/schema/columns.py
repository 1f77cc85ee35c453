"""How Kamailio's tables are written down here, once for all kinds of databases, and turned into SQLAlchemy tables.

A table is given as `table(group, name, version, columns and indexes..)`. What differs between MySQL, PostgreSQL and SQLite
(unsigned numbers, widths, the names of indexes, times, large texts) is known only to `build`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import (
    BLOB,
    REAL,
    TIMESTAMP,
    Column,
    ColumnClause,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeEngine

MYSQL: Final = "mysql"
POSTGRES: Final = "postgresql"
SQLITE: Final = "sqlite"
DIALECTS: Final = (MYSQL, POSTGRES, SQLITE)

_INTEGERS: dict[str, Any] = {"integer": mysql.INTEGER, "small": mysql.SMALLINT, "tiny": mysql.TINYINT}
_MYSQL_TEXTS: dict[str, type[TypeEngine[Any]]] = {
    "long_text": mysql.TEXT,
    "medium_text": mysql.MEDIUMTEXT,
    "blob": mysql.BLOB,
    "medium_blob": mysql.MEDIUMBLOB,
}


class Moment(TIMESTAMP):
    """A time as Kamailio's SQLite driver knows it: it goes by the declared type, which must name a time."""


@compiles(Moment, SQLITE)
def _moment(_element: Moment, _compiler: object, **_: object) -> str:
    return "TIMESTAMP WITHOUT TIME ZONE"


@dataclass(frozen=True, slots=True)
class Field:
    """A column. size: characters of a text, (digits, decimals) of a number; default None: there is none."""

    name: str
    kind: str
    default: str | int | None = None
    size: int | tuple[int, int] | None = None
    null: bool = False
    unsigned: bool = False
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Keys:
    """An index. Its name is given as in MySQL; elsewhere index names are shared by all tables, so the table's is put in front."""

    name: str
    columns: tuple[str, ...]
    unique: bool


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table: the group (Kamailio's name of it, mostly a module), its name, its version, its columns and indexes."""

    group: str
    name: str
    version: int
    fields: tuple[Field, ...]
    keys: tuple[Keys, ...]


def text(name: str, size: int, default: str | None = None, *, null: bool = False) -> Field:
    return Field(name, "text", default, size, null)


def integer(
    name: str, default: int | None = None, *, null: bool = False, unsigned: bool = False, width: int | None = None
) -> Field:
    """A number of 32 bits; width: digits that MySQL shows, which nobody depends on and `describe table` prints."""
    return Field(name, "integer", default, width, null, unsigned)


def small(
    name: str, default: int | None = None, *, null: bool = False, unsigned: bool = False, width: int | None = None
) -> Field:
    """A number of 16 bits."""
    return Field(name, "small", default, width, null, unsigned)


def tiny(
    name: str, default: int | None = None, *, null: bool = False, unsigned: bool = False, width: int | None = None
) -> Field:
    """A number of 8 bits where the database has such."""
    return Field(name, "tiny", default, width, null, unsigned)


def real(name: str, size: tuple[int, int] | None = None, default: str | None = None) -> Field:
    return Field(name, "real", default, size)


def moment(name: str, default: str | None = None) -> Field:
    """Date and time of day, without time zone."""
    return Field(name, "moment", default)


def long_text(name: str, *, null: bool = False) -> Field:
    return Field(name, "long_text", null=null)


def medium_text(name: str, *, null: bool = False) -> Field:
    return Field(name, "medium_text", null=null)


def blob(name: str, *, null: bool = False) -> Field:
    return Field(name, "blob", null=null)


def medium_blob(name: str) -> Field:
    return Field(name, "medium_blob")


def unique(name: str, *columns: str) -> Keys:
    return Keys(name, columns, True)


def index(name: str, *columns: str) -> Keys:
    return Keys(name, columns, False)


def table(group: str, name: str, version: int, *parts: Field | Keys, key: str = "id") -> TableSpec:
    """A table; every one has a number as primary key, which the database counts."""
    fields = tuple(part for part in parts if isinstance(part, Field))
    keys = tuple(part for part in parts if isinstance(part, Keys))
    return TableSpec(group, name, version, (Field(key, "integer", unsigned=True, primary=True), *fields), keys)


def like(spec: TableSpec, group: str, name: str, version: int, *keys: Keys) -> TableSpec:
    """A table with another's columns; with indexes of its own if any are given."""
    return replace(spec, group=group, name=name, version=version, keys=keys or spec.keys)


def build(specs: tuple[TableSpec, ...], dialect: str) -> MetaData:
    """The tables for one kind of database: mysql (MariaDB too), postgresql or sqlite."""
    metadata = MetaData()
    for spec in specs:
        prefix = "" if dialect == MYSQL else f"{spec.name}_"
        made = Table(spec.name, metadata, *(_column(field, dialect) for field in spec.fields))
        for keys in spec.keys:
            if keys.unique:
                made.append_constraint(UniqueConstraint(*keys.columns, name=prefix + keys.name))
            else:
                Index(prefix + keys.name, *(made.c[column] for column in keys.columns))
    return metadata


def _column(field: Field, dialect: str) -> Column[Any]:
    default: str | ColumnClause[Any] | None
    if isinstance(field.default, int) or (field.default is not None and field.kind == "real"):
        default = literal_column(str(field.default))
    else:
        default = field.default
    return Column(
        field.name,
        _type(field, dialect),
        primary_key=field.primary,
        autoincrement=field.primary,
        nullable=field.null,
        server_default=default,
    )


def _type(field: Field, dialect: str) -> TypeEngine[Any]:
    kind, size = field.kind, field.size
    if kind == "text":
        return String(size if isinstance(size, int) else None)
    if dialect == MYSQL:
        if kind in _INTEGERS:
            found: TypeEngine[Any] = _INTEGERS[kind](display_width=size, unsigned=field.unsigned)
            return found
        if kind == "real":
            digits, decimals = size if isinstance(size, tuple) else (None, None)
            return mysql.FLOAT(digits, decimals)
        return mysql.DATETIME() if kind == "moment" else _MYSQL_TEXTS[kind]()
    if kind == "integer":
        return Integer()
    if kind in ("small", "tiny"):
        return SmallInteger()
    if kind == "real":
        return REAL()
    if kind == "moment":
        return Moment()
    if kind in ("blob", "medium_blob"):
        return postgresql.BYTEA() if dialect == POSTGRES else BLOB()
    return Text()
