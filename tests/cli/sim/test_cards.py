"""`olelo sim list|show|state|swap|audit|log`."""

import json

from cli.sim.kit import IMSI, Desk
from olelo.auc.numbering import luhn_digit

NEW_ICCID = "898821100000000900" + luhn_digit("898821100000000900")


def test_list_and_show(desk: Desk) -> None:
    desk.batch()
    assert desk.run("list").output.count("active") == 5
    assert "2 of 5" in desk.run("list", "--limit", "2").output
    facts = json.loads(desk.run("show", IMSI, "--json").output)
    assert (facts["imsi"], facts["op"], facts["state"]) == (IMSI, "per-card", "active")
    assert json.loads(desk.run("list", "--json").output.splitlines()[0]) == facts
    assert IMSI in desk.run("show", facts["iccid"]).output
    assert IMSI in desk.run("show", facts["impi"]).output
    desk.run("show", "nobody", code=3)


def test_state_all_or_none(desk: Desk) -> None:
    desk.batch()
    assert "2 cards are now suspended" in desk.run("state", "suspended", IMSI, "001010000000002").output
    assert "2 cards are now active" in desk.run("state", "active", "--from", "suspended").output
    desk.run("state", "retired", IMSI)
    assert "cannot become lost" in desk.run("state", "lost", "--batch", "first", code=5).output
    assert desk.run("list", "--state", "active").output.count("active") == 4
    assert "which cards" in desk.run("state", "lost", code=2).output


def test_swap(desk: Desk) -> None:
    desk.batch()
    before = desk.cards()[0]
    assert f"replaced by {NEW_ICCID}" in desk.run("swap", IMSI, "--iccid", NEW_ICCID, "--state", "active").output
    after = desk.cards()[0]
    assert (after.imsi, after.iccid) == (IMSI, NEW_ICCID)
    assert after.keys != before.keys
    assert "swap by" in desk.run("show", IMSI).output
    desk.run("swap", "001010000000002", "--iccid", before.iccid, code=4)
    desk.run("swap", IMSI, "--iccid", NEW_ICCID[:-1] + "x", code=2)


def test_swap_with_given_keys_or_a_common_op(desk: Desk) -> None:
    desk.batch()
    keys = "0f0e0d0c0b0a09080706050403020100\n101112131415161718191a1b1c1d1e1f\n"
    result = desk.run("swap", IMSI, "--iccid", NEW_ICCID, "--op", "given", stdin=keys)
    assert desk.cards()[0].keys.k.reveal().hex() == keys.split()[0]
    assert keys.split()[0] not in result.output
    other = "898821100000000901" + luhn_digit("898821100000000901")
    desk.run("swap", IMSI, "--iccid", other, "--op", desk.file("op", keys.split()[1]))


def test_audit_and_log(desk: Desk) -> None:
    desk.batch()
    assert "nothing found" in desk.run("audit").output
    desk.run("swap", IMSI, "--iccid", NEW_ICCID, "--op", "given", stdin="11" * 16 + "\n" + "22" * 16 + "\n")
    found = desk.run("audit", "--json", code=10).output
    codes = {json.loads(line)["code"] for line in found.splitlines() if line.startswith("{")}
    assert codes == {"known-k", "weak-opc"}
    assert "11111111" not in found
    log = desk.run("log").output
    assert "batch" in log
    assert "swap" in log


def test_a_database_that_is_not_there_is_not_made_by_looking(desk: Desk) -> None:
    assert "no such database" in desk.run("list", code=7).output
    assert not (desk.home / "auc.db").exists()


def test_the_history_of_a_card_has_its_own_events_and_those_of_its_batch(desk: Desk) -> None:
    desk.batch()
    desk.run("state", "suspended", IMSI)
    desk.run("state", "lost", "--batch", "first")
    desk.batch("other", start=900)
    told = desk.run("show", IMSI).output
    assert "state by" in told
    assert "to suspended" in told
    assert "state of the batch by" in told
    assert "batch by" in told
    assert "suspended" not in desk.run("show", "001010000000002").output
    assert "lost" not in desk.run("show", "001010000000900").output


def test_a_given_card_has_codes_of_its_own(desk: Desk) -> None:
    desk.batch()
    keys = "0f0e0d0c0b0a09080706050403020100\n101112131415161718191a1b1c1d1e1f\n"
    assert "PUK1" in desk.cards()[0].codes
    desk.run("swap", IMSI, "--iccid", NEW_ICCID, "--op", "given", stdin=keys)
    assert dict(desk.cards()[0].codes) == {}


def test_audit_of_nothing_is_no_clean_bill(desk: Desk) -> None:
    desk.batch()
    assert "no card for batch none" in desk.run("audit", "--batch", "none", code=3).output
