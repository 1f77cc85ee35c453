"""Functions on headers, and is_method()."""

from __future__ import annotations

import pytest

from olelo.testing import Bed
from textops.kit import CONFIG, Run, code

X = ("X-One: first", "X-Two: a;b", "x-one: second", "User-Agent: test/1")


@pytest.mark.parametrize(
    ("method", "asked", "expected"),
    [
        ("OPTIONS", "OPTIONS", 1),
        ("OPTIONS", "INVITE|OPTIONS", 1),
        ("OPTIONS", "options|bye", 1),
        ("OPTIONS", "INVITE|BYE", -1),
        ("OPTIONS", "OPTION", -1),
        ("FOO", "foo", 1),
        ("Foo", "FOO", 1),
        ("FOO", "BAR", -1),
    ],
)
def test_is_method(method: str, asked: str, expected: int) -> None:
    assert code(f'is_method("{asked}")', method=method) == expected


def test_the_method_of_a_reply_is_its_cseq_s() -> None:
    run = Run("", reply='if (is_method("OPTIONS")) { xlog("code yes\\n"); }')
    run.out.reply(200)
    assert run.codes == ["yes"]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('is_present_hf("x-ONE")', 1),
        ('is_present_hf("X-None")', -1),
        ('is_present_hf("f")', 1),
        ('$var(n) = "X-T"; is_present_hf_pv("$var(n)wo")', 1),
        ('is_present_hf_pv("X-None")', -1),
        ('is_present_hf_re("^x-t")', 1),
        ('is_present_hf_re("^y-")', -1),
        ('$var(n) = "x-t"; is_present_hf_re_pv("^$var(n)")', 1),
        ('search_hf("X-One", "second", "a")', 1),
        ('search_hf("X-One", "second", "f")', -1),
        ('search_hf("X-One", "second", "l")', 1),
        ('search_hf("X-One", "first", "l")', -1),
        ('search_hf("X-None", ".", "a")', -1),
    ],
)
def test_looking_at_headers(call: str, expected: int) -> None:
    assert code(call, *X) == expected


@pytest.mark.parametrize(
    ("header", "kind", "expected"),
    [("Privacy: id;critical", "id", 1), ("Privacy: ID", "id", 1), ("Privacy: user", "id", -1), ("X: y", "id", -1)],
)
def test_is_privacy(header: str, kind: str, expected: int) -> None:
    assert code(f'is_privacy("{kind}")', header) == expected


@pytest.mark.parametrize(
    ("call", "left", "expected"),
    [
        ('remove_hf("X-One")', ["X-Two", "User-Agent"], 1),
        ('remove_hf("X-None")', ["X-One", "X-Two", "x-one", "User-Agent"], -1),
        ('remove_hf_pv("X-Two")', ["X-One", "x-one", "User-Agent"], 1),
        ('remove_hf_pv("X-None")', ["X-One", "X-Two", "x-one", "User-Agent"], 1),
        ('remove_hf_re("^X-")', ["User-Agent"], 1),
        ('remove_hf_re("^Y-")', ["X-One", "X-Two", "x-one", "User-Agent"], -1),
        ('$var(p) = "^X-"; remove_hf_re_pv("$var(p)")', ["User-Agent"], 1),
        ('remove_hf_exp("^X-", "two")', ["X-Two", "User-Agent"], 1),
        ('remove_hf_exp("^Y-", "two")', ["X-One", "X-Two", "x-one", "User-Agent"], -1),
        ('$var(p) = "^X-"; remove_hf_exp_pv("$var(p)", "two")', ["X-Two", "User-Agent"], 1),
        ('remove_hf_idx("X-One", "0")', ["X-Two", "x-one", "User-Agent"], 1),
        ('remove_hf_idx("X-One", "-1")', ["X-One", "X-Two", "User-Agent"], 1),
        ('remove_hf_idx("X-One", "2")', ["X-One", "X-Two", "x-one", "User-Agent"], 2),
        ('remove_hf_idx("X-One", "-3")', ["X-One", "X-Two", "x-one", "User-Agent"], 1),
        ('remove_hf_match("X-One", "eq", "first")', ["X-Two", "x-one", "User-Agent"], 1),
        ('remove_hf_match("X-One", "ne", "first")', ["X-One", "X-Two", "User-Agent"], 1),
        ('remove_hf_match("X-One", "in", "irs")', ["X-Two", "x-one", "User-Agent"], 1),
        ('remove_hf_match("X-One", "re", "^S")', ["X-One", "X-Two", "User-Agent"], 1),
        ('remove_hf_match("X-One", "eq", "third")', ["X-One", "X-Two", "x-one", "User-Agent"], -2),
        ('remove_hf_match("X-One", "xx", "first")', ["X-One", "X-Two", "x-one", "User-Agent"], -1),
        ('remove_hf_match("X-One", "re", "(")', ["X-One", "X-Two", "x-one", "User-Agent"], -1),
    ],
)
def test_removing_headers(call: str, left: list[str], expected: int) -> None:
    run = Run(f'{call}; xlog("code $rc\\n");', *X)
    assert [name for name in run.names if name.lower().startswith(("x-", "user"))] == left
    assert run.codes == [str(expected)]


