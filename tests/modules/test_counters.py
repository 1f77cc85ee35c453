"""Module counters: declarations, script functions, cnt.*; and stats.* over the same statistics."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from olelo.core.declarations import describe
from olelo.core.module import Const, Many, RpcFault
from olelo.core.stats import Statistics
from olelo.core.stats_commands import StatsCommands
from olelo.modules.counters import Counters, split_declaration

CTX: Any = None


def counters(*params: tuple[str, str]) -> tuple[Counters, Statistics, list[str]]:
    log: list[str] = []
    stats = Statistics()
    stats.counter("core", "rcv_requests", "requests").value = 5
    engine: Any = SimpleNamespace(stats=stats, log=lambda level, text: log.append(text))
    module = Counters(engine)
    for name, value in params:
        module.set_param(name, value)
    module.init()
    return module, stats, log


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("foo", ("script", "foo", "custom script counter.")),
        ("test.bar", ("test", "bar", "custom script counter.")),
        ("baz example counter", ("script", "baz", "example counter")),
        ("test.x:another example", ("test", "x", "another example")),
        ("out.reqs  forwarded requests", ("out", "reqs", "forwarded requests")),
        ("x:", ("script", "x", "custom script counter.")),
    ],
)
def test_declarations(text: str, parts: tuple[str, str, str]) -> None:
    assert split_declaration(text, "script") == parts


@pytest.mark.parametrize("text", ["", " x", ".x", "x.", ":d"])
def test_declarations_without_a_name(text: str) -> None:
    with pytest.raises(ValueError, match="no counter name"):
        split_declaration(text, "script")


def test_script_functions() -> None:
    module, stats, log = counters(("script_counter", "foo"), ("script_counter", "test.bar"))
    assert module.inc(CTX, Const("foo")) == 1
    assert module.add(CTX, Const("foo"), 10) == 1
    assert module.inc(CTX, Const("test.bar")) == 1
    assert (stats.get("script", "foo"), stats.get("test", "bar")) == (11, 1)
    assert module.reset(CTX, Const("script.foo")) == 1
    assert stats.get("script", "foo") == 0
    assert log == []


def test_only_declared_counters_can_be_counted() -> None:
    module, stats, log = counters()
    for name in ("nope", "core.rcv_requests"):
        assert module.inc(CTX, Const(name)) == -1
        assert module.add(CTX, Const(name), 1) == -1
        assert module.reset(CTX, Const(name)) == -1
    assert stats.get("core", "rcv_requests") == 5
    assert log[0] == "counters: counter script.nope does not exist (forgot to define it?)"


def test_the_group_name_holds_from_its_line_on() -> None:
    module, stats, _ = counters(
        ("script_counter", "early"), ("script_cnt_grp_name", "mine"), ("script_counter", "late")
    )
    assert (stats.get("script", "early"), stats.get("mine", "late")) == (0, 0)
    assert module.inc(CTX, Const("late")) == 1
    assert module.inc(CTX, Const("script.early")) == 1


def test_commands() -> None:
    module, stats, _ = counters(
        ("script_counter", "foo some text"), ("script_counter", "a.z"), ("script_counter", "a.b")
    )
    module.add(CTX, Const("foo"), 3)
    assert module.rpc_get("script", "foo") == 3
    assert module.rpc_get_raw("script", "foo") == 3
    assert module.rpc_get("script") == {"foo": 3}
    assert module.rpc_get("script", 5) == {"foo": 3}
    assert module.rpc_groups() == Many(["a", "core", "script"])
    assert module.rpc_names("a") == Many(["b", "z"])
    assert list(module.rpc_get_vars("a").items()) == [("b", 0), ("z", 0)]
    assert module.rpc_names("nope") == Many()
    assert module.rpc_help("script", "foo") == "some text"
    module.rpc_reset("script", "foo")
    assert stats.get("script", "foo") == 0


def test_commands_on_what_does_not_exist() -> None:
    module, stats, _ = counters()
    for command in (module.rpc_get, module.rpc_get_raw, module.rpc_reset, module.rpc_help):
        with pytest.raises(RpcFault) as caught:
            command("x", "y")
        assert (caught.value.code, caught.value.text) == (400, "non-existent counter x.y\n")
    stats.counter("bare", "one")
    assert module.rpc_help("bare", "one") == "statistic bare.one (no description)"


def statistics() -> StatsCommands:
    stats = Statistics()
    stats.counter("sl", "sent").value = 7
    stats.counter("core", "b").value = 2
    stats.counter("core", "a").value = 1
    stats.computed("shmem", "total", lambda: 5_000_000_000)
    return StatsCommands(stats)


def test_get_statistics() -> None:
    commands = statistics()
    assert commands.get("all") == Many(["core:a = 1", "core:b = 2", "shmem:total = 5000000000", "sl:sent = 7"])
    assert commands.get("core:") == Many(["core:a = 1", "core:b = 2"])
    assert commands.get("sent", "nope", "a") == Many(["sl:sent = 7", "core:a = 1"])
    assert commands.get("core.a") == Many()


def test_fetch() -> None:
    commands = statistics()
    assert commands.fetch("core:", "sl.sent", "sl:sent", "sl.nope") == [
        ("core.a", "1"),
        ("core.b", "2"),
        ("sl.sent", "7"),
        ("sl.sent", "7"),
    ]
    assert commands.fetchn("total") == [("shmem.total", 5_000_000_000)]


def test_reset_and_clear() -> None:
    commands = statistics()
    assert commands.clear("core:", "total") == Many(["core:a = 0 (1)", "core:b = 0 (2)", "shmem:total = 5000000000"])
    assert commands.clear("a") == Many(["core:a = 0"])
    commands.reset("all")
    assert commands.get("sl:") == Many(["sl:sent = 0"])


def test_everything_of_the_reference_is_declared() -> None:
    spec = describe(Counters)
    assert sorted(spec.params) == ["script_cnt_grp_name", "script_counter"]
    assert {function.name: len(function.args) for function in spec.functions} == {
        "cnt_inc": 1,
        "cnt_add": 2,
        "cnt_reset": 1,
    }
    names = "get get_raw get_vars grp_get_all grps_list help list_groups list_vars reset var_list".split()
    assert sorted(rpc.name for rpc in spec.rpcs) == [f"cnt.{name}" for name in names]
    arrays = {rpc.name for rpc in spec.rpcs if rpc.array}
    assert arrays == {"cnt.list_groups", "cnt.grps_list", "cnt.list_vars", "cnt.var_list"}
    assert all(rpc.doc for rpc in spec.rpcs)
