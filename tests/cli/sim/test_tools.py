"""`olelo sim opc|vector|resync|kcv|check|self-test`, with the published values."""

import json
import stat

import pytest

from auc.vectors import MILENAGE
from cli.sim.kit import IMSI, Desk
from olelo.auc.milenage import Milenage
from olelo.auc.secret import Secret
from olelo.auc.usim import Accepted, Usim
from olelo.auc.vector import build_auts

SET = MILENAGE["sets"][0]
KEYS = f"{SET['k']}\n{SET['opc']}\n"


def test_opc_goes_to_a_file_and_only_check_values_to_the_screen(desk: Desk) -> None:
    result = desk.run("opc", desk.file("opc"), stdin=f"{SET['k']}\n{SET['op']}\n")
    path = desk.home / "opc"
    assert path.read_text().strip() == SET["opc"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for key in (SET["k"], SET["op"], SET["opc"]):
        assert key not in result.output
    assert "exists" in desk.run("opc", desk.file("opc"), stdin=f"{SET['k']}\n{SET['op']}\n", code=2).output


def test_keys_from_files(desk: Desk) -> None:
    k, op = desk.file("k", f"# K\n{SET['k']}\n"), desk.file("op", SET["op"].upper())
    desk.run("opc", desk.file("out"), "--k", k, "--op", op)
    assert (desk.home / "out").read_text().strip() == SET["opc"]


def test_a_vector_of_the_specification(desk: Desk) -> None:
    options = ("--rand", SET["rand"], "--sqn", SET["sqn"], "--amf", SET["amf"])
    shown = desk.run("vector", *options, stdin=KEYS).output
    assert SET["derived"]["autn"] in shown
    assert SET["f2"] in shown
    assert SET["f3"] not in shown
    assert SET["f3"] in desk.run("vector", *options, "--session-keys", stdin=KEYS).output
    gsm = desk.run("vector", "--gsm", "--rand", SET["rand"], stdin=KEYS).output
    assert SET["derived"]["gsm_sres_c2"] in gsm


def test_a_vector_of_a_card_uses_up_a_number(desk: Desk) -> None:
    desk.batch("first", "--no-seq-floor")
    sqns = [desk.run("vector", "--imsi", IMSI).output.split()[-1] for _ in range(2)]
    assert int(sqns[1], 16) == int(sqns[0], 16) + 32
    desk.run("state", "suspended", IMSI)
    assert "not active" in desk.run("vector", "--imsi", IMSI, code=5).output
    desk.run("vector", "--imsi", IMSI, "--sqn", "00" * 6, code=2)
    desk.run("vector", "--imsi", "001019999999999", code=3)


def test_resync_shows_where_the_card_is_and_changes_nothing(desk: Desk) -> None:
    (check, _) = MILENAGE["auts_checks"]
    base = MILENAGE["sets"][19]
    keys = f"{base['k']}\n{base['opc']}\n"
    shown = desk.run("resync", check["rand"], check["auts"], stdin=keys).output
    assert check["sqn_ms"] in shown
    desk.run("resync", "00" * 16, check["auts"], stdin=keys, code=9)
    desk.run("resync", check["rand"], "zz", stdin=keys, code=2)
    desk.batch()
    card = desk.cards()[0]
    auts = build_auts(Milenage().bind(card.keys.k, card.keys.opc), bytes(16), 32 * 700)
    assert "SEQ 700" in desk.run("resync", "00" * 16, auts.hex(), "--imsi", IMSI).output
    assert desk.cards()[0].sqn == 0


def test_kcv(desk: Desk) -> None:
    assert desk.run("kcv", stdin="00" * 16).output.strip() == "66E94B"
    assert desk.run("kcv", "--kind", "3des", stdin="00" * 16).output.strip() == "8CA64D"
    desk.run("kcv", "--expect", "66e94b", stdin="00" * 16)
    assert "declares 000000" in desk.run("kcv", "--expect", "000000", stdin="00" * 16, code=6).output
    desk.run("kcv", "--kind", "rot13", stdin="00" * 16, code=2)


@pytest.mark.parametrize("source", [(), ("--k", "-")])
def test_no_line_on_standard_input(desk: Desk, source: tuple[str, ...]) -> None:
    assert "standard input" in desk.run("vector", *source, code=2).output


def test_check_tells_an_op_used_as_opc(desk: Desk) -> None:
    vector = desk.run("vector", "--rand", SET["rand"], stdin=f"{SET['k']}\n{SET['op']}\n").output.split()
    autn = vector[vector.index("AUTN") + 1]
    arguments = ("check", "--rand", SET["rand"], "--autn", autn, "--res", SET["f2"])
    told = desk.run(*arguments, stdin=f"{SET['k']}\n{SET['op']}\n", code=10).output
    assert "really an OP" in told
    for key in (SET["k"], SET["op"], SET["opc"]):
        assert key not in told
    lines = desk.run(*arguments, "--json", stdin=f"{SET['k']}\n{SET['op']}\n", code=10).output.splitlines()
    assert [json.loads(line)["code"] for line in lines] == ["op-as-opc"]


def test_check_of_a_card_that_is_right_and_of_swapped_rows(desk: Desk) -> None:
    desk.batch()
    vector = desk.run("vector", "--imsi", IMSI).output.split()
    rand, autn = vector[vector.index("RAND") + 1], vector[vector.index("AUTN") + 1]
    first, second = desk.cards()[:2]
    answer = Usim(Milenage().bind(first.keys.k, first.keys.opc)).authenticate(bytes.fromhex(rand), bytes.fromhex(autn))
    assert isinstance(answer, Accepted)
    base = ("check", IMSI, "--rand", rand, "--autn", autn, "--res")
    assert "K and OPc are right" in desk.run(*base, answer.res.hex()).output
    other = Milenage().bind(second.keys.k, second.keys.opc).f2345(bytes.fromhex(rand)).res.hex()
    assert "wrong K or OPc" in desk.run(*base, other, code=10).output
    assert f"those of IMSI {second.imsi}" in desk.run(*base, other, "--neighbours", code=10).output
    op = desk.file("op", SET["op"])
    desk.run(*base, other, "--op", op, code=10)


def test_self_test(desk: Desk) -> None:
    shown = desk.run("self-test").output
    assert shown.count(": right") == 29
    assert "35.208-20" in shown


def test_help_reads_well(desk: Desk) -> None:
    shown = desk.run("--help").output
    for word in ("batch", "key", "opc", "vector", "resync", "kcv", "import", "export", "list", "show", "state", "swap"):
        assert word in shown
    for word in ("check", "self-test", "audit", "never arguments"):
        assert word in shown


def test_secret_type_is_what_the_prompt_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    from olelo.cli.sim import common

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(common.getpass, "getpass", lambda prompt: SET["k"] if "not shown" in prompt else "")
    assert common.ask_key(None, "K", (16,)) == Secret.from_hex(SET["k"])


def _authorization(item: dict, **changes: str) -> str:
    values = {name: item[name] for name in ("username", "realm", "nonce", "uri", "nc", "cnonce")}
    values |= {"algorithm": "AKAv1-MD5", "qop": "auth", "response": item["AKAv1-MD5"]["response_auth"]} | changes
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in values.items())


