"""What a configuration sets outside of routes: core and custom parameters, flags, sockets, modules and theirs."""

from __future__ import annotations

from olelo.script.lexer import module_name
from olelo.script.nodes import (
    Config,
    CoreParam,
    CustomParam,
    Expr,
    FlagDecl,
    Ident,
    Listen,
    LoadModule,
    ModParam,
    Str,
)
from olelo.script.parse_addr import bracketed
from olelo.script.parse_stmt import StatementParser
from olelo.script.tokens import (
    CALLBACK_WORDS,
    EOF,
    ID,
    NUMBER,
    NUMID,
    PVAR,
    STRING,
    WORD,
    Token,
    describe,
)

_SOCKET_LISTS = frozenset({"alias", "domain"})
_ADDRESSES = frozenset({"advertised_address", "mcast", "tcp_source_ipv4", "tcp_source_ipv6"})
_DESCRIPTION = frozenset({"description", "descr", "desc"})


class ParamParser(StatementParser):
    """Reads parameters, `flags`, `listen`, `loadmodule` and `modparam` into a Config."""

    config: Config

    def _begins(self) -> bool:
        """Does a top-level statement begin at the present token, the first of its line?"""
        token = self.tok
        if self.starts_top_level():
            return True
        if not token.first or token.kind not in (WORD, ID):
            return False
        return self.next_is("=") or token.text in ("flags", "avpflags") or (token.kind == ID and self.next_is("."))

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
        if self.tok.kind == STRING and self.tok.lines:
            # no module's name spans lines: its closing quote is missing
            self.fail("unterminated-string", "this string is not closed on its line", self.tok.pos)
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
            if word.startswith("loadmodule") and self.tok.kind == ID and not self.tok.first:
                # what the module exports is not missing because of this
                self.config.items.append(LoadModule(self.tok.pos, module_name(name), name))
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
