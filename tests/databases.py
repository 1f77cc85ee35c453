"""Database servers for tests: on a free port of 127.0.0.1, in a temporary folder, stopped at the end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from olelo.db.admin import Place

START_SECONDS = 30.0
PASSWORD = "t3st-s3cret"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class DatabaseServer:
    """A server that can be stopped and started again on its port. `url` is Kamailio's."""

    scheme = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._prepare()
        self.start()
        self._create()

    @property
    def url(self) -> str:
        return f"{self.scheme}://tester:{PASSWORD}@127.0.0.1:{self.port}/kamailio"

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self._command(), stdout=log, stderr=log, cwd=self.folder)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.05)

    def stop(self) -> None:
        """At once, as a crash would."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT if self.scheme == "postgres" else signal.SIGKILL)
            self.process.wait(20)
            self.process = None

    def _prepare(self) -> None: ...

    def _command(self) -> list[str]: ...  # type: ignore[empty-body]

    def _answers(self) -> bool: ...  # type: ignore[empty-body]

    def _create(self) -> None: ...


class MariaDb(DatabaseServer):
    scheme = "mysql"

    def _prepare(self) -> None:
        data = self.folder / "data"
        user = ["--user=root"] if os.getuid() == 0 else []
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", *user],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip

    def _command(self) -> list[str]:
        found = ["mariadbd", "--no-defaults", f"--datadir={self.folder / 'data'}", f"--port={self.port}"]
        found += ["--bind-address=127.0.0.1", f"--socket={self.folder / 's'}", f"--pid-file={self.folder / 'pid'}"]
        found += ["--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M", "--skip-log-bin"]
        return [*found, "--user=root"] if os.getuid() == 0 else found

    def _client(self, sql: str) -> bool:
        done = subprocess.run(
            ["mariadb", "--no-defaults", "-u", "root", f"--socket={self.folder / 's'}", "-e", sql],
            capture_output=True, check=False, timeout=20,
        )  # fmt: skip
        return done.returncode == 0

    def _answers(self) -> bool:
        return self._client("SELECT 1")

    def _create(self) -> None:
        assert self._client(
            "CREATE DATABASE kamailio CHARACTER SET utf8mb4; "
            f"CREATE USER tester@127.0.0.1 IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON kamailio.* TO tester@127.0.0.1"
        )


class PostgreSql(DatabaseServer):
    scheme = "postgres"

    def _tool(self, name: str) -> str:
        return str(max(Path("/usr/lib/postgresql").glob(f"*/bin/{name}")))

    def _as_owner(self) -> list[str]:
        """It refuses to run as root."""
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []

    def _prepare(self) -> None:
        # pytest's folders are for root alone, so this one is beside them
        self.home = Path(f"/tmp/olelo-postgres-{os.getpid()}-{self.port}")
        self.home.mkdir(mode=0o755)
        if os.getuid() == 0:
            shutil.chown(self.home, "postgres", "postgres")
        secret = self.home / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        subprocess.run(
            [*self._as_owner(), self._tool("initdb"), "-D", str(self.home / "data"), "-U", "tester", "-A", "scram-sha-256",
             "--pwfile", str(secret), "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True, capture_output=True, timeout=60, cwd="/",
        )  # fmt: skip

    def _command(self) -> list[str]:
        found = [*self._as_owner(), self._tool("postgres"), "-D", str(self.home / "data"), "-p", str(self.port)]
        return [
            *found,
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            f"unix_socket_directories={self.home}",
            "-c",
            "fsync=off",
        ]

    def _psql(self, sql: str, database: str = "postgres") -> bool:
        done = subprocess.run(
            ["psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "tester", "-d", database, "-c", sql],
            capture_output=True, check=False, timeout=20, env={**os.environ, "PGPASSWORD": PASSWORD},
        )  # fmt: skip
        return done.returncode == 0

    def _answers(self) -> bool:
        return self._psql("SELECT 1")

    def _create(self) -> None:
        assert self._psql("CREATE DATABASE kamailio")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


class Administered:
    """A server as its administrator has it, for the tools that make databases and accounts."""

    def __init__(self, server: DatabaseServer) -> None:
        self.kind = "mysql" if server.scheme == "mysql" else "postgresql"
        self.port = server.port
        self.root, self.password = "tester", PASSWORD
        if isinstance(server, MariaDb):
            self.root, self.password = "admin", "r00t 'secret\" pw"
            escaped = self.password.replace("'", "''")
            assert server._client(
                f"CREATE USER admin@127.0.0.1 IDENTIFIED BY '{escaped}'; GRANT ALL ON *.* TO admin@127.0.0.1 WITH GRANT OPTION"
            )

    def place(self, database: str, user: str = "", password: str = "") -> Place:
        """A database for the administrator, or for somebody else."""
        return Place(
            self.kind, database, "127.0.0.1", self.port, user or self.root, password if user else self.password
        )

    def settings(self, database: str) -> dict[str, str]:
        """Variables of kamctlrc."""
        return {
            "DBENGINE": "MYSQL" if self.kind == "mysql" else "PGSQL",
            "DBHOST": "127.0.0.1",
            "DBPORT": str(self.port),
            "DBNAME": database,
            "DBROOTUSER": self.root,
            "DBROOTPW": self.password,
            "CHARSET": "latin1" if self.kind == "mysql" else "",
        }


def has_mariadb() -> bool:
    return shutil.which("mariadbd") is not None and shutil.which("mariadb-install-db") is not None


def has_postgres() -> bool:
    return any(Path("/usr/lib/postgresql").glob("*/bin/postgres")) and shutil.which("psql") is not None
