"""kamctl start, stop and restart: the server as a process of its own, by its file with the process number."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Final

from olelo.cli.kamctl.context import Ctl, Usage
from olelo.db.admin import AdminError

HELP = {
    "start": """\
 start                           start the server with kamailio.cfg of ETCDIR
 stop                            stop it
 restart                         stop it and start it
  PID_FILE, ETCDIR, KAMBIN and STARTOPTIONS of kamctlrc say how; a server of systemd is started by systemctl."""
}
_PID_FILE: Final = "/run/kamailio/kamailio.pid"
_ETC: Final = "/etc/kamailio"
#: Seconds until a server must have written its number, or be gone.
_PATIENCE: Final = 15.0


def _pid(path: str) -> int:
    """The number in the file; 0 if there is none, or no such process. Raises AdminError."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            digits = file.read(64).strip()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise AdminError(f"cannot read {path}: {error.strerror}") from None
    if not digits:
        return 0
    if not digits.isdigit() or int(digits) < 2:
        raise AdminError(f"{path} holds no process number")
    return int(digits) if _alive(int(digits)) else 0


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:  # one that has ended, and that its parent has not asked for yet
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True


def start(ctl: Ctl, words: list[str]) -> None:
    if words:
        raise Usage("start")
    path = ctl.get("PID_FILE", _PID_FILE)
    running = _pid(path)
    if running:
        raise AdminError(f"the server runs already (pid {running}, {path})")
    binary = ctl.get("KAMBIN")
    if binary and not os.access(binary, os.X_OK):
        raise AdminError(f"KAMBIN={binary} is no program")
    program = [binary] if binary else [sys.executable, "-m", "olelo.cli.main", "kamailio"]
    try:
        options = shlex.split(ctl.get("STARTOPTIONS"))
    except ValueError as error:
        raise AdminError(f"STARTOPTIONS: {error}") from None
    config = os.path.join(ctl.get("ETCDIR", _ETC), "kamailio.cfg")
    console = [] if ctl.get("SYSLOG", "1") == "1" else ["-E"]
    ctl.info("Starting Kamailio :")
    done = subprocess.run(
        [*program, "-P", path, *console, "-f", config, *options], stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        raise AdminError(f"the start failed, exit code {done.returncode}; `olelo check {config}` says what is wrong")
    if not _until(lambda: _pid(path) != 0):
        raise AdminError(f"the server wrote no {path}; its log says why")
    ctl.info(f"started (pid: {_pid(path)})")


def stop(ctl: Ctl, words: list[str]) -> None:
    if words:
        raise Usage("start")
    path = ctl.get("PID_FILE", _PID_FILE)
    pid = _pid(path)
    if not pid:
        raise AdminError(f"no server runs by {path}")
    ctl.info("Stopping Kamailio :")
    try:
        os.kill(pid, signal.SIGTERM)
    except PermissionError:
        raise AdminError(f"process {pid} is not ours to stop") from None
    if not _until(lambda: not _alive(pid)):
        raise AdminError(f"process {pid} has not ended yet")
    ctl.info("stopped")


def restart(ctl: Ctl, words: list[str]) -> None:
    if words:
        raise Usage("start")
    stop(ctl, [])
    start(ctl, [])


def _until(what: Callable[[], bool]) -> bool:
    end = time.monotonic() + _PATIENCE
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


COMMANDS = {"start": start, "stop": stop, "restart": restart}
