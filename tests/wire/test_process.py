"""The server as a process: as systemd starts it, its pid file, its signals, and the exit status of a start that fails."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import olelo
from olelo.net import process

pytestmark = pytest.mark.wire

PROGRAM = "import sys; from olelo.cli.main import main; sys.exit(main(['kamailio', *sys.argv[1:]]))"
CONFIG = """
debug=1
children=1
auto_aliases=no
loadmodule "sl.so"
request_route { sl_send_reply("200", "OK"); }
"""
OPTIONS = (
    b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1;rport\r\nFrom: <sip:a@b>;tag=1\r\n"
    b"To: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)
SECONDS = 20.0


class Place:
    """A directory with a configuration, and a port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "k.cfg"
        self.config.write_text(CONFIG)
        self.pid_file = folder / "pid"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.started: list[int] = []

    def command(self, *options: str) -> list[str]:
        words = ["-f", str(self.config), "-P", str(self.pid_file), "-Y", str(self.folder), "-T"]
        return [sys.executable, "-c", PROGRAM, *words, "-l", f"udp:127.0.0.1:{self.port}", *options]

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(Path(olelo.__file__).resolve().parent.parent)}

    def run(self, *options: str) -> tuple[int, str]:
        """Start in the background; (exit status of what was called, what it said)."""
        log = self.folder / "said"  # a pipe would be held open by the server itself
        with log.open("wb") as out:
            done = subprocess.run(
                self.command(*options), stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self.environment,
                timeout=SECONDS, check=False,
            )  # fmt: skip
        if self.pid_file.exists():
            self.started.append(int(self.pid_file.read_text()))
        return done.returncode, log.read_text("latin-1")

    def answers(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.settimeout(5)
            phone.sendto(OPTIONS, ("127.0.0.1", self.port))
            try:
                return phone.recv(2000).startswith(b"SIP/2.0 200 ")
            except OSError:
                return False

    def gone(self, pid: int) -> bool:
        """Wait for the end of a process that is not our child: its pid file goes, and its port is free."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                try:
                    probe.bind(("127.0.0.1", self.port))
                except OSError:
                    continue
            if not self.pid_file.exists():
                return True
        return False


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    yield found
    for pid in found.started:
        if found.pid_file.exists():
            os.kill(pid, signal.SIGKILL)


def test_the_start_ends_when_the_server_answers(place: Place) -> None:
    status, said = place.run("-m", "64", "-M", "8", "-G", str(place.folder / "pgid"))
    assert (status, said) == (0, "")
    assert place.answers()
    pid = int(place.pid_file.read_text())
    assert int((place.folder / "pgid").read_text()) == os.getpgid(pid)
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        os.kill(pid, number)
    assert place.answers()
    status, said = place.run()
    assert status == 255
    assert "running process found in the pid file" in said
    os.kill(pid, signal.SIGTERM)
    assert place.gone(pid)
    assert not place.pid_file.exists()
    assert not (place.folder / "pgid").exists()


def test_a_start_that_fails_says_so_and_ends_with_255(place: Place) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", place.port))
        status, said = place.run()
    assert status == 255
    assert f"cannot listen on udp:127.0.0.1:{place.port}: Address already in use" in said
    assert not place.pid_file.exists()
    place.config.write_text("request_route { nonsense(); }\n")
    status, said = place.run()
    assert status == 255
    assert "nonsense" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_in_the_foreground_a_signal_ends_it_with_0(place: Place, number: signal.Signals) -> None:
    place.config.write_text("fork=no\n" + CONFIG)
    child = subprocess.Popen(
        place.command("-E"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=place.environment
    )
    assert child.stderr is not None
    with child, child.stderr:
        for line in child.stderr:
            if b" runs " in line:
                break
        assert int(place.pid_file.read_text()) == child.pid
        child.send_signal(number)
        assert child.wait(SECONDS) == 0
    assert not place.pid_file.exists()


def test_pid_files(tmp_path: Path) -> None:
    path = str(tmp_path / "pid")
    assert process.running_process(path) == 0
    process.write_number(path, os.getpid(), (-1, -1))
    assert process.running_process(path) == 0  # a container's processes have the same number each time
    process.write_number(path, os.getppid(), (-1, -1))
    assert process.running_process(path) == os.getppid()
    process.write_number(path, 2**22 + 1, (-1, -1))
    assert process.running_process(path) == 0
    Path(path).write_text("x")
    with pytest.raises(OSError, match="valid pid number"):
        process.running_process(path)
    process.remove(path)
    process.remove(path)
    with pytest.raises(OSError, match="cannot write"):
        process.write_number(str(tmp_path / "no" / "pid"), 1, (-1, -1))


def test_users_and_groups() -> None:
    assert process.owner_of("", "") == (-1, -1)
    assert process.owner_of("0", "") == (0, 0)
    assert process.owner_of("root", "0") == (0, 0)
    with pytest.raises(OSError, match="no user or group"):
        process.owner_of("nobody-of-that-name", "")
    process.become(os.getuid(), os.getgid())
    assert os.getuid() == os.geteuid()
