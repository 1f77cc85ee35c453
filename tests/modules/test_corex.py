"""Module corex."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pv_kit import Desk, StillServices, request

from olelo.core.context import USE_UAC_FROM, VIA_SERVER_ID, RouteContext
from olelo.core.loader import load
from olelo.core.module import RpcFault
from olelo.core.sockets import ListenSocket, Received
from olelo.modules import all_modules
from olelo.modules.corex import MODULE
from olelo.modules.pv import MODULE as PV
from olelo.script.catalog import RouteKind
from olelo.script.diagnostics import Diagnostics
from olelo.script.parser import parse_file
from olelo.script.values import ResolveError
from olelo.sip.message import Message


@pytest.fixture
def desk() -> Desk:
    made = Desk(MODULE, PV)
    made.engine.sockets.append(ListenSocket("tcp", "127.0.0.1", 5080, ("203.0.113.1", 5090), "outer"))
    return made


def test_append_branch_takes_what_belongs_to_the_request_uri(desk: Desk) -> None:
    ctx = desk.context(request(uri="sip:first@h"))
    ctx.dst_uri, ctx.path, ctx.bflags, ctx.force_socket = b"sip:next", b"<sip:p>", 5, desk.socket
    assert desk.call(ctx, "append_branch") == 1
    (branch,) = ctx.branches
    assert (branch.uri, branch.dst_uri, branch.path, branch.flags, branch.socket, branch.q) == (
        b"sip:first@h",
        b"sip:next",
        b"<sip:p>",
        5,
        desk.socket,
        -1,
    )
    assert (ctx.dst_uri, ctx.path, ctx.bflags, ctx.force_socket) == (b"", b"", 0, None)
    ctx.dst_uri = b"sip:kept"
    assert desk.call(ctx, "append_branch", "sip:second@h", "0.25") == 1
    assert (ctx.branches[1].uri, ctx.branches[1].q, ctx.dst_uri) == (b"sip:second@h", 250, b"sip:kept")
    assert desk.call(ctx, "append_branch", "sip:x", "2") == -1


def test_there_is_a_most_of_branches(desk: Desk) -> None:
    ctx = desk.context(request())
    codes = [desk.call(ctx, "append_branch", f"sip:{n}") for n in range(13)]
    assert codes == [1] * 11 + [-1, -1]


def test_sending(desk: Desk) -> None:
    ctx = desk.context(request(uri="sip:bob@192.0.2.5:5090"))
    assert asyncio.run(desk.call(ctx, "send_udp")) == 1
    assert asyncio.run(desk.call(ctx, "send_udp", "192.0.2.6:5091")) == 1
    assert asyncio.run(desk.call(ctx, "send_tcp", "192.0.2.7")) == 1
    assert asyncio.run(desk.call(ctx, "send_data", "sip:192.0.2.8", "bytes\xff")) == 1
    assert asyncio.run(desk.call(ctx, "sendx", "sip:192.0.2.9;transport=tcp", "tcp:127.0.0.1:5080", "x")) == 1
    assert asyncio.run(desk.call(ctx, "send_data", "nonsense", "x")) == -1
    assert [(to.proto, to.ip, to.port) for _, to in desk.services.sent] == [
        ("udp", "192.0.2.5", 5090),
        ("udp", "192.0.2.6", 5091),
        ("tcp", "192.0.2.7", 5060),
        ("udp", "192.0.2.8", 5060),
        ("tcp", "192.0.2.9", 5060),
    ]
    assert desk.services.sent[0][0] == ctx.msg.raw
    assert desk.services.sent[3][0] == b"bytes\xff"


def test_sockets(desk: Desk) -> None:
    ctx = desk.context(request())
    outer = desk.engine.sockets[1]
    assert desk.call(ctx, "set_send_socket", "tcp:127.0.0.1:5080") == 1
    assert ctx.force_socket is outer
    assert desk.call(ctx, "set_send_socket", "") == 1
    assert ctx.force_socket is None
    assert desk.call(ctx, "set_send_socket", "udp:host:port") == -1
    assert desk.call(ctx, "set_send_socket", "udp:10.0.0.1") == 1
    assert ctx.force_socket is None
    assert desk.call(ctx, "set_send_socket_name", "outer") == 1
    assert ctx.force_socket is outer
    assert desk.call(ctx, "set_recv_socket_name", "outer") == 1
    assert (ctx.rcv.socket, ctx.rcv.proto, ctx.rcv.ip) == (outer, "tcp", "127.0.0.2")
    assert desk.call(ctx, "set_recv_socket", "127.0.0.1:5060") == 1
    assert ctx.rcv.socket is desk.socket
    assert desk.call(ctx, "set_source_address", "udp:192.0.2.4:4000") == 1
    assert (ctx.rcv.ip, ctx.rcv.port) == ("192.0.2.4", 4000)
    assert desk.call(ctx, "set_source_address", "") == -1
    assert (desk.call(ctx, "is_socket_name", "outer"), desk.call(ctx, "is_socket_name", "none")) == (1, -1)


def test_lsock_and_transformations(desk: Desk) -> None:
    ctx = desk.context(request())
    assert desk.text(ctx, "$lsock(n/outer/l) $lsock(l/tcp:127.0.0.1:5080/n) $lsock(n/outer/a) $lsock(i/1/n)") == (
        "tcp:127.0.0.1:5080 outer tcp:203.0.113.1:5090 outer"
    )
    assert desk.text(ctx, "$lsock(a/tcp:203.0.113.1:5090/i) $lsock(n/none/l) [$lsock(i/0/a)]") == "1 <null> []"
    with pytest.raises(ResolveError):
        desk.get(ctx, "$lsock(x/y)")
    desk.set(ctx, "$var(s)", "tls:[2001:db8::1]:5061")
    assert desk.text(ctx, "$(var(s){sock.host}) $(var(s){sock.port}) $(var(s){sock.proto}) $(var(s){sock.touri})") == (
        "[2001:db8::1] 5061 tls sip:[2001:db8::1]:5061;transport=tls"
    )
    desk.set(ctx, "$var(s)", "10.0.0.1")
    assert desk.text(ctx, "$(var(s){sock.host}) [$(var(s){sock.port})] $(var(s){sock.touri})") == (
        "10.0.0.1 [] sip:10.0.0.1"
    )
    desk.set(ctx, "$var(s)", 5)
    assert desk.get(ctx, "$(var(s){sock.host})") == "5"


def test_flags(desk: Desk) -> None:
    ctx = desk.context(request())
    assert desk.call(ctx, "setxflag", 63) == 1
    assert (desk.call(ctx, "isxflagset", 63), desk.call(ctx, "isxflagset", 1)) == (1, -1)
    assert desk.call(ctx, "resetxflag", 63) == 1
    assert (ctx.xflags, desk.call(ctx, "setxflag", 64)) == (0, -1)
    assert desk.call(ctx, "msg_iflag_set", "use_uac_from") == 1
    assert ctx.msg_flags == USE_UAC_FROM
    assert desk.call(ctx, "msg_iflag_is_set", "USE_UAC_FROM") == 1
    assert desk.call(ctx, "msg_iflag_reset", "USE_UAC_FROM") == 1
    assert (ctx.msg_flags, desk.call(ctx, "msg_iflag_set", "OTHER")) == (0, -1)
    assert desk.call(ctx, "via_add_srvid", 1) == 1
    assert ctx.msg_flags == VIA_SERVER_ID
    assert desk.call(ctx, "is_faked_msg") == -1


def test_files(desk: Desk, tmp_path: Path) -> None:
    ctx = desk.context(request())
    path = str(tmp_path / "note")
    assert desk.call(ctx, "file_write", path, "caf\xe9\n") == 1
    assert desk.call(ctx, "file_read", path, "$var(text)") == 1
    assert desk.get(ctx, "$var(text)") == "caf\xe9\n"
    assert desk.call(ctx, "file_write", path, "") == -1
    assert desk.call(ctx, "file_read", str(tmp_path / "none"), "$var(text)") == -1


def test_subdomains_are_ours() -> None:
    settings: list[tuple[str, int | str]] = [
        ("alias_subdomains", "kin.example"),
        ("alias_subdomains", "udp:p.example:5070"),
    ]
    desk = Desk(MODULE, params={"corex": settings})
    ours = desk.engine.is_myself
    assert ours(b"kin.example")
    assert ours(b"A.KIN.example", 5999, "tcp")
    assert not ours(b"notkin.example")
    assert ours(b"x.p.example", 5070, "udp")
    assert not ours(b"x.p.example", 5071, "udp")
    assert not ours(b"x.p.example", 5070, "tcp")


def test_commands(desk: Desk) -> None:
    first, second = desk.rpc("corex.list_sockets")
    assert first[0] == ("PROTO", "udp")
    assert dict(second)["ADVERTISE"] == "203.0.113.1"
    desk.engine.add_alias(b"home.example", 5060, "udp")
    assert desk.rpc("corex.list_aliases") == ([("PROTO", "udp"), ("ADDR", "home.example"), ("PORT", 5060)],)
    assert desk.rpc("corex.debug", 1) == [("old", 3), ("new", 1)]
    assert desk.rpc("corex.debug") == [("debug", 1)]
    assert [name for name, _ in desk.rpc("shm.stats")] == [
        "total",
        "free",
        "used",
        "real_used",
        "max_used",
        "fragments",
    ]
    assert dict(desk.rpc("shm.info"))["size"] > 1000000
    with pytest.raises(RpcFault):
        desk.rpc("shm.rprint", "a", "b")
    with pytest.raises(RpcFault):
        desk.rpc("corex.pkg_summary", "abc", 1)


def test_cfg_tells_where_the_script_is(tmp_path: Path) -> None:
    path = tmp_path / "kamailio.cfg"
    path.write_text(
        'loadmodule "corex.so"\nloadmodule "xlog.so"\n'
        'request_route {\n  xlog("$cfg(line) $cfg(route) $cfg(file)\\n");\n  route(SUB);\n}\n'
        'route[SUB] {\n  xlog("$cfg(line) $cfg(route)\\n");\n}\n'
    )
    diag = Diagnostics()
    config = parse_file(str(path), diag)
    services = StillServices()
    engine = load(config, diag, services, all_modules())
    assert engine is not None, diag.errors
    sock = ListenSocket("udp", "127.0.0.1", 5060)
    ctx = RouteContext(engine, Message.parse(request()), Received("udp", "127.0.0.2", 1, sock), RouteKind.REQUEST)
    route = engine.route("request")
    assert route is not None
    engine.run_route(route, ctx, RouteKind.REQUEST)
    assert [line.removeprefix("<script>: ") for _, line in services.lines] == [
        f"4 DEFAULT_ROUTE {path}",
        "8 SUB",
    ]
