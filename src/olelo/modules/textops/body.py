"""Bodies: looked at, set, and taken apart where they have several parts (RFC 5621)."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.edits import append_at, fix_length
from olelo.core.engine import ERR
from olelo.core.module import BRANCH, FAILURE, ONREPLY, REQUEST, Const, Module, function
from olelo.modules.textops.parts import boundary_of, close_boundaries, find_part, part_text
from olelo.script.catalog import PvRef
from olelo.sip.errors import SipError
from olelo.sip.headers import CONTENT_LENGTH, CONTENT_TYPE
from olelo.sip.message import Message

ON_REQUEST = REQUEST | FAILURE | BRANCH
_RFC2543_HOLD, _RFC3264_HOLD = 1, 2
_BOUNDARY = "unique-boundary-1"


NOTHING = Const("")


def kind_of(value: bytes) -> bytes:
    """type/subtype of a Content-Type, in lower case."""
    return value.partition(b";")[0].strip().lower()


def unhex(text: str) -> bytes | None:
    """Bytes from hexadecimal digits; None where it is not."""
    try:
        return bytes.fromhex(text.replace("\t", " ")) or None
    except ValueError:
        return None


class Bodies(Module):
    """The part of textops that works on bodies."""

    @function("has_body")
    def has_body(self, ctx: RouteContext, kind: Const = NOTHING) -> int:
        """Has the message a body (Content-Length above 0), of this type if one is given? Without Content-Type it is
        application/sdp. Returns 1 yes, -1 no."""
        try:
            length = ctx.msg.content_length
        except SipError:
            return -1
        if not length:
            return -1
        if not kind:
            return 1
        value = ctx.msg.first(CONTENT_TYPE)
        return 1 if (kind_of(value) if value else b"application/sdp") == kind.strip().lower().encode("latin-1") else -1

    @function("is_audio_on_hold")
    def is_audio_on_hold(self, ctx: RouteContext) -> int:
        """Is an audio stream of the SDP on hold? Returns 1 by the address 0.0.0.0 (RFC 2543), 2 by sendonly or
        inactive (RFC 3264), -1 no."""
        msg = ctx.msg
        body = msg.raw[msg.body_at :]
        value = msg.first(CONTENT_TYPE)
        if not body or (value is not None and kind_of(value) not in (b"application/sdp", b"multipart/mixed")):
            return -1
        if value is not None and kind_of(value) == b"multipart/mixed":
            boundary = boundary_of(msg)
            found = find_part(msg, boundary, b"application/sdp") if boundary else None
            if found is None:
                return -1
            body = msg.raw[found.content : found.end]
        return audio_hold(body)

    # --- setting ------------------------------------------------------------------------------------------

    @function("set_body", routes=REQUEST | FAILURE | BRANCH | ONREPLY)
    def set_body(self, ctx: RouteContext, body: str, kind: str) -> int:
        """Give the message another body of another type. Returns 1, -1 an argument is empty."""
        if not body or not kind:
            return -1
        return self._set(ctx.msg, body.encode("latin-1"), kind.encode("latin-1"))

    @function("set_body_hex", routes=REQUEST | FAILURE | BRANCH | ONREPLY)
    def set_body_hex(self, ctx: RouteContext, digits: str, kind: str) -> int:
        """As set_body(), from hexadecimal digits. Returns 1, -1 bad digits."""
        body = unhex(digits)
        return self._set(ctx.msg, body, kind.encode("latin-1")) if body and kind else -1

    def _set(self, msg: Message, body: bytes, kind: bytes, mime: bytes = b"") -> int:
        """Replace the body and, where it differs, Content-Type; Content-Length is added where it is missing."""
        at = append_at(msg)
        msg.edits[:] = [edit for edit in msg.edits if edit[0] < msg.body_at]
        i = msg.index(CONTENT_TYPE)
        if i < 0 or msg.value(i) != kind:
            if i >= 0:
                msg.remove_header(i)
            msg.insert(at, b"Content-Type: " + kind + b"\r\n")
        if msg.index(CONTENT_LENGTH) < 0:
            msg.insert(at, b"Content-Length: %d\r\n" % len(body))
        if mime:
            msg.insert(at, mime)
        msg.replace(msg.body_at, len(msg.raw), body)
        fix_length(msg)
        return 1

    @function("set_reply_body", routes=REQUEST | FAILURE | BRANCH)
    def set_reply_body(self, ctx: RouteContext, body: str, kind: str) -> int:
        """Give the answers that we make a body. Returns 1, -1 an argument is empty."""
        if not body or not kind:
            return -1
        ctx.reply_body = (kind.encode("latin-1"), body.encode("latin-1"))
        return 1

    @function("set_reply_body_hex", routes=REQUEST | FAILURE | BRANCH)
    def set_reply_body_hex(self, ctx: RouteContext, digits: str, kind: str) -> int:
        """As set_reply_body(), from hexadecimal digits. Returns 1, -1 bad digits."""
        body = unhex(digits)
        if not body or not kind:
            return -1
        ctx.reply_body = (kind.encode("latin-1"), body)
        return 1

    # --- several parts ------------------------------------------------------------------------------------

    @function("set_body_multipart", routes=ON_REQUEST)
    def set_body_multipart(self, ctx: RouteContext, first: str = "", kind: str = "", boundary: str = "") -> int:
        """Make the body a multipart/mixed: of the one it has (no argument, or the boundary alone), or of a new text.

        One argument is the boundary; two are text and type; three are text, type and boundary.
        Returns 1, also where it is multipart already; -1 there is no body.
        """
        if first and not kind and not boundary:
            first, boundary = "", first
        msg = ctx.msg
        multipart = kind_of(msg.first(CONTENT_TYPE) or b"") == b"multipart/mixed"
        if multipart and not first:
            return 1
        body = first.encode("latin-1")
        part_kind = (kind or "text/plain").encode("latin-1")
        if not body:
            body = msg.raw[msg.body_at :]
            part_kind = msg.first(CONTENT_TYPE) or part_kind
        mark = (boundary or _BOUNDARY).encode("latin-1")
        if not body or mark[:1] == b"-":
            self.engine.log(ERR, "textops: set_body_multipart() has no body, or its boundary begins with -")
            return -1
        text = part_text(body, part_kind, b"", mark, first=True)
        if multipart:
            msg.replace(msg.body_at, len(msg.raw), text)
            fix_length(msg)
            return 1
        return self._set(msg, text, b'multipart/mixed;boundary="' + mark + b'"', b"Mime-Version: 1.0\r\n")

    @function("append_body_part", routes=ON_REQUEST)
    def append_body_part(self, ctx: RouteContext, text: str, kind: str, disposition: str = "") -> int:
        """Add a part to a multipart body. Returns 1, -1 the body is not multipart."""
        return self._append_part(ctx.msg, text.encode("latin-1"), kind, disposition)

    @function("append_body_part_hex", routes=ON_REQUEST)
    def append_body_part_hex(self, ctx: RouteContext, digits: str, kind: str, disposition: str = "") -> int:
        """As append_body_part(), from hexadecimal digits. Returns 1, -1 bad digits, or the body is not multipart."""
        return self._append_part(ctx.msg, unhex(digits) or b"", kind, disposition)

    def _append_part(self, msg: Message, content: bytes, kind: str, disposition: str) -> int:
        boundary = boundary_of(msg)
        if not content or not kind or not boundary or msg.body_at >= len(msg.raw) or boundary[:1] == b"-":
            return -1
        text = part_text(content, kind.encode("latin-1"), disposition.encode("latin-1"), boundary, first=False)
        end = len(msg.raw)
        msg.insert(end, text)
        close_boundaries(msg, boundary)
        fix_length(msg)
        return 1

    @function("remove_body_part", routes=ON_REQUEST)
    def remove_body_part(self, ctx: RouteContext, kind: str) -> int:
        """Remove the first part of a type from a multipart body. Returns 1, -1 there is none."""
        msg = ctx.msg
        boundary = boundary_of(msg)
        found = find_part(msg, boundary, kind.encode("latin-1")) if boundary else None
        if boundary is None or found is None:
            return -1
        msg.replace(found.start, found.after, b"")
        close_boundaries(msg, boundary)
        fix_length(msg)
        return 1

    @function("get_body_part", routes=ON_REQUEST | ONREPLY)
    def get_body_part(self, ctx: RouteContext, kind: str, result: PvRef) -> int:
        """Put the content of the first part of a type into a variable; the whole body, where that has no parts.
        Returns 1, -1 there is none."""
        return self._get_part(ctx, kind, result, raw=False)

    @function("get_body_part_raw", routes=ON_REQUEST | ONREPLY)
    def get_body_part_raw(self, ctx: RouteContext, kind: str, result: PvRef) -> int:
        """As get_body_part(), with the part's Content-Type line and the boundary that follows."""
        return self._get_part(ctx, kind, result, raw=True)

    def _get_part(self, ctx: RouteContext, kind: str, result: PvRef, raw: bool) -> int:
        msg = ctx.msg
        if msg.body_at >= len(msg.raw) or result.set is None:
            return -1
        boundary = boundary_of(msg)
        if boundary is None:
            result.set(ctx, msg.raw[msg.body_at :].decode("latin-1"))
            return 1
        found = find_part(msg, boundary, kind.encode("latin-1"))
        if found is None:
            return -1
        start, end = (found.start, found.after) if raw else (found.headers_end, found.mark)
        result.set(ctx, msg.raw[start:end].decode("latin-1"))
        return 1

    @function("filter_body")
    def filter_body(self, ctx: RouteContext, kind: Const) -> int:
        """Leave of a multipart body only the first part of a type. Returns 1, -1 there is none.

        Content-Type stays for the script to change, as in Kamailio.
        """
        msg = ctx.msg
        boundary = boundary_of(msg)
        if boundary is None or kind_of(msg.first(CONTENT_TYPE) or b"") != b"multipart/mixed":
            return -1
        found = find_part(msg, boundary, kind.encode("latin-1"))
        if found is None:
            return -1
        msg.replace(msg.body_at, found.content, b"")
        msg.replace(found.mark - 2, len(msg.raw), b"")
        fix_length(msg)
        return 1


