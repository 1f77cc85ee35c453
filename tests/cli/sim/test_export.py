"""`olelo sim import|export|formats`."""

import stat
from pathlib import Path

import pytest

from cli.sim.kit import IMSI, Desk

IMPORT = ("--batch", "copy", "--mcc", "001", "--mnc", "01")


@pytest.fixture
def other(desk: Desk, tmp_path: Path) -> Desk:
    """A second desk with the same key-encryption key and an empty database."""
    home = tmp_path / "other"
    home.mkdir()
    (home / "kek").write_bytes((desk.home / "kek").read_bytes())
    (home / "kek").chmod(0o600)
    return Desk(home)


def _keys(desk: Desk) -> tuple[str, str]:
    desk.run("key", "new", "transport", desk.file("tk"))
    desk.run("key", "new", "signing", desk.file("sign"))
    return desk.file("tk"), desk.file("sign")


def test_export_and_import_with_transport_key_and_signed_manifest(desk: Desk, other: Desk) -> None:
    desk.batch()
    tk, sign = _keys(desk)
    out = desk.file("out.csv")
    desk.run("export", "olelo", out, "--transport-key", tk, "--signing-key", sign)
    assert stat.S_IMODE(Path(out).stat().st_mode) == 0o600
    for card in desk.cards():
        assert card.keys.k.reveal().hex() not in Path(out).read_text()
    assert "export" in desk.run("log").output
    manifest = ("--manifest", out + ".manifest.json", "--trust", sign + ".pub")
    told = other.run("import", "olelo", out, *IMPORT, "--transport-key", tk, *manifest).output
    assert "5 cards" in told
    assert [(card.imsi, card.keys) for card in other.cards()] == [(card.imsi, card.keys) for card in desk.cards()]


def test_a_changed_file_or_manifest_or_key_is_refused_and_nothing_kept(desk: Desk, other: Desk) -> None:
    desk.batch()
    tk, sign = _keys(desk)
    out = Path(desk.file("out.csv"))
    desk.run("export", "olelo", str(out), "--transport-key", tk, "--signing-key", sign)
    base = ("import", "olelo", str(out), *IMPORT, "--transport-key", tk)
    trusted = ("--manifest", f"{out}.manifest.json", "--trust", sign + ".pub")
    assert "key check value" in other.run(*base, *trusted, "--kcv", "000000", code=6).output
    assert "--trust" in other.run(*base, *trusted[:2], code=2).output
    out.chmod(0o600)
    out.write_text("".join(out.read_text().splitlines(keepends=True)[:-1]))
    assert "SHA-256" in other.run(*base, *trusted, code=6).output
    lines = out.read_text().splitlines(keepends=True)
    out.write_text("".join(lines) + lines[-1])
    assert "nothing was imported" in other.run(*base, code=4).output
    assert other.cards() == []
    (desk.home / "sign").unlink()
    (desk.home / "sign.pub").unlink()
    desk.run("key", "new", "signing", desk.file("sign"))
    assert "trusted key" in other.run(*base, *trusted, code=6).output


def test_in_clear_and_unsigned_only_when_told(desk: Desk, other: Desk) -> None:
    desk.batch()
    out = desk.file("out.csv")
    assert "--signing-key" in desk.run("export", "pyhss", out, "--plaintext-keys", code=2).output
    assert "--plaintext-keys" in desk.run("export", "pyhss", out, "--unsigned", code=2).output
    assert not Path(out).exists()
    told = desk.run("export", "pyhss", out, "--unsigned", "--plaintext-keys").output
    assert "in clear" in told
    assert "does not overwrite" in desk.run("export", "pyhss", out, "--unsigned", "--plaintext-keys", code=2).output
    other.run("import", "pyhss", out, *IMPORT)
    assert len(other.cards()) == 5


def test_standard_output_and_standard_input(desk: Desk, other: Desk) -> None:
    desk.batch()
    text = desk.run("export", "card-data", "-", "--unsigned", "--plaintext-keys", "--imsi", IMSI).stdout
    assert text.startswith("ID,IMSI")
    assert text.count("\n") == 2
    other.run("import", "card-data", "-", *IMPORT, stdin=text)
    assert [card.imsi for card in other.cards()] == [IMSI]


def test_vendor_columns_with_a_mapping_and_old_transport_keys(desk: Desk, other: Desk) -> None:
    desk.batch()
    k4, o4 = desk.file("k4", "000102030405060708090a0b0c0d0e0f"), desk.file("o4", "0f" * 16)
    how = ("--map", "imsi=IMSI,iccid=CARD,k=eKi,opc=eOPc", "--transport-key", k4, "--transport-mode", "aes-ecb")
    how += ("--column-key", f"opc={o4}")
    desk.run("export", "csv", desk.file("v.csv"), *how, "--no-codes", "--unsigned")
    other.run("import", "csv", desk.file("v.csv"), *IMPORT, *how)
    assert [card.keys for card in other.cards()] == [card.keys for card in desk.cards()]
    for wrong in (("--map", "nonsense=X"), ("--column-key", "x"), ("--kcv", "123456"), ("--transport-mode", "rot13")):
        key = () if wrong[0] == "--kcv" else ("--transport-key", k4)
        other.run("import", "csv", desk.file("v.csv"), *IMPORT, *key, *wrong, code=2)


def test_a_template(desk: Desk, other: Desk) -> None:
    desk.batch()
    template = desk.file("t", "[header]\nH {batch}\n[line]\n{iccid} {imsi} {k} {opc}\n")
    how = ("--template", template)
    desk.run("export", "template", desk.file("v.txt"), *how, "--plaintext-keys", "--unsigned", "--no-codes")
    assert Path(desk.file("v.txt")).read_text().startswith("H first\n")
    template = desk.file("t2", "[header]\nH first\n[line]\n{iccid} {imsi} {k} {opc}\n")
    other.run("import", "template", desk.file("v.txt"), *IMPORT, "--template", template)
    assert len(other.cards()) == 5


def test_sipp_needs_the_common_op(desk: Desk) -> None:
    op = desk.file("op", "0f0e0d0c0b0a09080706050403020100")
    desk.batch("first", "--op", op)
    assert "thrown away" in desk.run("export", "sipp", desk.file("s"), "--unsigned", "--plaintext-keys", code=2).output
    desk.run("export", "sipp", desk.file("s"), "--unsigned", "--plaintext-keys", "--op", op, "--domain", "example.org")
    assert "username=001010000000001@example.org" in Path(desk.file("s")).read_text()


def test_kamailio_rows_need_no_key(desk: Desk) -> None:
    desk.batch()
    desk.run("export", "kamailio", desk.file("rows.sql"), "--unsigned")
    assert Path(desk.file("rows.sql")).read_text().count("INSERT") == 10


def test_refused_rows_are_listed(desk: Desk) -> None:
    rows = "imsi,k,opc\n" + "".join(f"0010100000{n:05},zz,zz\n" for n in range(30))
    told = desk.run("import", "olelo", desk.file("in.csv", rows), *IMPORT, code=4).output
    assert "row 2:" in told
    assert "and 10 more" in told
    assert "no such file" in desk.run("import", "olelo", "/no/such", *IMPORT, code=1).output.lower()
    assert "unknown format" in desk.run("import", "nosuch", "x", *IMPORT, code=2).output


def test_formats(desk: Desk) -> None:
    shown = desk.run("formats").output
    for name in ("pysim-prog", "card-data", "pyhss", "open5gs", "osmohlr", "udr", "srsepc", "sipp", "saip", "kamailio"):
        assert name in shown
