"""kamctl and a server of its own: started, asked, stopped."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from olelo.cli.main import main

CONFIG = """
listen=udp:127.0.0.1:{port}
children=1
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "kex.so"
loadmodule "textops.so"
loadmodule "ctl.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("ctl", "binrpc", "unix:{folder}/kamailio_ctl")
modparam("usrloc", "use_domain", 1)
request_route {{ if (is_method("REGISTER")) save("location"); sl_send_reply("200", "OK"); }}
"""


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "kamailio.cfg").write_text(CONFIG.format(port=free_port(), folder=tmp_path))
    values = {"ETCDIR": str(tmp_path), "PID_FILE": str(tmp_path / "pid"), "RPCFIFOPATH": str(tmp_path / "rpc.fifo")}
    values |= {"STARTOPTIONS": f"-Y '{tmp_path}'", "SYSLOG": "0", "SIP_DOMAIN": "example.org", "DBENGINE": ""}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OLELO_KAMCTLRC", "/dev/null")
    return tmp_path


@pytest.mark.wire
def test_start_ask_and_stop(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def kamctl(*words: str) -> tuple[int, str]:
        capfd.readouterr()
        code = main(["kamctl", *words])
        shown = capfd.readouterr()
        return code, shown.out + shown.err

    code, said = kamctl("start")
    assert code == 0, said
    pid = int((folder / "pid").read_text())
    try:
        assert f"started (pid: {pid})" in said
        assert "the server runs already" in kamctl("start")[1]
        for words in (["ul", "add", "alice", "sip:alice@192.0.2.7"], ["ul", "add", "bob", "sip:b@192.0.2.8", "60"]):
            code, said = kamctl(*words)
            assert code == 0, said
        assert kamctl("online") == (0, "alice@example.org\nbob@example.org\n")
        assert "sip:alice@192.0.2.7" in kamctl("ul", "show", "alice")[1]
        assert kamctl("ul", "rm", "alice", "sip:alice@192.0.2.7")[0] == 0
        assert kamctl("ul", "rm", "bob")[0] == 0
        assert kamctl("online") == (0, "")
        code, said = kamctl("ul", "show", "alice")
        assert (code, "AOR not found" in said) == (1, True)
        assert "usrloc:" in kamctl("stats", "usrloc")[1]
        assert json.loads(kamctl("rpc", "core.version")[1])["result"]
        code, said = kamctl("restart")
        assert code == 0, said
        again = int((folder / "pid").read_text())
        assert again != pid
        pid = again
    finally:
        code, said = kamctl("stop")
    assert (code, "stopped" in said) == (0, True)
    assert "cannot reach the server" in kamctl("online")[1]
    assert not (folder / "pid").exists()
    assert "no server runs by" in kamctl("stop")[1]


@pytest.mark.parametrize(
    ("name", "value", "command", "text"),
    [
        ("KAMBIN", "/missing/kamailio", "start", "KAMBIN=/missing/kamailio is no program"),
        ("KAMBIN", "/bin/false", "start", "the start failed, exit code 1"),
        ("STARTOPTIONS", "'-x", "start", "STARTOPTIONS: No closing quotation"),
        ("PID_FILE", "/proc/version", "stop", "holds no process number"),
        ("PID_FILE", "/proc", "stop", "cannot read /proc"),
    ],
)
def test_what_cannot_be_started_or_stopped(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str, value: str, command: str, text: str
) -> None:  # fmt: skip
    monkeypatch.setenv(name, value)
    assert main(["kamctl", command]) == 1
    assert text in capfd.readouterr().err


def test_an_old_pid_file_is_no_server(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    gone = subprocess.Popen([sys.executable, "-c", "pass"])
    gone.wait()
    (folder / "pid").write_text(f"{gone.pid}\n")
    assert main(["kamctl", "stop"]) == 1
    assert "no server runs by" in capfd.readouterr().err


def test_stop_waits_for_the_end(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (folder / "pid").write_text(str(process.pid))
    assert main(["kamctl", "stop"]) == 0
    assert process.wait(5) == -signal.SIGTERM
    assert process.stdin
    process.stdin.close()
    assert "stopped" in capfd.readouterr().out
