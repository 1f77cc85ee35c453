"""No key leaves by any output, log, traceback or process list; every failure is one line."""

import io
import logging
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer

from auc.kit import Dice
from cli.sim.kit import IMSI, Desk
from olelo.auc.errors import KeyFormatError
from olelo.auc.secret import Secret
from olelo.auc.store import Store
from olelo.cli.sim import common, sim_app

OP = "0f0e0d0c0b0a09080706050403020100"
GIVEN = "a1b2c3d4e5f60718293a4b5c6d7e8f90"


def _commands(app: typer.Typer, before: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    group = typer.main.get_command(app)
    found = set()
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found |= {(name, sub) for sub in inner} if inner else {(*before, name)}
    return found


def _everything(desk: Desk) -> tuple[list[str], set[str]]:
    """Run every command, right and wrong; the outputs, and all secrets that were about."""
    outputs = []
    secrets = {OP, GIVEN}

    def run(*arguments: str, stdin: str = "", code: int = 0) -> str:
        result = desk.run(*arguments, stdin=stdin, code=code)
        outputs.append(f"{result.output}{result.exception!r}{result.return_value!r}")
        return str(result.output)

    def keep() -> None:
        for card in desk.cards():
            secrets.update((card.keys.k.reveal().hex(), card.keys.opc.reveal().hex()))

    op, tk = desk.file("op", OP), desk.file("tk")
    network = ("--mcc", "001", "--mnc", "01")
    numbers = ("--imsi-start", IMSI, "--iccid-start", "898821100000000001", "--count", "5")
    run("batch", "new", "first", *network, *numbers, "--op", op, "--state", "active", "--dry-run")
    run("batch", "new", "first", *network, *numbers, "--op", op, "--state", "active")
    run("batch", "new", "again", *network, *numbers, code=4)
    keep()
    run("key", "new", "transport", tk)
    run("key", "new", "signing", desk.file("sign"))
    parts = [
        line.split(": ")[1].split(",")[0]
        for line in run("key", "split", tk, desk.file("parts")).splitlines()
        if line.startswith("component")
    ]
    kcv = run("kcv", "--key", tk, "--kind", "cmac").strip()
    run("key", "join", desk.file("tk2"), *parts, "--kcv", kcv)
    run("key", "join", desk.file("tk3"), *parts[:2], "--kcv", kcv, code=6)
    secrets.update(Path(path).read_text().split("\n")[-2] for path in parts)
    secrets.add(Path(tk).read_text().strip())
    secrets.add((desk.home / "sign").read_text().strip())
    run("batch", "list")
    run("batch", "discard", "first", code=5)
    run("list")
    run("list", "--json")
    run("show", IMSI)
    run("self-test")
    run("formats")
    words = run("vector", "--imsi", IMSI, "--session-keys").split()
    rand, autn = words[words.index("RAND") + 1], words[words.index("AUTN") + 1]
    run("check", IMSI, "--rand", rand, "--autn", autn, "--res", "00" * 8, "--op", op, "--neighbours", code=10)
    run("check", "--rand", rand, "--autn", autn, "--res", "00" * 8, stdin=f"{GIVEN}\n{OP}\n", code=10)
    run("resync", rand, "00" * 14, "--imsi", IMSI, code=9)
    run("opc", desk.file("opc"), stdin=f"{GIVEN}\n{OP}\n")
    secrets.add((desk.home / "opc").read_text().strip())
    run("kcv", stdin=GIVEN)
    run("kcv", stdin=GIVEN[:-1], code=2)
    run("kcv", GIVEN, code=2)
    run("vector", "--k", GIVEN, code=2)
    run("list", "--limit", GIVEN, code=2)
    run(GIVEN, code=2)
    run("key", GIVEN, code=2)
    run("export", "olelo", desk.file("out"), "--transport-key", tk, "--signing-key", desk.file("sign"))
    outputs.append((desk.home / "out").read_text() + (desk.home / "out.manifest.json").read_text())
    run("export", "olelo", desk.file("clear"), "--plaintext-keys", "--unsigned")
    run("export", "sipp", desk.file("sipp"), "--plaintext-keys", "--unsigned", "--op", op)
    columns = "imsi,iccid,msisdn,algorithm,k"
    shifted = (desk.home / "clear").read_text().replace(columns, "k,algorithm,msisdn,iccid,imsi")
    run("import", "olelo", desk.file("bad", shifted), "--batch", "x", *network, code=4)
    run("import", "olelo", desk.file("clear"), "--batch", "x", *network, code=4)
    run("import", "open5gs", desk.file("clear"), "--batch", "x", *network, code=4)
    run("audit", "--op", op, code=10)
    run("key", "rotate")
    run("swap", IMSI, "--iccid", "8988211000000009004", "--state", "active")
    keep()
    run("state", "suspended", IMSI)
    run("log")
    (desk.home / "kek").write_text("00" * 32)
    run("vector", "--imsi", "001010000000002", code=6)
    run("export", "olelo", desk.file("other"), "--plaintext-keys", "--unsigned", code=6)
    return outputs, secrets


def test_every_command_is_run_and_none_shows_a_key(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    ran: list[tuple[str, ...]] = []
    really_run = Desk.run

    def running(self: Desk, *arguments: str, stdin: str = "", code: int = 0) -> Any:
        ran.append(arguments[:2])
        return really_run(self, *arguments, stdin=stdin, code=code)

    monkeypatch.setattr(Desk, "run", running)
    outputs, secrets = _everything(desk)
    # A command that is added and not run above would never have been searched.
    assert _commands(sim_app) <= {words[: len(words)] for words in ran} | {words[:1] for words in ran}
    assert len(secrets) > 15
    text = "\n".join(outputs) + caplog.text
    lowered = text.lower()
    with (desk.home / "auc.db").open("rb") as file:
        content = file.read()
    for secret in secrets:
        assert secret not in lowered
        assert secret[:16] not in lowered
        assert str(bytes.fromhex(secret))[2:-1] not in text
        assert bytes.fromhex(secret) not in content
        assert secret.encode() not in content


def test_the_process_list_shows_no_key(desk: Desk) -> None:
    with desk.start("opc", desk.file("opc"), stderr=subprocess.STDOUT) as process:
        assert process.stdin is not None
        process.stdin.write(f"{GIVEN}\n".encode())
        process.stdin.flush()
        shown = b""
        while b"sim" not in shown and process.poll() is None:  # until the program is that of the command
            shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        shown += Path(f"/proc/{process.pid}/environ").read_bytes()
        output, _ = process.communicate(f"{OP}\n".encode())
    assert process.returncode == 0, output
    assert b"opc" in shown
    for text in (shown, output):
        assert GIVEN.encode() not in text
        assert OP.encode() not in text


def test_a_key_among_the_arguments_is_not_repeated(desk: Desk) -> None:
    for arguments in ((GIVEN,), ("kcv", GIVEN), ("batch", GIVEN), ("list", "--limit", GIVEN), ("list", f"--{GIVEN}")):
        told = desk.run(*arguments, code=2).output
        assert GIVEN not in told
        assert GIVEN[:8] not in told
        assert "--limit" in arguments or "treat it as known" in " ".join(told.replace("│", " ").split())


def test_a_bug_is_told_by_its_place_and_not_by_its_values(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.batch()

    def broken(self: Store, identity: str) -> None:
        key = GIVEN
        raise RuntimeError(f"the key is {key}")

    monkeypatch.setattr(Store, "subscriber", broken)
    result = desk.run("show", IMSI, code=70)
    assert "internal error: RuntimeError at test_common.py" in result.output
    assert GIVEN not in result.output
    assert "Traceback" not in result.output


def test_an_interrupt_during_a_batch_leaves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("olelo.auc.batch.card_row", interrupt)
    new = ("batch", "new", "x", "--mcc", "001", "--mnc", "01", "--count", "2", "--imsi-start", IMSI)
    told = desk.run(*new, "--iccid-start", "898821100000000001", code=130).output
    assert "nothing was left half done" in told
    monkeypatch.undo()
    assert "not finished" not in desk.run("batch", "list").output


def test_what_is_no_database(desk: Desk) -> None:
    (desk.home / "auc.db").write_bytes(Dice()(5000))
    told = desk.run("list", code=7).output
    assert "cannot open the database" in told


def test_a_key_given_as_an_argument_is_called_known(desk: Desk) -> None:
    told = desk.run("vector", "--k", GIVEN, code=2).output
    assert "Treat this one as known to others" in told
    assert GIVEN not in told
    assert "is empty" in desk.run("vector", "--k", desk.file("empty", "# nothing\n"), code=2).output


def test_brackets_in_a_name_are_only_brackets(desk: Desk) -> None:
    desk.batch()
    desk.run("export", "kamailio", desk.file("rows [bold] x].sql"), "--unsigned")
    assert "rows [bold] x].sql" in desk.run("log").output
    assert "[/red]" in desk.run("list", "--batch", "none", "--state", "[/red]", code=2).output


def test_standard_input_that_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for content, said in ((b"\xff\xfe", "not text"), (b"0" * 100_000, "4096 characters"), (b"", "no line")):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), "utf-8"))
        with pytest.raises(KeyFormatError, match=said.replace("4096 characters", "hexadecimal digits")):
            common.ask_key(None, "K", (16,))
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(KeyFormatError, match="closed"):
        common.ask_key("-", "K", (16,))


