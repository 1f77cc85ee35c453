"""The public test kit: an engine from a configuration text, on a fake network and a fake clock.

See `Bed` for a scenario. What is exported here is stable; the rest of this package is not.
"""

from __future__ import annotations

from olelo.testing.bed import Bed, ConfigurationError
from olelo.testing.digest import answer
from olelo.testing.packets import SDP, describe, reply_to, request
from olelo.testing.peers import Dialog, Packet, Peer
from olelo.testing.world import EPOCH, FakeFuture, FakeServices

__all__ = [
    "EPOCH",
    "SDP",
    "Bed",
    "ConfigurationError",
    "Dialog",
    "FakeFuture",
    "FakeServices",
    "Packet",
    "Peer",
    "answer",
    "describe",
    "reply_to",
    "request",
]
