"""Commands and control sockets with arguments and bytes by chance: nothing ends or hangs the server.

A command's own mistake shows as the fault "internal server error", so no reply may hold that.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from olelo.core.declarations import describe
from olelo.core.module import RpcFault
from olelo.modules import all_modules
from olelo.modules.ctl.address import parse_address
from olelo.rpc import binrpc
from olelo.rpc.core_commands import register_core_commands
from olelo.rpc.registry import Registry
from olelo.testing.bed import Bed
from rpc.reference_pair import CONFIG
from rpc.rpc_kit import FixedView, filled_registry, serving, short_path

#: These do what they say to the process.
LEFT_OUT = {"core.kill"}
WORDS = [
    "",
    "all",
    "core:",
    "location",
    "alice",
    "script",
    "mine",
    "kex",
    "pid",
    "A",
    "a",
    "int",
    "INVITE",
    ".",
    "\xff\x00",
]
words = st.one_of(st.sampled_from(WORDS), st.text(st.characters(max_codepoint=255), max_size=12))
numbers = st.one_of(st.sampled_from([0, 1, -1, 200, 2**31 - 1, -(2**31), 2**32, 2**63]), st.integers())
values = st.one_of(
    words, numbers, st.floats(), st.lists(st.integers(), max_size=2), st.dictionaries(words, numbers, max_size=2)
)
arguments = st.lists(values, max_size=10)


@pytest.fixture(scope="module")
def registry() -> Registry:
    """The commands of an engine with every module."""
    config = re.sub(r'^modparam\("ctl".*$', "", CONFIG, flags=re.MULTILINE)
    bed = Bed(config)
    found = Registry()
    register_core_commands(found, FixedView())
    found.register_all(bed.engine.commands.values())
    assert {name.split(".")[0] for name in found.names()} >= {"tm", "ul", "sl", "cnt", "pv", "corex", "cfgutils"}
    assert {name for name, found in all_modules().items() if describe(found).rpcs} <= set(bed.engine.modules)
    return found


def outcome(registry: Registry, name: str, args: list[object], loose: bool) -> tuple[object, RpcFault | None]:
    """(reply, fault) of a command; what waits for the network is not waited for."""
    try:
        reply = registry.call(name, args, autoconvert=loose)
    except RpcFault as fault:
        return None, fault
    if asyncio.iscoroutine(reply):
        reply.close()
        return None, None
    return reply, None


@settings(max_examples=60)
@given(args=arguments, loose=st.booleans())
def test_commands_reply_or_refuse(registry: Registry, args: list[object], loose: bool) -> None:
    for name in registry.names():
        if name in LEFT_OUT:
            continue
        reply, fault = outcome(registry, name, args, loose)
        if fault is None:
            binrpc.decode(binrpc.encode_reply(reply, 1))
            continue
        assert "internal server error" not in fault.text, name
        assert 100 <= fault.code <= 699, name
        binrpc.decode(binrpc.encode_fault(fault.code, fault.text, 1))


def mutated(chance: random.Random, packet: bytes) -> bytes:
    """A packet with a few bytes changed, lost, doubled or added."""
    data = bytearray(packet)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(4)
        if kind == 0 and at < len(data):
            data[at] = chance.randrange(256)
        elif kind == 1:
            del data[at : at + chance.randint(1, 8)]
        elif kind == 2:
            data[at:at] = data[at : at + chance.randint(1, 8)]
        else:
            data[at:at] = chance.randbytes(chance.randint(1, 8))
    return bytes(data)


def packets(count: int) -> list[bytes]:
    chance = random.Random(3261)
    requests = [
        binrpc.encode_request("core.echo", ["a", 1, 2.5], 7),
        binrpc.encode_request("system.listMethods", [], 0xFFFFFFFF),
        binrpc.encode_request("core.aliases_list", [], 1),
        binrpc.encode_request("stats.fetch", ["all"], 2),
        binrpc.encode_request("x" * 300, ["y" * 3000], 3),
    ]
    found = [mutated(chance, chance.choice(requests)) for _ in range(count)]
    found += [chance.randbytes(chance.randint(1, 60)) for _ in range(count // 4)]
    found += [b"\xa1\x0f" + b"\xff" * 8, b"\xa1\x00\xff\x01" + b"\x80" * 255, b"\xa1", b"\xa1\x03\x01", b""]
    return found


@pytest.mark.wire
def test_a_server_survives_any_bytes(tmp_path: Path) -> None:
    stream, datagram = short_path(tmp_path, "s"), short_path(tmp_path, "d")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log: list[str] = []

    async def throw(data: bytes) -> None:
        """Send it and hang up, by both stream transports."""
        _, writer = await asyncio.open_unix_connection(stream)
        writer.write(data)
        writer.close()
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        writer.write_eof()
        writer.close()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> list[object]:
        writer.write(binrpc.encode_request("core.echo", ["still here"], 5))
        framer = binrpc.Framer()
        while True:
            found = framer.feed(await reader.read(65536))
            if found:
                return binrpc.decode(found[0]).values

    async def work() -> None:
        addresses = [stream, f"tcp:127.0.0.1:{port}", f"unixd:{datagram}"]
        async with serving(filled_registry(), *addresses, log=log):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
                client.setblocking(False)
                client.bind(short_path(tmp_path, "c"))
                client.connect(datagram)
                for number, data in enumerate(packets(300)):
                    await throw(data)
                    await asyncio.get_running_loop().sock_sendall(client, data)
                    if number % 50 == 0:
                        reader, writer = await asyncio.open_unix_connection(stream)
                        assert await echo(reader, writer) == ["still here"]
                        writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await echo(reader, writer) == ["still here"]
            writer.close()

    asyncio.run(asyncio.wait_for(work(), 30))
    assert [line for line in log if "failed" in line] == []


@pytest.mark.wire
@pytest.mark.parametrize("size", [65535, 65536, 1 << 20, (1 << 32) - 1])
def test_an_oversize_request_is_refused_by_its_header(tmp_path: Path, size: int) -> None:
    path = short_path(tmp_path, "s")
    length = size.to_bytes(4, "big")

    async def work() -> None:
        async with serving(filled_registry(), parse_address(path)):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b"\xa1\x0c" + length + b"\x07")
            fault = binrpc.decode(await reader.read())
            assert fault.values == [400, "bad request: buffer too small (overflow)"]
            writer.close()

    asyncio.run(asyncio.wait_for(work(), 10))
