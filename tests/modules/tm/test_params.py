"""Parameters that change what goes over the wire, each with its own little scene."""

from __future__ import annotations

import pytest

from modules.tm.kit import bed, said
from olelo.core.services import UacRequest
from olelo.modules.tm import Tm
from olelo.modules.tm.watch import Watcher
from olelo.sip.message import Message
from olelo.testing import Bed
from olelo.transaction.transaction import Transaction

RELAY = 'request_route { if (is_method("CANCEL")) { t_relay(); exit; } t_relay(); }'


def of(name: str, value: int | str) -> str:
    text = f'"{value}"' if isinstance(value, str) else value
    return f'modparam("tm", "{name}", {text})\n'


def tm_of(net: Bed) -> Tm:
    found = net.engine.modules["tm"]
    assert isinstance(found, Tm)
    return found


@pytest.mark.parametrize(
    ("module", "answer"), [("tm", 't_newtran(); t_reply("302", "X");'), ("sl", 'sl_send_reply("302", "X");')]
)
@pytest.mark.parametrize(("value", "contact"), [
    (0, "<sip:new@x>, <sip:b@x>;q=0.1"),
    (1, "<sip:new@x>;flags=8, <sip:b@x>;q=0.1;flags=4"),
    (2, "<sip:new@x>, <sip:b@x?Route=%3csip:p%3blr%3e>;q=0.1"),
    (3, "<sip:new@x>;flags=8, <sip:b@x?Route=%3csip:p%3blr%3e>;q=0.1;flags=4"),
])  # fmt: skip
def test_rich_redirect(module: str, answer: str, value: int, contact: str) -> None:
    net = bed(
        f"""
        modparam("{module}", "rich_redirect", {value})
        request_route {{
            setbflag(3);
            $ru = "sip:new@x";
            append_branch("sip:b@x", "0.1");
            $(branch(path)[0]) = "<sip:p;lr>";
            $(branch(flags)[0]) = 4;
            {answer}
        }}
        """
    )
    alice = net.peer("alice")
    alice.request("OPTIONS", "sip:u@proxy")
    assert alice.gets(302).header("Contact") == contact


@pytest.mark.parametrize("mode", [0, 1])
def test_reply_relay_mode(mode: int) -> None:
    net = bed(of("reply_relay_mode", mode) + 'request_route { append_branch("sip:c@192.0.2.3"); t_relay(); }')
    alice, bob, carol = net.peer("alice"), net.peer("bob"), net.peer("carol")
    call = alice.invite(bob.uri)
    alice.gets(100)
    bob.gets("INVITE").reply(200, "First")
    alice.gets(200)
    carol.gets("INVITE").reply(200, "Second")
    alice.gets(200)
    alice.send(call.sent)
    assert alice.gets(200).msg.reason == (b"First" if mode else b"Second")


