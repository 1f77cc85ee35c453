"""Phones with SIMs against a running server: UDP, a real process, restarts and kill -9.

Nothing here is told by the server about numbers: they are read from the challenges by the cards, which alone can.
"""

from __future__ import annotations

import base64
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auc.kit import RING, Dice, plan
from differential.servers import Server, free_port
from olelo.auc.batch import COMMON, make_batch
from olelo.auc.centre import AuthenticationCentre
from olelo.auc.keyfile import create_key_file
from olelo.auc.numbering import msisdn_range
from olelo.auc.seal import open_keys
from olelo.auc.secret import Secret
from olelo.auc.store import Store
from olelo.auc.usim import Usim
from olelo.cli.client import Client
from olelo.db.admin import Place, working
from olelo.db.admin_tables import create_subscribers
from olelo.db.admin_users import Account, Subscribers
from olelo.modules.ctl.address import parse_address
from olelo.sip.digest import Credentials
from olelo.sip.headers import WWW_AUTHENTICATE
from olelo.sip.message import Message
from olelo.testing.sim_phone import Habits, SimPhone

HERE = Path(__file__).parent
CONFIG = HERE.parents[1] / "examples" / "sim-registration.cfg"
HOME = "ims.mnc001.mcc001.3gppnetwork.org"
OP = Secret(bytes.fromhex("c0ffee0123456789abcdef9876543210"))
CARDS = 40

pytestmark = pytest.mark.wire


class Line:
    """A phone's socket: sends a request, again after 0.5, 1, 2 ... seconds (RFC 3261 timer E), and gives the final
    answer to it."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.socket.getsockname()[1]}"

    def exchange(self, port: int, request: bytes, tries: int = 5) -> bytes:
        branch = Message.parse(request).via.branch
        wait = 0.5
        for _ in range(tries):
            self.socket.sendto(request, ("127.0.0.1", port))
            self.socket.settimeout(wait)
            wait = min(wait * 2, 4.0)
            try:
                while True:
                    data = self.socket.recv(65535)
                    message = Message.parse(data)
                    if message.via.branch == branch and message.status >= 200:
                        return data
            except TimeoutError:
                continue
        raise TimeoutError("no answer")

    def close(self) -> None:
        self.socket.close()


class World:
    """A folder with cards, and the server over it: started, stopped, killed, started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        run = folder / "run"
        run.mkdir()
        create_key_file(run / "auc.kek", RING.text())
        self.store = Store.open(str(run / "auc.db"))
        batch = plan(count=CARDS, op_mode=COMMON, op=OP, msisdns=msisdn_range("685700001", CARDS), seq_floor=False)
        make_batch(self.store, RING, batch, now=1_700_000_000, who="test", random=Dice())
        self.centre = AuthenticationCentre(self.store, RING)
        passwords = Place("sqlite", str(run / "pbx.sqlite"))
        create_subscribers(passwords)
        with working(passwords) as connection:
            for user in ("alice", "mallory"):
                Subscribers(connection).add(Account(user, "pbx.example"), "secret")
        self.lines: list[Line] = []
        self.count = 0
        self.starts = 0
        self.used = 0
        self.text = ""
        self.server: Server | None = None

    def start(self, config: Path = CONFIG) -> Server:
        self.server = Server("olelo", config, self.folder)
        self.starts += 1
        return self.server

    def running(self) -> Server:
        assert self.server is not None
        return self.server

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()
            self._keep()

    def kill(self) -> None:
        """kill -9."""
        assert self.server is not None
        self.server.process.kill()
        self.server.process.wait(10)
        self._keep()

    def _keep(self) -> None:
        self.text += self.running().log.read_text("latin-1")
        self.server = None

    def close(self) -> None:
        self.stop()
        for line in self.lines:
            line.close()
        self.store.close()

    def card(self) -> int:
        """The number of a card that no other test has."""
        self.used += 1
        return self.used

    def imsi(self, number: int) -> str:
        return f"00101000000{number:04}"

    def usim(self, number: int) -> Usim:
        return Usim(self.centre.functions(self.centre.subscriber(self.imsi(number))))

    def phone(self, number: int, *, usim: Usim | None = None, habits: Habits | None = None) -> Phone:
        self.count += 1
        line = Line()
        self.lines.append(line)
        imsi = self.imsi(number)
        sim = SimPhone(
            usim or self.usim(number), imsi, "001", "01", contact=f"sip:{imsi}@{line.address}", habits=habits,
            seed=f"{self.starts}-{self.count}-{line.address}",
        )  # fmt: skip
        return Phone(self, line, sim)

    def sqn(self, number: int) -> int:
        return self.store.subscriber(self.imsi(number)).counter.sqn

    def ask(self, method: str, *args: str) -> object:
        with Client(parse_address(f"unix:{self.folder / 'olelo.ctl'}")) as client:
            return client.ask(method, list(args)).values

    def stat(self, name: str) -> int:
        text = str(self.ask("stats.get_statistics", name))
        return int(text.rpartition("=")[2].strip("]') "))


