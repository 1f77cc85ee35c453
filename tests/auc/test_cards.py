"""Life cycle, replacement, re-sealing: all or none of the chosen cards."""

from pathlib import Path

import pytest
from sqlalchemy import event, select

from auc.kit import FIRST_IMSI, NOW, RING, Dice, stocked
from olelo.auc import schema
from olelo.auc.card import STATES, TRANSITIONS
from olelo.auc.cards import Cards, Selection, open_card
from olelo.auc.centre import AuthenticationCentre
from olelo.auc.errors import FormatError, KeyFormatError, NotFound, OverlapError, SealError, StateError
from olelo.auc.keyring import Keyring
from olelo.auc.numbering import luhn_digit
from olelo.auc.seal import CardKeys, Codes
from olelo.auc.secret import Secret
from olelo.auc.store import Store

NEW_KEYS = CardKeys(Secret(bytes(range(16))), Secret(bytes(range(16, 32))))
NEW_ICCID = "898821100000000900" + luhn_digit("898821100000000900")


def _move(store: Store, to: str, /, **selection: object) -> int:
    return Cards(store).set_state(Selection(**selection), to, now=NOW, who="test")  # type: ignore[arg-type]


def _events(store: Store) -> list[str]:
    with store.engine.connect() as connection:
        return [f"{row.action}: {row.detail}" for row in connection.execute(select(schema.events))]


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_the_life_of_a_card(tmp_path: Path, before: str, after: str) -> None:
    store = stocked(tmp_path, count=1, state=before)
    if after in TRANSITIONS[before]:
        assert _move(store, after, imsis=(FIRST_IMSI,)) == 1
        assert store.subscriber(FIRST_IMSI).state == after
    elif after == before:
        assert _move(store, after, imsis=(FIRST_IMSI,)) == 0
    else:
        with pytest.raises(StateError, match=before):
            _move(store, after, imsis=(FIRST_IMSI,))
        assert store.subscriber(FIRST_IMSI).state == before


def test_one_card_that_may_not_go_keeps_all_where_they_are(tmp_path: Path) -> None:
    store = stocked(tmp_path, count=5)
    _move(store, "retired", imsis=("001010000000003",))
    with pytest.raises(StateError, match="001010000000003"):
        _move(store, "suspended", batch="first")
    assert Cards(store).count(Selection(state="active")) == 4
    assert _move(store, "suspended", batch="first", state="active") == 4
    assert Cards(store).states() == {("first", "suspended"): 4, ("first", "retired"): 1}
    assert _events(store)[-1].startswith("state: 4 cards to suspended")


