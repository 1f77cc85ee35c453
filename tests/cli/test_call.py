"""`olelo cmd` as a program: what it says when nobody answers, JSON for other programs, pipes and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from olelo.cli.call import call
from olelo.cli.client import Client
from olelo.modules.ctl.address import parse_address
from olelo.rpc import binrpc
from rpc.rpc_kit import short_path

PROGRAM = [
    sys.executable,
    "-c",
    "import sys; from olelo.cli.main import main; sys.exit(main(['olelo', *sys.argv[1:]]))",
]


def said(capsys: pytest.CaptureFixture[str], *words: str, socket: str) -> tuple[int, str]:
    code = call(words[0], list(words[1:]), socket, False)
    captured = capsys.readouterr()
    assert captured.out == ""
    return code, captured.err


def test_nobody_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    gone, plain = short_path(tmp_path, "gone"), short_path(tmp_path, "plain")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(gone)
    Path(plain).touch()
    absent = short_path(tmp_path, "absent")
    assert said(capsys, "ps", socket=absent) == (
        1, f"olelo: cannot reach {absent}: there is no such socket (is the server running?)\n",
    )  # fmt: skip
    for path in (gone, plain):
        code, text = said(capsys, "ps", socket=f"unix:{path}")
        assert code == 1
        assert text.startswith(f"olelo: cannot reach {path}: Connection refused [")
        assert "nothing listens on it any more" in text


def test_nobody_there_by_address(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    code, text = said(capsys, "ps", socket=f"tcp:127.0.0.1:{port}")
    assert code == 1
    assert text.startswith(f"olelo: cannot reach tcp 127.0.0.1:{port}: connect: Connection refused")
    assert said(capsys, "ps", socket="tcp:a:b:c") == (2, "olelo: -s: bad control address 'tcp:a:b:c'\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_socket_that_others_may_not_use(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = short_path(tmp_path, "s")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        os.chmod(path, 0)
        assert "the ctl parameters mode, user and group" in said(capsys, "ps", socket=path)[1]


@pytest.mark.wire
def test_lists_of_one_stay_lists(socket_path: str, capsys: pytest.CaptureFixture[str]) -> None:
    def reply(*words: str) -> Any:
        assert call(words[0], list(words[1:]), socket_path, True) == 0
        return json.loads(capsys.readouterr().out)["result"]

    assert reply("core.echo", "a") == ["a"]
    assert reply("core.echo") == []
    assert reply("core.version").startswith("olelo ")
    assert [type(each) for each in reply("core.tcp_list")] == [dict]
    assert reply("core.sockets_list")[0]["socket"]["address"] == "127.0.0.77"


def _old_server(listener: socket.socket, replies: int) -> None:
    """A server that knows core.echo alone, as a Kamailio without JSON."""
    sock, _ = listener.accept()
    with sock:
        framer = binrpc.Framer()
        while replies:
            for data in framer.feed(sock.recv(65536)):
                packet = binrpc.decode(data)
                name, *args = packet.values
                if name == "core.echo":
                    sock.sendall(binrpc.encode_reply(tuple(args), packet.cookie))
                else:
                    sock.sendall(binrpc.encode_fault(500, f"command {name} not found", packet.cookie))
                replies -= 1


@pytest.mark.wire
def test_json_of_a_server_that_gives_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = short_path(tmp_path, "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        server = threading.Thread(target=_old_server, args=(listener, 2))
        server.start()
        code = call("core.echo", ["1", "a"], path, True)
        server.join(10)
    assert (code, json.loads(capsys.readouterr().out)) == (0, {"result": [1, "a"]})


@pytest.mark.wire
def test_a_reply_that_is_cut_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = short_path(tmp_path, "s")

    def hang_up(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock:
            sock.recv(65536)
            sock.sendall(b"\xa1\x10")

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        server = threading.Thread(target=hang_up, args=(listener,))
        server.start()
        code, text = said(capsys, "core.echo", socket=path)
        server.join(10)
    assert (code, text) == (1, "olelo: core.echo: read reply failed: the server closed the connection\n")


@pytest.mark.wire
def test_a_reader_that_leaves_is_no_error_on_the_screen(socket_path: str) -> None:
    with subprocess.Popen(
        [*PROGRAM, "cmd", "-s", socket_path, "system.listMethods"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        assert program.stderr.read() == b""
        assert program.wait(20) in (0, 1)


@pytest.mark.wire
def test_ctrl_c_while_waiting_for_the_reply(tmp_path: Path) -> None:
    path = short_path(tmp_path, "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        listener.settimeout(20)
        with subprocess.Popen(
            [*PROGRAM, "cmd", "-s", path, "core.version"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as program:
            sock, _ = listener.accept()
            with sock:
                sock.recv(65536)
                program.send_signal(signal.SIGINT)
                out, err = program.communicate(timeout=20)
            assert (program.returncode, out, err) == (130, b"", b"")


@pytest.mark.wire
def test_a_client_asks_twice_over_one_connection(socket_path: str) -> None:
    with Client(parse_address(socket_path)) as client:
        assert client.ask("core.echo", ["a"]).values == ["a"]
        assert client.ask("core.echo", ["b"]).values == ["b"]
