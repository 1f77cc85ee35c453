"""Cases, and how they are played: the same function once against each server, the ladders then compared."""

from __future__ import annotations

import subprocess
import threading
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from differential.ladder import ladder
from differential.peers import Ipv6Peer, Peer, Stop, TcpPeer
from differential.servers import Server

HERE = Path(__file__).resolve().parent
ARTICLES = HERE.parent.parent / "examples" / "articles"
#: After the last step of a case, everybody listens this long for what still comes.
LINGER_SECONDS = 0.25
AT_ONCE = 16
COMMAND_SECONDS = 10.0


class Scene:
    """One play of a case against one server."""

    def __init__(self, slug: str, port: int, ctl: Path) -> None:
        self.slug = slug
        self.port = port
        self.parties: dict[str, Peer] = {}
        self.answers: list[str] = []
        self._ctl = ctl

    @property
    def server(self) -> str:
        """The server's URI without a user."""
        return f"sip:127.0.0.1:{self.port}"

    def party(self, name: str) -> Peer:
        return self._add(name, Peer(name, self.slug, self.port))

    def parties_named(self, *names: str) -> list[Peer]:
        return [self.party(name) for name in names]

    def pair(self) -> tuple[Peer, Peer]:
        """A caller, and a callee who is registered."""
        caller, callee = self.party("alice"), self.party("bob")
        callee.register()
        return caller, callee

    def tcp_party(self, name: str) -> TcpPeer:
        party = TcpPeer(name, self.slug, self.port)
        self._add(name, party)
        return party

    def ipv6_party(self, name: str) -> Ipv6Peer:
        party = Ipv6Peer(name, self.slug, self.port)
        self._add(name, party)
        return party

    def _add(self, name: str, party: Peer) -> Peer:
        self.parties[name] = party
        return party

    def wait(self, seconds: float) -> None:
        """Everybody notes what comes for this long."""
        threads = [threading.Thread(target=party.quiet, args=(seconds,)) for party in self.parties.values()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def command(self, *words: str) -> str:
        """Runs kamcmd; what it prints is compared, too."""
        done = subprocess.run(
            ["kamcmd", "-s", f"unix:{self._ctl}", *words], capture_output=True, check=False, timeout=COMMAND_SECONDS
        )
        text = (done.stdout + done.stderr).decode("latin-1")
        self.answers.append(f"$ {' '.join(words)}\n{text}")
        return text

    def lines(self) -> list[str]:
        ports = {self.port: "SERVER"} | {party.port: name.upper() for name, party in self.parties.items()}
        came = {name: party.came for name, party in self.parties.items()}
        if self.answers:
            came["kamcmd"] = self.answers
        return ladder(came, ports)


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    config: Path
    steps: Callable[[Scene], None]


CASES: list[Case] = []


def case(config: str) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    """Registers a case. `config` is the stem of a file in examples/articles or tests/differential/configs."""
    path = next(
        folder / f"{config}.cfg" for folder in (ARTICLES, HERE / "configs") if (folder / f"{config}.cfg").exists()
    )

    def register(steps: Callable[[Scene], None]) -> Callable[[Scene], None]:
        CASES.append(Case(steps.__name__, path, steps))
        return steps

    return register


@dataclass(slots=True)
class Played:
    lines: list[str]
    complete: bool  # False when something that the case waits for did not come
    broken: str  # the traceback of a mistake in the case itself


def play(one: Case, server: Server) -> Played:
    scene = Scene(one.name.replace("_", "-"), server.port, server.ctl)
    complete, broken = True, ""
    try:
        one.steps(scene)
    except Stop:
        complete = False
    except Exception:  # a mistake in one case must not end the others; the test of the case reports it
        complete, broken = False, traceback.format_exc()
    scene.wait(LINGER_SECONDS)
    played = Played(scene.lines(), complete, broken)
    for party in scene.parties.values():
        party.close()
    return played


def play_all(cases: Iterable[Case], kind: str, config: Path, folder: Path) -> dict[str, Played]:
    """Plays these cases, which share a configuration, at once against one server of this kind."""
    chosen = list(cases)
    try:
        server = Server(kind, config, folder)
    except RuntimeError as error:
        return {one.name: Played([], False, str(error)) for one in chosen}
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            results = list(pool.map(lambda one: play(one, server), chosen))
    finally:
        server.stop()
    return {one.name: result for one, result in zip(chosen, results, strict=True)}
