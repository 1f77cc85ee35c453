"""An engine without network for tests of variables and functions: parse a message, expand format strings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from olelo.core.context import RouteContext
from olelo.core.declarations import bind
from olelo.core.engine import Engine
from olelo.core.loader import add_module, empty_catalog
from olelo.core.module import Module
from olelo.core.sockets import Destination, ListenSocket, Received
from olelo.script.catalog import FunctionSpec, PvRef, RouteKind, Value
from olelo.script.values import Resolver
from olelo.sip.message import Message


class StillServices:
    """Services whose clock stands still and whose packets and log lines are kept."""

    def __init__(self, wall: float = 1795420800.25) -> None:
        self.at = wall
        self.lines: list[tuple[int, str]] = []
        self.sent: list[tuple[bytes, Destination]] = []
        self.slept: list[float] = []
        self.commands: list[str] = []
        self.chance = 0

    def now(self) -> float:
        return self.at

    def wall(self) -> float:
        return self.at

    def random_bytes(self, count: int) -> bytes:
        self.chance += 1
        return self.chance.to_bytes(count, "big")

    def log(self, level: int, text: str) -> None:
        self.lines.append((level, text))

    def send(self, data: bytes, to: Destination) -> bool:
        self.sent.append((data, to))
        return True

    def spawn(self, work: Awaitable[Any], done: Callable[[Any, BaseException | None], None]) -> None:
        raise AssertionError("nothing waits in these tests")

    def call_at(self, deadline: float, callback: Callable[[], None]) -> Callable[[], None]:
        return lambda: None

    def resolve(self, host: str, port: int, proto: str) -> Awaitable[list[tuple[str, str, int]]]:
        raise AssertionError("nothing is resolved in these tests")

    def connection_alive(self, number: int) -> bool:
        return number > 0

    async def execute(self, command: str) -> int:
        self.commands.append(command)
        return 3

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)  # others may go on, as they would while time passes


class Desk:
    """An engine with some modules and one socket, and what a test does with them."""

    def __init__(self, *modules: type[Module], params: dict[str, list[tuple[str, int | str]]] | None = None) -> None:
        self.services = StillServices()
        self.engine = Engine(self.services)
        self.engine.params.debug = 3
        self.socket = ListenSocket("udp", "127.0.0.1", 5060)
        self.engine.sockets.append(self.socket)
        for cls in modules:
            instance = self.engine.modules[cls.name] = cls(self.engine)
            for name, value in (params or {}).get(cls.name, []):
                instance.set_param(name, value)
        catalog = empty_catalog(self.engine)
        for instance in self.engine.modules.values():
            spec = bind(instance)
            add_module(catalog, spec)
            for command in spec.rpcs:
                self.engine.commands[command.name] = command
        catalog.loaded = set(self.engine.modules)
        self.engine.catalog = catalog
        self.resolver = Resolver(catalog)
        for instance in self.engine.modules.values():
            instance.init()

    def context(self, raw: bytes, kind: RouteKind = RouteKind.REQUEST) -> RouteContext:
        rcv = Received("udp", "127.0.0.2", 5070, self.socket)
        return RouteContext(self.engine, Message.parse(raw), rcv, kind)

    def text(self, ctx: RouteContext, layout: str) -> str:
        """A format string expanded, as xlog prints it."""
        return self.resolver.format(layout)(ctx)

    def ref(self, text: str) -> PvRef:
        return self.resolver.text(text.removeprefix("$"))

    def get(self, ctx: RouteContext, text: str) -> Value:
        return self.ref(text).get(ctx)

    def set(self, ctx: RouteContext, text: str, value: Value) -> None:
        setter = self.ref(text).set
        assert setter is not None, f"{text} is read-only"
        setter(ctx, value)

    def function(self, name: str, count: int) -> FunctionSpec:
        for spec in self.engine.catalog.functions[name]:
            if spec.min_args <= count <= spec.max_args:
                return spec
        raise AssertionError(f"{name} with {count} arguments is not declared")

    def call(self, ctx: RouteContext, name: str, *args: Any) -> Any:
        """Call a script function; arguments as the function receives them (variables as text starting with $)."""
        spec = self.function(name, len(args))
        given = [
            self.ref(arg) if isinstance(arg, str) and spec.args[i].kind.value == "pvar" else arg
            for i, arg in enumerate(args)
        ]
        return spec.call(ctx, *given)

    def rpc(self, name: str, *args: Any) -> Any:
        return self.engine.commands[name].call(*args)


def request(
    method: str = "INVITE",
    uri: str = "sip:alice@example.org:5080;transport=udp?x=y",
    headers: str = "",
    body: str = "",
    sender: str = '"Bob B." <sip:bob@biloxi.example>;tag=ft1',
    target: str = "<sip:alice@example.org>",
) -> bytes:
    """A request with the headers every request has, and more."""
    lines = [
        f"{method} {uri} SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1;rport",
        "Max-Forwards: 70",
        f"From: {sender}",
        f"To: {target}",
        "Call-ID: call-1@biloxi.example",
        f"CSeq: 7 {method}",
    ]
    head = "\r\n".join(lines) + "\r\n" + headers
    return (head + f"Content-Length: {len(body)}\r\n\r\n" + body).encode("latin-1")
