"""textopsx: more on the text of a message, and taking its changes over."""

from __future__ import annotations

import re

from olelo.core.context import RouteContext
from olelo.core.engine import ERR
from olelo.core.module import ONREPLY, function
from olelo.modules.textops.bodies import put_body
from olelo.modules.textopsx.glob import matches
from olelo.modules.textopsx.iterators import Iterators
from olelo.modules.textopsx.values import HeaderValues
from olelo.script.catalog import RouteKind
from olelo.sip import headers as h
from olelo.sip.errors import SipError
from olelo.sip.message import Edit, Message

#: Headers that keep_hf() never removes.
_KEPT = frozenset(
    (
        h.FROM, h.TO, h.CALL_ID, h.CSEQ, h.VIA, h.CONTACT, h.CONTENT_LENGTH, h.CONTENT_TYPE, h.ROUTE, h.RECORD_ROUTE,
        h.MAX_FORWARDS,
    )
)  # fmt: skip


def _put(msg: Message, edit: Edit) -> None:
    """Note an edit in place of an earlier one of the same text."""
    for n, known in enumerate(msg.edits):
        if known[:2] == edit[:2]:
            msg.edits[n] = edit
            return
    msg.edits.append(edit)


class Textopsx(HeaderValues, Iterators):
    """More on the text of a message. Changes show when it is sent, or after msg_apply_changes()."""

    name = "textopsx"

    # --- the whole message --------------------------------------------------------------------------------

    def _take(self, ctx: RouteContext, data: bytes) -> int:
        """Make `data` the message. Returns 1; 0 (the script ends) where it is no message of the same sort."""
        try:
            changed = Message.parse(data)
            changed.check_core_headers()
        except SipError as error:
            self.engine.log(ERR, f"textopsx: the changed message cannot be read: {error}")
            return 0
        if changed.is_request != ctx.msg.is_request:
            self.engine.log(ERR, "textopsx: a request cannot become a reply, nor a reply a request")
            return 0
        ctx.msg = changed
        ctx.ruri = changed.ruri
        return 1

    def _may_change(self, ctx: RouteContext) -> bool:
        return not ctx.msg.is_request or ctx.kind == RouteKind.REQUEST

    @function("msg_apply_changes")
    def msg_apply_changes(self, ctx: RouteContext) -> int:
        """Make what would be sent the message that the script reads; $ru becomes the original URI. For request_route and
        replies, before there is a transaction. Returns 1; -1 elsewhere, or after record_route(); 0 (the script ends) the
        result is no message."""
        if not self._may_change(ctx):
            return -1
        recording = ctx.record_route
        if recording is not None and getattr(recording, "tag", True):
            self.engine.log(ERR, "textopsx: msg_apply_changes() goes before record_route()")
            return -1
        msg = ctx.msg
        if not msg.edits and ctx.ruri == msg.ruri:
            return 1
        if msg.is_request and ctx.ruri != msg.ruri:
            msg.replace(msg.ruri_at, msg.ruri_at + len(msg.ruri), ctx.ruri)
        return self._take(ctx, msg.apply_edits())

    @function("msg_set_buffer")
    def msg_set_buffer(self, ctx: RouteContext, data: str) -> int:
        """Make this text the message. Returns 1; -1 where msg_apply_changes() does, or it is empty; 0 (the script ends) it is
        no message."""
        if not data or not self._may_change(ctx):
            return -1
        return self._take(ctx, data.encode("latin-1"))

    # --- a reply's status ---------------------------------------------------------------------------------

    def _change_status(self, msg: Message, status: int) -> int:
        """Returns 1, or -1 where the status may not become this one; else where the status stands."""
        if msg.is_request or not 100 <= status <= 699:
            return -1
        if (status < 300 or msg.status < 300) and status // 100 != msg.status // 100:
            self.engine.log(ERR, f"textopsx: the class of {msg.status} cannot be changed, nor a final status made one")
            return -1
        at = msg.raw.find(b" ") + 1
        _put(msg, (at, at + 3, b"%d" % status))
        msg.status = status
        return at

    @function("change_reply_status", routes=ONREPLY)
    def change_reply_status(self, ctx: RouteContext, status: int, reason: str) -> int:
        """Change status and reason of the reply. Below 300 only within its class. Returns 1, -1 bad status or no reason."""
        if not reason:
            return -1
        msg = ctx.msg
        at = self._change_status(msg, status)
        if at < 0:
            return -1
        data = reason.encode("latin-1")
        start = at + 4
        if msg.raw[at + 3] != 32:
            start, data = at + 3, b" " + data
        _put(msg, (start, start + len(msg.reason), data))
        return 1

    @function("change_reply_status_code", routes=ONREPLY)
    def change_reply_status_code(self, ctx: RouteContext, status: int) -> int:
        """As change_reply_status(), the reason stays."""
        return 1 if self._change_status(ctx.msg, status) > 0 else -1

    # --- removing, matching -------------------------------------------------------------------------------

    @function("remove_body")
    def remove_body(self, ctx: RouteContext) -> int:
        """Remove the body; Content-Type stays. Returns 1."""
        if ctx.msg.body:
            put_body(ctx.msg, b"")
        return 1

    @function("keep_hf")
    def keep_hf(self, ctx: RouteContext, pattern: re.Pattern[str] | None = None) -> int:
        """Remove all headers but those that every message needs (Via, From, To, Call-ID, CSeq, Contact, Route, Record-Route,
        Max-Forwards, Content-Length, Content-Type) and those whose names match. Returns -1 always, as Kamailio does."""
        msg = ctx.msg
        for i, number in enumerate(msg.hids):
            if number not in _KEPT and (pattern is None or not pattern.search(msg.name(i).decode("latin-1"))):
                msg.remove_header(i)
        return -1

    @function("fnmatch")
    def fnmatch(self, ctx: RouteContext, text: str, pattern: str, flags: str = "") -> int:
        """Does a text match a pattern of file names (*, ?, [..])? Flag i: in any case. Returns 1 yes, -1 no."""
        return 1 if matches(text, pattern, flags[:1] in ("i", "I")) else -1


MODULE = Textopsx
