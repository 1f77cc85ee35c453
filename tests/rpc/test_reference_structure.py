"""Field names and their order in the replies of core.* and ctl.*: ours and those of a running Kamailio."""

from __future__ import annotations

import asyncio
import random
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from olelo.modules.ctl import Ctl
from olelo.modules.ctl.address import parse_address
from olelo.rpc.view import AliasInfo, SocketInfo
from rpc.rpc_kit import FixedView, filled_registry, kamcmd, needs_kamailio, outline, serving, short_path

pytestmark = [pytest.mark.reference, pytest.mark.wire, needs_kamailio]

CONFIG = """
children=1
listen=udp:127.0.0.83:{port}
listen=tcp:127.0.0.83:{port}
alias="example.org"
#!define WITH_FOO
#!define BAR 12
loadmodule "ctl"
loadmodule "kex"
modparam("ctl", "binrpc", "unix:{path}")
request_route {{ exit; }}
"""

STRUCTS = [
    "core.version",
    "core.flags",
    "core.uptime",
    "core.info",
    "core.runinfo",
    "core.pwd",
    "core.shmmem",
    "core.shmmem k",
    "core.shmmem 1",
    "core.tcp_info",
    "core.tcp_options",
    "core.udp4_raw_info",
    "core.sockets_list",
    "core.aliases_list",
    "core.tcp_list",
    "ctl.connections",
    "dns.mem_info",
]
#: these list as many things as there are; the first of them is compared
FIRST_OF_MANY = ["core.psx", "core.psa", "core.ppdefines_full"]
#: these must answer the very same text
SAME_TEXT = [
    "core.echo a 1 s:2",
    "core.prints a b",
    "core.prints a 1",
    "core.prints 1",
    "core.printi 1 2",
    "core.printi 1 a",
    "core.printi a",
    "core.nosuch",
    "core.sfmalloc",
    "core.shmmem z",
    "core.shmmem kz",
    "system.methodHelp nosuch",
    "system.methodHelp 3",
    "system.methodHelp",
    "system.methodHelp core.echo",
    "system.methodSignature core.echo",
    "dns.lookup",
    "dns.lookup A",
    "dns.lookup XX example.org",
    "dns.delete_a nosuch.example.org",
    "dns.add_a x",
    "dst_blocklist.mem_info",
    "dst_blocklist.add x 1 1 1",
    "dst_blocklist.view",
    "stats.get_statistics",
    "stats.get_statistics 1",
    "stats.get_statistics nosuch",
    "stats.fetch",
    "stats.fetch nosuch",
    "stats.reset_statistics",
    "stats.reset_statistics nosuch",
    "stats.clear_statistics nosuch",
]


class SameView(FixedView):
    """A view that lists what the reference lists."""

    def listen_sockets(self) -> list[SocketInfo]:
        return [SocketInfo("udp", "127.0.0.83", 5060), SocketInfo("tcp", "127.0.0.83", 5060)]

    def host_aliases(self) -> list[AliasInfo]:
        return [AliasInfo("example.org")]

    def tcp_connections(self) -> list[object]:  # type: ignore[override]
        return []


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The control socket of a running Kamailio."""
    directory = tmp_path_factory.mktemp("kam")
    path = short_path(directory, "ctl")
    config = directory / "kamailio.cfg"
    config.write_text(CONFIG.format(port=random.randint(20000, 29999), path=path))
    with open(directory / "log", "wb") as log:
        process = subprocess.Popen(
            ["kamailio", "-DD", "-E", "-f", config, "-P", directory / "pid", "-Y", directory, "-w", directory],
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + 15
        while subprocess.run(["kamcmd", "-s", path, "core.version"], capture_output=True).returncode:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"kamailio did not start: {(directory / 'log').read_text()[-2000:]}")
        yield path
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def both(reference: str, path: str, commands: list[str]) -> dict[str, tuple[str, str]]:
    """What kamcmd prints of us and of the reference, by command."""

    async def work() -> dict[str, tuple[str, str]]:
        found: dict[str, tuple[str, str]] = {}
        registry = filled_registry(SameView())
        async with serving(registry, path) as opened:
            registry.register("ctl.connections", lambda: len(opened.connections()))
            for command in commands:
                words = command.split()
                found[command] = (await kamcmd(path, *words), await kamcmd(reference, *words))
        return found

    return asyncio.run(work())


def test_fields_and_their_order(reference: str, tmp_path: Path) -> None:
    for command, (ours, theirs) in both(reference, short_path(tmp_path, "s"), STRUCTS).items():
        assert outline(ours) == outline(theirs), command


def test_fields_of_lists(reference: str, tmp_path: Path) -> None:
    for command, (ours, theirs) in both(reference, short_path(tmp_path, "s"), FIRST_OF_MANY).items():
        first, wanted = outline(ours.partition("}\n")[0]), outline(theirs.partition("}\n")[0])
        assert first == wanted, command
        assert len(wanted) > 3, command


def test_texts_and_faults(reference: str, tmp_path: Path) -> None:
    for command, (ours, theirs) in both(reference, short_path(tmp_path, "s"), SAME_TEXT).items():
        assert ours == theirs, command


def test_every_command_of_the_core_is_there(reference: str) -> None:
    theirs = asyncio.run(kamcmd(reference, "system.listMethods")).split()
    core = [name for name in theirs if name.split(".")[0] in ("core", "dns", "dst_blocklist", "system", "stats")]
    assert len(core) > 50
    assert set(core) <= set(filled_registry().names())


def test_statistics_lines_have_the_reference_form(reference: str, tmp_path: Path) -> None:
    pattern = r"^[a-z_]+:[A-Za-z0-9_]+ = [0-9]+$"
    ours, theirs = both(reference, short_path(tmp_path, "s"), ["stats.get_statistics all"])["stats.get_statistics all"]
    for printed in (ours, theirs):
        assert all(re.match(pattern, line) for line in printed.splitlines())
        assert printed.splitlines() == sorted(printed.splitlines())


def test_ctl_listen_and_who(reference: str, tmp_path: Path) -> None:
    """The same rows, each with its own socket's name."""
    path = short_path(tmp_path, "s")

    async def work() -> None:
        registry = filled_registry()
        async with serving(registry, parse_address(path)) as opened:
            module = Ctl(None)  # type: ignore[arg-type]
            module.control = opened
            registry.register("ctl.listen", module.listen)
            registry.register("ctl.who", module.who)
            for command in ("ctl.listen", "ctl.who"):
                assert (await kamcmd(path, command)).replace(path, "PATH") == (
                    await kamcmd(reference, command)
                ).replace(reference, "PATH")

    asyncio.run(work())
