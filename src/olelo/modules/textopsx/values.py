"""Functions on the values of headers and their parameters."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.engine import ERR
from olelo.core.module import BRANCH, FAILURE, ONREPLY, REQUEST, Const, Module, function
from olelo.modules.textopsx.hfspec import (
    HfSpec,
    Place,
    all_values,
    find_pair,
    find_param,
    nth,
    pair_delimiter,
    pair_value_end,
    param_area,
    parse_spec,
)
from olelo.sip.message import Message

WHERE = REQUEST | ONREPLY | FAILURE | BRANCH


def _new_header(msg: Message, name: bytes, value: bytes, at: int | None = None) -> int:
    line = name + b": " + value + b"\r\n"
    if at is None:
        msg.append_header(line)
    else:
        msg.insert(at, line)
    return 1


def _insert_value(msg: Message, i: int, at: int, value: bytes) -> int:
    """A value between others of header i, with the comma on the side where a value stands."""
    msg.insert(at, b"," + value if at == msg.value_span(i)[1] else value + b",")
    return 1


def _remove_value(msg: Message, place: Place) -> int:
    """Remove a value and a comma with it; the last one of a header takes the header along."""
    begin, stop = msg.value_span(place.i)
    start, end = place.from_, place.to
    if end == stop and start > begin:
        start -= 1
    if (start, end) == (begin, stop):
        msg.remove_header(place.i)
    else:
        msg.replace(start, end, b"")
    return 1


def _change_param(msg: Message, place: Place, name: bytes, value: bytes | None) -> int:
    """Set (or, None, remove) a parameter of a value. Returns 1, -1 there was none to remove."""
    raw = msg.raw
    at = param_area(raw, place)
    found = find_param(raw, at, place.end, name)
    if value is not None:
        text = b"=" + value if value else b""
        if found is not None:
            msg.replace(found.after_name, found.end, text)
        else:
            msg.insert(place.end, b";" + name + text)
        return 1
    if found is None:
        return -1
    while found is not None:
        msg.replace(found.start, found.end, b"")
        found = find_param(raw, found.end, place.end, name)
    return 1


def _change_pair(msg: Message, i: int, name: bytes, value: bytes | None) -> int:
    """As _change_param for a header of pairs between commas."""
    raw = msg.raw
    begin, stop = msg.value_span(i)
    found = find_pair(raw, begin, stop, name)
    if value is not None:
        text = b"=" + value if value else b""
        if found is not None:
            msg.replace(found.after_name, pair_value_end(raw, begin, stop, found.after_name), text)
        else:
            msg.insert(stop, pair_delimiter(raw, begin, stop) + name + text)
        return 1
    if found is None:
        return -1
    msg.replace(found.start, found.end, b"")
    return 1


class HeaderValues(Module):
    """Functions on the values of headers."""

    def _spec(self, text: str, *, every: bool = True, param: bool = True, index: bool = True) -> HfSpec | None:
        """The parsed spec, None (logged) where it is bad or has what the function does not take."""
        try:
            spec = parse_spec(text)
        except ValueError as error:
            self.engine.log(ERR, f"textopsx: {error}")
            return None
        if (spec.every and not every) or (spec.param and not param) or (spec.number is not None and not index):
            self.engine.log(ERR, f"textopsx: {text!r} says more than this function takes")
            return None
        return spec

    @function("append_hf_value", routes=WHERE)
    def append_hf_value(self, ctx: RouteContext, header: Const, value: str) -> int:
        """Add a value behind value `HEADER[index]` (1 the first, -1 the last); without index, or where there is no such
        value, as a new header at the end. Returns 1, -1 bad HEADER."""
        spec = self._spec(header, every=False, param=False)
        if spec is None:
            return -1
        msg, data = ctx.msg, value.encode("latin-1")
        place = nth(all_values(msg, spec.name), spec.number or -1) if spec.number is not None else None
        if place is None:
            return _new_header(msg, spec.name, data)
        return _insert_value(msg, place.i, place.to, data)

    @function("insert_hf_value", routes=WHERE)
    def insert_hf_value(self, ctx: RouteContext, header: Const, value: str) -> int:
        """Add a value before value `HEADER[index]`; without index as a new header before the first of that name. Where
        there is no header of that name, as a new one at the end. Returns 1; -1 no such value, or bad HEADER."""
        spec = self._spec(header, every=False, param=False)
        if spec is None:
            return -1
        msg, data = ctx.msg, value.encode("latin-1")
        index = spec.number or 1
        place = nth(all_values(msg, spec.name), index)
        if place is None:
            return _new_header(msg, spec.name, data) if index == 1 else -1
        if spec.number is None:
            return _new_header(msg, spec.name, data, msg.start(place.i))
        return _insert_value(msg, place.i, place.from_, data)

    @function("remove_hf_value", routes=WHERE)
    def remove_hf_value(self, ctx: RouteContext, header: Const) -> int:
        """Remove value `HEADER[index]` (default 1, `*` all) or its parameter `.param`. Returns 1, -1 there is none."""
        return self._change(ctx.msg, header, None)

    @function("assign_hf_value", routes=WHERE)
    def assign_hf_value(self, ctx: RouteContext, header: Const, value: str) -> int:
        """Set value `HEADER[index]` (default 1) or its parameter `.param` (of all values with `*`); an empty value: the
        parameter stands without `=`. Returns 1, -1 there is no such value."""
        return self._change(ctx.msg, header, value.encode("latin-1"))

    @function("remove_hf_value2", routes=WHERE)
    def remove_hf_value2(self, ctx: RouteContext, header: Const) -> int:
        """As remove_hf_value() for Authorization and its kin: a header is one value, commas separate parameters."""
        return self._change2(ctx.msg, header, None)

    @function("assign_hf_value2", routes=WHERE)
    def assign_hf_value2(self, ctx: RouteContext, header: Const, value: str) -> int:
        """As assign_hf_value() for Authorization and its kin."""
        return self._change2(ctx.msg, header, value.encode("latin-1"))

    def _change(self, msg: Message, header: str, value: bytes | None) -> int:
        spec = self._spec(header)
        if spec is None or (value is not None and spec.every and not spec.param):
            return -1
        if spec.every:
            if not spec.param:
                return self._remove_headers(msg, spec.name)
            codes = [_change_param(msg, place, spec.param, value) for place in all_values(msg, spec.name)]
            return max(codes, default=-1)
        place = nth(all_values(msg, spec.name), spec.number or 1)
        if place is None:
            return -1
        if spec.param:
            return _change_param(msg, place, spec.param, value)
        if value is None:
            return _remove_value(msg, place)
        msg.replace(place.start, place.end, value)
        return 1

    def _change2(self, msg: Message, header: str, value: bytes | None) -> int:
        spec = self._spec(header)
        if spec is None or (value is not None and spec.every and not spec.param):
            return -1
        found = msg.find_named(spec.name)
        if spec.every:
            if not spec.param:
                return self._remove_headers(msg, spec.name)
            return max((_change_pair(msg, i, spec.param, value) for i in found), default=-1)
        index = spec.number or 1
        if not found or not -len(found) <= index <= len(found):
            return -1
        i = found[index - 1 if index > 0 else index]
        if spec.param:
            return _change_pair(msg, i, spec.param, value)
        if value is None:
            msg.remove_header(i)
        else:
            msg.replace(*msg.value_span(i), value)
        return 1

    def _remove_headers(self, msg: Message, name: bytes) -> int:
        found = msg.find_named(name)
        for i in found:
            msg.remove_header(i)
        return 1 if found else -1

    # --- sets ---------------------------------------------------------------------------------------------

    def _members(self, msg: Message, spec: HfSpec, value: bytes) -> list[Place]:
        wanted = value.lower()
        return [place for place in all_values(msg, spec.name) if msg.raw[place.start : place.end].lower() == wanted]

    @function("include_hf_value", routes=WHERE)
    def include_hf_value(self, ctx: RouteContext, header: Const, value: str) -> int:
        """Add a value to a header's set ("Supported: path,100rel") if it is not there. Returns 1, -1 the value is empty."""
        spec = self._spec(header, param=False, index=False)
        if spec is None or not value:
            return -1
        msg, data = ctx.msg, value.encode("latin-1")
        if self._members(msg, spec, data):
            return 1
        found = msg.find_named(spec.name)
        if not found:
            return _new_header(msg, spec.name, data)
        return _insert_value(msg, found[0], msg.value_span(found[0])[1], data)

    @function("exclude_hf_value", routes=WHERE)
    def exclude_hf_value(self, ctx: RouteContext, header: Const, value: str) -> int:
        """Remove a value from a header's set. Returns 1, also where it was not there; -1 the value is empty."""
        spec = self._spec(header, param=False, index=False)
        if spec is None or not value:
            return -1
        for place in self._members(ctx.msg, spec, value.encode("latin-1")):
            _remove_value(ctx.msg, place)
        return 1

    @function("hf_value_exists", routes=WHERE)
    def hf_value_exists(self, ctx: RouteContext, header: Const, value: str) -> int:
        """Is a value in a header's set? Returns 1 yes, -1 no."""
        spec = self._spec(header, param=False, index=False)
        return 1 if spec is not None and value and self._members(ctx.msg, spec, value.encode("latin-1")) else -1
