"""textopsx without a network: applied changes, replies, values, iterators."""

from __future__ import annotations

import re

import pytest
from pv_kit import Desk, request

from olelo.core.context import RouteContext
from olelo.modules.pv import MODULE as Pv
from olelo.modules.rr import Rr
from olelo.modules.textops import Textops
from olelo.modules.textopsx import Textopsx
from olelo.script.catalog import RouteKind

HEADERS = 'X-A: one, two\r\nX-A: three\r\nX-P: <sip:a@b>;p=1;q\r\nX-D: Digest realm="r", qop=auth\r\n'


@pytest.fixture
def desk() -> Desk:
    return Desk(Pv, Rr, Textops, Textopsx)


def ctx_of(desk: Desk, body: str = "") -> RouteContext:
    return desk.context(request(headers=HEADERS, body=body))


def sent(ctx: RouteContext) -> str:
    return ctx.msg.apply_edits().decode("latin-1")


def test_applied_changes_are_read_by_the_script(desk: Desk) -> None:
    ctx = ctx_of(desk)
    desk.call(ctx, "append_hf", "X-N: new\r\n")
    ctx.ruri = b"sip:new@example.org"
    ctx.dst_uri = b"sip:192.0.2.9"
    assert desk.get(ctx, "$hdr(X-N)") is None
    assert desk.call(ctx, "msg_apply_changes") == 1
    assert desk.get(ctx, "$hdr(X-N)") == "new"
    assert (ctx.msg.ruri, ctx.ruri, ctx.dst_uri) == (b"sip:new@example.org", b"sip:new@example.org", b"sip:192.0.2.9")
    assert ctx.msg.edits == []


def test_changes_are_not_applied_after_record_route_nor_in_other_routes(desk: Desk) -> None:
    ctx = ctx_of(desk)
    desk.call(ctx, "record_route")
    assert desk.call(ctx, "msg_apply_changes") == -1
    assert desk.call(desk.context(request(), RouteKind.FAILURE), "msg_apply_changes") == -1
    assert desk.call(ctx_of(desk), "msg_set_buffer", "nonsense") == 0
    assert desk.call(ctx_of(desk), "msg_set_buffer", request("BYE").decode()) == 1


@pytest.mark.parametrize(
    ("old", "code", "result"),
    [(486, 603, 1), (486, 200, -1), (180, 183, 1), (180, 200, -1), (200, 202, 1), (486, 700, -1)],
)
def test_reply_status(desk: Desk, old: int, code: int, result: int) -> None:
    reply = f"SIP/2.0 {old} Old\r\n".encode() + request().partition(b"\r\n")[2]
    ctx = desk.context(reply, RouteKind.CORE_ONREPLY)
    assert desk.call(ctx, "change_reply_status", code, "New") == result
    assert sent(ctx).startswith(f"SIP/2.0 {code} New\r\n" if result == 1 else f"SIP/2.0 {old} Old\r\n")
    assert ctx.msg.status == (code if result == 1 else old)


def test_the_code_alone(desk: Desk) -> None:
    reply = b"SIP/2.0 486 Busy Here\r\n" + request().partition(b"\r\n")[2]
    ctx = desk.context(reply, RouteKind.CORE_ONREPLY)
    assert desk.call(ctx, "change_reply_status_code", 603) == 1
    assert sent(ctx).startswith("SIP/2.0 603 Busy Here\r\n")


def test_body_and_headers_removed(desk: Desk) -> None:
    ctx = ctx_of(desk, "body")
    assert desk.call(ctx, "remove_body") == 1
    assert sent(ctx).endswith("Content-Length: 0\r\n\r\n")
    assert desk.call(ctx, "keep_hf", re.compile("X-P")) == -1
    assert [name for name in ("X-A", "X-P", "X-D", "Via", "CSeq") if f"\r\n{name}:" in sent(ctx)] == [
        "X-P",
        "Via",
        "CSeq",
    ]


