"""Argument conversion and faults of the command registry, with the reference's texts."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from olelo.core.module import Many, NamedList, RpcFault
from olelo.rpc.registry import Registry, parse_format


def fault(registry: Registry, name: str, *args: Any) -> tuple[int, str]:
    with pytest.raises(RpcFault) as caught:
        registry.call(name, args)
    return caught.value.code, caught.value.text


def registry_of(args: str, func: Any = lambda *values: values, log: Any = None) -> Registry:
    registry = Registry(log)
    registry.register("x", func, args)
    return registry


def two(first: Any, second: Any = "default") -> tuple[Any, Any]:
    return first, second


@pytest.mark.parametrize(
    ("args", "given", "got"),
    [
        ("s", ["a"], ("a", "default")),
        ("S", ["a"], ("a", "default")),
        ("s*s", ["a"], ("a", "default")),
        ("s*s", ["a", "b"], ("a", "b")),
        ("ss", ["a", "b", "too many"], ("a", "b")),
        ("d", [-5], (-5, "default")),
        ("u", [-1], (0xFFFFFFFF, "default")),
        ("b", [7], (True, "default")),
        ("f", [2.5], (2.5, "default")),
        ("f", [2], (2.0, "default")),
        ("l", [5e9], (5_000_000_000, "default")),
        ("l", [5], (5, "default")),
        ("J", [-1.0], (2**64 - 1, "default")),
        (".s", [12], ("12", "default")),
        (".s", [-12], ("-12", "default")),
        (".s", [1.0], ("1", "default")),
        (".s", [1.5], ("1.5", "default")),
        (".d", ["12"], (12, "default")),
        (".d", [12.9], (12, "default")),
        (".f", ["12.5"], (12.5, "default")),
        ("a", [{"x": 1}], ({"x": 1}, "default")),
        ("s.s", ["1", 2], ("1", "2")),
    ],
)
def test_conversion(args: str, given: list[Any], got: tuple[Any, Any]) -> None:
    assert registry_of(args, two).call("x", given) == got
    assert type(registry_of(args, two).call("x", given)[0]) is type(got[0])


@pytest.mark.parametrize(
    ("args", "given", "text"),
    [
        ("s", [], "error at parameter 0: expected string type but end of packet encountered"),
        (".s", [], "error at parameter 0: expected any type but end of packet encountered"),
        ("s", [1], "error at parameter 0: expected string type but record doesn't match type"),
        ("ss", ["a", 1], "error at parameter 1: expected string type but record doesn't match type"),
        ("d", ["a"], "error at parameter 0: expected integer type but record doesn't match type"),
        ("d", [1.0], "error at parameter 0: expected integer type but record doesn't match type"),
        ("f", ["1"], "error at parameter 0: expected float type but record doesn't match type"),
        ("l", ["1"], "error at parameter 0: expected float type but record doesn't match type"),
        (".d", ["a"], "error at parameter 0: expected string type but record doesn't match type"),
        (".d", [float("inf")], "error at parameter 0: expected float type but record doesn't match type"),
        (".s", [{}], "error at parameter 0: expected structure type but record doesn't match type"),
    ],
)
def test_wrong_arguments(args: str, given: list[Any], text: str) -> None:
    assert fault(registry_of(args, two), "x", *given) == (400, text)


def test_autoconversion_makes_every_argument_loose() -> None:
    assert registry_of("sd", two).call("x", [1, "2"], autoconvert=True) == ("1", 2)


@pytest.mark.parametrize(("given", "got"), [([], ()), ([1], (1,)), ([1, 2, 3], (1, 2, 3)), ([1, "a", 3], (1,))])
def test_a_repeated_tail_ends_at_the_first_misfit(given: list[Any], got: tuple[Any, ...]) -> None:
    assert registry_of("*d").call("x", given) == got


@pytest.mark.parametrize("reply", [None, Many()])
def test_an_optional_misfit_is_a_fault_where_the_command_says_nothing(reply: Any) -> None:
    registry = Registry()
    registry.register("x", lambda *args: reply, "s*d")
    text = "error at parameter 1: expected integer type but record doesn't match type"
    assert fault(registry, "x", "a", "b") == (400, text)
    assert registry_of("s*d", two).call("x", ["a", "b"]) == ("a", "default")


def test_a_usage_counts_for_optional_arguments_too() -> None:
    registry = Registry()
    registry.register("x", two, "s*d", usage=(500, "Name, please", "A number, please"))
    assert fault(registry, "x") == (500, "Name, please")
    assert fault(registry, "x", "a", "b") == (500, "A number, please")
    assert registry.call("x", ["a"]) == ("a", "default")


def test_unknown_command() -> None:
    assert fault(Registry(), "core.nosuch") == (500, "command core.nosuch not found")


def test_own_usage_text() -> None:
    registry = Registry()
    registry.register("x", two, "s", usage=(400, "Please say what"))
    assert fault(registry, "x") == (400, "Please say what")
    assert fault(registry, "x", 1) == (400, "Please say what")


def test_an_exception_becomes_a_fault_and_one_log_line() -> None:
    lines: list[str] = []

    def broken() -> None:
        raise KeyError("oops")

    code, text = fault(registry_of("", broken, lines.append), "x")
    assert (code, text) == (500, "internal server error: KeyError: 'oops'")
    assert len(lines) == 1
    assert lines[0].startswith("command x failed: KeyError: 'oops' (")
    assert "test_registry.py:" in lines[0]


def test_a_fault_of_the_command_passes_unlogged() -> None:
    lines: list[str] = []

    def refuse() -> None:
        raise RpcFault(404, "not here")

    assert fault(registry_of("", refuse, lines.append), "x") == (404, "not here")
    assert lines == []


def test_a_command_that_waits() -> None:
    lines: list[str] = []

    async def later(number: int) -> int:
        if number < 0:
            raise ValueError(number)
        return number + 1

    registry = registry_of("d", later, lines.append)
    assert asyncio.run(registry.answer("x", [1])) == 2
    with pytest.raises(RpcFault, match="ValueError: -1"):
        asyncio.run(registry.answer("x", [-1]))
    assert len(lines) == 1


@pytest.mark.parametrize("args", ["x", "s.", "s s"])
def test_bad_format(args: str) -> None:
    with pytest.raises(ValueError, match="argument format"):
        parse_format(args)


def test_replies_as_json() -> None:
    registry = Registry()
    registry.register("one", lambda: "x")
    registry.register("none", lambda: None)
    registry.register("list", lambda: Many([{"a": 1}]), array=True)
    registry.register("empty", lambda: Many(), array=True)
    registry.register("sockets", lambda: NamedList([("socket", {"port": 5060})]))
    registry.register("bytes", lambda: "gr\xc3\xbc\xc3\x9fe")

    def reply(name: str, *args: Any) -> Any:
        return json.loads(asyncio.run(registry.answer("system.json", [name, *args])))

    assert [reply(name) for name in ("one", "none", "list", "empty")] == ["x", None, [{"a": 1}], []]
    assert reply("sockets") == [{"socket": {"port": 5060}}]
    assert reply("bytes") == "gr\u00fc\u00dfe"
    assert reply("system.methodHelp", "one") == "undocumented"
    with pytest.raises(RpcFault, match="command nosuch not found"):
        reply("nosuch")
    with pytest.raises(RpcFault, match="Method Name Expected"):
        reply("system.methodHelp")


def test_system_commands() -> None:
    registry = Registry()
    registry.register("b.two", two, doc="Twice.")
    registry.register("B.one", two)
    assert registry.call("system.listMethods") == Many(
        ["B.one", "b.two", "system.json", "system.listMethods", "system.methodHelp", "system.methodSignature"]
    )
    assert registry.call("system.methodHelp", ["b.two"]) == "Twice."
    assert registry.call("system.methodHelp", ["B.one"]) == "undocumented"
    assert fault(registry, "system.methodHelp", "nope") == (400, "command not found")
    assert fault(registry, "system.methodHelp") == (400, "Method Name Expected")
    assert fault(registry, "system.methodHelp", 3) == (400, "Method Name Expected")
    assert fault(registry, "system.methodSignature", "b.two") == (500, "Not Implemented Yet")
