"""One server for subscribers with SIMs and subscribers with passwords: examples/sim-registration.cfg, over UDP."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator

import pytest

from olelo.sip.message import Message
from olelo.testing import SDP, answer, reply_to, request
from wire.test_sim_registration import HERE, HOME, Line, Phone, World

REALM = "pbx.example"
pytestmark = pytest.mark.wire


class Softphone:
    """A phone with a user name and a password, on a line of its own."""

    def __init__(self, world: World, user: str, password: str, domain: str = REALM) -> None:
        self.world = world
        self.user = user
        self.password = password
        self.uri = f"sip:{user}@{domain}"
        self.line = Line()
        world.lines.append(self.line)
        self.cseq = itertools.count(1)

    def ask(self, method: str, uri: str, *headers: str, to: str = "", body: bytes = b"") -> Message:
        """Sends a request; gives the final answer."""
        number = next(self.cseq)
        data = request(
            method, uri, source=self.line.address, from_uri=self.uri, to_uri=to or uri, call_id=f"{method}-{self.line.address}",
            cseq=number, branch=f"z9hG4bK-{self.line.address.replace(':', '-')}-{number}", from_tag="soft", body=body,
            headers=(f"Contact: <sip:{self.user}@{self.line.address}>", *headers),
        )  # fmt: skip
        return Message.parse(self.line.exchange(self.world.running().port, data))

    def login(self, method: str, uri: str, *, to: str = "", user: str = "", body: bytes = b"") -> int:
        """Answers a challenge; gives the last status."""
        first = self.ask(method, uri, to=to, body=body)
        proxy = first.status == 407
        if first.status not in (401, 407):
            return first.status
        asked = first.named(b"Proxy-Authenticate" if proxy else b"WWW-Authenticate")[0].decode()
        asked = asked.replace("algorithm=AKAv1-MD5", "algorithm=MD5")  # as somebody would who has no SIM
        line = answer(asked, user or self.user, self.password, method, uri, proxy=proxy)
        return self.ask(method, uri, line, to=to, body=body).status

    def register(self, to: str = "") -> int:
        return self.login("REGISTER", f"sip:{REALM}", to=to or self.uri)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("both"))
    made.start()
    yield made
    made.close()


def answers_next(line: Line) -> Message:
    """The next request that comes to a line is answered with 200."""
    line.socket.settimeout(5)
    data, sender = line.socket.recvfrom(65535)
    line.socket.sendto(reply_to(Message.parse(data), 200, "OK"), sender)
    return Message.parse(data)


def test_both_kinds_register_and_reach_each_other(world: World) -> None:
    sim: Phone = world.phone(world.card())
    soft = Softphone(world, "alice", "secret")
    assert sim.register() == 200
    assert soft.register() == 200
    dump = str(world.ask("ul.dump"))
    assert soft.line.address in dump
    assert sim.line.address in dump

    got: list[Message] = []
    listener = threading.Thread(target=lambda: got.append(answers_next(sim.line)))
    listener.start()
    assert soft.login("MESSAGE", f"sip:{sim.sim.imsi}@{HOME}", body=b"hello") == 200
    listener.join(5)
    assert (got[0].method, got[0].body) == ("MESSAGE", b"hello")
    assert not got[0].named(b"Proxy-Authorization")

    listener = threading.Thread(target=lambda: got.append(answers_next(soft.line)))
    listener.start()
    first = sim.sim.request(method="MESSAGE").replace(f"sip:{HOME} SIP".encode(), f"sip:alice@{REALM} SIP".encode(), 1)
    challenge = Message.parse(sim.send(first))
    assert challenge.status == 407
    line = sim.sim.answer(challenge)
    assert line is not None
    second = sim.sim.request(line, method="MESSAGE").replace(
        f"sip:{HOME} SIP".encode(), f"sip:alice@{REALM} SIP".encode(), 1
    )
    reply = Message.parse(sim.send(second))
    assert reply.status == 200
    listener.join(5)
    assert got[1].method == "MESSAGE"
    assert not got[1].named(b"Proxy-Authorization")


def test_a_wrong_password_an_unknown_user_and_somebody_elses_name(world: World) -> None:
    assert Softphone(world, "alice", "wrong").register() == 401
    assert Softphone(world, "nobody", "secret").register() == 401
    mallory = Softphone(world, "mallory", "secret")
    assert mallory.login("REGISTER", f"sip:{REALM}", to=f"sip:alice@{REALM}") == 403
    assert mallory.login("MESSAGE", f"sip:alice@{REALM}", user="alice", body=SDP) == 403
    assert mallory.line.address not in str(world.ask("ul.dump"))


def test_a_password_does_not_register_a_sims_identity(world: World) -> None:
    number = world.card()
    imsi = world.imsi(number)
    mallory = Softphone(world, "mallory", "secret")
    # To is a card's: the card is asked for, whoever says what in From; an MD5 answer does not help.
    for to in (f"sip:{imsi}@{HOME}", f"sip:+6857{number:05}@{HOME}"):
        assert mallory.login("REGISTER", f"sip:{HOME}", to=to) in (401, 403)
    mallory.user = imsi
    mallory.uri = f"sip:{imsi}@{HOME}"
    assert mallory.login("REGISTER", f"sip:{HOME}", to=mallory.uri) == 403
    assert mallory.line.address not in str(world.ask("ul.dump"))


def test_a_sim_does_not_register_a_password_subscriber(world: World) -> None:
    phone = world.phone(world.card())
    phone.sim.impu = f"sip:alice@{REALM}"
    assert phone.register() in (401, 403)
    assert phone.line.address not in str(world.ask("ul.dump"))


def test_after_a_restart_a_nonce_is_stale_and_the_phone_comes_in_with_another(world: World) -> None:
    soft = Softphone(world, "alice", "secret")
    first = soft.ask("REGISTER", f"sip:{REALM}", to=soft.uri)
    asked = first.named(b"WWW-Authenticate")[0].decode()
    world.stop()
    world.start()
    line = answer(asked, "alice", "secret", "REGISTER", f"sip:{REALM}")
    assert soft.ask("REGISTER", f"sip:{REALM}", line, to=soft.uri).status == 401
    assert soft.register() == 200


def test_no_password_is_in_the_log(world: World) -> None:
    world.stop()
    assert "secret" not in world.text
    world.start()


@pytest.mark.reference
@pytest.mark.skipif(shutil.which("sipsak") is None, reason="sipsak is not installed")
@pytest.mark.parametrize(("password", "code"), [("secret", 0), ("wrong", 1)])
def test_sipsak_registers_with_a_password(world: World, password: str, code: int) -> None:
    uri = f"sip:alice@127.0.0.1:{world.running().port}"
    command = ["sipsak", "-U", "-C", "sip:alice@127.0.0.1:9", "-s", uri, "-u", "alice", "-a", password]
    done = subprocess.run(command, capture_output=True, check=False, timeout=30)
    assert bool(done.returncode) is bool(code), done.stdout.decode("latin-1")


@pytest.mark.reference
@pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is not installed")
def test_sipp_registers_with_a_password(world: World) -> None:
    text = (HERE / "aka.xml").read_text()
    text = re.sub(r"\[authentication .*\]", "[authentication username=alice password=secret]", text)
    scenario = world.folder / "password.xml"
    scenario.write_text(text.replace("[imsi]", "alice").replace(HOME, REALM))
    command = ["sipp", "-sf", str(scenario), f"127.0.0.1:{world.running().port}", "-i", "127.0.0.1", "-nostdin"]
    done = subprocess.run(
        [*command, "-m", "20", "-r", "50", "-timeout", "20", "-timeout_error"],
        capture_output=True, check=False, timeout=40, cwd=world.folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode("latin-1")[-2000:]
