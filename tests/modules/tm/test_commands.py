"""tm.stats, tm.list, tm.cancel, tm.reply and the like: layouts and faults as the reference shows them."""

from __future__ import annotations

from typing import Any

import pytest

from modules.tm.kit import bed, said
from olelo.core.module import Many, RpcFault
from olelo.testing import Bed

HOLD = """
request_route {
    if (is_method("OPTIONS")) { t_suspend(); t_reply("180", "Hold"); xlog("$T(id_index):$T(id_label)\\n"); exit; }
    t_relay();
}
"""


def fault(net: Bed, command: str, *args: int | str) -> tuple[int, str]:
    with pytest.raises(RpcFault) as caught:
        net.call(command, *args)
    return caught.value.code, caught.value.text


def test_stats_and_list() -> None:
    net = bed(HOLD)
    alice = net.peer("alice")
    alice.request("OPTIONS", "sip:x@proxy", call_id="c1", cseq=7)
    alice.gets(180)
    stats: Any = net.call("tm.stats")
    assert list(stats) == [
        "current", "waiting", "total", "total_local", "rpl_received", "rpl_generated", "rpl_sent", "6xx", "5xx", "4xx",
        "3xx", "2xx", "created", "freed", "delayed_free",
    ]  # fmt: skip
    assert (stats["current"], stats["rpl_generated"], stats["rpl_sent"]) == (1, 1, 1)
    listed: Any = net.call("tm.list")
    assert isinstance(listed, Many)
    [shown] = listed
    assert shown["cell"].startswith("0x")
    assert f"{shown['tindex']}:{shown['tlabel']}" == said(net)[0]
    assert shown["method"] == "OPTIONS"
    assert shown["from"] == "From: <sip:alice@proxy>;tag=alice1\r\n"
    assert shown["to"] == "To: <sip:x@proxy>\r\n"
    assert (shown["callid"], shown["cseq"]) == ("Call-ID: c1\r\n", "CSeq: 7")
    assert (shown["uas_request"], shown["outgoings"], shown["tflags"]) == ("yes", 1, 1 << 11)
    assert shown["lifetime"] == 32 * 16


def test_an_answer_by_number() -> None:
    net = bed(HOLD)
    alice = net.peer("alice")
    alice.request("OPTIONS", "sip:x@proxy")
    alice.gets(180)
    number = said(net)[0]
    assert net.call("tm.reply", 480, "Gone", number, "mytag", "X-R: 1\r\nContent-Type: a/b\r\n", "body") is None
    answer = alice.gets(480)
    assert answer.msg.reason == b"Gone"
    assert answer.header("To").endswith(";tag=mytag")
    assert (answer.header("X-R"), answer.msg.body) == ("1", b"body")
    assert fault(net, "tm.reply", 480, "Gone", number, "mytag") == (500, "Reply failed")
    net.call("tm.retransmit_reply", number)
    alice.gets(480)


def test_an_answer_by_call() -> None:
    net = bed(HOLD)
    alice = net.peer("alice")
    alice.request("OPTIONS", "sip:x@proxy", call_id="c1", cseq=7)
    alice.gets(180)
    net.call("tm.reply_callid", 480, "Gone", "c1", "7", "", ".", "")
    assert alice.gets(480).msg.to.tag
    net.call("tm.retransmit_reply_callid", "c1", "7")
    alice.gets(480)


@pytest.mark.parametrize(
    ("command", "args", "text"),
    [
        ("tm.reply", (), (400, "Reply code expected")),
        ("tm.reply", ("x",), (400, "Reply code expected")),
        ("tm.reply", (480,), (400, "Reason phrase expected")),
        ("tm.reply", (480, "Gone"), (400, "Transaction ID expected")),
        ("tm.reply", (480, "Gone", "1:2"), (400, "To tag expected")),
        ("tm.reply", (480, "Gone", "x", "tt"), (400, "Invalid transaction ID")),
        ("tm.reply", (480, "Gone", "1:2", "tt"), (481, "No such transaction")),
        ("tm.reply_callid", (480, "Gone"), (400, "Call-ID expected")),
        ("tm.reply_callid", (480, "Gone", "c"), (400, "CSeq expected")),
        ("tm.reply_callid", (480, "Gone", "c", "1", "t"), (404, "Transaction not found")),
        ("tm.retransmit_reply", (), (400, "Transaction ID expected")),
        ("tm.retransmit_reply", ("x",), (400, "Invalid transaction ID")),
        ("tm.retransmit_reply", ("1:2",), (404, "Transaction not found")),
        ("tm.retransmit_reply_callid", ("c",), (400, "CSeq expected")),
        ("tm.cancel", (), (400, "Callid and CSeq expected as parameters")),
        ("tm.cancel", ("c", "1"), (400, "Transaction not found")),
        ("tm.hash_stats", (), (500, "Hash statistics not supported")),
    ],
)
def test_what_is_refused(command: str, args: tuple[int | str, ...], text: tuple[int, str]) -> None:
    assert fault(bed(HOLD), command, *args) == text


def test_cancel() -> None:
    net = bed(HOLD)
    alice, bob = net.peer("alice"), net.peer("bob")
    call = alice.invite(bob.uri)
    alice.gets(100)
    bob.gets("INVITE").reply(180)
    invited = bob.last
    alice.gets(180)
    assert net.call("tm.cancel", call.call_id, "1") == (1, "branches remaining (waiting for timeout)")
    bob.gets("CANCEL").reply(200)
    invited.reply(487)
    alice.gets(487)


def test_clean_removes_what_nothing_waits_for() -> None:
    net = bed(HOLD)
    net.peer("alice").request("OPTIONS", "sip:x@proxy")
    assert net.call("tm.clean") is None
    assert len(net.call("tm.list")) == 1  # type: ignore[arg-type]
