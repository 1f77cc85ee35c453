"""The message itself: first line, well-known headers, body, Vias: $rm $rs $ci $cs $ua $ct $rb $msg(..) $via0(..) .."""

from __future__ import annotations

import os

from olelo.core.context import RouteContext
from olelo.core.module import Module, variable
from olelo.modules.pv.common import PROTO_IDS, Pair, by_key, text, text_or_null
from olelo.modules.pv.uris import reply_hop
from olelo.script.catalog import Getter, Value
from olelo.sip import headers as h
from olelo.sip.errors import SipError
from olelo.sip.via import Via

#: Kamailio's numbers of methods.
METHOD_IDS = {
    "INVITE": 1,
    "CANCEL": 2,
    "ACK": 4,
    "BYE": 8,
    "INFO": 16,
    "REGISTER": 32,
    "SUBSCRIBE": 64,
    "NOTIFY": 128,
    "MESSAGE": 256,
    "OPTIONS": 512,
    "PRACK": 1024,
    "UPDATE": 2048,
    "REFER": 4096,
    "PUBLISH": 8192,
    "KDMQ": 16384,
    "GET": 32768,
    "POST": 65536,
    "PUT": 131072,
    "DELETE": 262144,
}
_OTHER_METHOD = 524288
_BLANKS = b" \t\r\n"

#: The release whose scripts are run: what $version and $ksr answer.
KAMAILIO_VERSION = "5.6.3"
KAMAILIO_VERSION_NUMBER = 5006003


def header(ctx: RouteContext, hid: int) -> Value:
    """The first header of that kind, $null if there is none."""
    return text(ctx.msg.first(hid))


def body(ctx: RouteContext) -> bytes:
    """Everything after the blank line."""
    return ctx.msg.raw[ctx.msg.body_at :]


