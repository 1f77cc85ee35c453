"""Who is challenged, how, and how often."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from auc.kit import FIRST_IMSI
from modules.ims_auth.kit import HOME, IMPI, NUMBER, SECOND, Place, codes, exchange, register, stat
from modules.ims_auth.test_registration import challenge_in, module
from olelo.core.loader import check as check_config
from olelo.modules import all_modules
from olelo.modules.ims_auth.authority import MAX_WAITING
from olelo.script.diagnostics import Diagnostics
from olelo.script.parser import parse_text
from olelo.sip.message import Message
from olelo.testing import Bed, ConfigurationError
from olelo.testing.sim_phone import Habits

STRANGER = "001019999999999"


def first_answer(bed: Bed, place: Place, **options: str) -> Message:
    peer = bed.peer(f"phone{len(bed.peers)}")
    imsi = options.pop("imsi", FIRST_IMSI)
    habits = Habits(username=options.pop("username", ""), first_credentials=options.pop("credentials", "yes") == "yes")
    return Message.parse(
        exchange(peer, place.phone(peer, imsi, usim=place.usim(), habits=habits, **options).register())
    )


# --- whose card it is -------------------------------------------------------------------------------------


def test_an_unknown_card_is_refused_and_costs_no_number(place: Place) -> None:
    bed = place.bed()
    answer = first_answer(bed, place, imsi=STRANGER)
    assert (answer.status, answer.reason) == (403, b"Forbidden - User Unknown")
    assert codes(bed, "maa") == ["-1"]
    assert stat(bed, "unknown_cards") == 1


@pytest.mark.parametrize("state", ["suspended", "lost", "retired"])
def test_a_card_that_is_not_active_is_refused_and_costs_no_number(place: Place, state: str) -> None:
    place.set_state(state)
    bed = place.bed()
    assert first_answer(bed, place).status == 403
    assert (codes(bed, "maa"), stat(bed, "refused_cards"), place.sqn()) == (["-1"], 1, 0)


@pytest.mark.parametrize(
    ("username", "impu"),
    [
        (IMPI, f"sip:{IMPI}"),
        (IMPI.upper(), f"sip:{IMPI}"),
        (FIRST_IMSI, f"sip:{IMPI}"),
        (IMPI, f"sip:{NUMBER}@{HOME}"),
        (IMPI, f"sip:+{NUMBER}@{HOME}"),
        (IMPI, f"sip:+685-700-001@{HOME};user=phone"),
        (IMPI, f"tel:+{NUMBER}"),
        ("", f"sip:+{NUMBER}@{HOME}"),
        ("", f"tel:+{NUMBER}"),
        ("", f"sip:{IMPI}:5060"),
    ],
)
def test_identities_of_a_card(place: Place, username: str, impu: str) -> None:
    bed = place.bed()
    peer = bed.peer("phone")
    habits = Habits(username=username, first_credentials=bool(username))
    phone = place.phone(peer, habits=habits, impu=impu)
    assert register(phone, peer) == 200
    assert place.sqn() == 48


@pytest.mark.parametrize(
    ("username", "impu", "reason"),
    [
        (IMPI, f"sip:{SECOND}@{HOME}", b"Forbidden - Identities Do Not Match"),
        (IMPI, f"sip:+685700002@{HOME}", b"Forbidden - Identities Do Not Match"),
        (IMPI, f"sip:alice@{HOME}", b"Forbidden - Identities Do Not Match"),
        (IMPI, f"sip:{FIRST_IMSI}@elsewhere.example", b"Forbidden - Identities Do Not Match"),
        (f"alice@{HOME}", f"sip:+{NUMBER}@{HOME}", b"Forbidden - Identities Do Not Match"),
        (f"{STRANGER}@{HOME}", f"sip:+{NUMBER}@{HOME}", b"Forbidden - Identities Do Not Match"),
        (f"{FIRST_IMSI}@ims.mnc002.mcc001.3gppnetwork.org", f"sip:alice@{HOME}", b"Forbidden - User Unknown"),
        (f"alice@{HOME}", f"sip:alice@{HOME}", b"Forbidden - User Unknown"),
        ("", f"sip:+999@{HOME}", b"Forbidden - User Unknown"),
    ],
)
def test_identities_that_are_not_the_card_s(place: Place, username: str, impu: str, reason: bytes) -> None:
    bed = place.bed()
    answer = first_answer(bed, place, username=username, impu=impu, credentials="yes" if username else "no")
    assert (answer.status, answer.reason) == (403, reason)
    assert place.sqn() == place.sqn(SECOND) == 0


def test_the_script_may_decide_about_public_identities(place: Place) -> None:
    bed = place.bed('"check_impu", 0')
    peer = bed.peer("phone")
    assert register(place.phone(peer, impu=f"sip:alice@{HOME}"), peer) == 200


def test_a_number_of_two_active_cards_names_neither(place: Place) -> None:
    with place.store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE auc SET msisdn = '{NUMBER}'")
    bed = place.bed()
    assert first_answer(bed, place, impu=f"tel:+{NUMBER}", credentials="no").status == 403
    for imsi in range(2, 6):
        place.set_state("suspended", f"00101000000000{imsi}")
    assert first_answer(bed, place, impu=f"tel:+{NUMBER}", credentials="no").status == 401


def test_without_a_public_identity(place: Place) -> None:
    bed = place.bed()
    peer = bed.peer("phone")
    request = place.phone(peer).register()
    answer = Message.parse(exchange(peer, request.replace(f"To: <sip:{FIRST_IMSI}@".encode(), b"To: <sip:")))
    assert (answer.status, codes(bed)) == (403, ["-5"])


def test_the_user_part_may_answer_where_only_the_public_identity_counts(place: Place) -> None:
    """A phone that knows one user name, its number, and nothing of IMPIs."""
    for parameter, status in (("0", 401), ("1", 200)):
        bed = place.bed(f'"av_check_only_impu", {parameter}')
        peer = bed.peer("phone")
        phone = place.phone(peer, habits=Habits(username=f"+{NUMBER}"), impu=f"sip:+{NUMBER}@{HOME}")
        assert register(phone, peer) == status


# --- password subscribers beside them -----------------------------------------------------------------------

TWO_KINDS = """
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "ims_auth.so"
modparam("ims_auth", "auc_db", "{db}")
modparam("ims_auth", "auc_kek_file", "{kek}")
{params}
request_route {{
    ims_auth_is_sim("{home}");
    $var(code) = $rc;
    xlog("code $var(code) $sim(imsi) $sim(impi) $sim(impu) $sim(msisdn) $sim(state) $sim(batch)\\n");
    sl_send_reply("200", "OK");
}}
"""


def test_the_script_can_tell_sims_from_passwords(place: Place) -> None:
    place.set_state("suspended", SECOND)
    bed = place.bed(config=TWO_KINDS)
    first_answer(bed, place)
    first_answer(bed, place, imsi=SECOND)
    first_answer(bed, place, imsi=STRANGER)
    first_answer(bed, place, username="alice", impu=f"sip:alice@{HOME}")
    first_answer(bed, place, username=f"alice@{HOME}", impu=f"sip:+{NUMBER}@{HOME}")
    shown = f"{FIRST_IMSI} {IMPI} sip:{IMPI} {NUMBER} active first"
    nobody = " ".join(["<null>"] * 6)
    second = f"{SECOND} {SECOND}@{HOME} sip:{SECOND}@{HOME} 685700002 suspended first"
    first_answer(bed, place, username=f"{NUMBER}@example.com", impu=f"sip:{NUMBER}@example.com")
    assert codes(bed) == [f"1 {shown}", f"-2 {second}", f"-1 {nobody}", f"-1 {nobody}", f"1 {shown}", f"-1 {nobody}"]
    module(bed).authority.close()
    first_answer(bed, place)
    assert codes(bed)[-1] == f"-3 {nobody}"


def test_a_card_is_looked_up_once_for_a_request(place: Place) -> None:
    bed = place.bed(top=f'    ims_auth_is_sim("{HOME}");')
    first_answer(bed, place)
    assert module(bed).authority.replies == 2  # one look, one challenge


# --- the challenge ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "sent"),
    [
        ("AKAv1-MD5", b"AKAv1-MD5"),
        ("akav2-md5", b"AKAv2-MD5"),
        ("MD5", b"AKAv1-MD5"),
        ("HSS-Selected", b"AKAv1-MD5"),
        ("$aa", b"AKAv1-MD5"),
    ],
)
def test_a_card_is_always_challenged_with_aka(place: Place, named: str, sent: bytes) -> None:
    assert challenge_in(first_answer(place.bed(algorithm=named), place).raw).algorithm == sent
    bed = place.bed(f'"registration_default_algorithm", "{named}"')
    assert challenge_in(first_answer(bed, place).raw).algorithm == sent


def test_the_qop_offered(place: Place) -> None:
    assert challenge_in(first_answer(place.bed('"registration_qop", "auth-int"'), place).raw).qop == b"auth-int"
    assert challenge_in(first_answer(place.bed('"registration_qop", ""'), place).raw).qop == b""


def test_ck_and_ik_go_to_a_trusted_p_cscf_alone(place: Place) -> None:
    hop = "192.0.2.77"
    for algorithm in ("AKAv1-MD5", "AKAv2-MD5"):
        bed = place.bed('"trusted_pcscf", "192.0.2.64/28, 2001:db8::1"', algorithm=algorithm)
        pcscf, phone = bed.peer("pcscf", (hop, 5060)), bed.peer("phone")
        offer = challenge_in(exchange(pcscf, place.phone(pcscf).register()))
        assert (len(offer.get(b"ck")), len(offer.get(b"ik"))) == (32, 32)
        (held,) = module(bed).held._sent.values()
        derived = algorithm == "AKAv2-MD5"
        assert (offer.get(b"ck") == held.ck.hex().encode()) is not derived
        plain = challenge_in(exchange(phone, place.phone(phone).register()))
        assert not {b"ck", b"ik"} & set(plain.params)
    bed = place.bed()
    nobody = bed.peer("pcscf", (hop, 5060))
    assert b"ck=" not in exchange(nobody, place.phone(nobody).register())


def test_path_goes_back_as_it_came(place: Place) -> None:
    bed = place.bed()
    peer = bed.peer("phone")
    phone = place.phone(peer, habits=Habits(headers=["Path: <sip:pcscf.example;lr>"]))
    assert Message.parse(exchange(peer, phone.register())).named(b"Path") == [b"<sip:pcscf.example;lr>"]


# --- the script around it -----------------------------------------------------------------------------------


def test_codes_for_the_script(place: Place) -> None:
    for top, code in (
        ('ims_www_challenge("CHALLENGED", "");', "-2"),
        ('ims_www_challenge("NOWHERE", "realm");', "-1"),
        ('ims_www_resync_auth("NOWHERE", "realm");', "-1"),
        ('ims_www_resync_auth("RESYNCED", "");', "-2"),
        ('ims_proxy_challenge("NOWHERE", "realm", "AKAv1-MD5");', "-1"),
    ):
        bed = place.bed(top=f'{top} $var(top) = $rc; xlog("top $var(top)\\n");')
        assert first_answer(bed, place).status == 401
        assert codes(bed, "top") == [code]


def test_a_challenge_for_another_method_is_refused(place: Place) -> None:
    top = f'if (method=="MESSAGE") {{ ims_www_challenge("CHALLENGED", "{HOME}"); $var(top) = $rc; xlog("top $var(top)\\n");'
    top += f' ims_www_authenticate("{HOME}"); $var(top) = $rc; xlog("top $var(top)\\n"); exit; }}'
    bed = place.bed(top=top)
    peer = bed.peer("phone")
    peer.send(place.phone(peer).request(method="MESSAGE"))
    assert codes(bed, "top") == ["-2", "-1"]


def test_without_a_route_the_challenge_is_sent_and_the_script_ends(place: Place) -> None:
    bed = place.bed(top=f'ims_www_challenge("", "{HOME}"); xlog("top reached\\n");')
    assert first_answer(bed, place).status == 401
    assert codes(bed, "top") == []


def test_a_missing_route_is_said_by_check(place: Place) -> None:
    bed = place.bed(top='if (method=="NEVER") ims_www_challenge("NOWHERE", "x");')
    assert any("NOWHERE" in each.message for each in bed.diagnostics.found)


def test_what_speaks_of_diameter_is_said_to_have_no_effect(place: Place) -> None:
    bed = place.bed(
        '"name", "sip:scscf.example:6060"', '"cxdx_dest_realm", "example"', '"cxdx_dest_host", "hss"',
        '"cxdx_forced_peer", "hss"', '"av_request_at_once", 1', '"av_request_at_sync", 1', '"auth_data_hash_size", 512',
        '"auth_data_timeout", 60',
    )  # fmt: skip
    said = {each.message for each in bed.diagnostics.found if "without effect" in each.message}
    assert len(said) == 8


@pytest.mark.parametrize("value", ['"auth_vector_timeout", 0', '"max_nonce_reuse", -1', '"trusted_pcscf", "example"'])
def test_bad_parameters(place: Place, value: str) -> None:
    with pytest.raises(ConfigurationError):
        place.bed(value)


# --- the database -------------------------------------------------------------------------------------------


def test_nothing_waits_on_the_packets_thread(place: Place) -> None:
    """While the database works on one challenge, another request is answered."""
    bed = place.bed(top='if (method=="OPTIONS") { sl_send_reply("200", "OK"); exit; }')
    bed.world.thread_time = 1.0
    phone, other = bed.peer("phone"), bed.peer("other")
    phone.send(place.phone(phone).register())
    other.request("OPTIONS", "sip:proxy")
    other.gets(200)
    phone.nothing()
    bed.advance(3)
    phone.gets(401)


@pytest.mark.parametrize(("challenged", "status"), [("exit;", 480), ('t_reply("500", "MAR failed"); exit;', 500)])
def test_a_database_that_does_not_answer(place: Place, challenged: str, status: int) -> None:
    bed = place.bed(challenged=challenged)
    bed.world.thread_time = 20.0
    peer = bed.peer("phone")
    peer.send(place.phone(peer).register())
    bed.advance(4.9)
    peer.nothing()
    bed.advance(0.2)
    peer.gets(status)
    assert (codes(bed, "maa"), stat(bed, "mar_timeouts")) == (["-2"], 1)
    bed.advance(60)
    bed.world.thread_time = 0
    peer.send(place.phone(peer).register())
    peer.gets(401)


def test_a_number_is_not_reserved_for_who_has_given_up(place: Place) -> None:
    bed = place.bed()
    bed.world.thread_time = 1.0
    peer = bed.peer("phone")
    peer.send(place.phone(peer).register())
    bed.world.thread_time = 20.0  # the card is found after a second; its challenge comes too late
    bed.advance(6.5)
    peer.gets(480)
    bed.advance(60)
    assert place.sqn() == 0
    assert len(module(bed).held) == 0
    bed.world.thread_time = 0
    assert register(place.phone(peer), peer) == 200


def test_too_many_requests_are_refused_at_once(place: Place) -> None:
    bed = place.bed()
    bed.world.thread_time = 4.0
    peer = bed.peer("phone")
    for number in range(MAX_WAITING + 1):
        peer.send(place.phone(peer, f"00101000{number:07}", usim=place.usim()).register())
    refused = peer.gets(503)
    assert refused.header("Retry-After") == "5"
    assert stat(bed, "too_many") == 1
    bed.advance(30)
    assert module(bed).authority._offload.waiting > 0  # the thread is still at it, and they still count
    bed.advance(4.0 * MAX_WAITING)
    assert module(bed).authority._offload.waiting == 0


def test_a_database_that_fails(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    bed = place.bed()

    def broken(*_args: object) -> None:
        raise OSError("disk")

    monkeypatch.setattr(module(bed).authority.centre, "challenge", broken)
    assert first_answer(bed, place).status == 480
    assert "the authentication centre's database failed: OSError" in bed.log[-2]
    monkeypatch.undo()
    assert first_answer(bed, place).status == 401  # the card's place was given back


def test_a_record_that_does_not_open_costs_no_number(place: Place) -> None:
    bed = place.bed()
    peer = bed.peer("phone")
    request = place.phone(peer).register()
    with place.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE auc SET sealed_keys = zeroblob(61)")
    assert Message.parse(exchange(peer, request)).status == 480
    assert any("sealed record was changed" in line for line in bed.log)
    assert place.sqn() == 0


def test_without_an_authentication_centre_the_server_runs_and_refuses(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OLELO_AUC_DB", "OLELO_AUC_KEK", "OLELO_AUC_KEK_FILE", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    config = TWO_KINDS.replace('modparam("ims_auth", "auc_db", "{db}")', "").replace(
        'modparam("ims_auth", "auc_kek_file", "{kek}")', ""
    )
    bed = place.bed(config=config.replace("ims_auth_is_sim(", 'ims_www_challenge("", '))
    assert any("nobody can register with a SIM" in line for line in bed.log)
    assert first_answer(bed, place).status == 480


def test_an_authentication_centre_that_was_asked_for_must_open(place: Place) -> None:
    with pytest.raises(OSError, match="no such database"):
        place.bed(config=TWO_KINDS.replace("{db}", "{db}.missing"))
    with pytest.raises(OSError, match="no such file"):
        place.bed(config=TWO_KINDS.replace("{kek}", "{kek}.missing"))


def test_numbers_of_the_statistics(place: Place) -> None:
    bed = place.bed()
    bed.world.thread_time = 0.25
    peer = bed.peer("phone")
    peer.send(place.phone(peer).register())
    bed.advance(2)
    assert (stat(bed, "mar_replies_received"), stat(bed, "mar_avg_response_time")) == (2, 250)
    assert stat(bed, "mar_replies_response_time") == 500


# --- floods -------------------------------------------------------------------------------------------------


def test_a_flood_takes_no_more_numbers_than_a_card_may_have_challenges(place: Place) -> None:
    bed = place.bed('"max_challenges", 4')
    flood = bed.peer("flood")
    replies = [exchange(flood, place.phone(flood).register()) for _ in range(20)]
    nonces = [challenge_in(reply).nonce for reply in replies]
    assert len(set(nonces)) == 4
    assert nonces[4:] == [nonces[3]] * 16
    assert place.sqn() == 4 * 32 + 16
    assert stat(bed, "repeated_challenges") == 16
    bed.advance(61)
    assert challenge_in(exchange(flood, place.phone(flood).register())).nonce not in nonces


def test_a_flood_under_many_spellings_of_a_number_takes_no_memory(place: Place) -> None:
    bed = place.bed('"max_challenges", 1')
    peer = bed.peer("flood")
    spellings = [
        f"sip:+{NUMBER[:at]}-{NUMBER[at:end]}-{NUMBER[end:]}@{HOME}" for at in range(1, 4) for end in range(5, 9)
    ]
    statuses = [Message.parse(exchange(peer, place.phone(peer, impu=impu).register())).status for impu in spellings]
    assert statuses == [401] * 8 + [503] * 4
    (held,) = module(bed).held._sent.values()
    assert len(held.impus) == 8
    phone = place.phone(peer, impu=spellings[0])
    assert register(phone, peer) == 200


def test_a_flood_does_not_lock_the_card_s_holder_out(place: Place) -> None:
    """Not even when it answers all it gets, wrongly."""
    bed = place.bed('"max_challenges", 4')
    flood, peer = bed.peer("flood"), bed.peer("phone")
    bad = place.phone(flood, usim=place.usim(SECOND), habits=Habits(ignores_mac_failure=True))
    for _ in range(3):
        exchange(flood, bad.register())
    requests = [bad.respond(exchange(flood, bad.register())) for _ in range(3)]
    phone = place.phone(peer)
    answer = phone.respond(exchange(peer, phone.register()))
    for request in requests:
        assert request is not None
        assert Message.parse(exchange(flood, request)).status == 403
    assert answer is not None
    assert Message.parse(exchange(peer, answer)).status == 200
    assert phone.resyncs == 0


def test_a_card_whose_challenges_all_died_is_asked_to_wait(place: Place) -> None:
    bed = place.bed('"max_challenges", 2')
    peer = bed.peer("phone")
    bad = place.phone(peer, usim=place.usim(SECOND), habits=Habits(ignores_mac_failure=True))
    assert [register(bad, peer) for _ in range(3)] == [403, 403, 503]
    assert place.sqn() == 2 * 32 + 16
    bed.advance(61)
    assert register(place.phone(peer), peer) == 200


def test_challenges_of_all_cards_are_bounded(place: Place) -> None:
    bed = place.bed('"max_held", 3')
    peer = bed.peer("phone")
    phones = [place.phone(peer, f"00101000000000{number}") for number in range(1, 6)]
    requests = [phone.respond(exchange(peer, phone.register())) for phone in phones]
    assert len(module(bed).held) == 3
    statuses = [Message.parse(exchange(peer, request or b"")).status for request in reversed(requests)]
    assert statuses == [200, 200, 200, 401, 401]


def test_what_is_over_is_forgotten_without_traffic(place: Place) -> None:
    bed = place.bed()
    first_answer(bed, place)
    assert len(module(bed).held) == 1
    bed.advance(71)
    assert len(module(bed).held) == 0


def test_a_configuration_is_checked_without_the_database_library() -> None:
    program = (
        "import sys; from olelo.modules import all_modules; all_modules();"
        "print(sorted({'sqlalchemy', 'cryptography', 'olelo.auc'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_lines_of_the_documentation_are_right() -> None:
    text = (Path(__file__).parents[3] / "docs" / "sim-registration.md").read_text("utf-8")
    start = text.index('    loadmodule "tm.so"')
    lines = [line.removeprefix("    ") for line in text[start : text.index("`examples/", start)].splitlines()]
    modules = "\n".join(f'loadmodule "{name}.so"' for name in ("sl", "pv", "usrloc", "registrar"))
    diag = Diagnostics()
    check_config(
        parse_text("\n".join([lines[0], modules, *lines[1:], "request_route { route(REGISTER); }"]), diag),
        diag,
        all_modules(),
    )
    assert diag.found == []
