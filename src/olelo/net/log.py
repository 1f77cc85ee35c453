"""The log: to the terminal in Kamailio's form, or to syslog."""

from __future__ import annotations

import os
import sys
import syslog
from typing import TextIO

NAMES = {
    -5: "ALERT",
    -4: "BUG",
    -3: "CRITICAL",
    -2: "CRITICAL",
    -1: "ERROR",
    0: "WARNING",
    1: "NOTICE",
    2: "INFO",
    3: "DEBUG",
}
_PRIORITY = {
    -5: syslog.LOG_ALERT,
    -4: syslog.LOG_CRIT,
    -3: syslog.LOG_CRIT,
    -2: syslog.LOG_CRIT,
    -1: syslog.LOG_ERR,
    0: syslog.LOG_WARNING,
    1: syslog.LOG_NOTICE,
    2: syslog.LOG_INFO,
    3: syslog.LOG_DEBUG,
}
#: of levels on a terminal: what is wrong in red, warnings yellow, the rest quiet
_COLOURS = {-5: "31;1", -4: "31;1", -3: "31;1", -2: "31;1", -1: "31", 0: "33", 1: "36", 2: "32", 3: "2"}
_FACILITIES = {
    name: getattr(syslog, name)
    for name in dir(syslog)
    if name.startswith("LOG_") and name not in ("LOG_PID", "LOG_CONS")
}


class Log:
    """Writes lines. Texts are latin-1 (bytes of messages); they leave as those bytes, control characters made visible."""

    def __init__(self, to_stderr: bool = True, stream: TextIO | None = None) -> None:
        self.to_stderr = to_stderr
        self._stream = stream
        self._pid = os.getpid()
        self.color = False

    def use_syslog(self, name: str, facility: str) -> None:
        """Write to syslog from now on. facility: LOG_DAEMON, LOG_LOCAL0 ..."""
        self.to_stderr = False
        syslog.openlog(name, syslog.LOG_PID | syslog.LOG_CONS, _FACILITIES.get(facility, syslog.LOG_DAEMON))

    def write(self, level: int, text: str) -> None:
        level = max(-5, min(3, level))
        if not self.to_stderr:
            syslog.syslog(_PRIORITY[level], text.encode("latin-1", "replace").decode("utf-8", "replace"))
            return
        line = f" 0({self._pid}) {NAMES[level]}: {text}\n"
        if self.color:
            line = f"\x1b[{_COLOURS[level]}m{line[:-1]}\x1b[0m\n"
        if self._stream is not None:
            self._stream.write(line)
            return
        sys.stderr.buffer.write(line.encode("latin-1", "replace"))
        sys.stderr.buffer.flush()
