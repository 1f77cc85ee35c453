"""What all `olelo sim` commands share: where the database and keys are, how keys are asked for, how errors end."""

import functools
import getpass
import os
import pwd
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NoReturn, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text
from sqlalchemy.exc import SQLAlchemyError

from olelo.auc.errors import AucError, FormatError, KeyFormatError
from olelo.auc.exchange import ImportRefused
from olelo.auc.keyfile import key_file_lock, read_key_file
from olelo.auc.keyring import ENVIRONMENT_FILE, Keyring
from olelo.auc.secret import Secret
from olelo.auc.store import Store
from olelo.cli.sim.interrupt import ending_on_signals

DEFAULT_DB = "/var/lib/olelo/auc.db"
CARDS, TOOLS, FILES = "Cards", "Small tools", "Files"

P = ParamSpec("P")
R = TypeVar("R")

_LOOKS_LIKE_A_KEY = re.compile("[0-9A-Fa-f]{24,}")
_LONGEST_KEY_LINE = 4096  # characters of a line on standard input
# What every complaint about arguments is derived from; typer names only its children.
_UsageError: Any = typer.BadParameter.__mro__[1]


class KeysAreNoArguments(typer.core.TyperGroup):
    """A group that does not repeat a key which somebody typed where an argument belongs."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; complaints about its arguments go on without what looks like a key."""
        try:
            return super().invoke(ctx)
        except _UsageError as error:
            error.message, found = _LOOKS_LIKE_A_KEY.subn("(not repeated)", error.message)
            if found:
                error.message += ". If that was a key: keys are not arguments; treat it as known to others"
            raise


