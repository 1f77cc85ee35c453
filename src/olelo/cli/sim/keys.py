"""`olelo sim key`: make, rotate, split and join keys."""

import os
import secrets
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from olelo.auc.cards import Cards
from olelo.auc.errors import AucError, FormatError, KeyFormatError
from olelo.auc.keyfile import create_key_file, create_key_files, key_file_lock, replace_key_file
from olelo.auc.keyring import ENVIRONMENT, Keyring, key_id
from olelo.auc.manifest import public_key
from olelo.auc.secret import Secret
from olelo.auc.transport import MODES, TransportKey, aes_kcv, check_value, join_key, require_check_value, split_key
from olelo.cli.sim.common import (
    clear_errors,
    clock,
    err,
    key_from_file,
    opened,
    operator,
    out,
    place_of,
    progress,
)

key_app = typer.Typer(
    name="key",
    no_args_is_help=True,
    help="Keys of the operator: key-encryption, transport, signing, OP. Make, rotate, split, join.",
)
_KINDS = {"kek": 32, "transport": 32, "transport-128": 16, "transport-192": 24, "signing": 32, "op": 16, "top": 32}
KindOption = Annotated[
    str,
    typer.Option(
        help="Which check values: cmac; or aes, 3des: the encrypted zero block, as most card makers quote it."
    ),
]


@key_app.command("new")
@clear_errors
def new(
    kind: Annotated[str, typer.Argument(help=f"{', '.join(_KINDS)}.")],
    file: Annotated[Path, typer.Argument(help="Where to write it; mode 0600, never overwritten.")],
    mode: Annotated[str, typer.Option(help=f"How a transport key is used: {', '.join(MODES)}.")] = "aes-gcm",
) -> None:
    """Make a key from the system's random source and write it to a file. Only its check value is shown."""
    if kind not in _KINDS:
        raise FormatError(f"unknown kind of key {kind!r}: {', '.join(_KINDS)}")
    key = Secret(secrets.token_bytes(_KINDS[kind]))
    digits = f"{key.reveal().hex()}\n"
    if kind == "kek":
        create_key_file(file, Keyring([key], str(file)).text())
        out().print(f"key-encryption key {key_id(key)} in {file}")
        err().print(
            "Without this file the database is lost; with both, everything is. Keep a copy apart from the backups."
        )
    elif kind == "signing":
        public = file.with_name(file.name + ".pub")
        create_key_files({file: digits, public: public_key(key) + "\n"})
        public.chmod(0o644)
        out().print(f"signing key in {file}; give {public} to those who read your manifests")
    elif kind in ("op", "top"):
        create_key_file(file, digits)
        out().print(f"{kind.upper()} in {file}, key check value {aes_kcv(key)}")
        err().print(
            "A common OP is a liability: one leak concerns every card made with it. The default, per-card, needs none."
        )
    else:
        transport = TransportKey(key, mode)  # before the file: the mode may not take a key of this length
        create_key_file(file, digits)
        out().print(f"transport key in {file}, {mode} key check value {transport.kcv}")


