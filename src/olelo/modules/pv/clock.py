"""Time: $time(sec) $utime(..) $timef(%H) $utimef(..) $TV(..) $Ts $TS $Tf $TF $Tb."""

from __future__ import annotations

import time

from olelo.core.context import RouteContext
from olelo.core.module import Module, variable
from olelo.modules.pv.common import Pair
from olelo.script.catalog import Value

#: Longest result of a strftime format; a longer one gives $null.
_FORMAT_LIMIT = 63
_FIELDS = {
    "sec": lambda t: t.tm_sec,
    "min": lambda t: t.tm_min,
    "hour": lambda t: t.tm_hour,
    "mday": lambda t: t.tm_mday,
    "mon": lambda t: t.tm_mon,
    "year": lambda t: t.tm_year,
    "wday": lambda t: (t.tm_wday + 1) % 7 + 1,  # 1 is Sunday
    "yday": lambda t: t.tm_yday,
    "isdst": lambda t: t.tm_isdst,
}


class ClockVariables(Module):
    """Variables of time. The time of the message is taken at the first question and stays."""

    def message_time(self, ctx: RouteContext) -> float:
        store = ctx.store
        if store is None:
            store = ctx.store = {}
        found = store.get("pv.time")
        if found is None:
            found = store["pv.time"] = self.engine.services.wall()
        return float(found)

    @variable("time", inner="required", dynamic=False)
    def time(self, inner: str, index: int | str | None) -> Pair:
        """Local time of the message: sec min hour mday mon year wday (1 Sunday) yday isdst."""
        return self._field(inner, False)

    @variable("utime", inner="required", dynamic=False)
    def utime(self, inner: str, index: int | str | None) -> Pair:
        """As $time, in UTC."""
        return self._field(inner, True)

    def _field(self, key: str, utc: bool) -> Pair:
        read = _FIELDS.get(key)
        if read is None:
            raise ValueError(f"{key!r} is not one of {', '.join(_FIELDS)}")

        def get(ctx: RouteContext) -> Value:
            at = self.message_time(ctx)
            return int(read(time.gmtime(at) if utc else time.localtime(at)))

        return get, None

    @variable("timef", inner="required", dynamic=False)
    def timef(self, inner: str, index: int | str | None) -> Pair:
        """Local time of the message by a strftime format."""
        return self._formatted(inner, False)

    @variable("utimef", inner="required", dynamic=False)
    def utimef(self, inner: str, index: int | str | None) -> Pair:
        """As $timef, in UTC."""
        return self._formatted(inner, True)

    def _formatted(self, layout: str, utc: bool) -> Pair:
        def get(ctx: RouteContext) -> Value:
            at = self.message_time(ctx)
            text = time.strftime(layout, time.gmtime(at) if utc else time.localtime(at))
            return text if 0 < len(text) <= _FORMAT_LIMIT else None

        return get, None

    @variable("TV", inner="required", dynamic=False)
    def TV(self, inner: str, index: int | str | None) -> Pair:
        """Seconds and microseconds: s u of the message; sn now, un its microseconds; Sn `s.u`; Fn date and time."""
        getters = {
            "s": self.Ts,
            "u": self._message_micros,
            "sn": self._now_seconds,
            "un": self._now_micros,
            "Sn": self._now_text,
            "Fn": self._now_date,
        }
        found = getters.get(inner)
        if found is None:
            raise ValueError(f"{inner!r} is not one of {', '.join(getters)}")
        return found, None

    def _message_micros(self, ctx: RouteContext) -> Value:
        return int(self.message_time(ctx) * 1000000) % 1000000

    _read_at = 0.0

    def _now_seconds(self, ctx: RouteContext) -> Value:
        self._read_at = self.engine.services.wall()
        return int(self._read_at)

    def _now_micros(self, ctx: RouteContext) -> Value:
        """Microseconds that belong to the last $TV(sn)."""
        return int(self._read_at * 1000000) % 1000000

    def _now_text(self, ctx: RouteContext) -> Value:
        micros = int(self.engine.services.wall() * 1000000)
        return f"{micros // 1000000}.{micros % 1000000:06d}"

    def _now_date(self, ctx: RouteContext) -> Value:
        micros = int(self.engine.services.wall() * 1000000)
        date = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(micros // 1000000))
        return f"{date}.{micros % 1000000:06d}"

    @variable("Ts")
    def Ts(self, ctx: RouteContext) -> Value:
        """Unix time of the message."""
        return int(self.message_time(ctx))

    @variable("TS")
    def TS(self, ctx: RouteContext) -> Value:
        """Unix time now."""
        return int(self.engine.services.wall())

    @variable("Tf")
    def Tf(self, ctx: RouteContext) -> Value:
        """Time of the message as text, `Mon Nov 23 10:00:00 2026`."""
        return time.ctime(self.message_time(ctx))

    @variable("TF")
    def TF(self, ctx: RouteContext) -> Value:
        """Time now as text."""
        return time.ctime(self.engine.services.wall())

    @variable("Tb")
    def Tb(self, ctx: RouteContext) -> Value:
        """Unix time of the start."""
        return int(self.engine.started_at)
