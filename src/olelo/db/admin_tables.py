"""Making Kamailio's tables: all of what was asked for, or nothing."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, column, inspect, select, table, text

from olelo.db.admin import MAKING, AdminError, AlreadyThere, NoTable, Place, reading, working
from olelo.db.schema import GROUPS, MYSQL, SQLITE, TABLES, TableSpec, build, tables_of

VERSION = table("version", column("table_name"), column("table_version"))


def groups_of(names: Sequence[str]) -> tuple[TableSpec, ...]:
    """The tables of groups. Raises AdminError for a group that is none."""
    try:
        return tables_of(list(dict.fromkeys(names)))
    except KeyError as error:
        raise AdminError(f"there is no group of tables {error.args[0]}; there are: {' '.join(GROUPS)}") from None


def present(connection: Connection) -> list[str]:
    """Those of Kamailio's tables that are there."""
    return sorted(set(inspect(connection).get_table_names()) & set(TABLES))


def create_tables(place: Place, groups: Sequence[str]) -> list[str]:
    """Make the tables of groups and their rows in `version`; gives their names.

    MySQL ends a transaction with every table it makes, so what was made is dropped again when one cannot be made.

    Raises:
        AlreadyThere: one of the tables is there already; nothing was changed.
        AdminError: whatever else went wrong; nothing was left behind, or the text says what.
    """
    specs = groups_of(groups)
    made: list[str] = []
    new_file = place.kind == SQLITE and make_file(place.database)
    try:
        with working(place) as connection:
            there = set(inspect(connection).get_table_names())
            both = [spec.name for spec in specs if spec.name in there]
            if both:
                more = f" and {len(both) - 1} more" if len(both) > 1 else ""
                raise AlreadyThere(f"{place.name} has the table {both[0]}{more} already; nothing was changed")
            if "version" not in there and "version" not in {spec.name for spec in specs}:
                raise NoTable(f"{place.name} has no table version; {MAKING}")
            for found in build(specs, place.kind).sorted_tables:
                made.append(found.name)
                found.create(connection, checkfirst=False)
            _set_versions(connection, specs)
    except AdminError as error:
        if new_file:
            os.unlink(place.database)
        left = _take_back(place, made) if place.kind == MYSQL else []
        if left:
            raise AdminError(f"{error}; these tables were made and are there: {' '.join(left)}") from None
        raise
    return made


def create_subscribers(place: Place) -> list[str]:
    """Make the table of subscribers, and version where it is not there. Raises AlreadyThere, AdminError."""
    groups = ["standard", "auth_db"]
    if place.kind != SQLITE or os.path.exists(place.database):
        with reading(place) as connection:
            if inspect(connection).has_table("version"):
                groups = ["auth_db"]
    return create_tables(place, groups)


def make_file(path: str) -> bool:
    """Make an empty file for a database, unless it is there; says whether it was made.

    It belongs to the directory's group, so that a server of that group gets in: it may write where it may write the
    directory, else read; others get nothing. Raises AdminError.
    """
    directory = os.path.dirname(os.path.abspath(path))
    try:
        group = os.stat(directory)
        mode = 0o660 if group.st_mode & stat.S_IWGRP else 0o640
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    except FileExistsError:
        return False
    except OSError as error:
        raise AdminError(f"{path} cannot be made: {error.strerror}") from None
    try:
        with contextlib.suppress(PermissionError):  # who is not in that group keeps the file to himself
            os.fchown(descriptor, -1, group.st_gid)
            os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)
    return True


def _set_versions(connection: Connection, specs: Sequence[TableSpec]) -> None:
    known = set(connection.scalars(select(VERSION.c.table_name)))
    changed = (
        VERSION.update().where(VERSION.c.table_name == bindparam("name")).values(table_version=bindparam("number"))
    )
    for spec in specs:
        if spec.name in known:
            connection.execute(changed, {"name": spec.name, "number": spec.version})
        else:
            connection.execute(VERSION.insert().values(table_name=spec.name, table_version=spec.version))


def _take_back(place: Place, made: Sequence[str]) -> list[str]:
    """Drop what a failed command has made; gives what could not be dropped."""
    left = list(made)
    try:
        with working(place) as connection:
            for name in reversed(made):
                connection.execute(text(f"DROP TABLE IF EXISTS `{name}`"))
                left.remove(name)
            if "version" not in made:
                connection.execute(VERSION.delete().where(VERSION.c.table_name.in_(list(made))))
    except AdminError:
        return left
    return left
