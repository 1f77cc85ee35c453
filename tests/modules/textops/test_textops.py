"""textops without a network: what leaves after each kind of function, and what it returns."""

from __future__ import annotations

import re

import pytest
from pv_kit import Desk, request

from olelo.core.context import RouteContext
from olelo.modules.pv import MODULE as Pv
from olelo.modules.textops import Textops
from olelo.script import regex

HEADERS = "X-A: one\r\nX-B: two\r\nx-a: One\r\nSubject: hello\r\n"
SDP = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n"


@pytest.fixture
def desk() -> Desk:
    return Desk(Pv, Textops)


def ctx_of(desk: Desk, body: str = "", headers: str = HEADERS) -> RouteContext:
    return desk.context(request(headers=headers, body=body))


def sent(ctx: RouteContext) -> str:
    return ctx.msg.apply_edits().decode("latin-1")


def pattern(text: str) -> re.Pattern[str]:
    return regex.posix(text, True, True)


@pytest.mark.parametrize(
    ("asked", "method", "code"),
    [
        ("INVITE", "INVITE", 1),
        ("ACK|INVITE", "INVITE", 1),
        ("ACK|BYE", "INVITE", -1),
        ("invite", "INVITE", 1),
        ("INVITE", "invite", 1),
        ("FOO", "foo", 1),
    ],
)
def test_is_method(desk: Desk, asked: str, method: str, code: int) -> None:
    assert desk.call(desk.context(request(method)), "is_method", asked) == code


def test_a_replys_method_is_in_cseq(desk: Desk) -> None:
    reply = b"SIP/2.0 200 OK\r\n" + request().partition(b"\r\n")[2]
    assert desk.call(desk.context(reply), "is_method", "INVITE") == 1


@pytest.mark.parametrize(
    ("name", "args", "code", "gone"),
    [
        ("remove_hf", ("X-A",), 1, ["X-A: one", "x-a: One"]),
        ("remove_hf", ("s",), 1, ["Subject: hello"]),
        ("remove_hf", ("Nope",), -1, []),
        ("remove_hf", ("Route",), -1, []),
        ("remove_hf_pv", ("Nope",), 1, []),
        ("remove_hf_re", (pattern("^x-"),), 1, ["X-A: one", "X-B: two", "x-a: One"]),
        ("remove_hf_exp", (pattern("^x-"), pattern("b$")), 1, ["X-A: one", "x-a: One"]),
        ("remove_hf_idx", ("X-A", -1), 1, ["x-a: One"]),
        ("remove_hf_idx", ("X-A", 2), 2, []),
        ("remove_hf_match", ("X-A", "eq", "One"), 1, ["x-a: One"]),
        ("remove_hf_match", ("X-A", "is", "One"), -1, []),
        ("remove_hf_match", ("X-A", "in", "zz"), -2, []),
    ],
)
def test_headers_removed(desk: Desk, name: str, args: tuple[object, ...], code: int, gone: list[str]) -> None:
    ctx = ctx_of(desk)
    before = sent(ctx)
    assert desk.call(ctx, name, *args) == code
    for line in gone:
        before = before.replace(line + "\r\n", "")
    assert sent(ctx) == before


def test_headers_added_stand_where_they_are_asked_for(desk: Desk) -> None:
    ctx = ctx_of(desk)
    for name, *args in (
        ("append_hf", "X-1: 1\r\n"),
        ("append_hf", "X-2: 2\r\n"),
        ("append_hf", "X-3: 3\r\n", "X-A"),
        ("insert_hf", "X-4: 4\r\n"),
        ("insert_hf", "X-5: 5\r\n", "Subject"),
        ("append_urihf", "X-6: <", ">\r\n"),
        ("append_time_to_request",),
    ):
        assert desk.call(ctx, name, *args) == 1
    names = [line.split(":")[0] for line in sent(ctx).split("\r\n\r\n")[0].split("\r\n")[1:]]
    assert names[:3] == ["X-4", "Via", "Date"]
    assert names[8:] == ["X-A", "X-B", "x-a", "X-3", "X-5", "Subject", "Content-Length", "X-1", "X-2", "X-6"]
    assert "X-6: <sip:alice@example.org:5080;transport=udp?x=y>\r\n" in sent(ctx)
    assert desk.call(ctx, "append_hf", "") == -1


def test_what_is_read_is_what_was_received(desk: Desk) -> None:
    ctx = ctx_of(desk)
    desk.call(ctx, "remove_hf", "Subject")
    assert desk.call(ctx, "is_present_hf", "Subject") == 1
    assert desk.call(ctx, "search", pattern("^subject: hello")) == 1


@pytest.mark.parametrize(
    ("name", "args", "old", "new"),
    [
        ("subst", ("/hello/$rm \\0/",), "hello", "INVITE hello"),
        ("subst", ("/HELLO/x\\/y/i",), "hello", "x/y"),
        ("subst_body", ("/a=sendrecv/a=inactive/",), "sendrecv", "inactive"),
        ("subst_hf", ("X-B", "/t/T/g", "a"), "X-B: two", "X-B: Two"),
        ("replace", (pattern("hello"), "bye"), "hello", "bye"),
        ("replace_body_str", ("192.0.2.1", "1.1.1.1", "a"), "192.0.2.1\r\nm", "1.1.1.1\r\nm"),
        ("search_append", (pattern("hell"), "-"), "hello", "hell-o"),
        ("search_append_body", (pattern("v=0"), "0"), "v=0", "v=00"),
    ],
)
def test_text_replaced_with_the_length_that_comes_of_it(
    desk: Desk, name: str, args: tuple[object, ...], old: str, new: str
) -> None:
    ctx = ctx_of(desk, SDP)
    head, _, body = sent(ctx).replace(old, new).partition("\r\n\r\n")
    assert desk.call(ctx, name, *args) == 1
    assert sent(ctx) == re.sub(r"Content-Length: \d+", f"Content-Length: {len(body)}", head) + "\r\n\r\n" + body


