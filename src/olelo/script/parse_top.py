"""The top level: parameters, modules, listen addresses, route blocks."""

from __future__ import annotations

import re

from olelo.script.grammar import ROUTE_KINDS, ROUTE_TABLE
from olelo.script.lexer import module_name
from olelo.script.nodes import (
    Block,
    Config,
    CoreParam,
    CustomParam,
    Expr,
    FlagDecl,
    Ident,
    Listen,
    LoadModule,
    ModParam,
    Pos,
    Route,
    Str,
)
from olelo.script.parse_addr import bracketed
from olelo.script.parse_base import MAX_DEPTH, Open, Syntax, Unwind
from olelo.script.parse_stmt import StatementParser
from olelo.script.tokens import (
    CALLBACK_WORDS,
    EOF,
    EVENT,
    ID,
    LOAD_WORDS,
    NUMBER,
    NUMID,
    OP,
    PARAM_OR_COMMAND,
    PARAM_WORDS,
    PVAR,
    ROUTE_WORDS,
    STATEMENT_WORDS,
    STRING,
    WORD,
    Token,
    describe,
)

_EVENT_NAME = re.compile(r"[A-Za-z][0-9A-Za-z_-]*(?::[0-9A-Za-z_.-]+)+")
_SOCKET_LISTS = frozenset({"alias", "domain"})
_ADDRESSES = frozenset({"advertised_address", "mcast", "tcp_source_ipv4", "tcp_source_ipv6"})
_DESCRIPTION = frozenset({"description", "descr", "desc"})


