"""Functions on bodies and their parts."""

from __future__ import annotations

import pytest

from olelo.testing import Bed, Packet
from textops.kit import CONFIG, Run

SDP = b"v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n"
MIXED = b"--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b1\r\nContent-Type: text/plain\r\nX: y\r\n\r\nhello\r\n--b1--\r\n"


class Sent:
    """A message with a Content-Type of its own through a script."""

    def __init__(self, script: str, kind: str, body: bytes, *, length: bool = True) -> None:
        self.bed = Bed(CONFIG.format(script=script, reply=""))
        caller, callee = self.bed.peer("caller"), self.bed.peer("callee")
        lines = [
            "MESSAGE sip:108@proxy SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1", "From: <sip:a@b>;tag=1",
            "To: <sip:108@proxy>", "Call-ID: 1", "CSeq: 1 MESSAGE",
        ]  # fmt: skip
        if kind:
            lines.append(f"Content-Type: {kind}")
        if length:
            lines.append(f"Content-Length: {len(body)}")
        caller.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        self.out: Packet = callee.gets("MESSAGE")

    @property
    def body(self) -> bytes:
        body = self.out.msg.body
        assert self.out.headers("Content-Length") == [str(len(body))], self.out.data
        return body

    @property
    def codes(self) -> list[str]:
        return [line.partition("code ")[2] for line in self.bed.log if "code " in line]


RC = 'xlog("code $rc\\n");'


@pytest.mark.parametrize(
    ("call", "kind", "body", "length", "expected"),
    [
        ("has_body()", "text/plain", b"x", True, "1"),
        ("has_body()", "text/plain", b"", True, "-1"),
        ("has_body()", "text/plain", b"x", False, "-1"),
        ('has_body("text/plain")', "Text/Plain;charset=x", b"x", True, "1"),
        ('has_body("application/sdp")', "text/plain", b"x", True, "-1"),
        ('has_body("application/sdp")', "", b"x", True, "1"),
    ],
)
def test_has_body(call: str, kind: str, body: bytes, length: bool, expected: str) -> None:
    assert Sent(f"{call}; {RC}", kind, body, length=length).codes == [expected]


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("application/sdp", SDP, "-1"),
        ("application/sdp", SDP.replace(b"192.0.2.1", b"0.0.0.0"), "1"),
        ("application/sdp", SDP + b"c=IN IP4 0.0.0.0\r\n", "1"),
        ("application/sdp", SDP.replace(b"192.0.2.1", b"0.0.0.0") + b"c=IN IP4 192.0.2.1\r\n", "-1"),
        ("application/sdp", SDP + b"a=sendonly\r\n", "2"),
        ("application/sdp", SDP + b"a=inactive\r\n", "2"),
        ("application/sdp", SDP + b"a=recvonly\r\n", "-1"),
        ("application/sdp", SDP.replace(b"m=", b"a=inactive\r\nm="), "2"),
        ("application/sdp", SDP.replace(b"audio", b"video") + b"a=inactive\r\n", "-1"),
        (
            "application/sdp",
            SDP.replace(b"192.0.2.1", b"0.0.0.0").replace(b"4000", b"9") + b"a=ice-options:trickle\r\n",
            "-1",
        ),
        ("text/plain", SDP + b"a=inactive\r\n", "-1"),
        ("multipart/mixed;boundary=b1", MIXED.replace(b"v=0\r\n", SDP + b"a=sendonly\r\n"), "2"),
        ("multipart/mixed;boundary=b2", MIXED, "-1"),
        ("multipart/mixed;boundary=b1", MIXED.replace(b"application/sdp", b"a/b"), "-1"),
    ],
)
def test_is_audio_on_hold(kind: str, body: bytes, expected: str) -> None:
    assert Sent(f"is_audio_on_hold(); {RC}", kind, body).codes == [expected]


def test_set_body() -> None:
    sent = Sent(f'set_body("hello $rU", "text/html"); {RC}', "text/plain", b"old text")
    assert sent.codes == ["1"]
    assert sent.body == b"hello 108"
    assert sent.out.headers("Content-Type") == ["text/html"]


def test_set_body_with_the_same_type_and_a_second_time() -> None:
    sent = Sent(
        f'replace_body("old", "x"); set_body("one", "text/plain"); set_body("two 2", "a/b"); {RC}',
        "text/plain",
        b"old text",
    )
    assert sent.body == b"two 2"
    assert sent.out.headers("Content-Type") == ["a/b"]
    sent = Sent('set_body("one", "text/plain");', "text/plain", b"old text")
    assert sent.body == b"one"
    assert sent.out.headers("Content-Type") == ["text/plain"]


def test_set_body_where_there_was_none() -> None:
    sent = Sent('set_body_hex("68 69", "text/plain");', "", b"", length=False)
    assert sent.body == b"hi"
    assert sent.out.headers("Content-Type") == ["text/plain"]


@pytest.mark.parametrize(
    "call",
    [
        'set_body("", "a/b")', 'set_body("x", "")', 'set_body_hex("6", "a/b")', 'set_body_hex("xy", "a/b")',
        'set_reply_body("", "a/b")', 'set_reply_body("x", "")', 'set_reply_body_hex("", "a/b")',
        'append_body_part("x", "")', 'append_body_part("x", "a/b")', 'append_body_part_hex("x", "a/b")',
        'filter_body("a/b")', 'remove_body_part("a/b")',
    ],
)  # fmt: skip
def test_minus_one(call: str) -> None:
    sent = Sent(f"{call}; {RC}", "text/plain", b"old")
    assert sent.codes == ["-1"]
    assert sent.body == b"old"


