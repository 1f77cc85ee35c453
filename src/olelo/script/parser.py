"""The front end's door: a kamailio.cfg, or its text, to a `Config`, with everything wrong in `Diagnostics`.

Nothing here raises on any input. A configuration with a lost quote is read several times: the string that
swallowed the lines below it is found by the first fault after it, and read again as ending on its own line, so
that one lost quote is one message.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from olelo.script.diagnostics import Diagnostics
from olelo.script.lexer import Lexer
from olelo.script.nodes import Config, Pos
from olelo.script.parse_top import TopParser
from olelo.script.preprocess import Preprocessor
from olelo.script.tokens import EOF, STRING, Token

_MAX_REREADS = 12
_Broken = dict[tuple[str, int], bool]


def read_file(path: str) -> bytes:
    """The default reader: a file's bytes. Raises OSError."""
    with open(path, "rb") as file:
        return file.read()


def parse_file(
    path: str,
    diag: Diagnostics,
    *,
    defines: Mapping[str, str | None] | None = None,
    read: Callable[[str], bytes] = read_file,
    environ: Mapping[str, str] | None = None,
    substs: Sequence[tuple[str, str]] = (),
) -> Config:
    """Parse a configuration file with what it includes.

    defines: what `-A` gives (None: defined without value). read: bytes of a file by its path, OSError where there is
    none. environ: for `#!defenv` and `$env()`; by default the process's own. substs: what --subst, --substdef and
    --substdefs give, as (word, rule).
    Errors go to `diag`; the Config holds what could be read.
    """
    try:
        data = read(path)
    except (OSError, ValueError, KeyError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        diag.error("unreadable", f"cannot read {path}: {reason}", Pos(path, 1, 1))
        return Config(path)
    return parse_text(data, diag, file=path, defines=defines, read=read, environ=environ, substs=substs)


def parse_text(
    text: bytes | str,
    diag: Diagnostics,
    *,
    file: str = "kamailio.cfg",
    defines: Mapping[str, str | None] | None = None,
    read: Callable[[str], bytes] = read_file,
    environ: Mapping[str, str] | None = None,
    substs: Sequence[tuple[str, str]] = (),
) -> Config:
    """Parse a configuration given as text; `file` is its name in positions. See parse_file."""
    env = os.environ if environ is None else environ
    broken: _Broken = {}
    best: tuple[Diagnostics, Config] | None = None
    for _ in range(_MAX_REREADS):
        found = Diagnostics()
        config, tokens, failed = _once(text, found, file, defines or {}, read, env, broken, substs)
        if best is None or len(found.errors) <= len(best[0].errors) + 1:
            best = (found, config)
        guess = _lost_quote(tokens, failed, broken) if failed is not None else None
        if guess is None:
            break
        broken[guess[0]] = guess[1]
    assert best is not None
    order = {name: number for number, name in enumerate(best[1].sources)}
    diag.found += sorted(best[0].found, key=lambda d: (order.get(d.pos.file, 0), d.pos.line))
    return best[1]


def _once(
    text: bytes | str,
    diag: Diagnostics,
    file: str,
    defines: Mapping[str, str | None],
    read: Callable[[str], bytes],
    environ: Mapping[str, str],
    broken: _Broken,
    substs: Sequence[tuple[str, str]],
) -> tuple[Config, list[Token], Token | None]:
    """One reading. Returns the configuration, its tokens and the token the first fault was found at."""
    pre = Preprocessor(diag, defines, read, environ)
    for word, rule in substs:
        pre.add_rule(word, rule, Pos("command line", 1, 1), f"--{word}")
    pre.open(file, text)
    tokens = Lexer(pre, broken).run()
    config = Config(file, defines=pre.defines, sources=pre.sources)
    parser = TopParser(tokens, diag)
    parser.parse(config)
    failed = parser.failed_at
    if failed is None and any(d.code == "unterminated-string" for d in diag.found):
        failed = tokens[-1]
    return config, tokens, failed


def _lost_quote(tokens: list[Token], failed: Token, broken: _Broken) -> tuple[tuple[str, int], bool] | None:
    """The string over several lines that explains the first fault, if one does: its key and whether to report it.

    It ends just before the fault (its opening quote's partner is lost, so it ran on to the next quote), or begins on
    the fault's line (a quote lost its opening partner, which the fault itself has said).
    """
    at = next((i for i, token in enumerate(tokens) if token is failed), len(tokens) - 1)
    for token in tokens[at : at + 40]:
        if token.pos.line != failed.pos.line and token.kind != EOF:
            break
        if _swallows(token, broken) and token is not failed:
            return (token.pos.file, token.offset), False
    for token in reversed(tokens[max(0, at - 3) : at + 1]):
        if _swallows(token, broken):
            return (token.pos.file, token.offset), True
    return None


def _swallows(token: Token, broken: _Broken) -> bool:
    return (
        token.kind == STRING and token.lines > 0 and token.offset >= 0 and (token.pos.file, token.offset) not in broken
    )
