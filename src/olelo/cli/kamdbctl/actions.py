"""What kamdbctl does. Every question is asked before anything is changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import inspect

from olelo.cli.dbplace import ROOT, engine_of, place_of, setting
from olelo.cli.kamdbctl.ask import Asker
from olelo.db import admin_dump, admin_server
from olelo.db.admin import AdminError, AlreadyThere, Place, identifier, reading
from olelo.db.admin_server import Accounts
from olelo.db.admin_tables import create_tables, groups_of, present
from olelo.db.schema import DBUID, EXTRA, MYSQL, POSTGRES, PRESENCE, SQLITE, STANDARD


@dataclass(slots=True)
class Run:
    """One call: the settings, and who answers questions."""

    values: Mapping[str, str]
    ask: Asker
    root_password: str | None = None

    @property
    def kind(self) -> str:
        return engine_of(self.values)

    def place(self, database: str = "") -> Place:
        """The database for its administrator, whose password is asked for if it is not known."""
        found = place_of(self.values, ROOT, database or None)
        if found.kind == SQLITE:
            return found
        if self.root_password is None:
            self.root_password = found.password
            if not found.password and not self.values.get("DBROOTPWSKIP") and not self._knows_password(found):
                self.root_password = self.ask.password(f"Password of {found.user} on {found.host}: ")
        return replace(found, password=self.root_password)

    def _knows_password(self, place: Place) -> bool:
        """PostgreSQL's library looks for passwords itself; a socket's directory needs none."""
        if place.kind != POSTGRES:
            return False
        home = os.path.expanduser("~/.pgpass")
        return bool(self.values.get("PGPASSFILE")) or os.path.exists(home) or place.host.startswith("/")

    def groups(self, name: str, default: Sequence[str]) -> tuple[str, ...]:
        """Groups of tables, which kamctlrc may name: STANDARD_MODULES and the like."""
        given = self.values.get(name, "").split()
        found = tuple(given or default)
        groups_of(found)
        return found

    def accounts(self) -> Accounts:
        """The users of kamctlrc. Raises AdminError for a name that PostgreSQL cannot have."""
        if self.kind == POSTGRES:
            for name in ("DBRWUSER", "DBROUSER"):
                identifier(setting(self.values, name), "user")
        hosts = [setting(self.values, "DBHOST"), "localhost", self.values.get("DBACCESSHOST", "")]
        return Accounts(
            setting(self.values, "DBRWUSER"),
            setting(self.values, "DBRWPW"),
            setting(self.values, "DBROUSER"),
            setting(self.values, "DBROPW"),
            tuple(dict.fromkeys("localhost" if host.startswith("/") else host for host in hosts if host)),
        )

    def confirm(self, question: str) -> None:
        """Raises AdminError unless the answer is yes."""
        if not self.ask.yes("ask", question):
            raise AdminError("nothing was changed")

    def say(self, text: str) -> None:
        print(f"INFO: {text}")


@dataclass(frozen=True, slots=True)
class Plan:
    """What `create` will do, from the answers."""

    database: bool
    accounts: bool
    tables: tuple[str, ...]


def _plan(run: Run) -> Plan:
    step = run.values.get("DBINITASK", "").lower() == "yes"
    asking = "ask" if step else "yes"
    server = run.kind != SQLITE
    database = server and run.ask.yes(asking, "Create the database?")
    accounts = server and run.ask.yes(asking, "Create database users with access privileges?")
    if accounts:
        run.accounts()  # a bad name is said now
    tables: tuple[str, ...] = ()
    if run.ask.yes(asking, "Create the standard database tables?"):
        tables += run.groups("STANDARD_MODULES", STANDARD)
    if run.ask.yes(run.values.get("INSTALL_PRESENCE_TABLES", ""), "Install presence related tables?"):
        tables += run.groups("PRESENCE_MODULES", PRESENCE)
    extra = run.groups("EXTRA_MODULES", EXTRA)
    if run.ask.yes(run.values.get("INSTALL_EXTRA_TABLES", ""), f"Install tables for {' '.join(extra)}?"):
        tables += extra
    if run.kind == MYSQL or run.values.get("INSTALL_DBUID_TABLES", "").lower() in ("y", "yes"):
        dbuid = run.groups("UID_MODULES", DBUID)
        if run.ask.yes(run.values.get("INSTALL_DBUID_TABLES", ""), f"Install tables for {' '.join(dbuid)}?"):
            tables += dbuid
    return Plan(database, accounts, tables)


def create(run: Run, database: str = "") -> None:
    place = run.place(database)
    _refuse_existing(place)
    _create(run, place, _plan(run))


def _refuse_existing(place: Place) -> None:
    """Raises AlreadyThere where there are tables of ours."""
    if place.kind == SQLITE and not os.path.exists(place.database):
        return
    if place.kind != SQLITE and not admin_server.exists(place):
        return
    with reading(place) as connection:
        there = present(connection)
    if there:
        raise AlreadyThere(
            f"{place.name} is there already, with {len(there)} of Kamailio's tables; nothing was changed"
            " (`kamdbctl reinit` drops it and makes it new; presence, extra, dbuid and add-tables add to it)"
        )


def _create(run: Run, place: Place, plan: Plan) -> None:
    done: list[str] = []
    try:
        if plan.database and place.kind != SQLITE:
            if admin_server.exists(place):
                run.say(f"database {place.database} is there already, without tables of Kamailio's; it is used")
            else:
                admin_server.create_database(place, run.values.get("CHARSET", ""))
                done.append(f"the database {place.database}")
                run.say(f"database {place.database} created")
        if place.kind == POSTGRES:
            admin_server.emulate_mysql(place)
        if plan.tables:
            _add(run, place, plan.tables)
            done.append("its tables")
        if plan.accounts and place.kind != SQLITE:
            _accounts(run, place)
    except AdminError as error:
        if done:
            raise AdminError(f"{error}; what is there now: {', '.join(done)}") from None
        raise


def _accounts(run: Run, place: Place) -> None:
    accounts = run.accounts()
    made = admin_server.create_accounts(place, accounts)
    names = [name for name, _ in accounts.names]
    if made:
        run.say(f"users created: {', '.join(made)}")
    if not made or (place.kind == POSTGRES and len(made) < len(names)):
        run.say(f"users that were there already keep their passwords: {', '.join(n for n in names if n not in made)}")
    run.say(f"privileges given to {', '.join(names)}")


def _add(run: Run, place: Place, groups: Sequence[str]) -> None:
    made = create_tables(place, groups)
    run.say(f"{len(made)} tables created in {place.database}: {' '.join(sorted(made))}")


def _adder(setting_name: str, groups: Sequence[str]) -> Callable[[Run], None]:
    def add(run: Run) -> None:
        _add_to(run, run.groups(setting_name, groups))

    return add


def _add_to(run: Run, groups: Sequence[str]) -> None:
    place = run.place()
    if place.kind == SQLITE and not os.path.exists(place.database):
        raise AdminError(f"there is no database {place.database}; `kamdbctl create` makes it")
    _add(run, place, groups)
    if place.kind == POSTGRES:  # rights there are for tables, and these are new
        with reading(place) as connection:
            roles = {row[0] for row in connection.exec_driver_sql("SELECT rolname FROM pg_roles")}
        accounts = run.accounts()
        if {accounts.writer, accounts.reader} <= roles:
            admin_server.grant(place, accounts)


def add_tables(run: Run, group: str) -> None:
    groups_of([group])
    _add_to(run, [group])


def drop(run: Run, database: str = "") -> None:
    place = run.place(database)
    _must_exist(place)
    run.confirm(f"This drops the database {place.name} with all that is in it.\nContinue with drop?")
    _drop(run, place)


def _must_exist(place: Place) -> None:
    """Raises AdminError, also for a file that is no database of Kamailio's: it would be deleted."""
    if place.kind == SQLITE:
        with reading(place) as connection:
            if "version" not in inspect(connection).get_table_names():
                raise AdminError(f"{place.database} has no table version, so it is not Kamailio's; nothing was changed")
    elif not admin_server.exists(place):
        raise AdminError(f"there is no database {place.database} on {place.host}")