def test_a_selection_that_finds_nothing_or_too_little(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    for selection in ({"batch": "none"}, {"imsis": (FIRST_IMSI, "001019999999999")}, {"state": "lost"}):
        with pytest.raises(NotFound):
            _move(store, "suspended", **selection)
    assert Cards(store).count(Selection(state="active")) == 5
    for call in (lambda: _move(store, "new"), lambda: Cards(store).count(Selection(state="new"))):
        with pytest.raises(FormatError):
            call()


def test_browse_pages_and_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = stocked(tmp_path, count=7)
    monkeypatch.setattr("olelo.auc.cards.CHUNK", 3)
    assert [item.imsi[-1] for item in Cards(store).browse()] == list("1234567")
    assert [item.imsi[-1] for item in Cards(store).browse(limit=5)] == list("12345")
    assert [item.imsi[-1] for item in Cards(store).browse(limit=3)] == list("123")


def _swap(store: Store, **changes: object) -> None:
    options = {"state": "active", "now": NOW, "who": "test", "random": Dice("swap")} | changes
    Cards(store).swap(FIRST_IMSI, str(options.pop("iccid", NEW_ICCID)), NEW_KEYS, Codes(), RING, **options)  # type: ignore[arg-type]


def test_a_swap_gives_new_keys_and_goes_on_counting(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    (sqn,) = store.reserve_sqn(FIRST_IMSI, NOW)
    old = store.subscriber(FIRST_IMSI)
    _swap(store)
    new = store.subscriber(FIRST_IMSI)
    assert (new.iccid, new.counter.sqn, new.state) == (NEW_ICCID, sqn, "active")
    assert open_card(RING, new).keys == NEW_KEYS
    assert "replaced by" in _events(store)[-1]
    for taken in (old.iccid, NEW_ICCID, "8988211000000000029"):
        with pytest.raises(OverlapError):
            _swap(store, iccid=taken)


def test_a_retired_number_is_not_swapped_to_life(tmp_path: Path) -> None:
    store = stocked(tmp_path, state="retired")
    with pytest.raises(StateError):
        _swap(store)
    with pytest.raises(FormatError):
        _swap(store, state="new")


def test_a_swap_with_keys_that_do_not_fit(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    short = CardKeys(Secret(bytes(32)), Secret(bytes(16)))
    with pytest.raises(KeyFormatError):
        Cards(store).swap(FIRST_IMSI, NEW_ICCID, short, Codes(), RING, state="made", now=NOW, who="test", random=Dice())


def test_rotation_reseals_everything_and_the_old_key_is_no_longer_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = stocked(tmp_path, count=7)
    monkeypatch.setattr("olelo.auc.cards.CHUNK", 3)
    before = [card.keys for card in Cards(store).opened(RING)]
    codes = [dict(card.codes) for card in Cards(store).opened(RING)]
    ring = RING.with_new_active(Secret(bytes(32)))
    assert Cards(store).reseal(ring, random=Dice("new")) == 7
    assert Cards(store).reseal(ring, random=Dice("new")) == 0
    opened = list(Cards(store).opened(ring.only_active()))
    assert [card.keys for card in opened] == before
    assert [dict(card.codes) for card in opened] == codes
    with pytest.raises(SealError):
        list(Cards(store).opened(RING))


def test_an_interrupted_rotation_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = stocked(tmp_path, count=7)
    monkeypatch.setattr("olelo.auc.cards.CHUNK", 3)
    ring = RING.with_new_active(Secret(bytes(32)))

    def interrupt(_count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Cards(store).reseal(ring, random=Dice(), progress=interrupt)
    assert Cards(store).key_ids() == {ring.ids[0]: 3, ring.ids[1]: 4}
    assert len(list(Cards(store).opened(ring))) == 7
    assert Cards(store).reseal(ring, random=Dice("more")) == 4


def test_a_damaged_record_stops_a_rotation_before_it_is_overwritten(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    with store.engine.begin() as connection:
        connection.execute(schema.cards.update().where(schema.cards.c.imsi == FIRST_IMSI).values(sealed_keys=b"x" * 60))
    with pytest.raises(SealError, match=FIRST_IMSI):
        Cards(store).reseal(RING.with_new_active(Secret(bytes(32))), random=Dice())
    assert store.subscriber(FIRST_IMSI).sealed_keys == b"x" * 60


def test_a_running_centre_meets_a_rotated_key(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    ring = RING.with_new_active(Secret(bytes(32)))
    centre = AuthenticationCentre(store, RING, refresh=lambda: ring)
    centre.challenge(FIRST_IMSI, NOW)
    Cards(store).reseal(ring, random=Dice())
    centre.challenge(FIRST_IMSI, NOW)
    with pytest.raises(SealError):
        AuthenticationCentre(store, Keyring([Secret(bytes(range(1, 33)))], "x"), refresh=lambda: RING).challenge(
            FIRST_IMSI, NOW
        )


def test_a_state_given_to_a_card_is_in_its_own_history(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    _move(store, "suspended", imsis=(FIRST_IMSI, "001010000000002"))
    e = schema.events.c
    with store.engine.connect() as connection:
        found = connection.execute(select(e.imsi, e.detail).where(e.imsi.is_not(None))).all()
    assert [tuple(row) for row in found] == [(FIRST_IMSI, "to suspended"), ("001010000000002", "to suspended")]


def test_a_long_selection_is_told_shortly_and_an_endless_one_is_refused(tmp_path: Path) -> None:
    imsis = tuple(f"00101{n:010}" for n in range(10_001))
    assert str(Selection(imsis=imsis[:8])).endswith("001010000000004 and 3 more")
    with pytest.raises(FormatError, match="10001 IMSIs"):
        _move(stocked(tmp_path), "lost", imsis=imsis)


def test_a_rotation_reads_no_record_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("olelo.auc.cards.CHUNK", 2)
    store = stocked(tmp_path, count=5)
    ring = RING.with_new_active(Secret(bytes(32)))
    limits: list[str] = []
    event.listen(
        store.engine, "before_cursor_execute", lambda *args: limits.append(str(args[3])) if "LIMIT" in args[2] else None
    )
    assert Cards(store).reseal(ring, random=Dice()) == 5
    assert [FIRST_IMSI[:-1] in limit for limit in limits] == [False, True, True, True]
    assert Cards(store).key_ids() == {ring.active: 5}
