"""Functions on bodies: what is there, setting, parts."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import BRANCH, FAILURE, ONREPLY, REQUEST, Const, Module, function
from olelo.modules.textops.edits import end_of_headers, settle_length
from olelo.modules.textops.hold import audio_hold
from olelo.modules.textops.parts import (
    DEFAULT_BOUNDARY,
    after_boundary,
    before_part,
    closed,
    find_part,
    from_hex,
    kind_and_boundary,
    new_part,
    with_part,
)
from olelo.script.catalog import PvRef
from olelo.sip.errors import MalformedHeader
from olelo.sip.headers import CONTENT_TYPE
from olelo.sip.message import Message, edited
from olelo.sip.multipart import parse_multipart

SENDING = REQUEST | FAILURE | BRANCH
NONE = Const("")
_TYPE = b"Content-Type: "


def current_body(msg: Message) -> bytes:
    """The body with the edits so far."""
    return b"".join(edited(msg.raw, msg.edits, msg.body_at, len(msg.raw)))


def put_body(msg: Message, body: bytes) -> None:
    """Note a new body in place of the received one and of all edits of it."""
    at = msg.body_at
    msg.edits[:] = [edit for edit in msg.edits if edit[0] < at]
    msg.replace(at, len(msg.raw), body)
    settle_length(msg)


def put_type(msg: Message, kind: bytes) -> None:
    """Note a new Content-Type, if it is another one than the message has; an earlier one of ours goes."""
    at = end_of_headers(msg)
    msg.edits[:] = [edit for edit in msg.edits if edit[:2] != (at, at) or not edit[2].startswith(_TYPE)]
    i = msg.index(CONTENT_TYPE)
    if i >= 0:
        begin, end = msg.start(i), msg.end(i)
        gone = (begin, end, b"") in msg.edits
        if msg.value(i) == kind and not gone:
            return
        if not gone:
            msg.remove_header(i)
    msg.append_header(_TYPE + kind + b"\r\n")


class Bodies(Module):
    """Functions on bodies."""

    # --- looking ------------------------------------------------------------------------------------------

    @function("has_body")
    def has_body(self, ctx: RouteContext, kind: Const = NONE) -> int:
        """Is there a body (a Content-Length above 0), of that type? No Content-Type counts as application/sdp. Returns 1
        yes, -1 no."""
        try:
            if not ctx.msg.content_length:
                return -1
        except MalformedHeader:
            return -1
        if not kind or kind == "0":
            return 1
        value = ctx.msg.first(CONTENT_TYPE)
        if value is None:
            value = b"application/sdp"
        found = value.partition(b";")[0].strip().lower().decode("latin-1")
        return 1 if found == kind.strip().lower() else -1

    @function("is_audio_on_hold")
    def is_audio_on_hold(self, ctx: RouteContext) -> int:
        """Is an audio stream on hold? Returns 1 address 0.0.0.0 (RFC 2543), 2 sendonly or inactive (RFC 3264), -1 none is."""
        msg = ctx.msg
        body = msg.body
        kind, _ = kind_and_boundary(msg)
        if kind.startswith(b"multipart/"):
            try:
                parts = parse_multipart(msg.first(CONTENT_TYPE) or b"", body)
            except MalformedHeader:
                return -1
            body = next((part.content for part in parts if part.content_type == b"application/sdp"), b"")
        elif kind not in (b"", b"application/sdp"):
            return -1
        return audio_hold(body) or -1

    def _part(self, ctx: RouteContext, kind: str, to: PvRef, whole: bool) -> int:
        msg = ctx.msg
        body = msg.body
        if not body or to.set is None:
            return -1
        _, boundary = kind_and_boundary(msg)
        if not boundary:
            to.set(ctx, body.decode("latin-1"))
            return 1
        span = find_part(body, kind.encode("latin-1"), boundary)
        if span is None:
            return -1
        found = body[span.line : after_boundary(body, span.boundary)] if whole else body[span.content : span.boundary]
        to.set(ctx, found.decode("latin-1"))
        return 1

    @function("get_body_part", routes=SENDING | ONREPLY)
    def get_body_part(self, ctx: RouteContext, kind: str, to: PvRef) -> int:
        """Put the first part of that type into a variable: what stands behind its Content-Type line, up to the boundary; of
        a body without parts all of it. Returns 1, -1 there is none."""
        return self._part(ctx, kind, to, False)

    @function("get_body_part_raw", routes=SENDING | ONREPLY)
    def get_body_part_raw(self, ctx: RouteContext, kind: str, to: PvRef) -> int:
        """As get_body_part(), with the Content-Type line and the boundary behind the part."""
        return self._part(ctx, kind, to, True)

    # --- setting ------------------------------------------------------------------------------------------

    @function("set_body", routes=SENDING | ONREPLY)
    def set_body(self, ctx: RouteContext, text: str, kind: str) -> int:
        """Set body and Content-Type. Returns 1, -1 one of them is empty."""
        return self._set_body(ctx, text.encode("latin-1"), kind)

    @function("set_body_hex", routes=SENDING | ONREPLY)
    def set_body_hex(self, ctx: RouteContext, text: str, kind: str) -> int:
        """As set_body(), the body in hexadecimal digits. (A function of later releases.)"""
        return self._set_body(ctx, from_hex(text) or b"", kind)

    def _set_body(self, ctx: RouteContext, body: bytes, kind: str) -> int:
        if not body or not kind:
            return -1
        put_type(ctx.msg, kind.encode("latin-1"))
        put_body(ctx.msg, body)
        return 1

    @function("set_reply_body", routes=SENDING)
    def set_reply_body(self, ctx: RouteContext, text: str, kind: str) -> int:
        """Set body and Content-Type of the answer that this proxy makes. Returns 1, -1 one of them is empty."""
        return self._set_reply_body(ctx, text.encode("latin-1"), kind)

    @function("set_reply_body_hex", routes=SENDING)
    def set_reply_body_hex(self, ctx: RouteContext, text: str, kind: str) -> int:
        """As set_reply_body(), the body in hexadecimal digits. (A function of later releases.)"""
        return self._set_reply_body(ctx, from_hex(text) or b"", kind)

    def _set_reply_body(self, ctx: RouteContext, body: bytes, kind: str) -> int:
        if not body or not kind:
            return -1
        ctx.reply_body = (kind.encode("latin-1"), body)
        return 1

    # --- parts --------------------------------------------------------------------------------------------

    @function("filter_body")
    def filter_body(self, ctx: RouteContext, kind: Const) -> int:
        """Leave of a multipart/mixed body only the first part of that type; the script changes Content-Type itself. Returns
        1, -1 there is none."""
        msg = ctx.msg
        body = msg.body
        found, boundary = kind_and_boundary(msg)
        if not body or found != b"multipart/mixed" or not boundary:
            return -1
        span = find_part(body, kind.encode("latin-1"), boundary)
        if span is None:
            return -1
        at = span.content
        while body[at : at + 1] in (b"\r", b"\n"):
            at += 1
        base = msg.body_at
        msg.replace(base, base + at, b"")
        msg.replace(base + max(at, span.boundary - 2), len(msg.raw), b"")
        settle_length(msg)
        return 1

    @function("set_body_multipart", routes=SENDING)
    def set_body_multipart(self, ctx: RouteContext, text: str = "", kind: str = "", boundary: str | None = None) -> int:
        """Make the body a multipart/mixed one: of the text and its type; without them, of the present body (with one
        argument only, that is the boundary). Returns 1, also where it was one; -1 there is nothing to put in."""
        msg = ctx.msg
        if boundary is None and text and not kind:
            text, boundary = "", text
        marker = boundary.encode("latin-1") if boundary else DEFAULT_BOUNDARY
        present, _ = kind_and_boundary(msg)
        multipart = present == b"multipart/mixed"
        body, inner = text.encode("latin-1"), (kind or "text/plain").encode("latin-1")
        if not body:
            if multipart:
                return 1
            body, inner = msg.body, msg.first(CONTENT_TYPE) or inner
        if not body or marker.startswith(b"-"):
            return -1
        put_type(msg, b'multipart/mixed;boundary="' + marker + b'"')
        if not multipart:
            msg.append_header(b"Mime-Version: 1.0\r\n")
        put_body(msg, closed(b"--" + marker + b"\r\n" + new_part(body, inner, b"", marker), marker))
        return 1

    def _append_part(self, ctx: RouteContext, text: bytes, kind: str, disposition: str) -> int:
        msg = ctx.msg
        _, boundary = kind_and_boundary(msg)
        body = current_body(msg)
        if not text or not kind or not body or not boundary:
            return -1
        put_body(msg, with_part(body, text, kind.encode("latin-1"), disposition.encode("latin-1"), boundary))
        return 1

    @function("append_body_part", routes=SENDING)
    def append_body_part(self, ctx: RouteContext, text: str, kind: str, disposition: str = "") -> int:
        """Add a part to a multipart body. Returns 1; -1 an argument is empty, or the body has no boundary."""
        return self._append_part(ctx, text.encode("latin-1"), kind, disposition)

    @function("append_body_part_hex", routes=SENDING)
    def append_body_part_hex(self, ctx: RouteContext, text: str, kind: str, disposition: str = "") -> int:
        """As append_body_part(), the text in hexadecimal digits, with blanks between pairs as one likes."""
        return self._append_part(ctx, from_hex(text) or b"", kind, disposition)

    @function("remove_body_part", routes=SENDING)
    def remove_body_part(self, ctx: RouteContext, kind: str) -> int:
        """Remove the first part of that type. Returns 1, -1 there is none."""
        msg = ctx.msg
        _, boundary = kind_and_boundary(msg)
        body = current_body(msg)
        span = find_part(body, kind.encode("latin-1"), boundary) if boundary else None
        if span is None:
            return -1
        rest = body[: before_part(body, span, boundary)] + body[after_boundary(body, span.boundary) :]
        put_body(msg, closed(rest, boundary))
        return 1
