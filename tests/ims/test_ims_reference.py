"""Kamailio's ims_auth and Olelo's, asked by the same simulated phones: what differs is listed here, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from differential.servers import kamailio_has
from ims.programs import HOME, Phone, Program
from olelo.sip.message import Message
from olelo.testing.sim_phone import Habits

pytestmark = [
    pytest.mark.reference,
    pytest.mark.wire,
    pytest.mark.skipif(
        not kamailio_has("ims_auth"), reason="Kamailio's ims_auth is not installed: nothing to compare with"
    ),
]
Steps = Callable[[Program, int], list[Phone]]
STEPS: dict[str, Steps] = {}


def step(steps: Steps) -> Steps:
    STEPS[steps.__name__] = steps
    return steps


@step
def first_time_and_again(program: Program, card: int) -> list[Phone]:
    phone = program.phone(card)
    phone.register()
    phone.register()
    return [phone]


@step
def without_credentials_at_first(program: Program, card: int) -> list[Phone]:
    phone = program.phone(card, habits=Habits(first_credentials=False))
    phone.register()
    return [phone]


@step
def a_usim_ahead_base64(program: Program, card: int) -> list[Phone]:
    usim = program.usim(card)
    usim.slots[16] = 4000
    phone = program.phone(card, usim=usim)
    phone.register()
    return [phone]


@step
def a_wrong_k(program: Program, card: int) -> list[Phone]:
    phone = program.phone(card, usim=program.usim(card + 1))
    phone.register()
    return [phone]


@step
def a_wrong_answer(program: Program, card: int) -> list[Phone]:
    phone = program.phone(card, usim=program.usim(card + 1), habits=Habits(ignores_mac_failure=True))
    phone.register()
    return [phone]


@step
def answered_as_md5(program: Program, card: int) -> list[Phone]:
    phone = program.phone(card, habits=Habits(answer_as="MD5"))
    phone.register()
    return [phone]


@step
def answered_without_qop(program: Program, card: int) -> list[Phone]:
    phone = program.phone(card, habits=Habits(qop=""))
    phone.register()
    return [phone]


@step
def a_folded_header(program: Program, card: int) -> list[Phone]:
    phone = program.phone(card, habits=Habits(fold=True))
    phone.register()
    return [phone]


@step
def an_answer_again(program: Program, card: int) -> list[Phone]:
    phone, thief = program.phone(card), program.phone(card)
    request = phone.sim.respond(phone.send(phone.sim.register()))
    assert request is not None
    phone.send(request)
    thief.send(request.replace(b"z9hG4bK", b"z9hG4bKagain").replace(b"Call-ID: ", b"Call-ID: again"))
    return [phone, thief]


@step
def a_nonce_that_was_never_sent(program: Program, card: int) -> list[Phone]:
    phone = program.phone(card)
    request = phone.sim.respond(phone.send(phone.sim.register()))
    assert request is not None
    phone.send(request.replace(phone.sim.challenges[-1].encode(), b"A" * 43 + b"="))
    return [phone]


@step
def the_answer_of_another_card(program: Program, card: int) -> list[Phone]:
    one, other = program.phone(card), program.phone(card + 1)
    other.send(other.sim.register())
    answer = one.sim.respond(one.send(one.sim.register()))
    assert answer is not None
    other.send(answer.replace(one.sim.imsi.encode(), other.sim.imsi.encode()))
    return [one, other]


@step
def a_card_that_is_unknown(program: Program, card: int) -> list[Phone]:
    phone = program.phone(card)
    phone.sim.impi, phone.sim.impu = f"999999999999999@{HOME}", f"sip:999999999999999@{HOME}"
    phone.register()
    return [phone]


@step
def another_realm_in_the_credentials(program: Program, card: int) -> list[Phone]:
    phone = program.phone(card)
    request = phone.sim.respond(phone.send(phone.sim.register()))
    assert request is not None
    phone.send(request.replace(f'realm="{HOME}"'.encode(), b'realm="elsewhere"'))
    return [phone]


@step
def two_challenges_at_once(program: Program, card: int) -> list[Phone]:
    usim = program.usim(card)
    one, two = program.phone(card, usim=usim), program.phone(card, usim=usim)
    first, second = one.send(one.sim.register()), two.send(two.sim.register())
    for phone, challenge in ((one, first), (two, second)):
        answer = phone.sim.respond(challenge)
        assert answer is not None
        phone.send(answer)
    return [one, two]


@step
def an_unlucky_resynchronisation(program: Program, card: int) -> list[Phone]:
    usim = program.usim(card)
    usim.slots[16] = 4000
    phone = program.phone(card, usim=usim)
    request = phone.sim.respond(phone.send(phone.sim.register()))
    assert request is not None
    assert b"auts=" in request
    at = request.index(b'auts="') + 6
    broken = request[:at] + (b"B" if request[at : at + 1] == b"A" else b"A") + request[at + 1 :]
    phone.send(broken)
    return [phone]


@step
def a_call_is_challenged(program: Program, card: int) -> list[Phone]:
    phone = program.phone(card)
    challenge = Message.parse(phone.send(phone.sim.request(method="MESSAGE")))
    line = phone.sim.answer(challenge)
    assert line is not None
    phone.send(phone.sim.request(line, method="MESSAGE"))
    return [phone]


DIFFERS = {
    "a_call_is_challenged": "Authentication-Info answers Authorization (RFC 7615); Kamailio sends it for a proxy's, too",
    "a_wrong_k": "a SIM that finds our MAC wrong has other keys: it is refused; Kamailio challenges it again and again",
    "answered_as_md5": "an answer that says MD5 is refused; Kamailio lets it in",
    "answered_without_qop": "without qop there is no Authentication-Info; Kamailio sends one with empty values",
    "the_answer_of_another_card": "-8, another user; Kamailio finds the nonce not to be that user's (-1)",
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, Program]]:
    made = []
    try:
        for kind in ("kamailio", "olelo"):
            made.append(Program(kind, tmp_path_factory.mktemp(kind), ""))
        yield made[0], made[1]
    finally:
        for each in made:
            each.close()


@pytest.mark.parametrize(
    ("number", "name"),
    [
        pytest.param(
            i, name, id=name, marks=[pytest.mark.xfail(strict=True, reason=DIFFERS[name])] if name in DIFFERS else []
        )
        for i, name in enumerate(STEPS)
    ],
)
def test_the_same_answers(programs: tuple[Program, Program], number: int, name: str, tmp_path: Path) -> None:
    ladders = []
    for program in programs:
        try:
            phones = STEPS[name](program, 1 + 2 * number)
            ladders.append([line for phone in phones for line in phone.seen])
        except TimeoutError:
            ladders.append(["no answer"])
    assert "\n".join(ladders[1]) == "\n".join(ladders[0])
