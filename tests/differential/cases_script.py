"""What routes of a transaction and functions on messages do; the header X-Do picks a branch of the configuration."""

from __future__ import annotations

from differential.peers import SDP, Peer
from differential.play import Scene, case
from differential.sip import Message

Extra = list[tuple[str, str]]


def do(what: str, *more: tuple[str, str]) -> Extra:
    return [("X-Do", what), *more]


def serial(s: Scene, what: str) -> tuple[Peer, Peer, Peer, Message]:
    """alice calls bob; carol is the next destination."""
    alice, bob, carol = s.parties_named("alice", "bob", "carol")
    bob.register()
    return alice, bob, carol, alice.invite(bob.aor, do(what, ("X-Next", carol.contact)))


@case("serial")
def serial_forking_after_busy(s: Scene) -> None:
    alice, bob, carol, invite = serial(s, "serial")
    bob.reply(bob.expect("INVITE"), 486)
    bob.expect("ACK")
    carol.reply(carol.expect("INVITE"), 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    carol.expect("ACK")


@case("serial")
def serial_forking_and_both_fail(s: Scene) -> None:
    alice, bob, carol, invite = serial(s, "serial")
    bob.reply(bob.expect("INVITE"), 486)
    bob.expect("ACK")
    carol.reply(carol.expect("INVITE"), 603)
    carol.expect("ACK")
    alice.ack_negative(invite, alice.expect(480))


@case("serial")
def serial_forking_not_for_404(s: Scene) -> None:
    alice, bob, _, invite = serial(s, "serial")
    bob.reply(bob.expect("INVITE"), 404)
    alice.ack_negative(invite, alice.expect(404))


@case("serial")
def serial_forking_after_no_answer(s: Scene) -> None:
    alice, bob, carol, invite = serial(s, "short-serial")
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 487)
    bob.expect("ACK")
    carol.reply(carol.expect("INVITE"), 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))


@case("serial")
def serial_forking_after_a_dead_one(s: Scene) -> None:
    alice, _, carol, invite = serial(s, "short-serial")
    carol.reply(carol.expect("INVITE"), 486)
    alice.ack_negative(invite, alice.expect(480))


@case("serial")
def serial_forking_cancelled_at_the_second(s: Scene) -> None:
    alice, bob, carol, invite = serial(s, "serial")
    bob.reply(bob.expect("INVITE"), 503)
    incoming = carol.expect("INVITE")
    carol.reply(incoming, 180)
    alice.expect(180)
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    carol.reply(carol.expect("CANCEL"), 200)
    carol.reply(incoming, 487)
    alice.ack_negative(invite, alice.expect(487))


@case("serial")
def reply_from_a_failure_route(s: Scene) -> None:
    alice, bob, _, invite = serial(s, "treply")
    bob.reply(bob.expect("INVITE"), 486)
    alice.ack_negative(invite, alice.expect(480))


@case("serial")
def failure_route_that_does_nothing(s: Scene) -> None:
    alice, bob, _, invite = serial(s, "nothing")
    bob.reply(bob.expect("INVITE"), 500)
    alice.ack_negative(invite, alice.expect(500))


@case("serial")
def redirect_followed_by_the_script(s: Scene) -> None:
    alice, bob, carol, invite = serial(s, "redirect")
    bob.reply(bob.expect("INVITE"), 302, [("Contact", f"<{carol.contact}>")])
    carol.reply(carol.expect("INVITE"), 200)
    alice.within("ACK", invite, alice.expect(200))


@case("serial")
def onreply_route_drops_183(s: Scene) -> None:
    alice, bob, _, _ = serial(s, "reply-drop")
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 183)
    bob.reply(incoming, 180)
    alice.expect(180)
    bob.reply(incoming, 200)
    alice.expect(200)


@case("serial")
def branch_route_changes_the_user(s: Scene) -> None:
    alice, bob, _, _ = serial(s, "branch-user")
    bob.reply(bob.expect("INVITE"), 200)
    alice.expect(200)


@case("serial")
def branch_route_drops_the_only_branch(s: Scene) -> None:
    alice, _, _, invite = serial(s, "branch-drop")
    alice.expect(500)
    alice.ack_negative(invite, alice.expect(500))


@case("serial")
def branch_route_drops_one_of_two(s: Scene) -> None:
    alice, bob, mobile = s.parties_named("alice", "bob", "mobile")
    bob.register(f"<{bob.contact}>;q=0.9")
    mobile.register(f"<{mobile.contact}>;q=0.1", aor=bob.aor)
    invite = alice.invite(bob.aor, do("branch-drop"))
    alice.expect(500)
    alice.ack_negative(invite, alice.expect(500))


@case("serial")
def short_timer_for_one_call(s: Scene) -> None:
    alice, bob, _, invite = serial(s, "short")
    alice.ack_negative(invite, alice.expect(408))


