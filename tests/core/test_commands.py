"""Core commands: what they do to a message's context."""

from __future__ import annotations

import asyncio

import pytest
from pv_kit import Desk, request

from olelo.core.commands import core_functions
from olelo.core.context import CLOSE_AFTER_REPLY, FORCE_RPORT, DestBranch


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("name", "args", "ruri"),
    [
        ("rewritehost", ("h",), "sip:alice@h:5080;transport=udp?x=y"),
        ("sethostport", ("h:1",), "sip:alice@h:1;transport=udp?x=y"),
        ("sethpt", ("h:1",), "sip:alice@h:1?x=y"),
        ("setu", ("bob",), "sip:bob@example.org:5080;transport=udp?x=y"),
        ("setuser", ("",), "sip:example.org:5080;transport=udp?x=y"),
        ("setup", ("u:p",), "sip:u:p@example.org:5080;transport=udp?x=y"),
        ("setport", ("99",), "sip:alice@example.org:99;transport=udp?x=y"),
        ("seturi", ("sip:z",), "sip:z"),
        ("prefix", ("9",), "sip:9alice@example.org:5080;transport=udp?x=y"),
        ("strip", (2,), "sip:ice@example.org:5080;transport=udp?x=y"),
        ("strip", (9,), "sip:example.org:5080;transport=udp?x=y"),
        ("strip_tail", (3,), "sip:al@example.org:5080;transport=udp?x=y"),
        ("userphone", (), "sip:alice@example.org:5080;transport=udp;user=phone?x=y"),
    ],
)
def test_rewriting(desk: Desk, name: str, args: tuple[str | int, ...], ruri: str) -> None:
    ctx = desk.context(request())
    ctx.ruri_used = True
    assert desk.call(ctx, name, *args) == 1
    assert ctx.ruri == ruri.encode()
    assert not ctx.ruri_used
    assert desk.call(ctx, "revert_uri") == 1
    assert ctx.ruri == ctx.msg.ruri


@pytest.mark.parametrize(
    ("before", "name", "args", "after"),
    [
        ("tel:+1;a=b", "sethost", ("gw",), "sip:+1;a=b@gw;user=phone"),
        ("tel:+1;a=b", "prefix", ("0",), "tel:0+1;a=b"),
        ("sip:+1;a=b@gw;user=phone", "setuser", ("2",), "sip:2;a=b@gw;user=phone"),
        ("sip:u:pw@h", "setuser", ("v",), "sip:v:pw@h"),
        ("sip:u@[2001:db8::1]:5", "setuser", ("v",), "sip:v@[2001:db8::1]:5"),
    ],
)
def test_rewriting_other_uris(desk: Desk, before: str, name: str, args: tuple[str], after: str) -> None:
    ctx = desk.context(request())
    ctx.ruri = before.encode()
    assert desk.call(ctx, name, *args) == 1
    assert ctx.ruri.decode() == after


@pytest.mark.parametrize(("uri", "name", "arg"), [("tel:+1", "setport", "5"), ("nonsense", "setuser", "x")])
def test_rewriting_what_cannot_be(desk: Desk, uri: str, name: str, arg: str) -> None:
    ctx = desk.context(request())
    ctx.ruri = uri.encode()
    assert desk.call(ctx, name, arg) == -1
    assert ctx.ruri.decode() == uri


def test_a_uri_does_not_grow_beyond_measure(desk: Desk) -> None:
    ctx = desk.context(request())
    assert desk.call(ctx, "setuser", "x" * 1100) == -1


def test_flags(desk: Desk) -> None:
    ctx = desk.context(request())
    assert [desk.call(ctx, "isflagset", 5), desk.call(ctx, "setflag", 5), desk.call(ctx, "isflagset", 5)] == [-1, 1, 1]
    assert ctx.flags == 32
    assert desk.call(ctx, "resetflag", 5) == 1
    assert (ctx.flags, desk.call(ctx, "setflag", 32), desk.call(ctx, "isflagset", 32)) == (0, -1, -1)
    assert desk.call(ctx, "isavpflagset", "a", "f") == -1
    desk.call(ctx, "setavpflag", "a", "f")
    assert desk.call(ctx, "isavpflagset", "a", "f") == 1
    desk.call(ctx, "resetavpflag", "a", "f")
    assert desk.call(ctx, "isavpflagset", "a", "f") == -1


