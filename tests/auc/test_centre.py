"""The authentication centre against a simulated card."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from auc.kit import FIRST_IMSI, NOW, RING, Dice, open_store, stocked
from olelo.auc import schema
from olelo.auc.centre import AuthenticationCentre
from olelo.auc.errors import AutsMacFailure, FormatError, NotFound, RandNotHeld, SealError, StateError
from olelo.auc.keyring import Keyring
from olelo.auc.secret import Secret
from olelo.auc.sqn import split
from olelo.auc.store import Store
from olelo.auc.usim import Accepted, SyncFailure, Usim
from olelo.auc.vector import build_auts

IMPI = f"{FIRST_IMSI}@ims.mnc001.mcc001.3gppnetwork.org"
SECOND = "001010000000002"


def _centre(store: Store, **options: object) -> AuthenticationCentre:
    return AuthenticationCentre(store, RING, random=Dice("rand"), **options)  # type: ignore[arg-type]


def _card(centre: AuthenticationCentre, imsi: str = FIRST_IMSI) -> Usim:
    return Usim(centre.functions(centre.subscriber(imsi)))


def test_a_card_accepts_challenge_after_challenge_and_after_a_restart(tmp_path: Path) -> None:
    centre = _centre(stocked(tmp_path))
    card = _card(centre)
    for step in range(3):
        vector = centre.challenge(IMPI, NOW + step)
        answer = card.authenticate(vector.rand, vector.autn)
        assert isinstance(answer, Accepted)
        assert vector.res_matches(answer.res)
    again = _centre(open_store(tmp_path))
    vector = again.challenge(IMPI, NOW)
    assert isinstance(card.authenticate(vector.rand, vector.autn), Accepted)


def test_two_challenges_at_once_differ(tmp_path: Path) -> None:
    centre = _centre(stocked(tmp_path))
    first, second = centre.challenge(IMPI, NOW), centre.challenge(IMPI, NOW)
    assert first.sqn != second.sqn
    assert first.rand != second.rand


def test_a_card_ahead_is_caught_up_in_one_round(tmp_path: Path) -> None:
    centre = _centre(stocked(tmp_path))
    card = _card(centre)
    card.slots[16] = 9000
    vector = centre.challenge(IMPI, NOW)
    answer = card.authenticate(vector.rand, vector.autn)
    assert isinstance(answer, SyncFailure)
    fresh = centre.resynchronise(IMPI, vector.rand, answer.auts, NOW + 1)
    assert split(fresh.sqn) == (9001, 16)
    assert isinstance(card.authenticate(fresh.rand, fresh.autn), Accepted)
    assert centre.counters == {"challenges": 2, "resyncs": 1}


def test_an_auts_counts_once_and_drops_the_other_challenges(tmp_path: Path) -> None:
    centre = _centre(stocked(tmp_path))
    other = centre.challenge(IMPI, NOW)
    neighbour = centre.challenge(SECOND, NOW)
    vector = centre.challenge(IMPI, NOW)
    functions = centre.functions(centre.subscriber(IMPI))
    auts = build_auts(functions, vector.rand, 32 * 500)
    centre.resynchronise(IMPI, vector.rand, auts, NOW)
    for rand in (vector.rand, other.rand):
        assert not centre.held(rand, NOW)
        with pytest.raises(RandNotHeld):
            centre.resynchronise(IMPI, rand, build_auts(functions, rand, 32 * 900), NOW)
    assert centre.held(neighbour.rand, NOW)
    assert split(centre.challenge(IMPI, NOW).sqn)[0] == 502


def test_an_auts_is_refused_for_a_rand_not_sent_answered_expired_or_of_another_card(tmp_path: Path) -> None:
    centre = _centre(stocked(tmp_path))
    functions = centre.functions(centre.subscriber(IMPI))
    before = centre.subscriber(IMPI).counter

    def refused(rand: bytes, at: int = NOW) -> bool:
        with pytest.raises(RandNotHeld):
            centre.resynchronise(IMPI, rand, build_auts(functions, rand, 32 * 900), at)
        return True

    assert refused(bytes(16))
    assert refused(centre.challenge(SECOND, NOW).rand)
    assert centre.subscriber(IMPI).counter == before
    late = centre.challenge(IMPI, NOW)
    assert refused(late.rand, NOW + 60)
    used = centre.challenge(IMPI, NOW)
    assert centre.answered(used.rand, NOW)
    assert not centre.answered(used.rand, NOW)
    assert refused(used.rand)
    assert split(centre.subscriber(IMPI).counter.sqn)[0] == 2


def test_a_wrong_mac_s_or_amf_changes_nothing_and_keeps_the_challenge(tmp_path: Path) -> None:
    centre = _centre(stocked(tmp_path))
    vector = centre.challenge(IMPI, NOW)
    functions = centre.functions(centre.subscriber(IMPI))
    good = build_auts(functions, vector.rand, 32 * 900)
    before = centre.subscriber(IMPI).counter
    for auts in (good[:-1] + bytes((good[-1] ^ 1,)), build_auts(functions, vector.rand, 32 * 900, b"\x80\x00"), b""):
        with pytest.raises(AutsMacFailure):
            centre.resynchronise(IMPI, vector.rand, auts, NOW)
    assert centre.subscriber(IMPI).counter == before
    assert centre.held(vector.rand, NOW)
    assert split(centre.resynchronise(IMPI, vector.rand, good, NOW).sqn)[0] == 901


def test_who_gets_no_challenge(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    centre = _centre(store)
    with pytest.raises(NotFound):
        centre.challenge("001019999999999", NOW)
    with store.engine.begin() as connection:
        connection.execute(update(schema.cards).where(schema.cards.c.imsi == SECOND).values(state="lost"))
    with pytest.raises(StateError):
        centre.challenge(SECOND, NOW)
    stranger = AuthenticationCentre(store, Keyring([Secret(bytes(32))], "another ring"))
    with pytest.raises(SealError, match="another ring"):
        stranger.challenge(IMPI, NOW)
    assert store.subscriber(IMPI).counter.sqn == 0


def test_the_number_of_held_challenges_is_bounded(tmp_path: Path) -> None:
    centre = _centre(stocked(tmp_path), capacity=3)
    sent = [centre.challenge(IMPI, NOW).rand for _ in range(5)]
    assert [centre.held(rand, NOW) for rand in sent] == [False, False, True, True, True]
    later = centre.challenge(IMPI, NOW + 60).rand
    assert [centre.held(rand, NOW) for rand in [*sent, later]] == [False] * 5 + [True]


def test_the_amf_of_the_batch_or_of_the_caller(tmp_path: Path) -> None:
    centre = _centre(stocked(tmp_path, amf=b"\x12\x34"))
    assert centre.challenge(IMPI, NOW).autn[6:8] == b"\x12\x34"
    assert centre.challenge(IMPI, NOW, amf=b"\x80\x00").autn[6:8] == b"\x80\x00"


@pytest.mark.parametrize("state", ["made", "suspended", "lost", "retired"])
def test_only_an_active_card_gets_a_triplet(tmp_path: Path, state: str) -> None:
    store = stocked(tmp_path)
    with store.engine.begin() as connection:
        connection.execute(update(schema.cards).values(state=state))
    centre = _centre(store)
    with pytest.raises(StateError, match=state):
        centre.triplet(IMPI)
    assert centre.counters == {"refused": 1}


def test_an_amf_of_another_length_uses_up_no_number(tmp_path: Path) -> None:
    centre = _centre(stocked(tmp_path))
    with pytest.raises(FormatError):
        centre.challenge(IMPI, NOW, amf=b"\0\0\0")
    assert centre.subscriber(IMPI).counter.sqn == 0


def test_triplets_need_no_number(tmp_path: Path) -> None:
    centre = _centre(stocked(tmp_path))
    assert len(centre.triplet(IMPI).kc) == 8
    assert centre.subscriber(IMPI).counter.sqn == 0


@settings(max_examples=30, deadline=None)
@given(
    slots=st.lists(st.integers(0, 1 << 40), min_size=32, max_size=32),
    ours=st.integers(0, (1 << 43) - 10),
    clock=st.integers(0, 1 << 30),
)
def test_any_card_and_any_database_agree_after_one_resynchronisation(
    tmp_path_factory: pytest.TempPathFactory, slots: list[int], ours: int, clock: int
) -> None:
    store = stocked(tmp_path_factory.mktemp("centre"), count=1, seq_floor=True)
    with store.engine.begin() as connection:
        connection.execute(update(schema.cards).values(sqn=ours << 5 | 16))
    centre = _centre(store)
    card = _card(centre)
    card.slots = slots
    vector = centre.challenge(IMPI, NOW + clock)
    answer = card.authenticate(vector.rand, vector.autn)
    if isinstance(answer, SyncFailure):
        vector = centre.resynchronise(IMPI, vector.rand, answer.auts, NOW + clock + 1)
        answer = card.authenticate(vector.rand, vector.autn)
    assert isinstance(answer, Accepted)
    following = centre.challenge(IMPI, NOW + clock + 2)
    assert isinstance(card.authenticate(following.rand, following.autn), Accepted)
    store.close()
