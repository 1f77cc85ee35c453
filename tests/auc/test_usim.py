"""The simulated card: ascending within one IND, and resynchronisation converges in one round."""

from hypothesis import given, settings
from hypothesis import strategies as st

from olelo.auc.milenage import Milenage
from olelo.auc.secret import Secret
from olelo.auc.sqn import DELTA, Counter, accepted_by_card, join
from olelo.auc.usim import Accepted, MacFailure, SyncFailure, Usim
from olelo.auc.vector import check_auts, generate

FUNCTIONS = Milenage().bind(Secret(bytes(range(16))), Secret(bytes(range(16, 32))))
RAND = bytes(range(100, 116))


def _autn(sqn: int) -> bytes:
    return generate(FUNCTIONS, RAND, sqn, b"\0\0").autn


@given(st.integers(0, 31), st.lists(st.integers(0, 60), min_size=1, max_size=40))
def test_any_order_within_one_ind_is_accepted_only_ascending(ind: int, seqs: list[int]) -> None:
    card = Usim(FUNCTIONS)
    accepted = [seq for seq in seqs if isinstance(card.authenticate(RAND, _autn(join(seq, ind))), Accepted)]
    expected, highest = [], 0
    for seq in seqs:
        if seq > highest:
            expected.append(seq)
            highest = seq
    assert accepted == expected


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 31)), max_size=40))
def test_slots_do_not_disturb_each_other(sent: list[tuple[int, int]]) -> None:
    card = Usim(FUNCTIONS)
    highest: dict[int, int] = {}
    for seq, ind in sent:
        answer = card.authenticate(RAND, _autn(join(seq, ind)))
        assert isinstance(answer, Accepted) == (seq > highest.get(ind, 0))
        highest[ind] = max(highest.get(ind, 0), seq)


@settings(max_examples=200)
@given(
    slots=st.lists(st.integers(0, 1 << 40), min_size=32, max_size=32),
    ours=st.integers(0, 1 << 40),
    ind=st.integers(0, 31),
    age_limit=st.sampled_from([None, 0, 16]),
)
def test_resynchronisation_converges_in_one_round(slots: list[int], ours: int, ind: int, age_limit: int | None) -> None:
    card = Usim(FUNCTIONS, age_limit=age_limit)
    card.slots = slots
    counter = Counter(sqn=join(ours, ind), ind=ind, ind_length=5)
    sqn = counter.next_sqn(0)
    answer = card.authenticate(RAND, _autn(sqn))
    if isinstance(answer, Accepted):
        return
    assert isinstance(answer, SyncFailure)
    sqn_ms = check_auts(FUNCTIONS, RAND, answer.auts)
    assert sqn_ms is not None
    assert sqn_ms == card.sqn_ms
    following = Counter(sqn=sqn, ind=ind, ind_length=5).next_sqn(0)
    if not accepted_by_card(following, sqn_ms, 5):
        following = Counter(sqn=sqn_ms, ind=ind, ind_length=5).next_sqn(0)
    assert isinstance(card.authenticate(RAND, _autn(following)), Accepted)


def test_a_wrong_key_is_a_mac_failure_and_changes_nothing() -> None:
    card = Usim(Milenage().bind(Secret(bytes(16)), Secret(bytes(16))))
    assert isinstance(card.authenticate(RAND, _autn(join(5, 16))), MacFailure)
    assert card.slots == [0] * 32


def test_res_equals_xres() -> None:
    vector = generate(FUNCTIONS, RAND, join(1, 16), b"\0\0")
    answer = Usim(FUNCTIONS).authenticate(RAND, vector.autn)
    assert isinstance(answer, Accepted)
    assert (answer.res, answer.ck, answer.ik) == (vector.xres, vector.ck, vector.ik)
    assert vector.xres.hex() not in repr(answer)


def test_a_jump_beyond_delta_is_refused() -> None:
    card = Usim(FUNCTIONS)
    assert isinstance(card.authenticate(RAND, _autn(join(DELTA + 1, 0))), SyncFailure)
    assert isinstance(card.authenticate(RAND, _autn(join(DELTA, 0))), Accepted)


def test_age_limit() -> None:
    card = Usim(FUNCTIONS, age_limit=10)
    card.slots[3] = 100
    assert isinstance(card.authenticate(RAND, _autn(join(89, 4))), SyncFailure)
    assert isinstance(card.authenticate(RAND, _autn(join(90, 4))), Accepted)
