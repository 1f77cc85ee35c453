"""Module kex."""

from __future__ import annotations

import os

import pytest
from pv_kit import Desk, request

from olelo.core.context import DestBranch
from olelo.core.module import RpcFault
from olelo.modules.kex import MODULE


@pytest.fixture
def desk() -> Desk:
    return Desk(MODULE)


def test_script_flags_are_gone_with_the_message(desk: Desk) -> None:
    ctx = desk.context(request())
    assert desk.call(ctx, "setsflag", 3) == 1
    assert desk.call(desk.context(request()), "issflagset", 3) == -1
    assert desk.call(ctx, "issflagset", 3) == 1
    assert desk.call(ctx, "resetsflag", 3) == 1
    assert desk.call(ctx, "issflagset", 3) == -1
    assert [desk.call(ctx, "setsflag", 32), desk.call(ctx, "resetsflag", -1), desk.call(ctx, "issflagset", 99)] == [
        -1
    ] * 3


def test_branch_flags(desk: Desk) -> None:
    ctx = desk.context(request())
    ctx.branches.append(DestBranch(b"sip:b"))
    assert desk.call(ctx, "setbflag", 2) == 1
    assert desk.call(ctx, "setbflag", 4, 1) == 1
    assert (ctx.bflags, ctx.branches[0].flags) == (4, 16)
    assert desk.call(ctx, "isbflagset", 2) == 1
    assert desk.call(ctx, "isbflagset", 2, 1) == -1
    assert desk.call(ctx, "isbflagset", 4, 1) == 1
    assert desk.call(ctx, "resetbflag", 2) == 1
    assert desk.call(ctx, "resetbflag", 4, 1) == 1
    assert (ctx.bflags, ctx.branches[0].flags) == (0, 0)
    assert [desk.call(ctx, "setbflag", 1, 2), desk.call(ctx, "setbflag", 40), desk.call(ctx, "isbflagset", 1, 7)] == [
        -1
    ] * 3


def test_next_hop(desk: Desk) -> None:
    ctx = desk.context(request())
    ctx.ruri_used = True
    assert desk.call(ctx, "isdsturiset") == -1
    assert desk.call(ctx, "setdsturi", "sip:h") == 1
    assert (ctx.dst_uri, ctx.ruri_used, desk.call(ctx, "isdsturiset")) == (b"sip:h", False, 1)
    assert desk.call(ctx, "resetdsturi") == 1
    assert ctx.dst_uri == b""


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("sip:a@127.0.0.1", 1),
        ("sip:a@127.0.0.1:5060", 1),
        ("sip:a@127.0.0.1:9", -1),
        ("sip:a@home.example:5060", 1),
        ("sip:a@home.example:7000", -1),
        ("sip:a@home.example", 1),
        ("127.0.0.1", 1),
        ("192.0.2.1", -1),
        ("sip:", -1),
        ("", -1),
    ],
)
def test_is_myself(desk: Desk, uri: str, code: int) -> None:
    desk.engine.add_alias(b"home.example", 5060)
    assert desk.call(desk.context(request()), "is_myself", uri) == code


def test_debug_level(desk: Desk) -> None:
    ctx = desk.context(request())
    desk.engine.params.debug = 1
    assert [desk.call(ctx, "setdebug", 3), desk.call(ctx, "setdebug", 2)] == [1, 1]
    assert desk.engine.params.debug == 2
    assert desk.call(ctx, "resetdebug") == 1
    assert desk.engine.params.debug == 1
    assert desk.call(ctx, "resetdebug") == 1


def test_values(desk: Desk) -> None:
    ctx = desk.context(request())
    desk.engine.started_at = 1000.0
    first, second = desk.get(ctx, "$sruid"), desk.get(ctx, "$sruid")
    assert first == f"srid-3e8-{os.getpid():x}-1"
    assert first != second
    assert desk.call(ctx, "pv_printf", "$null", "x") == -1
    assert desk.call(ctx, "avp_printf", "$rc", "x") == -1


def test_statistics_commands(desk: Desk) -> None:
    counter = desk.engine.stats.counter("core", "rcv_requests")
    counter.value = 7
    assert desk.rpc("stats.get_statistics", "rcv_requests") == ("core:rcv_requests = 7",)
    assert desk.rpc("stats.fetch", "core.rcv_requests") == [("core.rcv_requests", "7")]
    assert desk.rpc("stats.fetchn", "rcv_requests") == [("core.rcv_requests", 7)]
    assert desk.rpc("stats.clear_statistics", "rcv_requests") == ("core:rcv_requests = 0 (7)",)
    counter.value = 1
    assert desk.rpc("stats.reset_statistics", "rcv_requests") is None
    assert counter.value == 0


def test_memory_commands(desk: Desk) -> None:
    memory = dict(desk.engine.stats.group("shmem"))
    assert list(memory) == ["total_size", "used_size", "real_used_size", "max_used_size", "free_size", "fragments"]
    assert memory["used_size"] > 1000000
    (entry,) = desk.rpc("pkg.stats")
    assert list(entry) == [
        "entry",
        "pid",
        "rank",
        "used",
        "free",
        "real_used",
        "total_size",
        "total_frags",
        "desc",
    ]
    assert entry["pid"] == os.getpid()
    assert desk.rpc("pkg.stats", "rank", 1) == ()
    assert len(desk.rpc("pkg.stats", "index", 0)) == 1
    with pytest.raises(RpcFault):
        desk.rpc("pkg.stats", "nope", 1)
    assert dict(desk.rpc("pkg.info"))["name"] == "python"
    assert desk.rpc("mod.mem_stats", "kex", "pkg") == ("Module: kex", {"Total": 0})
    names = [each for each in desk.rpc("mod.stats", "all", "all") if isinstance(each, str)]
    assert names == ["Module: core", "Module: kex"]
    totals = [each["Total"] for each in desk.rpc("mod.stats", "core", "all") if isinstance(each, dict)]
    assert totals[0] > 1000000
    assert totals[1:] == [0]
