"""How much memory the process takes, and how much there is: Kamailio has fixed pools here, this server the machine's."""

from __future__ import annotations

import os
import resource
import sys


def memory_used() -> int:
    """Resident memory of the process, bytes; its highest so far where /proc is not there."""
    try:
        with open("/proc/self/statm", "rb") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return memory_peak()


def memory_peak() -> int:
    """Highest resident memory of the process so far, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def memory_total() -> int:
    """Memory of the machine, bytes."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def memory_free() -> int:
    """Memory of the machine that nobody uses, bytes; where the system does not say, all but ours."""
    if "SC_AVPHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(0, memory_total() - memory_used())
