"""auth: what each function returns in each situation, and what goes back to the phone."""

from __future__ import annotations

import base64
import re

import pytest

from olelo.sip.digest import Credentials
from olelo.testing import Bed, ConfigurationError, Peer, answer

URI = "sip:proxy"
CONFIG = """
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "auth.so"
{params}
request_route {{ {script} }}
onreply_route[R] {{ }}
"""
CHECK = """
    $var(rc) = 0;
    pv_auth_check("proxy", "secret", "0", "1");
    $var(rc) = $rc;
    xlog("rc $var(rc) au $au\\n");
    if ($var(rc) < 0) { auth_challenge("proxy", "%s"); exit; }
    sl_send_reply("200", "OK");
"""


def bed(script: str = CHECK % 0, more: str = "", **params: int | str) -> Bed:
    lines = [
        f'modparam("auth", "{name}", {value})' if isinstance(value, int) else f'modparam("auth", "{name}", "{value}")'
        for name, value in params.items()
    ]
    return Bed(CONFIG.format(script=script, params="\n".join([more, *lines])))


def challenged(phone: Peer, uri: str = URI) -> str:
    """Registers without credentials; the challenge."""
    phone.request("REGISTER", uri, to="sip:alice@proxy")
    return phone.gets(401).header("WWW-Authenticate")


def register(phone: Peer, *headers: str, uri: str = URI, **more: str) -> int:
    phone.request("REGISTER", uri, *headers, to="sip:alice@proxy", **more)  # type: ignore[arg-type]
    return phone.inbox[0].msg.status


def rc(net: Bed) -> int:
    """The return code of the last check."""
    lines = [line for line in net.log if "rc " in line]
    return int(lines[-1].split("rc ")[1].split()[0])


# --- challenges ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "tail"),
    [(0, ""), (1, ', qop="auth"'), (2, ', qop="auth-int"'), (3, ', qop="auth-int"'), (16, ", stale=true")],
)
def test_flags_of_a_challenge(flags: int, tail: str) -> None:
    phone = bed(f'www_challenge("proxy", "{flags}");').peer("alice")
    value = challenged(phone)
    assert re.fullmatch(r'Digest realm="proxy", nonce="[A-Za-z0-9+/]{32}"' + re.escape(tail), value)


def test_proxy_challenge_is_407_and_auth_challenge_goes_by_the_method() -> None:
    net = bed('auth_challenge("proxy", "1");')
    phone = net.peer("alice")
    challenged(phone)
    phone.invite("sip:bob@proxy")
    assert phone.gets(407).header("Proxy-Authenticate").startswith("Digest ")


def test_an_ack_or_cancel_is_not_challenged() -> None:
    net = bed('auth_challenge("proxy", "0"); xlog("rc $rc\\n");')
    phone = net.peer("alice")
    phone.request("ACK", "sip:bob@proxy")
    phone.nothing()
    assert rc(net) == 1


def test_the_names_of_headers_algorithm_and_prefix_can_be_set() -> None:
    net = bed(
        'www_challenge("sip.proxy", "0");',
        algorithm="SHA-256", www_challenge_header="X-Asked", realm_prefix="sip.",
    )  # fmt: skip
    phone = net.peer("alice")
    phone.request("REGISTER", URI)
    value = phone.gets(401).header("X-Asked")
    assert value.startswith('Digest realm="proxy", ')
    assert value.endswith(", algorithm=SHA-256")


def test_a_challenge_without_realm_is_a_500() -> None:
    net = bed('$var(x) = ""; www_challenge("$var(x)", "0"); xlog("rc $rc\\n");')
    phone = net.peer("alice")
    phone.request("REGISTER", URI)
    phone.gets(500)
    assert rc(net) == -1


def test_a_challenge_goes_by_the_transaction_unless_force_stateless_reply() -> None:
    for stateless in (0, 1):
        net = bed('t_newtran(); www_challenge("proxy", "0"); exit;', force_stateless_reply=stateless)
        phone = net.peer("alice")
        sent = phone.request("REGISTER", URI)
        first = phone.gets(401)
        phone.send(sent.sent)
        again = [packet.data for packet in phone.inbox]
        assert (again == [first.data]) is not bool(stateless)


