"""Signals that end a command: the first one as an exception, so that what was begun is cleared away."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# A terminal that is closed (SIGHUP) or a shutdown (SIGTERM) must not leave more behind than Ctrl-C.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A signal came; `number` is its number."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def _end(number: int, _frame: FrameType | None) -> None:
    # A second one would stop the clearing away half done.
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    if os.isatty(2):
        os.write(2, b"\nInterrupted; clearing away what was begun.\n")
    raise Interrupted(number)


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Turn the first of SIGINT, SIGTERM and SIGHUP into `Interrupted`, and ignore the others after it.

    What the caller ignores (nohup) stays ignored. Outside the main thread nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.getsignal(each) for each in _SIGNALS}
    for each, handler in before.items():
        if handler not in (signal.SIG_IGN, None):
            signal.signal(each, _end)
    try:
        yield
    finally:
        for each, handler in before.items():
            if handler is not None:
                signal.signal(each, handler)
