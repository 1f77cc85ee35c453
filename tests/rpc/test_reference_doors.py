"""Both servers with control sockets of every kind, and the real kamcmd with every way to write an address."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from differential.servers import OLELO, Server, free_port
from olelo.cli.kamcmd import main as kamcmd
from rpc.rpc_kit import needs_kamailio, short_path

pytestmark = [pytest.mark.reference, pytest.mark.wire, needs_kamailio]

# "ct[l]" keeps these lines from the stand-in for the one socket that `Server` sets up
CONFIG = """#!KAMAILIO
mhomed=0
loadmodule "kex.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:SET_BY_THE_TEST")
modparam("ct[l]", "binrpc", "UnixS:{folder}/s")
modparam("ct[l]", "binrpc", "{folder}/plain")
modparam("ct[l]", "binrpc", "unixd:{folder}/d")
modparam("ct[l]", "binrpc", "tcp:127.0.0.1:{tcp}")
modparam("ct[l]", "binrpc", "127.0.0.1:{udp}")
modparam("ct[l]", "binrpc", "tcp:*:{any}")
modparam("ct[l]", "fifo", "{folder}/fifo")
modparam("ctl", "mode", 0620)
modparam("ctl", "user", "{user}")
modparam("ctl", "group", "1")
request_route {{ exit; }}
"""


@dataclass(slots=True)
class Doors:
    server: Server
    folder: Path
    ports: dict[str, int]

    def fill(self, text: str) -> str:
        for word, port in self.ports.items():
            text = text.replace(word, str(port))
        return text.replace("DIR", str(self.folder))


@pytest.fixture(scope="module", params=["olelo", "kamailio"])
def doors(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    folder = tmp_path_factory.mktemp("d")
    short_path(folder, "olelo.ctl")
    ports = {"TCPPORT": free_port(), "UDPPORT": free_port(), "ANYPORT": free_port()}
    path = folder / "doors.cfg"
    path.write_text(
        CONFIG.format(
            folder=folder, tcp=ports["TCPPORT"], udp=ports["UDPPORT"], any=ports["ANYPORT"], user=os.geteuid()
        )
    )
    server = Server(request.param, path, folder)
    yield Doors(server, folder, ports)
    server.stop()


def _localhost_is_known() -> bool:
    try:
        socket.gethostbyname("localhost")
    except OSError:
        return False
    return True


def run(*words: str, text: str | None = None) -> str:
    done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=20, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "address",
    [
        "unix:DIR/s",
        "unixs:DIR/s",
        "UNIXS:DIR/s",
        "DIR/s",
        "DIR/plain",
        "unixd:DIR/d",
        "tcp:127.0.0.1:TCPPORT",
        "tcp:localhost:TCPPORT",
        "udp:127.0.0.1:UDPPORT",
        "127.0.0.1:UDPPORT",
        "localhost:UDPPORT",
        "tcp:127.0.0.1:ANYPORT",
        "tcp:127.0.0.2:ANYPORT",
    ],
)
def test_kamcmd_reaches_it(doors: Doors, address: str) -> None:
    if "localhost" in address and not _localhost_is_known():
        pytest.skip("this machine does not know the name localhost")
    where = doors.fill(address)
    assert run("kamcmd", "-s", where, "core.echo", "a", "1") == "a\n1\n"
    out = io.StringIO()
    assert kamcmd(["-s", where, "core.echo", "a", "1"], out, out) == 0
    assert out.getvalue() == "a\n1\n"


def test_datagram_clients_may_choose_their_own_name(doors: Doors) -> None:
    for option, value in (("-R", "reply"), ("-D", ".")):
        path = str(doors.folder / value)
        assert run("kamcmd", "-s", f"unixd:{doors.folder}/d", option, path, "core.echo", "x") == "x\n"


def test_listen_shows_them_all(doors: Doors) -> None:
    shown = doors_shown(doors, run("kamcmd", "-s", f"{doors.folder}/s", "ctl.listen"))
    rows = [" ".join(shown[at : at + 4]) for at in range(0, len(shown), 4)]
    assert sorted(rows) == sorted(
        [
            "binrpc unix_stream DIR/KIND.ctl ",
            "binrpc unix_stream DIR/s ",
            "binrpc unix_stream DIR/plain ",
            "binrpc unix_dgram DIR/d ",
            "binrpc tcp 127.0.0.1 TCPPORT",
            "binrpc udp 127.0.0.1 UDPPORT",
            "binrpc tcp * ANYPORT",
            "fifo fifo DIR/fifo ",
        ]
    )


def doors_shown(doors: Doors, text: str) -> list[str]:
    for word, port in doors.ports.items():
        text = text.replace(str(port), word)
    return text.replace(str(doors.folder), "DIR").replace(doors.server.kind, "KIND").split("\n")[:-1]


def test_who_shows_this_connection(doors: Doors) -> None:
    shown = doors_shown(doors, run("kamcmd", "-s", doors.fill("tcp:127.0.0.1:TCPPORT"), "ctl.who"))
    assert shown[:3] == ["binrpc", "tcp", "127.0.0.1"]
    assert shown[4:6] == ["127.0.0.1", "TCPPORT"]
    assert run("kamcmd", "-s", f"{doors.folder}/s", "ctl.connections") == "1\n"


def test_permissions(doors: Doors) -> None:
    for name in ("s", "plain", "d", "fifo"):
        found = os.stat(doors.folder / name)
        assert stat.S_IMODE(found.st_mode) == 0o620, name
        assert (found.st_uid, found.st_gid) == (os.geteuid(), 1), name


SESSION = "core.echo a\n\n  core.echo   b  c\nhelp core.echo\nwho\nlisten\ncore.nosuch\nver x\nquit\ncore.echo not\n"


def test_interactive_mode(doors: Doors) -> None:
    shown = run("kamcmd", "-s", f"{doors.folder}/plain", text=SESSION)
    answers = re.split(r"^kamcmd> .*\n", shown, flags=re.MULTILINE)[1:]
    assert [answer.split("\n")[0] for answer in answers[:3]] == ["a", "", "b"]
    assert len(answers[3]) > 10
    assert answers[4] == f"[binrpc] unix_stream: <anonymous unix socket>  -> {doors.folder}/plain \n"
    assert answers[6] == "error: 500 - command core.nosuch not found\n"
    assert "not" not in answers[-1]


def test_quoted_formats_and_verbose(doors: Doors) -> None:
    shown = run("kamcmd", "-v", "-f", "%v and %v\\n", "-s", f"{doors.folder}/s", "core.echo", "a", "b", "c")
    assert "a and b\nc and " in shown


@pytest.fixture
def config(tmp_path: Path) -> tuple[Path, Path]:
    """A configuration file and the socket that it opens."""
    path = short_path(tmp_path, "s")
    file = tmp_path / "x.cfg"
    file.write_text(
        f'debug=2\nlog_stderror=yes\nlisten=udp:127.0.0.1:{free_port()}\nloadmodule "kex.so"\nloadmodule "ctl.so"\n'
        f'modparam("ctl", "binrpc", "unix:{path}")\nrequest_route {{ exit; }}\n'
    )
    return file, Path(path)


def serve(file: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OLELO, str(file)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def answers(path: Path) -> bool:
    """Whether a server answers there within ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if run("kamcmd", "-s", str(path), "core.echo", "x") == "x\n":
            return True
    return False


def test_a_socket_that_a_killed_server_left_is_used_again(config: tuple[Path, Path]) -> None:
    file, path = config
    for ending in (signal.SIGKILL, signal.SIGTERM):
        with serve(file) as process:
            try:
                assert answers(path)
            finally:
                process.send_signal(ending)
                process.wait(10)
        assert path.exists() == (ending == signal.SIGKILL)


def test_a_file_in_the_way_is_kept_and_stops_the_start(config: tuple[Path, Path]) -> None:
    file, path = config
    path.write_text("precious")
    with serve(file) as process:
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"cannot open control address {path}" in out
    assert "Traceback" not in out
    assert path.read_text() == "precious"


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("unix:/tmp/" + "x" * 120, "too long"),
        ("tcp:127.0.0.1:1x", "bad control address"),
        ("udp:nosuch.invalid:5000", "nosuch.invalid"),
        ("fifo:/tmp/f", "binrpc cannot be spoken over a fifo"),
    ],
)
def test_bad_addresses_stop_the_start_with_a_word(config: tuple[Path, Path], address: str, text: str) -> None:
    file, path = config
    file.write_text(file.read_text().replace(f"unix:{path}", address))
    with serve(file) as process:
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert text in out
    assert "Traceback" not in out
