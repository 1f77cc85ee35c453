"""Calls that block, on threads: in order within a lane, side by side between lanes, and never on the loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from olelo.net.log import Log
from olelo.net.services import NetServices
from olelo.testing import FakeServices


def test_lanes_and_order() -> None:
    order: list[str] = []
    free = threading.Event()
    names: set[str] = set()

    def slow() -> str:
        free.wait(10)
        order.append("first")
        names.add(threading.current_thread().name)
        return "one"

    def next_() -> str:
        order.append("second")
        return "two"

    def other() -> str:
        free.set()  # only another thread than that of the first lane can do this
        return threading.current_thread().name

    def fails() -> None:
        raise ValueError("as it came")

    async def scenario() -> None:
        services = NetServices(asyncio.get_running_loop(), Log())
        first, second = services.in_thread("a", slow), services.in_thread("a", next_)
        assert (await services.in_thread("b", other)).startswith("olelo-b")
        assert (await first, await second) == ("one", "two")
        with pytest.raises(ValueError, match="as it came"):
            await services.in_thread("a", fails)
        await services.close()

    asyncio.run(scenario())
    assert order == ["first", "second"]
    assert all(name.startswith("olelo-a") for name in names)


def test_the_fake_world_lets_calls_take_their_time() -> None:
    world = FakeServices()
    done: list[tuple[float, object]] = []

    def ask(lane: str, value: int) -> None:
        world.spawn(world.in_thread(lane, lambda: value), lambda result, error: done.append((world.time, result)))

    ask("a", 1)
    world.thread_time = 2.0
    for number, lane in ((2, "a"), (3, "a"), (4, "b")):
        ask(lane, number)
    world.advance(10)
    assert done == [(0.0, 1), (2.0, 2), (2.0, 4), (4.0, 3)]
