"""Tokens: words, numbers, strings, variables, comments, places."""

from __future__ import annotations

import pytest

from olelo.script.diagnostics import Diagnostics
from olelo.script.lexer import Lexer, module_name, number_of
from olelo.script.nodes import Pos
from olelo.script.preprocess import Preprocessor
from olelo.script.tokens import Token
from script.front_kit import codes, good, warnings


def no_file(path: str) -> bytes:
    raise FileNotFoundError(path)


def lex(text: str | bytes) -> tuple[list[Token], Diagnostics]:
    diag = Diagnostics()
    pre = Preprocessor(diag, {}, no_file, {})
    pre.open("f", text)
    return Lexer(pre, {}).run(), diag


def kinds(text: str) -> list[tuple[str, str]]:
    tokens, diag = lex(text)
    assert diag.errors == []
    return [(token.kind, token.text) for token in tokens[:-1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("foo _b9", [("name", "foo"), ("name", "_b9")]),
        ("5 0x1F 010 101b", [("number", "5"), ("number", "0x1F"), ("number", "010"), ("number", "101b")]),
        ("09 5060abc", [("number-name", "09"), ("number-name", "5060abc")]),
        ("method uri msg:len", [("word", "method"), ("word", "uri"), ("word", "msg:len")]),
        ("Method URI", [("name", "Method"), ("name", "URI")]),
        ("fe80::1 ::1 ::", [("ipv6", "fe80::1"), ("ipv6", "::1"), ("ipv6", "::")]),
        ("10.0.0.1", [("number", "10")]
            + [("operator", "."), ("number", "0")] * 2 + [("operator", "."), ("number", "1")]),
        ("$ru", [("variable", "ru")]),
        ("$?", [("variable", "?")]),
        ("$(ru{s.substr,0,(1)})x", [("variable", "(ru{s.substr,0,(1)})"), ("name", "x")]),
        ('$hdr(a"#/b)', [("variable", 'hdr(a"#/b)')]),
        ("$avp(s:x)", [("variable", "avp(s:x)")]),
        ("@via[1].branch", [("select", "via[1].branch")]),
        ('@a["x y"].b', [("select", 'a["x y"].b')]),
        ("%status", [("variable", "avp(status)")]),
        ("a(int)b(str)", [("name", "a"), ("operator", "(int)"), ("name", "b"), ("operator", "(str)")]),
        ("a==b=~c", [("name", "a"), ("operator", "=="), ("name", "b"), ("operator", "=~"), ("name", "c")]),
        ("!!a", [("operator", "!"), ("operator", "!"), ("name", "a")]),
        ("a \\\n b", [("name", "a"), ("name", "b")]),
        ("a # b\nc // d\ne", [("name", "a"), ("name", "c"), ("name", "e")]),
        ("a/*b/*c*/d*/e", [("name", "a"), ("name", "e")]),
        ("a // no end", [("name", "a")]),
    ],
)  # fmt: skip
def test_kinds(text: str, expected: list[tuple[str, str]]) -> None:
    assert kinds(text) == expected


@pytest.mark.parametrize(
    ("word", "value"), [("0", 0), ("12", 12), ("0x1f", 31), ("010", 8), ("101b", 5), ("0b", 0), ("0x1b", 27)]
)
def test_numbers(word: str, value: int) -> None:
    assert number_of(word) == value


@pytest.mark.parametrize(
    ("word", "value"), [("yes", 1), ("true", 1), ("on", 1), ("enable", 1), ("no", 0), ("off", 0), ("IPv4", 2)]
)
def test_words_that_are_numbers(word: str, value: int) -> None:
    tokens, _ = lex(word)
    assert (tokens[0].kind, tokens[0].number) == ("number", value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a" "b"\n\t"c"', "abc"),
        (r'"\n\r\t\a\"\\"', '\n\r\t\a"\\'),
        (r'"\x41\x4"', "A\x04"),
        (r'"\101\60\1"', "A0\\1"),
        (r'"\d\s"', "\\d\\s"),
        ('"a\\\nb"', "ab"),
        ('"a\nb"', "a\nb"),
        (r"'a\n\\'", r"a\n\\"),
        ('"//no#comment/*"', "//no#comment/*"),
    ],
)
def test_strings(text: str, value: str) -> None:
    tokens, diag = lex(text)
    assert diag.found == []
    assert [token.text for token in tokens[:-1]] == [value]