def _drop(run: Run, place: Place) -> None:
    if place.kind == SQLITE:
        try:
            for path in (place.database, f"{place.database}-wal", f"{place.database}-shm", f"{place.database}-journal"):
                if os.path.exists(path):
                    os.unlink(path)
        except OSError as error:
            raise AdminError(f"cannot remove {place.database}: {error.strerror}") from None
    else:
        admin_server.drop_database(place)
    run.say(f"database {place.database} dropped")
    if place.kind == POSTGRES:
        left = admin_server.drop_accounts(place, [name for name, _ in run.accounts().names])
        if left:
            run.say(f"users that stay, because they are needed elsewhere: {', '.join(left)}")


def reinit(run: Run, database: str = "") -> None:
    place = run.place(database)
    _must_exist(place)
    run.confirm(
        f"This drops the database {place.name} with all that is in it, and makes it new.\nContinue with reinit?"
    )
    plan = _plan(run)
    _drop(run, place)
    _create(run, place, plan)


def backup(run: Run, path: str) -> None:
    place = run.place()
    admin_dump.backup(place, path)
    run.say(f"{place.name} saved to {path}")


def restore(run: Run, path: str) -> None:
    place = run.place()
    if not os.path.isfile(path):
        raise AdminError(f"there is no file {path}")
    admin_dump.restore(place, path)
    run.say(f"{place.name} restored from {path}")