sim_app = typer.Typer(
    name="sim",
    cls=KeysAreNoArguments,
    no_args_is_help=True,
    add_completion=False,  # `olelo --install-completion` does it for all
    pretty_exceptions_enable=False,  # a traceback with local variables is a door for keys
    help=(
        "SIM cards and their keys: make batches, keep them sealed, exchange them with card makers and cores, and find"
        " out why a card does not register.\n\nKeys are typed at a prompt, or read from a file or standard input; they"
        " are never arguments, and no command prints one. `export` is the one door, and it is logged."
    ),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the database and the key-encryption keys are."""

    db: str
    kek_file: Path | None

    def ring(self) -> Keyring:
        """The key ring; NotFound tells how to make one."""
        return Keyring.find(self.kek_file)

    @property
    def ring_file(self) -> Path | None:
        """The file the ring comes from, or would come from; None for a credential or the environment."""
        named = os.environ.get(ENVIRONMENT_FILE)
        return self.kek_file or (Path(named) if named else None)

    @contextmanager
    def sealing(self) -> Iterator[Keyring]:
        """The ring for a command that seals records; while it runs no rotation takes a key away.

        Raises:
            StateError: a rotation is at work.
        """
        path = self.ring_file
        with nullcontext() if path is None or not path.exists() else key_file_lock(path, exclusive=False):
            yield self.ring()


@sim_app.callback()
def sim(
    ctx: typer.Context,
    db: Annotated[
        str, typer.Option(envvar="OLELO_AUC_DB", help="Database: an SQLite file or an SQLAlchemy URL.")
    ] = DEFAULT_DB,
    kek_file: Annotated[
        Path | None,
        typer.Option(envvar="OLELO_AUC_KEK_FILE", help="File of the key-encryption keys, mode 0600."),
    ] = None,
) -> None:
    ctx.obj = Place(db, kek_file)
    if sys.stdout is None:
        fail("standard output is closed", 1)
    if hasattr(sys.stdout, "reconfigure"):
        # A file name need not be text.
        sys.stdout.reconfigure(errors="backslashreplace")
    ctx.with_resource(ending_on_signals())


class _Output(Console):
    def on_broken_pipe(self) -> None:
        # rich would end the program with code 1 here, as if the command had failed.
        raise BrokenPipeError


def out() -> Console:
    """Standard output, for results; wide when it is no terminal, so that a pipe gets whole tables."""
    return _Output(highlight=False, markup=False, width=None if sys.stdout.isatty() else 240)


def err() -> Console:
    """Standard error, for everything that is not the result."""
    return Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


def fail(message: str, code: int) -> NoReturn:
    """End the program with one line on standard error; what would steer a terminal is left out of it."""
    err().print(coloured("error:", "red", "".join(c if c.isprintable() else "?" for c in message)))
    raise typer.Exit(code)


def coloured(word: str, colour: str, rest: str = "") -> Text:
    """A coloured word and plain text after it. Markup is off, because file names and messages may hold brackets."""
    return Text.assemble((word, colour), " " if rest else "", rest)


def clear_errors(function: Callable[P, R]) -> Callable[P, R]:
    """Turn every failure of a command into one line and an exit code, never a traceback."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except ImportRefused as error:
            for row, message in error.errors:
                err().print(f"row {row}: {message}")
            if error.total > len(error.errors):
                err().print(f"and {error.total - len(error.errors)} more")
            fail(str(error), error.exit_code)
        except AucError as error:
            fail(str(error), error.exit_code)
        except SQLAlchemyError as error:
            # Only the driver's own words: SQL and parameters stay out.
            # SQLite shows a value that it cannot read; a sealed one is no use to anybody.
            reason = str(getattr(error, "orig", None) or type(error).__name__).partition(" with text ")[0]
            fail(f"database: {reason}", 7)
        except BrokenPipeError:
            # The reader has what it wanted (head). What is still buffered must not be tried again at exit.
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(141) from None
        except OSError as error:
            where = error.filename if isinstance(error.filename, str | os.PathLike) else "input or output"
            fail(f"{os.fspath(where)}: {error.strerror or type(error).__name__}", 1)
        except KeyboardInterrupt as signal:
            fail("interrupted; nothing was left half done", 128 + getattr(signal, "number", 2))
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:  # a bug; its message and its locals may hold a key, so only the place is told
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
            fail(f"internal error: {type(error).__name__} at {where}", 70)

    return guarded


@contextmanager
def opened(ctx: typer.Context, *, create: bool = False, dry: bool = False) -> Iterator[Store]:
    """The store, closed afterwards. For a dry run a database that is not there is an empty one in memory."""
    db = place_of(ctx).db
    in_memory = dry and "://" not in db and not Path(db).exists()
    store = Store.open("sqlite://" if in_memory else db, create=create)
    try:
        yield store
    finally:
        store.close()


def place_of(ctx: typer.Context) -> Place:
    """The options given to `olelo sim` itself."""
    place = ctx.find_object(Place)
    return place if place is not None else Place(DEFAULT_DB, None)


def clock() -> int:
    """Seconds since 1970."""
    return int(time.time())


def operator() -> str:
    """Who is at the keyboard, for the event log: the user of the process, and behind sudo the person too.

    Not from LOGNAME or USER, which anybody can set; SUDO_USER counts only for root, who needs no such trick.
    """
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = f"uid {number}"
    behind = os.environ.get("SUDO_USER") if number == 0 else None
    return (f"{behind} (sudo)" if behind else name)[:64]


def ask_key(source: str | None, what: str, sizes: tuple[int, ...]) -> Secret:
    """A key from a 0600 file, from standard input (`-`), or from a prompt that does not echo.

    Without `source`, and when standard input is not a terminal, the next line of it is the key: a script gives
    several keys as several lines, in the order they would be asked for.
    """
    if source is not None and source != "-":
        return key_from_file(source, what, sizes)
    if sys.stdin is None:
        raise KeyFormatError(f"{what}: standard input is closed")
    if sys.stdin.isatty():
        text = getpass.getpass(f"{what} (hexadecimal, not shown): ")
    else:
        try:
            text = sys.stdin.readline(_LONGEST_KEY_LINE)
        except UnicodeDecodeError:
            raise KeyFormatError(f"{what}: standard input is not text") from None
        if not text.strip():
            raise KeyFormatError(f"{what}: standard input has no line for it")
    return Secret.from_hex(text, sizes=sizes, what=what)


def key_from_file(source: str, what: str, sizes: tuple[int, ...]) -> Secret:
    """A key from a file of mode 0600: the first line that is neither blank nor a comment; or `-`, see `ask_key`."""
    if source == "-":
        return ask_key(source, what, sizes)
    digits = source.removeprefix("0x").replace(" ", "")
    if len(digits) >= 32 and not set(digits) - set("0123456789abcdefABCDEF"):
        raise KeyFormatError(
            f"{what}: this looks like a key. Keys are not arguments: the process list and the shell's history show"
            " them. Treat this one as known to others, and give a file, - for standard input, or nothing for a prompt"
        )
    lines = [line.partition("#")[0].strip() for line in read_key_file(Path(source)).splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        raise KeyFormatError(f"{what}: {source} is empty")
    return Secret.from_hex(lines[0], sizes=sizes, what=f"{what} in {source}")


def hex_argument(text: str, what: str, size: int | None = None) -> bytes:
    """A public value (RAND, AUTN, RES, AMF) given in hexadecimal."""
    try:
        value = bytes.fromhex(text.strip().removeprefix("0x"))
    except ValueError:
        value = b""
    if not value or (size is not None and len(value) != size):
        wanted = f"{size * 2} hexadecimal digits" if size is not None else "hexadecimal digits"
        raise FormatError(f"{what}: {wanted} wanted")
    return value


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error, only if that is a terminal; yields the function that advances it."""
    console = err()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)
