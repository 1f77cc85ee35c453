"""A running server whose TCP callee cannot be connected to."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from wire.test_process import OPTIONS, SECONDS, Place
from wire.test_tcp import free_port, full_backlog

pytestmark = pytest.mark.wire

CONFIG = """
debug=-1
children=1
auto_aliases=no
tcp_connect_timeout=1
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "tm.so"
loadmodule "tmx.so"
request_route {
    if ($rU == $null) { sl_send_reply("200", "OK"); exit; }
    t_on_failure("F");
    $du = "sip:127.0.0.1:" + $rU + ";transport=tcp";
    t_relay();
}
failure_route[F] { t_reply("480", "Not there, $T_reply_code"); }
"""


class TcpPlace(Place):
    def command(self, *options: str) -> list[str]:
        words = super().command("-l", f"tcp:127.0.0.1:{self.port}", *options)
        words.remove("-T")
        return words


def test_a_callee_that_is_not_there_and_one_that_does_not_answer(tmp_path: Path) -> None:
    """The one is refused at once, as by Kamailio; of the other its request is told when the connection is given up,
    not when fr_timer ends."""
    place = TcpPlace(tmp_path)
    place.config.write_text(CONFIG)
    assert place.run() == (0, "")
    try:
        with full_backlog() as silent, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.settimeout(SECONDS)  # less than fr_timer
            for number, (port, wanted) in enumerate(((free_port(), b"477 "), (silent, b"480 Not there, 503\r\n"))):
                request = OPTIONS.replace(b"sip:x ", b"sip:%d@127.0.0.1 " % port).replace(b"bK1", b"bK%d" % number)
                phone.sendto(request, ("127.0.0.1", place.port))
                assert phone.recv(2000).startswith(b"SIP/2.0 " + wanted)
    finally:
        os.kill(place.started[0], signal.SIGTERM)
    assert place.gone(place.started[0])
