"""Single values of headers: `Name`, `Name[2]`, `Name[-1].param`, `Name[*].param`, of comma-separated lists.

The functions with a 2 in their names are for headers such as Authorization, where commas separate parameters.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from olelo.core.context import RouteContext
from olelo.core.edits import CACHE_SIZE, append_at, headers_named
from olelo.core.engine import ERR
from olelo.core.module import BRANCH, FAILURE, ONREPLY, REQUEST, Const, Module, function
from olelo.sip.message import Message

WHERE = REQUEST | ONREPLY | FAILURE | BRANCH
#: How far from the end an index may count.
MAX_FROM_END = 10
_TARGET = re.compile(r"\s*([\w-]+)\s*(?:\[\s*(\*|-?\d*)\s*\])?\s*(?:\.\s*([\w-]+))?\s*")
_PARAM2 = re.compile(rb'(\s*,)?\s*([\w-]+)\s*(=\s*("[^"]*"?|[^\s,]*))?')


class Target(NamedTuple):
    """What a script names: header, index (0: none given), all of them, parameter."""

    name: str
    place: int
    every: bool
    indexed: bool
    param: str


class Item(NamedTuple):
    """A value: which header, and where it stands in the message; `whole` with the comma behind it."""

    header: int
    start: int
    end: int
    whole_start: int
    whole_end: int
    last: bool


def items_of(msg: Message, name: str) -> list[Item]:
    """All values of the headers of a name."""
    found: list[Item] = []
    raw = msg.raw
    for header in headers_named(msg, name):
        at, stop = msg.value_span(header)
        while True:
            comma = _comma(raw, at, stop)
            end = comma if comma >= 0 else stop
            value = raw[at:end]
            start = at + len(value) - len(value.lstrip())
            found.append(
                Item(
                    header,
                    start,
                    max(start, at + len(value.rstrip())),
                    at,
                    end + (comma >= 0),
                    comma < 0 or end + 1 >= stop,
                )
            )
            at = end + 1
            if comma < 0 or at >= stop:
                break
    return found


def _comma(raw: bytes, at: int, stop: int) -> int:
    quoted = False
    for i in range(at, stop):
        byte = raw[i]
        if byte == 0x22 and not (quoted and raw[i - 1] == 0x5C):
            quoted = not quoted
        elif byte == 0x2C and not quoted:
            return i
    return -1


def params_at(raw: bytes, start: int, end: int) -> int:
    """Where the parameters of a value begin: behind its URI or first word."""
    quoted = angled = False
    for i in range(start, end):
        byte = raw[i]
        if quoted:
            quoted = not (byte == 0x22 and raw[i - 1] != 0x5C)
        elif byte == 0x22:
            quoted = True
        elif byte == 0x3C:
            angled = True
        elif byte == 0x3E:
            angled = False
        elif byte == 0x3B and not angled:
            return i
    return end


def _param_end(raw: bytes, at: int, stop: int) -> int:
    """Where the parameter whose semicolon is at `at` ends; semicolons in quotes belong to it."""
    at += 1
    quoted = False
    while at < stop and (quoted or raw[at] != 59):
        if raw[at] == 34 and not (quoted and raw[at - 1] == 92):
            quoted = not quoted
        at += 1
    return at


class HeaderValues(Module):
    """The part of textopsx that works on values of headers."""

    def init(self) -> None:
        super().init()
        self._targets: dict[str, Target | None] = {}

    def _target(self, text: str) -> Target | None:
        if text not in self._targets:
            if len(self._targets) >= CACHE_SIZE:
                self._targets.clear()
            match = _TARGET.fullmatch(text)
            found = None
            if match is not None:
                index = match[2] or ""
                number = int(index) if index not in ("", "*", "-") else 0
                if number >= -MAX_FROM_END:
                    found = Target(match[1], number, index == "*", match[2] is not None, match[3] or "")
            if found is None:
                self.engine.log(ERR, f"textopsx: {text!r} names no value of a header")
            self._targets[text] = found
        return self._targets[text]

    # --- whole values -------------------------------------------------------------------------------------

    @function("append_hf_value", routes=WHERE)
    def append_hf_value(self, ctx: RouteContext, target: Const, value: str) -> int:
        """Add a value: `Name` as a header behind all others, `Name[i]` behind that value. Returns 1, -1."""
        found = self._target(target)
        if found is None or found.every or found.param:
            return -1
        item = _at(items_of(ctx.msg, found.name), found.place or -1) if found.indexed else None
        if item is None:
            return _header(ctx.msg, append_at(ctx.msg), found.name, value)
        if item.last:
            ctx.msg.insert(item.whole_end, b"," + value.encode("latin-1"))
        else:
            ctx.msg.insert(item.whole_end, value.encode("latin-1") + b",")
        return 1

    @function("insert_hf_value", routes=WHERE)
    def insert_hf_value(self, ctx: RouteContext, target: Const, value: str) -> int:
        """Add a value: `Name` as a header before the first of that name, `Name[i]` before that value. Returns 1, -1."""
        found = self._target(target)
        if found is None or found.every or found.param:
            return -1
        index = found.place or 1
        item = _at(items_of(ctx.msg, found.name), index)
        if item is None:
            return _header(ctx.msg, append_at(ctx.msg), found.name, value) if index == 1 else -1
        if not found.indexed:
            return _header(ctx.msg, ctx.msg.start(item.header), found.name, value)
        ctx.msg.insert(item.whole_start, value.encode("latin-1") + b",")
        return 1

    @function("remove_hf_value", routes=WHERE)
    def remove_hf_value(self, ctx: RouteContext, target: Const) -> int:
        """Remove a value, or a parameter of it; `[*]` of all. Returns 1 removed, -1 there is none."""
        return self._change(ctx, target, None)

    @function("assign_hf_value", routes=WHERE)
    def assign_hf_value(self, ctx: RouteContext, target: Const, value: str) -> int:
        """Change a value, or a parameter of it (added if it is missing). Returns 1, -1 there is no such value."""
        return self._change(ctx, target, value.encode("latin-1"))

    def _change(self, ctx: RouteContext, text: str, value: bytes | None) -> int:
        found = self._target(text)
        if found is None or (found.every and not found.param and value is not None):
            return -1
        msg = ctx.msg
        items = items_of(msg, found.name)
        if found.every and not found.param:
            for header in headers_named(msg, found.name):
                msg.remove_header(header)
            return 1 if items else -1
        if not found.every:
            item = _at(items, found.place or 1)
            items = [item] if item is not None else []
        result = -1
        for item in items:
            if found.param:
                code = self._change_param(msg, item, found.param, value)
                result = max(result, code)
            elif value is not None:
                msg.replace(item.start, item.end, value)
                result = 1
            else:
                _remove(msg, item)
                result = 1
        return result

    def _change_param(self, msg: Message, item: Item, name: str, value: bytes | None) -> int:
        """Change, add or (None) remove a parameter of a value."""
        raw = msg.raw
        at = params_at(raw, item.start, item.end)
        wanted = name.lower().encode("latin-1")
        while at < item.end:
            last = _param_end(raw, at, item.end)
            key = raw[at + 1 : last].partition(b"=")[0]
            if key.strip().lower() == wanted:
                name_end = at + 1 + len(key.rstrip())
                end = at + len(raw[at:last].rstrip())
                if value is None:
                    msg.replace(at, end, b"")
                    return 1
                msg.replace(name_end, end, b"=" + value if value else b"")
                return 1
            at = last
        if value is None:
            return -1
        msg.insert(item.end, b";" + name.encode("latin-1") + (b"=" + value if value else b""))
        return 1

    # --- headers with parameters between commas -----------------------------------------------------------

    @function("remove_hf_value2", routes=WHERE)
    def remove_hf_value2(self, ctx: RouteContext, target: Const) -> int:
        """As remove_hf_value(), for headers such as Authorization. Returns 1 removed, -1 there is none."""
        return self._change2(ctx, target, None)

    @function("assign_hf_value2", routes=WHERE)
    def assign_hf_value2(self, ctx: RouteContext, target: Const, value: str) -> int:
        """As assign_hf_value(), for headers such as Authorization; quotes are for the value to bring. Returns 1, -1."""
        return self._change2(ctx, target, value.encode("latin-1"))

    def _change2(self, ctx: RouteContext, text: str, value: bytes | None) -> int:
        found = self._target(text)
        if found is None or (found.every and not found.param and value is not None):
            return -1
        msg = ctx.msg
        headers = headers_named(msg, found.name)
        if not found.every:
            index = found.place or 1
            headers = headers[index - 1 : index] if index > 0 else headers[index:][:1] if -index <= len(headers) else []
        result = -1
        for header in headers:
            if found.param:
                result = max(result, self._change_param2(msg, header, found.param, value))
                continue
            result = 1
            if value is None:
                msg.remove_header(header)
            else:
                msg.replace(*msg.value_span(header), value)
        return result

    def _change_param2(self, msg: Message, header: int, name: str, value: bytes | None) -> int:
        start, end = msg.value_span(header)
        raw = msg.raw
        at = start
        wanted = name.lower().encode("latin-1")
        some = False
        while at < end:
            match = _PARAM2.match(raw, at, end)
            if match is None:
                at += 1
                continue
            if match[3] is not None:
                some = True
                if match[2].lower() == wanted:
                    if value is not None:
                        msg.replace(match.start(3), match.end(3), b"=" + value if value else b"")
                        return 1
                    stop = match.end()
                    if match[1] is None and raw[stop : stop + 1] == b",":
                        stop += 1
                    msg.replace(match.start(), stop, b"")
                    return 1
            at = match.end()
        if value is None:
            return -1
        mark = b"," if some else b" "
        msg.insert(end, mark + name.encode("latin-1") + (b"=" + value if value else b""))
        return 1

    # --- lists --------------------------------------------------------------------------------------------

    @function("hf_value_exists", routes=WHERE)
    def hf_value_exists(self, ctx: RouteContext, name: Const, value: str) -> int:
        """Is this, in any case, one of the values of the headers of a name? Returns 1 yes, -1 no."""
        return 1 if self._equal(ctx.msg, name, value) else -1

    def _equal(self, msg: Message, name: str, value: str) -> list[Item]:
        wanted = value.encode("latin-1").lower()
        return [i for i in items_of(msg, name) if wanted and msg.raw[i.start : i.end].lower() == wanted]

    @function("include_hf_value", routes=WHERE)
    def include_hf_value(self, ctx: RouteContext, name: Const, value: str) -> int:
        """Add a value to the first header of a name, or a header, unless it is there. Returns 1, -1 no value."""
        if not value:
            return -1
        if self._equal(ctx.msg, name, value):
            return 1
        headers = headers_named(ctx.msg, name)
        if not headers:
            return _header(ctx.msg, append_at(ctx.msg), name, value)
        ctx.msg.insert(ctx.msg.value_span(headers[0])[1], b"," + value.encode("latin-1"))
        return 1

    @function("exclude_hf_value", routes=WHERE)
    def exclude_hf_value(self, ctx: RouteContext, name: Const, value: str) -> int:
        """Remove a value from the headers of a name. Returns 1, also where it is not there; -1 no value."""
        if not value:
            return -1
        for item in self._equal(ctx.msg, name, value):
            _remove(ctx.msg, item)
        return 1


def _at(items: list[Item], index: int) -> Item | None:
    """The value at a place: 1 is the first, -1 the last."""
    place = index - 1 if index > 0 else len(items) + index
    return items[place] if 0 <= place < len(items) else None


def _header(msg: Message, at: int, name: str, value: str) -> int:
    msg.insert(at, f"{name}: {value}\r\n".encode("latin-1"))
    return 1


def _remove(msg: Message, item: Item) -> None:
    """Take a value out, with the comma that it leaves over; a header that was nothing else goes, too."""
    start, end = msg.value_span(item.header)
    first, last = item.whole_start, item.whole_end
    if last == end and first > start:
        first -= 1
    if first == start and last == end:
        msg.remove_header(item.header)
    else:
        msg.replace(first, last, b"")