class TopParser(StatementParser):
    """Fills a Config."""

    config: Config
    forgive: int = 0  # stray `}` that belong to a fault already reported
    last_route: Route | None = None

    def parse(self, config: Config) -> None:
        self.config = config
        self.named: dict[tuple[str, str], Route] = {}
        while self.tok.kind != EOF:
            start = self.at
            self.condition, self.calling, self.depth = "", "", 0
            self.blocks.clear()
            try:
                self.statement()
            except Syntax:
                self._skip_statement(start)
            except RecursionError:
                self.report("too-deep", "this is nested too deeply", self.tokens[start].pos)
                self._skip_statement(start)
            except Unwind:
                if self.at == start:
                    self.advance()

    # --- dispatch -------------------------------------------------------------------------------------------

    def statement(self) -> None:
        token = self.tok
        if token.kind == WORD:
            if token.text in ROUTE_WORDS:
                self.route()
                return
            if token.text in LOAD_WORDS:
                self._load(token)
                return
            if token.text in ("flags", "bool", "avpflags"):
                self._flags(token)
                return
            if token.text == "kemi":
                self._kemi(token)
                return
            if self.next_is("=") or token.text in PARAM_WORDS | PARAM_OR_COMMAND:
                self._parameter(token)
                return
            if token.text == "default" and (self.next_is(".") or self.next_is("[")):
                self._custom(token)
                return
        elif token.kind == ID:
            if self.next_is("="):
                self._parameter(token)
                return
            if self.next_is("."):
                self._custom(token)
                return
            if self.next_is("[") and self.ahead(2).kind == NUMBER and self.next_is("]", 3):
                self._custom(token)
                return
        elif self.accept(";"):
            return
        self._outside(token)

    def _outside(self, token: Token) -> None:
        """Something that cannot stand at top level."""
        if token.kind == OP and token.text == "}":
            self.advance()
            if self.forgive > 0:
                self.forgive -= 1
                return
            after = self.last_route
            hint = self.suspect or (f"the last route was closed in line {after.end.line}" if after else "")
            self.suspect = ""
            self.report("stray-brace", 'this "}" closes nothing', token.pos, hint)
            self.forgive = MAX_DEPTH
            return
        is_call = token.kind in (ID, WORD) and self.next_is("(")
        is_statement = token.kind == WORD and token.text in STATEMENT_WORDS | {"else", "case"}
        if is_call or is_statement or token.kind == PVAR:
            hint = ""
            if self.last_route is not None:
                name, end = route_label(self.last_route), self.last_route.end
                if self.suspect and self.suspect_pos == self.last_route.pos:
                    self.report(
                        "stray-brace", f'this "}}" closes {name}, but {describe(token)} follows outside of any route',
                        end,
                        f"{name} begins in line {self.last_route.pos.line}; a brace too many?",
                    )  # fmt: skip
                    self._skip_to_top()
                    return
                hint = f'a "}}" closed {name} in line {end.line}: one too many?'
            self.suspect = ""
            self.report("outside-route", f"{describe(token)} stands outside of any route", token.pos, hint)
            self._skip_to_top()
            return
        if token.kind == WORD and token.text in ("name", "advertise", "virtual") and self.prev.kind != EOF:
            self.unexpected("a parameter, module or route")
        if token.kind == ID:
            following = self.ahead()
            if following.kind == ID and not following.first:
                self.unexpected("a parameter, module or route")
            self.fail(
                "unknown-statement", f'"{token.text}" begins no statement', token.pos,
                "a parameter is set with name = value", len(token.text),
            )  # fmt: skip
        self.unexpected("a parameter, module or route")

    # --- recovery -------------------------------------------------------------------------------------------

    def _begins(self) -> bool:
        """Does a top-level statement begin at the present token, the first of its line?"""
        token = self.tok
        if self.starts_top_level():
            return True
        if not token.first or token.kind not in (WORD, ID):
            return False
        return self.next_is("=") or token.text in ("flags", "avpflags") or (token.kind == ID and self.next_is("."))

    def _skip_statement(self, start: int) -> None:
        """After a fault at top level: on to the next statement, over a block if one follows."""
        if self.at == start:
            self.advance()
        depth = 0
        while self.tok.kind != EOF:
            if depth == 0 and self._begins():
                return
            if depth and self.starts_top_level() and self.tok.text in ROUTE_WORDS:
                return
            token = self.advance()
            if token.kind == OP and token.text in ";{}":
                depth += {"{": 1, "}": -1, ";": 0}[token.text]
                if depth <= 0 and self.tok.first:
                    return

    def _skip_to_top(self) -> None:
        """Pass over statements that stand outside of routes, as part of the fault already reported."""
        depth = 0
        self.advance()
        while self.tok.kind != EOF:
            if self.starts_top_level() or (depth <= 0 and self._begins() and self.tok.pos.col == 1):
                return
            if self.is_op("{"):
                depth += 1
            elif self.is_op("}"):
                depth -= 1
            self.advance()

    # --- parameters -----------------------------------------------------------------------------------------

    def _equals(self, token: Token) -> None:
        if not self.accept("="):
            if self.tok.kind in (NUMBER, STRING) and not self.tok.first:
                self.fail("missing-equals", f'"=" expected after "{token.text}"', token.end)
            self.unexpected(f'"=" after "{token.text}"')

    def _no_value(self, token: Token) -> None:
        """The value is missing: the next token begins another line or statement."""
        if (self.tok.first and self._begins()) or self.tok.kind == EOF or self.is_op(";"):
            self.fail("missing-value", f'"{token.text}" needs a value', self.prev.end)

    def _parameter(self, token: Token) -> None:
        self.advance()
        self._equals(token)
        if token.text == "listen":
            self._no_value(token)
            self._listen(token)
            return
        if token.text == "socket" and self.is_op("{"):
            self._socket(token)
            return
        self._no_value(token)
        value_pos = self.tok.pos
        if token.text in _SOCKET_LISTS and token.kind in (WORD, ID):
            values = self._sockets()
        else:
            values = [self._value(token.text in _ADDRESSES)]
        self.config.items.append(CoreParam(token.pos, token.text, values, value_pos))

    def _value(self, host: bool) -> Expr:
        """One value; host: of a parameter that takes a host or address, which becomes a Str."""
        token = self.tok
        if self.is_op("-") and self.ahead().kind == NUMBER:
            return self.unary()
        if self.at_address():
            return Str(token.pos, self.address())
        if token.kind == NUMBER or token.kind == STRING:
            return self.unary()
        if token.kind in (ID, NUMID):
            return Str(token.pos, self.host()) if host else Ident(token.pos, self.host())
        if token.kind == WORD or self.is_op("*"):
            if self.next_is("="):
                self.unexpected("a value")
            self.advance()
            return Ident(token.pos, token.text)
        if token.kind == PVAR:
            self.unexpected("a number, a string or a name", "variables have no value while the file is read")
        self.unexpected("a number, a string or a name")

    def _sockets(self) -> list[Expr]:
        values: list[Expr] = []
        while True:
            if self.is_op("("):
                opened = self.advance()
                values.append(self._socket_value())
                while self.accept(","):
                    values.append(self._socket_value())
                self.expect(")", opened)
            else:
                values.append(self._socket_value())
            if not self.at_host():
                return values

    def _socket_value(self) -> Str:
        value = self.socket_expr()
        return value if isinstance(value, Str) else Str(value.pos, value.name if isinstance(value, Ident) else "")

    def _custom(self, token: Token) -> None:
        """`group.var = value`, `group[1].var = value`."""
        self.advance()
        index: int | None = None
        if self.accept("["):
            index = self.advance().number
            self.advance()
        if not self.accept("."):
            self.unexpected('"."')
        name = self.tok
        if name.kind not in (ID, WORD) or (name.kind == WORD and name.text != "default"):
            self.reserved("the name of a variable") if name.kind == WORD else self.unexpected("the name of a variable")
        self.advance()
        self._equals(name)
        self._no_value(name)
        value = self.tok
        if not (value.kind in (NUMBER, STRING) or (self.is_op("-") and self.ahead().kind == NUMBER)):
            self.unexpected("a number or a string")
        item = CustomParam(token.pos, token.text, name.text, self.unary(), index=index)
        if self.tok.kind == WORD and self.tok.text in _DESCRIPTION:
            self.advance()
            if self.tok.kind != STRING:
                self.unexpected("the description, a string")
            item.desc = self.advance().text
        self.config.items.append(item)

    def _kemi(self, token: Token) -> None:
        self.advance()
        if not self.accept("."):
            self.unexpected('"." after "kemi"')
        name = self.advance()
        if name.text not in CALLBACK_WORDS and name.kind != ID:
            self.fail("unexpected", f'"{name.text}" is no callback of kemi', name.pos, length=len(name.text))
        self._equals(name)
        if self.tok.kind != STRING:
            self.unexpected("a string")
        pos = self.tok.pos
        self.config.items.append(CoreParam(token.pos, f"kemi.{name.text}", [self.unary()], pos))

    def _flags(self, token: Token) -> None:
        """`flags NAME[:bit], ..`, `avpflags NAME, ..`."""
        self.advance()
        item = FlagDecl(token.pos, "avpflags" if token.text == "avpflags" else "flags", [])
        while True:
            name = self.tok
            if name.kind == WORD:
                self.reserved("the name of a flag")
            if name.kind not in (ID, STRING):
                self.unexpected("the name of a flag")
            self.advance()
            bit = -1
            if item.kind == "flags" and self.accept(":"):
                if self.tok.kind != NUMBER:
                    self.unexpected("the flag's number")
                bit = self.advance().number
            item.names.append((name.text, bit, name.pos))
            if not self.accept(","):
                break
        self.config.items.append(item)

    # --- sockets --------------------------------------------------------------------------------------------

    def _listen(self, token: Token) -> None:
        """`listen = id [id ..] [advertise host[:port]] [name "x"] [virtual]`; one item per address."""
        items: list[Listen] = []
        while True:
            proto = self.proto()
            if self.is_op("("):
                opened = self.advance()
                hosts = [self.listen_id()]
                while self.accept(","):
                    hosts.append(self.listen_id())
                self.expect(")", opened)
                port = self.port()
                items += [Listen(token.pos, proto, bracketed(host), port) for host in hosts]
            else:
                if not proto:
                    proto, host, port = self.socket()
                else:
                    host, port = bracketed(self.listen_id()), self.port()
                items.append(Listen(token.pos, proto, host, port))
            if not self.at_host():
                break
        self._listen_options(items)
        self.config.items += items

    def _listen_options(self, items: list[Listen]) -> None:
        while True:
            word = self.tok.text if self.tok.kind in (WORD, ID) else ""
            if word in ("advertise", "ADVERTISE"):
                self.advance()
                _, host, port = self.socket()
                for item in items:
                    item.advertise_host, item.advertise_port = host, port
            elif word in ("name", "NAME", "agname", "AGNAME", "vrf", "VRF") and self.ahead().kind == STRING:
                self.advance()
                value = self.advance().text
                for item in items:
                    if word.lower() == "name":
                        item.name = value
                    else:
                        item.options[word.lower()] = value
            elif word in ("virtual", "VIRTUAL"):
                self.advance()
                for item in items:
                    item.virtual = True
            else:
                return

    def _socket(self, token: Token) -> None:
        """`socket = { bind = udp:1.2.3.4:5060; advertise = ..; name = ".."; .. }` (Kamailio 5.7)."""
        opened = self.advance()
        item = Listen(token.pos, "", "", 0)
        while not self.is_op("}"):
            if self.tok.kind == EOF or self.starts_top_level():
                self.fail("missing-brace", 'this "{" is not closed', opened.pos)
            if self.accept(";"):
                continue
            name = self.advance()
            if name.kind not in (ID, WORD):
                self.fail("unexpected", f"unexpected {describe(name)}, an option of the socket expected", name.pos)
            self._equals(name)
            if name.text == "bind":
                item.proto, item.host, item.port = self.socket()
            elif name.text in ("advertise", "ADVERTISE"):
                _, item.advertise_host, item.advertise_port = self.socket()
            elif name.text in ("name", "NAME"):
                if self.tok.kind != STRING:
                    self.unexpected("a string")
                item.name = self.advance().text
            elif self.tok.kind in (NUMBER, STRING, ID, WORD):
                value = self.advance()
                if name.text in ("virtual", "VIRTUAL"):
                    item.virtual = value.number != 0
                else:
                    item.options[name.text] = value.text
            else:
                self.unexpected("a value")
            if not (self.is_op("}") or self.is_op(";") or self.tok.kind == EOF or self.starts_top_level()):
                self.missing(";", "every option of a socket ends with a semicolon")
        self.advance()
        if not item.host:
            self.report("missing-value", "the socket has no bind address", token.pos, "bind = udp:127.0.0.1:5060;", 6)
        self.config.items.append(item)

    # --- modules --------------------------------------------------------------------------------------------

    def _load(self, token: Token) -> None:
        word = token.text
        self.advance()
        if word in ("modparam", "modparamx"):
            self._modparam(token)
            return
        if word in ("loadpath", "mpath", "cfgengine"):
            self.accept("=")
            value = self._string(word)
            self.config.items.append(CoreParam(token.pos, word, [Str(value.pos, value.text)], value.pos))
            return
        opened = self.tok if self.accept("(") else None
        value = self._string(word)
        options = ""
        if opened is not None:
            if self.accept(","):
                options = self._string(word).text
            self.expect(")", opened)
        self.config.items.append(LoadModule(token.pos, module_name(value.text), value.text, options))

    def _string(self, word: str) -> Token:
        if self.tok.kind != STRING:
            name = self.tok.text if self.tok.kind in (ID, WORD) else "..."
            if self.next_is(".") and self.ahead(2).kind == ID:
                name += "." + self.ahead(2).text
            hint = f'write {word} "{name}"'
            if self.tok.first:
                self.fail("missing-value", f'"{word}" needs a string', self.prev.end)
            self.fail("string-expected", f"{word} needs a string in quotes", self.tok.pos, hint)
        return self.advance()

    def _modparam(self, token: Token) -> None:
        """`modparam("modules", "name", value)`."""
        word = token.text
        opened = self.tok
        if not self.accept("("):
            self.unexpected(f'"(" after {word}')
        modules = self._modparam_string(word, "module")
        name = self._modparam_string(word, "parameter")
        value_token = self.tok
        value: int | str
        if value_token.kind == STRING:
            value = self.advance().text
        elif value_token.kind == PVAR and word == "modparamx":
            value = "$" + self.advance().text
        elif value_token.kind == NUMBER:
            value = self.advance().number
        elif self.is_op("-") and self.ahead().kind == NUMBER:
            self.advance()
            value = -self.advance().number
        else:
            if value_token.kind in (ID, WORD):
                self.fail(
                    "bare-word", f'"{value_token.text}" alone is no value', value_token.pos,
                    "a string needs quotes; a #!define must stand above", len(value_token.text),
                )  # fmt: skip
            hint = "modparamx takes variables" if value_token.kind == PVAR else ""
            self.unexpected("a string or a number", hint)
        if self.is_op(","):
            self.fail("too-many-arguments", f"{word} takes three arguments", self.tok.pos)
        self.expect(")", opened)
        self.config.items.append(
            ModParam(
                token.pos, modules.text, name.text, value, modules.pos, name.pos, value_token.pos, word == "modparamx"
            )
        )

    def _modparam_string(self, word: str, what: str) -> Token:
        token = self.tok
        if token.kind != STRING:
            if token.kind == ID and self.next_is(","):
                self.fail(
                    "string-expected", f"the {what} name must be in quotes", token.pos, f'write "{token.text}"',
                    len(token.text),
                )  # fmt: skip
            self.unexpected(f"the {what} name, a string")
        self.advance()
        if not self.accept(","):
            if self.is_op(")"):
                self.fail("too-few-arguments", f"{word} takes three arguments", token.pos, 'modparam("m", "name", 1)')
            self.unexpected('","')
        return token

    # --- routes ---------------------------------------------------------------------------------------------

    def route(self) -> None:
        token = self.advance()
        self.forgive = 0
        word = token.text
        main_kind, named_kind = ROUTE_KINDS[word]
        kind, name, name_pos = main_kind, "", token.pos
        if self.is_op("["):
            opened = self.advance()
            name, name_pos = self._route_name(word, named_kind), self.prev.pos
            self.expect("]", opened)
            kind = named_kind
            if name == "0" and main_kind:
                kind, name = main_kind, ""
        elif not main_kind:
            self.unexpected('"[" and the event\'s name', "for example event_route[tm:local-request]")
        if not self.is_op("{"):
            if self.is_op("(") or self.is_op(";"):
                self.fail("unexpected", f'unexpected {describe(self.tok)}, "{{" expected', self.tok.pos)
            self.missing("{", f"{word} needs a block")
            if self.tok.kind == OP and not self.tok.first:
                self.advance()
            if not (self.tok.kind == WORD and self.tok.text in STATEMENT_WORDS) and not self.next_is("("):
                raise Syntax
        route = Route(token.pos, kind, name, Block(self.tok.pos), self.tok.pos)
        self._register(route, name_pos)
        self.config.items.append(route)
        label = route_label(route)
        self.suspect = ""
        self.blocks.append(Open(label, token.pos, self.indent))
        brace = self.tok
        self.headless = not self.accept("{")
        try:
            self.fill(route.body)
        except Unwind:
            route.end = self.prev.pos
            if self.tok.kind == WORD and self.tok.text in LOAD_WORDS:
                self.forgive = len(self.blocks)
            raise
        route.end = self.tok.pos
        if self.prev is brace:
            self.empty_block(label, brace.pos)
        self.close()
        self.last_route = route

    def _route_name(self, word: str, named_kind: str) -> str:
        token = self.tok
        if not named_kind:
            self.fail("named-main-route", f"{word} takes no name", token.pos, "named routes are route[NAME]")
        if word == "event_route":
            if token.kind != EVENT or not _EVENT_NAME.fullmatch(token.text):
                self.fail(
                    "bad-event-name", "an event route is named module:event", token.pos,
                    "for example event_route[tm:local-request]", max(1, len(token.text)),
                )  # fmt: skip
            return self.advance().text
        if token.kind == NUMBER:
            self.advance()
            name = str(token.number)
        elif token.kind in (ID, STRING):
            name = self.advance().text
        elif token.kind == WORD:
            self.reserved("the name of a route")
        elif token.kind == NUMID:
            self.fail(
                "bad-route-name", "a route name that begins with a digit must be quoted", token.pos,
                f'{word}["{token.text}"]', len(token.text),
            )  # fmt: skip
        else:
            self.unexpected("the name of a route")
        if self.is_op("-"):
            self.fail("bad-route-name", 'a route name with "-" must be quoted', token.pos, f'{word}["{name}-..."]')
        return name

    def _register(self, route: Route, pos: Pos) -> None:
        """Names are used once per kind; main blocks of one kind may be repeated and run one after the other."""
        key = (ROUTE_TABLE[route.kind], route.name)
        before = self.named.get(key)
        if before is None:
            self.named[key] = route
            return
        label, at = route_label(route), f"the first is at {before.pos.file}:{before.pos.line}"
        if route.name:
            self.report("duplicate-route", f"{label} is defined twice", pos, at, len(route.name))
        else:
            self.diag.warning("repeated-route", f"{label} again: its actions follow those of the first", pos, at)


def route_label(route: Route) -> str:
    """The route as messages name it: `request_route`, `failure_route[X]`."""
    main = {"request": "request_route", "reply": "reply_route", "onsend": "onsend_route"}
    if not route.name:
        return main.get(route.kind, f"{route.kind}_route")
    word = "route" if route.kind == "route" else f"{route.kind}_route"
    return f"{word}[{route.name}]"
