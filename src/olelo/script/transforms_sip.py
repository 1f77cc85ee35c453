"""Transformations that take SIP texts apart: `uri`, `nameaddr`, `tobody`, `param`, `urialias`, `sock`."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from olelo.script.catalog import TransformSpec, Value
from olelo.script.transforms import Args, Step, int_arg, str_arg, strings_only
from olelo.sip.errors import SipError
from olelo.sip.uri import Uri, parse_uri

_BLANKS = " \t\r\n"
_PROTO_NUMBER = {"udp": 1, "tcp": 2, "tls": 3, "sctp": 4, "ws": 5, "wss": 6}
_PROTO_NAME = {str(number): name for name, number in _PROTO_NUMBER.items()}
#: A parameter as (name, value); a value that was quoted is without its quotes.
Pair = tuple[str, str]


def text(value: object) -> str:
    """What the SIP room gives as bytes, as script text."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return "" if value is None else str(value)


# --- parameters ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def parse_params(source: str, separator: str = ";") -> tuple[Pair, ...] | None:
    """`a=1;b="x;y";c` as pairs in file order; None where the text is no parameter list."""
    body = source[:-1] if len(source) > 1 and source.endswith(separator) else source
    pairs: list[Pair] = []
    for item in _split(body, separator):
        name, equals, value = item.partition("=")
        name = name.strip(_BLANKS)
        value = value.strip(_BLANKS)
        if not name:
            return None
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        pairs.append((name, value if equals else ""))
    return tuple(pairs)


def _split(source: str, separator: str) -> list[str]:
    """Split at a separator that stands outside of quotes."""
    items: list[str] = []
    start = 0
    quote = ""
    skip = False
    for i, char in enumerate(source):
        if skip:
            skip = False
        elif quote:
            if char == "\\":
                skip = True
            elif char == quote:
                quote = ""
        elif char == '"':
            quote = char
        elif char == separator:
            items.append(source[start:i])
            start = i + 1
    items.append(source[start:])
    return items


def _separator(args: Args, at: int) -> str:
    if len(args) <= at:
        return ";"
    mark = args[at]
    if not isinstance(mark, str) or len(mark) != 1:
        raise ValueError("the separator is one character")
    return mark


def _param_by_name(answer: Callable[[str | None], Value]) -> Any:
    def make(args: Args) -> Step:
        wanted = str_arg(args[0].strip() if isinstance(args[0], str) else args[0])
        mark = _separator(args, 1)

        def step(ctx: Any, value: Value) -> Value:
            name = wanted(ctx)
            pairs = parse_params(value, mark) if isinstance(value, str) and value else None
            if pairs is None or name is None:
                return None
            name = name.lower()
            # Kamailio keeps the list backwards, so that the last of several with one name is found
            return answer(next((found for key, found in reversed(pairs) if key.lower() == name), None))

        return step

    return make


def _param_by_index(part: int) -> Any:
    def make(args: Args) -> Step:
        index = int_arg(args[0])
        mark = _separator(args, 1)

        def step(ctx: Any, value: Value) -> Value:
            i = index(ctx)
            pairs = parse_params(value, mark) if isinstance(value, str) and value else None
            if pairs is None or i is None:
                return None
            return pairs[i][part] if -len(pairs) <= i < len(pairs) else ""

        return step

    return make


def _param_count(args: Args) -> Step:
    mark = _separator(args, 0)

    def step(ctx: Any, value: Value) -> Value:
        pairs = parse_params(value, mark) if isinstance(value, str) and value else None
        return None if pairs is None else len(pairs)

    return step


# --- URIs ----------------------------------------------------------------------------------------------------


def read_uri(source: str) -> Uri | None:
    """A parsed URI, or None where the text is none. One trailing `;` is forgiven."""
    try:
        return parse_uri(source.removesuffix(";").encode("latin-1"))
    except SipError:
        return None