class MessageVariables(Module):
    """Variables of the message as it was received."""

    @variable("mi")
    def mi(self, ctx: RouteContext) -> Value:
        """Number of the message since the start."""
        return ctx.msg_id

    @variable("ml")
    def ml(self, ctx: RouteContext) -> Value:
        """Length of the message, bytes."""
        return len(ctx.msg.raw)

    @variable("mb")
    def mb(self, ctx: RouteContext) -> Value:
        """The message as received."""
        return ctx.msg.raw.decode("latin-1")

    @variable("mbu")
    def mbu(self, ctx: RouteContext) -> Value:
        """The message with the changes made so far."""
        return updated(ctx).decode("latin-1")

    @variable("mt")
    def mt(self, ctx: RouteContext) -> Value:
        """1 for a request, 2 for a reply."""
        return 1 if ctx.msg.is_request else 2

    @variable("mts")
    def mts(self, ctx: RouteContext) -> Value:
        """`rq` for a request, `rp` for a reply."""
        return "rq" if ctx.msg.is_request else "rp"

    @variable("rm")
    def rm(self, ctx: RouteContext) -> Value:
        """The method; of a reply the one in CSeq."""
        return ctx.msg.method or None

    @variable("rmid")
    def rmid(self, ctx: RouteContext) -> Value:
        """Number of the method."""
        return METHOD_IDS.get(ctx.msg.method, _OTHER_METHOD)

    @variable("rs")
    def rs(self, ctx: RouteContext) -> Value:
        """Status of a reply, $null for a request."""
        return None if ctx.msg.is_request else ctx.msg.status

    @variable("rsi")
    def rsi(self, ctx: RouteContext) -> Value:
        """Status of a reply, 0 for a request."""
        return 0 if ctx.msg.is_request else ctx.msg.status

    @variable("rr")
    def rr(self, ctx: RouteContext) -> Value:
        """Reason phrase of a reply."""
        return None if ctx.msg.is_request else ctx.msg.reason.decode("latin-1")

    @variable("rv")
    def rv(self, ctx: RouteContext) -> Value:
        """Version in the first line, SIP/2.0."""
        line = _first_line(ctx)
        word = line.rsplit(b" ", 1)[-1] if ctx.msg.is_request else line.split(b" ", 1)[0]
        return word.decode("latin-1")

    @variable("ci")
    def ci(self, ctx: RouteContext) -> Value:
        """Call-ID."""
        return header(ctx, h.CALL_ID)

    @variable("cs")
    def cs(self, ctx: RouteContext) -> Value:
        """Number in CSeq, as text."""
        value = ctx.msg.first(h.CSEQ)
        return None if value is None else value.split(None, 1)[0].decode("latin-1") if value else None

    @variable("csb")
    def csb(self, ctx: RouteContext) -> Value:
        """CSeq."""
        return header(ctx, h.CSEQ)

    @variable("ua")
    def ua(self, ctx: RouteContext) -> Value:
        """User-Agent."""
        return header(ctx, h.USER_AGENT)

    @variable("ct")
    def ct(self, ctx: RouteContext) -> Value:
        """The first Contact header."""
        return text_or_null(ctx.msg.first(h.CONTACT))

    @variable("cT")
    def cT(self, ctx: RouteContext) -> Value:
        """Content-Type."""
        return header(ctx, h.CONTENT_TYPE)

    @variable("cl")
    def cl(self, ctx: RouteContext) -> Value:
        """Content-Length, a number; $null without the header."""
        if ctx.msg.index(h.CONTENT_LENGTH) < 0:
            return None
        try:
            return ctx.msg.content_length
        except SipError:
            return None

    @variable("rb")
    def rb(self, ctx: RouteContext) -> Value:
        """The body."""
        return body(ctx).decode("latin-1")

    @variable("bs")
    def bs(self, ctx: RouteContext) -> Value:
        """Length of the body, bytes."""
        return len(ctx.msg.raw) - ctx.msg.body_at

    @variable("msg", inner="required", dynamic=False)
    def msg(self, inner: str, index: int | str | None) -> Pair:
        """Parts of the message: keys len buf body body_len hdrs hdrs_len hdrc fline fpart lpart."""
        return by_key("msg", _PARTS, inner)

    @variable("msgbuf", inner="required")
    def msgbuf(self, inner: str, index: int | str | None) -> Pair:
        """One byte of the message by its offset. Read-only here: what was received stays as it was."""
        at = int(inner)

        def get(ctx: RouteContext) -> Value:
            # Kamailio's value is two bytes long, the second is a NUL
            return ctx.msg.raw[at : at + 1].decode("latin-1") + "\0" if 0 <= at < len(ctx.msg.raw) else None

        return get, None

    @variable("err.class", "err.level", "err.info", "err.rcode", "err.rreason")
    def no_error(self, ctx: RouteContext) -> Value:
        """Always $null, as in Kamailio: what the parser complains about is in the log."""
        return None

    # --- Vias ---

    @variable("via0", inner="required", dynamic=False)
    def via0(self, inner: str, index: int | str | None) -> Pair:
        """The topmost Via: keys host port proto protoid branch rport received i."""
        return _via_pair(inner, 0)

    @variable("via1", inner="required", dynamic=False)
    def via1(self, inner: str, index: int | str | None) -> Pair:
        """The second Via."""
        return _via_pair(inner, 1)

    @variable("viaZ", inner="required", dynamic=False)
    def viaZ(self, inner: str, index: int | str | None) -> Pair:
        """The last Via."""
        return _via_pair(inner, -1)

    @variable("rpl", inner="required", dynamic=False)
    def rpl(self, inner: str, index: int | str | None) -> Pair:
        """Where a reply goes by its second Via: keys duri dhost dport dproto dprotoid cntvia cntrr."""
        return by_key("rpl", _REPLY, inner)

    # --- about us ---

    @variable("true")
    def true(self, ctx: RouteContext) -> Value:
        """1."""
        return 1

    @variable("pp")
    def pp(self, ctx: RouteContext) -> Value:
        """Number of the process."""
        return os.getpid()

    @variable("sid")
    def sid(self, ctx: RouteContext) -> Value:
        """The parameter server_id."""
        return self.engine.params.server_id

    @variable("version", inner="required", dynamic=False)
    def version(self, inner: str, index: int | str | None) -> Pair:
        """Kamailio's version that is spoken: keys num, full and hash."""
        return by_key("version", _VERSION, inner)

    @variable("ksr", inner="required", dynamic=False)
    def ksr(self, inner: str, index: int | str | None) -> Pair:
        """Kamailio's version that is spoken: keys ver and verval (a number)."""
        return by_key("ksr", _KSR, inner)


def updated(ctx: RouteContext) -> bytes:
    """The message with the changes made so far, and the new Request-URI; no Via is added."""
    msg = ctx.msg
    data = msg.apply_edits()
    if msg.is_request and ctx.ruri != msg.ruri:
        at = data.find(b" ") + 1
        data = data[:at] + ctx.ruri + data[at + len(msg.ruri) :]
    return data


def _first_line(ctx: RouteContext) -> bytes:
    raw = ctx.msg.raw
    return raw[: ctx.msg.headers_at].strip(_BLANKS)


def _header_start(ctx: RouteContext) -> int:
    return ctx.msg.headers_at


def _part_len(ctx: RouteContext) -> Value:
    return len(ctx.msg.raw)


def _part_buf(ctx: RouteContext) -> Value:
    return ctx.msg.raw.decode("latin-1")


def _part_body(ctx: RouteContext) -> Value:
    return body(ctx).decode("latin-1")


def _part_body_len(ctx: RouteContext) -> Value:
    return len(body(ctx))


