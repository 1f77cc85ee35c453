"""Going through the headers, or the lines of the body, one by one."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.edits import fix_length
from olelo.core.module import Getter, Module, Setter, Value, function, variable
from olelo.sip.message import Message

#: Iterators of one sort at the same time, and the longest name.
MOST = 4
LONGEST = 31
#: Where a message's iterators are kept: with the message, so that no other message finds them.
HEADERS, LINES = "textopsx.headers", "textopsx.lines"


class Iterator:
    """A place among spans of a message: before the first (-1), at one, or past the last."""

    __slots__ = ("at", "msg", "spans")

    def __init__(self, msg: Message, spans: list[tuple[int, int]]) -> None:
        self.msg = msg
        self.spans = spans
        self.at = -1

    def next(self) -> bool:
        if self.at < len(self.spans):
            self.at += 1
        return self.at < len(self.spans)

    def previous(self) -> bool:
        """One back, where -1 is a place; not from past the end."""
        if self.at >= len(self.spans):
            return False
        self.at = max(self.at - 1, -1)
        return True

    def span(self) -> tuple[int, int] | None:
        return self.spans[self.at] if 0 <= self.at < len(self.spans) else None


def body_lines(msg: Message) -> list[tuple[int, int]]:
    """Where the lines of the body are, line ends included."""
    lines = []
    at = msg.body_at
    while at < len(msg.raw):
        end = msg.raw.find(b"\n", at) + 1 or len(msg.raw)
        lines.append((at, end))
        at = end
    return lines


def _all(ctx: RouteContext, kind: str) -> dict[str, Iterator]:
    if ctx.store is None:
        ctx.store = {}
    found: dict[str, Iterator] = ctx.store.setdefault(kind, {})
    return found


def _get(ctx: RouteContext, kind: str, name: str) -> Iterator | None:
    """The iterator of that name over the message as it is now: one from before msg_apply_changes() is over."""
    found = _all(ctx, kind).get(name) if ctx.store is not None else None
    return found if found is not None and found.msg is ctx.msg else None


def _start(ctx: RouteContext, kind: str, name: str, spans: list[tuple[int, int]]) -> int:
    known = _all(ctx, kind)
    if not name or len(name) > LONGEST or (name not in known and len(known) >= MOST):
        return -1
    known[name] = Iterator(ctx.msg, spans)
    return 1


def _end(ctx: RouteContext, kind: str, name: str) -> int:
    """Back to before the first; the lines of a body are over. The name stays taken for this message, as in Kamailio."""
    iterator = _get(ctx, kind, name)
    if iterator is None:
        return -1
    iterator.at = -1
    if kind == LINES:
        iterator.spans = []
    return 1


def _edit(ctx: RouteContext, kind: str, name: str, where: int, text: str) -> int:
    """Remove the span (where 0) or put text before (-1) or behind it (1). Returns 1, -1 the iterator stands nowhere."""
    iterator = _get(ctx, kind, name)
    span = iterator.span() if iterator is not None else None
    if span is None:
        return -1
    start, end = span
    data = text.encode("latin-1")
    if where == 0:
        ctx.msg.replace(start, end, b"")
    else:
        ctx.msg.insert(start if where < 0 else end, data)
    if start >= ctx.msg.body_at:
        fix_length(ctx.msg)
    return 1


class Iterators(Module):
    """Iterators over headers and body lines. They see the message as received; changes do not move them."""

    @function("hf_iterator_start")
    def hf_iterator_start(self, ctx: RouteContext, name: str) -> int:
        """Begin going through the headers. Returns 1; -1 there are 4 iterators already, or the name has over 31 characters."""
        return _start(ctx, HEADERS, name, [(ctx.msg.start(i), ctx.msg.end(i)) for i in range(len(ctx.msg.hids))])

    @function("hf_iterator_end")
    def hf_iterator_end(self, ctx: RouteContext, name: str) -> int:
        """Give the iterator up. Returns 1, -1 there is none of that name."""
        return _end(ctx, HEADERS, name)

    @function("hf_iterator_next")
    def hf_iterator_next(self, ctx: RouteContext, name: str) -> int:
        """Go to the next header; the first call goes to the first. Returns 1; -1 there is none, or no such iterator."""
        iterator = _get(ctx, HEADERS, name)
        return 1 if iterator is not None and iterator.next() else -1

    @function("hf_iterator_prev")
    def hf_iterator_prev(self, ctx: RouteContext, name: str) -> int:
        """Go one header back, from the first to before it. Returns 1; -1 the iterator is past the last, or unknown."""
        iterator = _get(ctx, HEADERS, name)
        return 1 if iterator is not None and iterator.previous() else -1

    @function("hf_iterator_rm")
    def hf_iterator_rm(self, ctx: RouteContext, name: str) -> int:
        """Remove the header where the iterator is. Returns 1, -1 it is nowhere."""
        return _edit(ctx, HEADERS, name, 0, "")

    @function("hf_iterator_append")
    def hf_iterator_append(self, ctx: RouteContext, name: str, line: str) -> int:
        """Add header lines behind the one where the iterator is. Returns 1, -1 it is nowhere."""
        return _edit(ctx, HEADERS, name, 1, line)

    @function("hf_iterator_insert")
    def hf_iterator_insert(self, ctx: RouteContext, name: str, line: str) -> int:
        """Add header lines before the one where the iterator is. Returns 1, -1 it is nowhere."""
        return _edit(ctx, HEADERS, name, -1, line)

    @function("bl_iterator_start")
    def bl_iterator_start(self, ctx: RouteContext, name: str) -> int:
        """Begin going through the lines of the body. Returns 1; -1 as hf_iterator_start()."""
        return _start(ctx, LINES, name, body_lines(ctx.msg))

    @function("bl_iterator_end")
    def bl_iterator_end(self, ctx: RouteContext, name: str) -> int:
        """Give the iterator up. Returns 1, -1 there is none of that name."""
        return _end(ctx, LINES, name)

    @function("bl_iterator_next")
    def bl_iterator_next(self, ctx: RouteContext, name: str) -> int:
        """Go to the next line; the first call goes to the first. Returns 1; -1 there is none, or no such iterator."""
        iterator = _get(ctx, LINES, name)
        return 1 if iterator is not None and iterator.next() else -1

    @function("bl_iterator_rm")
    def bl_iterator_rm(self, ctx: RouteContext, name: str) -> int:
        """Remove the line where the iterator is. Returns 1, -1 it is nowhere."""
        return _edit(ctx, LINES, name, 0, "")

    @function("bl_iterator_append")
    def bl_iterator_append(self, ctx: RouteContext, name: str, text: str) -> int:
        """Add text behind the line where the iterator is. Returns 1, -1 it is nowhere."""
        return _edit(ctx, LINES, name, 1, text)

    @function("bl_iterator_insert")
    def bl_iterator_insert(self, ctx: RouteContext, name: str, text: str) -> int:
        """Add text before the line where the iterator is. Returns 1, -1 it is nowhere."""
        return _edit(ctx, LINES, name, -1, text)

    # --- where they are -----------------------------------------------------------------------------------

    @variable("hfitname", inner="required")
    def hfitname(self, inner: str, index: int | str | None) -> tuple[Getter, Setter | None]:
        """$hfitname(x): the name of the header where iterator x is."""

        def get(ctx: RouteContext) -> Value:
            iterator = _get(ctx, HEADERS, inner)
            if iterator is None or iterator.span() is None:
                return None
            return ctx.msg.name(iterator.at).decode("latin-1")

        return get, None

    @variable("hfitbody", inner="required")
    def hfitbody(self, inner: str, index: int | str | None) -> tuple[Getter, Setter | None]:
        """$hfitbody(x): the value of the header where iterator x is."""

        def get(ctx: RouteContext) -> Value:
            iterator = _get(ctx, HEADERS, inner)
            if iterator is None or iterator.span() is None:
                return None
            start, end = ctx.msg.value_span(iterator.at)
            return ctx.msg.raw[start:end].decode("latin-1")

        return get, None

    @variable("blitval", inner="required")
    def blitval(self, inner: str, index: int | str | None) -> tuple[Getter, Setter | None]:
        """$blitval(x): the body line where iterator x is, its line end included."""

        def get(ctx: RouteContext) -> Value:
            iterator = _get(ctx, LINES, inner)
            span = iterator.span() if iterator is not None else None
            return ctx.msg.raw[span[0] : span[1]].decode("latin-1") if span is not None else None

        return get, None