def test_new_headers_stand_at_the_end_in_the_order_of_the_calls() -> None:
    run = Run('append_hf("A: 1\\r\\n"); append_hf("B: $rm\\r\\n"); append_urihf("C: <", ">\\r\\n");')
    assert run.names[-3:] == ["A", "B", "C"]
    assert run.out.header("B") == "OPTIONS"
    assert run.out.header("C") == "<sip:108@proxy>"


def test_new_headers_stand_behind_the_last_one_of_a_name() -> None:
    run = Run('append_hf("A: 1\\r\\n", "X-One"); append_hf("B: 2\\r\\n", "X-None");', *X)
    assert run.names[run.names.index("x-one") :] == ["x-one", "A", "User-Agent", "Content-Length", "B"]


def test_new_headers_stand_before_all_or_before_the_first_of_a_name() -> None:
    run = Run('insert_hf("A: 1\\r\\n"); insert_hf("B: 2\\r\\n", "X-One"); insert_hf("C: 3\\r\\n", "To");', *X)
    assert run.names[0] == "A"
    assert run.names[run.names.index("X-One") - 1] == "B"
    assert run.names[run.names.index("To") - 1] == "C"


@pytest.mark.parametrize("call", ['append_hf("$null")', 'insert_hf("")', 'append_to_reply("")', 'append_hf("")'])
def test_nothing_to_add_is_minus_one(call: str) -> None:
    assert code(call.replace("$null", "")) == -1


def test_a_header_for_our_answers_and_their_date() -> None:
    run = Run('append_to_reply("X: $rU\\r\\n"); append_time(); sl_send_reply("404", "No"); exit;')
    answer = run.caller.gets(404)
    assert answer.header("X") == "108"
    assert answer.header("Date") == "Thu, 01 Jan 2026 00:00:00 GMT"


def test_a_date_for_the_request_stands_behind_its_first_header() -> None:
    run = Run('append_time_to_request(); xlog("code $rc\\n");')
    assert run.codes == ["1"]
    assert run.names[2] == "Date"
    assert run.out.header("Date") == "Thu, 01 Jan 2026 00:00:00 GMT"


@pytest.mark.parametrize(
    ("name", "index", "via", "expected"),
    [
        ("x", 1, ["SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1", "SIP/2.0/UDP a;x=3;branch=z9hG4bK2"], 1),
        ("X", 2, ["SIP/2.0/UDP 192.0.2.1:5060;x;branch=z9hG4bK1", "SIP/2.0/UDP a;branch=z9hG4bK2"], 1),
        ("x", 3, ["SIP/2.0/UDP 192.0.2.1:5060;x;branch=z9hG4bK1", "SIP/2.0/UDP a;x=3;branch=z9hG4bK2"], -1),
    ],
)
def test_via_param_rm(name: str, index: int, via: list[str], expected: int) -> None:
    net = Bed(CONFIG.format(script=f'via_param_rm("{name}", "{index}"); xlog("code $rc\\n");', reply=""))
    caller, callee = net.peer("caller"), net.peer("callee")
    caller.send(
        b"OPTIONS sip:108@proxy SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;x;branch=z9hG4bK1\r\n"
        b"Via: SIP/2.0/UDP a;x=3;branch=z9hG4bK2\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:108@proxy>\r\n"
        b"Call-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
    assert callee.gets("OPTIONS").headers("Via")[1:] == via
    assert f"code {expected}" in net.log[-1]
