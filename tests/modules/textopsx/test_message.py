"""The whole message, a reply's status, and the like."""

from __future__ import annotations

import pytest
from textops.kit import Run, code

BODY = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"


def test_changes_show_after_msg_apply_changes_only() -> None:
    run = Run(
        'append_hf("X: 1\\r\\n"); is_present_hf("X"); xlog("code $rc\\n");'
        'msg_apply_changes(); xlog("code $rc\\n"); is_present_hf("X"); xlog("code $rc\\n");'
    )
    assert run.codes == ["-1", "1", "1"]
    assert run.out.headers("X") == ["1"]


def test_applying_makes_the_new_request_uri_the_original_and_keeps_the_destination() -> None:
    run = Run('$ru = "sip:new@proxy"; $du = "sip:192.0.2.9"; msg_apply_changes(); xlog("code $ou $du\\n");')
    assert run.codes == ["sip:new@proxy sip:192.0.2.9"]
    assert run.out.uri == "sip:new@proxy"


def test_a_message_that_the_changes_broke_ends_the_script() -> None:
    run = Run('remove_hf("From"); msg_apply_changes(); xlog("code still here\\n");')
    assert run.codes == []
    run.callee.nothing()


def test_the_changed_body_is_read_and_its_length_is_right() -> None:
    run = Run('replace_body("s=-", "s=changed"); msg_apply_changes(); xlog("code $cl\\n");', body=BODY)
    assert run.codes == [str(len(BODY) + 6)]
    assert run.body == BODY.replace(b"s=-", b"s=changed")


def test_msg_set_buffer() -> None:
    run = Run(
        'msg_set_buffer("OPTIONS sip:other@proxy SIP/2.0\\r\\nVia: $hdr(Via)\\r\\nFrom: <sip:x@y>;tag=1\\r\\n'
        'To: <sip:z@y>\\r\\nCall-ID: new\\r\\nCSeq: 9 OPTIONS\\r\\nContent-Length: 0\\r\\n\\r\\n"); xlog("code $rc $ci\\n");'
    )
    assert run.codes == ["1 new"]
    assert run.out.uri == "sip:other@proxy"


@pytest.mark.parametrize("text", ["nonsense", "SIP/2.0 200 OK\\r\\n\\r\\n"])
def test_msg_set_buffer_with_no_request_ends_the_script(text: str) -> None:
    assert Run(f'msg_set_buffer("{text}"); xlog("code no\\n");').codes == []


@pytest.mark.parametrize(
    ("status", "call", "expected", "line"),
    [
        (603, 'change_reply_status(404, "Not Found")', "1", b"SIP/2.0 404 Not Found"),
        (603, 'change_reply_status("480", "Gone $rs")', "1", b"SIP/2.0 480 Gone 603"),
        (180, 'change_reply_status(183, "Progress")', "1", b"SIP/2.0 183 Progress"),
        (200, 'change_reply_status(404, "No")', "-1", b"SIP/2.0 200 Fine"),
        (404, 'change_reply_status(200, "OK")', "-1", b"SIP/2.0 404 Fine"),
        (404, 'change_reply_status(700, "Odd")', "-1", b"SIP/2.0 404 Fine"),
        (404, 'change_reply_status(486, "")', "-1", b"SIP/2.0 404 Fine"),
        (604, 'change_reply_status_code("404")', "1", b"SIP/2.0 404 Fine"),
        (200, 'change_reply_status_code("404")', "-1", b"SIP/2.0 200 Fine"),
        (603, 'change_reply_status(404, "One"); change_reply_status(405, "Two")', "1", b"SIP/2.0 405 Two"),
    ],
)
def test_the_status_of_a_reply(status: int, call: str, expected: str, line: bytes) -> None:
    run = Run("", reply=f'{call}; xlog("code $rc\\n");')
    run.out.reply(status, "Fine")
    assert run.codes == [expected]
    assert run.caller.inbox[-1].data.startswith(line + b"\r\n")


def test_a_transaction_goes_by_the_changed_status() -> None:
    run = Run(
        '$du = "sip:192.0.2.2"; t_on_reply("R"); t_relay(); exit; } onreply_route[R] { '
        'change_reply_status("486", "Busy"); } route[Z] { exit;',
        method="INVITE",
    )
    run.out.reply(603, "No")
    run.caller.gets(100)
    assert run.caller.gets(486).msg.reason == b"Busy"


def test_remove_body() -> None:
    run = Run('remove_body(); xlog("code $rc\\n");', body=BODY)
    assert run.codes == ["1"]
    assert run.body == b""
    assert run.out.header("Content-Type") == "application/sdp"


def test_there_is_no_body_to_remove() -> None:
    assert code("remove_body()") == 1


def test_keep_hf() -> None:
    headers = ("X-One: 1", "User-Agent: a", "Supported: b", "Route: <sip:192.0.2.2;lr>")
    run = Run('keep_hf("^user-"); xlog("code $rc\\n");', *headers)
    assert run.codes == ["-1"]
    assert set(run.names) == {
        "Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards", "Contact", "Route", "User-Agent", "Content-Length",
    }  # fmt: skip
    assert "User-Agent" not in Run("keep_hf();", *headers).names


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ('"$rU", "1*"', 1),
        ('"$rU", "1?8"', 1),
        ('"$rU", "1?"', -1),
        ('"abc", "A*"', -1),
        ('"abc", "A*", "i"', 1),
        ('"a/b", "a*"', 1),
        ('"abc", "[!a-b]*"', -1),
        ('"xbc", "[^a-b]*"', 1),
        ('"a-c", "a[b-]c"', 1),
        ('"5", "[[:digit:]]"', 1),
        ('"a]c", "a[]]c"', 1),
        ('"a[c", "a[c"', 1),
        ('"a*c", "a\\\\*c"', 1),
        ('"abc", "a\\\\*c"', -1),
        ('"abc", "[z-a]*"', -1),
    ],
)
def test_fnmatch(args: str, expected: int) -> None:
    assert code(f"fnmatch({args})") == expected