def test_a_key_on_a_terminal_is_never_echoed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(f"{OP}\n"))
    monkeypatch.setattr(common.getpass, "getpass", lambda _prompt: GIVEN)
    for source in (None, "-"):
        assert common.ask_key(source, "K", (16,)) == Secret.from_hex(GIVEN)
    assert common.key_from_file("-", "K", (16,)) == Secret.from_hex(GIVEN)


def test_who_is_not_taken_from_variables_that_anybody_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "SUDO_USER"):
        monkeypatch.setenv(name, "somebody")
    monkeypatch.setattr("os.getuid", lambda: 65_534)
    assert common.operator() == "nobody"
    monkeypatch.setattr("os.getuid", lambda: 3_999_999_999)
    assert common.operator() == "uid 3999999999"
    monkeypatch.setattr("os.getuid", lambda: 0)
    assert common.operator() == "somebody (sudo)"
    monkeypatch.delenv("SUDO_USER")
    assert common.operator() == "root"


def test_a_database_of_another_key_encryption_key(desk: Desk) -> None:
    desk.batch()
    (desk.home / "kek").unlink()
    desk.run("key", "new", "kek", str(desk.home / "kek"))
    before = (desk.home / "auc.db").read_bytes()
    for arguments in (
        ("vector", "--imsi", IMSI),
        ("check", IMSI, "--rand", "00" * 16, "--autn", "00" * 16),
        ("resync", "00" * 16, "00" * 14, "--imsi", IMSI),
        ("swap", IMSI, "--iccid", "8988211000000009004"),
    ):
        told = desk.run(*arguments, code=6).output
        assert "which is not in" in told
    assert "5 seal" in desk.run("audit", code=10).output
    assert (desk.home / "auc.db").read_bytes() == before
    assert (
        "which is not in"
        in desk.run("export", "olelo", desk.file("out"), "--plaintext-keys", "--unsigned", code=6).output
    )
    assert not (desk.home / "out").exists()
    desk.run("list")
    desk.run("show", IMSI)


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--limit", "3000"),
        ("list", "--json", "--limit", "3000"),
        ("export", "olelo", "-", "--unsigned", "--plaintext-keys"),
    ],
    ids=["list", "json", "export"],
)
def test_a_reader_that_goes_away_and_a_full_device(desk: Desk, arguments: tuple[str, ...]) -> None:
    desk.batch("many", "--no-codes", count=3000)
    with desk.start(*arguments) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert len(process.stdout.read(10)) == 10
        process.stdout.close()
        told = process.stderr.read().decode()
    assert (process.returncode, told) == (141, "")
    with open("/dev/full", "wb") as full, desk.start(*arguments, stdout=full) as process:
        _, errors = process.communicate()
    assert process.returncode == 1
    assert errors.decode().strip() == "error: input or output: No space left on device"


