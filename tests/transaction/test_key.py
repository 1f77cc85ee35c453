"""Which transaction a request belongs to (RFC 3261 section 17.2.3)."""

from __future__ import annotations

import pytest

from olelo.sip.message import Message
from olelo.transaction.key import cancel_key, key_of_dialog, key_of_request
from transaction.kit import request


def key(cancel: bool = False, **parts: object) -> bytes:
    return key_of_request(Message.parse(request(**parts)), cancel)  # type: ignore[arg-type]


def test_branch_sent_by_and_method_make_the_key() -> None:
    assert key() == key(call_id="other", cseq=7, ruri="sip:else@example.com")
    assert key() != key(branch="z9hG4bKother")
    assert key() != key(sent_by="192.0.2.2:5060")
    assert key() != key(sent_by="192.0.2.1:5062")
    assert key() != key(method="MESSAGE")


def test_sent_by_is_compared_as_a_host() -> None:
    assert key(sent_by="Phone.example.com") == key(sent_by="phone.EXAMPLE.com:5060")


def test_ack_has_the_key_of_its_invite_and_cancel_its_own() -> None:
    assert key(method="ACK") == key()
    assert key(method="CANCEL") != key()
    assert key(cancel=True, method="CANCEL") == key()


@pytest.mark.parametrize("branch", ["1", "z9hG4bK"])
def test_rfc_2543_sender_is_matched_by_header_fields(branch: str) -> None:
    old = key(branch=branch)
    assert old == key(branch=branch, to_tag="bob")  # an ACK and some CANCELs carry a To tag
    assert old == key(branch=branch, method="ACK", to_tag="bob")
    assert old == key(branch=branch, method="CANCEL", cancel=True)
    assert old != key(branch=branch, method="CANCEL")
    assert old != key(branch=branch, call_id="other")
    assert old != key(branch=branch, cseq=2)
    assert old != key(branch=branch, ruri="sip:else@example.com")
    assert old != key(branch=branch, sent_by="192.0.2.2")


def test_rfc_2543_matching_may_ignore_ruri_and_via() -> None:
    one = Message.parse(request(branch="1", ruri="sip:a@example.com"))
    two = Message.parse(request(branch="2", ruri="sip:b@example.com"))
    assert key_of_request(one, ruri_matching=False) != key_of_request(two, ruri_matching=False)
    assert key_of_request(one, ruri_matching=False, via1_matching=False) == key_of_request(
        two, ruri_matching=False, via1_matching=False
    )


def test_dialog_key_needs_both_tags_call_and_cseq() -> None:
    base = key_of_dialog(Message.parse(request()), b"here")
    assert base == key_of_dialog(Message.parse(request("ACK", branch="z9hG4bKack")), b"here")
    assert base != key_of_dialog(Message.parse(request()), b"there")
    assert base != key_of_dialog(Message.parse(request(cseq=2)), b"here")
    assert base != key_of_dialog(Message.parse(request(call_id="other")), b"here")


def test_cancel_key_is_made_from_the_key_of_the_invite() -> None:
    for branch in ("z9hG4bKx", "1"):
        assert cancel_key(key(branch=branch)) == key(branch=branch, method="CANCEL")
