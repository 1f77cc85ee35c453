"""Module cfgutils."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pv_kit import Desk, request

from olelo.core.module import ModuleError, RpcFault
from olelo.modules.cfgutils import MODULE, core_hash


def _desk(**params: int | str) -> Desk:
    return Desk(MODULE, params={"cfgutils": list(params.items())})


def test_chance() -> None:
    desk = _desk(initial_probability=0)
    ctx = desk.context(request())
    assert desk.call(ctx, "rand_event") == -1
    assert desk.call(ctx, "rand_set_prob", 100) == 1
    assert desk.call(ctx, "rand_event") == 1
    assert desk.call(ctx, "rand_get_prob") == 100
    assert desk.call(ctx, "rand_set_prob", 101) == -1
    assert desk.call(ctx, "rand_reset_prob") == 1
    assert desk.call(ctx, "rand_get_prob") == 0
    assert desk.get(ctx, "$RANDOM") != desk.get(ctx, "$RANDOM")
    with pytest.raises(ModuleError):
        _desk(initial_probability=101)


def test_waiting() -> None:
    desk = _desk()
    ctx = desk.context(request())
    assert asyncio.run(desk.call(ctx, "sleep", 2)) == 1
    assert asyncio.run(desk.call(ctx, "usleep", 5000)) == 1
    assert desk.services.slept == [2, 0.005]
    assert desk.function("sleep", 1).waits


def test_global_flags() -> None:
    desk = _desk(initial_gflags=1)
    ctx = desk.context(request())
    assert [desk.call(ctx, "is_gflag", 0), desk.call(ctx, "is_gflag", 4)] == [1, -1]
    assert desk.call(ctx, "set_gflag", 4) == 1
    assert desk.call(ctx, "reset_gflag", 0) == 1
    assert desk.rpc("cfgutils.get_gflags") == "0x10 (16)"
    desk.rpc("cfgutils.set_gflag", 3)
    assert [desk.rpc("cfgutils.is_gflag", 3), desk.rpc("cfgutils.is_gflag", 7)] == ["TRUE", "FALSE"]
    desk.rpc("cfgutils.reset_gflag", 1)
    assert desk.rpc("cfgutils.get_gflags") == "0x12 (18)"
    assert [desk.call(ctx, "set_gflag", 32), desk.call(ctx, "is_gflag", 32)] == [-1, -1]


def test_locks_are_handed_on_in_turn() -> None:
    desk = _desk(lock_set_size=4)
    ctx = desk.context(request())
    order: list[str] = []

    async def wants(name: str) -> None:
        code = desk.call(ctx, "lock", "key")
        order.append(f"{name} has {await code}")
        desk.call(ctx, "unlock", "key")

    async def run() -> None:
        assert desk.call(ctx, "lock", "key") == 1
        assert desk.call(ctx, "lock", "other") == 1
        assert desk.call(ctx, "trylock", "key") == -1
        first, second = asyncio.create_task(wants("first")), asyncio.create_task(wants("second"))
        await asyncio.sleep(0)
        assert order == []
        desk.call(ctx, "unlock", "key")
        await first
        await second
        assert desk.call(ctx, "trylock", "key") == 1

    asyncio.run(run())
    assert order == ["first has 1", "second has 1"]


def test_no_locks_without_a_set() -> None:
    desk = _desk()
    ctx = desk.context(request())
    assert [desk.call(ctx, name, "key") for name in ("lock", "trylock", "unlock")] == [-1, -1, -1]


def test_routes_by_name() -> None:
    desk = _desk()
    ctx = desk.context(request())
    assert desk.call(ctx, "check_route_exists", "NONE") == -1
    assert desk.call(ctx, "route_if_exists", "NONE") == -1


def test_core_hash_of_short_texts() -> None:
    # h = v ^ v >> 3 for v = 0x31, then h + (h >> 11) + (h >> 13) + (h >> 23)
    assert core_hash(b"1", None, 0) == 0x31 ^ 6
    assert core_hash(b"", None, 16) == 0


def test_core_hash_spreads() -> None:
    desk = _desk()
    ctx = desk.context(request())
    codes = [desk.call(ctx, "core_hash", f"call-{n}@host", "", 4) for n in range(500)]
    assert set(codes) == set(range(1, 17))
    assert desk.call(ctx, "core_hash", "a", "b", 10) != desk.call(ctx, "core_hash", "a", "c", 10)


def test_config_hash(tmp_path: Path) -> None:
    path = tmp_path / "kamailio.cfg"
    path.write_text("one")
    desk = _desk(hash_file=str(path))
    assert desk.rpc("cfgutils.get_config_hash") == "f97c5d29941bfb1b2fdab0874906ab82"
    assert desk.rpc("cfgutils.check_config_hash") == "Identical hash"
    path.write_text("two")
    assert desk.rpc("cfgutils.check_config_hash") == "Different hash"
    path.unlink()
    with pytest.raises(RpcFault):
        desk.rpc("cfgutils.check_config_hash")
    with pytest.raises(RpcFault):
        _desk().rpc("cfgutils.check_config_hash")
    with pytest.raises(ModuleError):
        _desk(hash_file=str(path))


def test_probability_commands() -> None:
    desk = _desk()
    assert desk.rpc("cfgutils.rand_set_prob", 33) is None
    assert desk.rpc("cfgutils.rand_get_prob") == "actual probability: 33 percent"
    with pytest.raises(RpcFault):
        desk.rpc("cfgutils.rand_set_prob", -1)
    desk.rpc("cfgutils.rand_reset_prob")
    assert desk.rpc("cfgutils.rand_get_prob") == "actual probability: 10 percent"
