"""xlog: lines to the log from a script."""

from __future__ import annotations

import re

from olelo.core.context import RouteContext
from olelo.core.engine import ALERT, BUG, CRIT, DBG, ERR, INFO, NOTICE, WARN
from olelo.core.methods import METHODS
from olelo.core.module import Getter, Module, Setter, Value, function, param, variable

# By the third letter of a level's name (L_ERR), as Kamailio tells them apart.
_LEVELS = {"A": ALERT, "B": BUG, "C": CRIT, "E": ERR, "W": WARN, "N": NOTICE, "I": INFO, "D": DBG}
_FACILITY = re.compile(r"LOG_[A-Z0-9]+$")
_COLOURS = {"x": 9, "s": 0, "r": 1, "g": 2, "y": 3, "b": 4, "p": 5, "c": 6, "w": 7}


def _facility(text: str) -> None:
    if text and not _FACILITY.match(text):
        raise ValueError(f"{text} is no syslog facility such as LOG_LOCAL0")


class Xlog(Module):
    """Log lines with variables in them."""

    name = "xlog"

    prefix = param("<script>: ", "Text before each line.")
    prefix_mode = param(0, "1: the prefix may hold variables, set anew for each line.", noop=True)
    buf_size = param(4096, "Longest line in bytes; longer ones are cut.")
    force_color = param(0, "1: colours even where the log goes to syslog.")
    long_format = param(0, "1: xlogl() shows the file's name with the line.", noop=True)
    log_facility = param("", "Syslog facility of these lines.", check=_facility)
    log_colors = param("", "Colours of levels in the terminal, such as L_ERR=cr.", repeat=True, noop=True)
    methods_filter = param(-1, "Methods (bits) for which xlogm() is silent.")
    auto_newline = param(0, "1: end each line with a line end.", noop=True)

    def write(self, level: int, text: str) -> int:
        engine = self.engine
        if level <= engine.params.debug:
            engine.write(level, self.prefix + text[: self.buf_size].rstrip("\n"))
        return 1

    def level_of(self, text: str) -> int:
        """The level that a script writes: a number, or a name such as L_INFO whose third letter counts."""
        if text.lstrip("-").isdigit():
            return int(text)
        return _LEVELS.get(text[2:3].upper(), ERR)

    @function("xlog", "xlogl")
    def xlog(self, ctx: RouteContext, first: str, second: str = "", third: str = "") -> int:
        """Write a line: xlog("text"), xlog("L_INFO", "text") or xlog("LOG_LOCAL0", "L_INFO", "text"). Returns 1.

        Levels: L_ALERT -5, L_BUG -4, L_CRIT -3, L_ERR -1 (the default), L_WARN 0, L_NOTICE 1, L_INFO 2, L_DBG 3.
        """
        if third:
            return self.write(self.level_of(second), third)
        if second:
            return self.write(self.level_of(first), second)
        return self.write(ERR, first)

    @function("xlogm")
    def xlogm(self, ctx: RouteContext, level: str, text: str) -> int:
        """As xlog with a level, but silent for the methods in methods_filter. Returns 1."""
        if METHODS.get(ctx.msg.method, 0) & self.methods_filter:
            return 1
        return self.write(self.level_of(level), text)

    @function("xdbg", "xdbgl")
    def xdbg(self, ctx: RouteContext, text: str) -> int:
        """Write a line at level 3. Returns 1."""
        return self.write(DBG, text)

    @function("xinfo")
    def xinfo(self, ctx: RouteContext, text: str) -> int:
        """Write a line at level 2. Returns 1."""
        return self.write(INFO, text)

    @function("xnotice")
    def xnotice(self, ctx: RouteContext, text: str) -> int:
        """Write a line at level 1. Returns 1."""
        return self.write(NOTICE, text)

    @function("xwarn")
    def xwarn(self, ctx: RouteContext, text: str) -> int:
        """Write a line at level 0. Returns 1."""
        return self.write(WARN, text)

    @function("xerr")
    def xerr(self, ctx: RouteContext, text: str) -> int:
        """Write a line at level -1. Returns 1."""
        return self.write(ERR, text)

    @function("xbug")
    def xbug(self, ctx: RouteContext, text: str) -> int:
        """Write a line at level -4. Returns 1."""
        return self.write(BUG, text)

    @function("xcrit")
    def xcrit(self, ctx: RouteContext, text: str) -> int:
        """Write a line at level -3. Returns 1."""
        return self.write(CRIT, text)

    @function("xalert")
    def xalert(self, ctx: RouteContext, text: str) -> int:
        """Write a line at level -5. Returns 1."""
        return self.write(ALERT, text)

    @variable("C", inner="required")
    def colour(self, inner: str, index: int | str | None) -> tuple[Getter, Setter | None]:
        """Terminal colours: $C(rx) red on default; x default, s r g y b p c w black to white, upper case bold."""
        if len(inner) != 2 or inner[0].lower() not in _COLOURS or inner[1].lower() not in _COLOURS:
            raise ValueError("is $C(xy): foreground and background, each one of x s r g y b p c w")
        front, back = inner[0], inner[1]
        code = f"\x1b[{'1' if front.isupper() else '0'};{30 + _COLOURS[front.lower()]};{40 + _COLOURS[back.lower()]}m"

        def get(ctx: RouteContext) -> Value:
            return code if self.engine.params.log_stderror or self.force_color else ""

        return get, None


MODULE = Xlog