@pytest.mark.parametrize(("value", "order"), [
    (1, ["Via", "Max-Forwards", "Route", "From", "To", "Call-ID", "CSeq"]),
    (0, ["Via", "From", "Call-ID", "To", "CSeq", "Max-Forwards", "Route", "Route"]),
])  # fmt: skip
def test_reparse_invite(value: int, order: list[str]) -> None:
    net = bed(
        of("reparse_invite", value)
        + 'request_route { if (is_method("CANCEL")) { t_relay(); exit; } remove_hf_idx("Route", "0"); t_relay(); }'
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    text = (
        "{method} sip:b@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKr\r\nMax-Forwards: 9\r\n"
        "Route: <sip:proxy;lr>\r\nRoute: <sip:192.0.2.2;lr>\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: c\r\n"
        "CSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
    )
    alice.send(text.format(method="INVITE").encode())
    bob.gets("INVITE").reply(180)
    alice.send(text.format(method="CANCEL").encode())
    wanted = [*order, "Content-Length"]
    assert [line.partition(b":")[0].decode() for line in bob.gets("CANCEL").msg.lines] == wanted
    bob.last.reply(200)
    invite = next(packet for packet in net.world.sent if packet[1].startswith(b"INVITE"))
    assert b"Max-Forwards: 9\r\n" in invite[1]


def test_callid_cseq_matching() -> None:
    net = bed(of("callid_cseq_matching", 1) + RELAY)
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    incoming = bob.gets("OPTIONS")
    branch = Message.parse(incoming.data).via.branch
    mangled = branch[:9] + b"other" + branch[branch.rindex(b".") :]
    incoming.data = incoming.data.replace(branch, mangled)
    incoming.msg = Message.parse(incoming.data)
    incoming.reply(200)
    alice.gets(200)


def test_a_mangled_branch_is_a_stranger_otherwise() -> None:
    net = bed(RELAY)
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    incoming = bob.gets("OPTIONS")
    branch = Message.parse(incoming.data).via.branch
    incoming.data = incoming.data.replace(branch, branch[:9] + b"other" + branch[branch.rindex(b".") :])
    incoming.msg = Message.parse(incoming.data)
    incoming.reply(404)
    assert net.engine.tm is not None
    assert tm_of(net).table.stats.rpl_received == 0


class Ledger(Watcher):
    def __init__(self) -> None:
        self.seen: list[tuple[int, bool]] = []

    def local_answer(self, tx: Transaction, status: int, reply: Message | None) -> None:
        self.seen.append((status, reply is not None))


@pytest.mark.parametrize(("value", "seen"), [(0, [(200, True)]), (1, [(180, True), (200, True)])])
def test_pass_provisional_replies(value: int, seen: list[tuple[int, bool]]) -> None:
    net = bed(of("pass_provisional_replies", value) + "request_route { exit; }")
    bob = net.peer("bob")
    ledger = Ledger()
    tm_of(net).watch(ledger)
    request = UacRequest("OPTIONS", bob.uri.encode(), b"sip:a@x", b"sip:b@x")
    assert tm_of(net).local_request(request)
    bob.gets("OPTIONS").reply(180)
    bob.last.reply(200)
    assert ledger.seen == seen


@pytest.mark.parametrize(("value", "lines"), [(1, ["rc -478", "480"]), (0, ["rc -478", "479 sent"])])
def test_delayed_reply(value: int, lines: list[str]) -> None:
    net = bed(
        of("delayed_reply", value)
        + """
        request_route {
            t_relay();
            xlog("rc $rc\\n");
            if (t_reply("480", "By Hand")) xlog("480\\n"); else xlog("479 sent\\n");
        }
        """
    )
    alice = net.peer("alice")
    alice.request("OPTIONS", "sip:x@nowhere.invalid")
    assert said(net) == lines
    alice.gets(480 if value else 478)
    net.quiet()


def test_exec_time_check() -> None:
    config = """
        loadmodule "cfgutils.so"
        request_route { t_on_failure("F"); t_relay(); }
        failure_route[F] { sleep("6"); }
    """
    for value, told in ((5000, True), (7000, False), (0, False)):
        net = bed(of("exec_time_check", value) + config)
        alice, bob = net.peer("alice"), net.peer("bob")
        alice.request("OPTIONS", bob.uri)
        bob.gets("OPTIONS").reply(404)
        net.advance(6.1)
        alice.gets(404)
        assert any("failure_route[F] has taken" in line for line in net.log) is told


def test_a_transaction_that_ends_while_its_failure_route_waits() -> None:
    net = bed(
        of("max_noninv_lifetime", 3000)
        + """
        loadmodule "cfgutils.so"
        request_route { t_on_failure("F"); t_relay(); }
        failure_route[F] { sleep("30"); t_relay(); t_reply("480", "Too Late"); xlog("rc $rc\\n"); }
        """
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    bob.gets("OPTIONS").reply(404)
    net.advance(31)
    net.advance(31)
    assert not [line for line in net.log if "failed" in line]
    assert len(tm_of(net).table) == 0
    assert said(net) == ["rc -1"]


def test_xavp_contact_follows_the_contacts() -> None:
    net = bed(
        of("contacts_avp", "cs") + of("contact_flows_avp", "fl") + of("xavp_contact", "ulattrs")
        + """
        request_route {
            $ru = "sip:a@192.0.2.2"; append_branch("sip:b@192.0.2.3", "0.9"); append_branch("sip:c@192.0.2.4", "0.9");
            append_branch("sip:d@192.0.2.5", "0.1");
            $xavp(ulattrs=>n) = "d"; $xavp(ulattrs=>n) = "c"; $xavp(ulattrs=>n) = "b"; $xavp(ulattrs=>n) = "a";
            t_load_contacts();
            xlog("$xavp(ulattrs)\\n");
            while (t_next_contacts()) {
                xlog("$ru $xavp(ulattrs=>n) $xavp(ulattrs[1]=>n) $xavp(ulattrs[2]=>n)\\n");
                clear_branches();
            }
            exit;
        }
        """
    )  # fmt: skip
    net.peer("alice").request("OPTIONS", "sip:u@proxy")
    found = said(net)
    assert found[0] == "<null>"
    assert found[1] in ("sip:c@192.0.2.4 c b <null>", "sip:b@192.0.2.3 b c <null>")
    assert found[2:] == ["sip:d@192.0.2.5 d <null> <null>", "sip:a@192.0.2.2 a <null> <null>"]


@pytest.mark.parametrize(("value", "ran"), [(0, []), (1, ["failed 404 OPTIONS"])])
def test_enable_uac_fr(value: int, ran: list[str]) -> None:
    net = bed(
        of("enable_uac_fr", value)
        + """
        request_route { exit; }
        event_route[tm:local-request] { t_on_failure("F"); t_on_reply("R"); }
        failure_route[F] { xlog("failed $T_reply_code $rm\\n"); }
        onreply_route[R] { xlog("$T_req($rm)\\n"); }
        """
    )
    bob = net.peer("bob")
    answers: list[int] = []
    request = UacRequest(
        "OPTIONS", bob.uri.encode(), b"sip:a@x", b"sip:b@x", done=lambda code, reply: answers.append(code)
    )
    assert tm_of(net).local_request(request)
    bob.gets("OPTIONS").reply(404)
    assert said(net) == ["OPTIONS" if value else "<null>", *ran]
    assert answers == [404]


def test_local_request_with_another_body() -> None:
    net = bed(
        """
        loadmodule "textopsx.so"
        request_route { exit; }
        event_route[tm:local-request] { set_body("twelve bytes", "text/plain"); }
        """
    )
    bob = net.peer("bob")
    assert tm_of(net).local_request(UacRequest("MESSAGE", bob.uri.encode(), b"sip:a@x", b"sip:b@x"))
    sent = bob.gets("MESSAGE")
    assert (sent.header("Content-Length"), sent.msg.body) == ("12", b"twelve bytes")
