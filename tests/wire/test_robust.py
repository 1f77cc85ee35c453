"""A running server under what a network may bring: whatever was sent, the next good request is answered."""

from __future__ import annotations

import random
import socket
import struct
import subprocess
from collections.abc import Iterator

import pytest

from wire.test_process import OPTIONS, SECONDS, Place

pytestmark = pytest.mark.wire

#: Few files, so that a test can use them all up; three are the standard ones, some are the loop's.
FILES = 48
CONFIG = f"""
debug=-1
children=1
auto_aliases=no
open_files_limit={FILES}
tcp_max_connections=1000
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "tm.so"
request_route {{ sl_send_reply("200", "OK"); }}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("robust"))
    place.config.write_text(CONFIG)
    words = place.command("-DD", "-E", "-l", f"tcp:127.0.0.1:{place.port}")
    words.remove("-T")
    log = place.folder / "log"
    with log.open("wb") as out:
        child = subprocess.Popen(words, stdout=out, stderr=out, env=place.environment)
        for _ in range(200):
            if place.answers() or child.poll() is not None:
                break
        yield place
        child.terminate()
        assert child.wait(SECONDS) == 0
    assert "Traceback" not in log.read_text("latin-1")


def phone() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(5)
    return sock


def connect(place: Place) -> socket.socket:
    return socket.create_connection(("127.0.0.1", place.port), timeout=5)


def answers_on_tcp(place: Place) -> bool:
    """Ask until there is an answer: what others have just closed may not be free yet."""
    for _ in range(50):
        try:
            with connect(place) as sock:
                sock.sendall(OPTIONS)
                if sock.recv(2000).startswith(b"SIP/2.0 200 "):
                    return True
        except OSError:
            assert place.answers()
    return False


BIG = OPTIONS.replace(b"Content-Length: 0\r\n\r\n", b"Content-Length: 64000\r\n\r\n" + b"x" * 64000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\r\n\r\n",
        b"\xff" * 65507,
        b"\r\n" * 30000,
        b"OPTIONS sip:x SIP/2.0\r\n" + b"Via: " * 13000,
        b"OPTIONS sip:x SIP/2.0\r\n" + b"X: y\r\n" * 10000 + b"\r\n",
        b"OPTIONS sip:" + b"x" * 64000 + b" SIP/2.0\r\n\r\n",
        b'OPTIONS sip:x SIP/2.0\r\nTo: "' + b'\\"' * 30000 + b"\r\n\r\n",
        b"SIP/2.0 200 OK\r\n" + b"Via: SIP/2.0/UDP a," + b"SIP/2.0/UDP b," * 4000 + b"\r\n\r\n",
    ],
    ids=range(10),  # the data would be the names
)
def test_odd_datagrams(server: Place, data: bytes) -> None:
    with phone() as sock:
        for _ in range(3):
            sock.sendto(data, ("127.0.0.1", server.port))
    assert server.answers()


def test_a_message_as_large_as_a_datagram_is_answered(server: Place) -> None:
    with phone() as sock:
        sock.sendto(BIG, ("127.0.0.1", server.port))
        assert sock.recv(65535).startswith(b"SIP/2.0 200 ")


def test_a_burst_of_datagrams(server: Place) -> None:
    chance = random.Random(7)
    with phone() as sock:
        for number in range(1500):
            data = bytearray(OPTIONS)
            for _ in range(number % 5):
                data[chance.randrange(len(data))] = chance.randrange(256)
            sock.sendto(data, ("127.0.0.1", server.port))
    assert server.answers()


def test_hundreds_of_connections_that_say_nothing_and_no_files_left(server: Place) -> None:
    held = []
    try:
        for _ in range(150):
            held.append(connect(server))  # the kernel takes them, also where the server cannot
        assert server.answers()
        for sock in held[:10]:
            sock.sendall(b"OPTIONS sip:x")  # and never more
        assert server.answers()
    finally:
        for sock in held:
            sock.close()
    assert answers_on_tcp(server)


def test_streams_of_chance_and_streams_that_are_cut(server: Place) -> None:
    chance = random.Random(8)
    for number in range(60):
        with connect(server) as sock:
            if number % 3 == 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # ends with a reset
            data = chance.randbytes(300) if number % 2 else OPTIONS * 3 + OPTIONS[: number * 2]
            sock.sendall(data)
    assert server.answers()
    assert answers_on_tcp(server)


def test_a_peer_that_asks_and_never_reads(server: Place) -> None:
    with connect(server) as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.settimeout(0.2)
        try:
            for _ in range(60):
                lazy.sendall(OPTIONS * 200)
        except OSError:
            pass  # closed, or it does not take more from us
        assert server.answers()
    assert answers_on_tcp(server)
