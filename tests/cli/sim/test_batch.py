"""`olelo sim batch`."""

import pytest

from cli.sim.kit import IMSI, Desk
from olelo.auc.milenage import Milenage
from olelo.auc.secret import Secret

NEW = ("batch", "new", "more", "--mcc", "001", "--mnc", "01", "--count", "3")
FREE = ("--imsi-start", "001010000000900", "--iccid-start", "898821100000000900")


def test_a_batch_is_made_listed_and_shown(desk: Desk) -> None:
    desk.batch("first", "--msisdn-start", "685700001")
    listed = desk.run("batch", "list").output
    assert "5 active" in listed
    assert "001010000000001-001010000000005" in listed
    assert len(desk.cards()) == 5


def test_a_dry_run_shows_ranges_and_makes_nothing(desk: Desk) -> None:
    assert "nothing was written" in desk.run(*NEW, *FREE, "--dry-run").output
    assert not (desk.home / "auc.db").exists()
    desk.batch()
    shown = desk.run(*NEW, *FREE, "--dry-run").output
    assert "001010000000900 to 001010000000902" in shown
    assert "nothing was written" in shown
    assert "more" not in desk.run("batch", "list").output
    desk.run(*NEW, *FREE)


def test_an_overlap_is_refused_with_its_place(desk: Desk) -> None:
    desk.batch()
    for dry in ((), ("--dry-run",)):
        told = desk.run(*NEW, "--imsi-start", "001010000000005", *FREE[2:], *dry, code=4).output
        assert "batch 'first'" in told
    assert len(desk.cards()) == 5


def test_a_common_op_comes_from_a_file_and_its_risk_is_said(desk: Desk) -> None:
    op = desk.file("op", "00112233445566778899aabbccddeeff")
    told = desk.run(*NEW, *FREE, "--op", op).output
    assert "One OP for 3 cards" in told
    assert "00112233" not in told
    for card in desk.cards():
        assert card.keys.opc == Milenage().opc(card.keys.k, Secret(bytes.fromhex("00112233445566778899aabbccddeeff")))
    assert "shared-op" in desk.run("audit", code=10).output


def test_an_op_that_others_can_read_or_that_is_an_argument_is_refused(desk: Desk) -> None:
    assert "chmod" in desk.run(*NEW, *FREE, "--op", desk.file("op", "00" * 16, 0o644), code=2).output
    told = desk.run(*NEW, *FREE, "--op", "00112233445566778899aabbccddeeff", code=2).output
    assert "not arguments" in told
    assert "00112233" not in told


def test_tuak_and_own_milenage(desk: Desk) -> None:
    desk.run(*NEW, *FREE, "--algo", "tuak:iterations=2", "--key-bits", "256")
    desk.batch("own", "--algo", "milenage:r=64/0/33/64/96", "--op", "random-opc")
    assert {card.algorithm for card in desk.cards()} == {"tuak:iterations=2", "milenage:r=64/0/33/64/96"}
    desk.run("vector", "--imsi", IMSI)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--amf", "zz"),
        ("--mnc", "1"),
        ("--algo", "comp128"),
        ("--ind", "32"),
        ("--state", "new"),
        ("--iccid-start", "8988211000000009001"),
        ("--op", "/no/such/file"),
    ],
)
def test_a_wrong_option_is_one_line_and_a_code(desk: Desk, arguments: tuple[str, ...]) -> None:
    result = desk.run(*NEW, *FREE, *arguments, code=3 if arguments[0] == "--op" else 2)
    assert "error:" in result.output
    assert "Traceback" not in result.output


def test_discard_is_for_unfinished_batches(desk: Desk) -> None:
    desk.batch()
    assert "complete" in desk.run("batch", "discard", "first", code=5).output
    assert "no batch" in desk.run("batch", "discard", "none", code=3).output


def test_no_card_is_made_where_the_self_test_fails(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("olelo.auc.selftest._seal", lambda _random: "broken")
    assert "self-test failed" in desk.run(*NEW, *FREE, code=1).output
    desk.run("self-test", code=10)


def test_no_key_encryption_key_no_batch(desk: Desk) -> None:
    (desk.home / "kek").unlink()
    assert "no such file" in desk.run(*NEW, *FREE, code=3).output
