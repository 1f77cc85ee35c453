"""The statistics of both servers after the same traffic."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

from differential.servers import Server
from rpc.reference_pair import Pair, kamcmd, request, start
from rpc.rpc_kit import needs_kamailio

pytestmark = [pytest.mark.reference, pytest.mark.wire, needs_kamailio]

#: What differs, and why that is right.
KNOWN: dict[str, str] = {}


class Phones:
    """A caller and a callee of one server."""

    def __init__(self, server: Server) -> None:
        self.server = ("127.0.0.1", server.port)
        self.caller, self.callee = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for sock in (self.caller, self.callee):
            sock.bind(("127.0.0.1", 0))
            sock.settimeout(10)
        self._names = {
            "SERVER": f"127.0.0.1:{server.port}",
            "CLIENT": f"127.0.0.1:{self.caller.getsockname()[1]}",
            "TARGET": f"127.0.0.1:{self.callee.getsockname()[1]}",
        }

    def close(self) -> None:
        self.caller.close()
        self.callee.close()

    def send(self, text: str, answers: int = 0) -> bytes:
        """Send, and wait for that many answers; the last one comes back."""
        last = b""
        for word, address in self._names.items():
            text = text.replace(word, address)
        self.caller.sendto(text.replace("\n", "\r\n").encode("latin-1"), self.server)
        for _ in range(answers):
            last = self.caller.recv(65535)
        return last

    def answers(self, *statuses: int) -> None:
        """The callee gets a request and answers it."""
        text = self.callee.recv(65535).decode("latin-1")
        kept = re.findall(r"^(?:Via|From|To|Call-ID|CSeq|Record-Route):.*\r\n", text, re.MULTILINE)
        for status in statuses:
            reply = f"SIP/2.0 {status} Answer\r\n{''.join(kept)}Content-Length: 0\r\n\r\n"
            self.callee.sendto(
                reply.replace("To: <sip:alice@example.org>", "To: <sip:a@b>;tag=t").encode(), self.server
            )


def traffic(server: Server) -> None:
    phones = Phones(server)
    send, target = phones.send, "sip:bob@TARGET"
    try:
        send(request("REGISTER", 1, extra="Expires: 3600"), 1)
        send(request("REGISTER", 2, extra="Expires: 0"), 1)
        send(request("REGISTER", 3).replace("Contact: <sip:alice@CLIENT>", "Contact: *"), 1)
        send(request("OPTIONS", 1), 1)
        send(request("OPTIONS", 1), 1)
        send(request("PUBLISH", 1), 1)
        send(request("NOTIFY", 1), 1)
        send(request("MESSAGE", 1), 1)
        send(request("MESSAGE", 1), 1)
        send(request("BYE", 1))
        send(request("INFO", 1, ruri=target))
        phones.answers(180, 200)
        for _ in range(2):
            phones.caller.recv(65535)
        send(request("INFO", 2, ruri="sip:@@"))
        send(request("FOO", 1, ruri=target).replace("FOO", "OPTIONX"))
        phones.answers(200)
        phones.caller.recv(65535)
        for number, status in enumerate((200, 301, 401, 404, 407, 480, 486, 500, 603, 202), 10):
            send(request("SUBSCRIBE", number, ruri=target))
            phones.answers(status)
            phones.caller.recv(65535)
        for method in ("INVITE", "PRACK", "REFER"):
            send(request(method, 20, ruri=target), 1 if method == "INVITE" else 0)
            phones.answers(183, 486)
            phones.caller.recv(65535)
            phones.caller.recv(65535)
            if method == "INVITE":
                phones.callee.recv(65535)  # the server's ACK
        send(request("ACK", 20, ruri=target).replace("pair-ACK-20", "pair-INVITE-20").replace("pairACK", "pairINVITE"))
        send(request("UPDATE", 21, ruri=target))
        phones.answers(487, 200)
        phones.caller.recv(65535)
        for name in ("From:", "To:", "Call-ID:", "CSeq:", "Via:"):
            send(request("OPTIONS", 30, leave_out=name))
            send("SIP/2.0 200 OK\n" + request("OPTIONS", 30, leave_out=name).partition("\n")[2])
        send("SIP/2.0 200 OK\n" + request("OPTIONS", 31).partition("\n")[2])
        send("no SIP at all\n\n")
        send(request("OPTIONS", 32).replace("CSeq: 32 OPTIONS", "CSeq: x OPTIONS"))
        send(request("OPTIONS", 33).replace("SIP/2.0/UDP CLIENT", "SIP/2.0/UDP"))
        send(request("MESSAGE", 99), 1)
    finally:
        phones.close()


def statistics(server: Server) -> dict[str, int]:
    lines = kamcmd(server, "stats.get_statistics", "all").split("\n")
    pairs = (line.split(" = ") for line in lines if line)
    return {name: int(value) for name, value in pairs}


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, int], dict[str, int], Pair]]:
    one = start(tmp_path_factory.mktemp("statistics"))
    try:
        traffic(one.olelo)
        traffic(one.kamailio)
        yield statistics(one.olelo), statistics(one.kamailio), one
    finally:
        one.stop()


def test_all_of_the_reference_are_there_and_no_other(
    counted: tuple[dict[str, int], dict[str, int], Pair],
) -> None:
    ours, theirs, _ = counted
    assert sorted(ours) == sorted(theirs)


def test_the_same_traffic_counts_the_same(counted: tuple[dict[str, int], dict[str, int], Pair]) -> None:
    ours, theirs, _ = counted
    differ = {
        name: (ours.get(name), value)
        for name, value in theirs.items()
        if ours.get(name) != value and not name.startswith("shmem:")
    }
    assert differ == {name: differ.get(name) for name in KNOWN}


def test_what_a_script_reads_of_them(counted: tuple[dict[str, int], dict[str, int], Pair]) -> None:
    said = []
    for server in (counted[2].olelo, counted[2].kamailio):
        phones = Phones(server)
        said.append(phones.send(request("PUBLISH", 50), 1).split(b"\r\n")[0])
        phones.close()
    assert said[0] == said[1]
    assert re.match(rb"SIP/2.0 202 counted \d+ \d+ \d+$", said[0])
