"""Iterators with names: over the headers of a message, and over the lines of its body."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.edits import fix_length
from olelo.core.engine import ERR
from olelo.core.module import Module, Value, function, variable
from olelo.sip.message import Message

#: Iterators of one kind at most, and the longest name, as in Kamailio.
MAX_ITERATORS = 4
MAX_NAME = 31


class Cursor:
    """Where an iterator stands: `place` counts headers or lines, -1 before the first; `end` where it has run out."""

    __slots__ = ("end", "lines", "place")

    def __init__(self, lines: list[tuple[int, int]]) -> None:
        self.lines = lines
        self.place = -1
        self.end = False

    def next(self) -> int:
        if self.end:
            return -1
        self.place += 1
        if self.place >= len(self.lines):
            self.place = -1
            self.end = True
            return -1
        return 1

    def span(self) -> tuple[int, int] | None:
        """(start, end) of what it stands on."""
        return self.lines[self.place] if 0 <= self.place < len(self.lines) else None


def header_lines(msg: Message) -> list[tuple[int, int]]:
    return [(msg.start(i), msg.end(i)) for i in range(len(msg.hids))]


def body_lines(msg: Message) -> list[tuple[int, int]]:
    found = []
    at = msg.body_at
    while at < len(msg.raw):
        end = msg.raw.find(b"\n", at) + 1 or len(msg.raw)
        found.append((at, end))
        at = end
    return found


class Iterators(Module):
    """The part of textopsx with the iterators."""

    def init(self) -> None:
        super().init()
        self._headers: dict[str, Cursor] = {}
        self._lines: dict[str, Cursor] = {}

    def _start(self, cursors: dict[str, Cursor], name: str, lines: list[tuple[int, int]]) -> int:
        if name not in cursors and (len(cursors) >= MAX_ITERATORS or len(name) > MAX_NAME):
            self.engine.log(ERR, f"textopsx: no iterator {name[:40]!r}: {MAX_ITERATORS} at most, short names")
            return -1
        cursors[name] = Cursor(lines)
        return 1

    def _cursor(self, cursors: dict[str, Cursor], name: str) -> Cursor | None:
        found = cursors.get(name)
        if found is None:
            self.engine.log(ERR, f"textopsx: iterator not available [{name}]")
        return found

    def _edit(self, ctx: RouteContext, cursors: dict[str, Cursor], name: str, text: str, where: str) -> int:
        cursor = self._cursor(cursors, name)
        span = cursor.span() if cursor is not None else None
        if span is None:
            return -1
        start, end = span
        if where == "rm":
            ctx.msg.replace(start, end, b"")
        else:
            ctx.msg.insert(start if where == "insert" else end, text.encode("latin-1"))
        if start >= ctx.msg.body_at:
            fix_length(ctx.msg)
        return 1

    # --- headers ------------------------------------------------------------------------------------------

    @function("hf_iterator_start")
    def hf_iterator_start(self, ctx: RouteContext, name: str) -> int:
        """Start to walk over the headers. Returns 1, -1 too many iterators."""
        return self._start(self._headers, name, header_lines(ctx.msg))

    @function("hf_iterator_next")
    def hf_iterator_next(self, ctx: RouteContext, name: str) -> int:
        """Go to the next header. Returns 1, -1 there is none."""
        cursor = self._cursor(self._headers, name)
        return cursor.next() if cursor is not None else -1

    @function("hf_iterator_prev")
    def hf_iterator_prev(self, ctx: RouteContext, name: str) -> int:
        """Go to the header before; from the first, back to the start. Returns 1, -1 the end was reached."""
        cursor = self._cursor(self._headers, name)
        if cursor is None or cursor.end:
            return -1
        cursor.place = max(cursor.place - 1, -1)
        return 1

    @function("hf_iterator_end")
    def hf_iterator_end(self, ctx: RouteContext, name: str) -> int:
        """Stop walking. Returns 1, -1 there is no such iterator."""
        return self._stop(self._headers, name)

    def _stop(self, cursors: dict[str, Cursor], name: str) -> int:
        cursor = self._cursor(cursors, name)
        if cursor is None:
            return -1
        cursors[name] = Cursor([])
        return 1

    @function("hf_iterator_rm")
    def hf_iterator_rm(self, ctx: RouteContext, name: str) -> int:
        """Remove the header it stands on. Returns 1, -1 it stands on none."""
        return self._edit(ctx, self._headers, name, "", "rm")

    @function("hf_iterator_append")
    def hf_iterator_append(self, ctx: RouteContext, name: str, text: str) -> int:
        """Add a header line behind the one it stands on. Returns 1, -1 it stands on none."""
        return self._edit(ctx, self._headers, name, text, "append")

    @function("hf_iterator_insert")
    def hf_iterator_insert(self, ctx: RouteContext, name: str, text: str) -> int:
        """Add a header line before the one it stands on. Returns 1, -1 it stands on none."""
        return self._edit(ctx, self._headers, name, text, "insert")

    @variable("hfitname", inner="required")
    def hfitname(self, inner: str, index: int | str | None) -> tuple[object, None]:
        """Name of the header that an iterator stands on."""

        def get(ctx: RouteContext) -> Value:
            cursor = self._headers.get(inner)
            return ctx.msg.name(cursor.place).decode("latin-1") if cursor is not None and cursor.span() else None

        return get, None

    @variable("hfitbody", inner="required")
    def hfitbody(self, inner: str, index: int | str | None) -> tuple[object, None]:
        """Value of the header that an iterator stands on."""

        def get(ctx: RouteContext) -> Value:
            cursor = self._headers.get(inner)
            if cursor is None or not cursor.span():
                return None
            start, end = ctx.msg.value_span(cursor.place)
            return ctx.msg.raw[start:end].decode("latin-1")

        return get, None

    # --- body lines ---------------------------------------------------------------------------------------

    @function("bl_iterator_start")
    def bl_iterator_start(self, ctx: RouteContext, name: str) -> int:
        """Start to walk over the body's lines. Returns 1, -1 too many iterators."""
        return self._start(self._lines, name, body_lines(ctx.msg))

    @function("bl_iterator_next")
    def bl_iterator_next(self, ctx: RouteContext, name: str) -> int:
        """Go to the next line. Returns 1, -1 there is none."""
        cursor = self._cursor(self._lines, name)
        return cursor.next() if cursor is not None else -1

    @function("bl_iterator_end")
    def bl_iterator_end(self, ctx: RouteContext, name: str) -> int:
        """Stop walking. Returns 1, -1 there is no such iterator."""
        return self._stop(self._lines, name)

    @function("bl_iterator_rm")
    def bl_iterator_rm(self, ctx: RouteContext, name: str) -> int:
        """Remove the line it stands on. Returns 1, -1 it stands on none."""
        return self._edit(ctx, self._lines, name, "", "rm")

    @function("bl_iterator_append")
    def bl_iterator_append(self, ctx: RouteContext, name: str, text: str) -> int:
        """Add a text behind the line it stands on. Returns 1, -1 it stands on none."""
        return self._edit(ctx, self._lines, name, text, "append")

    @function("bl_iterator_insert")
    def bl_iterator_insert(self, ctx: RouteContext, name: str, text: str) -> int:
        """Add a text before the line it stands on. Returns 1, -1 it stands on none."""
        return self._edit(ctx, self._lines, name, text, "insert")

    @variable("blitval", inner="required")
    def blitval(self, inner: str, index: int | str | None) -> tuple[object, None]:
        """The line that an iterator stands on, with its line end."""

        def get(ctx: RouteContext) -> Value:
            cursor = self._lines.get(inner)
            span = cursor.span() if cursor is not None else None
            return ctx.msg.raw[span[0] : span[1]].decode("latin-1") if span is not None else None

        return get, None