def test_the_challenge_line_can_be_put_into_a_variable() -> None:
    net = bed('auth_get_www_authenticate("proxy", "1", "$var(line)"); xlog("line $var(line)\\n");')
    net.peer("alice").request("REGISTER", URI)
    assert 'line WWW-Authenticate: Digest realm="proxy", nonce="' in net.log[-1]


def test_pv_www_authenticate_puts_a_challenge_into_an_avp_where_it_fails() -> None:
    script = 'pv_www_authenticate("proxy", "secret", "%s"); xlog("rc $rc line $avp(digest_challenge)\\n");'
    net = bed(script % 4)
    net.peer("alice").request("REGISTER", URI)
    assert "rc -5 line WWW-Authenticate: Digest" in net.log[-1]
    assert 'qop="auth"' in net.log[-1]
    net = bed(script % 0)
    net.peer("alice").request("REGISTER", URI)
    assert "line <null>" in net.log[-1]


# --- answers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [0, 1, 2])
@pytest.mark.parametrize("algorithm", ["", "MD5", "SHA-256"])
def test_the_right_password_is_let_in(flags: int, algorithm: str) -> None:
    net = bed(CHECK % flags, algorithm=algorithm)
    phone = net.peer("alice")
    line = answer(challenged(phone), "alice", "secret", "REGISTER", URI)
    assert register(phone, line) == 200
    assert net.log[-1].endswith("rc 1 au alice")


def test_a_body_counts_with_auth_int() -> None:
    net = bed(CHECK % 2)
    phone = net.peer("alice")
    asked = challenged(phone)
    line = answer(asked, "alice", "secret", "REGISTER", URI, body=b"one")
    phone.request("REGISTER", URI, line, to="sip:alice@proxy", body=b"one")
    phone.gets(200)
    phone.request("REGISTER", URI, line, to="sip:alice@proxy", body=b"two")
    phone.gets(401)
    assert rc(net) == -2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 1),
        ({"response": "0" * 32}, -2),
        ({"response": "0" * 31}, -1),
        ({"response": ""}, -1),
        ({"username": ""}, -1),
        ({"uri": ""}, -1),
        ({"uri": "sip:other"}, -2),
        ({"realm": "elsewhere"}, -5),
        ({"realm": "PROXY"}, 1),
        ({"nonce": ""}, -1),
        ({"nonce": "AAAA"}, -1),
        ({"nonce": "!!!!"}, -1),
        ({"nonce": "A" * 400}, -1),
        ({"cnonce": ""}, -1),
        ({"nc": ""}, -1),
        ({"nc": "00000009"}, -2),
        ({"username": "bob"}, -2),
        ({"algorithm": "MD5-sess"}, 1),
    ],
)
def test_what_is_wrong_with_credentials(changes: dict[str, str], code: int) -> None:
    net = bed(CHECK % 1)
    phone = net.peer("alice")
    line = answer(challenged(phone), "alice", "secret", "REGISTER", URI, **changes)
    register(phone, line)
    assert rc(net) == code


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Digest",
        "Digest ",
        'Digest username="a',
        "Basic QWxhZGRpbjo=",
        "Digest username=alice, username=bob",
        "\xff\xfe",
    ],
)
def test_headers_that_are_no_credentials(value: str) -> None:
    net = bed(CHECK % 1)
    phone = net.peer("alice")
    assert register(phone, f"Authorization: {value}") == 401
    assert rc(net) in (-1, -5)
    phone.inbox.clear()
    good = answer(challenged(phone), "alice", "secret", "REGISTER", URI)
    phone.request("REGISTER", URI, good, to="sip:alice@proxy")
    phone.gets(200)


def test_credentials_of_another_realm_before_ours_are_passed_over() -> None:
    net = bed(CHECK % 1)
    phone = net.peer("alice")
    asked = challenged(phone)
    other = 'Authorization: Digest username="alice", realm="elsewhere", nonce="x", uri="sip:proxy", response="y"'
    assert register(phone, other, answer(asked, "alice", "secret", "REGISTER", URI)) == 200


def test_a_folded_header_is_read() -> None:
    net = bed(CHECK % 1)
    phone = net.peer("alice")
    line = answer(challenged(phone), "alice", "secret", "REGISTER", URI).replace(", ", ",\r\n ")
    assert register(phone, line) == 200


