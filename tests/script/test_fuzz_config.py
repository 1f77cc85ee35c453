"""Damaged configurations through the whole front end, the compiler, and one request.

The contract: a text is accepted, or has errors that all have a place in the file; nothing else is raised, and it does
not take long. What is accepted runs: an exception inside a route is a mistake of the compiler or of a module.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from olelo.core.loader import load
from olelo.core.receive import Receiver
from olelo.core.sockets import ListenSocket, Received
from olelo.modules import all_modules
from olelo.script.diagnostics import Diagnostics
from olelo.script.parser import parse_text
from olelo.script.render import render_all, to_json
from olelo.testing.world import FakeServices

EXAMPLES = Path(__file__).parents[2] / "examples"
SEEDS = {path.name: path.read_text("latin-1") for path in sorted(EXAMPLES.rglob("*.cfg"))}
TOKEN = re.compile(r'"[^"\n]*"|#![a-z]+|[A-Za-z_][A-Za-z0-9_]*|\d+|\s+|.', re.DOTALL)
#: Put in between: words and signs of the language, and halves of them.
PIECES = (
    "\" ' $ $var(x) $( $(ru{uri.user}) $avp(x)[*] {s.len} ( ) { } [ ] ; , : = == =~ != ! && || + - * / % @ @via[1].branch"
    " # // /* */ \\ . .. ~ ^ | & << >> 5 -1 0x1F 09 99999999999999999999 10.0.0.1 ::1 UDP udp: INET yes no route request_route"
    " failure_route event_route reply_route onreply_route branch_route if else while switch case default exit drop return"
    " break uri src_ip method myself msg:len proto af loadmodule modparam listen advertise name alias flags debug"
    " force_rport setflag strip forward strlen selval defined (int) (str) not and or mod eq foo route(REQINIT)"
    " t_relay() xlog(\"$ru\\n\") return(-1) $null $rU $hdr(X) $xavp(a=>b) #!define #!ifdef #!endif #!subst \x00 \xff \xc3\xa9"
).split(" ")  # fmt: skip
REQUEST = (
    b"INVITE sip:bob@192.0.2.100 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
    b"From: <sip:alice@example.org>;tag=f\r\nTo: <sip:bob@example.org>\r\nCall-ID: fuzz\r\nCSeq: 1 INVITE\r\n"
    b"Contact: <sip:alice@192.0.2.1>\r\nMax-Forwards: 10\r\nContent-Length: 0\r\n\r\n"
)


def compiled(text: str) -> None:
    """Take a text through everything, and hold the contract. Raises AssertionError where it is broken."""
    diag = Diagnostics()
    config = parse_text(text, diag, file="f.cfg", read=_no_file, environ={})
    world = FakeServices()
    engine = load(config, diag, world, all_modules()) if not diag.errors else None
    assert (engine is None) == bool(diag.errors)
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
    if engine is not None:
        engine.sockets = [ListenSocket("udp", "192.0.2.100", 5060)]
        try:
            for module in engine.modules.values():
                module.start()
        except OSError:  # what it wants of this machine, a file or a socket, is not here: the start ends with that text
            return
        Receiver(engine).receive(REQUEST, Received("udp", "192.0.2.1", 5060, engine.sockets[0]))
        assert [line for _, line in world.lines if "f.cfg:" in line and "Error" in line] == []


def _no_file(path: str) -> bytes:
    raise FileNotFoundError(2, "No such file or directory", path)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A configuration with tokens or bytes lost, doubled, exchanged or put in."""
    text = SEEDS[draw(st.sampled_from(sorted(SEEDS)))]
    if draw(st.booleans()):  # by tokens
        tokens = TOKEN.findall(text)
        for _ in range(draw(st.integers(1, 4))):
            at = draw(st.integers(0, len(tokens) - 1))
            change = draw(st.sampled_from(("lose", "double", "put", "replace", "swap", "cut")))
            if change == "lose":
                del tokens[at : at + draw(st.integers(1, 6))]
            elif change == "double":
                tokens[at:at] = tokens[at : at + draw(st.integers(1, 12))]
            elif change == "put":
                tokens.insert(at, draw(st.sampled_from(PIECES)))
            elif change == "replace":
                tokens[at] = draw(st.sampled_from(PIECES))
            elif change == "swap":
                other = draw(st.integers(0, len(tokens) - 1))
                tokens[at], tokens[other] = tokens[other], tokens[at]
            else:
                del tokens[at + 1 :]
            if not tokens:
                break
        return "".join(tokens)
    for _ in range(draw(st.integers(1, 4))):  # by bytes
        at = draw(st.integers(0, len(text)))
        end = at + draw(st.sampled_from((0, 0, 1, 2, 10)))
        put = draw(st.one_of(st.just(""), st.text(st.characters(max_codepoint=255), max_size=3)))
        text = text[:at] + put + text[end:]
    return text


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(damaged())
@example("")
@example("\x00")
@example("request_route {" * 200)
@example("#!define A B\n#!define B A\nrequest_route { A }")
@example('include_file "f.cfg"\nrequest_route { exit; }')
def test_a_damaged_configuration_is_accepted_or_has_errors_with_places(text: str) -> None:
    compiled(text)


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_the_seeds_are_accepted(name: str) -> None:
    diag = Diagnostics()
    config = parse_text(SEEDS[name], diag, file=name)
    assert load(config, diag, FakeServices(), all_modules()) is not None, diag.errors
    compiled(SEEDS[name])


