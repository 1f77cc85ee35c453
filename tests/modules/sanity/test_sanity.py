"""sanity without a network: return codes, answers, and the settings."""

from __future__ import annotations

import pytest
from pv_kit import Desk, request

from olelo.core.module import ModuleError
from olelo.modules.sanity import Sanity
from olelo.modules.sanity.checks import plan, ruri
from olelo.modules.sl import Sl

BAD = request().replace(b"CSeq: 7 INVITE", b"CSeq: 7 BYE")


def desk(**params: int | str) -> Desk:
    return Desk(Sl, Sanity, params={"sanity": list(params.items())})


def test_a_good_request_passes_all_checks() -> None:
    place = desk()
    ctx = place.context(request(uri="sip:alice@example.org"))
    assert place.call(ctx, "sanity_check") == 1
    assert place.call(ctx, "sanity_check", 32767, 15) == 1
    assert place.services.sent == []


@pytest.mark.parametrize(("autodrop", "code"), [(1, 0), (0, -1)])
def test_a_bad_one_is_answered_and_ends_the_script(autodrop: int, code: int) -> None:
    place = desk(autodrop=autodrop)
    assert place.call(place.context(BAD), "sanity_check", 1511) == code
    assert place.services.sent[0][0].startswith(b"SIP/2.0 400 CSeq method does not match request method\r\n")


def test_only_what_the_mask_asks_for_is_checked() -> None:
    place = desk()
    assert place.call(place.context(BAD), "sanity_check", 64) == 1
    assert plan(1 | 2 | 1024, 1, ruri).count(ruri) == 1


@pytest.mark.parametrize("masks", [(0, 7), (32768, 7), (1024, 16), (1024, 0)])
def test_masks_out_of_range_fail(masks: tuple[int, int]) -> None:
    place = desk()
    assert place.call(place.context(request()), "sanity_check", *masks) == -1


def test_an_unknown_extension_is_named_in_the_answer() -> None:
    place = desk(proxy_require="path, gruu")
    ctx = place.context(request(headers="Proxy-Require: path, foo\r\n"))
    assert place.call(ctx, "sanity_check", 512) == 0
    answer = place.services.sent[0][0]
    assert answer.startswith(b"SIP/2.0 420 Bad Proxy Require Extension\r\n")
    assert b"\r\nUnsupported: foo\r\n" in answer


def test_with_noreply_the_script_answers() -> None:
    place = desk(noreply=1)
    ctx = place.context(BAD)
    assert place.call(ctx, "sanity_check", 32) == 0
    assert place.services.sent == []
    assert place.call(ctx, "sanity_reply") == 1
    assert b"CSeq method" in place.services.sent[0][0]
    other = place.context(request())
    assert place.call(other, "sanity_reply") == 1
    assert place.services.sent[1][0].startswith(b"SIP/2.0 500 Server Sanity Failure\r\n")


def test_replies_are_checked_and_never_answered() -> None:
    place = desk()
    reply = b"SIP/2.0 200 OK\r\n" + request().partition(b"\r\n")[2]
    assert place.call(place.context(reply), "sanity_check", 17604, 6) == 1
    assert place.call(place.context(reply), "sanity_check", 32) == 0
    assert place.services.sent == []


def test_it_needs_sl() -> None:
    with pytest.raises(ModuleError, match="needs the module sl"):
        Desk(Sanity)
