"""kamailio.cfg to nodes: the top level, and the entrance of the front end.

`parse_file` and `parse_text` never raise for what is in a file: all of it goes to the diagnostics, in one run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from olelo.script import nodes as n
from olelo.script.cursor import Cursor, Problem
from olelo.script.diagnostics import Diagnostics
from olelo.script.lexer import EOF, ID, NUM, OP, RAW, STR, Lexer, decode
from olelo.script.macros import Macros
from olelo.script.parse_expr import BOOLEANS
from olelo.script.parse_stmt import Statements

_ROUTES = {
    "request_route": "request", "route": "route", "reply_route": "reply", "onreply_route": "onreply",
    "failure_route": "failure", "branch_route": "branch", "onsend_route": "onsend", "event_route": "event",
}  # fmt: skip
_PROTOS = ("udp", "tcp", "tls", "sctp", "ws", "wss")
_ADDRESS_PARAMS = ("alias", "domain", "advertised_address", "tcp_source_ipv4", "tcp_source_ipv6", "mcast")
_MODULE_SUFFIX = ".so"


def _read_file(path: str) -> bytes:
    return Path(path).read_bytes()


def parse_file(
    path: str,
    diag: Diagnostics,
    *,
    defines: Mapping[str, str | None] | None = None,
    read: Callable[[str], bytes] = _read_file,
    environ: Mapping[str, str] | None = None,
) -> n.Config:
    """Parse a file and what it includes. A file that cannot be read is an error in `diag`."""
    try:
        data = read(path)
    except OSError as error:
        diag.error("cannot-read", f"cannot read {path}: {error.strerror}", n.Pos(path, 1, 1))
        return n.Config(path)
    return parse_text(data, diag, file=path, defines=defines, read=read, environ=environ)


def parse_text(
    text: bytes | str,
    diag: Diagnostics,
    *,
    file: str = "kamailio.cfg",
    defines: Mapping[str, str | None] | None = None,
    read: Callable[[str], bytes] = _read_file,
    environ: Mapping[str, str] | None = None,
) -> n.Config:
    """Parse a configuration's text. A str is taken as UTF-8 text, bytes as they are."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    parser = Parser(file, decode(data), diag, defines or {}, read, environ or {})
    return parser.parse()


