"""How much memory the process takes."""

from __future__ import annotations

import os
import resource


def memory_used() -> int:
    """Resident memory of the process, bytes; its highest so far where /proc is not there."""
    try:
        with open("/proc/self/statm", "rb") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return memory_peak()


def memory_peak() -> int:
    """Highest resident memory of the process so far, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
