"""Calls that block (databases), made on threads: with a deadline, and a bound on how many may wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from olelo.core.services import Services

T = TypeVar("T")


class TooLate(Exception):
    """No answer before the deadline. The call may still be carried out, or was dropped before it began."""


class TooMany(Exception):
    """So many calls wait already that this one was not made."""


class Offload:
    """The way to one thing that blocks.

    Args:
        deadline: seconds until a caller stops waiting.
        bound: calls that may wait or run at a time.

    `waiting` is how many do.
    """

    def __init__(self, services: Services, deadline: float, bound: int) -> None:
        self._services = services
        self.deadline = deadline
        self.bound = bound
        self.waiting = 0

    async def call(self, lane: str, work: Callable[[], T]) -> T:
        """Make a call on a lane's thread and give what it gives; its exceptions come through.

        A call that has not begun when its caller gives up is not made any more. Raises TooLate, TooMany.
        """
        if self.waiting >= self.bound:
            raise TooMany
        services = self._services
        gate = services.gate()
        late = False

        def run() -> T | None:
            return None if late else work()

        def done(result: Any, error: BaseException | None) -> None:
            self.waiting -= 1
            if not late:
                gate.set((result, error))

        def give_up() -> None:
            nonlocal late
            late = True
            gate.set(None)

        self.waiting += 1
        cancel = services.call_at(services.now() + self.deadline, give_up)
        services.spawn(services.in_thread(lane, run), done)
        answer = await gate
        cancel()
        if answer is None:
            raise TooLate
        result, error = answer
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]
