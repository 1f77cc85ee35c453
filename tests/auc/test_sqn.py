"""SEQ, IND and the floor that follows the clock."""

import pytest

from olelo.auc.errors import FormatError
from olelo.auc.sqn import DELTA, Counter, accepted_by_card, check_ind, join, split


def test_split_and_join() -> None:
    assert split(0xFF9BB4D0B607) == (0xFF9BB4D0B607 >> 5, 7)
    assert join(*split(0xFF9BB4D0B607)) == 0xFF9BB4D0B607


def test_next_keeps_our_ind_whatever_the_card_said() -> None:
    assert Counter(sqn=join(9, 3), ind=16, ind_length=5).next_sqn(0) == join(10, 16)


def test_the_floor_follows_the_clock_and_stays_under_delta() -> None:
    counter = Counter(sqn=join(9, 16), ind=16, ind_length=5, floor_at=1000)
    assert counter.next_sqn(1005) == join(10, 16)
    assert counter.next_sqn(1500) == join(500, 16)
    assert counter.next_sqn(900) == join(10, 16)
    assert counter.next_sqn(1000 + 2 * DELTA) == join(DELTA - 1, 16)


def test_what_a_card_accepts() -> None:
    assert accepted_by_card(join(11, 16), join(10, 31), 5)
    assert not accepted_by_card(join(10, 31), join(10, 0), 5)
    assert accepted_by_card(join(10 + DELTA, 0), join(10, 0), 5)
    assert not accepted_by_card(join(11 + DELTA, 0), join(10, 0), 5)


@pytest.mark.parametrize(("ind", "length"), [(32, 5), (-1, 5), (0, 29), (1, 0)])
def test_ind_out_of_range(ind: int, length: int) -> None:
    with pytest.raises(FormatError):
        check_ind(ind, length)