def test_standard_output_that_is_closed(desk: Desk) -> None:
    desk.batch()
    with desk.start("list", preexec_fn=lambda: os.close(1), stdout=None) as process:
        _, errors = process.communicate()
    assert (process.returncode, errors.decode().strip()) == (1, "error: standard output is closed")


def test_a_file_name_that_is_no_text(desk: Desk) -> None:
    desk.batch()
    name = os.fsdecode(os.fsencode(str(desk.home)) + b"/\xff.sql")
    with desk.start("export", "kamailio", name, "--unsigned") as process:
        _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert Path(name).exists()
    assert "?.sql" in desk.run("log").output
    with desk.start("export", "kamailio", name, "--unsigned") as process:
        assert b"exists" in process.communicate()[1]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE auc SET sealed_keys = CAST(substr(sealed_keys, 1, 20) || x'ff' || substr(sealed_keys, 22) AS BLOB)"
        " WHERE imsi = ?",
        "UPDATE auc SET sealed_keys = (SELECT sealed_keys FROM auc WHERE imsi = '001010000000002') WHERE imsi = ?",
        "UPDATE auc SET iccid = '8988211000000009004' WHERE imsi = ?",
        "UPDATE auc SET sealed_keys = x'' WHERE imsi = ?",
    ],
    ids=["flipped", "swapped", "other-card", "empty"],
)
def test_a_damaged_record_is_named_and_nothing_is_used_up_or_written(desk: Desk, damage: str) -> None:
    desk.batch("first", "--no-seq-floor")
    with closing(sqlite3.connect(desk.home / "auc.db")) as database, database:
        database.execute(damage, (IMSI,))
    said = f"error: IMSI {IMSI}: the sealed record was changed or belongs to another row\n"
    assert desk.run("vector", "--imsi", IMSI, code=6).output == said
    assert said in desk.run("export", "olelo", desk.file("out"), "--plaintext-keys", "--unsigned", code=6).output
    assert not (desk.home / "out").exists()
    kek = (desk.home / "kek").read_text().splitlines()[-1]
    assert said in desk.run("key", "rotate", "--forget-old", code=6).output
    assert kek in (desk.home / "kek").read_text()
    assert f"seal: IMSI {IMSI}" in desk.run("audit", code=10).output
    assert '"seq": 0' in desk.run("show", IMSI, "--json").output
    desk.run("vector", "--imsi", "001010000000003")


def test_a_value_of_another_type_is_an_error_that_does_not_show_it(desk: Desk) -> None:
    desk.batch()
    with closing(sqlite3.connect(desk.home / "auc.db")) as database, database:
        database.execute("UPDATE auc SET sealed_keys = CAST(x'1b5b324affff41424344' AS TEXT)")
    told = desk.run("vector", "--imsi", IMSI, code=7).output
    assert told.startswith("error: database: Could not decode")
    assert "ABCD" not in told
    assert "\x1b" not in told
