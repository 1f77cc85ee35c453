"""The two servers under comparison: each runs a temporary copy of a configuration on a free port."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import olelo
from differential.subscribers import make_database

OLELO = "import sys; from olelo.cli.main import main; sys.exit(main(['olelo', 'serve', '-f', sys.argv[1]]))"
START_SECONDS = 20.0
#: A configuration that says so is listened for on ::1, too.
IPV6_TOO = "# and on ::1"
_LISTEN = re.compile(r"^\s*(listen|children|log_stderror|debug)\s*=.*$", re.MULTILINE)
_INCLUDE = re.compile(r'^include_file "(@HERE@[^"]*)"$', re.MULTILINE)
_CTL = re.compile(r'^(\s*modparam\(\s*"ctl"\s*,\s*"binrpc"\s*,\s*)"[^"]*"', re.MULTILINE)


def free_port() -> int:
    """A port of 127.0.0.1 that is free for both UDP and TCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            port = int(udp.getsockname()[1])
            try:
                tcp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _bound(port: int) -> bool:
    """True once somebody has bound the port for both transports; what is sent from then on waits in the kernel."""
    needle = f"0100007F:{port:04X} "
    return all(needle in Path("/proc/net", name).read_text("ascii") for name in ("udp", "tcp"))


class Server:
    """`kind` is "kamailio" or "olelo"."""

    def __init__(self, kind: str, config: Path, folder: Path) -> None:
        self.kind = kind
        self.port = free_port()
        self.log = folder / f"{kind}.log"
        copy = folder / f"{kind}.cfg"
        ctl = self.ctl = folder / f"{kind}.ctl"
        text = _INCLUDE.sub(
            lambda m: Path(m[1].replace("@HERE@", str(config.parent))).read_text("latin-1"), config.read_text("latin-1")
        )
        if "@DATABASE@" in text:
            database = folder / f"{kind}.sqlite"
            make_database(database)
            text = text.replace("@DATABASE@", str(database))
        text = _LISTEN.sub("", text)
        text = _CTL.sub(rf'\1"unix:{ctl}"', text)
        settings = ["debug=2", "log_stderror=yes", "children=1", "tcp_children=1", "dns=no", "rev_dns=no"]
        settings += [f"listen={proto}:127.0.0.1:{self.port}" for proto in ("udp", "tcp")]
        if IPV6_TOO in text:
            settings.append(f"listen=udp:[::1]:{self.port}")
        first, _, rest = text.partition("\n")
        copy.write_text(first + "\n" + "\n".join(settings) + "\n" + rest, "latin-1")
        if kind == "kamailio":
            command = ["kamailio", "-f", str(copy), "-DD", "-E", "-w", str(folder), "-Y", str(folder)]
            command += ["-P", str(folder / "pid"), "-m", "64", "-M", "8"]
        else:
            command = [sys.executable, "-c", OLELO, str(copy)]
        environment = os.environ | {"PYTHONPATH": str(Path(olelo.__file__).resolve().parent.parent)}
        with self.log.open("wb") as out:
            # a session of its own: kamailio's core.kill signals its whole process group
            self.process = subprocess.Popen(
                command, stdout=out, stderr=out, env=environment, cwd=folder, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while not _bound(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{kind} did not start on {config.name}:\n{self.log.read_text('latin-1')[-3000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


def kamailio_is_here() -> bool:
    return shutil.which("kamailio") is not None


def kamailio_has(module: str) -> bool:
    """Whether a module of Kamailio is installed, which some of Debian's packages bring."""
    return any(Path("/usr/lib").glob(f"*/kamailio/modules/{module}.so"))
