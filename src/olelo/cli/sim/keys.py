"""`olelo sim key`: make, rotate, split and join keys."""

import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

from olelo.auc.cards import Cards
from olelo.auc.errors import CheckValueError, FormatError, KeyFormatError
from olelo.auc.keyfile import create_key_file, replace_key_file
from olelo.auc.keyring import ENVIRONMENT, ENVIRONMENT_FILE, Keyring, key_id
from olelo.auc.manifest import public_key
from olelo.auc.secret import Secret
from olelo.auc.transport import MODES, TransportKey, aes_kcv, cmac_kcv, join_key, split_key
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
    name="key", no_args_is_help=True, help="Keys of the operator: key-encryption, transport, signing, OP."
)
_KINDS = {"kek": 32, "transport": 32, "transport-128": 16, "signing": 32, "op": 16, "top": 32}


@key_app.command("new")
@clear_errors
def new(
    kind: Annotated[str, typer.Argument(help="kek, transport, transport-128, signing, op or top.")],
    file: Annotated[Path, typer.Argument(help="Where to write it; mode 0600, never overwritten.")],
    mode: Annotated[str, typer.Option(help=f"How a transport key is used: {', '.join(MODES)}.")] = "aes-gcm",
) -> None:
    """Make a key from the system's random source and write it to a file. Only its check value is shown."""
    if kind not in _KINDS:
        raise FormatError(f"unknown kind of key {kind!r}: {', '.join(_KINDS)}")
    key = Secret(secrets.token_bytes(_KINDS[kind]))
    if kind == "kek":
        create_key_file(file, Keyring([key], str(file)).text())
        out().print(f"key-encryption key {key_id(key)} in {file}")
        err().print(
            "Without this file the database is lost; with both, everything is. Keep a copy apart from the backups."
        )
        return
    create_key_file(file, f"{key.reveal().hex()}\n")
    if kind == "signing":
        public = file.with_name(file.name + ".pub")
        public.write_text(public_key(key) + "\n", "ascii")
        out().print(f"signing key in {file}; give {public} to those who read your manifests")
    elif kind in ("op", "top"):
        out().print(f"{kind.upper()} in {file}, key check value {aes_kcv(key)}")
        err().print(
            "A common OP is a liability: one leak concerns every card made with it. The default, per-card, needs none."
        )
    else:
        out().print(f"transport key in {file}, {mode} key check value {TransportKey(key, mode).kcv}")


@key_app.command("rotate")
@clear_errors
def rotate(
    ctx: typer.Context,
    forget_old: Annotated[
        bool,
        typer.Option("--forget-old", help="Remove the older keys from the file afterwards; backups then need a copy."),
    ] = False,
    reseal_only: Annotated[
        bool, typer.Option("--reseal-only", help="Make no new key; re-seal under the first key of the ring.")
    ] = False,
) -> None:
    """Make a new key-encryption key and seal every record under it.

    The new key is in the file before the first record uses it, and the old one stays until the last has left it; an
    interrupted rotation goes on where it stopped with --reseal-only. A running server reads the file again when it
    meets the new key.
    """
    place = place_of(ctx)
    ring = place.ring()
    path = place.kek_file or (Path(os.environ[ENVIRONMENT_FILE]) if ENVIRONMENT_FILE in os.environ else None)
    with opened(ctx) as store:
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
        with progress("re-sealing", cards.count()) as advance:
            done = cards.reseal(ring, random=os.urandom, progress=advance)
        left = {name: number for name, number in cards.key_ids().items() if name != ring.active}
        store.log(clock(), operator(), "rotate", f"{done} records re-sealed under {ring.active}")
    out().print(f"{done} records re-sealed under {ring.active}")
    if left:
        err().print(f"{sum(left.values())} records of unfinished batches are still under {', '.join(left)}")
    elif forget_old and path is not None:
        replace_key_file(path, ring.only_active().text())
        out().print("older keys removed from the file")


@key_app.command("split")
@clear_errors
def split(
    file: Annotated[str, typer.Argument(help="0600 file of the key to split.")],
    directory: Annotated[Path, typer.Argument(help="Where the component files go, one for each custodian.")],
    parts: Annotated[int, typer.Option(min=2, max=5, help="Number of components; all are needed.")] = 3,
) -> None:
    """Split a key into components whose exclusive or is the key; fewer than all of them tell nothing."""
    key = key_from_file(file, "key", (16, 24, 32))
    components = split_key(key, parts, os.urandom)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    out().print(f"key: check value {_kcv(key)}")
    for number, component in enumerate(components, 1):
        path = directory / f"component-{number}-of-{parts}"
        note = f"# component {number} of {parts}, check value {_kcv(component)}; the whole key has {_kcv(key)}\n"
        create_key_file(path, f"{note}{component.reveal().hex()}\n")
        out().print(f"component {number} of {parts}: {path}, check value {_kcv(component)}")


@key_app.command("join")
@clear_errors
def join(
    target: Annotated[Path, typer.Argument(help="File for the key, mode 0600.")],
    components: Annotated[list[str], typer.Argument(help="0600 files of all components.")],
    kcv: Annotated[str, typer.Option(help="Check value of the whole key, as printed when it was split.")],
) -> None:
    """Put the components of a key together again; the key is written only if its check value is right."""
    key = join_key([key_from_file(path, "component", (16, 24, 32)) for path in components])
    if _kcv(key) != kcv.strip().upper():
        raise CheckValueError(f"the components give a key with check value {_kcv(key)}, expected {kcv.strip().upper()}")
    create_key_file(target, f"{key.reveal().hex()}\n")
    out().print(f"key in {target}, check value {_kcv(key)}")


def _kcv(key: Secret) -> str:
    # CMAC for all: a component or key may be one of AES-GCM, whose encrypted zero block must stay secret.
    return cmac_kcv(key)
