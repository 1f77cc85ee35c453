"""Files that hold keys: read only if nobody else can, written so that nobody else ever could."""

import os
import stat
import tempfile
from pathlib import Path

from olelo.auc.errors import KeyFormatError, NotFound

_LARGEST = 64 * 1024  # bytes; a key file is a few lines, and a wrong path should not fill memory


def read_key_file(path: Path) -> str:
    """Text of a key file.

    Raises:
        NotFound: no such file.
        KeyFormatError: readable by group or others, not a regular file, too large, or not ASCII.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NotFound(f"key file {path}: no such file") from None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise KeyFormatError(f"key file {path}: not a regular file")
        if stat.S_IMODE(status.st_mode) & 0o077:
            mode = stat.S_IMODE(status.st_mode)
            raise KeyFormatError(f"key file {path}: mode {mode:04o} lets others read it; chmod 0600 it")
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise KeyFormatError(f"key file {path}: too large to be a key file")
    try:
        return content.decode("ascii")
    except UnicodeDecodeError:
        raise KeyFormatError(f"key file {path}: not ASCII text") from None


def create_key_file(path: Path, text: str) -> None:
    """Write a new key file, mode 0600. An existing file is never overwritten: it may be the only copy of a key.

    Raises:
        KeyFormatError: the file exists.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise KeyFormatError(f"{path} exists; keys are not overwritten") from None
    _write(handle, text)
    _sync_directory(path.parent)


def replace_key_file(path: Path, text: str) -> None:
    """Put new content in place of a key file in one step, mode 0600: after a crash it is the old one or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp creates with mode 0600
    try:
        _write(handle, text)
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _write(handle: int, text: str) -> None:
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(handle)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
