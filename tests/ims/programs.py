"""Kamailio's ims_auth with an HSS, and Olelo's with the same cards: each a process, asked by the same simulated phones."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import olelo
from auc.kit import RING, Dice, plan
from differential.servers import OLELO, free_port
from ims.hss import Asked, Given, Hss
from olelo.auc.batch import COMMON, make_batch
from olelo.auc.centre import AuthenticationCentre
from olelo.auc.errors import AucError
from olelo.auc.keyfile import create_key_file
from olelo.auc.secret import Secret
from olelo.auc.store import Store
from olelo.auc.usim import Usim
from olelo.sip.message import Message
from olelo.testing.sim_phone import Habits, SimPhone

HERE = Path(__file__).parent
HOME = "ims.mnc001.mcc001.3gppnetwork.org"
OP = Secret(bytes.fromhex("c0ffee0123456789abcdef9876543210"))
CARDS = 60
UNKNOWN_USER = 5001
_PEER = """<?xml version="1.0" encoding="UTF-8"?>
<DiameterPeer FQDN="scscf.{home}" Realm="{home}" Vendor_Id="10415" Product_Name="CDiameterPeer" AcceptUnknownPeers="1"
  DropUnknownOnDisconnect="1" Tc="5" Workers="2" QueueLength="32" TransactionTimeout="5" SessionsHashSize="128"
  DefaultAuthSessionTimeout="3600" MaxAuthSessionTimeout="3600">