def _uri(get: Callable[[Uri, str], Value]) -> Any:
    def work(source: str) -> Value:
        uri = read_uri(source)
        return None if uri is None else get(uri, source)

    return strings_only(work)


def _uri_param(uri: Uri, name: str) -> str:
    pairs = parse_params(text(uri.params)) if uri.params else None
    for key, value in reversed(pairs or ()):
        if key.lower() == name:
            return value
    return ""


def _named(name: str) -> Any:
    return _uri(lambda uri, source: _uri_param(uri, name))


def _any_param(args: Args) -> Step:
    wanted = str_arg(args[0].strip() if isinstance(args[0], str) else args[0])

    def step(ctx: Any, value: Value) -> Value:
        name = wanted(ctx)
        uri = read_uri(value) if isinstance(value, str) and value else None
        return None if uri is None or name is None else _uri_param(uri, name.lower())

    return step


def _short(user: bool, port: bool) -> Any:
    """{uri.duri}, {uri.saor}, {uri.suri}: the URI with only what routing or identity needs."""

    def get(uri: Uri, source: str) -> Value:
        out = source.partition(":")[0] + ":"
        if user and uri.user:
            out += text(uri.user) + "@"
        out += text(uri.host)
        if port:
            out += f":{uri.port}" if uri.port else ""
            transport = _uri_param(uri, "transport")
            out += f";transport={transport}" if transport else ""
        return out

    return _uri(get)


def _proto(uri: Uri, source: str) -> str:
    proto = _uri_param(uri, "transport").lower()
    if source[:5].lower() == "sips:" and proto in ("", "tcp"):
        return "tls"
    return proto


def _to_socket(uri: Uri, source: str) -> Value:
    proto = _proto(uri, source)
    return f"{proto}:{text(uri.host)}:{uri.port or 5060}" if proto in _PROTO_NUMBER else ""


def _alias(source: str) -> Value:
    uri = read_uri(source)
    if uri is None:
        return ""
    proto = _proto(uri, source)
    port = uri.port or (5061 if proto in ("tls", "wss") else 5060)
    return f"{text(uri.host)}~{port}~{_PROTO_NUMBER.get(proto, 1)}"


def _unalias(source: str) -> Value:
    fields = source.split("~")
    if len(fields) == 1:
        return ""
    if len(fields) == 2:
        return "sip:" + ":".join(fields)
    proto = fields[2][:1]
    if proto in ("", "~"):
        return ""
    if proto in ("0", "1"):
        return f"sip:{fields[0]}:{fields[1]}"
    return f"sip:{fields[0]}:{fields[1]};transport={_PROTO_NAME[proto]}" if proto in _PROTO_NAME else ""


# --- addresses -----------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def split_address(source: str) -> tuple[str, str, int, str] | None:
    """(display name, URI, length up to the `>`, what follows) of `"Bob" <sip:b@c>;tag=1`; None without `<`."""
    quoted = False
    at = 0
    while at < len(source):
        char = source[at]
        if char == "\\" and quoted:
            at += 1
        elif char == '"':
            quoted = not quoted
        elif char == "<" and not quoted:
            break
        at += 1
    close = source.find(">", at)
    if at >= len(source) or close < 0:
        return None
    return source[:at], source[at + 1 : close], close + 1, source[close + 1 :]


def _name_address(part: int) -> Any:
    def work(source: str) -> Value:
        found = split_address(source) or ("", source, len(source), "")
        return found[part]

    return strings_only(work)


def _to_body(get: Callable[[str, str, str, Uri], Value]) -> Any:
    def work(source: str) -> Value:
        found = split_address(source)
        if found is not None:
            display, address, _, rest = found
            display = display.strip(_BLANKS)
        else:
            # without angle brackets the parameters belong to the header, not to the URI
            address, semicolon, after = source.partition(";")
            display, address, rest = "", address.strip(_BLANKS), semicolon + after
        uri = read_uri(address)
        if uri is None:
            return None
        return get(display, address, rest.strip(_BLANKS).removeprefix(";").lstrip(_BLANKS), uri)

    return strings_only(work)


