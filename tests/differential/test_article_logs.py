"""The first steps of the tutorial are seen in the log: the same request makes both servers write the same lines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from differential.peers import Peer
from differential.play import ARTICLES
from differential.servers import Server, kamailio_is_here

pytestmark = [
    pytest.mark.reference,
    pytest.mark.wire,
    pytest.mark.skipif(not kamailio_is_here(), reason="kamailio is not installed: nothing to compare with"),
]
_SAID = re.compile(r"(?:I got a message|Hello, I am in|Now I am in|Back in|No idea how)[^\r\n]*")


def said(kind: str, name: str, folder: Path) -> list[str]:
    """What the script logged for two OPTIONS; when the second is answered, the lines of the first are complete."""
    server = Server(kind, ARTICLES / f"{name}.cfg", folder)
    peer = Peer("alice", "log", server.port)
    try:
        for number in (1, 2):
            peer.request("OPTIONS", f"sip:101@127.0.0.1:{server.port}", cseq=number)
            peer.expect(501)
    finally:
        peer.close()
        server.stop()
    return _SAID.findall(server.log.read_text("latin-1"))


@pytest.mark.parametrize(
    ("name", "lines"), [("02-501", 1), ("04-route-501", 3), ("05-route-501-exit", 2), ("08-404", 1)]
)
def test_the_same_lines_are_logged(name: str, lines: int, tmp_path: Path) -> None:
    kamailio = said("kamailio", name, tmp_path)[: lines + 1]
    assert kamailio[0] == kamailio[lines]
    assert len(set(kamailio)) == lines
    assert said("olelo", name, tmp_path)[: lines + 1] == kamailio