class Phone:
    """A SimPhone on a line."""

    def __init__(self, world: World, line: Line, sim: SimPhone) -> None:
        self.world = world
        self.line = line
        self.sim = sim

    def send(self, request: bytes) -> bytes:
        return self.line.exchange(self.world.running().port, request)

    def register(self) -> int:
        return self.sim.run(self.send)

    def finish(self, reply: bytes) -> int:
        """From an answer to the end."""
        request = self.sim.respond(reply)
        while request is not None:
            request = self.sim.respond(self.send(request))
        return self.sim.status


@pytest.fixture(scope="module")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("sims"))
    yield made
    made.close()


@pytest.fixture
def world(_world: World) -> World:
    """With a server on the example configuration."""
    if _world.server is None:
        _world.start()
    return _world


def nonce_of(reply: bytes) -> bytes:
    value = Message.parse(reply).first(WWW_AUTHENTICATE)
    assert value is not None
    return Credentials.parse(value).nonce


def test_first_time_again_and_after_a_restart(world: World) -> None:
    phone = world.phone(world.card())
    assert phone.register() == 200
    assert f"sip:{phone.sim.imsi}@{phone.line.address}" in str(world.ask("ul.dump"))
    assert phone.register() == 200
    waiting = phone.send(phone.sim.register())
    world.stop()
    world.start()
    assert phone.finish(waiting) == 200  # its challenge is forgotten; it gets another, and no question is asked twice
    assert phone.register() == 200
    assert phone.sim.numbers == [48, 80, 112, 144, 176]
    assert phone.sim.resyncs == 0


def test_kill_9_between_challenge_and_answer(world: World) -> None:
    phone = world.phone(world.card())
    for _ in range(3):
        waiting = phone.send(phone.sim.register())
        world.kill()
        world.start()
        assert phone.finish(waiting) == 200
    numbers = phone.sim.numbers
    assert numbers == sorted(set(numbers))
    assert (len(numbers), phone.sim.resyncs) == (6, 0)


def test_kill_9_in_the_middle_of_everything_repeats_no_number(world: World) -> None:
    """Phones ask for challenges as fast as they are answered, of two cards; the server dies under them, three times."""
    cards = (world.card(), world.card())
    seen: list[tuple[int, int]] = []
    over = threading.Event()

    def ask(number: int) -> None:
        phone = world.phone(number)
        port = world.running().port
        while not over.is_set():
            try:
                reply = phone.line.exchange(port, phone.sim.register(), tries=1)
            except (TimeoutError, OSError):
                continue
            nonce = base64.b64decode(nonce_of(reply))
            seen.append((number, phone.sim.usim.sqn_in(nonce[:16], nonce[16:])))

    config = world.folder / "flood.cfg"
    config.write_text(
        CONFIG.read_text().replace('"auc_kek_file"', '"max_challenges", 100000)\nmodparam("ims_auth", "auc_kek_file"')
    )
    world.stop()
    for round_ in range(3):
        world.start(config)
        over.clear()
        before = len(seen)
        threads = [threading.Thread(target=ask, args=(cards[index % 2],)) for index in range(6)]
        for thread in threads:
            thread.start()
        while len(seen) < before + 40 + 13 * round_:
            threads[0].join(0.005)
        world.kill()
        over.set()
        for thread in threads:
            thread.join(10)
    assert len(seen) == len(set(seen)) >= 120
    for number in cards:
        assert max(sqn for card, sqn in seen if card == number) <= world.sqn(number)
    world.start()
    assert world.phone(cards[0]).register() == 200


@pytest.mark.parametrize("auts", ["base64", "hex"])
def test_a_usim_ahead(world: World, auts: str) -> None:
    card = world.card()
    usim = world.usim(card)
    usim.slots[16] = 123456
    phone = world.phone(card, usim=usim, habits=Habits(auts=auts))
    assert phone.register() == 200
    assert phone.sim.resyncs == 1
    assert phone.sim.numbers == [48, 123457 * 32 + 16]
    world.kill()
    world.start()
    assert phone.register() == 200
    assert phone.sim.resyncs == 1
    assert phone.sim.numbers[-1] == 123458 * 32 + 16


