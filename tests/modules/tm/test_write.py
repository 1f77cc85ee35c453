"""t_write_req and t_write_unix: what an application on the other side of a FIFO or a socket reads."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from modules.kamailio_runner import needs_kamailio, run
from modules.tm.kit import bed, said
from olelo.testing import Bed

PARAMS = """
modparam("tm", "tw_append", "more:Subject=hdr[subject];avp[x];t=avp[i:7];hdr[X-None];f=hdr[From]")
modparam("tm", "tw_append", "all: msg[body]")
"""
CONFIG = (
    PARAMS
    + """
request_route {{ $avp(x) = "one"; $avp(i:7) = 7; {before} {call}; xlog("rc $rc\\n"); exit; }}
"""
)
REQUEST = (
    "{method} sip:bob@127.0.0.1:5060;p=1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKw{n};rport\r\n"
    "{routes}From: \"Al\" <sip:al@x>;tag=f\r\nTo: <sip:bob@y>\r\nCall-ID: w{n}@z\r\nCSeq: 7 {method}\r\n"
    "Contact: <sip:al@127.0.0.1:9;ob>;x=y\r\nSubject:  hi \r\nMax-Forwards: 70\r\nContent-Type: text/plain\r\n"
    "Content-Length: 5\r\n\r\nhello"
)  # fmt: skip


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as found:
        found.bind(str(tmp_path / "app"))
        found.settimeout(5)
        yield found


def write(tmp_path: Path, action: str, before: str = "t_newtran();", method: str = "INVITE", routes: str = "") -> Bed:
    call = f't_write_unix("{tmp_path / "app"}", "{action}")'
    net = bed(CONFIG.format(before=before, call=call))
    net.peer("alice").send(REQUEST.format(method=method, routes=routes, n=1).encode())
    return net


def fill(path: Path) -> None:
    """Send to a socket until its buffer is full."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                other.sendto(b"x", str(path))


def lines(data: bytes) -> list[str]:
    return data.decode("latin-1").split("\n")


def test_the_twenty_lines(tmp_path: Path, reader: socket.socket) -> None:
    net = write(tmp_path, "invite/more")
    assert said(net) == ["rc 1"]
    found = lines(reader.recv(65535))
    number = found.pop(15)
    assert found == [
        "0.3", "sip_request.invite", "INVITE", "bob", "127.0.0.1", "192.0.2.100", ".", "sip:bob@127.0.0.1:5060;p=1",
        "sip:al@127.0.0.1:9;ob", '"Al" <sip:al@x>', "<sip:bob@y>", "w1@z", "f", "", "7", ".", ".",
        "P-MsgFlags: 0", "Subject: hi", "x: one", "t: 7", 'f: "Al" <sip:al@x>;tag=f', ".", "hello", "",
    ]  # fmt: skip
    net.call("tm.reply", "486", "By The Application", number, "tag", ".")
    assert net.peers["alice"].gets(486).msg.reason == b"By The Application"


def test_the_caller_hears_of_an_application_that_does_not_answer(tmp_path: Path, reader: socket.socket) -> None:
    net = write(tmp_path, "invite", 't_on_failure("F"); t_newtran();')
    net.advance(31)
    net.peers["alice"].gets(408)


def test_the_caller_may_cancel(tmp_path: Path, reader: socket.socket) -> None:
    net = bed(
        f"""
        request_route {{
            if (is_method("CANCEL")) {{ t_relay(); exit; }}
            t_newtran();
            t_write_unix("{tmp_path / "app"}", "invite");
        }}
        """
    )
    alice = net.peer("alice")
    call = alice.invite("sip:u@proxy")
    alice.cancel(call)
    alice.gets(487)
    alice.gets(200)


@pytest.mark.parametrize(("action", "before"), [
    ("invite", ""), ("/more", "t_newtran();"), ("invite/none", "t_newtran();"),
    ("invite", 't_newtran(); $ru = "sip:a@[::1";'),
])  # fmt: skip
def test_what_is_refused(tmp_path: Path, reader: socket.socket, action: str, before: str) -> None:
    assert said(write(tmp_path, action, before)) == ["rc -1"]


def test_nobody_there(tmp_path: Path) -> None:
    assert said(write(tmp_path, "invite")) == ["rc -1"]


def test_a_slow_reader_is_waited_for(tmp_path: Path, reader: socket.socket) -> None:
    fill(tmp_path / "app")
    net = write(tmp_path, "invite")
    net.advance(0.2)
    assert said(net) == []
    reader.recv(65535)
    net.advance(0.2)
    assert said(net) == ["rc 1"]


def test_a_reader_that_is_too_slow(tmp_path: Path, reader: socket.socket) -> None:
    fill(tmp_path / "app")
    net = write(tmp_path, "invite")
    net.advance(0.6)
    assert said(net) == ["rc -1"]


def test_a_fifo(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    config = CONFIG.format(before="t_newtran();", call=f't_write_req("{path}", "x/all")')
    nobody = bed(config)
    nobody.peer("alice").send(REQUEST.format(method="OPTIONS", routes="", n=1).encode())
    assert said(nobody) == ["rc -1"]
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        net = bed(config)
        net.peer("alice").send(REQUEST.format(method="OPTIONS", routes="", n=1).encode())
        found = lines(os.read(handle, 65535))
    finally:
        os.close(handle)
    assert said(net) == ["rc 1"]
    assert (found[1], found[-2]) == ("sip_request.x", "hello")


@pytest.mark.parametrize("text", ["x", ":hdr[A]", "x:", "x:hdr", "x:msg[head]", "x:other[a]", "x:a=;hdr[b]"])
def test_a_bad_tw_append_is_refused(text: str) -> None:
    with pytest.raises(AssertionError):
        bed(f'modparam("tm", "tw_append", "{text}")\nrequest_route {{ exit; }}')


ROUTES = {
    "none": "",
    "loose": "Record-Route: <sip:1.1.1.1;lr>\r\nRecord-Route: <sip:2.2.2.2;lr>, <sip:3.3.3.3>\r\n",
    "strict": "Record-Route: <sip:1.1.1.1>,<sip:2.2.2.2;lr>\r\n",
}


@pytest.mark.reference
def test_kamailio_writes_the_same(tmp_path: Path, reader: socket.socket) -> None:
    needs_kamailio()
    app = tmp_path / "app"
    modules = "".join(f'loadmodule "{name}.so"\n' for name in ("tm", "sl", "pv", "xlog"))
    cases = [(method, routes) for method in ("INVITE", "MESSAGE") for routes in ROUTES.values()]
    messages = [REQUEST.format(method=m, routes=r, n=n).encode() for n, (m, r) in enumerate(cases)]
    do = [("do", '$avp(x) = "one"; $avp(i:7) = 7; t_newtran();'), ("do", f't_write_unix("{app}", "go/more");')]
    run(tmp_path, [*do, ("show", "$rc")], messages, modules + PARAMS, "")
    theirs = [lines(reader.recv(65535)) for _ in cases]
    ours = []
    for method, routes in cases:
        write(tmp_path, "go/more", method=method, routes=routes)
        ours.append(lines(reader.recv(65535)))
    for mine, his in zip(ours, theirs, strict=True):
        for at in (5, 6, 11, 15, 18):  # the socket's address, Call-ID, the transaction's number, internal message flags
            mine[at] = his[at] = ""
        his[16] = his[16].replace(
            "<sip:1.1.1.1;lr>,<sip:1.1.1.1;lr>", "<sip:1.1.1.1;lr>"
        )  # Kamailio: a loose one twice
        assert mine == his
