"""`olelo sim key new|rotate|split|join`."""

import stat

import pytest

from cli.sim.kit import Desk
from olelo.auc.keyfile import key_file_lock


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


def test_two_rotations_at_once_lose_no_key(desk: Desk) -> None:
    desk.batch(count=300)
    before = [card.keys for card in desk.cards()]
    processes = [desk.start("key", "rotate", "--forget-old") for _ in range(3)]
    for process in processes:
        with process:
            _, errors = process.communicate()
            assert process.returncode in (0, 5), errors
    assert 0 in [process.returncode for process in processes]
    assert [card.keys for card in desk.cards()] == before


def test_a_rotation_waits_for_nobody(desk: Desk) -> None:
    desk.batch()
    before = (desk.home / "kek").read_text()
    with key_file_lock(desk.home / "kek", exclusive=False):
        assert "sealing cards" in desk.run("key", "rotate", "--forget-old", code=5).output
        desk.run("swap", "001010000000001", "--iccid", "8988211000000009004", "--state", "active")
    assert (desk.home / "kek").read_text() == before
    with key_file_lock(desk.home / "kek", exclusive=True):
        assert "rotating" in desk.run("key", "rotate", code=5).output
        new = ("batch", "new", "x", "--mcc", "001", "--mnc", "01", "--count", "1", "--imsi-start", "001010000000900")
        assert "try again" in desk.run(*new, "--iccid-start", "898821100000000900", code=5).output
        desk.run("swap", "001010000000001", "--iccid", "8988211000000010002", code=5)
        desk.run("vector", "--imsi", "001010000000001")  # which only reads


def test_a_transport_key_of_a_length_its_mode_does_not_take_is_not_written(desk: Desk) -> None:
    assert "does not fit" in desk.run("key", "new", "transport", desk.file("tk"), "--mode", "3des-ecb", code=2).output
    assert not (desk.home / "tk").exists()
    assert (
        "3des-ecb key check value"
        in desk.run("key", "new", "transport-192", desk.file("tk"), "--mode", "3des-ecb").output
    )


def test_a_public_key_that_is_there_is_not_overwritten(desk: Desk) -> None:
    (desk.home / "sign.pub").write_text("old")
    desk.run("key", "new", "signing", desk.file("sign"), code=2)
    assert not (desk.home / "sign").exists()
    assert (desk.home / "sign.pub").read_text() == "old"


def test_a_split_writes_all_components_or_none(desk: Desk) -> None:
    desk.run("key", "new", "transport", desk.file("tk"))
    (desk.home / "parts").mkdir()
    (desk.home / "parts" / "component-2-of-3").write_text("old")
    assert "exists" in desk.run("key", "split", desk.file("tk"), str(desk.home / "parts"), code=2).output
    assert [path.name for path in (desk.home / "parts").iterdir()] == ["component-2-of-3"]


def test_components_typed_from_paper_and_the_check_values_of_card_makers(desk: Desk) -> None:
    key, first = "000102030405060708090a0b0c0d0e0f", "a1b2c3d4e5f60718293a4b5c6d7e8f90"
    second = bytes(a ^ b for a, b in zip(bytes.fromhex(key), bytes.fromhex(first), strict=True)).hex()
    for kind in ("aes", "3des", "cmac"):
        kcv = desk.run("kcv", "--kind", kind, stdin=key).output.strip()
        told = desk.run(
            "key",
            "join",
            desk.file(f"k-{kind}"),
            "-",
            "-",
            "--kcv",
            kcv.lower(),
            "--kind",
            kind,
            stdin=f"{first}\n{second}\n",
        )
        assert (desk.home / f"k-{kind}").read_text().strip() == key
        assert second not in told.output
    typed = f"{first}\n{second[:-1]}0\n"
    desk.run("key", "join", desk.file("wrong"), "-", "-", "--kcv", "C6A13B", "--kind", "aes", stdin=typed, code=6)
    assert not (desk.home / "wrong").exists()
    split = desk.run("key", "split", desk.file("k-aes"), str(desk.home / "p"), "--kind", "aes").output
    assert split.startswith(f"key: aes check value {desk.run('kcv', stdin=key).output.strip()}")
    desk.run("key", "split", desk.file("k-aes"), str(desk.home / "p2"), "--kind", "rot13", code=2)