def _part_hdrs(ctx: RouteContext) -> Value:
    return ctx.msg.raw[_header_start(ctx) : ctx.msg.body_at].strip(_BLANKS).decode("latin-1")


def _part_hdrs_len(ctx: RouteContext) -> Value:
    return len(ctx.msg.raw[_header_start(ctx) : ctx.msg.body_at].strip(_BLANKS))


def _part_hdrc(ctx: RouteContext) -> Value:
    return len(ctx.msg.hids)


def _part_fline(ctx: RouteContext) -> Value:
    return _first_line(ctx).decode("latin-1")


def _part_fpart(ctx: RouteContext) -> Value:
    return ctx.msg.raw[: ctx.msg.body_at].strip(_BLANKS).decode("latin-1")


def _part_lpart(ctx: RouteContext) -> Value:
    return ctx.msg.raw[_header_start(ctx) :].decode("latin-1")


_PARTS: dict[str, Getter] = {
    "len": _part_len,
    "buf": _part_buf,
    "body": _part_body,
    "body_len": _part_body_len,
    "hdrs": _part_hdrs,
    "hdrs_len": _part_hdrs_len,
    "hdrc": _part_hdrc,
    "fline": _part_fline,
    "fpart": _part_fpart,
    "lpart": _part_lpart,
}


def _via_host(via: Via) -> Value:
    return text_or_null(via.host)


def _via_port(via: Via) -> Value:
    return via.port or 5060


def _via_proto(via: Via) -> Value:
    return text(via.transport)


def _via_protoid(via: Via) -> Value:
    return PROTO_IDS.get(str(_via_proto(via)).lower(), 0)


def _via_branch(via: Via) -> Value:
    return text_or_null(via.branch)


def _via_rport(via: Via) -> Value:
    return str(via.rport) if via.rport else None


def _via_received(via: Via) -> Value:
    return text_or_null(via.received)


def _via_i(via: Via) -> Value:
    return text_or_null(via.param(b"i"))


_VIA = {
    "host": _via_host,
    "port": _via_port,
    "proto": _via_proto,
    "protoid": _via_protoid,
    "branch": _via_branch,
    "rport": _via_rport,
    "received": _via_received,
    "i": _via_i,
}


def _via_pair(key: str, number: int) -> Pair:
    read = _VIA.get(key)
    if read is None:
        raise ValueError(f"{key!r} is not one of {', '.join(_VIA)}")
    found = read

    def get(ctx: RouteContext) -> Value:
        try:
            vias = ctx.msg.vias
        except SipError:
            return None
        if len(vias) <= number or not vias:
            return None
        return found(vias[number])

    return get, None


def _rpl_uri(ctx: RouteContext) -> Value:
    if ctx.msg.is_request:
        return None
    host, port, proto = reply_hop(ctx)
    return None if host is None else f"sip:{host}:{port};transport={proto}"


def _rpl_host(ctx: RouteContext) -> Value:
    return None if ctx.msg.is_request else reply_hop(ctx)[0]


def _rpl_port(ctx: RouteContext) -> Value:
    if ctx.msg.is_request:
        return None
    host, port, _ = reply_hop(ctx)
    return None if host is None else port


def _rpl_proto(ctx: RouteContext) -> Value:
    if ctx.msg.is_request:
        return None
    host, _, proto = reply_hop(ctx)
    return None if host is None else proto


def _rpl_protoid(ctx: RouteContext) -> Value:
    proto = _rpl_proto(ctx)
    return None if proto is None else PROTO_IDS.get(str(proto), 0)


def _rpl_vias(ctx: RouteContext) -> Value:
    return None if ctx.msg.is_request else len(ctx.msg.vias)


def _rpl_rrs(ctx: RouteContext) -> Value:
    if ctx.msg.is_request:
        return None
    return sum(line.count(b"<") for line in ctx.msg.all(h.RECORD_ROUTE))


_REPLY: dict[str, Getter] = {
    "duri": _rpl_uri,
    "dhost": _rpl_host,
    "dport": _rpl_port,
    "dproto": _rpl_proto,
    "dprotoid": _rpl_protoid,
    "cntvia": _rpl_vias,
    "cntrr": _rpl_rrs,
}


def _version_num(ctx: RouteContext) -> Value:
    return KAMAILIO_VERSION


def _version_full(ctx: RouteContext) -> Value:
    return f"kamailio {KAMAILIO_VERSION} (x86_64/linux) "  # the blank is Kamailio's


def _version_value(ctx: RouteContext) -> Value:
    return KAMAILIO_VERSION_NUMBER


def _version_hash(ctx: RouteContext) -> Value:
    return "unknown "


_VERSION: dict[str, Getter] = {"num": _version_num, "full": _version_full, "hash": _version_hash}
_KSR: dict[str, Getter] = {"ver": _version_num, "verval": _version_value}
