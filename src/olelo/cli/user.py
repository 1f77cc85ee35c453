"""`olelo user`: the subscribers who register with a password."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from olelo.db.subscribers import SubscriberError, Subscribers
from olelo.script.diagnostics import Diagnostics
from olelo.script.nodes import ModParam
from olelo.script.parser import parse_file

user_app = typer.Typer(
    name="user",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=(
        "Subscribers who register with a password, in Kamailio's table. A password is typed at a prompt, or read from a"
        " file or standard input; it is never an argument. What is stored is a digest of it, for its realm."
    ),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the subscribers are: a URL, or the configuration that says it."""

    db: str
    config: str

    def url(self) -> str:
        if self.db:
            return self.db
        if not self.config:
            raise SubscriberError("which database? Give --db URL or --config FILE, or set OLELO_DB")
        diag = Diagnostics()
        parsed = parse_file(self.config, diag, environ=os.environ)
        urls = [
            str(item.value) for item in parsed.items if isinstance(item, ModParam) and item.name == "db_url" and "auth_db" in item.modules
        ]  # fmt: skip
        if not urls:
            reason = diag.errors[0].message if diag.errors else "it sets no db_url for auth_db"
            raise SubscriberError(f"{self.config}: {reason}")
        return urls[-1]


@user_app.callback()
def user(
    ctx: typer.Context,
    db: Annotated[
        str, typer.Option(envvar="OLELO_DB", help="Database, e.g. sqlite:////var/lib/olelo/pbx.sqlite.")
    ] = "",
    config: Annotated[str, typer.Option("-f", "--config", help="Configuration that names it (auth_db's db_url).")] = "",
) -> None:
    ctx.obj = Place(db, config)


Name = Annotated[str, typer.Argument(metavar="USER@DOMAIN", help="The domain is the realm of the digest.")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="File whose first line is the password; - is standard input.")
]
Plain = Annotated[bool, typer.Option("--plain", help="Store the password itself, too (for calculate_ha1).")]


@contextmanager
def _subscribers(ctx: typer.Context) -> Iterator[Subscribers]:
    try:
        found = Subscribers(ctx.obj.url())
        try:
            yield found
        finally:
            found.close()
    except SubscriberError as error:
        print(f"olelo user: {error}", file=sys.stderr)
        raise typer.Exit(1) from None


def _password(path: Path | None) -> str:
    """From a file, standard input, or a prompt that asks twice. Raises SubscriberError."""
    try:
        if path is None and sys.stdin is not None and sys.stdin.isatty():
            first = getpass.getpass("Password: ")
            if getpass.getpass("Again: ") != first:
                raise SubscriberError("the passwords differ; nothing was changed")
            return first
        if path is None:
            raise SubscriberError(
                "there is no terminal to ask for the password: give --password-file FILE, or - for standard input"
            )
        if str(path) == "-":
            line = sys.stdin.readline()
        else:
            with path.open(encoding="utf-8") as file:
                line = file.readline()
    except (OSError, UnicodeError) as error:
        text = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SubscriberError(f"the password cannot be read: {text}") from None
    except EOFError:
        raise SubscriberError("no password was typed; nothing was changed") from None
    return line.rstrip("\r\n")


@user_app.command()
def create(ctx: typer.Context) -> None:
    """Make the tables, and the SQLite file if there is none."""
    with _subscribers(ctx) as found:
        found.create()
        print(f"made tables version and subscriber in {found.url.name}")


@user_app.command()
def add(ctx: typer.Context, name: Name, password_file: PasswordFile = None, plain: Plain = False) -> None:
    """Add a subscriber."""
    with _subscribers(ctx) as found:
        found.add(name, _password(password_file), plain)
        print(f"added {name}")


@user_app.command()
def passwd(ctx: typer.Context, name: Name, password_file: PasswordFile = None, plain: Plain = False) -> None:
    """Give a subscriber another password."""
    with _subscribers(ctx) as found:
        found.set_password(name, _password(password_file), plain)
        print(f"changed the password of {name}")


@user_app.command()
def rm(ctx: typer.Context, name: Name) -> None:
    """Remove a subscriber. What is registered stays until it expires."""
    with _subscribers(ctx) as found:
        found.remove(name)
        print(f"removed {name}")


@user_app.command("list")
def list_(ctx: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show all subscribers, without their secrets."""
    with _subscribers(ctx) as found:
        accounts = found.accounts()
    if as_json:
        print(json.dumps([{"user": a.user, "domain": a.domain, "plain_password": a.plain} for a in accounts]))
        return
    table = Table("user", "domain", "stored", box=None)
    for account in accounts:
        table.add_row(account.user, account.domain, "digest and password" if account.plain else "digest")
    Console(highlight=False).print(table)
