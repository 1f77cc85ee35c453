"""The control sockets on the wire: transports, limits, slow and broken clients, FIFOs; and what real kamcmd prints."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from olelo.modules.ctl import ControlOptions
from olelo.modules.ctl.address import parse_address
from olelo.rpc import binrpc, server
from olelo.rpc.core_commands import full_version
from rpc.rpc_kit import FixedView, filled_registry, kamcmd, needs_kamcmd, serving, short_path

pytestmark = pytest.mark.wire


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 20))


def free_port(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, *args: Any) -> binrpc.Packet:
    writer.write(binrpc.encode_request(method, list(args), 77))
    return await read_packet(reader)


async def read_packet(reader: asyncio.StreamReader) -> binrpc.Packet:
    framer = binrpc.Framer(1 << 20)
    while True:
        data = await reader.read(65536)
        assert data, "the server closed the connection"
        found = framer.feed(data)
        if found:
            return binrpc.decode(found[0])


def test_stream_clients_keep_their_connection_and_errors_do_not_end_it(tmp_path: Path) -> None:
    path = short_path(tmp_path, "s")

    async def work() -> None:
        async with serving(filled_registry(), path) as opened:
            reader, writer = await asyncio.open_unix_connection(path)
            assert (await ask(reader, writer, "core.echo", "a", 1)).values == ["a", "1"]
            answer = await ask(reader, writer, "core.nosuch")
            assert answer == binrpc.Packet(binrpc.FAULT, 77, [500, "command core.nosuch not found"])
            writer.write(b"\xa1\x00\x02\x09\x10\x05")  # a number where the method should be
            bad = await read_packet(reader)
            assert bad == binrpc.Packet(binrpc.FAULT, 9, [400, f"bad request: {binrpc.WRONG_TYPE}"])
            assert (await ask(reader, writer, "core.echo")).values == []
            assert opened.connections() == [(parse_address(path), ("<anonymous unix socket>", ""), (path, ""))]
            writer.close()
            await writer.wait_closed()
        assert not os.path.exists(path)

    run(work)


def test_garbage_gets_a_fault_and_the_door(tmp_path: Path) -> None:
    path = short_path(tmp_path, "s")

    async def work() -> None:
        async with serving(filled_registry(), path):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            fault = binrpc.decode(await reader.read())  # to the end of the stream
            assert fault.values == [400, "bad request: corrupted packet"]
            writer.close()
            await writer.wait_closed()

    run(work)


def test_many_requests_in_one_piece_are_answered_in_order(tmp_path: Path) -> None:
    path = short_path(tmp_path, "s")

    async def work() -> None:
        async with serving(filled_registry(), path):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b"".join(binrpc.encode_request("core.printi", [n], n) for n in range(50)))
            framer = binrpc.Framer(1 << 20)
            found: list[bytes] = []
            while len(found) < 50:
                found += framer.feed(await reader.read(65536))
            assert [binrpc.decode(packet).values for packet in found] == [[n] for n in range(50)]
            writer.close()
            await writer.wait_closed()

    run(work)


def test_a_client_that_reads_nothing_delays_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = short_path(tmp_path, "s")
    monkeypatch.setattr(server, "SEND_TIMEOUT", 0.2)

    async def work() -> None:
        registry = filled_registry()
        registry.register("big", lambda: "x" * 4_000_000)
        async with serving(registry, path, options=ControlOptions(max_body=0)) as opened:
            _, slow = await asyncio.open_unix_connection(path)
            slow.write(binrpc.encode_request("big", [], 1))
            reader, writer = await asyncio.open_unix_connection(path)
            assert (await ask(reader, writer, "core.echo", "quick")).values == ["quick"]
            while len(opened.connections()) > 1:  # the slow one is dropped when its time is over
                await asyncio.sleep(0)
            for stream in (slow, writer):
                stream.close()
                await stream.wait_closed()

    run(work)


def test_connections_are_limited_and_idle_ones_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = short_path(tmp_path, "s")
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 2)

    async def work() -> None:
        log: list[str] = []
        async with serving(filled_registry(), path, log=log) as opened:
            streams = [await asyncio.open_unix_connection(path) for _ in range(3)]
            assert await streams[2][0].read() == b""
            assert log == ["maximum number of control connections exceeded: 2/2"]
            monkeypatch.setattr(server, "IDLE_TIMEOUT", 0.0)
            streams.append(await asyncio.open_unix_connection(path))
            assert (await ask(*streams[3], "core.echo", "in")).values == ["in"]
            assert len(opened.connections()) == 2
            for _, writer in streams:
                writer.close()
                await writer.wait_closed()

    run(work)


def test_replies_past_the_limit_are_faults(tmp_path: Path) -> None:
    path = short_path(tmp_path, "s")

    async def work() -> None:
        log: list[str] = []
        registry = filled_registry()
        registry.register("big", lambda: "x" * 40_000)
        async with serving(registry, path, log=log):
            reader, writer = await asyncio.open_unix_connection(path)
            fault = await ask(reader, writer, "big")
            assert fault.values == [500, "Internal server error processing reply: buffer too small (overflow)"]
            assert "binrpc_max_body_size" in log[0]
            writer.close()
            await writer.wait_closed()

    run(work)


def test_datagrams(tmp_path: Path) -> None:
    port = free_port(socket.SOCK_DGRAM)
    path, mine = short_path(tmp_path, "d"), short_path(tmp_path, "me")

    async def work() -> None:
        loop = asyncio.get_running_loop()
        async with serving(filled_registry(), f"udp:127.0.0.1:{port}", f"unixd:{path}"):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.setblocking(False)
                client.connect(("127.0.0.1", port))
                for request in (b"x", binrpc.encode_request("core.echo", ["udp"], 5)):
                    client.send(request)
                    answer = binrpc.decode(await loop.sock_recv(client, 65536))
                assert answer == binrpc.Packet(binrpc.REPLY, 5, ["udp"])
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
                client.setblocking(False)
                client.bind(mine)
                client.sendto(binrpc.encode_request("core.echo", ["unix"], 6), path)
                assert binrpc.decode(await loop.sock_recv(client, 65536)).values == ["unix"]

    run(work)


def test_permissions_and_stale_files(tmp_path: Path) -> None:
    path = short_path(tmp_path, "s")

    async def work() -> None:
        with socket.socket(socket.AF_UNIX) as former:
            former.bind(path)
        async with serving(filled_registry(), path, options=ControlOptions(mode=0o640)):
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o640
        Path(path).write_text("precious")
        with pytest.raises(OSError, match="a file is in the way"):
            async with serving(filled_registry(), path):
                pass
        assert Path(path).read_text() == "precious"
        with pytest.raises(OSError, match="cannot open control address /nowhere/x"):
            async with serving(filled_registry(), "/nowhere/x"):
                pass

    run(work)


def test_autoconversion(tmp_path: Path) -> None:
    path = short_path(tmp_path, "s")

    async def work() -> None:
        async with serving(filled_registry(), path, options=ControlOptions(autoconversion=True)):
            reader, writer = await asyncio.open_unix_connection(path)
            assert (await ask(reader, writer, "core.printi", "12")).values == [12]
            writer.close()
            await writer.wait_closed()

    run(work)


def test_line_protocol_over_tcp(tmp_path: Path) -> None:
    port = free_port(socket.SOCK_STREAM)

    async def work() -> None:
        async with serving(filled_registry(), parse_address(f"tcp:127.0.0.1:{port}", "fifo")):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b":core.printi:\n1\n2\n\n:nope:\n\n:core.printi:\nx\n\n")
            expected = [b"200 OK\n", b"1\n", b"2\n", b"500 Command 'nope' not found\n"]
            assert [await reader.readline() for _ in expected] == expected
            assert (await reader.readline()).startswith(b"400 error at parameter 0")
            writer.close()
            await writer.wait_closed()

    run(work)


def test_line_protocol_over_fifos(tmp_path: Path) -> None:
    path = str(tmp_path / "fifo")
    reply = tmp_path / "reply"

    async def work() -> None:
        log: list[str] = []
        async with serving(filled_registry(), parse_address(path, "fifo"), log=log) as opened:
            opened.reply_dir = f"{tmp_path}/"
            os.mkfifo(reply)
            lines = asyncio.create_task(asyncio.to_thread(reply.read_text))
            with open(path, "w") as request:
                request.write(":core.psx:reply\n\n")
            assert await lines == "200 OK\nIDX:0,PID:4711,DSC:main process\nIDX:1,PID:4712,DSC:worker\n"
            (tmp_path / "plain").write_text("untouched")
            os.symlink(reply, tmp_path / "link")
            with open(path, "w") as request:
                request.write(":core.psx:plain\n\n:core.psx:link\n\n:core.psx:missing\n\n")
            while len(log) < 3:
                await asyncio.sleep(0)
            assert (tmp_path / "plain").read_text() == "untouched"
            assert "not a fifo" in "".join(log)
        assert not os.path.exists(path)

    run(work)


@needs_kamcmd
@pytest.mark.reference
def test_what_kamcmd_prints(tmp_path: Path) -> None:
    path, port = short_path(tmp_path, "s"), free_port(socket.SOCK_STREAM)

    async def work() -> None:
        registry = filled_registry(FixedView())
        async with serving(registry, path, f"tcp:127.0.0.1:{port}"):
            assert await kamcmd(f"unix:{path}", "core.version") == f"{full_version()}\n"
            assert await kamcmd(f"tcp:127.0.0.1:{port}", "core.version") == f"{full_version()}\n"
            uptime = await kamcmd(path, "core.uptime")
            assert uptime.splitlines()[0] == "{"
            assert uptime.splitlines()[3:] == ["\tuptime: 100000", "}"]
            assert (await kamcmd(path, "system.listMethods")).split("\n") == [*registry.names(), ""]
            assert await kamcmd(path, "stats.get_statistics", "all") == (
                "core:fwd_requests = 2\ncore:rcv_requests = 3\nshmem:total_size = 5000000000\nsl:sent_replies = 7\n"
            )
            assert await kamcmd(path, "stats.fetchn", "shmem:") == "{\n\tshmem.total_size: 5000000000\n}\n"
            assert await kamcmd(path, "ps") == "4711\tmain process\n4712\tworker\n"
            assert await kamcmd(path, "core.nosuch") == "error: 500 - command core.nosuch not found\n"

    run(work)
