"""Files of cards: written so that half of one never lies about, read so that any file at all does no harm."""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from olelo.auc.errors import FormatError

LONGEST_LINE = 64 << 20  # bytes; a JSON array of 100,000 subscribers may be one line


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """A file of mode 0600 that appears under its name only when the block has ended without an exception.

    Until then it has no name at all where the file system can do that: a process that is killed, or a power cut,
    leaves no half export with keys in it.

    Raises:
        FormatError: the file exists; an export does not overwrite.
    """
    refuse_existing(path)
    handle, name = _unnamed(path)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            _give_name(file.fileno(), name, path)
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)  # a full disk is reported by a write, which knows no name
        raise
    finally:
        if name is not None:
            Path(name).unlink(missing_ok=True)


def refuse_existing(path: Path) -> None:
    """Raise FormatError if a file is there, a dangling link among them."""
    if path.exists() or path.is_symlink():
        raise FormatError(f"{path} exists; an export does not overwrite")


def _unnamed(path: Path) -> tuple[int, str | None]:
    try:
        return os.open(path.parent, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600), None
    except (OSError, AttributeError) as error:
        # EISDIR is what kernels and EOPNOTSUPP what file systems say that do not know O_TMPFILE; macOS lacks the name.
        if isinstance(error, OSError) and error.errno not in (errno.EISDIR, errno.EOPNOTSUPP, errno.EINVAL):
            raise
    return tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp creates with mode 0600


def _give_name(handle: int, name: str | None, path: Path) -> None:
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Unlike a rename, a link fails if somebody made the file meanwhile. src_dir_fd makes it linkat(2), which
        # alone follows /proc's link to the file without a name.
        source = f"/proc/self/fd/{handle}" if name is None else name
        os.link(source, path, src_dir_fd=directory, follow_symlinks=name is None)
    except FileExistsError:
        raise FormatError(f"{path} exists; an export does not overwrite") from None
    except OSError:
        if name is None:
            raise
        refuse_existing(path)
        os.rename(name, path)  # a USB stick's file system has no hard links
    finally:
        os.close(directory)


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """Lines of a file, with a limit: a device or a disk image is no reason to fill memory.

    Raises:
        FormatError: a line is longer than LONGEST_LINE.
    """
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise FormatError(f"line {number} is longer than {LONGEST_LINE >> 20} MB; this is no file of cards")
        yield line


def digesting(lines: Iterable[bytes], digest: "hashlib._Hash") -> Iterator[str]:
    """Lines as text, their bytes added to the digest on the way. FormatError if not UTF-8."""
    for number, line in enumerate(lines, 1):
        digest.update(line)
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise FormatError(f"line {number} is not UTF-8 text") from None
