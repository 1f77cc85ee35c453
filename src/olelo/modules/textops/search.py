"""Text searched, replaced and substituted in a message.

What is read is what was received; what is changed shows when the message leaves, or after msg_apply_changes().
"""

from __future__ import annotations

import re

from olelo.core.context import RouteContext
from olelo.core.edits import CACHE_SIZE, append_at, fix_length, headers_named, text_from
from olelo.core.engine import ERR
from olelo.core.module import BRANCH, FAILURE, ONREPLY, REQUEST, Const, Module, function
from olelo.modules.textops.subst import Subst
from olelo.script import regex
from olelo.script.catalog import PvRef
from olelo.script.values import Resolver
from olelo.sip.errors import SipError
from olelo.sip.message import Message
from olelo.sip.uri import parse_uri


class Search(Module):
    """The part of textops that works on text, wherever it stands."""

    def init(self) -> None:
        super().init()
        self._resolver = Resolver(self.engine.catalog)
        self._substs: dict[str, Subst | None] = {}
        self._plain: dict[str, re.Pattern[str] | None] = {}

    # --- searching ----------------------------------------------------------------------------------------

    @function("search")
    def search(self, ctx: RouteContext, expression: re.Pattern[str]) -> int:
        """Does the message match, first line and body included? Returns 1 yes, -1 no."""
        return 1 if expression.search(text_from(ctx.msg, 0)) else -1

    @function("search_body")
    def search_body(self, ctx: RouteContext, expression: re.Pattern[str]) -> int:
        """Does the body match? Returns 1 yes, -1 no, or there is no body."""
        body = text_from(ctx.msg, ctx.msg.body_at)
        return 1 if body and expression.search(body) else -1

    @function("search_str")
    def search_str(self, ctx: RouteContext, text: str, expression: re.Pattern[str]) -> int:
        """Does a text match? Returns 1 yes, -1 no, or it is empty."""
        return 1 if text and expression.search(text) else -1

    @function("search_hf")
    def search_hf(self, ctx: RouteContext, name: Const, expression: re.Pattern[str], which: Const) -> int:
        """Does the value of a header match? which: "a" any of that name, "f" the first, "l" the last.
        Returns 1 yes, -1 no."""
        msg = ctx.msg
        found = headers_named(msg, name)
        for i in _chosen(found, which):
            if expression.search(text_from(msg, *msg.value_span(i))):
                return 1
        return -1

    # --- adding behind a match ----------------------------------------------------------------------------

    @function("search_append")
    def search_append(self, ctx: RouteContext, expression: re.Pattern[str], text: Const) -> int:
        """Add a text behind the first match in headers and body. Returns 1, -1 no match."""
        return self._append(ctx.msg, expression, text, ctx.msg.headers_at)

    @function("search_append_body")
    def search_append_body(self, ctx: RouteContext, expression: re.Pattern[str], text: Const) -> int:
        """Add a text behind the first match in the body. Returns 1, -1 no match."""
        return self._append(ctx.msg, expression, text, ctx.msg.body_at)

    def _append(self, msg: Message, expression: re.Pattern[str], text: str, start: int) -> int:
        match = expression.search(text_from(msg, start))
        if match is None:
            return -1
        at = start + match.end()
        return _noted(msg, [(at, at, text.encode("latin-1"))])

    # --- replacing ----------------------------------------------------------------------------------------

    @function("replace")
    def replace(self, ctx: RouteContext, expression: re.Pattern[str], text: Const) -> int:
        """Replace the first match in headers and body. Returns 1, -1 no match."""
        return self._replace(ctx.msg, expression, text, ctx.msg.headers_at)

    @function("replace_hdrs")
    def replace_hdrs(self, ctx: RouteContext, expression: re.Pattern[str], text: Const) -> int:
        """Replace the first match in the headers. Returns 1, -1 no match."""
        return self._replace(ctx.msg, expression, text, ctx.msg.headers_at, append_at(ctx.msg))

    @function("replace_body")
    def replace_body(self, ctx: RouteContext, expression: re.Pattern[str], text: Const) -> int:
        """Replace the first match in the body. Returns 1, -1 no match."""
        return self._replace(ctx.msg, expression, text, ctx.msg.body_at)

    def _replace(
        self, msg: Message, expression: re.Pattern[str], text: str, start: int, stop: int | None = None
    ) -> int:
        match = expression.search(text_from(msg, start, stop))
        if match is None:
            return -1
        return _noted(msg, [(start + match.start(), start + match.end(), text.encode("latin-1"))])

    @function("replace_all")
    def replace_all(self, ctx: RouteContext, expression: re.Pattern[str], text: Const) -> int:
        """Replace all matches in headers and body. Returns 1, -1 no match, or an empty one."""
        return self._replace_all(ctx.msg, expression, text, ctx.msg.headers_at)

    @function("replace_body_all")
    def replace_body_all(self, ctx: RouteContext, expression: re.Pattern[str], text: Const) -> int:
        """Replace all matches in the body. Returns 1, -1 no match, or an empty one."""
        return self._replace_all(ctx.msg, expression, text, ctx.msg.body_at)

    @function("replace_body_atonce")
    def replace_body_atonce(self, ctx: RouteContext, expression: Const, text: Const) -> int:
        """As replace_body_all(), for expressions over line ends: `.` matches them, `^` and `$` are the body's ends."""
        compiled = self._over_lines(expression)
        return -1 if compiled is None else self._replace_all(ctx.msg, compiled, text, ctx.msg.body_at)

    def _over_lines(self, text: str) -> re.Pattern[str] | None:
        if text not in self._plain:
            if len(self._plain) >= CACHE_SIZE:
                self._plain.clear()
            try:
                self._plain[text] = regex.posix(text, True, False)
            except ValueError as error:
                self.engine.log(ERR, f"textops: {text!r}: {error}")
                self._plain[text] = None
        return self._plain[text]

    def _replace_all(self, msg: Message, expression: re.Pattern[str], text: str, start: int) -> int:
        data = text.encode("latin-1")
        edits: list[tuple[int, int, bytes]] = []
        empty = False
        for match in expression.finditer(text_from(msg, start)):
            if match.start() == match.end():
                empty = True
                break
            edits.append((start + match.start(), start + match.end(), data))
        if edits:
            _noted(msg, edits)
        return -1 if empty or not edits else 1

    @function("replace_str")
    def replace_str(self, ctx: RouteContext, old: str, new: str, mode: str) -> int:
        """Replace a text in headers and body: mode "f" once, "a" everywhere. Returns 1, also where it does not occur."""
        return self._replace_str(ctx.msg, old, new, mode, ctx.msg.headers_at)

    @function("replace_hdrs_str")
    def replace_hdrs_str(self, ctx: RouteContext, old: str, new: str, mode: str) -> int:
        """Replace a text in the headers (mode "a": from the first one on to the end of the message, as Kamailio does).
        Returns 1, also where it does not occur."""
        return self._replace_str(ctx.msg, old, new, mode, ctx.msg.headers_at, append_at(ctx.msg))

    @function("replace_body_str")
    def replace_body_str(self, ctx: RouteContext, old: str, new: str, mode: str) -> int:
        """Replace a text in the body. Returns 1, also where it does not occur; -1 no body."""
        if ctx.msg.body_at >= len(ctx.msg.raw):
            return -1
        return self._replace_str(ctx.msg, old, new, mode, ctx.msg.body_at)

    def _replace_str(self, msg: Message, old: str, new: str, mode: str, start: int, stop: int | None = None) -> int:
        if not old:
            return 1
        wanted, data = old.encode("latin-1"), new.encode("latin-1")
        edits: list[tuple[int, int, bytes]] = []
        at = msg.raw.find(wanted, start, stop)
        while at >= 0:
            edits.append((at, at + len(wanted), data))
            if mode[:1] in ("", "f", "F"):
                break
            at = msg.raw.find(wanted, at + len(wanted))
        return _noted(msg, edits)

    # --- substitutions ------------------------------------------------------------------------------------

    def subst_of(self, text: str) -> Subst | None:
        """A substitution expression, kept; None, and a line in the log, where it is none."""
        if text not in self._substs:
            if len(self._substs) >= CACHE_SIZE:
                self._substs.clear()
            try:
                self._substs[text] = Subst(text, self._resolver)
            except ValueError as error:
                self.engine.log(ERR, f"textops: {error}")
                self._substs[text] = None
        return self._substs[text]

    @function("subst")
    def subst(self, ctx: RouteContext, expression: Const) -> int:
        """Substitute '/expression/replacement/flags' in headers and body. Returns 1, -1 no match."""
        return self._subst(ctx, expression, ctx.msg.headers_at)

    @function("subst_body")
    def subst_body(self, ctx: RouteContext, expression: Const) -> int:
        """Substitute in the body. Returns 1, -1 no match."""
        return self._subst(ctx, expression, ctx.msg.body_at)

    def _subst(self, ctx: RouteContext, expression: str, start: int) -> int:
        subst = self.subst_of(expression)
        edits = subst.edits(ctx, text_from(ctx.msg, start), start) if subst is not None else []
        return _noted(ctx.msg, edits) if edits else -1

    @function("subst_hf")
    def subst_hf(self, ctx: RouteContext, name: Const, expression: Const, which: Const) -> int:
        """Substitute in the values of headers: which "a" all of that name, "f" the first, "l" the last.
        Returns 1, -1 no match."""
        subst = self.subst_of(expression)
        if subst is None:
            return -1
        msg = ctx.msg
        result = -1
        for i in _chosen(headers_named(msg, name), which):
            start, end = msg.value_span(i)
            edits = subst.edits(ctx, text_from(msg, start, end), start)
            if edits:
                result = _noted(msg, edits)
        return result

    @function("subst_uri", routes=REQUEST | ONREPLY | FAILURE | BRANCH)
    def subst_uri(self, ctx: RouteContext, expression: Const) -> int:
        """Substitute in `$ru`. Returns 1, -1 no match."""
        subst = self.subst_of(expression)
        changed = subst.apply(ctx, ctx.ruri.decode("latin-1")) if subst is not None else None
        if changed is None:
            return -1
        ctx.ruri = changed.encode("latin-1")
        ctx.ruri_used = False
        return 1

    @function("subst_user", routes=REQUEST | ONREPLY | FAILURE | BRANCH)
    def subst_user(self, ctx: RouteContext, expression: Const) -> int:
        """Substitute in the user of `$ru`. Returns 1, -1 no match, or no usable URI."""
        subst = self.subst_of(expression)
        try:
            uri = parse_uri(ctx.ruri)
        except SipError:
            return -1
        changed = subst.apply(ctx, uri.user.decode("latin-1")) if subst is not None else None
        if changed is None:
            return -1
        colon = ctx.ruri.find(b":") + 1
        at = ctx.ruri.find(b"@")
        host = ctx.ruri[at + 1 :] if uri.user else ctx.ruri[colon:]
        user = changed.encode("latin-1")
        password = b":" + uri.password if uri.password and user else b""
        ctx.ruri = ctx.ruri[:colon] + (user + password + b"@" if user else b"") + host
        ctx.ruri_used = False
        return 1

    @function("subst_v")
    def subst_v(self, ctx: RouteContext, text: str, expression: Const, result: PvRef) -> int:
        """Substitute in a text and put what comes out into a variable. Returns 1, -1 no match."""
        subst = self.subst_of(expression)
        changed = subst.apply(ctx, text) if subst is not None else None
        if changed is None or result.set is None:
            return -1
        result.set(ctx, changed)
        return 1


def _chosen(found: list[int], which: str) -> list[int]:
    """Of several headers: "f" the first, "l" the last, all otherwise."""
    if which[:1] == "f":
        return found[:1]
    return found[-1:] if which[:1] == "l" else found


def _noted(msg: Message, edits: list[tuple[int, int, bytes]]) -> int:
    """Note edits, and the length that the body then has. Returns 1."""
    msg.edits += edits
    if edits and edits[-1][1] >= msg.body_at:
        fix_length(msg)
    return 1