def test_ha1_in_place_of_the_password() -> None:
    net = bed(
        'pv_www_authenticate("proxy", "a0f30b1dbd8e8e1e1b4ff5b3c3ab2c1d", "1"); xlog("rc $rc\\n"); www_challenge("proxy", "0");'
    )
    phone = net.peer("alice")
    asked = challenged(phone)
    register(phone, answer(asked, "alice", "secret", "REGISTER", URI))
    assert rc(net) == -2
    from hashlib import md5

    ha1 = md5(b"alice:proxy:secret").hexdigest()
    net = bed(f'pv_www_authenticate("proxy", "{ha1}", "1"); xlog("rc $rc\\n"); www_challenge("proxy", "0");')
    phone = net.peer("alice")
    register(phone, answer(challenged(phone), "alice", "secret", "REGISTER", URI))
    assert rc(net) == 1


def test_another_method_can_be_named() -> None:
    net = bed('pv_www_authenticate("proxy", "secret", "0", "INVITE"); xlog("rc $rc\\n"); www_challenge("proxy", "0");')
    phone = net.peer("alice")
    register(phone, answer(challenged(phone), "alice", "secret", "INVITE", URI))
    assert rc(net) == 1


def test_proxy_credentials_count_for_other_requests() -> None:
    net = bed(CHECK % 1)
    phone = net.peer("alice")
    phone.invite("sip:bob@proxy")
    asked = phone.gets(407).header("Proxy-Authenticate")
    phone.invite("sip:bob@proxy", answer(asked, "alice", "secret", "INVITE", "sip:bob@proxy"))
    phone.gets(407)
    assert rc(net) == -5
    phone.invite("sip:bob@proxy", answer(asked, "alice", "secret", "INVITE", "sip:bob@proxy", proxy=True))
    phone.gets(200)


@pytest.mark.parametrize("method", ["ACK", "CANCEL", "PRACK"])
def test_what_cannot_be_challenged_is_let_in(method: str) -> None:
    net = bed('pv_proxy_authenticate("proxy", "secret", "0"); xlog("rc $rc\\n");')
    net.peer("alice").request(method, "sip:bob@proxy")
    assert rc(net) == 1


# --- who says so --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("user", "code"), [("alice", 1), ("bob", -8), ("alice@proxy", 1)])
def test_the_user_must_be_the_one_in_to(user: str, code: int) -> None:
    net = bed(CHECK % 1)
    phone = net.peer("alice")
    register(phone, answer(challenged(phone), user, "secret", "REGISTER", URI))
    assert rc(net) == code


def test_from_and_to_of_a_register_must_be_the_same() -> None:
    net = bed(CHECK % 1)
    phone = net.peer("mallory")
    line = answer(challenged(phone), "alice", "secret", "REGISTER", URI)
    register(phone, line)
    assert rc(net) == -8


def test_the_user_must_be_the_one_in_from() -> None:
    net = bed(CHECK % 1)
    phone = net.peer("alice")
    phone.invite("sip:bob@proxy")
    asked = phone.gets(407).header("Proxy-Authenticate")
    phone.invite("sip:bob@proxy", answer(asked, "mallory", "secret", "INVITE", "sip:bob@proxy", proxy=True))
    phone.gets(407)
    assert rc(net) == -8


# --- nonces -------------------------------------------------------------------------------------------------------


def test_a_nonce_gets_stale() -> None:
    net = bed(CHECK % 0, nonce_expire=30)
    phone = net.peer("alice")
    line = answer(challenged(phone), "alice", "secret", "REGISTER", URI)
    net.advance(30)
    assert register(phone, line) == 200
    phone.inbox.clear()
    net.advance(1)
    assert register(phone, line) == 401
    assert rc(net) == -4


def test_a_nonce_of_an_earlier_start_is_stale_and_a_forged_one_is_wrong() -> None:
    net = bed(CHECK % 0, secret="s")
    phone = net.peer("alice")
    asked = challenged(phone)
    raw = bytearray(base64.b64decode(Credentials.parse(asked.encode()).nonce))
    old = raw[:]
    old[4:8] = (int.from_bytes(old[4:8], "big") - 1000).to_bytes(4, "big")
    future = raw[:]
    future[4:8] = (int.from_bytes(future[4:8], "big") + 100).to_bytes(4, "big")
    longer = raw[:]
    longer[0:4] = (int.from_bytes(longer[0:4], "big") + 100).to_bytes(4, "big")
    net.advance(1)
    for forged, code in ((old, -4), (future, -4), (longer, -1), (raw, 1)):
        nonce = base64.b64encode(forged).decode()
        register(phone, answer(f'Digest realm="proxy", nonce="{nonce}"', "alice", "secret", "REGISTER", URI))
        assert rc(net) == code