HEAD = 'loadmodule "pv.so"\nloadmodule "xlog.so"\nloadmodule "textops.so"\n'


def _chain(number: int, before: str = "") -> str:
    """Routes that call the next one."""
    return "".join(f"route[R{i}] {{ {before}route(R{i + 1}); }} " for i in range(number))


#: Things that people write in a row or inside one another, with the number up to which that must work.
LONG = {
    "or": (900, lambda n: "request_route { if (" + '$rm == "A" || ' * n + "1) exit; }"),
    "and": (900, lambda n: "request_route { if (" + "!$var(a) && " * n + "1) exit; }"),
    "calls": (80, lambda n: "request_route { if (" + 'is_method("A") || ' * n + "1) exit; }"),
    "sums": (90, lambda n: "request_route { $var(x) = " + "$var(y) + " * n + "1; }"),
    "brackets": (90, lambda n: "request_route { if (" + "(" * n + "1" + ")" * n + ") exit; }"),
    "ifs": (90, lambda n: "request_route { " + "if ($var(x)) { " * n + "exit; " + "}" * n + "}"),
    "else ifs": (900, lambda n: "request_route { " + "if ($var(x) == 1) { exit; } else " * n + "exit; }"),
    "cases": (900, lambda n: "request_route { switch ($var(x)) { " + "".join(f"case {i}: exit; " for i in range(n)) + "} }"),
    "loops": (15, lambda n: "request_route { " + "while ($var(x)) { " * n + "exit; " + "}" * n + "}"),
    "blocks": (0, lambda n: "request_route { " + "{ " * n + "exit; " + "}" * n + "}"),
    "transformations": (900, lambda n: 'request_route { xlog("$(ru' + "{s.len}" * n + ')"); }'),
    "names in names": (45, lambda n: 'request_route { xlog("' + "$(var(" * n + "x" + "))" * n + '"); }'),
    "variables in a string": (900, lambda n: 'request_route { xlog("' + "$ru " * n + '"); }'),
    "statements": (900, lambda n: "request_route { " + "$var(x) = 1; " * n + "}"),
    "routes": (200, lambda n: "request_route { route(R0); } " + _chain(n) + f"route[R{n}] {{ exit; }}"),
    "circle": (900, lambda n: "request_route { if ($var(x)) route(R0); } " + _chain(n, "if ($var(x)) ") + f"route[R{n}] {{ route(R0); }}"),
}  # fmt: skip


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("more", [1, 3])
def test_long_and_deep_ones_work_or_are_refused_with_a_place(name: str, more: int) -> None:
    number, make = LONG[name]
    if name == "routes" and more > 1:
        return  # accepted, and the call ends at Python's limit of frames, as at Kamailio's max_recursive_level
    text = HEAD + make(number * more or 300 * more)
    compiled(text)
    if number and more == 1:
        diag = Diagnostics()
        assert load(parse_text(text, diag, file="f.cfg"), diag, FakeServices(), all_modules()) is not None, diag.errors


def test_else_if_counts_as_nested_and_gives_the_same_values() -> None:
    """The flat text of a chain has the return code that nested ones have: 1 where no condition held."""
    body = "".join(f'if ($rm == "M{i}") {{ return({i + 2}); }} else ' for i in range(200)) + 'if ($rm == "X") { exit; }'
    world = FakeServices()
    diag = Diagnostics()
    config = parse_text(
        f'{HEAD}request_route {{ route(A); xlog("L_ERR", "code $rc\\n"); }}\nroute[A] {{ {body} }}', diag
    )
    engine = load(config, diag, world, all_modules())
    assert engine is not None, diag.errors
    engine.sockets = [ListenSocket("udp", "192.0.2.100", 5060)]
    for method in (b"M0", b"M150", b"OPTIONS"):
        packet = REQUEST.replace(b"INVITE", method)
        Receiver(engine).receive(packet, Received("udp", "192.0.2.1", 5060, engine.sockets[0]))
    assert [line for _, line in world.lines] == ["<script>: code 2", "<script>: code 152", "<script>: code 1"]
