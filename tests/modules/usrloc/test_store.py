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
    names = [name for name in dir(one) if not name.startswith("_") and not callable(getattr(one, name))]
    assert len(names) > 20
    assert [getattr(two, name) for name in names if name != "bucketed"] == [
        getattr(one, name) for name in names if name != "bucketed"
    ]
    one.q = 1
    assert two.q == 500


def test_a_sweep_removes_all_that_has_expired_and_nothing_else() -> None:
    domain = Domain("location", interval=10)
    for end in (95, 99, 100, 101, 109, 110):
        domain.insert(contact(f"sip:{end}", expires=end))
    assert [domain.sweep(now) for now in (90, 99, 100, 105, 110, 200)] == [0, 2, 1, 1, 2, 0]
    assert domain.contacts == 0


def test_a_refresh_for_a_shorter_time_counts() -> None:
    domain = Domain("location", interval=10)
    one = contact("sip:a", expires=3600)
    domain.insert(one)
    for end, after, left in ((7200, 3600, 1), (4000, 3990, 1), (5000, 4000, 1), (5000, 5000, 0)):
        one.expires = end
        domain.updated(one, False)
        domain.sweep(after)
        assert domain.contacts == left
    assert domain.expired == 1
