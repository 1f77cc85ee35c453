"""A server of commands for the command-line tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from olelo.core.module import Many, Pairs
from olelo.modules.ctl.address import parse_address
from olelo.rpc.server import ControlServer
from rpc.rpc_kit import filled_registry, short_path


@pytest.fixture(scope="session")
def socket_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server in a thread of its own, for clients that block; its path also ends in `.d` for datagrams."""
    path = short_path(tmp_path_factory.mktemp("kc"), "s")
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def open_server() -> ControlServer:
        registry = filled_registry()
        nested = {"a": 1, "b": {"c": "x", "d": [1, {"e": 2.5}], "f": {}}, "g": Pairs([("h", 1), ("h", 2)])}
        registry.register("test.nested", lambda: Many((nested, "tail", -7, 5_000_000_000, 2.5)))
        registry.register("test.bytes", lambda: "gr\xc3\xbc\xc3\x9fe")
        server = ControlServer(registry)
        server.open(parse_address(path))
        server.open(parse_address(f"unixd:{path}.d"))
        return server

    def serve() -> None:
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(open_server())
        ready.set()
        loop.run_forever()
        server.close()
        loop.run_until_complete(asyncio.sleep(0))

    thread = threading.Thread(target=serve)
    thread.start()
    assert ready.wait(10)
    yield path
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()
