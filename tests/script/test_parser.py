"""The front end's door: files, lost quotes, whole configurations."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from olelo.script.diagnostics import Diagnostics
from olelo.script.parser import parse_file, parse_text
from script.front_kit import codes, parse


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "kamailio.cfg"
    path.write_bytes(b'debug=1\ninclude_file "more.cfg"\n')
    (tmp_path / "more.cfg").write_bytes(b"route { exit; }\n")
    diag = Diagnostics()
    config = parse_file(str(path), diag)
    assert diag.found == []
    assert config.routes[0].pos.file == str(tmp_path / "more.cfg")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    diag = Diagnostics()
    config = parse_file(str(tmp_path / "none.cfg"), diag)
    assert [d.code for d in diag.errors] == ["unreadable"]
    assert config.items == []


def test_environment_is_the_process_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLELO_TEST_LEVEL", "4")
    diag = Diagnostics()
    parse_text("#!defenv OLELO_TEST_LEVEL\ndebug=OLELO_TEST_LEVEL\n", diag)
    assert diag.found == []


@pytest.mark.parametrize(
    "line",
    [
        'xlog("hello);',
        'xlog("L_INFO", "hello);',
        'xlog(hello there");',
        'if (is_method("INVITE) && $rU == "x") {;}',
        '$var(x) = "abc;',
        '$var(x) = abc def";',
        "xlog('hello);",
    ],
)
def test_one_lost_quote_is_one_message(line: str) -> None:
    text = (
        'request_route {\n\txlog("before");\n\t'
        + line
        + '\n\tsl_send_reply("404", "Not Found");\n\txlog("it\'s\\n");\n}\n'
        'route[A] {\n\txlog("a");\n\tif ($rU == "b") { exit; }\n}\nmodparam("a", "b", "c")\n'
    )
    config, diag = parse(text)
    assert [(d.severity, d.pos.line) for d in diag.found] == [("error", 3)]
    assert [route.name for route in config.routes] == ["", "A"]


def test_lost_quotes_in_two_lines() -> None:
    text = 'route {\n xlog("a);\n xlog("b");\n xlog("c);\n xlog("d");\n}\nroute[B] {\n xlog("e");\n}\n'
    _, diag = parse(text)
    assert [(d.code, d.pos.line) for d in diag.errors] == [("unterminated-string", 2), ("unterminated-string", 4)]


def test_strings_over_lines_are_no_fault() -> None:
    assert codes('route {\n $var(x) = "line;\n  line);\n";\n}\n') == []


def test_faults_in_order() -> None:
    _, diag = parse('route {\n f(\n}\ninclude_file "x.cfg"\n#!define A-B\nfoo\n')
    assert [d.pos.line for d in diag.errors] == sorted(d.pos.line for d in diag.errors)


def test_a_long_configuration_is_quick() -> None:
    body = '\tif (is_method("INVITE") && $rU =~ "^[0-9]+$") {\n'
    body += '\t\t$var(x) = $(rU{s.substr,0,2}) + "a";\n\t\tf(LEVEL);\n\t}\n'
    text = "#!define LEVEL 5\n" + "".join(f"route[R{n}] {{\n{body * 20}}}\n" for n in range(60))
    start = time.perf_counter()
    assert codes(text) == []
    assert text.count("\n") > 4900
    assert time.perf_counter() - start < 4
