"""Servers of one cluster, Kamailio and Olelo with the same `secret`: each takes the other's nonces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from differential.cases_auth import Login, asked, credentials, do
from differential.play import HERE, Scene
from differential.servers import Server, kamailio_has, kamailio_is_here

pytestmark = [
    pytest.mark.reference,
    pytest.mark.wire,
    pytest.mark.skipif(not kamailio_is_here(), reason="kamailio is not installed: nothing to compare with"),
    pytest.mark.skipif(not kamailio_has("db_sqlite"), reason="Kamailio's db_sqlite is not installed"),
]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    made: dict[str, Server] = {}
    try:
        for kind in ("kamailio", "olelo"):
            made[kind] = Server(kind, HERE / "configs" / "auth-bound.cfg", tmp_path_factory.mktemp(kind))
        yield made
    finally:
        for server in made.values():
            server.stop()


@pytest.mark.parametrize(("asks", "answered"), [("kamailio", "olelo"), ("olelo", "kamailio")])
@pytest.mark.parametrize(("password", "status"), [("secret", 200), ("wrong", 401)])
def test_a_nonce_of_one_is_taken_by_the_other(
    pair: dict[str, Server], asks: str, answered: str, password: str, status: int, tmp_path: Path
) -> None:
    scene = Scene(f"nonce-{asks}-{password}", pair[asks].port, pair[asks].ctl)
    login = Login(scene, do("check"))
    try:
        login.send()
        challenge = asked(login.phone.expect(401))
        login.phone.server = pair[answered].port
        login.send(("Authorization", credentials(challenge, "alice", password, "REGISTER", login.uri)))
        reply = login.phone.expect(status)
        assert reply.get("X-RC") == ("1" if status == 200 else "-2")
    finally:
        login.phone.close()
