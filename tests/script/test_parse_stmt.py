"""Statements, and how the parser goes on after a fault."""

from __future__ import annotations

import pytest

from olelo.script.nodes import Int, Str, Switch
from olelo.script.parse_stmt import fold
from script.front_kit import codes, expression, good, parse, show, statements, warnings


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("exit;", "exit"),
        ("exit();", "exit"),
        ("exit 5;", "exit 5"),
        ("drop; drop();", "drop; drop"),
        ("break;", "break"),
        ("return; return(); return -1; return(f());", "return; return; return -1; return f()"),
        (";;exit;;", "exit"),
        ("if (1) exit;", "if 1 exit"),
        ("if 1 exit;", "if 1 exit"),
        ("if $rU == 5 { exit; } else drop;", "if ($rU == 5) {exit} else drop"),
        ("if (1) ;", "if 1 -"),
        ("if (1) exit; else if (2) drop; else break;", "if 1 exit else if 2 drop else break"),
        ("if (1) if (2) exit; else drop;", "if 1 if 2 exit else drop"),
        ("if (f()) { g(); };", "if f() {g()}"),
        ("while ($x < 5) $x = $x + 1;", "while ($x < 5) $x = ($x + 1)"),
        ("while (1) { break; }", "while 1 {break}"),
        ("$(avp(x)[0]) = 5;", "$(avp(x)[0]) = 5"),
        ("$x = {f();};", "$x = {f()}"),
        ("route(5);", "route('5')"),
        ("switch ($rc) { case 1: case 2: exit; default: drop; }", "switch $rc [1:  | 2: exit | default: drop]"),
        ('switch $rU { case "a": case /"^b": exit; }', "switch $rU ['a':  | /'^b': exit]"),
        ("switch (f()) { case -1: exit; case 1 + 2: drop; }", "switch f() [-1: exit | 3: drop]"),
        ("switch ($rc) { }", "switch $rc []"),
    ],
)
def test_shape(text: str, shown: str) -> None:
    assert "; ".join(show(stmt) for stmt in statements(text)) == shown


def test_else_belongs_to_the_nearest_if() -> None:
    (stmt,) = statements("if (1) { if (2) exit; } else drop;")
    assert show(stmt) == "if 1 {if 2 exit} else drop"


def test_long_chain_of_else_if() -> None:
    text = "if ($x == 0) exit;" + "".join(f" else if ($x == {n}) exit;" for n in range(1, 800))
    assert codes("request_route { " + text + " }") == []


def test_place_of_the_closing_brace() -> None:
    config = good("route {\n  exit;\n  }\n")
    assert (config.routes[0].end.line, config.routes[0].end.col) == (3, 3)


def test_place_of_cases() -> None:
    (stmt,) = statements("switch ($rc) {\n case 1:\n exit;\n}")
    assert isinstance(stmt, Switch)
    assert (stmt.cases[0].pos.line, stmt.cases[0].pos.col) == (3, 2)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{ exit; }", "bare-block"),
        ("else exit;", "else-without-if"),
        ("if (1) exit;; else drop;", "else-without-if"),
        ("case 1: exit;", "case-outside"),
        ("debug=5;", "parameter-in-route"),
        ("grp.var = 5;", "parameter-in-route"),
        ("x = 5;", "missing-dollar"),
        ("f;", "missing-parenthesis"),
        ("$x;", "useless-statement"),
        ("$x 5;", "unexpected"),
        ("$x = 1 = 2;", "unexpected"),
        ("$x = = 1;", "unexpected"),
        ("$avp(x)[1] = 5;", "bad-index"),
        ("$x == 1;", "comparison-as-statement"),
        ("$x--;", "no-such-operator"),
        ("5;", "unexpected"),
        ('"a";', "unexpected"),
        (");", "stray-parenthesis"),
        ("if exit;", "unexpected"),
        ("if () exit;", "unexpected"),
        ("if { exit; }", "missing-condition"),
        ("switch ($rc) exit;", "unexpected"),
        ("switch ($rc) { exit; }", "outside-case"),
        ("switch ($rc) { case: exit; }", "unexpected"),
        ("switch ($rc) { case 1 exit; }", "unexpected"),
        ("while (1) { exit; ", "unclosed-route"),
        ("if (1) { $x = 5 }", "missing-semicolon"),
        ("break();", "unexpected"),
        ('f("a"\ng();', "missing-parenthesis"),
    ],
)
def test_faults(text: str, code: str) -> None:
    assert codes("request_route {\n" + text + "\n}\n") == [code]


@pytest.mark.parametrize("text", ["if (1) { }", "while (1) { }", "if (1) exit; else { }", "$x = { };"])
def test_empty_blocks_are_worth_a_warning(text: str) -> None:
    assert warnings("request_route {\n" + text + "\n}\n") == ["empty-block"]
    assert codes("request_route {\n" + text + "\n}\n") == []


def test_several_faults_in_one_run() -> None:
    text = """request_route {
	if ($rm = = "INVITE") {
		xlog("a")
		t_relay();
	}
	$var(x) += 1;
	switch ($rc) {
		case 1
			f(;
	}
	sl_send_reply("404" "x", );
}
route[A] {
	if (uri) { $var(y = 5; }
}
route[A] { exit; }
"""
    _, diag = parse(text)
    assert [(d.pos.line, d.code) for d in diag.errors] == [
        (2, "unexpected"),
        (3, "missing-semicolon"),
        (6, "no-such-operator"),
        (8, "missing-colon"),
        (9, "unexpected"),
        (11, "unexpected"),
        (14, "unterminated-variable"),
        (16, "duplicate-route"),
    ]


def test_a_module_parameter_inside_a_route_brings_no_more_faults() -> None:
    assert codes('request_route {\n if (1) {\n modparam("a", "b", 1)\n }\n}\nroute[A] { exit; }\n') == [
        "unclosed-route"
    ]


def test_after_a_lost_brace_the_other_routes_are_read() -> None:
    config, diag = parse("request_route {\n if (1) {\n exit;\n}\nroute[A] {\n f()\n}\nroute[B] { exit; }\n")
    assert [d.code for d in diag.errors] == ["unclosed-route", "missing-semicolon"]
    assert [route.name for route in config.routes] == ["", "A", "B"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1 + 2 * 3", 7), ("7 / 2", 3), ("-7 / 2", -3), ("1 << 4 | 1", 17), ("6 & 3 ^ 1", 2), ("8 >> 1", 4), ("~0", -1),
     ("!5", 0), ('"a" + "b"', "ab"), ("1 / 0", None), ("$x", None), ("1 + $x", None), ("5 - 7", -2), ("(int)5", 5)],
)  # fmt: skip
def test_fold(text: str, value: int | str | None) -> None:
    assert fold(expression(text)) == value


def test_folded_labels_are_constants() -> None:
    (stmt,) = statements('switch ($x) { case "a" + "b": exit; }')
    assert isinstance(stmt, Switch)
    assert isinstance(stmt.cases[0].label, Str)
    (stmt,) = statements("switch ($x) { case 2 * 3: exit; }")
    assert isinstance(stmt, Switch)
    assert isinstance(stmt.cases[0].label, Int)
    assert stmt.cases[0].label.value == 6
