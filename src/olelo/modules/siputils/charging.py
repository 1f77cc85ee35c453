"""P-Charging-Vector (RFC 7315 section 5.6): made, replaced, removed, read."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import Module, Value, function, variable

_HEADER = b"P-Charging-Vector"
_NAMES = {
    "all": b"",
    "value": b"icid-value=",
    "genaddr": b"icid-generated-at=",
    "orig": b"orig-ioi=",
    "term": b"term-ioi=",
}


class Charging(Module):
    """The part of siputils that works on P-Charging-Vector."""

    def init(self) -> None:
        super().init()
        self._vectors = 0

    @function("sip_p_charging_vector")
    def sip_p_charging_vector(self, ctx: RouteContext, flags: str) -> int:
        """flags: "r" remove the header, "g" make one if there is none, "f" make one in any case. Returns 1, -1."""
        flags = flags.lower()
        replace = "f" in flags
        msg = ctx.msg
        found = msg.find_named(_HEADER)
        present = any(b"icid-value=" in msg.value(i) for i in found)
        if present and (replace or "r" in flags):
            for i in found:
                msg.remove_header(i)
        if not replace and (present or "g" not in flags):
            return 1
        value = b"icid-value=%b; icid-generated-at=%b" % (self._icid(), ctx.rcv.socket.host.encode("latin-1"))
        msg.append_header(_HEADER + b": " + value + b"\r\n")
        if ctx.store is None:
            ctx.store = {}
        ctx.store["pcv"] = value
        return 1

    def _icid(self) -> bytes:
        """An identifier that no other call has: 32 hexadecimal digits."""
        self._vectors += 1
        return b"495653" + self.engine.new_id(9).upper().encode("ascii") + b"%08X" % (self._vectors & 0xFFFFFFFF)

    @variable("pcv", inner="required")
    def pcv(self, inner: str, index: int | str | None) -> tuple[object, None]:
        """P-Charging-Vector: $pcv(all), $pcv(value), $pcv(genaddr), $pcv(orig), $pcv(term)."""
        if inner not in _NAMES:
            raise ValueError("is $pcv(all), $pcv(value), $pcv(genaddr), $pcv(orig) or $pcv(term)")
        name = _NAMES[inner]

        def get(ctx: RouteContext) -> Value:
            made = ctx.store.get("pcv") if ctx.store is not None else None
            text: bytes = made or next(iter(ctx.msg.named(_HEADER)), b"")
            if b"icid-value=" not in text:
                return None
            at = text.find(name)
            if at < 0:
                return None
            if not name:
                return text.decode("latin-1")
            value = text[at + len(name) :]
            for mark in (b" ", b";", b","):
                value = value.partition(mark)[0]
            return value.decode("latin-1") or None

        return get, None