def test_set_reply_body() -> None:
    run = Run('set_reply_body("hello $rU", "text/plain"); sl_send_reply("200", "OK"); exit;')
    answer = run.caller.gets(200)
    assert answer.msg.body == b"hello 108"
    assert answer.header("Content-Type") == "text/plain"
    run = Run('set_reply_body_hex("6869", "text/plain"); sl_send_reply("200", "OK"); exit;')
    assert run.caller.gets(200).msg.body == b"hi"


@pytest.mark.parametrize(
    ("call", "kind", "expected"),
    [
        ('get_body_part("text/plain", "$var(x)")', "multipart/mixed;boundary=b1", ["1", "X: y\r\n\r\nhello\r\n"]),
        ('get_body_part("APPLICATION/sdp", "$var(x)")', 'multipart/mixed;boundary="b1"', ["1", "\r\nv=0\r\n"]),
        (
            'get_body_part_raw("application/sdp", "$var(x)")',
            "multipart/mixed;boundary=b1",
            ["1", "Content-Type: application/sdp\r\n\r\nv=0\r\n--b1\r\n"],
        ),
        ('get_body_part("a/b", "$var(x)")', "multipart/mixed;boundary=b1", ["-1", "old"]),
        ('get_body_part("a/b", "$var(x)")', "text/plain", ["1", MIXED.decode()]),
    ],
)
def test_get_body_part(call: str, kind: str, expected: list[str]) -> None:
    sent = Sent(f'$var(x) = "old"; {call}; xlog("code $rc,$var(x)|");', kind, MIXED)
    assert sent.codes[0].removesuffix("|").split(",", 1) == expected


def test_filter_body() -> None:
    sent = Sent(
        f'filter_body("application/sdp"); {RC} remove_hf("Content-Type"); append_hf("Content-Type: application/sdp\\r\\n");',
        "multipart/mixed;boundary=b1",
        MIXED,
    )
    assert sent.codes == ["1"]
    assert sent.body == b"v=0"
    assert sent.out.headers("Content-Type") == ["application/sdp"]


def test_remove_body_part() -> None:
    for kind in ("application/sdp", "text/plain"):
        sent = Sent(f'remove_body_part("{kind}"); {RC}', "multipart/mixed;boundary=b1", MIXED)
        assert sent.codes == ["1"]
        parts = MIXED.split(b"--b1\r\n")
        left = parts[2] if kind == "application/sdp" else parts[1] + b"--b1--\r\n"
        assert sent.body == b"--b1\r\n" + left


def test_append_body_part() -> None:
    sent = Sent(
        f'append_body_part("one $rU", "a/b", "signal"); {RC} append_body_part_hex("68 69", "c/d\\r\\nX: 1"); {RC}',
        "multipart/mixed;boundary=b1",
        MIXED,
    )
    assert sent.codes == ["1", "1"]
    assert sent.body == (
        MIXED.replace(b"--b1--", b"--b1")
        + b"Content-Type: a/b\r\nContent-Disposition: signal\r\n\r\none 108\r\n--b1\r\n"
        + b"Content-Type: c/d\r\nX: 1\r\n\r\nhi\r\n--b1--\r\n"
    )


@pytest.mark.parametrize(
    ("call", "boundary", "part"),
    [
        ("set_body_multipart()", "unique-boundary-1", b"Content-Type: text/html\r\n\r\nold\r\n"),
        ('set_body_multipart("mark")', "mark", b"Content-Type: text/html\r\n\r\nold\r\n"),
        ('set_body_multipart("new", "a/b")', "unique-boundary-1", b"Content-Type: a/b\r\n\r\nnew\r\n"),
        ('set_body_multipart("new", "a/b", "mark")', "mark", b"Content-Type: a/b\r\n\r\nnew\r\n"),
    ],
)
def test_set_body_multipart(call: str, boundary: str, part: bytes) -> None:
    sent = Sent(f"{call}; {RC}", "text/html", b"old")
    marker = boundary.encode()
    assert sent.codes == ["1"]
    assert sent.body == b"--" + marker + b"\r\n" + part + b"--" + marker + b"\r\n"
    assert sent.out.headers("Content-Type") == [f'multipart/mixed;boundary="{boundary}"']
    assert sent.out.headers("Mime-Version") == ["1.0"]


def test_a_body_that_is_multipart_stays() -> None:
    sent = Sent(f"set_body_multipart(); {RC}", "multipart/mixed;boundary=b1", MIXED)
    assert sent.codes == ["1"]
    assert sent.body == MIXED


def test_there_is_nothing_to_make_parts_of() -> None:
    assert Sent(f"set_body_multipart(); {RC}", "text/plain", b"").codes == ["-1"]


def test_parts_that_are_added_after_the_change_was_applied() -> None:
    sent = Sent(
        'set_body_multipart("one", "text/plain", "mark"); msg_apply_changes(); append_body_part("two", "a/b");'
        f'msg_apply_changes(); remove_body_part("text/plain"); {RC}',
        "text/html",
        b"old",
    )
    assert sent.codes == ["1"]
    assert sent.body == b"--mark\r\nContent-Type: a/b\r\n\r\ntwo\r\n--mark--\r\n"
