"""`olelo sim key new|rotate|split|join`."""

import stat

import pytest

from cli.sim.kit import Desk


@pytest.mark.parametrize("kind", ["kek", "transport", "transport-128", "signing", "op", "top"])
def test_new_keys_are_private_not_shown_and_not_overwritten(desk: Desk, kind: str) -> None:
    path = desk.home / "new"
    shown = desk.run("key", "new", kind, str(path)).output
    digits = path.read_text().split("\n")[1 if kind == "kek" else 0].partition("#")[0].strip()
    assert len(digits) in (32, 64)
    assert digits not in shown
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "exists" in desk.run("key", "new", kind, str(path), code=2).output


def test_an_unknown_kind(desk: Desk) -> None:
    desk.run("key", "new", "door", desk.file("x"), code=2)


def test_rotation_keeps_the_cards_and_can_forget_the_old_key(desk: Desk) -> None:
    desk.batch()
    before = [card.keys for card in desk.cards()]
    old = (desk.home / "kek").read_text()
    assert "5 records re-sealed" in desk.run("key", "rotate").output
    assert "0 records re-sealed" in desk.run("key", "rotate", "--reseal-only", "--forget-old").output
    new = (desk.home / "kek").read_text()
    assert old.split("\n")[1] not in new
    assert [card.keys for card in desk.cards()] == before
    assert "rotate" in desk.run("log").output


def test_a_rotation_without_the_key_of_some_record_is_refused_before_it_starts(desk: Desk) -> None:
    desk.batch()
    (desk.home / "kek").unlink()
    desk.run("key", "new", "kek", str(desk.home / "kek"))
    before = (desk.home / "kek").read_text()
    assert "records are sealed under" in desk.run("key", "rotate", code=2).output
    assert (desk.home / "kek").read_text() == before


def test_split_and_join(desk: Desk) -> None:
    desk.run("key", "new", "transport", desk.file("tk"))
    shown = desk.run("key", "split", desk.file("tk"), str(desk.home / "parts"), "--parts", "3").output
    parts = sorted(str(path) for path in (desk.home / "parts").iterdir())
    kcv = shown.split("check value ")[1][:6]
    assert len(parts) == 3
    assert (desk.home / "tk").read_text().strip() not in shown
    refused = desk.run("key", "join", desk.file("again"), *parts[:2], "--kcv", kcv, code=6).output
    assert f"declares {kcv}" in refused
    assert not (desk.home / "again").exists()
    desk.run("key", "join", desk.file("again"), *parts, "--kcv", kcv)
    assert (desk.home / "again").read_text() == (desk.home / "tk").read_text()