def test_a_wrong_k(world: World) -> None:
    card, other = world.card(), world.usim(world.card())
    before = world.stat("mac_failures"), world.stat("wrong_answers")
    assert world.phone(card, usim=other).register() == 403
    guesser = world.phone(card, usim=other, habits=Habits(ignores_mac_failure=True))
    assert guesser.register() == 403
    assert (world.stat("mac_failures"), world.stat("wrong_answers")) == (before[0] + 1, before[1] + 1)
    assert world.phone(card).register() == 200


def test_a_replayed_challenge_and_a_replayed_answer(world: World) -> None:
    card, resyncs = world.card(), world.stat("resyncs")
    phone, thief = world.phone(card), world.phone(card)
    first = phone.send(phone.sim.register())
    request = phone.sim.respond(first)
    assert request is not None
    assert Message.parse(phone.send(request)).status == 200
    assert Message.parse(phone.send(request)).status == 200  # a retransmission: the same answer
    stolen = request.replace(b"z9hG4bK", b"z9hG4bKstolen").replace(b"Call-ID: ", b"Call-ID: stolen")
    reply = thief.send(stolen)
    assert Message.parse(reply).status == 401
    assert nonce_of(reply) != nonce_of(first)
    again = phone.sim.respond(first)  # somebody plays the server's old challenge to the phone
    assert again is not None
    assert b"auts=" in again
    assert Message.parse(phone.send(again)).status == 401
    assert world.stat("resyncs") == resyncs


