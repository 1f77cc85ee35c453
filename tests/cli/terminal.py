"""Programs that ask on a terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
from collections.abc import Mapping, Sequence

DEADLINE = 20.0  # seconds without a sign of life


def talk(
    words: Sequence[str], answers: Sequence[tuple[bytes, bytes]], environ: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """Run a program on a terminal; answers are (what it asks, what is typed then), in order. Gives its code and text."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        words, stdin=slave, stdout=slave, stderr=slave, env={**os.environ, **(environ or {})}, start_new_session=True
    )
    os.close(slave)
    seen, at = b"", 0
    waiting = list(answers)
    while True:
        ready, _, _ = select.select([master], [], [], DEADLINE)
        if not ready:
            process.kill()
            break
        try:
            data = os.read(master, 4096)
        except OSError:  # Linux's end of a terminal
            break
        if not data:
            break
        seen += data
        while waiting and waiting[0][0] in seen[at:]:
            at = seen.index(waiting[0][0], at) + len(waiting[0][0])
            os.write(master, waiting.pop(0)[1])
    os.close(master)
    code = process.wait(10)
    assert not waiting, seen
    return code, seen
