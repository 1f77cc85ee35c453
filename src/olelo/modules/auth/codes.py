"""Return codes of the functions that authenticate, the same in every module that does."""

from __future__ import annotations

from typing import Final

OK: Final = 1
ERROR: Final = -1
INVALID_PASSWORD: Final = -2
USER_UNKNOWN: Final = -3
STALE_NONCE: Final = -4
NO_CREDENTIALS: Final = -5
NONCE_REUSED: Final = -6
USER_MISMATCH: Final = -8