def test_single_quoted_strings_stay_apart() -> None:
    assert kinds("'a' 'b'") == [("string", "a"), ("string", "b")]


def test_places() -> None:
    tokens, _ = lex('ab\n\t cd "x\ny" e')
    assert [(t.pos.line, t.pos.col, t.end.line, t.end.col, t.first) for t in tokens] == [
        (1, 1, 1, 3, True),
        (2, 3, 2, 5, True),
        (2, 6, 3, 3, False),
        (3, 4, 3, 5, False),
        (3, 5, 3, 5, True),
    ]


def test_bytes_are_latin_1_and_columns_count_bytes() -> None:
    tokens, _ = lex('"é" x'.encode())
    assert (tokens[0].text, tokens[1].pos.col) == ("\xc3\xa9", 6)
    tokens, _ = lex(b'"\xe9\xff" x')
    assert tokens[0].text == "\xe9\xff"


def test_byte_order_mark_and_crlf() -> None:
    tokens, diag = lex(b'\xef\xbb\xbfa = 1\r\nb = "x\\\r\ny"\r\n')
    assert diag.found == []
    assert [(t.text, t.pos.line, t.pos.col) for t in tokens[:-1]] == [
        ("a", 1, 1), ("=", 1, 3), ("1", 1, 5), ("b", 2, 1), ("=", 2, 3), ("xy", 2, 5),
    ]  # fmt: skip


def test_a_macro_has_the_place_of_its_use() -> None:
    tokens, _ = lex("#!define A 1 + B\n#!define B (2\n  x A y")
    assert [(t.text, t.pos, t.end) for t in tokens if t.pos.line == 3] == [
        ("x", Pos("f", 3, 3), Pos("f", 3, 4)),
        *[(text, Pos("f", 3, 5), Pos("f", 3, 6)) for text in ("1", "+", "(", "2")],
        ("y", Pos("f", 3, 7), Pos("f", 3, 8)),
        ("", Pos("f", 3, 8), Pos("f", 3, 8)),
    ]


def test_a_macro_joins_its_neighbours() -> None:
    assert kinds('#!define S "a"\nS "b"') == [("string", "ab")]
    assert kinds('#!define S "a"\n"b" S') == [("string", "b"), ("string", "a")]
    assert kinds("#!define O =\na O= b") == [("name", "a"), ("operator", "=="), ("name", "b")]


def test_a_macro_is_not_replaced_in_strings_and_variables() -> None:
    assert kinds('#!define A b\n"A" $var(A) $A') == [("string", "A"), ("variable", "var(A)"), ("variable", "A")]


def test_reserved_words_are_no_macros() -> None:
    assert kinds("#!define log 5\nlog") == [("word", "log")]


def test_endless_macro_ends() -> None:
    _, diag = lex("#!define A B\n#!define B A + A\nA B")
    assert {d.code for d in diag.errors} == {"endless-define"}


def test_a_macro_may_be_used_twice() -> None:
    assert kinds("#!define A 5\nA A,A") == [("number", "5"), ("number", "5"), ("operator", ","), ("number", "5")]


def test_mode_line_decides_about_brackets() -> None:
    assert kinds("$foo[1]") == [("variable", "foo[1]")]
    assert kinds("#!KAMAILIO\n$foo[1]")[0] == ("variable", "foo")
    assert kinds("#!KAMAILIO\n#!ALL\n$foo[1]") == [("variable", "foo[1]")]


def test_stray_characters_are_passed_over_with_a_warning() -> None:
    assert warnings("debug=3 `\n") == ["stray-character"]


def test_stray_character_that_explains_a_fault_is_the_error() -> None:
    assert codes("request_route {\n$var(x) = 5 \xa7 6;\n}") == ["stray-character"]


def test_event_names() -> None:
    config = good("event_route [ tm:local-request ] { exit; }\nevent_route[htable:expired:a_b] { exit; }")
    assert [route.name for route in config.routes] == ["tm:local-request", "htable:expired:a_b"]


@pytest.mark.parametrize("path", ["tm", "tm.so", "/usr/lib/kamailio/modules/tm.so", "./tm"])
def test_module_name(path: str) -> None:
    assert module_name(path) == "tm"


def test_variable_not_closed_on_its_line() -> None:
    assert codes("request_route {\n$var(x = 5;\nexit;\n}\n") == ["unterminated-variable"]
