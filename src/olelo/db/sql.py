"""Statements of SQLAlchemy from what modules ask for, and values on their way in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Executable, and_, bindparam, column, delete, insert, select, table, update
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.sql.expression import TableClause
from sqlalchemy.types import UserDefinedType

from olelo.core.database import DatabaseError, Delete, Insert, Key, Row, Scalar, Statement, Update

#: How bytes that are not UTF-8 come out of a database: in a form that gives the same bytes again.
ERRORS = "surrogateescape"


class NotText(ValueError):
    """A text that no database takes: not UTF-8, or with a zero byte."""


class _Untyped(UserDefinedType[str]):
    """A text that PostgreSQL takes for what its column is, as Kamailio's are, and not for a VARCHAR: that equals no
    number, address or uuid."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        raise NotImplementedError("no column is declared with it")


_UNTYPED = _Untyped()
#: The Julian day of 1970-01-01, midnight UTC.
_EPOCH_DAY = 2440587.5
_DAY_SECONDS = 86400


def to_julian(moment: datetime) -> float:
    """A local time as Kamailio's db_sqlite writes it: a Julian day, to the second."""
    return int(moment.timestamp()) / _DAY_SECONDS + _EPOCH_DAY


def from_julian(day: float) -> datetime:
    """The local time of a Julian day, to the second. Raises ValueError, OverflowError, OSError: there is none."""
    # Kamailio writes half a second less than it means, and adds that when it reads; we write what we mean.
    return datetime.fromtimestamp(int((day - _EPOCH_DAY) * _DAY_SECONDS + 0.75))


def to_database(value: Scalar, dialect: str) -> Any:
    """A script's value as a database takes it. Raises NotText."""
    if not isinstance(value, str):
        return to_julian(value) if isinstance(value, datetime) and dialect == "sqlite" else value
    text = to_text(value)
    return bindparam(None, text, type_=_UNTYPED, unique=True) if dialect == "postgresql" else text


def to_text(value: str) -> str:
    """A script's text as a database's. Raises NotText."""
    if value.isascii():
        text = value
    else:
        try:
            text = value.encode("latin-1").decode("utf-8")
        except UnicodeError:
            raise NotText("text is not UTF-8") from None
    if "\0" in text:
        raise NotText("text has a zero byte")
    return text


def to_script(value: Any) -> Scalar:
    """A database's value as modules get it."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", ERRORS).decode("latin-1")
    if isinstance(value, datetime):
        return value if value.tzinfo is None else value.astimezone().replace(tzinfo=None)
    if value is None or isinstance(value, int | float | bytes):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    return str(value)


def rows(found: Sequence[Any]) -> list[Row]:
    return [tuple(to_script(value) for value in row) for row in found]


def _table(name: str, columns: Sequence[str]) -> TableClause:
    if not name or "\0" in name or not all(columns) or any("\0" in text for text in columns):
        raise DatabaseError("a table or a column has no name")
    return table(name, *[column(text) for text in dict.fromkeys(columns)])


def _conditions(found: TableClause, where: Sequence[Key], dialect: str) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for key in where:
        left: ColumnElement[Any] = found.c[key.column]
        right = to_database(key.value, dialect)
        if right is None:
            if key.operator not in ("=", "!="):
                raise DatabaseError(f"NULL cannot be compared by {key.operator!r}")
            conditions.append(left.is_(None) if key.operator == "=" else left.is_not(None))
        elif key.operator == "=":
            conditions.append(left == right)
        elif key.operator == "!=":
            conditions.append(left != right)
        elif key.operator == "<":
            conditions.append(left < right)
        elif key.operator == "<=":
            conditions.append(left <= right)
        elif key.operator == ">":
            conditions.append(left > right)
        elif key.operator == ">=":
            conditions.append(left >= right)
        else:
            raise DatabaseError(f"there is no operator {key.operator!r}")
    return conditions


def select_rows(
    name: str, columns: Sequence[str], where: Sequence[Key], order: str, limit: int, dialect: str
) -> Executable:
    """A SELECT. Raises NotText where no row can be meant."""
    if not columns:
        raise DatabaseError("no columns are asked for")
    used = [*columns, *(key.column for key in where), *([order] if order else [])]
    found = _table(name, used)
    statement = select(*[found.c[text] for text in columns]).select_from(found)
    if where:
        statement = statement.where(and_(*_conditions(found, where, dialect)))
    if order:
        statement = statement.order_by(found.c[order])
    return statement.limit(limit) if limit > 0 else statement


def _values(values: Mapping[str, Scalar], dialect: str) -> dict[str, Any]:
    return {name: to_database(value, dialect) for name, value in values.items()}


def change(statement: Statement, dialect: str) -> Executable:
    """An INSERT, UPDATE or DELETE. Raises DatabaseError, NotText."""
    if isinstance(statement, Insert):
        return _insert(statement, dialect)
    where = statement.where
    names = [key.column for key in where]
    if isinstance(statement, Update):
        if not statement.values:
            raise DatabaseError(f"nothing is to be changed in {statement.table}")
        found = _table(statement.table, [*statement.values, *names])
        changed = update(found).values(_values(statement.values, dialect))
        return changed.where(and_(*_conditions(found, where, dialect))) if where else changed
    assert isinstance(statement, Delete)
    found = _table(statement.table, names)
    removed = delete(found)
    return removed.where(and_(*_conditions(found, where, dialect))) if where else removed


def _insert(statement: Insert, dialect: str) -> Executable:
    found = _table(statement.table, list(statement.values))
    values = _values(statement.values, dialect)
    if not statement.replace:
        return insert(found).values(values)
    rest = {name: value for name, value in values.items() if name not in statement.unique}
    if dialect == "mysql":
        return mysql.insert(found).values(values).on_duplicate_key_update(rest or values)
    if dialect == "sqlite" and not statement.unique:
        return insert(found).prefix_with("OR REPLACE").values(values)
    if not statement.unique:
        raise DatabaseError(f"to replace in {statement.table}, the columns of a unique key are needed")
    made: Any = (postgresql if dialect == "postgresql" else sqlite).insert(found).values(values)
    unique = list(statement.unique)
    return made.on_conflict_do_update(index_elements=unique, set_=rest) if rest else made.on_conflict_do_nothing(unique)  # type: ignore[no-any-return]