def test_an_expression_without_a_match_changes_nothing(desk: Desk) -> None:
    ctx = ctx_of(desk, SDP)
    before = sent(ctx)
    assert desk.call(ctx, "subst", "/zzz/x/") == -1
    assert desk.call(ctx, "subst", "no expression") == -1
    assert desk.call(ctx, "replace_all", pattern("zzz"), "x") == -1
    assert desk.call(ctx, "replace_str", "zzz", "x", "a") == 1
    assert sent(ctx) == before


def test_the_request_uri_substituted(desk: Desk) -> None:
    ctx = desk.context(request(uri="sip:bob:pw@example.org"))
    ctx.ruri_used = True
    assert desk.call(ctx, "subst_user", "/^b/j/") == 1
    assert ctx.ruri == b"sip:job:pw@example.org"
    assert not ctx.ruri_used
    assert desk.call(ctx, "subst_uri", "/@.*/@192.0.2.1/") == 1
    assert ctx.ruri == b"sip:job:pw@192.0.2.1"


def test_bodies(desk: Desk) -> None:
    ctx = ctx_of(desk, SDP)
    assert desk.call(ctx, "has_body") == 1
    assert desk.call(ctx, "has_body", "text/plain") == -1
    assert desk.call(ctx, "set_body", "hi", "text/plain") == 1
    assert sent(ctx).endswith("Content-Length: 2\r\nContent-Type: text/plain\r\n\r\nhi")
    assert desk.call(ctx_of(desk), "has_body") == -1
    assert desk.call(ctx_of(desk, SDP), "set_body_hex", "01 ff", "a/b") == 1
    assert desk.call(ctx_of(desk, SDP), "set_body_hex", "0x", "a/b") == -1


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [("x", "x", -1), ("sendrecv", "sendonly", 2), ("192.0.2.1", "0.0.0.0", 1), ("m=audio", "m=video", -1)],
)
def test_hold(desk: Desk, old: str, new: str, code: int) -> None:
    ctx = ctx_of(desk, SDP.replace(old, new), "Content-Type: application/sdp\r\n")
    assert desk.call(ctx, "is_audio_on_hold") == code


def test_parts_come_and_go_and_the_last_boundary_closes(desk: Desk) -> None:
    body = "--b\r\nContent-Type: a/a\r\n\r\none\r\n--b\r\nContent-Type: a/b\r\n\r\ntwo\r\n--b--\r\n"
    ctx = ctx_of(desk, body, "Content-Type: multipart/mixed;boundary=b\r\n")
    assert desk.call(ctx, "append_body_part", "three", "a/c", "session") == 1
    assert desk.call(ctx, "append_body_part", "four", "a/d") == 1
    assert desk.call(ctx, "remove_body_part", "a/b") == 1
    assert desk.call(ctx, "remove_body_part", "x/y") == -1
    text = sent(ctx).partition("\r\n\r\n")[2]
    assert text.count("--b--\r\n") == 1
    assert text.endswith("four\r\n--b--\r\n")
    assert "two" not in text
    assert f"Content-Length: {len(text)}\r\n" in sent(ctx)
    assert desk.call(ctx, "get_body_part", "a/a", "$var(part)") == 1
    assert desk.get(ctx, "$var(part)") == "\r\none\r\n"


def test_answers(desk: Desk) -> None:
    ctx = ctx_of(desk)
    assert desk.call(ctx, "append_to_reply", "X-R: 1\r\n") == 1
    assert desk.call(ctx, "append_time") == 1
    assert desk.call(ctx, "set_reply_body", "hi", "text/plain") == 1
    assert ctx.reply_lines == [b"X-R: 1\r\n", b"Date: Mon, 23 Nov 2026 08:00:00 GMT\r\n"]
    assert ctx.reply_body == (b"text/plain", b"hi")


@pytest.mark.parametrize(
    ("name", "args", "code"),
    [
        ("str_any_in", ("abc", "xyc"), 1),
        ("str_any_in", ("abc", "xyz"), -1),
        ("str_all_in", ("abc", "abcd"), 1),
        ("str_all_in", ("abc", "ab"), -1),
        ("via_param_rm", ("rport", 1), 1),
        ("via_param_rm", ("rport", 2), -1),
        ("subst_v", ("abc", "/b/x/", "$var(s)"), 1),
        ("subst_v", ("abc", "/z/x/", "$var(s)"), -1),
    ],
)
def test_functions_of_later_releases(desk: Desk, name: str, args: tuple[object, ...], code: int) -> None:
    assert desk.call(ctx_of(desk), name, *args) == code


def test_a_via_parameter_goes_alone(desk: Desk) -> None:
    ctx = ctx_of(desk)
    desk.call(ctx, "via_param_rm", "BRANCH", 1)
    assert "Via: SIP/2.0/UDP 192.0.2.1:5070;rport\r\n" in sent(ctx)
