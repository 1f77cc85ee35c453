"""The tools that people have, against a running server: kamcmd, sipsak and SIPp, all on 127.0.0.1."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from differential.servers import Server, free_port

HERE = Path(__file__).parent
CONFIG = HERE.parents[1] / "examples" / "first-call.cfg"

pytestmark = pytest.mark.wire


def _own_name_is_known() -> bool:
    try:
        socket.gethostbyname(socket.gethostname())
    except OSError:
        return False
    return True


def needs(tool: str) -> pytest.MarkDecorator:
    if tool == "sipsak" and not _own_name_is_known():
        return pytest.mark.skip(reason="sipsak ends where the machine's own name cannot be resolved (/etc/hosts)")
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("wire")
    one = Server("olelo", CONFIG, folder)
    yield one
    one.stop()


def run(*words: str, code: int = 0) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=40, check=False)
    assert done.returncode == code, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout + done.stderr


def kamcmd(server: Server, *words: str, code: int = 0) -> str:
    return run("kamcmd", "-s", f"unix:{server.log.parent / 'olelo.ctl'}", *words, code=code)


def register(server: Server, user: str) -> None:
    contact = f"sip:{user}@127.0.0.1:{free_port()}"
    run("sipsak", "-U", "-s", f"sip:{user}@127.0.0.1:{server.port}", "-C", contact)


@needs("sipsak")
def test_sipsak_pings(server: Server) -> None:
    register(server, "pinged")
    shown = run("sipsak", "-vv", "-s", f"sip:nobody@127.0.0.1:{server.port}", code=1)
    assert "SIP/2.0 404" in shown


@needs("sipsak")
@needs("kamcmd")
def test_a_registration_shows_in_ul_dump(server: Server) -> None:
    register(server, "alice")
    shown = kamcmd(server, "ul.dump")
    assert "AoR: alice" in shown
    assert "Address: sip:alice@127.0.0.1:" in shown


@needs("kamcmd")
@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["core.version"], "olelo"),
        (["core.uptime"], "up_since"),
        (["system.listMethods"], "ul.dump"),
        (["tm.stats"], "waiting"),
        (["sl.stats"], "200"),
        (["stats.get_statistics", "all"], "core:rcv_requests"),
        (["no.such"], "no.such"),
        (["ul.lookup"], "error"),
    ],
)
def test_kamcmd(server: Server, words: list[str], text: str) -> None:
    done = subprocess.run(
        ["kamcmd", "-s", f"unix:{server.log.parent / 'olelo.ctl'}", *words],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert text in done.stdout + done.stderr


@needs("sipp")
@needs("sipsak")
def test_sipp_registers_and_calls(server: Server, tmp_path: Path) -> None:
    """Twenty calls to a registered phone; both sides follow Record-Route."""
    callee = free_port()
    run("sipsak", "-U", "-s", f"sip:service@127.0.0.1:{server.port}", "-C", f"sip:service@127.0.0.1:{callee}")
    uas = subprocess.Popen(
        ["sipp", "-sf", str(HERE / "callee.xml"), "-i", "127.0.0.1", "-p", str(callee), "-nostdin"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        run(
            *("sipp", "-sf", str(HERE / "caller.xml"), f"127.0.0.1:{server.port}"),
            *("-i", "127.0.0.1", "-p", str(free_port()), "-nostdin", "-m", "20", "-r", "20", "-timeout", "20"),
        )
    finally:
        uas.kill()
        uas.wait(10)
