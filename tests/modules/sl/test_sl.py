"""sl: answers without a transaction, and the ACKs for them."""

from __future__ import annotations

from olelo.testing import Bed

CONFIG = """
loadmodule "sl.so"
loadmodule "xlog.so"
loadmodule "pv.so"
request_route {{ xlog("saw $rm\\n"); {script} }}
event_route[sl:filtered-ack] {{ xlog("absorbed\\n"); }}
"""


def bed(script: str) -> Bed:
    return Bed(CONFIG.format(script=script))


def test_the_answer_has_a_tag_of_ours_and_the_ack_for_it_never_meets_the_script() -> None:
    net = bed('sl_send_reply("404", "Not Found");')
    caller = net.peer("caller")
    call = caller.invite("sip:bob@proxy")
    assert caller.gets(404).msg.to.tag
    caller.ack(call)
    assert net.log == ["<script>: saw INVITE", "<script>: absorbed"]
    assert net.engine.stats.get("sl", "received_ACKs") == 1


def test_an_ack_that_comes_too_late_or_for_another_meets_the_script() -> None:
    net = bed('sl_send_reply("404", "Not Found");')
    caller = net.peer("caller")
    call = caller.invite("sip:bob@proxy")
    caller.gets(404)
    net.advance(10)
    caller.ack(call)
    assert net.log == ["<script>: saw INVITE", "<script>: saw ACK"]
    caller.nothing()


def test_a_retransmission_gets_the_same_tag() -> None:
    net = bed('sl_send_reply("486", "Busy");')
    caller = net.peer("caller")
    call = caller.invite("sip:bob@proxy")
    first = caller.gets(486).msg.to.tag
    caller.send(call.sent)
    assert caller.gets(486).msg.to.tag == first


def test_a_provisional_answer_has_no_tag() -> None:
    net = bed('sl_send_reply("100", "Trying");')
    caller = net.peer("caller")
    caller.invite("sip:bob@proxy")
    assert caller.gets(100).msg.to.tag == b""


def test_the_counters_follow_the_answers() -> None:
    net = bed('sl_send_reply("404", "Not Found");')
    caller = net.peer("caller")
    for _ in range(3):
        caller.request("OPTIONS", "sip:bob@proxy")
    stats = net.call("sl.stats")
    assert isinstance(stats, dict)
    assert (stats["404"], stats["4xx"], stats["200"]) == (3, 0, 0)
    assert list(stats) == [
        "200", "202", "2xx", "300", "301", "302", "3xx", "400", "401", "403", "404", "407", "408", "483", "4xx",
        "500", "5xx", "6xx", "xxx",
    ]  # fmt: skip


def test_a_redirect_carries_the_destinations() -> None:
    net = bed('$ru = "sip:new@192.0.2.77"; sl_send_reply("302", "Moved");')
    caller = net.peer("caller")
    caller.invite("sip:bob@proxy")
    assert caller.gets(302).header("Contact") == "<sip:new@192.0.2.77>"


def test_an_ack_is_never_answered() -> None:
    net = bed('sl_send_reply("404", "Not Found"); xlog("code $rc\\n");')
    caller = net.peer("caller")
    caller.request("ACK", "sip:bob@proxy")
    caller.nothing()
    assert net.log[-1] == "<script>: code -1"