def test_check_of_a_sip_trace(desk: Desk) -> None:
    item = MILENAGE["sip_digest_aka"]["vectors"][0]
    base = MILENAGE["sets"][item["based_on_set"] - 1]
    check = ("check", "--amf", base["amf"], "--authorization")
    assert "K and OPc are right" in desk.run(*check, _authorization(item), stdin=f"{base['k']}\n{base['opc']}\n").output
    told = desk.run(*check, _authorization(item), stdin=f"{base['k']}\n{base['op']}\n", code=10).output
    assert "really an OP" in told
    told = desk.run(*check, _authorization(item, response=""), stdin=f"{base['k']}\n{base['opc']}\n", code=10).output
    assert "refused" in told
    assert "not AKAv1-MD5" in desk.run(*check, _authorization(item, algorithm="MD5"), code=2).output
    assert "not both" in desk.run(*check, _authorization(item), "--rand", "00" * 16, code=2).output
    wrong = desk.run(*check, _authorization(item), "--method", "INVITE", stdin=f"{base['k']}\n{base['opc']}\n", code=10)
    assert "wrong K or OPc" in wrong.output


def test_a_card_of_the_database_or_keys_not_both(desk: Desk) -> None:
    desk.batch()
    key = desk.file("k", SET["k"])
    desk.run("vector", "--imsi", IMSI, "--k", key, code=2)
    desk.run("resync", "00" * 16, "00" * 14, "--imsi", IMSI, "--opc", key, code=2)
    desk.run("check", IMSI, "--rand", "00" * 16, "--autn", "00" * 16, "--k", key, code=2)


def test_kcv_of_an_unknown_kind_asks_for_no_key(desk: Desk) -> None:
    assert "unknown kind" in desk.run("kcv", "--kind", "sha", code=2).output