def test_branches(desk: Desk) -> None:
    ctx = desk.context(request())
    ctx.branches += [DestBranch(b"sip:a"), DestBranch(b"sip:b"), DestBranch(b"sip:c")]
    assert desk.call(ctx, "remove_branch") == 1
    assert desk.call(ctx, "remove_branch", -1) == 1
    assert [branch.uri for branch in ctx.branches] == [b"sip:b"]
    assert desk.call(ctx, "remove_branch", 5) == -1
    assert desk.call(ctx, "clear_branches") == 1
    assert (ctx.branches, ctx.ruri_used) == ([], True)


def test_the_way_out(desk: Desk) -> None:
    ctx = desk.context(request())
    desk.call(ctx, "force_rport")
    desk.call(ctx, "set_reply_close")
    assert ctx.msg_flags == FORCE_RPORT | CLOSE_AFTER_REPLY
    assert desk.call(ctx, "force_send_socket", "udp:127.0.0.1:5060") == 1
    assert ctx.force_socket is desk.socket
    assert desk.call(ctx, "force_send_socket", "udp:10.1.1.1") == -1
    desk.call(ctx, "set_advertised_address", "public.example")
    desk.call(ctx, "set_advertised_port", 5099)
    desk.call(ctx, "udp_mtu_try_proto", "TCP")
    assert ctx.store == {"advertised": ("public.example", 5099), "udp_mtu_try_proto": "tcp"}
    assert desk.call(ctx, "udp_mtu_try_proto", "smoke") == -1


def test_forward_goes_to_the_host_given(desk: Desk) -> None:
    ctx = desk.context(request(uri="sip:bob@192.0.2.5:5090"))
    assert asyncio.run(desk.call(ctx, "forward")) == 1
    assert asyncio.run(desk.call(ctx, "forward", "192.0.2.7", "5070")) == 1
    assert asyncio.run(desk.call(ctx, "forward_udp", "uri:host", "uri:port")) == 1
    assert [(to.ip, to.port) for _, to in desk.services.sent] == [
        ("192.0.2.5", 5090),
        ("192.0.2.7", 5070),
        ("192.0.2.5", 5090),
    ]


def test_log_and_configuration_instances(desk: Desk) -> None:
    ctx = desk.context(request())
    desk.engine.params.debug = 2
    assert [desk.call(ctx, "log", "quiet"), desk.call(ctx, "log", 1, "loud")] == [1, 1]
    assert desk.services.lines == [(1, "loud")]
    desk.engine.globals["gw"] = {"host": "a"}
    desk.engine.globals["gw[2]"] = {"host": "b"}
    read = desk.engine.catalog.select
    assert read is not None
    get = read("cfg_get.gw.host")
    assert get(ctx) == "a"
    assert desk.call(ctx, "cfg_select", "gw", 2) == 1
    assert get(ctx) == "b"
    assert desk.call(ctx, "cfg_select", "gw", 9) == -1
    assert desk.call(ctx, "cfg_reset", "gw") == 1
    assert get(ctx) == "a"


def test_a_command_runs_in_the_shell(desk: Desk) -> None:
    ctx = desk.context(request())
    assert asyncio.run(desk.call(ctx, "exec", "do it")) == 1
    assert desk.services.commands == ["do it"]
    assert (1, "exec() returned 3") in desk.services.lines


def test_every_command_says_what_it_does() -> None:
    specs = core_functions()
    assert all(spec.doc and spec.module == "" for spec in specs)
    assert {spec.name for spec in specs if spec.waits} == {
        "forward",
        "forward_udp",
        "forward_tcp",
        "forward_tls",
        "forward_sctp",
        "exec",
    }
