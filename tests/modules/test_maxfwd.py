"""maxfwd: what happens to Max-Forwards."""

from __future__ import annotations

import pytest

from olelo.testing import Bed

CONFIG = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "maxfwd.so"
{params}
request_route {{ {script} append_hf("X-Rc: $rc\\r\\n"); $du = "sip:192.0.2.2"; forward(); }}
"""


def after(script: str, value: int | None, params: str = "") -> tuple[str, str]:
    net = Bed(CONFIG.format(script=script, params=params))
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", "sip:bob@example.org", max_forwards=value)
    packet = bob.gets("OPTIONS")
    return packet.header("Max-Forwards"), packet.header("X-Rc")


@pytest.mark.parametrize(
    ("value", "left", "code"),
    [(None, "10", "2"), (0, "0", "-1"), (1, "0", "1"), (70, "69", "1"), (200, "70", "1"), (99999, "99999", "-2")],
)
def test_it_is_added_or_lowered(value: int | None, left: str, code: str) -> None:
    assert after('mf_process_maxfwd_header("10");', value) == (left, code)


def test_the_limit_is_a_parameter() -> None:
    assert after('mf_process_maxfwd_header("10");', 200, 'modparam("maxfwd", "max_limit", 30)') == ("30", "1")


def test_each_call_lowers_it() -> None:
    assert after('mf_process_maxfwd_header("10"); maxfwd_process("10");', 5) == ("3", "1")


@pytest.mark.parametrize(("value", "code"), [(None, "-2"), (9, "1"), (10, "-1"), (99999, "-3")])
def test_it_is_compared(value: int | None, code: str) -> None:
    assert after('is_maxfwd_lt("10");', value)[1] == code
