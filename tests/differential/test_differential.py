"""The same packets to Kamailio and to Olelo: whatever comes back, in order, at every party, is the same."""

from __future__ import annotations

import os
from itertools import groupby
from pathlib import Path

import pytest

from differential import (  # noqa: F401  (each file registers its cases)
    cases_articles,
    cases_auth,
    cases_calls,
    cases_dialogs,
    cases_forking,
    cases_ipv6,
    cases_register,
    cases_registrar,
    cases_script,
    cases_tm,
    cases_tm_modes,
    cases_tm_more,
    cases_tm_replies,
    cases_tm_timers,
    cases_wire,
)
from differential.known import DIFFERS
from differential.ladder import difference
from differential.play import CASES, Case, Played, play_all
from differential.servers import kamailio_has, kamailio_is_here

pytestmark = [
    pytest.mark.reference,
    pytest.mark.wire,
    pytest.mark.skipif(not kamailio_is_here(), reason="kamailio is not installed: nothing to compare with"),
]
#: What is compared with Kamailio; DIFFERENTIAL_AGAINST=kamailio shows whether a case itself is stable.
AGAINST = os.environ.get("DIFFERENTIAL_AGAINST", "olelo")
Results = dict[str, tuple[Played, Played]]


@pytest.fixture(scope="session")
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Every chosen case, played against both servers; one server of each kind per configuration."""
    chosen = {
        item.callspec.params["one"]
        for item in request.session.items
        if hasattr(item, "callspec") and "one" in item.callspec.params
    }
    by_config = sorted((one for one in chosen if isinstance(one, Case)), key=lambda one: (str(one.config), one.name))
    results: Results = {}
    for config, group in groupby(by_config, key=lambda one: one.config):
        same = list(group)
        sides = []
        for number, kind in enumerate(("kamailio", AGAINST)):
            folder: Path = tmp_path_factory.mktemp(f"{config.stem}-{number}")
            sides.append(play_all(same, kind, config, folder))
        results |= {one.name: (sides[0][one.name], sides[1][one.name]) for one in same}
    return results


def _marks(one: Case) -> list[pytest.MarkDecorator]:
    marks = []
    if one.config.stem.startswith("auth") and not kamailio_has("db_sqlite"):
        marks.append(pytest.mark.skip(reason="Kamailio's db_sqlite is not installed: nothing to compare with"))
    if one.name in DIFFERS and AGAINST == "olelo":
        marks.append(pytest.mark.xfail(strict=True, reason=DIFFERS[one.name]))
    return marks


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(
            one,
            id=one.name,
            marks=_marks(one),
        )
        for one in CASES
    ],
)
def test_same_ladder(one: Case, played: Results) -> None:
    kamailio, other = played[one.name]
    assert not kamailio.broken, kamailio.broken
    assert kamailio.complete, "the case waits for what Kamailio does not send:\n" + "\n".join(kamailio.lines)
    if other.broken:
        pytest.fail(other.broken, pytrace=False)
    if changed := difference(kamailio.lines, other.lines):
        pytest.fail(changed, pytrace=False)


def test_case_names_are_unique() -> None:
    names = [one.name for one in CASES]
    assert sorted(set(names)) == sorted(names)


def test_known_differences_name_cases() -> None:
    assert set(DIFFERS) <= {one.name for one in CASES}
