"""ctl: the sockets over which kamcmd and others call commands (binrpc and the old line FIFO).

The module only says where to listen and how; the server is an edge, opened by the engine (`open_control`).
"""

from __future__ import annotations

import grp
import pwd
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from olelo.core.module import Many, Module, ModuleError, RpcFault, param, rpc
from olelo.modules.ctl.address import BINRPC, FIFO_LINES, ControlAddress, default_address, parse_address


@dataclass(slots=True, frozen=True)
class ControlOptions:
    """How to open control sockets. Sizes in bytes; uid and gid -1: unchanged."""

    mode: int = 0o600
    uid: int = -1
    gid: int = -1
    autoconversion: bool = False
    max_body: int = 32 * 1024
    max_struct: int = 8 * 1024
    print_buffer: int = 1024


class Control(Protocol):
    """The open control sockets, as ctl.* shows them."""

    def listening(self) -> Sequence[ControlAddress]: ...

    def connections(self) -> Sequence[tuple[ControlAddress, tuple[str, str], tuple[str, str]]]:
        """(socket, (client's address, port), (our address, port)) of each stream client; ports "" for paths."""


class ControlHost(Protocol):
    """What this module asks of the engine."""

    @property
    def run_dir(self) -> str: ...

    def open_control(self, addresses: Sequence[ControlAddress], options: ControlOptions) -> Control: ...


def _check_binrpc(text: str) -> None:
    parse_address(text, BINRPC)


def _check_fifo(text: str) -> None:
    parse_address(text, FIFO_LINES)


class Ctl(Module):
    """Control sockets for kamcmd: binrpc over unix sockets, TCP and UDP, and the line FIFO."""

    name = "ctl"

    binrpc = param("", "Address to listen on for binrpc; may be repeated.", repeat=True, check=_check_binrpc)
    fifo = param("", "FIFO or address for the line protocol; may be repeated.", repeat=True, check=_check_fifo)
    mode = param(0o600, "Permissions of unix sockets and FIFOs.")
    user = param("", "Owner of unix sockets and FIFOs: name or number.", any_type=True)
    group = param("", "Group of unix sockets and FIFOs: name or number.", any_type=True)
    autoconversion = param(0, "1: convert arguments of the wrong type where possible.")
    binrpc_max_body_size = param(32, "Most that a reply holds directly, in KB.")
    binrpc_struct_max_body_size = param(8, "Most that one struct of a reply holds, in KB.")
    binrpc_buffer_size = param(1024, "Bytes for one printed element; there is no such limit here.", noop=True)

    def init(self) -> None:
        host = cast(ControlHost, self.engine)
        try:
            self.addresses = [parse_address(text, BINRPC) for text in self.values("binrpc")]
            self.addresses += [parse_address(text, FIFO_LINES) for text in self.values("fifo")]
        except ValueError as error:
            raise ModuleError(str(error)) from None
        if not self.addresses:
            self.addresses.append(parse_address(default_address(host.run_dir)))
        body, struct = int(self.binrpc_max_body_size), int(self.binrpc_struct_max_body_size)
        self.options = ControlOptions(
            mode=self.mode,
            uid=_user(self.user),
            gid=_group(self.group),
            autoconversion=bool(self.autoconversion),
            max_body=(body if body > 0 else 4) * 1024,
            max_struct=(struct if struct > 0 else 1) * 1024,
            print_buffer=int(self.binrpc_buffer_size),
        )
        self.control: Control | None = None

    def start(self) -> None:
        self.control = cast(ControlHost, self.engine).open_control(self.addresses, self.options)

    @rpc("ctl.who")
    def who(self) -> Many:
        """list open connections"""
        if self.control is None:
            raise RpcFault(606, "rpc available only over binrpc (ctl)")
        parts: list[str] = []
        for address, client, ours in self.control.connections():
            parts += [address.payload, address.transport, *client, *ours]
        return Many(parts)

    @rpc("ctl.connections")
    def connections(self) -> int:
        """returns number of open connections"""
        return len(self.control.connections()) if self.control is not None else 0

    @rpc("ctl.listen")
    def listen(self) -> Many:
        """list ctl listen sockets"""
        addresses = self.control.listening() if self.control is not None else self.addresses
        return Many(
            part
            for address in addresses
            for part in (
                address.payload,
                address.transport,
                address.name,
                str(address.port) if address.port else "",
            )
        )


def _user(value: int | str) -> int:
    if value == "":
        return -1
    if isinstance(value, int) or value.isdigit():
        return int(value)
    try:
        return pwd.getpwnam(value).pw_uid
    except KeyError:
        raise ModuleError(f"ctl: bad user name/uid number {value}") from None


def _group(value: int | str) -> int:
    if value == "":
        return -1
    if isinstance(value, int) or value.isdigit():
        return int(value)
    try:
        return grp.getgrnam(value).gr_gid
    except KeyError:
        raise ModuleError(f"ctl: bad group name/gid number {value}") from None


MODULE = Ctl