def copy(run: Run, database: str) -> None:
    place = run.place()
    if place.kind == SQLITE:
        admin_dump.copy_file(place, database)
    else:
        _copy_on_server(run, place, replace(place, database=database))
    run.say(f"{place.database} copied to {database}")


def _copy_on_server(run: Run, place: Place, target: Place) -> None:
    import tempfile

    if not admin_server.exists(place):
        raise AdminError(f"there is no database {place.database} on {place.host}")
    if admin_server.exists(target):
        raise AlreadyThere(f"{target.name} is there already; nothing was changed")
    with tempfile.TemporaryDirectory(prefix="olelo-") as directory:
        path = os.path.join(directory, "copy.sql")
        admin_dump.backup(place, path)
        admin_server.create_database(target, run.values.get("CHARSET", ""))
        try:
            admin_dump.restore(target, path)
        except AdminError:
            admin_server.drop_database(target)
            raise
    if target.kind == POSTGRES:
        admin_server.grant(target, run.accounts())


def dbonly(run: Run, database: str = "") -> None:
    place = _server_place(run, database)
    if admin_server.exists(place):
        raise AlreadyThere(f"{place.name} is there already; nothing was changed")
    admin_server.create_database(place, run.values.get("CHARSET", ""))
    run.say(f"database {place.database} created")


def grant(run: Run, database: str = "") -> None:
    place = _server_place(run, database)
    _must_exist(place)
    _accounts(run, place)


def revoke(run: Run, database: str = "") -> None:
    place = _server_place(run, database)
    _must_exist(place)
    admin_server.revoke(place, run.accounts())
    run.say(f"privileges taken from {', '.join(name for name, _ in run.accounts().names)}")


def _server_place(run: Run, database: str) -> Place:
    if run.kind == SQLITE:
        raise AdminError("an SQLite database is a file: it has no users; who may use it is what its mode says")
    return run.place(database)


#: command -> what does it, and how many arguments it takes
COMMANDS: dict[str, tuple[Callable[..., None], int, int]] = {
    "create": (create, 0, 1),
    "drop": (drop, 0, 1),
    "reinit": (reinit, 0, 1),
    "backup": (backup, 1, 1),
    "restore": (restore, 1, 1),
    "copy": (copy, 1, 1),
    "presence": (_adder("PRESENCE_MODULES", PRESENCE), 0, 0),
    "extra": (_adder("EXTRA_MODULES", EXTRA), 0, 0),
    "dbuid": (_adder("UID_MODULES", DBUID), 0, 0),
    "dbonly": (dbonly, 0, 1),
    "grant": (grant, 0, 1),
    "revoke": (revoke, 0, 1),
    "add-tables": (add_tables, 1, 1),
}
