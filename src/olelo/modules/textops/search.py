"""Searching and replacing in the text of the message, as it was received."""

from __future__ import annotations

import re

from olelo.core import ruri
from olelo.core.context import RouteContext
from olelo.core.engine import ERR
from olelo.core.module import BRANCH, FAILURE, ONREPLY, REQUEST, Const, Module, function
from olelo.modules.textops.edits import end_of_headers, first_match, note, replaced_all, replaced_text
from olelo.modules.textops.substitution import Substitutions
from olelo.script import regex
from olelo.script.catalog import PvRef
from olelo.sip.errors import SipError
from olelo.sip.message import Edit, Message
from olelo.sip.uri import parse_uri

URI_ROUTES = REQUEST | ONREPLY | FAILURE | BRANCH


def _once(mode: str) -> bool:
    return mode[:1] in ("", "f", "F")


def _replace_first(msg: Message, pattern: re.Pattern[str], text: str, start: int, stop: int) -> int:
    found = first_match(msg, pattern, start, stop)
    if found is None:
        return -1
    note(msg, [(*found, text.encode("latin-1"))])
    return 1


def _replace_every(msg: Message, pattern: re.Pattern[str], text: str, start: int) -> int:
    edits, good = replaced_all(msg, pattern, start, len(msg.raw), text.encode("latin-1"))
    note(msg, edits)
    return 1 if edits and good else -1


