"""Fuzz the front end: damaged configurations and token soup.

The contract: nothing is raised; everything said has a place inside the file; a text is accepted or has an error.

    python fuzz/fuzz_config.py [seconds] [file ..]
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

from olelo.script.diagnostics import Diagnostics
from olelo.script.parser import parse_text
from olelo.script.render import render_all, to_json

PIECES = (
    "\" ' $ $var(x) $( ( ) { } [ ] ; , : = == =~ != ! && || + - * / % @ @via[1].branch @a[ # // /* */ \\ . .. ~ ^ | &"
    " << >>"
    " 5 0x1F 09 10.0.0.1 ::1 fe80::1 UDP udp: INET yes route request_route failure_route event_route reply_route"
    " onreply_route if else while switch case default exit drop return break uri src_ip method myself msg:len proto af"
    " loadmodule modparam listen advertise name alias flags debug kemi force_rport setflag strip forward strlen selval"
    " defined (int) (str) not and or mod eq foo bar N A f( x.y a[1].b $? $ru $null socket bind"
).split(" ")
LINES = (
    "#!define N 5", "#!define N N M", "#!define M N", '#!define S "a', "#!define C /*", "#!ifdef N", "#!ifndef N",
    "#!else", "#!endif", "#!ifexp N + 1", "#!subst \"/a/b/g\"", '#!substdef "!A!b c!g"', "#!redef N {", "#!undef N",
    "#!KAMAILIO", "#!SER", 'include_file "x.cfg"', 'import_file "y.cfg"', "#!defenv HOME", "#!defexp E 1/0", "}", "{",
    "request_route {", "route[A] {", "exit;", "if (1) {", "} else {",
)  # fmt: skip
INCLUDED = {"x.cfg": b'include_file "x.cfg"\nroute[X] { xlog("x', "y.cfg": b"#!ifdef Q\n} exit;"}


def _read(path: str) -> bytes:
    if path not in INCLUDED:
        raise FileNotFoundError(2, "No such file or directory", path)
    return INCLUDED[path]


def check(text: str | bytes) -> Diagnostics:
    """Parse, and hold the contract. Raises AssertionError where it is broken."""
    diag = Diagnostics()
    config = parse_text(text, diag, file="f.cfg", read=_read, environ={"HOME": "/x"})
    lines = {name: source.split("\n") for name, source in config.sources.items()}
    for found in diag.found:
        pos = found.pos
        assert pos.file in lines, found
        assert 1 <= pos.line <= len(lines[pos.file]), found
        assert 1 <= pos.col <= len(lines[pos.file][pos.line - 1]) + 1, found
        assert found.length >= 1, found
        assert found.message, found
    render_all(diag.found, config.sources)
    to_json(diag.found)
    return diag


def soup(rng: random.Random, size: int) -> str:
    """Words of the language in any order."""
    parts: list[str] = []
    for _ in range(size):
        parts.append(rng.choice(PIECES) if rng.random() < 0.85 else "\n" + rng.choice(LINES) + "\n")
        if rng.random() < 0.6:
            parts.append(rng.choice((" ", "\n", "\t")))
    return "".join(parts)


def damage(rng: random.Random, text: str) -> str:
    """A configuration with a few bytes or stretches lost, doubled, moved or put in."""
    for _ in range(rng.randint(1, 4)):
        a = rng.randrange(len(text) + 1)
        b = min(len(text), a + rng.choice((0, 1, 1, 2, 10, 200)))
        c = rng.randrange(len(text) + 1)
        insert = rng.choice(("", rng.choice(PIECES), "\n" + rng.choice(LINES) + "\n", text[c : c + 40]))
        text = text[:a] + insert + text[b:]
    return text


def main(seconds: float, seeds: list[str]) -> None:
    """Run for a time, with one seed of randomness that is printed."""
    seed = random.SystemRandom().randrange(1 << 32)
    rng = random.Random(seed)
    print(f"seed {seed}")
    end, rounds = time.monotonic() + seconds, 0
    text = ""
    try:
        while time.monotonic() < end:
            text = damage(rng, rng.choice(seeds)) if seeds and rng.random() < 0.5 else soup(rng, rng.randint(1, 80))
            check(text.encode("latin-1"))
            rounds += 1
    except BaseException:
        Path("fuzz-config-crash.cfg").write_text(text, "latin-1")
        print(f"round {rounds}: text kept in fuzz-config-crash.cfg")
        raise
    print(f"{rounds} texts")


if __name__ == "__main__":
    names = sys.argv[2:] or [name for name in ("/etc/kamailio/kamailio.cfg",) if Path(name).exists()]
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10, [Path(name).read_text("latin-1") for name in names])
