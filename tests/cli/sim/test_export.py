"""`olelo sim import|export|formats`."""

import os
import pty
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


def test_an_export_comes_with_its_manifest_or_not_at_all(desk: Desk) -> None:
    desk.batch()
    tk, sign = _keys(desk)
    base = ("export", "olelo", desk.file("out"), "--transport-key", tk)
    (desk.home / "out.manifest.json").write_text("old")
    assert "does not overwrite" in desk.run(*base, "--signing-key", sign, code=2).output
    assert not (desk.home / "out").exists()
    assert "export" not in desk.run("log").output
    (desk.home / "sign").chmod(0o644)
    desk.run(*base, "--signing-key", sign, "--manifest", desk.file("m"), code=2)
    (desk.home / "sign").chmod(0o600)
    desk.run(*base, "--signing-key", sign, "--manifest", desk.file("m"))
    assert (desk.home / "m").exists()
    assert (
        "--manifest FILE"
        in desk.run("export", "olelo", "-", "--signing-key", sign, "--transport-key", tk, code=2).output
    )
    assert "--unsigned" in desk.run(*base, "--unsigned", "--manifest", desk.file("m2"), code=2).output


def test_keys_are_not_written_to_a_terminal(desk: Desk) -> None:
    desk.batch()
    master, slave = pty.openpty()
    try:
        with desk.start("export", "olelo", "-", "--unsigned", "--plaintext-keys", stdout=slave) as process:
            _, errors = process.communicate()
    finally:
        os.close(slave)
        os.close(master)
    assert process.returncode == 2
    assert b"terminal" in errors


def test_a_target_that_does_not_decrypt_is_told(desk: Desk) -> None:
    desk.batch()
    tk, _ = _keys(desk)
    told = desk.run("export", "open5gs", desk.file("a"), "--unsigned", "--transport-key", tk).output
    assert "for another Olelo" in told
    assert (
        "for another Olelo" not in desk.run("export", "udr", desk.file("b"), "--unsigned", "--transport-key", tk).output
    )


def test_a_card_that_is_not_there_is_not_left_out_silently(desk: Desk) -> None:
    desk.batch()
    base = ("export", "olelo", desk.file("a"), "--unsigned", "--plaintext-keys", "--imsi", IMSI)
    assert "nothing was exported" in desk.run(*base, "--imsi", "001019999999999", code=3).output
    assert not (desk.home / "a").exists()


def test_files_that_are_no_template_manifest_or_public_key(desk: Desk, other: Desk) -> None:
    desk.batch()
    tk, sign = _keys(desk)
    out = desk.file("out")
    desk.run("export", "olelo", out, "--transport-key", tk, "--signing-key", sign)
    manifest = Path(out + ".manifest.json")
    (desk.home / "bad").write_bytes(b"\xff\xfe{")
    base = ("import", "olelo", out, *IMPORT, "--transport-key", tk)
    for more, said in (
        (("--manifest", desk.file("bad"), "--trust", sign + ".pub"), "not UTF-8"),
        (("--manifest", str(manifest), "--trust", desk.file("bad")), "not UTF-8"),
        (("--manifest", "/no/such", "--trust", sign + ".pub"), "no such file"),
        (("--manifest", str(desk.home), "--trust", sign + ".pub"), "not a regular file"),
        (("--trust", sign + ".pub"), "--manifest"),
        (("--template", desk.file("bad")), "not UTF-8"),
    ):
        result = other.run(*base, *more, code=3 if "no such" in said else 2)
        assert said in result.output
    told = other.run("import", "pyhss", out, *IMPORT, "--manifest", str(manifest), "--trust", sign + ".pub", code=6)
    assert "format olelo, not pyhss" in told.output
    (desk.home / "deep").write_text("[" * 100_000)
    other.run(*base, "--manifest", desk.file("deep"), "--trust", sign + ".pub", code=2)
    assert not (other.home / "auc.db").exists()


@pytest.mark.parametrize(
    "content", [b"\xff\xfei\0", b"imsi,k,opc\n\xe9\n", b"\0" * 2_000_000, b"", b"\n\n", b"[" * 99_999]
)
@pytest.mark.parametrize("form", ["olelo", "pyhss", "srsepc", "osmohlr", "sipp"])
def test_a_file_that_is_something_else(desk: Desk, form: str, content: bytes) -> None:
    (desk.home / "in").write_bytes(content)
    assert desk.code("import", form, desk.file("in"), *IMPORT) in (2, 4)
    assert desk.cards() == []


def test_columns_that_are_lost_and_an_op_that_is_shared_are_told(desk: Desk) -> None:
    rows = "imsi,k,opc,op,shoe size\n" + "".join(
        f"00101000000000{n},{'ab' * 15}0{n},,{'cd' * 15}01,42\n" for n in (1, 2)
    )
    told = desk.run("import", "olelo", desk.file("in", rows), *IMPORT).output
    assert "shoe size" in told
    assert "share an OP" in told
    assert "shared-op" in desk.run("audit", code=10).output


def test_a_dry_import_makes_no_database_and_finds_what_the_real_one_would(desk: Desk) -> None:
    rows = f"imsi;k;opc\n001010000000001;{'ab' * 15}01;{'cd' * 15}01\n"
    how = ("csv", desk.file("in", rows), *IMPORT, "--map", "imsi=imsi,k=k,opc=opc", "--delimiter", ";")
    assert "nothing was kept" in desk.run("import", *how, "--dry-run").output
    assert not (desk.home / "auc.db").exists()
    desk.run("import", *how)
    assert "is in the database" in desk.run("import", *how[:3], "again", *how[4:], "--dry-run", code=4).output
    for wrong in ("", "x", ";;", '"'):
        desk.run("import", *how[:-1], wrong, code=2)
    desk.run("import", *how[:-2], "--map", "imsi=imsi,k=k,k=opc", code=2)


def test_two_imports_of_one_file_at_once(desk: Desk, other: Desk) -> None:
    desk.batch("many", "--no-codes", count=4000)
    out = desk.file("out")
    desk.run("export", "olelo", out, "--unsigned", "--plaintext-keys")
    names = ("--mcc", "001", "--mnc", "01")
    processes = [other.start("import", "olelo", out, "--batch", f"b{n}", *names) for n in range(3)]
    for process in processes:
        with process:
            process.communicate()
    assert sorted(process.returncode for process in processes) == [0, 4, 4]
    assert len(other.cards()) == 4000
    assert "not finished" not in other.run("batch", "list").output


def test_a_group_of_columns_under_one_key(desk: Desk, other: Desk) -> None:
    key, rows = (
        desk.file("ck", "000102030405060708090a0b0c0d0e0f"),
        "imsi,iccid,ki,opc,scp03_enc_isdr,scp03_mac_isdr,scp03_dek_isdr\n",
    )
    rows += f"{IMSI},8988211000000000011,{'ab' * 15}01,{'cd' * 15}01,{'01' * 16},{'02' * 16},{'03' * 16}\n"
    desk.run("import", "card-data", desk.file("in", rows), *IMPORT)
    how = ("--column-key", f"SCP03_ISDR={key}", "--transport-mode", "aes-cbc")
    desk.run("export", "card-data", desk.file("out"), "--unsigned", "--plaintext-keys", *how)
    text = (desk.home / "out").read_text()
    assert "01" * 16 not in text
    assert "ab" * 15 in text
    other.run("import", "card-data", desk.file("out"), *IMPORT, *how)
    assert dict(other.cards()[0].codes) == dict(desk.cards()[0].codes)
    assert other.cards()[0].codes["SCP03_DEK_ISDR"] == "03" * 16
