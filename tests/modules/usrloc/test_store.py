"""Registrations in memory: order, matching, expiry, copies."""

from __future__ import annotations

from olelo.modules.usrloc.store import (
    CALLID_ONLY,
    CONTACT_PATH,
    FOUND,
    NOT_FOUND,
    OLD_CSEQ,
    RETRANSMISSION,
    Contact,
    Domain,
)


def contact(uri: str, q: int = -1, expires: int = 0, callid: str = "c", cseq: int = 1, path: str = "") -> Contact:
    new = Contact("108", uri, f"ruid-{uri}-{path}")
    new.q, new.expires, new.callid, new.cseq, new.path = q, expires, callid, cseq, path
    return new


def test_the_highest_q_comes_first_also_after_a_change() -> None:
    domain = Domain("location")
    low, high = contact("low", 100), contact("high", 900)
    for each in (low, contact("middle", 500), high):
        domain.insert(each)
    record = domain.get("108")
    assert record is not None
    assert [c.uri for c in record.contacts] == ["high", "middle", "low"]
    low.q = 1000
    domain.updated(low, True)
    assert [c.uri for c in record.contacts] == ["low", "high", "middle"]


def test_how_a_contact_is_recognised() -> None:
    for matching, path, callid, code in (
        (CONTACT_PATH, "", "d", FOUND),
        (CONTACT_PATH, "other", "d", NOT_FOUND),
        (CALLID_ONLY, "", "d", NOT_FOUND),
        (CALLID_ONLY, "", "c", OLD_CSEQ),
    ):
        domain = Domain("location", matching=matching)
        domain.insert(contact("sip:a", cseq=5, path="way"))
        record = domain.get("108")
        assert record is not None
        assert domain.find(record, "sip:a", callid, 4, path, "", 0, 0)[0] == code


def test_the_same_request_again_is_a_retransmission_for_a_while() -> None:
    domain = Domain("location", cseq_delay=20)
    domain.insert(contact("sip:a", cseq=5))
    record = domain.get("108")
    assert record is not None
    assert domain.find(record, "sip:a", "c", 5, "", "", 0, 10)[0] == RETRANSMISSION
    assert domain.find(record, "sip:a", "c", 5, "", "", 0, 20)[0] == OLD_CSEQ


def test_what_ends_earlier_is_swept_earlier() -> None:
    domain = Domain("location")
    late = contact("sip:a", expires=10_000)
    domain.insert(late)
    late.expires = 100
    domain.shortened(late)
    assert domain.sweep(200) == 1
    assert domain.get("108") is None
    assert domain.expired == 1


def test_a_copy_stays_what_it_was() -> None:
    one = contact("sip:a", q=500, expires=60)
    one.instance, one.reg_id, one.methods = "<urn:x>", 7, 3
    two = one.copy()
    assert all(getattr(two, name) == getattr(one, name) for name in Contact.__slots__)
    one.q = 1
    assert two.q == 500