@pytest.mark.parametrize(
    ("text", "pattern", "flags", "code"),
    [("abc", "a*", "", 1), ("abc", "A*", "", -1), ("abc", "A*", "i", 1), ("abc", "?b[a-d]", "", 1)],
)
def test_fnmatch(desk: Desk, text: str, pattern: str, flags: str, code: int) -> None:
    assert desk.call(ctx_of(desk), "fnmatch", text, pattern, flags) == code


@pytest.mark.parametrize(
    ("name", "args", "code", "old", "new"),
    [
        ("append_hf_value", ("X-A[1]", "v"), 1, "one, two", "one,v, two"),
        ("insert_hf_value", ("X-A[1]", "v"), 1, "X-A: one", "X-A: v,one"),
        ("remove_hf_value", ("X-A[2]",), 1, "one, two", "one"),
        ("remove_hf_value", ("X-A[3]",), 1, "X-A: three\r\n", ""),
        ("remove_hf_value", ("X-A[9]",), -1, "", ""),
        ("remove_hf_value", ("X-P.p",), 1, ";p=1", ""),
        ("assign_hf_value", ("X-A[-1]", "v"), 1, "three", "v"),
        ("assign_hf_value", ("X-P.q", "2"), 1, ";q", ";q=2"),
        ("assign_hf_value", ("X-P.n", "2"), 1, ";q", ";q;n=2"),
        ("assign_hf_value2", ("X-D.realm", '"x"'), 1, '"r"', '"x"'),
        ("remove_hf_value2", ("X-D.qop",), 1, ", qop=auth", ""),
        ("include_hf_value", ("X-A", "four"), 1, "one, two", "one, two,four"),
        ("include_hf_value", ("X-A", "TWO"), 1, "", ""),
        ("exclude_hf_value", ("X-A", "one"), 1, "one, two", " two"),
        ("hf_value_exists", ("X-A", "Three"), 1, "", ""),
        ("hf_value_exists", ("X-A", "zz"), -1, "", ""),
        ("remove_hf_value", ("X-A[",), -1, "", ""),
    ],
)  # fmt: skip
def test_values(desk: Desk, name: str, args: tuple[str, ...], code: int, old: str, new: str) -> None:
    ctx = ctx_of(desk)
    before = sent(ctx)
    assert desk.call(ctx, name, *args) == code
    assert sent(ctx) == before.replace(old, new, 1) if old else before


def test_headers_walked_over(desk: Desk) -> None:
    ctx = ctx_of(desk)
    assert desk.call(ctx, "hf_iterator_next", "i") == -1
    assert desk.call(ctx, "hf_iterator_start", "i") == 1
    names = []
    while desk.call(ctx, "hf_iterator_next", "i") == 1:
        names.append(desk.get(ctx, "$hfitname(i)"))
        if desk.get(ctx, "$hfitbody(i)") == "three":
            assert desk.call(ctx, "hf_iterator_rm", "i") == 1
    assert names == [ctx.msg.name(i).decode() for i in range(len(ctx.msg.hids))]
    assert "three" not in sent(ctx)
    assert [desk.call(ctx, "hf_iterator_start", name) for name in ("a", "b", "c", "d")] == [1, 1, 1, -1]


def test_body_lines_walked_over(desk: Desk) -> None:
    ctx = ctx_of(desk, "a=1\r\nb=2\r\nc=3")
    desk.call(ctx, "bl_iterator_start", "i")
    desk.call(ctx, "bl_iterator_next", "i")
    desk.call(ctx, "bl_iterator_next", "i")
    assert desk.get(ctx, "$blitval(i)") == "b=2\r\n"
    assert desk.call(ctx, "bl_iterator_append", "i", "x\r\n") == 1
    assert sent(ctx).endswith("Content-Length: 16\r\n\r\na=1\r\nb=2\r\nx\r\nc=3")
    assert desk.call(ctx, "bl_iterator_end", "i") == 1
    assert desk.get(ctx, "$blitval(i)") is None
