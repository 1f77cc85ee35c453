"""`olelo user`: who may register. Passwords are typed, or read from a file or standard input; they are never arguments."""

from __future__ import annotations

import functools
import getpass
import json as jsonlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn, ParamSpec

import typer

from olelo.cli.dbplace import find_place
from olelo.db.admin import AdminError, working
from olelo.db.admin_tables import create_subscribers
from olelo.db.admin_users import Account, Subscribers

P = ParamSpec("P")

user_app = typer.Typer(
    name="user",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Subscribers: who may register, with which password.\n\nWhich database: --db, -f, $OLELO_DB, or kamctlrc.",
)

Who = Annotated[str, typer.Argument(metavar="USER@DOMAIN", help="The subscriber, e.g. alice@example.org.")]
Db = Annotated[
    str, typer.Option("--db", metavar="URL", help="Database, e.g. sqlite:////var/lib/kamailio/kamailio.db. [$OLELO_DB]")
]
ConfigFile = Annotated[str, typer.Option("-f", "--config", help="Take db_url of auth_db from this configuration.")]
PasswordFile = Annotated[
    str, typer.Option("--password-file", metavar="FILE", help="Its first line is the password; - is standard input.")
]
Realm = Annotated[str, typer.Option(help="Realm of the password, if it is not the domain.")]
Plain = Annotated[bool, typer.Option("--plain", help="Store the password as it is, too.")]
Json = Annotated[bool, typer.Option("--json", help="The result as JSON.")]


def fail(message: str) -> NoReturn:
    """End with one line on standard error."""
    print(f"olelo user: {message}", file=sys.stderr)
    raise typer.Exit(1)


def clear_errors(function: Callable[P, None]) -> Callable[P, None]:
    """Every failure is one line and exit code 1."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except AdminError as error:
            fail(str(error))

    return guarded


@contextmanager
def subscribers(ctx: typer.Context, db: str, config: str) -> Iterator[Subscribers]:
    """The table of subscribers in a transaction."""
    with working(find_place(*_named(ctx, db, config))) as connection:
        yield Subscribers(connection)


def read_password(path: str) -> str:
    """From a file, from standard input where it is no terminal, or typed twice. Raises AdminError."""
    if path and path != "-":
        try:
            line = Path(path).read_bytes().split(b"\n", 1)[0]
        except OSError as error:
            raise AdminError(f"cannot read {path}: {error.strerror}") from None
        return _text(line)
    if path == "-" or not sys.stdin.isatty():
        try:
            return sys.stdin.readline().rstrip("\r\n")
        except UnicodeDecodeError:
            raise AdminError("the password is not UTF-8") from None
    try:
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("Again: "):
            raise AdminError("these were two different passwords; nothing was changed")
    except EOFError:
        raise AdminError("no password, nothing was changed") from None
    return password


def _text(line: bytes) -> str:
    try:
        return line.rstrip(b"\r\n").decode()
    except UnicodeDecodeError:
        raise AdminError("the password is not UTF-8") from None


def _show(value: Any) -> None:
    print(jsonlib.dumps(value, indent=2, ensure_ascii=False))


def _done(as_json: bool, who: Account, result: str, said: str) -> None:
    if as_json:
        _show({"user": who.username, "domain": who.domain, "result": result})
    else:
        print(said)


@user_app.callback()
def user(ctx: typer.Context, db: Db = "", config: ConfigFile = "") -> None:
    """Where the subscribers are may be said before the command, or after it."""
    ctx.obj = (db, config)


def _named(ctx: typer.Context, db: str, config: str) -> tuple[str, str]:
    before: tuple[str, str] = ctx.obj
    return (db, config) if db or config else before


@user_app.command("create")
@clear_errors
def create(ctx: typer.Context, db: Db = "", config: ConfigFile = "") -> None:
    """Make the table of subscribers, and the SQLite file if there is none."""
    place = find_place(*_named(ctx, db, config))
    print(f"made {' and '.join(create_subscribers(place))} in {place.name}")


@user_app.command("add")
@clear_errors
def add(
    ctx: typer.Context,
    who: Who,
    db: Db = "",
    config: ConfigFile = "",
    password_file: PasswordFile = "",
    realm: Realm = "",
    plain: Plain = False,
    json: Json = False,
) -> None:
    """Add a subscriber; its password is asked for."""
    account = Account.parse(who)
    with subscribers(ctx, db, config) as found:
        if found.there(account):  # before a password is typed for nothing
            raise AdminError(f"{account} exists already; `olelo user passwd` gives another password")
    password = read_password(password_file)
    with subscribers(ctx, db, config) as found:
        found.add(account, password, realm=realm, plain=plain)
    _done(json, account, "added", f"added {account}")


@user_app.command("passwd")
@clear_errors
def passwd(
    ctx: typer.Context,
    who: Who,
    db: Db = "",
    config: ConfigFile = "",
    password_file: PasswordFile = "",
    realm: Realm = "",
    plain: Plain = False,
    json: Json = False,
) -> None:
    """Give a subscriber another password. Without --plain a stored plain password is removed."""
    account = Account.parse(who)
    with subscribers(ctx, db, config) as found:
        found.show(account)
    password = read_password(password_file)
    with subscribers(ctx, db, config) as found:
        found.set_password(account, password, realm=realm, plain=plain)
    _done(json, account, "changed", f"changed the password of {account}")


@user_app.command("rm")
@clear_errors
def remove(ctx: typer.Context, who: Who, db: Db = "", config: ConfigFile = "", json: Json = False) -> None:
    """Remove a subscriber. What other tables have of it stays (`olelo kamctl rm` clears groups and aliases, too)."""
    account = Account.parse(who)
    with subscribers(ctx, db, config) as found:
        found.remove(account)
    _done(json, account, "removed", f"removed {account}")


@user_app.command("show")
@clear_errors
def show(ctx: typer.Context, who: Who, db: Db = "", config: ConfigFile = "", json: Json = False) -> None:
    """Show what is stored of a subscriber, without its password."""
    with subscribers(ctx, db, config) as found:
        values = found.show(Account.parse(who))
    if json:
        _show(values)
    else:
        for name, value in values.items():
            print(f"{name}: {('yes' if value else 'no') if isinstance(value, bool) else value}")


@user_app.command("list")
@clear_errors
def list_users(
    ctx: typer.Context,
    domain: Annotated[str, typer.Argument(help="Only those of this domain.")] = "",
    db: Db = "",
    config: ConfigFile = "",
    json: Json = False,
) -> None:
    """List the subscribers."""
    with subscribers(ctx, db, config) as found:
        accounts = found.list(domain)
    if json:
        _show([{"user": a.username, "domain": a.domain, "plain_password": plain} for a, plain in accounts])
    else:
        for account, _ in accounts:
            print(account)
