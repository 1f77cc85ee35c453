"""textopsx: changes applied at once, single values of headers, iterators over headers and body lines."""

from __future__ import annotations

import re

from olelo.core.context import RouteContext
from olelo.core.edits import fix_length
from olelo.core.engine import ERR
from olelo.core.module import ANY, ONREPLY, REQUEST, RouteKind, function
from olelo.modules.textopsx.glob import matches
from olelo.modules.textopsx.iterators import Iterators
from olelo.modules.textopsx.values import HeaderValues
from olelo.sip import headers as h
from olelo.sip.errors import SipError
from olelo.sip.message import Message

#: Headers that keep_hf() never removes.
_KEPT = frozenset(
    (
        h.FROM, h.TO, h.CALL_ID, h.CSEQ, h.VIA, h.CONTACT, h.CONTENT_LENGTH, h.CONTENT_TYPE, h.ROUTE, h.RECORD_ROUTE,
        h.MAX_FORWARDS,
    )
)  # fmt: skip


_MADE_PARTS = b"Content-Type: multipart/mixed;boundary="


def _close_last_boundary(msg: Message) -> None:
    """Make the boundary at the end of a body that set_body_multipart() made the closing one, on the wire."""
    raw = msg.raw
    at = raw.rfind(b"\n--", msg.body_at - 1)
    if at >= 0 and raw.find(b"\r\n", at + 1) == len(raw) - 2 and not raw.endswith(b"--\r\n"):
        msg.insert(len(raw) - 2, b"--")
        fix_length(msg)


class Textopsx(HeaderValues, Iterators):
    """Changes applied at once, single values of headers, iterators over headers and body lines."""

    name = "textopsx"
    event_routes = ()

    # --- the whole message --------------------------------------------------------------------------------

    @function("msg_apply_changes", routes=REQUEST | ONREPLY)
    def msg_apply_changes(self, ctx: RouteContext) -> int:
        """Make the message what it has been edited to, `$ru` included, so that the script reads its own changes.

        Returns 1; -1 after record_route() (how many of those there are depends on where the request leaves) and in
        other routes; 0, which ends the script, where the edited message cannot be read.
        """
        msg = ctx.msg
        if msg.is_request and ctx.kind is not RouteKind.REQUEST:
            self.engine.log(ERR, "textopsx: msg_apply_changes() is for request_route and replies")
            return -1
        if ctx.record_route is not None and ctx.record_route.recorded:
            self.engine.log(ERR, "textopsx: msg_apply_changes() cannot come after record_route()")
            return -1
        if msg.is_request and ctx.ruri != msg.ruri:
            msg.replace(msg.ruri_at, msg.ruri_at + len(msg.ruri), ctx.ruri)
        made_parts = any(_MADE_PARTS in data for _, _, data in msg.edits)
        code = self._set(ctx, msg.apply_edits())
        if code > 0 and made_parts:
            _close_last_boundary(ctx.msg)
        return code

    @function("msg_set_buffer", routes=REQUEST | ONREPLY)
    def msg_set_buffer(self, ctx: RouteContext, text: str) -> int:
        """Make the message another one. Returns 1, -1 not in this route, 0 (the script ends) it cannot be read."""
        if not text or (ctx.msg.is_request and ctx.kind is not RouteKind.REQUEST):
            return -1
        return self._set(ctx, text.encode("latin-1"))

    def _set(self, ctx: RouteContext, data: bytes) -> int:
        try:
            changed = Message.parse(data)
            changed.check_core_headers()
        except SipError as error:
            self.engine.log(ERR, f"textopsx: the changed message cannot be read: {error}")
            return 0
        ctx.msg = changed
        if changed.is_request:
            ctx.ruri = changed.ruri
            ctx.ruri_used = False
        return 1

    @function("msg_changed_route", routes=REQUEST | ONREPLY, waits=True)
    async def msg_changed_route(self, ctx: RouteContext, name: str) -> int:
        """Run a route over the message as it has been edited; the script goes on with the unedited one.
        Returns what the route returns, -1 there is none of that name, or the edited message cannot be read."""
        route = self.engine.route("route", name)
        if route is None:
            self.engine.log(ERR, f"textopsx: there is no route[{name}]")
            return -1
        msg = ctx.msg
        try:
            changed = Message.parse(msg.apply_edits())
        except SipError as error:
            self.engine.log(ERR, f"textopsx: the changed message cannot be read: {error}")
            return -1
        ctx.msg = changed
        try:
            result = self.engine.run_route(route, ctx, ctx.kind)
            return result if isinstance(result, int) else int(await result)
        finally:
            ctx.msg = msg

    @function("change_reply_status", routes=ONREPLY)
    def change_reply_status(self, ctx: RouteContext, code: int, reason: str) -> int:
        """Forward the reply with another status and reason. 1xx and 2xx stay what they are.
        Returns 1, -1 no such status, or a class that cannot change."""
        return self._status(ctx, code, reason) if reason else -1

    @function("change_reply_status_code", routes=ONREPLY)
    def change_reply_status_code(self, ctx: RouteContext, code: int) -> int:
        """As change_reply_status(); the reason stays."""
        return self._status(ctx, code, None)

    def _status(self, ctx: RouteContext, code: int, reason: str | None) -> int:
        msg = ctx.msg
        old = msg.status
        if not 100 <= code <= 699 or ((code < 300 or old < 300) and code // 100 != old // 100):
            self.engine.log(ERR, f"textopsx: a {old} cannot become a {code}")
            return -1
        start = msg.raw.find(b" ") + 1
        # The code changes for the script, too, and at once: reply routes decide by it.
        msg.status = code
        msg.edits[:] = [edit for edit in msg.edits if edit[0] != start]
        msg.replace(start, start + 3, b"%d" % code)
        if reason is not None:
            at = start + 4
            msg.edits[:] = [edit for edit in msg.edits if edit[0] != at]
            msg.replace(at, at + len(msg.reason), reason.encode("latin-1"))
        return 1

    @function("remove_body")
    def remove_body(self, ctx: RouteContext) -> int:
        """Remove the body. Returns 1."""
        msg = ctx.msg
        if msg.body_at < len(msg.raw):
            msg.replace(msg.body_at, len(msg.raw), b"")
            fix_length(msg)
        return 1

    @function("keep_hf")
    def keep_hf(self, ctx: RouteContext, expression: re.Pattern[str] | None = None) -> int:
        """Remove all headers but those that every message needs, and those whose names match.
        Returns -1, as Kamailio does."""
        msg = ctx.msg
        for i, number in enumerate(msg.hids):
            if number in _KEPT:
                continue
            if expression is None or not expression.search(msg.name(i).decode("latin-1")):
                msg.remove_header(i)
        return -1

    @function("fnmatch", routes=ANY)
    def fnmatch(self, ctx: RouteContext, text: str, pattern: str, flags: str = "") -> int:
        """Does the text match a shell pattern (`*`, `?`, `[..]`)? flags "i": in any case. Returns 1 yes, -1 no."""
        return 1 if matches(text, pattern, flags[:1] in ("i", "I")) else -1


MODULE = Textopsx