class Parser(Statements):
    """The top level of a configuration."""

    def __init__(
        self,
        file: str,
        text: str,
        diag: Diagnostics,
        defines: Mapping[str, str | None],
        read: Callable[[str], bytes],
        environ: Mapping[str, str],
    ) -> None:
        self.macros = Macros(defines)
        self.lexer = Lexer(file, text, diag, self.macros, read, environ)
        self.cursor = Cursor(self.lexer.tokens(), diag)
        self.diag = diag
        self.config = n.Config(file)
        self.routes: dict[tuple[str, str], n.Pos] = {}

    def parse(self) -> n.Config:
        cursor = self.cursor
        while cursor.peek().kind != EOF:
            try:
                self._item()
            except Problem as problem:
                cursor.report(problem)
                self._recover_top()
        self.config.defines = dict(self.macros.defines)
        self.config.sources = self.lexer.sources
        return self.config

    def _recover_top(self) -> None:
        """Go on with the next line that begins something at the top level."""
        cursor = self.cursor
        line = cursor.peek().pos.line
        depth = 0
        while cursor.peek().kind != EOF:
            token = cursor.peek()
            if self._route_begins():
                return
            if depth == 0 and token.kind == ID and token.pos.line > line and token.pos.col == 1:
                return
            if token.text == "{" and token.kind == OP:
                depth += 1
            elif token.text == "}" and token.kind == OP and depth:
                depth -= 1
            cursor.take()

    def _item(self) -> None:
        cursor = self.cursor
        token = cursor.peek()
        if token.kind == OP and token.text == ";":
            cursor.take()
            return
        if token.kind == OP and token.text == "}":
            raise_extra = Problem("extra-token", "this } closes nothing", token.pos)
            cursor.take()
            cursor.report(raise_extra)
            return
        if token.kind != ID:
            raise cursor.unexpected("a parameter, loadmodule, modparam or a route")
        name = token.text
        if name in _ROUTES:
            self._route()
        elif name in ("loadmodule", "loadmodulex"):
            self._loadmodule()
        elif name in ("modparam", "modparamx"):
            self._modparam()
        elif name in ("loadpath", "mpath"):
            self._path()
        elif name in ("flags", "bool", "avpflags") and not self._is_assignment():
            self._flags()
        elif name == "cfgengine":
            cursor.take()
            cursor.accept("=")
            value = cursor.take()
            self.config.items.append(n.CoreParam(token.pos, name, [n.Str(value.pos, value.text)], value.pos))
        elif name in ("listen", "socket") and self._is_assignment():
            self._listen()
        else:
            self._parameter()

    def _is_assignment(self) -> bool:
        return self.cursor.peek(1).text == "="

    # --- parameters ---------------------------------------------------------------------------------------

    def _parameter(self) -> None:
        """`name = value`, `group.var = value desc ".."`, `group[idx].var = value`."""
        cursor = self.cursor
        start = cursor.take()
        index: int | None = None
        if cursor.at("[") and cursor.peek(1).kind == NUM and cursor.peek(2).text == "]":
            cursor.take()
            index = cursor.take().value
            cursor.take()
        if cursor.at("."):
            cursor.take()
            if cursor.peek().kind != ID:
                raise cursor.unexpected(f"the name of a variable of {start.text}")
            name = cursor.take().text
            cursor.expect("=", f"{start.text}.{name}")
            value = self._value()
            desc = ""
            if cursor.at("desc", "descr", "description"):
                cursor.take()
                desc = cursor.take().text
            cursor.accept(";")
            self.config.items.append(n.CustomParam(start.pos, start.text, name, value, desc, index))
            return
        if not cursor.at("="):
            hint = ""
            if cursor.at("(") or cursor.at(";"):
                hint = "calls belong into a route"
            raise Problem(
                "missing-token", f"missing '=' after {start.text}", cursor.last.end if cursor.last else start.end, hint
            )
        cursor.take()
        value_pos = cursor.peek().pos
        if start.text in _ADDRESS_PARAMS:
            values: list[n.Expr] = []
            line = start.pos.line
            while self._address_begins() and (not values or cursor.peek().pos.line == line):
                where = cursor.peek().pos
                values.append(n.Str(where, self._word_text()))
            if not values:
                raise cursor.unexpected(f"an address for {start.text}")
        else:
            values = [self._value()]
        cursor.accept(";")
        self.config.items.append(n.CoreParam(start.pos, start.text, values, value_pos))

    def _value(self) -> n.Expr:
        cursor = self.cursor
        token = cursor.peek()
        if token.kind in (STR, RAW):
            cursor.take()
            return n.Str(token.pos, token.text)
        if token.kind == NUM and not self._address_parts():
            cursor.take()
            return n.Int(token.pos, token.value, token.text)
        if token.kind == OP and token.text == "-":
            cursor.take()
            number = cursor.take()
            if number.kind != NUM:
                raise Problem("unexpected-token", "a number was expected after -", number.pos)
            return n.Int(token.pos, -number.value, "-" + number.text)
        if token.kind == ID and token.text in BOOLEANS:
            cursor.take()
            return n.Int(token.pos, BOOLEANS[token.text], token.text)
        if token.kind in (ID, NUM):
            if token.kind == NUM:
                return self._address()
            cursor.take()
            return self._host(token)
        raise cursor.unexpected("a value")

    def _address_begins(self) -> bool:
        token = self.cursor.peek()
        if token.kind in (STR, RAW, NUM):
            return True
        if token.kind == OP:
            return token.text in ("[", "*")
        if token.kind == ID:
            following = self.cursor.peek(1)
            return (
                following.text != "="
                and not self._route_begins()
                and token.text not in ("loadmodule", "modparam", "advertise", "name", "virtual")
            )
        return False

    def _word_text(self) -> str:
        """The text of tokens that stand together without blanks: an address as written."""
        cursor = self.cursor
        token = cursor.take()
        text = token.text
        if token.kind in (STR, RAW):
            return text
        while True:
            following = cursor.peek()
            if following.kind == EOF or following.spaced or following.text in (";", ",", ")", "{", "}"):
                return text
            text += cursor.take().text

    # --- listen -------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        cursor = self.cursor
        start = cursor.take()
        cursor.take()
        if cursor.at("{"):
            self._socket_block(start.pos)
            return
        first = True
        while first or (self._address_begins() and cursor.peek().pos.line == start.pos.line):
            if cursor.peek().kind == EOF or not self._address_begins() and not cursor.at("("):
                raise cursor.unexpected("an address, such as udp:127.0.0.1:5060")
            first = False
            for item in self._listen_addresses(start.pos):
                self._listen_options(item)
                self.config.items.append(item)
        cursor.accept(";")

    def _listen_addresses(self, pos: n.Pos) -> list[n.Listen]:
        cursor = self.cursor
        if not cursor.at("("):
            return [_listen_item(pos, cursor.peek().pos, self._word_text())]
        cursor.take()
        found = []
        while not cursor.at(")"):
            found.append(_listen_item(pos, cursor.peek().pos, self._word_text()))
            if not cursor.accept(","):
                break
        cursor.expect(")", "the addresses")
        if cursor.at(":"):
            cursor.take()
            port = cursor.take()
            for item in found:
                item.port = port.value if port.kind == NUM else 0
        return found

    def _listen_options(self, item: n.Listen) -> None:
        cursor = self.cursor
        while cursor.at("advertise", "name", "agname", "virtual", "vrf"):
            word = cursor.take().text
            if word == "virtual":
                item.virtual = True
                continue
            value = self._word_text()
            if word == "advertise":
                _, item.advertise_host, item.advertise_port = _split_address(value, item.pos)
            elif word == "name":
                item.name = value
            else:
                item.options[word] = value

    def _socket_block(self, pos: n.Pos) -> None:
        """socket = { bind = ..; advertise = ..; name = ".."; workers = n; virtual = yes; }"""
        cursor = self.cursor
        cursor.take()
        item: n.Listen | None = None
        options: dict[str, str] = {}
        while not cursor.at("}"):
            if cursor.accept(";"):
                continue
            if cursor.peek().kind != ID:
                raise cursor.unexpected("bind, advertise, name, workers or virtual")
            key = cursor.take().text
            cursor.expect("=", key)
            where = cursor.peek().pos
            text = self._word_text()
            if key == "bind":
                item = _listen_item(pos, where, text)
            else:
                options[key] = text
        cursor.take()
        cursor.accept(";")
        if item is None:
            raise Problem("socket-bind", "socket = { } needs bind = address", pos)
        if "advertise" in options:
            _, item.advertise_host, item.advertise_port = _split_address(options.pop("advertise"), pos)
        item.name = options.pop("name", "")
        item.virtual = options.pop("virtual", "no") in ("yes", "true", "on", "1")
        item.options.update(options)
        self.config.items.append(item)

    # --- modules ------------------------------------------------------------------------------------------

    def _loadmodule(self) -> None:
        cursor = self.cursor
        start = cursor.take()
        brackets = bool(cursor.accept("("))
        token = cursor.peek()
        if token.kind not in (STR, RAW):
            raise cursor.unexpected('the module\'s name in quotes, such as "tm.so"')
        cursor.take()
        options = ""
        if cursor.accept(","):
            options = cursor.take().text
        if brackets:
            cursor.expect(")", "the module's name")
        cursor.accept(";")
        name = os.path.basename(token.text).removesuffix(_MODULE_SUFFIX)
        self.config.items.append(n.LoadModule(start.pos, name, token.text, options))
        self.macros.defines.setdefault(f"MOD_{name}", None)

    def _modparam(self) -> None:
        cursor = self.cursor
        start = cursor.take()
        cursor.expect("(", start.text)
        parts = []
        for what in ("the module's name", "the parameter's name"):
            token = cursor.peek()
            if token.kind not in (STR, RAW):
                raise cursor.unexpected(f"{what} in quotes")
            parts.append(cursor.take())
            cursor.expect(",", what)
        value_token = cursor.peek()
        value: int | str
        if value_token.kind in (STR, RAW):
            value = cursor.take().text
        else:
            expr = self._value() if value_token.kind != "variable" else self.expression()
            if isinstance(expr, n.Int):
                value = expr.value
            elif isinstance(expr, n.Str):
                value = expr.value
            elif isinstance(expr, n.Var):
                value = "$" + expr.text
            elif isinstance(expr, n.Ident):
                raise Problem(
                    "unknown-name",
                    f"{expr.name} is neither a number nor a string",
                    expr.pos,
                    f'"{expr.name}" is a string; is a #!define missing?',
                    len(expr.name),
                )
            else:
                raise Problem("bad-value", "a number or a string was expected", value_token.pos)
        if not cursor.at(")"):
            raise cursor.missing(")", f'modparam("{parts[0].text}", "{parts[1].text}", ..')
        cursor.take()
        cursor.accept(";")
        self.config.items.append(
            n.ModParam(
                start.pos,
                parts[0].text,
                parts[1].text,
                value,
                parts[0].pos,
                parts[1].pos,
                value_token.pos,
                start.text == "modparamx",
            )
        )

    def _path(self) -> None:
        """loadpath and mpath say where Kamailio's .so files are; Olelo's modules are its own."""
        cursor = self.cursor
        start = cursor.take()
        cursor.accept("=")
        token = cursor.peek()
        if token.kind not in (STR, RAW):
            raise cursor.unexpected("a path in quotes")
        cursor.take()
        cursor.accept(";")
        self.config.items.append(n.CoreParam(start.pos, start.text, [n.Str(token.pos, token.text)], token.pos))

    def _flags(self) -> None:
        cursor = self.cursor
        start = cursor.take()
        names: list[tuple[str, int, n.Pos]] = []
        while cursor.peek().kind in (ID, STR):
            token = cursor.take()
            bit = -1
            if cursor.accept(":"):
                bit = cursor.take().value
            names.append((token.text, bit, token.pos))
            if not cursor.accept(","):
                break
        cursor.accept(";")
        self.config.items.append(n.FlagDecl(start.pos, "avpflags" if start.text == "avpflags" else "flags", names))

    # --- routes -------------------------------------------------------------------------------------------

    def _route(self) -> None:
        cursor = self.cursor
        start = cursor.take()
        kind, name = _ROUTES[start.text], ""
        if cursor.accept("["):
            name = self._route_name()
            cursor.expect("]", f"{start.text}[{name}")
        if name in ("", "0"):
            kind = {"route": "request", "onreply": "reply"}.get(kind, kind)
            name = "" if kind in ("request", "reply", "onsend") else name
        self.route_title = f"{start.text}[{name}]" if name else start.text
        self.route_pos = start.pos
        if kind == "event" and ":" not in name:
            self.diag.error(
                "event-name",
                f"event_route[{name}]: an event's name has the form module:event",
                start.pos,
                length=len("event_route"),
            )
        if not cursor.at("{"):
            raise cursor.missing("{", self.route_title)
        body = self.parse_block()
        end = cursor.last.pos if cursor.last is not None else body.pos
        before = self.routes.get((kind, name))
        if before is not None:
            self.diag.error(
                "route-twice",
                f"{self.route_title} is there already",
                start.pos,
                f"the first one is at {before.file}:{before.line}",
                len(start.text),
            )
            return
        self.routes[kind, name] = start.pos
        self.config.items.append(n.Route(start.pos, kind, name, body, end))

    def _route_name(self) -> str:
        cursor = self.cursor
        token = cursor.peek()
        if token.kind in (STR, RAW):
            return cursor.take().text
        text = ""
        while not cursor.at("]") and cursor.peek().kind in (ID, NUM, OP) and not cursor.at("{"):
            text += cursor.take().text
        return text


def _split_address(text: str, pos: n.Pos) -> tuple[str, str, int]:
    """`[proto:]host[:port]` -> (proto, host, port); port 0 where there is none or it is `*`."""
    proto = ""
    head, colon, rest = text.partition(":")
    if colon and head.lower() in _PROTOS:
        proto, text = head.lower(), rest
    if text.startswith("["):
        host, bracket, rest = text.partition("]")
        host, port = host + bracket, rest.removeprefix(":")
    else:
        host, _, port = text.rpartition(":") if ":" in text else (text, "", "")
    if port and port != "*" and (not port.isdigit() or int(port) > 65535):
        raise Problem("bad-port", f"bad port {port!r}", pos)
    return proto, host, int(port) if port.isdigit() else 0


def _listen_item(pos: n.Pos, where: n.Pos, text: str) -> n.Listen:
    proto, host, port = _split_address(text, where)
    return n.Listen(where, proto, host, port)
