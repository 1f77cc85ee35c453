"""Select expressions: `@via[1].branch`, `@from.uri.user`, `@hf_value.x`, `@cfg_get.group.name` ..

`select(text)` turns one into a getter. A select is a source (a header, a URI, the message ..) and the parts that
follow it; each kind of source says which parts it has. Values are text, None where there is none.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping

from olelo.core import globals as custom
from olelo.core.context import RouteContext
from olelo.core.selects_headers import (
    HEADERS,
    NAME_ADDRS,
    WHOLE,
    Part,
    Source,
    bad,
    credentials_part,
    name_addr_part,
    text,
    uri_part,
    via_part,
)
from olelo.core.selects_values import hf_value
from olelo.core.sockets import bracketed
from olelo.core.values import split_values
from olelo.script.catalog import Getter, Value
from olelo.sip import headers as h

_QUOTED = re.compile(r"""([A-Za-z_]\w*)\[["'](.*)["']\]\Z""")
_PART = re.compile(r"([A-Za-z_][\w\-]*)(?:\[(-?\d+|\*)\])?\Z")


def parse_select(expression: str) -> list[Part]:
    """The parts of a select, each with its index (None without one, and for [*]). Raises: ValueError."""
    found: list[Part] = []
    for piece in _pieces(expression.strip().removeprefix("@")):
        if piece[:1] in "\"'" and len(piece) > 1 and piece[-1] == piece[0]:
            found.append((piece[1:-1], None))
            continue
        match = _PART.match(piece)
        if match is None and (quoted := _QUOTED.match(piece)) is not None:
            found += [(quoted[1], None), (quoted[2], None)]
            continue
        if match is None:
            raise ValueError(f"{piece!r} is no part of a select")
        found.append((match[1], int(match[2]) if match[2] and match[2] != "*" else None))
    return found


def _pieces(expression: str) -> list[str]:
    """Split at dots, but not inside quotes."""
    found = [""]
    quote = ""
    for char in expression:
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == ".":
            found.append("")
            continue
        found[-1] += char
    return found


def select(expression: str) -> Getter:
    """The getter of a select expression, written with or without its `@`. Raises: ValueError where it is unknown."""
    parts = parse_select(expression)
    name = parts[0][0]
    rest = parts[1:]
    if name in HEADERS:
        return _header(name, rest)
    if name in NAME_ADDRS:
        if not rest:
            wire = WHOLE[name]
            return lambda ctx: text(next(iter(ctx.msg.named(wire)), None))
        return name_addr_part(NAME_ADDRS[name], rest)
    if name in ("via", "v"):
        return via_part(parts[0][1], rest)
    if name in ("authorization", "proxy_authorization"):
        return credentials_part(name, rest)
    if name.startswith("hf_value"):
        return hf_value(name, rest)
    found = _SOURCES.get(name)
    if found is None:
        raise ValueError(f"unknown select @{name}")
    return found(rest)


def _header(name: str, rest: list[Part]) -> Getter:
    if rest:
        raise bad(rest)
    hid, spelled = HEADERS[name]

    def get(ctx: RouteContext) -> Value:
        if hid != h.OTHER:
            return text(ctx.msg.first(hid))
        found = ctx.msg.named(spelled)
        return text(found[0]) if found else None

    return get


def _leaf(read: Callable[[RouteContext], Value], rest: list[Part]) -> Getter:
    if rest:
        raise bad(rest)
    return read


def _choice(table: Mapping[str, Callable[[RouteContext], Value]], rest: list[Part], default: str = "") -> Getter:
    key = rest[0][0] if rest else default
    found = table.get(key)
    if found is None:
        raise ValueError(f"{key!r} is not one of {', '.join(table)}")
    return _leaf(found, rest[1:])


# --- URIs ---


def _ruri_source(ctx: RouteContext) -> bytes | None:
    return ctx.ruri if ctx.msg.is_request else None


def _dst_uri_source(ctx: RouteContext) -> bytes | None:
    return ctx.dst_uri or None


def _next_hop_source(ctx: RouteContext) -> bytes | None:
    return (ctx.dst_uri or ctx.ruri) if ctx.msg.is_request else None


def _original_source(ctx: RouteContext) -> bytes | None:
    return ctx.msg.ruri if ctx.msg.is_request else None


def _uri_select(source: Source) -> Callable[[list[Part]], Getter]:
    def make(rest: list[Part]) -> Getter:
        return uri_part(source, rest)

    return make


# --- the message ---


def _cseq(rest: list[Part]) -> Getter:
    if not rest:
        return lambda ctx: text(ctx.msg.first(h.CSEQ))
    number = {"num": 0, "method": 1}.get(rest[0][0])
    if number is None:
        raise bad(rest)
    at = number

    def get(ctx: RouteContext) -> Value:
        words = (ctx.msg.first(h.CSEQ) or b"").split()
        return text(words[at]) if at < len(words) else None

    return _leaf(get, rest[1:])


def _first_line(ctx: RouteContext) -> Value:
    return ctx.msg.raw[: ctx.msg.raw.find(b"\n")].rstrip(b"\r").decode("latin-1")


def _version(ctx: RouteContext) -> Value:
    line = str(_first_line(ctx)).split(" ")
    return line[-1] if ctx.msg.is_request else line[0]


def _method(ctx: RouteContext) -> Value:
    return ctx.msg.method if ctx.msg.is_request else None


def _status(ctx: RouteContext) -> Value:
    return None if ctx.msg.is_request else str(ctx.msg.status)


def _reason(ctx: RouteContext) -> Value:
    return None if ctx.msg.is_request else ctx.msg.reason.decode("latin-1")


def _whole(ctx: RouteContext) -> Value:
    return ctx.msg.raw.decode("latin-1")


def _msg_body(ctx: RouteContext) -> Value:
    return ctx.msg.raw[ctx.msg.body_at :].decode("latin-1")


def _msg_headers(ctx: RouteContext) -> Value:
    raw = ctx.msg.raw
    return raw[raw.find(b"\n") + 1 : ctx.msg.body_at].decode("latin-1")


def _msg_flags(ctx: RouteContext) -> Value:
    return str(ctx.flags)


def _msg_len(ctx: RouteContext) -> Value:
    return str(len(ctx.msg.raw))


def _msg_type(ctx: RouteContext) -> Value:
    return "1" if ctx.msg.is_request else "2"


def _msg_id(rest: list[Part]) -> Getter:
    if rest and rest[0][0] == "hex":
        return _leaf(lambda ctx: f"{ctx.msg_id:08X}", rest[1:])
    return _leaf(lambda ctx: str(ctx.msg_id), rest)


def _msg_header(rest: list[Part]) -> Getter:
    if not rest:
        return _msg_headers
    (name, index), more = rest[0], rest[1:]
    wire = name.replace("_", "-").encode("latin-1")
    at = (index or 1) - 1 if (index or 1) > 0 else index or 0

    def source(ctx: RouteContext) -> bytes | None:
        found = ctx.msg.named(wire)
        return found[at] if -len(found) <= at < len(found) else None

    if not more:
        return lambda ctx: text(source(ctx))
    if more[0][0] in ("nameaddr", "params"):

        def first(ctx: RouteContext) -> bytes | None:
            value = source(ctx)
            return split_values(value)[0] if value else None

        return name_addr_part(first, more[1:] if more[0][0] == "nameaddr" else more)
    raise bad(more)


def _msg_body_part(rest: list[Part]) -> Getter:
    if not rest:
        return _msg_body
    if [part for part, _ in rest[:2]] != ["sdp", "line"] or len(rest) != 3:
        raise bad(rest)
    wanted = rest[2][0].split("=", 1)[0] + "="

    def get(ctx: RouteContext) -> Value:
        for line in str(_msg_body(ctx)).splitlines():
            if line.startswith(wanted):
                return line[len(wanted) :]
        return None

    return get


_REPLY = {"version": _version, "status": _status, "code": _status, "reason": _reason}


def _msg(rest: list[Part]) -> Getter:
    if not rest:
        return _whole
    key, more = rest[0][0], rest[1:]
    if key == "id":
        return _msg_id(more)
    if key in ("header", "h"):
        return _msg_header(more)
    if key in ("body", "content"):
        return _msg_body_part(more)
    if key in ("request", "req"):
        if more and more[0][0] == "uri":
            return uri_part(_original_source, more[1:])
        return _choice({"method": _method, "version": _version}, more) if more else _first_line
    if key in ("response", "res"):
        return _choice(_REPLY, more) if more else _first_line
    return _choice({"first_line": _first_line, "flags": _msg_flags, "len": _msg_len, "type": _msg_type}, rest)


# --- addresses ---


def _src_ip(ctx: RouteContext) -> Value:
    return bracketed(ctx.rcv.ip)


def _src_port(ctx: RouteContext) -> Value:
    return str(ctx.rcv.port)


def _src_ip_port(ctx: RouteContext) -> Value:
    return f"{bracketed(ctx.rcv.ip)}:{ctx.rcv.port}"


def _dst_ip(ctx: RouteContext) -> Value:
    return bracketed(ctx.rcv.socket.host)


def _dst_port(ctx: RouteContext) -> Value:
    return str(ctx.rcv.socket.port)


def _dst_ip_port(ctx: RouteContext) -> Value:
    return f"{bracketed(ctx.rcv.socket.host)}:{ctx.rcv.socket.port}"


def _rcv_proto(ctx: RouteContext) -> Value:
    return ctx.rcv.proto


def _rcv_proto_ip_port(ctx: RouteContext) -> Value:
    return f"{_rcv_proto(ctx)}:{_dst_ip_port(ctx)}"


_SRC = {"ip": _src_ip, "port": _src_port, "ip_port": _src_ip_port}
_DST = {"ip": _dst_ip, "port": _dst_port, "ip_port": _dst_ip_port}
_RECEIVED = {**_DST, "proto": _rcv_proto, "proto_ip_port": _rcv_proto_ip_port}


def _next_hop(rest: list[Part]) -> Getter:
    if rest and rest[0][0] == "src_ip":
        return _leaf(_dst_ip, rest[1:])
    return uri_part(_next_hop_source, rest)


# --- the system ---


def _sys(rest: list[Part]) -> Getter:
    if rest and rest[0][0] == "now":
        return _now(rest[1:])
    return _choice(
        {
            "pid": lambda ctx: str(os.getpid()),
            "unique": lambda ctx: f"{os.getpid():08x}-{ctx.engine.new_id(4)}",
            "server_id": lambda ctx: str(ctx.engine.params.server_id),
        },
        rest,
    )


def _now(rest: list[Part]) -> Getter:
    if not rest:
        return lambda ctx: str(int(ctx.engine.services.wall()))
    zone, more = rest[0][0], rest[1:]
    if zone not in ("local", "gmt", "utc"):
        raise bad(rest)
    layout = more[0][0] if more else "%a %b %d %H:%M:%S %Y"
    split = time.localtime if zone == "local" else time.gmtime

    def get(ctx: RouteContext) -> Value:
        return time.strftime(layout, split(ctx.engine.services.wall()))

    return get


def _branch(rest: list[Part]) -> Getter:
    if not rest:
        raise ValueError("@branch needs a part: count, uri, dst_uri, uriq or q")
    (key, index), more = rest[0], rest[1:]
    at = index or 0
    if key == "count":
        return _leaf(lambda ctx: str(len(ctx.branches)), more)
    if key in ("uri", "dst_uri"):

        def source(ctx: RouteContext) -> bytes | None:
            if not -len(ctx.branches) <= at < len(ctx.branches):
                return None
            found = ctx.branches[at]
            return found.uri if key == "uri" else found.dst_uri or None

        return uri_part(source, more)
    if key not in ("q", "uriq"):
        raise bad(rest)

    def get(ctx: RouteContext) -> Value:
        if not -len(ctx.branches) <= at < len(ctx.branches):
            return None
        found = ctx.branches[at]
        q = "" if found.q < 0 else f"{found.q / 1000:g}"
        if key == "q":
            return q or None
        return f"<{found.uri.decode('latin-1')}>" + (f";q={q}" if q else "")

    return _leaf(get, more)


def _cfg_get(rest: list[Part]) -> Getter:
    if len(rest) < 2:
        raise ValueError("@cfg_get needs a group and a name: @cfg_get.group.name")
    group, name, more = rest[0][0], rest[1][0], rest[2:]

    def get(ctx: RouteContext) -> Value:
        return custom.read(ctx.engine, group, name, ctx)

    if not more:
        return get

    def source(ctx: RouteContext) -> bytes | None:
        value = get(ctx)
        return None if value is None else str(value).encode("latin-1", "replace")

    if more[0][0] == "uri":
        return uri_part(source, more[1:])
    if more[0][0] in ("nameaddr", "params"):
        return name_addr_part(source, more[1:] if more[0][0] == "nameaddr" else more)
    raise bad(more)


_SOURCES: dict[str, Callable[[list[Part]], Getter]] = {
    "ruri": _uri_select(_ruri_source),
    "request_uri": _uri_select(_ruri_source),
    "dst_uri": _uri_select(_dst_uri_source),
    "next_hop": _next_hop,
    "msg": _msg,
    "message": _msg,
    "cseq": _cseq,
    "method": lambda rest: _leaf(_method, rest),
    "version": lambda rest: _leaf(_version, rest),
    "status": lambda rest: _leaf(_status, rest),
    "code": lambda rest: _leaf(_status, rest),
    "reason": lambda rest: _leaf(_reason, rest),
    "src": lambda rest: _choice(_SRC, rest),
    "dst": lambda rest: _choice(_DST, rest),
    "received": lambda rest: _choice(_RECEIVED, rest),
    "sys": _sys,
    "branch": _branch,
    "cfg_get": _cfg_get,
}