class Search(Module):
    """Searching and replacing."""

    def init(self) -> None:
        super().init()
        self._substitutions = Substitutions(self.engine.catalog)

    # --- searching ----------------------------------------------------------------------------------------

    @function("search")
    def search(self, ctx: RouteContext, pattern: re.Pattern[str]) -> int:
        """Does the pattern match anywhere in the message? Returns 1 yes, -1 no."""
        return 1 if pattern.search(ctx.msg.raw.decode("latin-1")) else -1

    @function("search_body")
    def search_body(self, ctx: RouteContext, pattern: re.Pattern[str]) -> int:
        """Does the pattern match in the body? Returns 1 yes, -1 no, or there is no body."""
        body = ctx.msg.body
        return 1 if body and pattern.search(body.decode("latin-1")) else -1

    @function("search_hf")
    def search_hf(self, ctx: RouteContext, name: Const, pattern: re.Pattern[str], mode: Const) -> int:
        """Does the pattern match in a header's value: in any (mode a), in the first (f), in the last (l)? Returns 1 yes, -1
        no, or there is no such header."""
        msg = ctx.msg
        found = msg.find_named(name.encode("latin-1"))
        for i in found[:1] if mode[:1] == "f" else found[-1:] if mode[:1] == "l" else found:
            start, end = msg.value_span(i)
            if pattern.search(msg.raw[start:end].decode("latin-1")):
                return 1
        return -1

    # --- adding and replacing by pattern ------------------------------------------------------------------

    @function("search_append")
    def search_append(self, ctx: RouteContext, pattern: re.Pattern[str], text: Const) -> int:
        """Insert a text behind the first match in headers and body. Returns 1, -1 no match."""
        return self._append(ctx.msg, pattern, text, ctx.msg.headers_at)

    @function("search_append_body")
    def search_append_body(self, ctx: RouteContext, pattern: re.Pattern[str], text: Const) -> int:
        """Insert a text behind the first match in the body. Returns 1, -1 no match, or there is no body."""
        return self._append(ctx.msg, pattern, text, ctx.msg.body_at) if ctx.msg.body else -1

    def _append(self, msg: Message, pattern: re.Pattern[str], text: str, start: int) -> int:
        found = first_match(msg, pattern, start, len(msg.raw))
        if found is None:
            return -1
        note(msg, [(found[1], found[1], text.encode("latin-1"))])
        return 1

    @function("replace")
    def replace(self, ctx: RouteContext, pattern: re.Pattern[str], text: Const) -> int:
        """Replace the first match in headers and body. Returns 1, -1 no match."""
        return _replace_first(ctx.msg, pattern, text, ctx.msg.headers_at, len(ctx.msg.raw))

    @function("replace_hdrs")
    def replace_hdrs(self, ctx: RouteContext, pattern: re.Pattern[str], text: Const) -> int:
        """Replace the first match in the headers. Returns 1, -1 no match."""
        return _replace_first(ctx.msg, pattern, text, ctx.msg.headers_at, end_of_headers(ctx.msg))

    @function("replace_body")
    def replace_body(self, ctx: RouteContext, pattern: re.Pattern[str], text: Const) -> int:
        """Replace the first match in the body. Returns 1, -1 no match, or there is no body."""
        if not ctx.msg.body:
            return -1
        return _replace_first(ctx.msg, pattern, text, ctx.msg.body_at, len(ctx.msg.raw))

    @function("replace_all")
    def replace_all(self, ctx: RouteContext, pattern: re.Pattern[str], text: Const) -> int:
        """Replace every match in headers and body. Returns 1; -1 no match, or it ended at an empty one."""
        return _replace_every(ctx.msg, pattern, text, ctx.msg.headers_at)

    @function("replace_body_all")
    def replace_body_all(self, ctx: RouteContext, pattern: re.Pattern[str], text: Const) -> int:
        """Replace every match in the body, ^ and $ being the ends of its lines. Returns 1; -1 no match, it ended at an empty
        one, or there is no body."""
        return _replace_every(ctx.msg, pattern, text, ctx.msg.body_at) if ctx.msg.body else -1

    @function("replace_body_atonce")
    def replace_body_atonce(self, ctx: RouteContext, pattern: Const, text: Const) -> int:
        """Replace every match in the body, ^ and $ being its ends. Returns 1; -1 no match, it ended at an empty one, bad
        pattern, or there is no body."""
        try:
            compiled = regex.posix(pattern, True, False)
        except ValueError as error:
            self.engine.log(ERR, f"textops: bad regular expression {str(pattern)!r}: {error}")
            return -1
        return _replace_every(ctx.msg, compiled, text, ctx.msg.body_at) if ctx.msg.body else -1

    # --- replacing by text --------------------------------------------------------------------------------

    @function("replace_str")
    def replace_str(self, ctx: RouteContext, old: str, new: str, mode: str) -> int:
        """Replace a text in headers and body, once (mode f) or wherever it occurs (a). Returns 1, also where it did not."""
        return self._replace_text(ctx.msg, old, new, mode, ctx.msg.headers_at, len(ctx.msg.raw))

    @function("replace_hdrs_str")
    def replace_hdrs_str(self, ctx: RouteContext, old: str, new: str, mode: str) -> int:
        """As replace_str(), in the headers."""
        return self._replace_text(ctx.msg, old, new, mode, ctx.msg.headers_at, end_of_headers(ctx.msg))

    @function("replace_body_str")
    def replace_body_str(self, ctx: RouteContext, old: str, new: str, mode: str) -> int:
        """As replace_str(), in the body. Returns 1, -1 there is no body."""
        if not ctx.msg.body:
            return -1
        return self._replace_text(ctx.msg, old, new, mode, ctx.msg.body_at, len(ctx.msg.raw))

    def _replace_text(self, msg: Message, old: str, new: str, mode: str, start: int, stop: int) -> int:
        edits = replaced_text(msg, old.encode("latin-1"), new.encode("latin-1"), start, stop, not _once(mode))
        note(msg, edits)
        return 1

    # --- sed's way ----------------------------------------------------------------------------------------

    def _subst(self, ctx: RouteContext, expression: str, spans: list[tuple[int, int]]) -> int:
        """Substitute in parts of the message. Returns 1, -1 nothing matched, or the expression is bad."""
        made = self._substitutions.get(expression)
        if made is None:
            return -1
        edits: list[Edit] = []
        for start, stop in spans:
            text = ctx.msg.raw[start:stop].decode("latin-1")
            edits += [(start + a, start + b, new.encode("latin-1")) for a, b, new in made.places(ctx, text)]
        note(ctx.msg, edits)
        return 1 if edits else -1

    @function("subst")
    def subst(self, ctx: RouteContext, expression: Const) -> int:
        """/re/repl/flags on headers and body. Flags: i any case, g every match, s lines do not count. Returns 1, -1 no match."""
        return self._subst(ctx, expression, [(ctx.msg.headers_at, len(ctx.msg.raw))])

    @function("subst_body")
    def subst_body(self, ctx: RouteContext, expression: Const) -> int:
        """/re/repl/flags on the body. Returns 1; -1 no match, or there is no body."""
        return self._subst(ctx, expression, [(ctx.msg.body_at, len(ctx.msg.raw))]) if ctx.msg.body else -1

    @function("subst_hf")
    def subst_hf(self, ctx: RouteContext, name: Const, expression: Const, mode: Const) -> int:
        """/re/repl/flags on values of a header: of all (mode a), the first (f), the last (l). Returns 1, -1 no match."""
        msg = ctx.msg
        found = msg.find_named(name.encode("latin-1"))
        chosen = found[:1] if mode[:1] == "f" else found[-1:] if mode[:1] == "l" else found
        return self._subst(ctx, expression, [msg.value_span(i) for i in chosen])

    @function("subst_uri", routes=URI_ROUTES)
    def subst_uri(self, ctx: RouteContext, expression: Const) -> int:
        """/re/repl/flags on the Request-URI as it is now. Returns 1, -1 no match."""
        made = self._substitutions.get(expression)
        changed = made.apply(ctx, ctx.ruri.decode("latin-1")) if made is not None else None
        return ruri.set_uri(ctx, changed.encode("latin-1")) if changed is not None else -1

    @function("subst_user", routes=URI_ROUTES)
    def subst_user(self, ctx: RouteContext, expression: Const) -> int:
        """/re/repl/flags on the Request-URI's user ("" where it has none). Returns 1, -1 no match, or a bad URI."""
        made = self._substitutions.get(expression)
        if made is None:
            return -1
        try:
            user = parse_uri(ctx.ruri).user
        except SipError:
            return -1
        changed = made.apply(ctx, user.decode("latin-1"))
        return ruri.set_user(ctx, changed.encode("latin-1")) if changed is not None else -1

    @function("subst_v")
    def subst_v(self, ctx: RouteContext, text: str, expression: Const, to: PvRef) -> int:
        """/re/repl/flags on a text, the result into a variable. Returns 1; -1 no match. (A function of later releases.)"""
        made = self._substitutions.get(expression)
        changed = made.apply(ctx, text) if made is not None else None
        if changed is None or to.set is None:
            return -1
        to.set(ctx, changed)
        return 1
