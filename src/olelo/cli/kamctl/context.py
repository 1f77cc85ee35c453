"""What kamctl's commands share: settings, the database, the running server, and how things are shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import TIMESTAMP, Connection, Executable, TableClause, cast, column, func, select, table, text
from sqlalchemy.sql.elements import ColumnElement

from olelo.cli.client import Client, ClientError, typed
from olelo.cli.dbplace import DB_VARIABLE, READ_ONLY, READ_WRITE, engine_of, place_of
from olelo.cli.options import DEFAULT_RUN_DIR
from olelo.db.admin import AdminError, Place, identifier, reading, working
from olelo.db.admin_users import Account
from olelo.db.schema import MYSQL, POSTGRES, TABLES
from olelo.modules.ctl.address import SOCKET_NAME, ControlAddress, default_address, parse_address
from olelo.rpc import binrpc
from olelo.rpc.registry import JSON_METHOD
from olelo.rpc.values import readable, to_json

#: Names the server's control socket; else it is looked for beside RPCFIFOPATH.
SOCKET_VARIABLE: Final = "OLELO_SOCKET"
#: Columns that are secrets; tables are shown without what is in them.
SECRETS: Final = frozenset(
    ("password", "ha1", "ha1b", "auth_password", "auth_ha1", "r_password", "phplib_id", "sip_password")
)


class Usage(Exception):
    """A command was called with the wrong arguments; the text names its group of the help."""


class Refused(AdminError):
    """The server answered with a fault."""

    def __init__(self, text: str, code: int, unknown: bool) -> None:
        super().__init__(text)
        self.code = code
        self.unknown = unknown


class Ctl:
    """One call of kamctl."""

    def __init__(self, values: Mapping[str, str], url: str = "", socket: str = "") -> None:
        self.values = values
        self._url = url
        self._socket = socket
        self._open: Connection | None = None

    # --- settings

    def get(self, name: str, default: str = "") -> str:
        return self.values.get(name) or default

    def flag(self, name: str, default: bool = True) -> bool:
        """A setting of 0 or 1."""
        given = self.get(name)
        return given == "1" if given else default

    def account(self, name: str) -> Account:
        """A subscriber as given: with its domain, or with SIP_DOMAIN for it."""
        return Account.parse(name, self.get("SIP_DOMAIN"))

    @property
    def host_name(self) -> str:
        return self.get("SIP_DOMAIN") or os.uname().nodename

    # --- the database

    def place(self, account: str = READ_WRITE) -> Place:
        """The database of kamctlrc; a URL that was given goes first. Raises AdminError."""
        if self._url:
            return Place.parse(self._url)
        if not engine_of(self.values):
            if self.get(DB_VARIABLE):
                return Place.parse(self.get(DB_VARIABLE))
            raise AdminError("this command needs a database: set DBENGINE in kamctlrc, or give --db URL")
        return place_of(self.values, account)

    def table(self, name: str, setting: str = "") -> TableClause:
        """One of Kamailio's tables; setting: the variable of kamctlrc that gives it another name."""
        given = identifier(self.get(setting, name) if setting else name, "table")
        return table(given, *(column(field.name) for field in TABLES[name].fields))

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """One transaction; inside of it `run` and `rows` are part of it."""
        if self._open is not None:
            yield self._open
            return
        with working(self.place()) as connection:
            self._open = connection
            try:
                yield connection
            finally:
                self._open = None

    def run(self, statement: Executable) -> int:
        """Change something; gives the number of rows."""
        with self.changing() as connection:
            return int(connection.execute(statement).rowcount)

    def rows(self, statement: Executable) -> tuple[list[str], list[tuple[Any, ...]]]:
        """(names of the columns, rows) of a query."""
        if self._open is not None:
            return _fetched(self._open, statement)
        with reading(self.place(READ_ONLY)) as connection:
            return _fetched(connection, statement)

    def count(self, found: TableClause, *where: ColumnElement[bool]) -> int:
        return int(self.rows(select(func.count()).select_from(found).where(*where))[1][0][0])

    def everything(self, found: TableClause, *where: ColumnElement[bool], order: Sequence[str] = ()) -> None:
        """Show rows with all their columns, also those that are not Kamailio's."""
        statement = select(text("*")).select_from(found).where(*where).order_by(*(column(name) for name in order))
        self.show(statement)

    def show(self, statement: Executable, *, upright: bool = False) -> None:
        """Show a query's rows, without passwords and their hashes."""
        names, found = self.rows(statement)
        self.print_rows(names, _hidden(names, found), upright=upright)

    def print_rows(self, names: Sequence[str], found: Sequence[Sequence[Any]], *, upright: bool = False) -> None:
        """On a terminal a table. Else as the clients of the databases do: MySQL's tabs and names, the others' bars."""
        if upright:
            width = max(map(len, names), default=0)
            for number, row in enumerate(found, 1):
                print(f"*************************** {number}. row ***************************")
                for name, value in zip(names, row, strict=True):
                    print(f"{name.rjust(width)}: {_cell(value, 'NULL')}")
        elif sys.stdout.isatty():
            _on_terminal(names, found)
        elif self.place(READ_ONLY).kind == MYSQL:
            if found:
                print("\t".join(names))
            for row in found:
                print("\t".join(_cell(value, "NULL").replace("\t", "\\t").replace("\n", "\\n") for value in row))
        else:
            for row in found:
                print("|".join(_cell(value, "") for value in row))

    def moment(self, seconds_ago: int) -> Any:
        """A time to compare with; only PostgreSQL tells texts from times."""
        return cast(now(seconds_ago), TIMESTAMP) if self.place().kind == POSTGRES else now(seconds_ago)

    # --- the server

    def address(self) -> ControlAddress:
        """The control socket (module ctl). Raises AdminError."""
        given = self._socket or self.get(SOCKET_VARIABLE)
        if not given:
            fifo = self.get("RPCFIFOPATH")
            beside = os.path.join(os.path.dirname(fifo), SOCKET_NAME) if fifo else ""
            given = f"unix:{beside}" if beside else default_address(DEFAULT_RUN_DIR)
        try:
            return parse_address(given)
        except ValueError as error:
            raise AdminError(f"{given}: {error}") from None

    def ask(self, method: str, *args: int | float | str) -> Any:
        """Call a command of the server; its reply as JSON material. Raises AdminError; Refused for a fault."""
        address = self.address()
        try:
            with Client(address) as client:
                packet = client.ask(JSON_METHOD, [method, *args])
                if packet.kind == binrpc.REPLY:
                    import json

                    return json.loads(str(packet.values[0])) if packet.values else None
                if _lacks(packet, JSON_METHOD):  # another server, which gives no JSON
                    packet = client.ask(method, list(args))
        except ClientError as error:
            raise AdminError(f"cannot reach the server at {_where(address)}: {_plain(str(error))}") from None
        if packet.kind == binrpc.FAULT:
            code, said = binrpc.fault_parts(packet)
            if _lacks(packet, method):
                raise Refused(f"the server has no command {method}; is its module loaded?", code, True)
            raise Refused(f"{method}: {code} {readable(said).rstrip()}", code, False)
        values = [to_json(value) for value in packet.values]
        return values[0] if len(values) == 1 else values

    def call(self, method: str, *args: int | float | str) -> None:
        """Call a command and print its reply as a JSON-RPC response."""
        import json

        reply = self.ask(method, *args)
        print(json.dumps({"jsonrpc": "2.0", "result": reply, "id": os.getpid()}, indent=2, ensure_ascii=False))

    # --- people

    def info(self, said: str) -> None:
        print(f"INFO: {said}")

    def warn(self, said: str) -> None:
        print(f"WARNING: {said}", file=sys.stderr)

    def confirm(self, question: str) -> None:
        """Raises AdminError unless the answer is yes."""
        print(f"{question} [Y|N] ", end="", flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise AdminError("nothing was done")


def argument(word: str) -> int | float | str:
    """An argument for the server as kamctl types it: i: and s: in front say what it is."""
    return typed(word[2:] if word.startswith("i:") else word)


def number(word: str, what: str, least: int = 0) -> int:
    """A whole number. Raises AdminError."""
    if not (word[1:] if word[:1] == "-" else word).isdecimal() or not word.isascii() or int(word) < least:
        raise AdminError(f"{what} {word[:40]!r} is no whole number" + (f" of at least {least}" if least >= 0 else ""))
    return int(word)


def now(seconds_ago: int = 0) -> str:
    """The local time as Kamailio's tables hold it."""
    return datetime.fromtimestamp(datetime.now().timestamp() - seconds_ago).strftime("%Y-%m-%d %H:%M:%S")


def _fetched(connection: Connection, statement: Executable) -> tuple[list[str], list[tuple[Any, ...]]]:
    result = connection.execute(statement)
    return list(result.keys()), [tuple(row) for row in result]


def _hidden(names: Sequence[str], found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    secret = {at for at, name in enumerate(names) if name.lower() in SECRETS}
    if not secret:
        return found
    return [tuple("***" if at in secret and value else value for at, value in enumerate(row)) for row in found]


def _cell(value: Any, nothing: str) -> str:
    if value is None:
        return nothing
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, datetime) and value.microsecond:
        return str(value).rstrip("0")  # as the databases' own clients
    return str(value)


def _on_terminal(names: Sequence[str], found: Sequence[Sequence[Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table()
    for name in names:
        shown.add_column(name)
    for row in found:
        shown.add_row(*(Text("".join(c if c.isprintable() else "?" for c in _cell(value, "NULL"))) for value in row))
    Console(markup=False, highlight=False).print(shown)


def _lacks(packet: binrpc.Packet, method: str) -> bool:
    return packet.kind == binrpc.FAULT and binrpc.fault_parts(packet) == (500, f"command {method} not found")


def _where(address: ControlAddress) -> str:
    return address.name if address.is_path else f"{address.transport}:{address.name}:{address.port}"


def _plain(said: str) -> str:
    return said.rpartition("): ")[2] if said.startswith("connect_unix_sock") else said