def test_servers_with_one_secret_take_each_others_nonces() -> None:
    one, two = bed(CHECK % 0, secret="common"), bed(CHECK % 0, secret="common")
    other = bed(CHECK % 0)
    line = answer(challenged(one.peer("alice")), "alice", "secret", "REGISTER", URI)
    assert register(two.peer("alice"), line) == 200
    assert register(other.peer("alice"), line) == 401
    assert rc(other) == -1


def test_each_count_is_taken_once() -> None:
    net = bed(CHECK % 1, nonce_count=1, qop="auth")
    phone = net.peer("alice")
    asked = challenged(phone)
    for count, code in ((1, 1), (1, -4), (2, 1), (5, 1), (3, -4), (255, 1), (256, -4)):
        register(phone, answer(asked, "alice", "secret", "REGISTER", URI, count=count))
        assert (count, rc(net)) == (count, code)
    for nc in ("0000000g", "0x000009", "+0000009", "0000_009", "1"):
        register(phone, answer(asked, "alice", "secret", "REGISTER", URI, nc=nc))
        assert (nc, rc(net)) == (nc, -1)


def test_nonce_count_is_off_without_qop() -> None:
    net = bed(CHECK % 1, nonce_count=1, qop="")
    assert any("nonce_count is off" in line for line in net.log)
    phone = net.peer("alice")
    line = answer(challenged(phone), "alice", "secret", "REGISTER", URI)
    for _ in range(2):
        assert register(phone, line) == 200
        phone.inbox.clear()


def test_a_one_time_nonce_is_taken_once() -> None:
    net = bed(CHECK % 0, one_time_nonce=1)
    phone = net.peer("alice")
    line = answer(challenged(phone), "alice", "secret", "REGISTER", URI)
    assert register(phone, line) == 200
    assert register(phone, line)
    assert rc(net) == -6


def test_the_memory_of_nonces_is_bounded_and_the_oldest_go_stale() -> None:
    net = bed(CHECK % 1, nonce_count=1, qop="auth", nc_array_size=4)
    phone = net.peer("alice")
    first = challenged(phone)
    for _ in range(4):
        last = challenged(phone)
    register(phone, answer(first, "alice", "secret", "REGISTER", URI))
    assert rc(net) == -4
    register(phone, answer(last, "alice", "secret", "REGISTER", URI))
    assert rc(net) == 1


@pytest.mark.parametrize(
    ("checks", "change", "code"),
    [(1, "uri", -4), (2, "call_id", -4), (8, "source", -4), (4, "call_id", -4), (8, "call_id", 1), (15, "", 1)],
)
def test_a_nonce_is_bound_to_parts_of_the_request(checks: int, change: str, code: int) -> None:
    net = bed(CHECK % 0, auth_checks_register=checks)
    phone = net.peer("alice")
    sent = phone.request("REGISTER", URI, to="sip:alice@proxy")
    asked = phone.gets(401).header("WWW-Authenticate")
    line = answer(asked, "alice", "secret", "REGISTER", URI)
    data = sent.sent.replace(b"Content-Length", line.encode() + b"\r\nContent-Length").replace(b"CSeq: 1", b"CSeq: 2")
    if change == "uri":
        data = data.replace(b"REGISTER sip:proxy", b"REGISTER sip:proxy;x=1", 1)
    elif change == "call_id":
        data = data.replace(sent.call_id.encode(), b"other").replace(sent.from_tag.encode(), b"othertag")
    sender = net.peer("elsewhere") if change == "source" else phone
    sender.send(data)
    assert rc(net) == code


def test_authentication_info_after_a_right_answer() -> None:
    net = bed(CHECK % 1, add_authinfo_hdr=1)
    phone = net.peer("alice")
    asked = challenged(phone)
    line = answer(asked, "alice", "secret", "REGISTER", URI)
    assert register(phone, line) == 200
    nonce = Credentials.parse(asked.encode()).nonce.decode()
    value = phone.inbox[0].header("Authentication-Info")
    assert value.startswith(f'nextnonce="{nonce}", qop=auth, rspauth="')
    assert value.endswith('cnonce="0a4f113b", nc=00000001')