@key_app.command("rotate")
@clear_errors
def rotate(
    ctx: typer.Context,
    forget_old: Annotated[
        bool,
        typer.Option(
            "--forget-old",
            help="Remove the older keys from the file afterwards. Backups, and any other database sealed under the same"
            " file, then need a copy of it.",
        ),
    ] = False,
    reseal_only: Annotated[
        bool, typer.Option("--reseal-only", help="Make no new key; re-seal under the first key of the ring.")
    ] = False,
) -> None:
    """Make a new key-encryption key and seal every record under it.

    The new key is in the file before the first record uses it, and the old one stays until the last has left it. An
    interrupted rotation goes on where it stopped with --reseal-only. A running server reads the file again when it
    meets the new key. Batches, imports and swaps wait until the rotation has ended, and it for them.
    """
    place = place_of(ctx)
    path = place.ring_file
    # Under the lock from reading the ring to the last change of the file: see key_file_lock.
    with nullcontext() if path is None else key_file_lock(path, exclusive=True), opened(ctx) as store:
        ring = place.ring()
        cards = Cards(store)
        missing = [name for name in cards.key_ids() if name not in ring.ids]
        if missing:
            raise KeyFormatError(f"records are sealed under {', '.join(missing)}, which {ring.origin} does not have")
        if not reseal_only:
            if path is None:
                raise FormatError(
                    f"the ring comes from {ring.origin}, which cannot be written here: put a new key in front of it"
                    f" yourself (a systemd credential, or {ENVIRONMENT}) and run with --reseal-only"
                )
            ring = ring.with_new_active(Secret(secrets.token_bytes(32)))
            replace_key_file(path, ring.text())
        try:
            with progress("re-sealing", cards.count()) as advance:
                done = cards.reseal(ring, random=os.urandom, progress=advance)
        except KeyboardInterrupt as signal:
            raise Unfinished(
                f"interrupted: some records are under {ring.active} and some under older keys, which all stay in"
                f" {ring.origin}; nothing is lost, go on with --reseal-only",
                128 + getattr(signal, "number", 2),
            ) from None
        left = {name: number for name, number in cards.key_ids().items() if name != ring.active}
        store.log(clock(), operator(), "rotate", f"{done} records re-sealed under {ring.active}")
        out().print(f"{done} records re-sealed under {ring.active}")
        if left:
            number = sum(left.values())
            err().print(f"{number} records of unfinished batches are still under {', '.join(left)}, which stay")
        elif forget_old and path is not None:
            replace_key_file(path, ring.only_active().text())
            out().print("older keys removed from the file")


class Unfinished(AucError):
    """A rotation was interrupted; it can go on."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@key_app.command("split")
@clear_errors
def split(
    file: Annotated[str, typer.Argument(help="0600 file of the key to split; - for a prompt or standard input.")],
    directory: Annotated[Path, typer.Argument(help="Where the component files go, one for each custodian.")],
    parts: Annotated[int, typer.Option(min=2, max=5, help="Number of components; all are needed.")] = 3,
    kind: KindOption = "cmac",
) -> None:
    """Split a key into components whose exclusive or is the key; fewer than all of them tell nothing.

    All component files are written, or none.
    """
    key = key_from_file(file, "key", (16, 24, 32))
    whole = check_value(key, kind)
    contents: dict[Path, str] = {}
    lines = [f"key: {kind} check value {whole}"]
    for number, component in enumerate(split_key(key, parts, os.urandom), 1):
        path = directory / f"component-{number}-of-{parts}"
        value = check_value(component, kind)
        note = f"# component {number} of {parts}, {kind} check value {value}; the whole key has {whole}\n"
        contents[path] = f"{note}{component.reveal().hex()}\n"
        lines.append(f"component {number} of {parts}: {path}, check value {value}")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    create_key_files(contents)
    for line in lines:
        out().print(line)


@key_app.command("join")
@clear_errors
def join(
    target: Annotated[Path, typer.Argument(help="File for the key, mode 0600, never overwritten.")],
    components: Annotated[
        list[str], typer.Argument(help="0600 files of all components; - for one that is typed at a prompt.")
    ],
    kcv: Annotated[str, typer.Option(help="Check value of the whole key, as printed when it was split.")],
    kind: KindOption = "cmac",
) -> None:
    """Put the components of a key together again; the key is written only if its check value is right."""
    total = len(components)
    key = join_key(
        [
            key_from_file(path, f"component {number} of {total}", (16, 24, 32))
            for number, path in enumerate(components, 1)
        ]
    )
    require_check_value(check_value(key, kind), kcv)
    create_key_file(target, f"{key.reveal().hex()}\n")
    out().print(f"key in {target}, {kind} check value {check_value(key, kind)}")
