"""Where the database is that a command works on: a URL, the server's configuration, or kamctlrc."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final

from olelo.cli.kamctlrc import RcError, settings
from olelo.cli.options import DEFAULT_CONFIG
from olelo.db.admin import AdminError, Place
from olelo.db.schema import MYSQL, POSTGRES, SQLITE

#: Names a database where no option does.
DB_VARIABLE: Final = "OLELO_DB"
ENGINES: Final = {
    "mysql": MYSQL,
    "pgsql": POSTGRES,
    "postgres": POSTGRES,
    "postgresql": POSTGRES,
    "sqlite": SQLITE,
}
#: Kamailio's tools know these too; here nothing works on them.
OTHER_ENGINES: Final = ("dbtext", "textdb", "db_berkeley", "berkeley", "oracle")
READ_WRITE, READ_ONLY, ROOT = "rw", "ro", "root"
_DEFAULTS: Final = {
    "DBNAME": "kamailio",
    "DBHOST": "localhost",
    "DBRWUSER": "kamailio",
    "DBRWPW": "kamailiorw",
    "DBROUSER": "kamailioro",
    "DBROPW": "kamailioro",
}


def setting(values: Mapping[str, str], name: str) -> str:
    """A variable of kamctlrc; where it is empty, what the tools take then."""
    return values.get(name) or _DEFAULTS.get(name, "")


def engine_of(values: Mapping[str, str]) -> str:
    """The kind of database that DBENGINE names; "" if it is not set. Raises AdminError for another."""
    given = values.get("DBENGINE", "")
    if not given:
        return ""
    if given.lower() in OTHER_ENGINES:
        raise AdminError(f"DBENGINE={given}: not supported here; MYSQL, PGSQL and SQLITE are")
    kind = ENGINES.get(given.lower())
    if kind is None:
        raise AdminError(f"DBENGINE={given!r} is none of MYSQL, PGSQL and SQLITE")
    return kind


def place_of(values: Mapping[str, str], account: str = READ_WRITE, database: str | None = None) -> Place:
    """The database of kamctlrc for one of its accounts; database: another name, or "" for the server itself.

    Raises AdminError: DBENGINE or what it needs is not set, or makes no sense.
    """
    kind = engine_of(values)
    if not kind:
        raise AdminError("DBENGINE is not set: MYSQL, PGSQL or SQLITE, in kamctlrc or in the environment")
    if kind == SQLITE:
        path = database or values.get("DB_PATH", "")
        if not path:
            raise AdminError("DB_PATH is not set: the path of the SQLite file, in kamctlrc or in the environment")
        return Place(SQLITE, path)
    digits = values.get("DBPORT", "")
    if digits and not (digits.isdigit() and 0 < int(digits) < 65536):
        raise AdminError(f"DBPORT={digits[:20]!r} is no port")
    if account == READ_WRITE:
        user, password = setting(values, "DBRWUSER"), setting(values, "DBRWPW")
    elif account == READ_ONLY:
        user, password = setting(values, "DBROUSER"), setting(values, "DBROPW")
    else:
        user = values.get("DBROOTUSER") or ("postgres" if kind == POSTGRES else "root")
        password = values.get("DBROOTPW", "")
    name = setting(values, "DBNAME") if database is None else database
    return Place(kind, name, setting(values, "DBHOST"), int(digits or 0), user, password)


def find_place(url: str = "", config: str = "") -> Place:
    """The database that was named: by URL, by a configuration file, by $OLELO_DB, by kamctlrc, or by the usual file.

    Raises AdminError; where nothing names a database the text says what would.
    """
    if url:
        return Place.parse(url)
    if config:
        return from_config(config)
    if os.environ.get(DB_VARIABLE):
        return Place.parse(os.environ[DB_VARIABLE])
    try:
        values = settings()
    except RcError as error:
        raise AdminError(str(error)) from None
    if values.get("DBENGINE"):
        return place_of(values)
    if os.path.isfile(DEFAULT_CONFIG):
        try:
            return from_config(DEFAULT_CONFIG)
        except AdminError as error:
            raise AdminError(f"{_NOTHING} ({error})") from None
    raise AdminError(_NOTHING)


_NOTHING = f"which database? give --db URL, -f kamailio.cfg, ${DB_VARIABLE}, or DBENGINE in kamctlrc"


def from_config(path: str) -> Place:
    """The db_url of auth_db in a configuration. Raises AdminError: no such file, or it sets none."""
    from olelo.script.diagnostics import Diagnostics
    from olelo.script.nodes import ModParam
    from olelo.script.parser import parse_file
    from olelo.script.regex import translate

    if not os.path.isfile(path) or not os.access(path, os.R_OK):
        raise AdminError(f"cannot read the configuration {path}")
    found = ""
    for item in parse_file(path, Diagnostics(), environ=os.environ).items:
        if isinstance(item, ModParam) and item.name == "db_url" and isinstance(item.value, str):
            try:
                pattern = re.compile(f"(?:{translate(item.modules)})\\Z", re.IGNORECASE)
            except ValueError:
                continue  # `olelo check` says what is wrong with it
            if pattern.match("auth_db"):
                found = item.value
    if not found:
        raise AdminError(f"{path} sets no db_url of auth_db")
    return Place.parse(found.encode("latin-1").decode("utf-8", "surrogateescape"))  # a script's text is bytes