def test_what_a_phone_writes_cannot_break_out_of_authentication_info() -> None:
    net = bed(CHECK % 1, add_authinfo_hdr=1)
    phone = net.peer("alice")
    line = answer(challenged(phone), "alice", "secret", "REGISTER", URI, cnonce='x\\"y')
    register(phone, line)
    assert b"\r\nnc" not in phone.inbox[0].data


def test_the_algorithm_can_be_changed_by_the_script() -> None:
    net = bed('auth_algorithm("$hdr(X-Do)"); xlog("rc $rc\\n"); www_challenge("proxy", "0");')
    phone = net.peer("alice")
    for name, code in (("SHA-256", 1), ("SHA-1", -1), ("MD5", 1)):
        phone.request("REGISTER", URI, f"X-Do: {name}")
        assert rc(net) == code
        assert (f"algorithm={name}" in phone.gets(401).header("WWW-Authenticate")) is (code == 1)


# --- taking them away ---------------------------------------------------------------------------------------------


def test_consume_credentials_takes_away_those_that_were_looked_at() -> None:
    net = bed(
        'if (!pv_proxy_authenticate("proxy", "secret", "0")) { proxy_challenge("proxy", "0"); exit; } '
        'consume_credentials(); $du = "sip:192.0.2.2:5060"; t_relay();'
    )
    phone, other = net.peer("alice"), net.peer("bob")
    phone.request("MESSAGE", "sip:bob@proxy")
    asked = phone.gets(407).header("Proxy-Authenticate")
    kept = (
        'Proxy-Authorization: Digest username="alice", realm="next.hop", nonce="x", uri="sip:bob@proxy", response="y"'
    )
    phone.request(
        "MESSAGE", "sip:bob@proxy", kept, answer(asked, "alice", "secret", "MESSAGE", "sip:bob@proxy", proxy=True)
    )
    values = other.gets("MESSAGE").headers("Proxy-Authorization")
    assert len(values) == 1
    assert 'realm="next.hop"' in values[0]


@pytest.mark.parametrize("gone", [False, True])
def test_consume_credentials_after_the_message_was_changed(gone: bool) -> None:
    change = 'remove_hf("Proxy-Authorization");' if gone else 'remove_hf("Subject"); remove_hf("Max-Forwards");'
    net = bed(
        'if (!pv_proxy_authenticate("proxy", "secret", "0")) { proxy_challenge("proxy", "0"); exit; } '
        f'{change} msg_apply_changes(); consume_credentials(); xlog("rc $rc\\n"); $du = "sip:192.0.2.2:5060"; t_relay();',
        more='loadmodule "textopsx.so"',
    )
    phone, other = net.peer("alice"), net.peer("bob")
    phone.request("MESSAGE", "sip:bob@proxy", "Subject: x")
    asked = phone.gets(407).header("Proxy-Authenticate")
    line = answer(asked, "alice", "secret", "MESSAGE", "sip:bob@proxy", proxy=True)
    phone.request("MESSAGE", "sip:bob@proxy", "Subject: x", line, "X-Kept: y")
    packet = other.gets("MESSAGE")
    assert rc(net) == (-1 if gone else 1)
    assert packet.headers("Proxy-Authorization") == []
    assert packet.headers("X-Kept") == ["y"]


def test_consume_credentials_without_an_authentication_before_it() -> None:
    net = bed('consume_credentials(); xlog("rc $rc\\n");')
    net.peer("alice").request("REGISTER", URI)
    assert rc(net) == -1


def test_has_credentials_looks_for_a_realm() -> None:
    net = bed('has_credentials("proxy"); xlog("rc $rc\\n"); www_challenge("proxy", "0");')
    phone = net.peer("alice")
    asked = challenged(phone)
    assert rc(net) == -1
    register(phone, answer(asked, "alice", "anything", "REGISTER", URI))
    assert rc(net) == 1


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("qop", "auths", "auth-int"),
        ("algorithm", "SHA-1", "SHA-256"),
        ("challenge_attr", "x", "AVP"),
        ("nonce_expire", -1, "negative"),
    ],
)
def test_bad_parameters_are_refused(name: str, value: str | int, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        bed(**{name: value})
