"""kamctl's commands on the database as it is: db, acc, dialog."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    String,
    Table,
    column,
    delete,
    insert,
    inspect,
    select,
    table,
    text,
    update,
)
from sqlalchemy.schema import CreateColumn

from olelo.cli.dbplace import READ_ONLY
from olelo.cli.kamctl.context import Ctl, Usage, number
from olelo.db.admin import AdminError, identifier, reading

HELP = {
    "db": """\
 db exec QUERY                   run an SQL statement
 db roexec QUERY                 run it as the user that may only read
 db run NAME                     run the statement that is the value of a variable of kamctlrc
 db rorun NAME                   the same as the user that may only read
 db show TABLE                   show a table, without passwords and their hashes
 db showg TABLE                  the same, a line for each column
 db smatch TABLE COLUMN TEXT     show the rows with that text in a column
 db nmatch TABLE COLUMN NUMBER   show the rows with that number in a column
 db version add|set|update TABLE NUMBER   what the table version says of a table""",
    "acc": """\
 acc initdb                      add columns for caller and callee to acc and missed_calls
 acc showdb                      show acc
 acc recent [SECONDS]            show the latest of acc, by default of 300 seconds""",
    "dialog": """\
 dialog show                     show the dialogs in the server's memory
 dialog showdb                   show those of the database""",
}
#: Columns of `acc initdb`: name and size, in Kamailio's default configuration's db_extra.
_ACC_COLUMNS = {"src_user": 64, "src_domain": 128, "src_ip": 64, "dst_ouser": 64, "dst_user": 64, "dst_domain": 128}


def db(ctl: Ctl, words: list[str]) -> None:
    command, rest = (words[0], words[1:]) if words else ("", [])
    if command in ("exec", "query", "roexec", "roquery", "run", "rorun") and len(rest) == 1:
        statement = rest[0]
        if command.endswith("run"):
            statement = ctl.get(rest[0])
            if not statement:
                raise AdminError(f"the variable {rest[0]} is not set")
        _execute(ctl, statement, command.startswith("ro"))
    elif command in ("show", "showg") and len(rest) == 1:
        found = select(text("*")).select_from(table(identifier(rest[0], "table")))
        ctl.show(found, upright=command == "showg")
    elif command in ("smatch", "nmatch") and len(rest) == 3:
        value: str | int = number(rest[2], "value", -(1 << 63)) if command == "nmatch" else rest[2]
        key = identifier(rest[1], "column")
        source = table(identifier(rest[0], "table"), column(key))
        ctl.show(select(text("*")).select_from(source).where(source.c[key] == value), upright=True)
    elif command == "version" and len(rest) == 3:
        _version(ctl, *rest)
    elif command == "connect":
        raise AdminError("db connect: not available here; start sqlite3, mysql or psql yourself")
    else:
        raise Usage("db")


def _execute(ctl: Ctl, statement: str, read_only: bool) -> None:
    if not statement.strip():
        raise AdminError("there is no query")
    with reading(ctl.place(READ_ONLY)) if read_only else ctl.changing() as connection:
        result = connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
        if result.returns_rows:
            ctl.print_rows(list(result.keys()), [tuple(row) for row in result])


def _version(ctl: Ctl, verb: str, name: str, digits: str) -> None:
    versions = ctl.table("version")
    value = number(digits, "version")
    which = versions.c.table_name == name
    with ctl.changing():
        if verb == "set":
            ctl.run(delete(versions).where(which))
        if verb in ("add", "set"):
            ctl.run(insert(versions).values(table_name=name, table_version=value))
        elif verb == "update":
            if not ctl.run(update(versions).where(which).values(table_version=value)):
                raise AdminError(f"the table version knows nothing of {name}")
        else:
            raise Usage("db")


def acc(ctl: Ctl, words: list[str]) -> None:
    command, rest = (words[0], words[1:]) if words else ("", [])
    found = ctl.table("acc", "ACC_TABLE")
    if command == "initdb" and not rest:
        _init_acc(ctl)
    elif command == "showdb" and not rest:
        ctl.everything(found)
    elif command == "recent" and len(rest) <= 1:
        seconds = number(rest[0], "number of seconds") if rest else 300
        ctl.everything(found, found.c.time >= ctl.moment(seconds))
    else:
        raise Usage("acc")


def _init_acc(ctl: Ctl) -> None:
    with ctl.changing() as connection:
        for name in ("acc", "missed_calls"):
            if not inspect(connection).has_table(name):
                raise AdminError(f"there is no table {name}; run olelo kamdbctl create")
            there = {each["name"] for each in inspect(connection).get_columns(name)}
            for added, size in _ACC_COLUMNS.items():
                if added not in there:
                    _add_column(connection, name, added, size)
    print("ok - acc db init")


def _add_column(connection: Connection, name: str, added: str, size: int) -> None:
    made = Table(name, MetaData(), Column(added, String(size), nullable=False, server_default="")).c[added]
    definition = CreateColumn(made).compile(dialect=connection.dialect)
    connection.execute(text(f"ALTER TABLE {name} ADD COLUMN {definition}"))


def dialog(ctl: Ctl, words: list[str]) -> None:
    if words in (["show"], ["list"]):
        ctl.call("dlg.list")
    elif words == ["showdb"]:
        ctl.everything(ctl.table("dialog", "DIALOG_TABLE"), order=["id"])
    else:
        raise Usage("dialog")


COMMANDS = {"db": db, "acc": acc, "dialog": dialog}
