"""Substitution expressions of a script, with the variables in their replacements."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from olelo.core.context import RouteContext
from olelo.script.catalog import Catalog
from olelo.script.transforms_re import Substitution
from olelo.script.values import ResolveError, Resolver

log = logging.getLogger("olelo.textops")

#: Expressions kept; they are constants of the configuration, so that this is only ever reached by mistake.
_MOST = 4096
_ESCAPE = re.compile(r"\\.", re.DOTALL)


class ScriptSubstitution:
    """One /re/repl/flags whose replacement may hold variables, and `\\u` for the Request-URI. Raises: ValueError."""

    __slots__ = ("_every", "_pattern", "_pieces")

    def __init__(self, text: str, catalog: Catalog) -> None:
        parsed = Substitution(_ESCAPE.sub(lambda m: "$(ru)" if m[0] == "\\u" else m[0], text))
        resolver = Resolver(catalog)
        self._every = parsed.every
        self._pattern = parsed.pattern
        self._pieces: list[int | str | Callable[[object], str]] = []
        for piece in parsed.pieces:
            try:
                self._pieces.append(resolver.format(piece) if isinstance(piece, str) and "$" in piece else piece)
            except ResolveError as error:
                raise ValueError(str(error)) from None

    def _replacement(self, ctx: RouteContext, found: re.Match[str]) -> str:
        out = ""
        for piece in self._pieces:
            if isinstance(piece, str):
                out += piece
            elif isinstance(piece, int):
                out += found[piece] or ""
            else:
                out += piece(ctx)
        return out

    def places(self, ctx: RouteContext, text: str) -> list[tuple[int, int, str]]:
        """(start, end, replacement) of what matched; nothing at all where one match is empty."""
        out: list[tuple[int, int, str]] = []
        for found in self._pattern.finditer(text):
            if found.start() == found.end():
                return []
            out.append((found.start(), found.end(), self._replacement(ctx, found)))
            if not self._every:
                break
        return out

    def apply(self, ctx: RouteContext, text: str) -> str | None:
        """The text with matches replaced, None where nothing matched."""
        places = self.places(ctx, text)
        if not places:
            return None
        out, at = "", 0
        for start, end, new in places:
            out += text[at:start] + new
            at = end
        return out + text[at:]


class Substitutions:
    """The expressions of a script, each compiled when it is first used."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: dict[str, ScriptSubstitution | None] = {}

    def get(self, text: str) -> ScriptSubstitution | None:
        """The compiled expression, None where it is bad (which is logged once)."""
        try:
            return self._known[text]
        except KeyError:
            made = None
        try:
            made = ScriptSubstitution(text, self._catalog)
        except ValueError as error:
            log.error("textops: bad substitution %r: %s", text, error)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[text] = made
        return made