@case("serial")
def append_branch_adds_a_destination(s: Scene) -> None:
    alice, bob, carol, invite = serial(s, "to-branch")
    one, two = bob.expect("INVITE"), carol.expect("INVITE")
    bob.reply(one, 486)
    bob.expect("ACK")
    carol.reply(two, 200)
    alice.within("ACK", invite, alice.expect(200))


@case("serial")
def stateful_reply(s: Scene) -> None:
    alice, _, _, invite = serial(s, "newtran")
    final = alice.expect(403)
    alice.send(invite)
    alice.expect(403)
    alice.ack_negative(invite, final)


@case("serial")
def stateful_reply_without_ack(s: Scene) -> None:
    alice, _, _, _ = serial(s, "newtran")
    alice.expect(403)
    alice.expect(403)


@case("serial")
def provisional_and_final_from_the_script(s: Scene) -> None:
    alice, _, _, invite = serial(s, "two-replies")
    alice.expect(183)
    alice.ack_negative(invite, alice.expect(480))


@case("serial")
def stateless_forward(s: Scene) -> None:
    alice, _, carol, _ = serial(s, "forward")
    carol.reply(carol.expect("INVITE"), 486)
    alice.expect(486)


@case("serial")
def send_reply_without_transaction(s: Scene) -> None:
    alice, _, _, invite = serial(s, "send-reply")
    alice.ack_negative(invite, alice.expect(486))


@case("serial")
def dropped_request(s: Scene) -> None:
    alice, _, _, _ = serial(s, "drop")
    s.wait(0.1)


@case("serial")
def reply_error_without_error(s: Scene) -> None:
    alice, _, _, _ = serial(s, "reply-error")
    s.wait(0.1)


def edit(s: Scene, what: str, *more: tuple[str, str], method: str = "MESSAGE") -> None:
    """A request that the script edits, and a reply that it may edit."""
    alice, bob = s.pair()
    alice.request(method, bob.aor, do(what, *more), "hello world, hello sky")
    bob.reply(bob.expect(method), 200, [("X-Gone", "reply")])
    alice.expect(200)


@case("edits")
def append_and_insert_headers(s: Scene) -> None:
    edit(s, "append")


@case("edits")
def remove_headers(s: Scene) -> None:
    edit(s, "remove", ("X-Gone", "1"), ("Subject", "old"), ("x-gone", "2"))


@case("edits")
def remove_headers_that_are_not_there(s: Scene) -> None:
    edit(s, "remove")


@case("edits")
def subst_everywhere(s: Scene) -> None:
    edit(s, "subst", ("Subject", "hello hello"))


@case("edits")
def subst_in_the_body(s: Scene) -> None:
    edit(s, "subst-body", ("Subject", "hello"))


@case("edits")
def replace_in_the_body(s: Scene) -> None:
    edit(s, "replace-body")


@case("edits")
def set_another_body(s: Scene) -> None:
    edit(s, "set-body")


@case("edits")
def subst_in_a_header(s: Scene) -> None:
    edit(s, "subst-hf", ("Subject", "an old one"))


@case("edits")
def subst_the_user(s: Scene) -> None:
    edit(s, "subst-user")


@case("edits")
def strip_and_prefix(s: Scene) -> None:
    edit(s, "prefix")


@case("edits")
def uri_parameter_added(s: Scene) -> None:
    edit(s, "fs-uri")


@case("edits")
def branch_route_edits(s: Scene) -> None:
    edit(s, "branch", ("X-Gone", "1"))


@case("edits")
def branch_route_edits_each_branch(s: Scene) -> None:
    alice, bob, mobile = s.parties_named("alice", "bob", "mobile")
    bob.register(f"<{bob.contact}>;q=0.9")
    mobile.register(f"<{mobile.contact}>;q=0.1", aor=bob.aor)
    alice.invite(bob.aor, do("branch", ("X-Gone", "1")))
    one, two = bob.expect("INVITE"), mobile.expect("INVITE")
    bob.reply(one, 486)
    bob.expect("ACK")
    mobile.reply(two, 486)
    alice.expect(486)


@case("edits")
def onreply_route_edits(s: Scene) -> None:
    edit(s, "reply")


@case("edits")
def append_to_reply(s: Scene) -> None:
    alice = s.party("alice")
    alice.request("MESSAGE", alice.aor, do("to-reply"), "x")
    alice.expect(486)


@case("serial")
def onreply_route_changes_the_status(s: Scene) -> None:
    alice, bob, _, invite = serial(s, "reply-status")
    bob.reply(bob.expect("INVITE"), 486)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(480))


@case("serial")
def changes_applied_before_the_next_look(s: Scene) -> None:
    alice, bob, _, invite = serial(s, "apply")
    bob.reply(bob.expect("INVITE"), 486)
    alice.ack_negative(invite, alice.expect(486))


@case("serial")
def branch_route_changes_both_users(s: Scene) -> None:
    alice, bob, carol, invite = serial(s, "two-urs")
    one, two = bob.expect("INVITE"), carol.expect("INVITE")
    carol.reply(two, 486)
    carol.expect("ACK")
    bob.reply(one, 603)
    alice.ack_negative(invite, alice.expect(603))
