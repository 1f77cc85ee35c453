"""The top level: which statement begins here, route blocks, and how to go on after a fault."""

from __future__ import annotations

import re
from difflib import get_close_matches

from olelo.script.grammar import ROUTE_KINDS, ROUTE_TABLE
from olelo.script.nodes import (
    Block,
    Config,
    Pos,
    Route,
)
from olelo.script.parse_base import MAX_DEPTH, Open, Syntax, Unwind
from olelo.script.parse_params import ParamParser
from olelo.script.tokens import (
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


class TopParser(ParamParser):
    """Fills a Config."""

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
            if self._lost_brace(after.end if after else token.pos):
                self.forgive = MAX_DEPTH
                return
            hint = self.suspect or (f"the last route was closed in line {after.end.line}" if after else "")
            self.suspect = ""
            self.report("stray-brace", 'this "}" closes nothing', token.pos, hint)
            self.forgive = MAX_DEPTH
            return
        is_call = token.kind in (ID, WORD) and self.next_is("(")
        if (
            is_call
            and token.kind == ID
            and self.ahead(2).kind == STRING
            and get_close_matches(token.text, LOAD_WORDS, 1, 0.75)
        ):
            self._misspelt(token, self.ahead())
            return
        is_statement = token.kind == WORD and token.text in STATEMENT_WORDS | {"else", "case"}
        if is_call or is_statement or token.kind == PVAR:
            hint = ""
            if self.last_route is not None:
                name, end = route_label(self.last_route), self.last_route.end
                if self._lost_brace(end):
                    self._skip_to_top()
                    return
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
            self._misspelt(token, following)
            return
        self.unexpected("a parameter, module or route")

    def _lost_brace(self, end: Pos) -> bool:
        """Say that the "{" of a body is missing, if the columns of its lines say so."""
        if self.lost is None:
            return False
        (pos, label), self.lost, self.suspect = self.lost, None, ""
        hint = f'the lines below stand as if in its block, and the "}}" in line {end.line} closes the route'
        self.report("missing-brace", f'missing "{{": {label} has no block', pos, hint)
        return True

    def _misspelt(self, token: Token, following: Token) -> None:
        """A word that begins no statement. Where one of the language's is plainly meant, it is read as that one."""
        blocks = following.kind == OP and following.text in "[{"
        words = ROUTE_WORDS if blocks else LOAD_WORDS
        strings = following.kind == STRING or (self.next_is("(") and self.ahead(2).kind == STRING)
        meant = get_close_matches(token.text, words, 1, 0.75) if blocks or strings else []
        hint = f'"{meant[0]}" is meant' if meant else "a parameter is set with name = value"
        self.report("unknown-statement", f'"{token.text}" begins no statement', token.pos, hint, len(token.text))
        if not meant:
            raise Syntax
        token.kind, token.text = WORD, meant[0]
        self.statement()

    # --- recovery -------------------------------------------------------------------------------------------

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

    # --- routes ---------------------------------------------------------------------------------------------

    def route(self) -> None:
        self.lost = None
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
