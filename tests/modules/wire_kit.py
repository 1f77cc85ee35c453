"""One configuration, run by Olelo and by the real Kamailio; what comes out of both is compared byte by byte.

A case is a piece of script and a packet. All cases of a test make one configuration: each packet names its case in
its Call-ID, and the script of that case runs over it. What leaves for the next hop, and what is answered, is the
result, without the branch of our own Via.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from olelo.core.listen import make_sockets
from olelo.core.loader import load
from olelo.core.receive import Receiver
from olelo.core.sockets import Received
from olelo.modules import all_modules
from olelo.script.diagnostics import Diagnostics
from olelo.script.parser import parse_text
from olelo.testing.world import FakeServices

SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8\r\na=sendrecv\r\n"


@dataclass
class Case:
    """A script, and what is special about the request (or reply) that it runs over.

    TARGET, PROXY and SECOND in script and packet stand for host:port of the next hop and of the proxy's sockets.
    """

    name: str
    script: str
    method: str = "INVITE"
    ruri: str = "sip:bob@TARGET"
    headers: str = ""
    body: str = ""
    to: str = "<sip:bob@example.org>"
    sender: str = '"A" <sip:alice@example.org>;tag=ft1'
    relay: bool = True
    via: str = "SIP/2.0/UDP CALLER;branch=z9hG4bK1"
    params: tuple[str, ...] = field(default=())
    second: bool = False  # the packet goes to SECOND

    def packet(self, number: int) -> str:
        lines = [
            f"{self.method} {self.ruri} SIP/2.0",
            f"Via: {self.via}",
            f"From: {self.sender}",
            f"To: {self.to}",
            f"Call-ID: case-{number}",
            f"CSeq: 7 {self.method}",
        ]
        length = f"Content-Length: {len(self.body)}\r\n"
        return "\r\n".join(lines) + "\r\n" + self.headers + length + "\r\n" + self.body


def config(cases: list[Case], modules: list[str], params: str, listen: list[str], routes: str = "") -> str:
    lines = ["debug=-1", "log_stderror=yes", "children=1", "auto_aliases=no", "server_signature=no", "check_via=no"]
    lines += [f"listen={text}" for text in listen]
    lines += [f'loadmodule "{name}.so"' for name in modules]
    lines += [params, "request_route {"]
    for number, case in enumerate(cases):
        end = "forward(); exit;" if case.relay else "exit;"
        lines.append(f'  if ($ci == "case-{number}") {{ {case.script} {end} }}')
    lines += ["  exit;", "}", routes]
    return "\n".join(lines) + "\n"


def normal(data: bytes) -> str:
    """A packet as text, without what cannot be the same twice: our own Via, To tags that we made."""
    text = data.decode("latin-1")
    if not text.startswith("SIP/2.0"):
        text = re.sub(r"(\r\nVia: [^\r\n]*;branch=)z9hG4bK(?!1[\r;])[^\r\n;]*", r"\1ours", text, count=1)
    return re.sub(r"(\r\nTo: [^\r\n]*;tag=)[0-9a-f]{20,}[^\r\n]*", r"\1made", text)


class Ports:
    """Sockets of the caller and the next hop, bound for the length of a test, and ports for the proxy."""

    def __init__(self) -> None:
        self.caller = _bound()
        self.target = _bound()
        with _bound() as one, _bound() as two:
            self.proxy, self.second = _port(one), _port(two)

    def fill(self, text: str) -> str:
        pairs = {"TARGET": self.target, "CALLER": self.caller}
        for word, sock in pairs.items():
            text = text.replace(word, f"127.0.0.1:{_port(sock)}")
        return text.replace("PROXY", f"127.0.0.1:{self.proxy}").replace("SECOND", f"127.0.0.1:{self.second}")

    def plain(self, text: str) -> str:
        """The other way round, so that failures can be read."""
        numbers = {
            _port(self.target): "TARGET",
            _port(self.caller): "CALLER",
            self.proxy: "PROXY",
            self.second: "SECOND",
        }
        for number, word in numbers.items():
            text = text.replace(f"127.0.0.1:{number}", word)
        return text

    def close(self) -> None:
        self.caller.close()
        self.target.close()


def _bound() -> socket.socket:
    """A UDP socket on a free port from 21000 to 21999; test processes that run at once begin at different ones."""
    first = os.getpid() * 8 % 1000
    for offset in range(1000):
        port = 21000 + (first + offset) % 1000
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            sock.close()
            continue
        sock.settimeout(0.05)
        return sock
    raise AssertionError("no free port from 21000 to 21999")


def _port(sock: socket.socket) -> int:
    return int(sock.getsockname()[1])


#: Where the proxy listens unless a test says otherwise.
LISTEN = ["udp:PROXY", "tcp:PROXY", "udp:SECOND"]


def ours(
    cases: list[Case], modules: list[str], params: str, ports: Ports, listen: list[str] | None = None, routes: str = ""
) -> list[list[str]]:
    """What Olelo sends, by case."""
    text = ports.fill(config(cases, modules, params, listen or LISTEN, routes))
    diag = Diagnostics()
    parsed = parse_text(text, diag)
    world = FakeServices()
    engine = load(parsed, diag, world, all_modules()) if not diag.errors else None
    assert engine is not None, "\n".join(f"{d.pos.line}: {d.message}" for d in diag.errors)
    engine.sockets = make_sockets(engine, {})
    sockets = {sock.port: sock for sock in reversed(engine.sockets) if sock.proto == "udp"}
    for module in engine.modules.values():
        module.start()
    receiver = Receiver(engine)
    results = []
    for number, case in enumerate(cases):
        world.sent.clear()
        receiver.receive(
            ports.fill(case.packet(number)).encode("latin-1"),
            Received("udp", "127.0.0.1", _port(ports.caller), sockets[ports.second if case.second else ports.proxy]),
        )
        heard = (_port(ports.target), _port(ports.caller))
        results.append([ports.plain(normal(data)) for _, data, to in world.sent if to.port in heard])
    return results


def theirs(
    cases: list[Case],
    modules: list[str],
    params: str,
    ports: Ports,
    folder: Path,
    listen: list[str] | None = None,
    routes: str = "",
) -> list[list[str]]:
    """What Kamailio sends, by case."""
    if shutil.which("kamailio") is None:
        pytest.skip("kamailio is not installed")
    path = folder / "kamailio.cfg"
    ready = Case("ready", 'sl_send_reply("200", "Ready");', "OPTIONS", relay=False)
    path.write_text(ports.fill(config([*cases, ready], modules, params, listen or LISTEN, routes)), "latin-1")
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["kamailio", "-f", str(path), "-DD", "-E", "-w", str(folder), "-Y", str(folder), "-P", str(folder / "pid")],
            stdout=out,
            stderr=out,
        )
        try:
            _await_ready(process, ports, ready.packet(len(cases)), log)
            return [
                _exchange(ports, case.packet(number), ready.packet(len(cases)), case.second)
                for number, case in enumerate(cases)
            ]
        finally:
            process.terminate()
            process.wait(10)
            ports.close()


def _await_ready(process: subprocess.Popen[bytes], ports: Ports, probe: str, log: Path) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError("kamailio ended:\n" + log.read_text("latin-1")[-3000:])
        ports.caller.sendto(ports.fill(probe).encode("latin-1"), ("127.0.0.1", ports.proxy))
        if b"Ready" in _next(ports.caller):
            while _next(ports.caller):  # answers to the other probes
                continue
            return
    raise AssertionError("kamailio does not answer:\n" + log.read_text("latin-1")[-3000:])


def _next(sock: socket.socket) -> bytes:
    try:
        return sock.recv(65535)
    except OSError:
        return b""


def _exchange(ports: Ports, packet: str, probe: str, second: bool) -> list[str]:
    """What a packet brings about: one child works in order, so that the probe's answer ends it (each socket has one)."""
    got: list[bytes] = []
    for text in (packet, probe):
        ports.caller.sendto(ports.fill(text).encode("latin-1"), ("127.0.0.1", ports.second if second else ports.proxy))
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        data = _next(ports.caller)
        if b" 200 Ready" in data:
            break
        if data:
            got.append(data)
    ports.target.setblocking(False)
    while data := _next(ports.target):
        got.append(data)
    return [ports.plain(normal(data)) for data in got]


def compare(
    cases: list[Case], modules: list[str], params: str, folder: Path, listen: list[str] | None = None, routes: str = ""
) -> dict[str, tuple[list[str], list[str]]]:
    """(ours, theirs) of every case by name. listen: the addresses of both, LISTEN if not given. routes: more routes."""
    ports = Ports()
    mine = ours(cases, modules, params, ports, listen, routes)
    real = theirs(cases, modules, params, ports, folder, listen, routes)
    return {case.name: pair for case, pair in zip(cases, zip(mine, real, strict=True), strict=True)}


def split(text: str) -> list[str]:
    """Scripts from a table, one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def marked(names: list[str], known: dict[str, str]) -> list[object]:
    """Names as parameters of a test; those that are known to differ must differ."""
    assert set(known) <= set(names), set(known) - set(names)
    return [
        pytest.param(name, marks=pytest.mark.xfail(strict=True, reason=known[name])) if name in known else name
        for name in names
    ]
