"""The test kit itself: what a stranger's tests rest on, and what they are told when they fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from olelo.testing import Bed, ConfigurationError

CONFIG = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "xlog.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
request_route {
    if (method == "REGISTER") { save("location"); exit; }
    if (method == "CANCEL") { if (t_check_trans()) t_relay(); exit; }
    if (has_totag()) { loose_route(); t_relay(); exit; }
    if (method == "INVITE") record_route();
    if (!lookup("location")) {
        xlog("$rU is not here\\n");
        sl_send_reply("404", "Not Found");
        exit;
    }
    t_relay();
}
"""


def test_a_call_in_both_directions() -> None:
    bed = Bed(CONFIG)
    alice, bob = bed.peer("alice"), bed.peer("bob")
    bob.register("108")
    call = alice.invite("sip:108@proxy")
    incoming = bob.gets("INVITE")
    incoming.reply(180)
    incoming.reply(200)
    alice.until(200)
    alice.ack(call)
    bob.gets("ACK")
    bob.bye(incoming.dialog())
    alice.gets("BYE").reply(200)
    bob.gets(200)
    bed.quiet()
    bed.expect_ladder("""
        ...
        alice -> proxy: INVITE sip:108@proxy
        proxy -> alice: 100 * (INVITE)
        proxy -> bob: INVITE sip:bob@192.0.2.2:5060
        bob -> proxy: 180 Ringing (INVITE)
        ...
        bob -> proxy: BYE sip:alice@192.0.2.1:5060
        proxy -> alice: BYE sip:alice@192.0.2.1:5060
        alice -> proxy: 200 OK (BYE)
        proxy -> bob: 200 OK (BYE)
    """)


def test_a_call_over_tcp() -> None:
    bed = Bed(CONFIG)
    alice, bob = bed.peer("alice"), bed.peer("bob")
    bob.register("108", proto="tcp")
    call = alice.invite("sip:108@proxy", proto="tcp")
    packet = bob.gets("INVITE")
    assert packet.proto == "tcp"
    assert packet.header("Via").startswith("SIP/2.0/TCP ")
    packet.reply(180)
    alice.until(180)
    alice.cancel(call)
    alice.gets(200)
    bob.gets("CANCEL").reply(200)
    packet.reply(487)
    bob.gets("ACK")
    assert alice.gets(487).proto == "tcp"
    alice.ack(call)
    bed.quiet()


def test_a_file_with_what_it_includes(tmp_path: Path) -> None:
    (tmp_path / "main.cfg").write_text('loadmodule "sl.so"\ninclude_file "routes.cfg"\n')
    (tmp_path / "routes.cfg").write_text(
        'request_route {\n#!ifdef BUSY\nsl_reply("486", "Busy");\n#!else\nsl_reply("200", "OK");\n#!endif\n}'
    )
    for defines, status in ((None, 200), ({"BUSY": None}, 486)):
        bed = Bed(tmp_path / "main.cfg", defines=defines)
        alice = bed.peer("alice")
        alice.request("OPTIONS", "sip:proxy")
        alice.gets(status)


def test_the_lines_that_ran() -> None:
    bed = Bed(CONFIG, trace=True)
    alice = bed.peer("alice")
    alice.request("OPTIONS", "sip:108@proxy")
    alice.gets(404)
    lines = [int(place.rpartition(":")[2]) for place in bed.ran]
    text = CONFIG.splitlines()
    assert [text[line - 1].strip().partition("(")[0] for line in lines][-3:] == ["xlog", "sl_send_reply", "exit;"]


def test_without_trace_nothing_is_noted() -> None:
    bed = Bed(CONFIG)
    bed.peer("alice").request("OPTIONS", "sip:108@proxy")
    assert bed.ran == []


def test_mistakes_of_a_configuration_are_all_told() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Bed('loadmodule "tm.so"\nmodparam("tm", "fr_timr", 1)\nrequest_route { nothing_known(); }')
    assert str(caught.value).splitlines() == [
        "kamailio.cfg:2:16: module tm has no parameter fr_timr (did you mean fr_timer?)",
        "kamailio.cfg:3:17: unknown function nothing_known()",
    ]


def failure(bed: Bed, what: str) -> str:
    alice = bed.peers["alice"]
    with pytest.raises(AssertionError) as caught:
        {
            "gets": lambda: alice.gets(200),
            "until": lambda: alice.until(200),
            "nothing": alice.nothing,
            "quiet": bed.quiet,
        }[what]()
    return str(caught.value)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("gets", "alice expected 200 and got 404 Not Found (OPTIONS)"),
        ("until", "alice waited for 200 and got only 404 Not Found (OPTIONS)"),
        ("nothing", "alice expected nothing and got <Packet 404 Not Found (OPTIONS)>"),
        ("quiet", "packets that nobody expected:\nalice has: 404 Not Found (OPTIONS)\n"),
    ],
)
def test_a_failure_tells_what_happened_when_and_the_log(what: str, said: str) -> None:
    bed = Bed(CONFIG)
    alice = bed.peer("alice")
    bed.advance(1.5)
    alice.request("OPTIONS", "sip:108@proxy")
    text = failure(bed, what)
    assert text.startswith(said)
    assert text.endswith(
        "what happened:\n"
        "     1.50  alice -> proxy: OPTIONS sip:108@proxy\n"
        "     1.50  proxy -> alice: 404 Not Found (OPTIONS)\n"
        "the log:\n"
        "  <script>: 108 is not here"
    )


def test_nothing_at_all_is_told_too() -> None:
    bed = Bed(CONFIG)
    bed.peer("alice")
    assert failure(bed, "gets").startswith("alice expected 200 and got nothing")
    assert failure(bed, "until").startswith("alice waited for 200 and got nothing")


def test_a_ladder_that_differs_is_shown_as_a_difference() -> None:
    bed = Bed(CONFIG)
    bed.peer("alice").request("OPTIONS", "sip:108@proxy")
    with pytest.raises(AssertionError) as caught:
        bed.expect_ladder("""
            alice -> proxy: OPTIONS *
            proxy -> alice: 200 OK (OPTIONS)
        """)
    assert str(caught.value).splitlines()[-3:] == [
        " alice -> proxy: OPTIONS sip:108@proxy",
        "-proxy -> alice: 200 OK (OPTIONS)",
        "+proxy -> alice: 404 Not Found (OPTIONS)",
    ]


def test_names_lead_where_the_test_says() -> None:
    bed = Bed(
        'loadmodule "pv.so"\nrequest_route { $du = "sip:edge.example.org"; forward(); }',
        names={"edge.example.org": [("udp", "192.0.2.2", 5060)]},
    )
    alice, edge = bed.peer("alice"), bed.peer("edge")
    alice.request("OPTIONS", "sip:x@example.org")
    assert edge.gets("OPTIONS").uri == "sip:x@example.org"


def test_commands_answer_as_to_kamcmd() -> None:
    bed = Bed(CONFIG)
    bed.peer("bob").register("108")
    reply = bed.call("ul.lookup", "location", "108")
    assert isinstance(reply, dict)
    assert reply["AoR"] == "108"
