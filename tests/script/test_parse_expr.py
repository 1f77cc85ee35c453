"""Expressions: precedence, operands, calls."""

from __future__ import annotations

import pytest

from olelo.script.nodes import Binary, BlockExpr, Call, CoreOperand, ExprStmt, Ident, Int, Network, Var
from script.front_kit import codes, condition, expression, show, statements


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1 + 2 * 3", "(1 + (2 * 3))"),
        ("1 - 2 - 3", "((1 - 2) - 3)"),
        ("(1 - 2) - (3)", "((1 - 2) - 3)"),
        ("8 / 2 mod 3", "((8 / 2) mod 3)"),
        ("1 | 2 & 3 ^ 4", "(1 | (2 & (3 ^ 4)))"),
        ("1 ^ 2 << 3 >> 4", "(1 ^ (2 << (3 >> 4)))"),
        ("1 >> 2 == 3", "(1 >> (2 == 3))"),
        ("1 == 2 < 3", "(1 == (2 < 3))"),
        ("1 < 2 + 3", "(1 < (2 + 3))"),
        ("1 || 2 && 3", "(1 || (2 && 3))"),
        ("1 or 2 and not 3", "(1 || (2 && ! 3))"),
        ("!$a == 1", "(! $a == 1)"),
        ("!(1 == 2)", "! (1 == 2)"),
        ("- $a + 1", "(- $a + 1)"),
        ("-5 + 1", "(-5 + 1)"),
        ("1 -5", "(1 - 5)"),
        ("~1 | 2", "(~ 1 | 2)"),
        ("!!1", "! ! 1"),
        ("defined $a && 1", "(defined $a && 1)"),
        ("defined $a == 1", "(defined $a == 1)"),
        ("(int)$a + 1", "((int) $a + 1)"),
        ("(str)5 + \"x\"", "((str) 5 + 'x')"),
        ("$a eq \"x\" || $b ne \"y\" || $c ieq 1 || $d ine 2",
             "(((($a eq 'x') || ($b ne 'y')) || ($c ieq 1)) || ($d ine 2))"),
        ("strlen($a + \"x\") > 3", "(strlen ($a + 'x') > 3)"),
        ("strempty($a)", "strempty $a"),
        ("selval($a == 1, \"x\", 2 + 3)", "(($a == 1) ? 'x' : (2 + 3))"),
        ("@via[1].branch + \"x\"", "(@via[1].branch + 'x')"),
        ("f()", "f()"),
        ("f(\"a\" + $b, 5, isflagset(1))", "f(('a' + $b), 5, isflagset(1))"),
        ("route(X) + 1", "(route('X') + 1)"),
        ("route(\"a\" + $b)", "route(('a' + $b))"),
        ("{ f(); exit; }", "{f(); exit}"),
        ("yes", "1"),
        ("0x1F", "31"),
    ],
)  # fmt: skip
def test_shape(text: str, shown: str) -> None:
    assert show(expression(text)) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("uri == myself", "(uri == myself)"),
        ("myself == uri", "(myself == uri)"),
        ("myself != src_ip", "(myself != src_ip)"),
        ("!uri == myself", "! (uri == myself)"),
        ("!uri == myself && 1", "(! (uri == myself) && 1)"),
        ('from_uri =~ "a" + "b"', "(from_uri =~ ('a' + 'b'))"),
        ("to_uri != $ru", "(to_uri != $ru)"),
        ('status == "200"', "(status == '200')"),
        ('method == INVITE || method =~ "ACK"', "((method == INVITE) || (method =~ 'ACK'))"),
        ("src_ip == 10.0.0.1", "(src_ip == 10.0.0.1)"),
        ("src_ip == 10.0.0.0/8", "(src_ip == 10.0.0.0/8)"),
        ("dst_ip != 10.0.0.0/255.0.0.0", "(dst_ip != 10.0.0.0/255.0.0.0)"),
        ("src_ip == [2001:db8::]/32", "(src_ip == 2001:db8::/32)"),
        ("src_ip == 2001:db8::1", "(src_ip == 2001:db8::1)"),
        ("src_ip == sip-1.example.com", "(src_ip == sip-1.example.com)"),
        ("src_ip == $si", "(src_ip == $si)"),
        ("proto == UDP || proto != wss", "((proto == UDP) || (proto != wss))"),
        ("af == IPv6", "(af == INET6)"),
        ("msg:len >= 2048", "(msg:len >= 2048)"),
        ("msg:len > max_len", "(msg:len > max_len)"),
        ("src_port < 1024 + 1", "(src_port < (1024 + 1))"),
        ("to_proto == TCP", "(snd_proto == TCP)"),
        ("($x = 5)", "$x = 5"),
        ("f($x == 1)", "f(($x == 1))"),
    ],
)
def test_conditions(text: str, shown: str) -> None:
    assert show(condition(text)) == shown


def test_nodes_of_comparisons() -> None:
    node = condition("src_ip == 10.0.0.0/8")
    assert isinstance(node, Binary)
    assert isinstance(node.left, CoreOperand)
    assert isinstance(node.right, Network)
    other = condition("proto == UDP")
    assert isinstance(other, Binary)
    assert isinstance(other.right, Ident)


