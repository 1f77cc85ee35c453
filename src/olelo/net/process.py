"""The process: going to the background, pid files, user and group, limits. All of it as `kamailio` does it."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import resource
import sys


class Parent:
    """The end of the pipe to the process that was started in the foreground: it ends with the status we tell it.

    systemd (Type=forking) and shells take its end for the end of the start-up, so that it must come when the sockets
    are open, and with a failure where they cannot be had.
    """

    def __init__(self, pipe: int, keep_stderr: bool) -> None:
        self._pipe = pipe
        self._keep_stderr = keep_stderr

    def started(self) -> None:
        """All is open: let the foreground process end with 0, and let go of the terminal."""
        self._tell(0)
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            if number < 2 or not self._keep_stderr:
                os.dup2(null, number)
        os.close(null)

    def failed(self, status: int) -> None:
        self._tell(status)

    def _tell(self, status: int) -> None:
        if self._pipe >= 0:
            with contextlib.suppress(OSError):  # whoever started us may be gone
                os.write(self._pipe, bytes((status & 0xFF,)))
            os.close(self._pipe)
            self._pipe = -1


def to_background(keep_stderr: bool) -> Parent:
    """Go on in a session of our own without a terminal. The calling process waits for the outcome and ends with it."""
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        told = os.read(reading, 1)
        os._exit(told[0] if told else 255)  # nothing told: it died before it was up
    os.close(reading)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.closerange(3, writing)  # what whoever started us left open
    os.closerange(writing + 1, 4096)
    return Parent(writing, keep_stderr)


def running_process(path: str) -> int:
    """The number in a pid file, if that process runs and is not this one; else 0. Raises OSError for another content."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            text = file.read().strip()
    except FileNotFoundError:
        return 0
    if not text.isdecimal():
        raise OSError(f"pid file {path} exists, but doesn't contain a valid pid number")
    number = int(text)
    if number == os.getpid():
        return 0
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return 0
    except (PermissionError, OverflowError):
        pass  # it runs as somebody else; or is no number of a process, which is just as little ours
    return number


def write_number(path: str, number: int, owner: tuple[int, int]) -> None:
    """Write a pid or pgid file that belongs to this user and group (-1: as it is). Raises OSError with the path."""
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(f"{number}\n")
        if owner != (-1, -1):
            os.chown(path, *owner)
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror or error}") from error


def remove(path: str) -> None:
    """Remove a pid file; where the directory no longer lets us, it stays, and its number is found to be old."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def owner_of(user: str, group: str) -> tuple[int, int]:
    """(uid, gid) of names or numbers; -1 where none is given, the user's own group for the group. Raises OSError."""
    try:
        entry = None
        if user:
            entry = pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
        if group:
            gid = int(group) if group.isdecimal() else grp.getgrnam(group).gr_gid
        else:
            gid = entry.pw_gid if entry is not None else -1
    except KeyError as error:
        raise OSError(f"there is no user or group {error}") from error
    return (entry.pw_uid if entry is not None else -1), gid


def become(uid: int, gid: int) -> None:
    """Give up root for a user and group, once all is open. Raises OSError where that is not allowed.

    Whoever is that user already may stay so; systemd starts services that way, and files still name the user.
    """
    if gid >= 0 and gid != os.getgid():
        os.setgid(gid)
    if uid >= 0 and uid != os.getuid():
        with contextlib.suppress(KeyError):
            os.initgroups(pwd.getpwuid(uid).pw_name, os.getgid())
        os.setuid(uid)


def limit_open_files(count: int) -> str:
    """Raise or lower the limit of open files. Returns what hinders it, or ""."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(count, hard)))
    except (ValueError, OSError):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))
        except (ValueError, OSError) as error:
            return f"open_files_limit={count}: {error}; it stays {soft}"
        return f"open_files_limit={count} is more than is allowed: it is {min(count, hard)} now"
    return ""


def no_core_dumps() -> None:
    """Let a crash leave no core file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
