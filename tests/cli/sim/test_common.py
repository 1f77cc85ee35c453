"""No key leaves by any output, log, traceback or process list; every failure is one line."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from auc.kit import Dice
from cli.sim.kit import IMSI, Desk
from olelo.auc.store import Store
from olelo.cli.sim import common

OP = "0f0e0d0c0b0a09080706050403020100"
GIVEN = "a1b2c3d4e5f60718293a4b5c6d7e8f90"


def test_every_command_is_run_and_none_shows_a_key(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    outputs = []

    def run(*arguments: str, stdin: str = "", code: int = 0) -> str:
        result = desk.run(*arguments, stdin=stdin, code=code)
        outputs.append(result.output + repr(result.exception) + repr(result.return_value))
        return str(result.output)

    op = desk.file("op", OP)
    desk.batch("first", "--op", op)
    run("key", "new", "transport", desk.file("tk"))
    run("key", "new", "signing", desk.file("sign"))
    run("key", "split", desk.file("tk"), desk.file("parts"))
    run("batch", "list")
    run("list")
    run("list", "--json")
    run("show", IMSI)
    words = run("vector", "--imsi", IMSI, "--session-keys").split()
    rand, autn = words[words.index("RAND") + 1], words[words.index("AUTN") + 1]
    run("check", IMSI, "--rand", rand, "--autn", autn, "--res", "00" * 8, "--op", op, "--neighbours", code=10)
    run("resync", rand, "00" * 14, "--imsi", IMSI, code=9)
    run("opc", desk.file("opc"), stdin=f"{GIVEN}\n{OP}\n")
    run("kcv", stdin=GIVEN)
    run("kcv", stdin=GIVEN[:-1], code=2)
    run("vector", "--k", GIVEN, code=2)
    run("export", "olelo", desk.file("out"), "--transport-key", desk.file("tk"), "--signing-key", desk.file("sign"))
    run("export", "olelo", desk.file("clear"), "--plaintext-keys", "--unsigned")
    shifted = (
        (desk.home / "clear").read_text().replace("imsi,iccid,msisdn,algorithm,k", "k,algorithm,msisdn,iccid,imsi")
    )
    run("import", "olelo", desk.file("bad", shifted), "--batch", "x", "--mcc", "001", "--mnc", "01", code=4)
    run("audit", "--op", op, code=10)
    run("key", "rotate")
    run("state", "suspended", IMSI)
    run("log")
    text = "\n".join(outputs) + caplog.text + (desk.home / "out").read_text()
    derived = (desk.home / "opc").read_text().strip()
    secrets = {OP, GIVEN, derived}
    for card in desk.cards():
        secrets |= {card.keys.k.reveal().hex(), card.keys.opc.reveal().hex()}
    assert len(secrets) == 13
    lowered = text.lower()
    for secret in secrets:
        assert secret not in lowered
        assert secret[:16] not in lowered
        assert str(bytes.fromhex(secret))[2:-1] not in text
    with (desk.home / "auc.db").open("rb") as file:
        content = file.read()
    assert not [secret for secret in secrets if bytes.fromhex(secret) in content]


def test_the_process_list_shows_no_key(desk: Desk) -> None:
    script = "from olelo.cli.sim import sim_app; print('ready', flush=True); sim_app()"
    command = [sys.executable, "-c", script, "opc", desk.file("opc")]
    source = Path(common.__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": str(source)}
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.stdin.write(f"{GIVEN}\n".encode())
    process.stdin.flush()
    shown = Path(f"/proc/{process.pid}/cmdline").read_bytes() + Path(f"/proc/{process.pid}/environ").read_bytes()
    output, _ = process.communicate(f"{OP}\n".encode())
    assert process.returncode == 0, output
    for text in (shown, output):
        assert GIVEN.encode() not in text
        assert OP.encode() not in text
    assert b"opc" in shown


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
