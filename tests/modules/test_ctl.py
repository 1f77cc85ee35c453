"""Module ctl: addresses, defaults, options handed to the engine, ctl.*."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from olelo.core.declarations import describe
from olelo.core.module import Many, ModuleError, RpcFault
from olelo.modules.ctl import Ctl
from olelo.modules.ctl.address import BINRPC, FIFO_LINES, ControlAddress, default_address, parse_address


class FakeControl:
    def __init__(self, addresses: Sequence[ControlAddress]) -> None:
        self.addresses = addresses

    def listening(self) -> Sequence[ControlAddress]:
        return self.addresses

    def connections(self) -> Sequence[tuple[ControlAddress, tuple[str, str], tuple[str, str]]]:
        return [(address, ("192.0.2.1", "4000"), ("192.0.2.2", "2049")) for address in self.addresses]


class FakeHost(SimpleNamespace):
    run_dir = "/run/test"

    def open_control(self, addresses: Sequence[ControlAddress], options: Any) -> FakeControl:
        self.opened = list(addresses)
        self.options = options
        return FakeControl(addresses)


def ctl(*params: tuple[str, int | str]) -> tuple[Ctl, FakeHost]:
    host = FakeHost()
    module = Ctl(host)  # type: ignore[arg-type]
    for name, value in params:
        module.set_param(name, value)
    module.init()
    return module, host


@pytest.mark.parametrize(
    ("text", "transport", "name", "port"),
    [
        ("unix:/run/x", "unix_stream", "/run/x", 0),
        ("unixs:/run/x", "unix_stream", "/run/x", 0),
        ("UNIXD:/run/x", "unix_dgram", "/run/x", 0),
        ("/run/x", "unix_stream", "/run/x", 0),
        ("/run/x:y", "unix_stream", "/run/x:y", 0),
        ("localhost:3000", "udp", "localhost", 3000),
        ("localhost", "udp", "localhost", 2049),
        ("tcp:3012", "tcp", "*", 3012),
        ("udp:*:3012", "udp", "*", 3012),
        ("tcp:localhost", "tcp", "localhost", 2049),
        ("tcp:[2001:db8::1]:2046", "tcp", "2001:db8::1", 2046),
        ("tcp:[::1]", "tcp", "::1", 2049),
        ("tcp:", "tcp", "*", 2049),
        ("udp:127.0.0.1:0", "udp", "127.0.0.1", 2049),
    ],
)
def test_binrpc_addresses(text: str, transport: str, name: str, port: int) -> None:
    address = parse_address(text)
    assert address == ControlAddress(BINRPC, transport, name, port)
    assert address.is_path == (port == 0)


@pytest.mark.parametrize(
    ("text", "transport"),
    [("fifo:/tmp/f", "fifo"), ("/tmp/f", "fifo"), ("udp:*:2050", "udp"), ("unix:/tmp/f", "unix_stream")],
)
def test_fifo_addresses(text: str, transport: str) -> None:
    assert parse_address(text, FIFO_LINES).transport == transport


@pytest.mark.parametrize("text", ["", "unix:", "tcp:host:70000", "tcp:a:b:c", "fifo:/tmp/f", "tcp:x]:1"])
def test_bad_addresses(text: str) -> None:
    with pytest.raises(ValueError, match="control address|fifo"):
        parse_address(text)


def test_default_is_below_the_run_directory() -> None:
    assert default_address() == "unix:/run/kamailio/kamailio_ctl"
    module, host = ctl()
    module.start()
    assert [address.name for address in host.opened] == ["/run/test/kamailio_ctl"]


def test_a_fifo_alone_replaces_the_default() -> None:
    module, _ = ctl(("fifo", "/tmp/f"))
    assert [(address.payload, address.name) for address in module.addresses] == [("fifo", "/tmp/f")]


def test_options_reach_the_engine() -> None:
    module, host = ctl(
        ("binrpc", "tcp:3012"),
        ("binrpc", "/tmp/x"),
        ("mode", 0o660),
        ("user", 12),
        ("group", "34"),
        ("autoconversion", 1),
        ("binrpc_max_body_size", 64),
        ("binrpc_struct_max_body_size", 0),
        ("binrpc_buffer_size", "2048"),
    )
    module.start()
    assert [address.name for address in host.opened] == ["*", "/tmp/x"]
    options = host.options
    assert (options.mode, options.uid, options.gid, options.autoconversion) == (0o660, 12, 34, True)
    assert (options.max_body, options.max_struct, options.print_buffer) == (65536, 1024, 2048)


def test_names_of_users_and_groups() -> None:
    module, _ = ctl(("user", "root"), ("group", "root"))
    assert (module.options.uid, module.options.gid) == (0, 0)
    with pytest.raises(ModuleError, match="bad user name/uid number no-such-user"):
        ctl(("user", "no-such-user"))
    with pytest.raises(ModuleError, match="bad group name/gid number no-such-group"):
        ctl(("group", "no-such-group"))


def test_bad_addresses_are_refused_at_load() -> None:
    with pytest.raises(ModuleError, match="bad port"):
        ctl(("binrpc", "tcp:host:99999"))
    assert Ctl.__dict__["binrpc"].check is not None


def test_commands() -> None:
    module, _ = ctl(("binrpc", "tcp:192.0.2.2:2049"), ("binrpc", "/tmp/x"))
    with pytest.raises(RpcFault, match="only over binrpc"):
        module.who()
    assert module.connections() == 0
    module.start()
    rows = ("binrpc", "tcp", "192.0.2.2", "2049", "binrpc", "unix_stream", "/tmp/x", "")
    assert module.listen() == Many(rows)
    assert module.who()[:6] == ("binrpc", "tcp", "192.0.2.1", "4000", "192.0.2.2", "2049")
    assert module.connections() == 2


def test_everything_of_the_reference_is_declared() -> None:
    spec = describe(Ctl)
    assert sorted(spec.params) == sorted(
        [
            "autoconversion",
            "binrpc",
            "binrpc_buffer_size",
            "binrpc_max_body_size",
            "binrpc_struct_max_body_size",
            "fifo",
            "group",
            "mode",
            "user",
        ]
    )
    assert [rpc.name for rpc in spec.rpcs] == ["ctl.who", "ctl.connections", "ctl.listen"]
    assert spec.functions == []
