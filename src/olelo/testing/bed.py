"""The test bed: an engine from a configuration text, peers with names, and ladders that are compared.

    def test_a_call_reaches_the_registered_phone() -> None:
        bed = Bed(CONFIG)
        alice, bob = bed.peer("alice"), bed.peer("bob")
        bob.register("108")
        call = alice.invite("sip:108@proxy")
        alice.gets(100)
        bob.gets("INVITE").reply(180)
        alice.gets(180)
        bob.last.reply(200)
        alice.gets(200)
        alice.ack(call)
        bob.gets("ACK")
        bed.quiet()

A `gets` that does not find what it says fails with the ladder so far and with what came instead.
"""

from __future__ import annotations

import difflib

from olelo.core.engine import Engine
from olelo.core.listen import make_sockets
from olelo.core.loader import load
from olelo.core.receive import Receiver
from olelo.core.sockets import Destination, ListenSocket, Received
from olelo.modules import all_modules
from olelo.rpc.registry import Registry
from olelo.script.diagnostics import Diagnostics
from olelo.script.parser import parse_text
from olelo.sip.message import Message
from olelo.testing.packets import describe
from olelo.testing.peers import Packet, Peer
from olelo.testing.world import FakeServices

PROXY = ("192.0.2.100", 5060)


class ConfigurationError(AssertionError):
    """The configuration of a test has errors; the text lists them with their places."""


class Bed:
    """An engine on a fake network. `engine` and `world` are there for whatever a test needs of them.

    `peer(name)` makes a user agent with an address of its own. `advance(seconds)` lets time pass. `ladder` is what
    happened, one line an arrow. `routes` are the routes that ran, in order, as "request", "route[RELAY]" ...
    """

    def __init__(
        self,
        config: str | bytes,
        *,
        defines: dict[str, str | None] | None = None,
        names: dict[str, list[tuple[str, str, int]]] | None = None,
        listen: tuple[str, int] = PROXY,
        trace: bool = False,
    ) -> None:
        diag = Diagnostics()
        parsed = parse_text(config, diag, defines=defines)
        self.world = FakeServices()
        self.world.names = names or {}
        engine = load(parsed, diag, self.world, all_modules(), trace=trace) if not diag.errors else None
        if engine is None:
            raise ConfigurationError(
                "\n".join(f"{d.pos.file}:{d.pos.line}:{d.pos.col}: {d.message}" for d in diag.errors)
            )
        self.engine: Engine = engine
        self.diagnostics = diag
        self.host, self.port = listen
        if engine.listens:
            engine.sockets = make_sockets(engine, {})
        else:
            everywhere = (engine.params.advertised_address, engine.params.advertised_port)
            engine.sockets = [ListenSocket(proto, *listen, None, "", everywhere) for proto in ("udp", "tcp")]
        engine.add_alias(b"proxy")
        for text in engine.params.alias:
            engine.add_alias(text.encode("latin-1"))
        self.receiver = Receiver(engine)
        self.registry = Registry()
        self.registry.register_all(engine.commands.values())
        self.peers: dict[str, Peer] = {}
        self._by_address: dict[tuple[str, int], Peer] = {}
        self.ladder: list[str] = []
        self.world.on_send = self._sent
        for module in engine.modules.values():
            module.start()

    def peer(self, name: str, address: tuple[str, int] | None = None) -> Peer:
        """A user agent; its address is 192.0.2.1, .2 and so on, port 5060, unless given."""
        number = len(self.peers) + 1
        peer = Peer(self, name, address or (f"192.0.2.{number}", 5060))
        self.peers[name] = peer
        self._by_address[peer.address] = peer
        return peer

    def deliver(self, data: bytes, sender: Peer, proto: str = "udp", socket: ListenSocket | None = None) -> None:
        """Hand a peer's packet to the engine, by the first socket of the transport unless one is named."""
        self.ladder.append(f"{sender.name} -> proxy: {describe(data)}")
        socket = socket or next(s for s in self.engine.sockets if s.proto == proto)
        conn = sender.number if proto != "udp" else 0
        self.receiver.receive(data, Received(proto, *sender.address, socket, conn))

    def _sent(self, data: bytes, to: Destination) -> None:
        peer = self._by_address.get((to.ip, to.port))
        name = peer.name if peer is not None else f"{to.ip}:{to.port}"
        self.ladder.append(f"proxy -> {name}: {describe(data)}")
        if peer is not None:
            peer.inbox.append(Packet(peer, data))

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.world.advance(seconds)

    def call(self, command: str, *args: int | str | float) -> object:
        """Call a command as kamcmd would; returns its reply."""
        return self.registry.call(command, list(args))

    @property
    def log(self) -> list[str]:
        """Lines of the log."""
        return [text for _, text in self.world.lines]

    def quiet(self) -> None:
        """Nobody has a packet that was not looked at. Fails with the ladder if someone has."""
        left = [f"{p.name} has: {describe(packet.data)}" for p in self.peers.values() for packet in p.inbox]
        if left:
            raise AssertionError("\n".join(["packets that nobody expected:", *left, "", *self.story()]))

    def story(self) -> list[str]:
        return ["what happened:", *(f"  {line}" for line in self.ladder)]

    def expect_ladder(self, text: str) -> None:
        """Compare the whole ladder with a text, one arrow a line; blank lines and indentation do not count."""
        wanted = [line.strip() for line in text.strip().splitlines() if line.strip()]
        if wanted != self.ladder:
            diff = difflib.unified_diff(wanted, self.ladder, "expected", "happened", lineterm="", n=100)
            raise AssertionError("the ladders differ:\n" + "\n".join(diff))

    def message(self, data: bytes) -> Message:
        return Message.parse(data)
