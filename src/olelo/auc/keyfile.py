"""Files that hold keys: read only if nobody else can, written so that nobody else ever could.

Also the lock that keeps a rotation of the key-encryption keys apart from commands that seal under them.
"""

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from olelo.auc.errors import FormatError, KeyFormatError, NotFound, StateError

_LARGEST = 64 * 1024  # bytes; a key file is a few lines, and a wrong path should not fill memory
_LARGEST_TEXT = 1024 * 1024  # bytes of a template, a manifest or a public key


def read_key_file(path: Path) -> str:
    """Text of a key file.

    Raises:
        NotFound: no such file.
        KeyFormatError: readable by group or others, not a regular file, too large, or not ASCII.
    """
    content = _read(path, f"key file {path}", _LARGEST, private=True)
    try:
        return content.decode("ascii")
    except UnicodeDecodeError:
        raise KeyFormatError(f"key file {path}: not ASCII text") from None


def read_text_file(path: Path, what: str) -> str:
    """UTF-8 text of a small file without secrets: a template, a manifest, a public key.

    Raises:
        NotFound: no such file.
        KeyFormatError: not a regular file, or too large.
        FormatError: not UTF-8.
    """
    content = _read(path, f"{what} {path}", _LARGEST_TEXT, private=False)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError(f"{what} {path}: not UTF-8 text") from None


def _read(path: Path, label: str, largest: int, *, private: bool) -> bytes:
    try:
        # Without O_NONBLOCK a named pipe would keep us here until somebody writes to it.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise NotFound(f"{label}: no such file") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise KeyFormatError(f"{label}: not a regular file (standard input is given as -)")
        mode = stat.S_IMODE(status.st_mode)
        if private and mode & 0o077:
            raise KeyFormatError(f"{label}: mode {mode:04o} lets others read it; chmod 0600 it")
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(largest + 1)
    finally:
        os.close(handle)
    if len(content) > largest:
        raise KeyFormatError(f"{label}: larger than {largest // 1024} kB, so it is another file")
    return content


def create_key_file(path: Path, text: str) -> None:
    """Write a new key file, mode 0600: whole, or not at all.

    An existing file is never overwritten: it may be the only copy of a key.

    Raises:
        KeyFormatError: the file exists.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise KeyFormatError(f"{path} exists; keys are not overwritten") from None
    try:
        _write(handle, text)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # a full disk is reported by a write, which knows no name
        raise
    _sync_directory(path.parent)


def create_key_files(contents: dict[Path, str]) -> None:
    """Write several new key files, all or none.

    Raises:
        KeyFormatError: one of them exists.
    """
    written: list[Path] = []
    try:
        for path, text in contents.items():
            create_key_file(path, text)
            written.append(path)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def replace_key_file(path: Path, text: str) -> None:
    """Put new content in place of a key file in one step: after a crash it is the old one or the new one.

    Owner and mode stay, or a server that runs under another user could not read its key any more. Through a symbolic
    link the file behind it is replaced.
    """
    path = path.resolve()
    status = path.stat()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp creates with mode 0600
    try:
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(handle, status.st_uid, status.st_gid)
        os.fchmod(handle, stat.S_IMODE(status.st_mode) & 0o700)
        _write(handle, text)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


@contextmanager
def key_file_lock(path: Path, *, exclusive: bool) -> Iterator[None]:
    """Hold the directory of a key file: many may seal under its keys at once, one may change them, not both.

    Without it, two rotations at once would each write a ring without the other's new key, and a rotation that
    forgets the old key could do so under a batch that is being sealed with it.

    Raises:
        StateError: another command holds it; nothing is waited for.
    """
    handle = os.open(path.resolve().parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            other = "sealing cards under, or rotating," if exclusive else "rotating"
            raise StateError(f"another command is {other} the keys of {path}; try again when it has ended") from None
        yield
    finally:
        os.close(handle)


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
