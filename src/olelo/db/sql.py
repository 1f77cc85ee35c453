"""Statements of SQLAlchemy from what modules ask for, and values on their way in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Executable, and_, column, delete, insert, select, table, update
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.sql.expression import TableClause

from olelo.core.database import DatabaseError, Delete, Insert, Key, Row, Scalar, Statement, Update

#: How bytes that are not UTF-8 come out of a database: in a form that gives the same bytes again.
ERRORS = "surrogateescape"


class NotText(ValueError):
    """A text that no database takes: not UTF-8, or with a zero byte."""


def to_database(value: Scalar) -> Any:
    """A script's value as a database takes it. Raises NotText."""
    if not isinstance(value, str):
        return value
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
    if value is None or isinstance(value, int | float | bytes | datetime):
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


def _conditions(found: TableClause, where: Sequence[Key]) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for key in where:
        left: ColumnElement[Any] = found.c[key.column]
        right = to_database(key.value)
        if right is None and key.operator in ("=", "!="):
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


def select_rows(name: str, columns: Sequence[str], where: Sequence[Key], order: str, limit: int) -> Executable:
    """A SELECT. Raises NotText where no row can be meant."""
    used = [*columns, *(key.column for key in where), *([order] if order else [])]
    found = _table(name, used)
    statement = select(*[found.c[text] for text in columns]).select_from(found)
    if where:
        statement = statement.where(and_(*_conditions(found, where)))
    if order:
        statement = statement.order_by(found.c[order])
    return statement.limit(limit) if limit else statement


def _values(values: Mapping[str, Scalar]) -> dict[str, Any]:
    return {name: to_database(value) for name, value in values.items()}


def change(statement: Statement, dialect: str) -> Executable:
    """An INSERT, UPDATE or DELETE. Raises DatabaseError, NotText."""
    if isinstance(statement, Insert):
        return _insert(statement, dialect)
    where = statement.where
    names = [key.column for key in where]
    if isinstance(statement, Update):
        found = _table(statement.table, [*statement.values, *names])
        changed = update(found).values(_values(statement.values))
        return changed.where(and_(*_conditions(found, where))) if where else changed
    assert isinstance(statement, Delete)
    found = _table(statement.table, names)
    removed = delete(found)
    return removed.where(and_(*_conditions(found, where))) if where else removed


def _insert(statement: Insert, dialect: str) -> Executable:
    found = _table(statement.table, list(statement.values))
    values = _values(statement.values)
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