def audio_hold(body: bytes) -> int:
    """How an audio stream of an SDP is on hold: 1 address 0.0.0.0, 2 sendonly or inactive, -1 not at all."""
    session_held = 0
    session_address = b""
    audio = False
    held = 0
    address = b""
    # Port 9 with ICE trickle (RFC 8840) makes 0.0.0.0 no hold.
    trickles = no_port = False
    streams: list[tuple[bool, int, bytes, bool]] = []
    media = False
    for line in body.split(b"\n"):
        line = line.rstrip(b"\r")
        if line[:2] == b"m=":
            if media:
                streams.append((audio, held, address, trickles and no_port))
            media, audio, held, address = True, line[2:8] == b"audio ", 0, b""
            trickles, no_port = False, line.split()[1:2] == [b"9"]
        elif line[:2] == b"c=":
            where = line.rpartition(b" ")[2].partition(b"/")[0]
            if media:
                address = where
            else:
                session_address = where
        elif media and line.startswith(b"a=ice-options:") and b"trickle" in line[14:].split():
            trickles = True
        elif line[:10].lower() in (b"a=sendonly", b"a=inactive"):
            if media:
                held = _RFC3264_HOLD
            else:
                session_held = _RFC3264_HOLD
    if media:
        streams.append((audio, held, address, trickles and no_port))
    for is_audio, how, where, negotiates in streams:
        if not is_audio:
            continue
        if not how and not negotiates and (where or session_address) == b"0.0.0.0":
            how = _RFC2543_HOLD
        if how or session_held:
            return how or session_held
    return -1
