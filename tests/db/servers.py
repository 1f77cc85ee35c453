"""MariaDB and PostgreSQL for a test run: in a temporary folder, on a free port of 127.0.0.1, gone at its end."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from olelo.db.admin import AdminError, Place, reading

ROOT_PASSWORD = "r00t 'secret\" pw"
HOST = "127.0.0.1"
DEADLINE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Server:
    kind: str  # mysql or postgresql
    port: int
    root: str

    def place(self, database: str, user: str = "", password: str = "") -> Place:
        return Place(self.kind, database, HOST, self.port, user or self.root, password if user else ROOT_PASSWORD)

    def settings(self, database: str) -> dict[str, str]:
        """Of kamctlrc."""
        return {
            "DBENGINE": "MYSQL" if self.kind == "mysql" else "PGSQL",
            "DBHOST": HOST,
            "DBPORT": str(self.port),
            "DBNAME": database,
            "DBROOTUSER": self.root,
            "DBROOTPW": ROOT_PASSWORD,
            "CHARSET": "latin1" if self.kind == "mysql" else "",
        }


def free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


def program(*names: str) -> str:
    """The first of some programs that is there; skips the test where none is."""
    for name in names:
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/lib/postgresql/15/bin")
        if found:
            return found
    pytest.skip(f"{names[0]} is not installed")


def _answers(place: Place) -> bool:
    try:
        with reading(place) as connection:
            connection.execute(text("SELECT 1"))
    except AdminError:
        return False
    return True


@contextmanager
def _running(words: list[str], place: Place, log: Path) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    try:
        end = time.monotonic() + DEADLINE
        while not _answers(place):
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < end, log.read_text(errors="replace")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def mariadb(folder: Path) -> Iterator[Server]:
    daemon, install = program("mariadbd"), program("mariadb-install-db")
    data, port = folder / "data", free_port()
    user = ["--user=root"] if os.geteuid() == 0 else []
    made = subprocess.run(
        [
            install,
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            *user,
        ],
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    start = folder / "start.sql"
    escaped = ROOT_PASSWORD.replace("'", "''")
    start.write_text(f"ALTER USER root@localhost IDENTIFIED BY '{escaped}';\n")
    words = [daemon, "--no-defaults", f"--datadir={data}", f"--port={port}", f"--bind-address={HOST}", *user]
    words += [
        f"--socket={folder}/s",
        f"--pid-file={folder}/pid",
        f"--init-file={start}",
        "--innodb-buffer-pool-size=16M",
    ]
    words += ["--innodb-flush-log-at-trx-commit=0", "--skip-log-bin"]
    server = Server("mysql", port, "root")
    with _running(words, server.place("mysql"), folder / "log"):
        yield server


@contextmanager
def postgres(folder: Path) -> Iterator[Server]:
    daemon, initdb = program("postgres"), program("initdb")
    data, port = folder / "data", free_port()
    become: list[str] = []
    if os.geteuid() == 0:  # it refuses to be root
        become = [program("setpriv"), "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        shutil.chown(folder, "postgres", "postgres")
    password = folder / "password"
    password.write_text(ROOT_PASSWORD)
    password.chmod(0o644)
    made = subprocess.run(
        [*become, initdb, "-D", str(data), "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={password}"]
        + ["-E", "UTF8", "--no-locale", "--no-sync"],
        capture_output=True,
        check=False,
        cwd=folder,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    words = [*become, daemon, "-D", str(data), "-p", str(port), "-h", HOST, "-k", str(folder), "-F"]
    server = Server("postgresql", port, "postgres")
    with _running(words, server.place("postgres"), folder / "log"):
        yield server