def test_places_of_nodes() -> None:
    node = expression("1 +\n  f( $x )")
    assert isinstance(node, Binary)
    assert (node.pos.line, node.pos.col) == (2, 11)
    assert isinstance(node.right, Call)
    assert (node.right.pos.line, node.right.pos.col) == (3, 3)
    assert isinstance(node.right.args[0], Var)
    assert (node.right.args[0].pos.line, node.right.args[0].pos.col) == (3, 6)


def test_numbers_keep_their_spelling() -> None:
    assert expression("0x04") == Int(expression("0x04").pos, 4, "0x04")
    assert expression("5") == Int(expression("5").pos, 5, "")
    node = expression("-0x04")
    assert isinstance(node, Int)
    assert (node.value, node.text) == (-4, "-0x04")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("forward();", "forward()"),
        ("forward(10.0.0.1, 5060);", "forward(10.0.0.1, 5060)"),
        ("forward_tcp(sip.example.com);", "forward_tcp(sip.example.com)"),
        ('forward("h", uri:port);', "forward('h', uri:port)"),
        ("forward(uri:host, uri:port);", "forward(uri:host, uri:port)"),
        ('log(1, "a");', "log(1, 'a')"),
        ("setflag(FLT);", "setflag(FLT)"),
        ('setflag("FLT");', "setflag('FLT')"),
        ("resetflag(5);", "resetflag(5)"),
        ("setavpflag($avp(x), known);", "setavpflag($avp(x), known)"),
        ("force_rport;", "force_rport"),
        ("force_rport();", "force_rport()"),
        ("add_tcp_alias(5060);", "add_tcp_alias(5060)"),
        ("strip(2);", "strip(2)"),
        ("remove_branch(-1);", "remove_branch(-1)"),
        ("force_send_socket(udp:10.0.0.1:5060);", "force_send_socket(udp:10.0.0.1:5060)"),
        ("force_send_socket([::1]:5060);", "force_send_socket([::1]:5060)"),
        ("udp_mtu_try_proto(TCP);", "udp_mtu_try_proto(TCP)"),
        ("set_advertised_address(sip.example.com);", "set_advertised_address(sip.example.com)"),
        ('cfg_select("g", $var(x) + 1);', "cfg_select('g', ($var(x) + 1))"),
        ('prefix("00" "1");', "prefix('001')"),
    ],
)
def test_core_commands(text: str, shown: str) -> None:
    assert [show(stmt) for stmt in statements(text)] == [shown]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("strip($var(x));", "bad-argument"),
        ('log("a", 1);', "bad-argument"),
        ("setflag();", "bad-argument"),
        ("setflag(1, 2);", "bad-argument"),
        ("prefix(5);", "bad-argument"),
        ("setflag 5;", "unexpected"),
        ("f(1,);", "unexpected"),
        ("f(,1);", "unexpected"),
        ("f(1 2);", "unexpected"),
        ("$var(x) = 1 + ;", "unexpected"),
        ("$var(x) = ();", "unexpected"),
        ("$var(x) = foo;", "bare-word"),
        ("$var(x) = UDP;", "bare-word"),
        ("$var(x) = selval(1, 2);", "unexpected"),
        ("$var(x) = strlen 5;", "unexpected"),
        ("$var(x) = route;", "unexpected"),
        ("$var(x) = f(g());", "nested-call"),
        ("if (src_ip == 5) exit;", "bad-address"),
        ("if (src_ip == 10.0.0) exit;", "bad-address"),
        ("if (src_ip == 10.0.0.1/x) exit;", "unexpected"),
        ("if (src_ip == 1:2:3::4::5) exit;", "unexpected"),
        ("if (src_port) exit;", "unexpected"),
        ("if (myself == 5) exit;", "unexpected"),
        ("route(error);", "reserved-word"),
        ("route();", "unexpected"),
        ("route(a-b);", "bare-text"),
        ('f(1,\n2\n"x");', "missing-token"),
    ],
)
def test_faults(text: str, code: str) -> None:
    assert codes("request_route {\n" + text + "\nexit;\n}\n") == [code]


def test_deep_nesting_is_a_fault_not_a_crash() -> None:
    assert codes("request_route { $var(x) = " + "(" * 5000 + "1" + ")" * 5000 + "; }") == ["too-deep"]
    assert codes("request_route { $var(x) = " + "!" * 5000 + "1; }") == ["too-deep"]
    assert "too-deep" in codes("request_route {" + "if (1) {" * 5000 + "exit;" + "}" * 5000 + "}")


def test_long_chains_are_no_nesting() -> None:
    assert codes("request_route { $var(x) = 1" + " + 1" * 100 + "; }") == []
    assert codes("request_route { if (1" + " || $var(x)" * 1000 + ") exit; }") == []
    assert codes("request_route { $var(x) = 1" + " + 1" * 101 + "; }") == ["too-deep"]
    assert codes("request_route { if (1" + " || $var(x)" * 1001 + ") exit; }") == ["too-deep"]


def test_a_block_is_a_value() -> None:
    (stmt,) = statements("$var(x) = { f(); };")
    assert isinstance(stmt, ExprStmt)
    assert isinstance(expression("{ f(); }"), BlockExpr)
