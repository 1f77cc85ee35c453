"""The test bed: an engine from a configuration text, peers with names, and ladders that are compared.

    def test_a_call_reaches_the_registered_phone() -> None:
        bed = Bed(CONFIG)              # the text of a configuration, or the Path of its file
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
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from olelo.core.context import RouteContext
from olelo.core.engine import Engine
from olelo.core.listen import make_sockets
from olelo.core.loader import load
from olelo.core.receive import Receiver
from olelo.core.sockets import Destination, ListenSocket, Received
from olelo.modules import all_modules
from olelo.rpc.registry import Registry
from olelo.script.diagnostics import Diagnostics
from olelo.script.parser import parse_file, parse_text
from olelo.sip.message import Message
from olelo.testing.ladder import matched
from olelo.testing.packets import describe
from olelo.testing.peers import Packet, Peer
from olelo.testing.world import FakeServices

PROXY = ("192.0.2.100", 5060)


class ConfigurationError(AssertionError):
    """The configuration of a test has errors; the text lists them with their places."""


class Bed:
    """An engine on a fake network. `engine` and `world` are there for whatever a test needs of them.

    config: the text of a configuration, or the Path of its file, which may include others. defines: what `-A` gives on
    the command line. names: what host names lead to, as {"host": [("udp", "192.0.2.9", 5060)]}; others do not resolve.
    listen: the server's address, for UDP and TCP. trace: note the lines that run in `ran`, as "kamailio.cfg:12".

    `peer(name)` makes a user agent with an address of its own. `advance(seconds)` lets time pass. `ladder` is what
    happened, one line an arrow; `log` the lines of the log; `call("ul.dump")` what kamcmd would get.
    """

    def __init__(
        self,
        config: str | bytes | Path,
        *,
        defines: dict[str, str | None] | None = None,
        names: dict[str, list[tuple[str, str, int]]] | None = None,
        listen: tuple[str, int] = PROXY,
        trace: bool = False,
    ) -> None:
        diag = Diagnostics()
        if isinstance(config, Path):
            parsed = parse_file(str(config), diag, defines=defines)
        else:
            parsed = parse_text(config, diag, defines=defines)
        self.world = FakeServices()
        self.world.names = names or {}
        engine = load(parsed, diag, self.world, all_modules(), trace=trace) if not diag.errors else None
        if engine is None:
            raise ConfigurationError(
                "\n".join(
                    f"{d.pos.file}:{d.pos.line}:{d.pos.col}: {d.message}" + (f" ({d.hint})" if d.hint else "")
                    for d in diag.errors
                )
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
        self.ran: list[str] = []
        if trace:
            self._trace()
        self.receiver = Receiver(engine)
        self.registry = Registry()
        self.registry.register_all(engine.commands.values())
        self.peers: dict[str, Peer] = {}
        self._by_address: dict[tuple[str, int], Peer] = {}
        self.ladder: list[str] = []
        self._times: list[float] = []
        self.world.on_send = self._sent
        self.world.on_unsent = engine.send_failed
        for module in engine.modules.values():
            self.world.spawn(module.prepare(), _prepared)
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
        self._arrow(f"{sender.name} -> proxy: {describe(data)}")
        socket = socket or next(s for s in self.engine.sockets if s.proto == proto)
        conn = sender.number if proto != "udp" else 0
        self.receiver.receive(data, Received(proto, *sender.address, socket, conn))

    def _sent(self, data: bytes, to: Destination) -> None:
        peer = self._by_address.get((to.ip, to.port))
        name = peer.name if peer is not None else f"{to.ip}:{to.port}"
        self._arrow(f"proxy -> {name}: {describe(data)}")
        if peer is not None:
            peer.inbox.append(Packet(peer, data, to.proto))

    def _arrow(self, text: str) -> None:
        self.ladder.append(text)
        self._times.append(self.world.time)

    def _trace(self) -> None:
        """Have every route tell the lines that it runs."""
        lines = self.engine.program.trace_lines

        def note(number: int) -> None:
            self.ran.append(f"{lines[number].file}:{lines[number].line}")

        def traced(call: Callable[[RouteContext], Any]) -> Callable[[RouteContext], Any]:
            def run(ctx: RouteContext) -> Any:
                ctx.trace = note
                return call(ctx)

            return run

        for key, route in self.engine.program.routes.items():
            self.engine.program.routes[key] = replace(route, call=traced(route.call))

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
        """What happened, with the seconds since the start, and the log: the end of every failure's text."""
        arrows = [f"  {time:7.2f}  {line}" for time, line in zip(self._times, self.ladder, strict=True)]
        return ["what happened:", *arrows, *(["the log:", *(f"  {line}" for line in self.log)] if self.log else [])]

    def expect_ladder(self, text: str) -> None:
        """Compare the whole ladder with a text, one arrow a line; blank lines and indentation do not count.

        `*` in a line stands for anything (`proxy -> alice: 100 * (INVITE)`), a line `...` for any number of arrows.
        """
        wanted = [line.strip() for line in text.strip().splitlines() if line.strip()]
        expected = matched(wanted, self.ladder)
        if expected is not None:
            diff = difflib.unified_diff(expected, self.ladder, "expected", "happened", lineterm="", n=100)
            raise AssertionError("the ladders differ:\n" + "\n".join(diff))

    def message(self, data: bytes) -> Message:
        return Message.parse(data)


def _prepared(_result: object, error: BaseException | None) -> None:
    if error is not None:
        raise error