def test_many_challenges_at_once(world: World) -> None:
    number = world.card()
    phones = [world.phone(number) for _ in range(24)]
    replies: list[bytes] = [b""] * len(phones)

    def one(index: int) -> Callable[[], None]:
        def work() -> None:
            replies[index] = phones[index].send(phones[index].sim.register())

        return work

    threads = [threading.Thread(target=one(index)) for index in range(len(phones))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    nonces = [base64.b64decode(nonce_of(reply)) for reply in replies]
    card = world.usim(number)
    assert sorted(card.sqn_in(nonce[:16], nonce[16:]) for nonce in nonces) == [48 + 32 * step for step in range(24)]
    assert phones[0].finish(replies[0]) == 200


def test_a_copied_card(world: World) -> None:
    card = world.card()
    phone, copy = world.phone(card), world.phone(card)
    assert phone.register() == 200
    copy.sim.usim.slots = list(phone.sim.usim.slots)
    for _ in range(2):
        assert copy.register() == 200
        assert phone.register() == 200
    numbers = phone.sim.numbers + copy.sim.numbers
    assert len(numbers) == len(set(numbers)) == 5
    mine = phone.send(phone.sim.register())
    request = phone.sim.respond(mine)
    assert request is not None
    assert Message.parse(phone.send(request)).status == 200
    assert Message.parse(copy.send(request.replace(b"z9hG4bK", b"z9hG4bKcopy"))).status == 401


def test_a_folded_header_and_both_algorithms(world: World) -> None:
    card = world.card()
    assert world.phone(card, habits=Habits(fold=True)).register() == 200
    config = world.folder / "second.cfg"
    config.write_text(CONFIG.read_text().replace("AKAv1-MD5", "AKAv2-MD5"))
    world.stop()
    world.start(config)
    phone = world.phone(card, habits=Habits(fold=True, qop="auth-int"))
    assert phone.register() == 200
    assert b"AKAv2-MD5" in phone.sim.last_request
    world.stop()


def test_who_has_no_sim_is_told_apart(world: World) -> None:
    card = world.card()
    phone = world.phone(card)
    phone.sim.impu, phone.sim.impi = f"sip:alice@{HOME}", "alice"
    assert phone.register() == 401  # asked for a password, which it does not have
    assert phone.sim.last_reply is not None
    assert b'realm="pbx.example"' in phone.sim.last_reply.named(b"WWW-Authenticate")[0]
    plain = world.phone(card, habits=Habits(answer_as="MD5"))
    assert plain.register() == 403
    assert plain.sim.last_reply is not None
    assert plain.sim.last_reply.reason == b"Authentication Failed"


@pytest.mark.reference
@pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is not installed")
def test_sipp_registers_with_aka(world: World) -> None:
    """A client that others wrote. It takes RES for text and so fails where RES has a zero byte, one time in 32."""
    number = world.card()
    row = world.store.subscriber(world.imsi(number))
    k = open_keys(RING, row.kek_id, row.binding, row.sealed_keys).k.reveal()
    text = (HERE / "aka.xml").read_text()
    for word, value in (("[imsi]", world.imsi(number)), ("[k]", f"0x{k.hex()}"), ("[op]", f"0x{OP.reveal().hex()}")):
        text = text.replace(word, value)
    scenario = world.folder / "aka.xml"
    scenario.write_text(text)
    command = ["sipp", "-sf", str(scenario), f"127.0.0.1:{world.running().port}", "-i", "127.0.0.1", "-nostdin"]
    command += ["-p", str(free_port()), "-m", "1", "-timeout", "8"]
    codes = [subprocess.run(command, cwd=world.folder, capture_output=True, timeout=20).returncode for _ in range(6)]
    assert codes.count(0) >= 4
    assert world.sqn(number) == 6 * 32 + 16


def test_no_key_in_any_output(world: World) -> None:
    """Everything that the server says to anybody, with all that can go wrong, is searched for K, OP, OPc and the key of
    the keys."""
    numbers = {word: world.card() for word in ("plain", "wrong", "ahead", "md5", "broken", "lost", "fault")}
    config = world.folder / "talks.cfg"
    fault = (
        "route[REGISTER] {\n\tif ($hdr(X-Fault) != $null) { $var(x) = 1 / 0; ims_www_challenge($hdr(X-Fault), HOME); }"
    )
    config.write_text(CONFIG.read_text().replace("route[REGISTER] {", fault))
    world.stop()
    world.start(config)
    said: list[bytes] = []

    def listening(phone: Phone) -> Callable[[bytes], bytes]:
        def send(request: bytes) -> bytes:
            said.append(phone.send(request))
            return said[-1]

        return send

    world.ask("core.debug", "3")
    broken, lost = world.imsi(numbers["broken"]), world.imsi(numbers["lost"])
    other, ahead = world.usim(world.card()), world.usim(numbers["ahead"])
    ahead.slots[16] = 99
    secrets = {"OP": OP.reveal(), "KEK": bytes(range(32))}
    for number in range(1, CARDS + 1):
        row = world.store.subscriber(world.imsi(number))
        keys = open_keys(RING, row.kek_id, row.binding, row.sealed_keys)
        secrets |= {f"K {number}": keys.k.reveal(), f"OPc {number}": keys.opc.reveal()}
    with world.store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE auc SET sealed_keys = zeroblob(61) WHERE imsi = '{broken}'")
        connection.exec_driver_sql(f"UPDATE auc SET state = 'lost' WHERE imsi = '{lost}'")
    walks = {
        "plain": world.phone(numbers["plain"]),
        "wrong": world.phone(numbers["wrong"], usim=other),
        "ahead": world.phone(numbers["ahead"], usim=ahead),
        "md5": world.phone(numbers["md5"], habits=Habits(answer_as="MD5")),
        "broken": world.phone(numbers["broken"], usim=other),
        "lost": world.phone(numbers["lost"]),
        "fault": world.phone(numbers["fault"], habits=Habits(headers=["X-Fault: none"])),
    }
    statuses = {word: phone.sim.run(listening(phone)) for word, phone in walks.items()}
    wanted = {"plain": 200, "wrong": 403, "ahead": 200, "md5": 403, "broken": 480, "lost": 403, "fault": 200}
    assert statuses == wanted
    replies = []
    methods = re.findall(r"[a-z_]+\.[a-z0-9_.]+", str(world.ask("system.listMethods")), re.IGNORECASE)
    for method in methods:
        if method != "core.kill" and "wait" not in method:
            replies.append(str(world.ask(method)))
    replies += [str(world.ask("ul.dump")), str(world.ask("stats.get_statistics", "all"))]
    assert len(replies) > 30
    world.stop()
    parts = [world.text.encode("latin-1"), *said, "\n".join(replies).encode("utf-8", "replace")]
    haystack = b"\n".join(parts).lower()
    assert b"does not recognise our challenge" in haystack
    assert b"the sealed record was changed" in haystack
    assert len(said) >= 10
    for word in ("plain", "ahead"):
        accepted = walks[word].sim.accepted
        assert accepted is not None
        secrets |= {f"RES {word}": accepted.res, f"CK {word}": accepted.ck, f"IK {word}": accepted.ik}
    for name, value in secrets.items():
        shapes = (
            value,
            value.hex().encode(),
            base64.b64encode(value),
            repr(value)[2:-1].encode(),
            value.hex(" ").encode(),
        )
        for shape in shapes:
            assert shape.lower().strip(b"=") not in haystack, name