def _tag(display: str, address: str, params: str, uri: Uri) -> Value:
    return next((value for name, value in parse_params(params) or () if name.lower() == "tag"), "") if params else ""


# --- sockets -------------------------------------------------------------------------------------------------


def _socket(part: int) -> Any:
    """{sock.host} and so on of `udp:10.0.0.1:5060`."""

    def work(source: str) -> Value:
        proto, colon, rest = source.partition(":")
        if not colon:
            return None
        host, _, port = (
            (rest[: rest.find("]") + 1], "", rest.partition("]")[2].lstrip(":"))
            if rest[:1] == "["
            else (rest.partition(":"))
        )
        if part == 1:
            return int(port) if port.isdigit() else 0
        uri = f"sip:{host}" + (f":{port}" if port else "") + f";transport={proto}"
        return (host, 0, proto, uri)[part]

    return strings_only(work)


def transforms() -> list[TransformSpec]:
    uri: dict[str, Any] = {
        "user": _uri(lambda uri, source: text(uri.user)),
        "host": _uri(lambda uri, source: text(uri.host)),
        "domain": _uri(lambda uri, source: text(uri.host)),
        "passwd": _uri(lambda uri, source: text(uri.password)),
        "port": _uri(lambda uri, source: uri.port),
        "params": _uri(lambda uri, source: text(uri.params)),
        "headers": _uri(lambda uri, source: text(uri.headers)),
        "scheme": _uri(lambda uri, source: source.partition(":")[0]),
        "tosocket": _uri(_to_socket),
        "duri": _short(False, True),
        "suri": _short(True, True),
        "saor": _short(True, False),
        "uparam": _named("user"),
    }
    for name in ("transport", "ttl", "maddr", "method", "lr", "r2"):
        uri[name] = _named(name)
    found = [TransformSpec("uri", name, make, 0, 0, "pv") for name, make in uri.items()]
    found += [
        TransformSpec("uri", "param", _any_param, 1, 1, "pv"),
        TransformSpec("param", "value", _param_by_name(lambda value: value or ""), 1, 2, "pv"),
        TransformSpec("param", "in", _param_by_name(lambda value: int(value is not None)), 1, 2, "pv"),
        TransformSpec("param", "name", _param_by_index(0), 1, 2, "pv"),
        TransformSpec("param", "valueat", _param_by_index(1), 1, 2, "pv"),
        TransformSpec("param", "count", _param_count, 0, 1, "pv"),
        TransformSpec("nameaddr", "name", _name_address(0), 0, 0, "pv"),
        TransformSpec("nameaddr", "uri", _name_address(1), 0, 0, "pv"),
        TransformSpec("nameaddr", "len", _name_address(2), 0, 0, "pv"),
        TransformSpec("tobody", "uri", _to_body(lambda display, address, params, uri: address), 0, 0, "pv"),
        TransformSpec("tobody", "display", _to_body(lambda display, address, params, uri: display), 0, 0, "pv"),
        TransformSpec("tobody", "params", _to_body(lambda display, address, params, uri: params), 0, 0, "pv"),
        TransformSpec("tobody", "user", _to_body(lambda display, address, params, uri: text(uri.user)), 0, 0, "pv"),
        TransformSpec("tobody", "host", _to_body(lambda display, address, params, uri: text(uri.host)), 0, 0, "pv"),
        TransformSpec("tobody", "tag", _to_body(_tag), 0, 0, "pv"),
        TransformSpec("urialias", "encode", strings_only(_alias), 0, 0, "pv"),
        TransformSpec("urialias", "decode", strings_only(_unalias), 0, 0, "pv"),
    ]
    for part, name in enumerate(("host", "port", "proto", "touri")):
        found.append(TransformSpec("sock", name, _socket(part), 0, 0, "corex"))
    return found
