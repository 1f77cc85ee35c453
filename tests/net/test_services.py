"""The real services, as far as they can be had without a network."""

from __future__ import annotations

import asyncio
from typing import Any

from olelo.net.log import Log
from olelo.net.services import NetServices
from olelo.script.runtime import Suspended, run


def test_a_script_may_ask_for_a_name_before_it_waited_for_anything() -> None:
    """A route's first step is driven outside of any task, where asyncio's deadlines cannot be."""
    loop = asyncio.new_event_loop()
    try:
        services = NetServices(loop, Log())
        found: list[Any] = []

        async def route(ctx: object) -> int:
            found.append(await services.resolve("192.0.2.7", 5060, "udp"))
            return 1

        waiting = run(route, None)
        assert isinstance(waiting, Suspended)

        async def finish() -> int:
            return await waiting

        assert loop.run_until_complete(finish()) == 1
        assert found == [[("udp", "192.0.2.7", 5060)]]
    finally:
        loop.close()
