"""Methods as bits, Kamailio's numbers."""

from __future__ import annotations

from typing import Final

#: Bits of methods, Kamailio's numbers (ul.dump shows them, the location table stores them).
METHODS: Final = {
    "INVITE": 1, "CANCEL": 2, "ACK": 4, "BYE": 8, "INFO": 16, "REGISTER": 32, "SUBSCRIBE": 64, "NOTIFY": 128,
    "MESSAGE": 256, "OPTIONS": 512, "PRACK": 1024, "UPDATE": 2048, "REFER": 4096, "PUBLISH": 8192,
}  # fmt: skip
OTHER_METHOD: Final = 524288
