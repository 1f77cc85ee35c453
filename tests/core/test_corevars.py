"""Variables of the core: $null, $rc, $env, $def."""

from __future__ import annotations

import pytest
from pv_kit import Desk, request

from olelo.core.corevars import core_variables


def test_core_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLELO_TEXT", "words")
    monkeypatch.setenv("OLELO_NUMBER", "42")
    monkeypatch.delenv("OLELO_NONE", raising=False)
    desk = Desk()
    desk.engine.defines = {"PORT": "5060", "WITH_NAT": None, "NAME": '"quoted"'}
    ctx = desk.context(request())
    ctx.rc = -3
    assert desk.text(ctx, "$rc $retcode $? $null $env(OLELO_TEXT) $envn(OLELO_NUMBER) $env(OLELO_NONE)") == (
        "-3 -3 -3 <null> words 42 <null>"
    )
    assert desk.text(ctx, "$def(PORT) $defn(PORT) $defn(NONE) $def(WITH_NAT) $defv(NAME) $def(NONE)") == (
        "5060 5060 0 <null> quoted <null>"
    )
    assert desk.get(ctx, "$envn(OLELO_TEXT)") == 0
    assert desk.ref("$null").set is None
    assert desk.get(ctx, "$null") is None
    assert desk.get(ctx, "$iuid") != desk.get(ctx, "$iuid")


def test_they_are_there_without_an_engine() -> None:
    names = {spec.name for spec in core_variables(None)}
    assert {"null", "rc", "retcode", "?", "env", "envn", "def", "defn"} <= names