<Peer FQDN="127.0.0.1" Realm="{home}" port="{hss}"/>
<Acceptor port="{own}" bind="127.0.0.1"/>
<Auth id="16777216" vendor="10415"/>
<SupportedVendor vendor="10415"/>
<DefaultRoute FQDN="127.0.0.1" metric="10"/>
</DiameterPeer>
"""


def _bytes(value: bytes | Secret) -> bytes:
    return value.reveal() if isinstance(value, Secret) else value


class Program:
    """One of the two, with cards of its own (the same keys on both sides), and phones."""

    def __init__(self, kind: str, folder: Path, params: str) -> None:
        self.kind = kind
        self.folder = folder
        create_key_file(folder / "kek", RING.text())
        self.store = Store.open(str(folder / "auc.db"))
        batch = plan(count=CARDS, op_mode=COMMON, op=OP, seq_floor=False)
        make_batch(self.store, RING, batch, now=1_700_000_000, who="test", random=Dice())
        self.centre = AuthenticationCentre(self.store, RING)
        self.port = free_port()
        self.hss: Hss | None = None
        self.sockets: list[socket.socket] = []
        text = (HERE / "ims.cfg").read_text().replace("@PARAMS@", params).replace("@AUC@", str(folder / "auc.db"))
        text = text.replace("@KEK@", str(folder / "kek")).replace("@PEER@", str(folder / "peer.xml"))
        head = f"auto_aliases=no\nlisten=udp:127.0.0.1:{self.port}\ndebug=1\nlog_stderror=yes\nchildren=1\ndns=no\n"
        config = folder / "ims.cfg"
        config.write_text(text.replace("auto_aliases=no\n", head, 1))
        if kind == "kamailio":
            self.hss = Hss(self._vector, f"hss.{HOME}", HOME)
            (folder / "peer.xml").write_text(_PEER.format(home=HOME, hss=self.hss.port, own=free_port()))
            command = ["kamailio", "-f", str(config), "-A", "HSS", "-DD", "-E", "-w", str(folder), "-Y", str(folder)]
            command += ["-P", str(folder / "pid"), "-m", "64", "-M", "8"]
        else:
            command = [sys.executable, "-c", OLELO, str(config)]
        environment = os.environ | {"PYTHONPATH": str(Path(olelo.__file__).resolve().parent.parent)}
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=folder, env=environment, start_new_session=True
            )
        self._wait()

    def _wait(self) -> None:
        needle = f"0100007F:{self.port:04X} "
        deadline = time.monotonic() + 20
        while needle not in Path("/proc/net/udp").read_text("ascii") or (self.hss and not self.hss.connected.is_set()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise RuntimeError((self.folder / "log").read_text("latin-1")[-3000:])
            time.sleep(0.05)
        if self.hss is not None:
            time.sleep(0.3)  # cdp takes the peer into its table only after the answer

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        for each in self.sockets:
            each.close()
        if self.hss is not None:
            self.hss.close()
        self.store.close()

    def _vector(self, asked: Asked) -> Given:
        imsi = asked.user.partition("@")[0]
        now = time.time()
        try:
            if asked.auth:
                vector = self.centre.resynchronise(imsi, asked.auth[:16], asked.auth[16:], now)
            else:
                vector = self.centre.challenge(imsi, now)
        except AucError:
            return Given(error=UNKNOWN_USER)
        return Given(
            _bytes(vector.rand), _bytes(vector.autn), _bytes(vector.xres), _bytes(vector.ck), _bytes(vector.ik)
        )

    def imsi(self, number: int) -> str:
        return f"00101000000{number:04}"

    def usim(self, number: int) -> Usim:
        return Usim(self.centre.functions(self.centre.subscriber(self.imsi(number))))

    def phone(self, number: int, *, usim: Usim | None = None, habits: Habits | None = None) -> Phone:
        line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        line.bind(("127.0.0.1", 0))
        line.settimeout(6)
        self.sockets.append(line)
        contact = f"sip:phone@127.0.0.1:{line.getsockname()[1]}"
        sim = SimPhone(
            usim or self.usim(number), self.imsi(number), "001", "01", contact=contact, habits=habits,
            seed=f"{self.kind}-{number}-{contact}",
        )  # fmt: skip
        return Phone(self, line, sim)


class Phone:
    """A simulated phone on a socket. `seen` is what each answer said, without what no two answers share."""

    def __init__(self, program: Program, line: socket.socket, sim: SimPhone) -> None:
        self.program = program
        self.line = line
        self.sim = sim
        self.seen: list[str] = []

    def send(self, request: bytes) -> bytes:
        """Gives the final answer, and notes it."""
        if self.program.kind == "kamailio":
            time.sleep(0.02)  # it notes a challenge only after it was sent, and a simulated card is faster than that
        self.line.sendto(request, ("127.0.0.1", self.program.port))
        branch = Message.parse(request).via.branch
        code = "?"
        while True:
            try:
                data = self.line.recv(65535)
            except TimeoutError:
                self.seen.append("nothing")
                raise
            message = Message.parse(data)
            if message.via.branch != branch or message.status == 100:
                continue
            if message.status < 200:
                code = message.reason.decode("latin-1").removeprefix("code ")  # of the function that authenticates
                continue
            self.seen.append(f"{code} -> {told(message)}")
            return data

    def register(self) -> int:
        return self.sim.run(self.send)


#: What one of the two writes and the other does not, on purpose.
KEPT = (
    " ck, ik,",  # Kamailio gives the session keys to everybody, Olelo to a trusted P-CSCF alone
    "nextnonce,",  # Kamailio makes one up that no vector belongs to
    " stale=true,",  # Olelo says so, and the phone need not ask its user
)
_MADE = re.compile(r'(nonce|nextnonce|rspauth|ck|ik)="[^"]*"')


def told(message: Message) -> str:
    """Status, and the headers that matter, what is random cut out."""
    parts = [str(message.status)]
    for name in (b"X-MAA", b"WWW-Authenticate", b"Proxy-Authenticate", b"Authentication-Info"):
        for value in message.named(name):
            text = _MADE.sub(lambda m: m[1], value.decode("latin-1"))
            for kept in KEPT:
                text = text.replace(kept, "")
            parts.append(f"{name.decode()}: {text}")
    return " | ".join(parts)
