"""The self-test knows the published sets, and notices a wrong one."""

import pytest

from auc.kit import Dice
from auc.vectors import MILENAGE, TUAK
from olelo.auc import selftest
from olelo.auc.selftest import published_sets, run


def test_everything_is_right() -> None:
    checks = list(run(Dice()))
    assert [check.name for check in checks if check.wrong] == []
    assert len(checks) == 21 + 6 + 2


def test_the_sets_are_those_of_the_specification() -> None:
    names = "k rand sqn amf op opc f1 f1s f2 f3 f4 f5 f5s".split()
    sets = dict(published_sets(selftest.MILENAGE))
    for item in MILENAGE["sets"]:
        assert sets[f"35.208-{item['set']}"] == [item[name] for name in names]
    names = "k rand sqn amf top topc f1 f1s f2 f3 f4 f5 f5s".split()
    sets = dict(published_sets(selftest.TUAK))
    for item in TUAK["sets"]:
        assert sets[f"35.233-{item['set']}"][5:] == [item[name] for name in names]


def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "MILENAGE", selftest.MILENAGE.replace("4a9ffac354dfafb3", "4a9ffac354dfafb4"))
    wrong = [check for check in run(Dice()) if check.wrong]
    assert [(check.name, check.wrong) for check in wrong][0] == ("Milenage TS 35.208-1", "f1")


def test_a_wrong_seal_and_a_wrong_card_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        selftest, "open_keys", lambda *_args: selftest.CardKeys(selftest.Secret(b""), selftest.Secret(b""))
    )
    monkeypatch.setattr(selftest, "check_auts", lambda *_args: None)
    assert [check.name for check in run(Dice()) if check.wrong] == [
        "seal and open a record",
        "challenge and resynchronise a card",
    ]
