"""The book of challenges, by itself, and under anything that can happen to it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from olelo.modules.ims_auth.held import Held, HeldVectors


def held(number: int, imsi: str = "a", password: bytes = b"password") -> Held:
    nonce = b"nonce %d" % number
    return Held(nonce, b"rand", imsi, "realm", "AKAv1-MD5", password, b"ck", b"ik", frozenset(), "sip:a", None)


def sent(book: HeldVectors, number: int, now: float, imsi: str = "a", password: bytes = b"password") -> Held:
    assert book.reserve(imsi, now)
    one = held(number, imsi, password)
    book.add(one, now)
    return one


def test_a_nonce_is_found_until_its_time_is_over() -> None:
    book = HeldVectors(60, 3600, 10, 10)
    one = sent(book, 1, 100)
    assert book.find(one.nonce, 159.9) is one
    assert book.find(one.nonce, 160) is None
    assert book.find(b"another", 100) is None
    book.sweep(160)
    assert len(book) == 0


def test_places_of_a_card() -> None:
    book = HeldVectors(60, 3600, 10, 2)
    assert book.reserve("a", 0)
    assert book.reserve("a", 0)
    assert not book.reserve("a", 0)
    assert book.reserve("b", 0)
    book.give_back("a")
    sent(book, 1, 0)
    assert not book.reserve("a", 0)
    assert not book.reserve("a", 59)
    book.give_back("a")
    assert book.reserve("a", 60)


def test_a_dead_challenge_keeps_its_place_and_loses_its_secrets() -> None:
    book = HeldVectors(60, 3600, 10, 1)
    one = sent(book, 1, 0)
    book.reject(one)
    assert book.find(one.nonce, 1) is None
    assert one.password == one.ck == one.ik == b""
    assert not book.reserve("a", 59)
    assert book.newest("a", "realm", "AKAv1-MD5", 1) is None


def test_the_newest_is_offered_again_unless_its_res_is_short() -> None:
    book = HeldVectors(60, 3600, 10, 5)
    sent(book, 1, 0)
    two = sent(book, 2, 0)
    assert book.newest("a", "realm", "AKAv1-MD5", 1) is two
    assert book.newest("a", "other", "AKAv1-MD5", 1) is None
    assert book.newest("a", "realm", "AKAv2-MD5", 1) is None
    assert book.newest("b", "realm", "AKAv1-MD5", 1) is None
    sent(book, 3, 0, password=b"four")  # TUAK with a RES of 32 bits
    assert book.newest("a", "realm", "AKAv1-MD5", 1) is None


def test_an_answered_challenge_frees_its_place() -> None:
    book = HeldVectors(60, 3600, 10, 1)
    book.accept(sent(book, 1, 0), 1, reuse=0)
    assert len(book) == 0
    one = sent(book, 2, 1)
    book.accept(one, 2, reuse=1)
    assert book.find(one.nonce, 3601) is one
    assert book.reserve("a", 2)
    book.accept(one, 3, reuse=1)
    assert book.find(one.nonce, 4) is None


def test_the_repr_tells_nothing() -> None:
    assert "password" not in repr(held(1))


ACTIONS = st.one_of(
    st.tuples(st.just("send"), st.integers(0, 2)),
    st.tuples(st.just("reserve"), st.integers(0, 2)),
    st.tuples(st.just("accept"), st.integers(0, 20)),
    st.tuples(st.just("reject"), st.integers(0, 20)),
    st.tuples(st.just("resync"), st.integers(0, 2)),
    st.tuples(st.just("wait"), st.integers(0, 90)),
)


@settings(max_examples=300)
@given(st.lists(ACTIONS, max_size=60), st.integers(0, 2))
def test_whatever_happens_the_bounds_hold(actions: list[tuple[str, int]], reuse: int) -> None:
    book = HeldVectors(60, 300, 5, 3)
    every: list[Held] = []
    coming: list[str] = []
    now = 0.0
    for action, number in actions:
        imsi = "abc"[number % 3]
        if action == "wait":
            now += number
        elif action == "reserve" and book.reserve(imsi, now):
            coming.append(imsi)
        elif action == "send" and imsi in coming:
            coming.remove(imsi)
            every.append(held(len(every), imsi))
            book.add(every[-1], now)
        elif action == "resync":
            book.drop_card(imsi)
        elif every and action in ("accept", "reject"):
            one = book.find(every[number % len(every)].nonce, now)
            if one is not None and action == "accept":
                book.accept(one, now, reuse)
            elif one is not None:
                book.reject(one)
        assert len(book) <= 5
        for each in "abc":
            waiting = [h for h in every if h.imsi == each and book.find(h.nonce, now) is h and not h.uses]
            assert len(waiting) + coming.count(each) <= 3
        assert all(one.uses <= reuse + 1 for one in every)
    for imsi in coming:
        book.give_back(imsi)
    book.sweep(now + 400)
    assert (len(book), book._cards, book._used_of, dict(book._coming)) == (0, {}, {}, {})
