"""auth: digest authentication (RFC 7616, RFC 3261 section 22), without a word on where passwords are kept.

`nonce` makes nonces and checks those that come back, `spent` remembers which were used, `credentials` finds the header
that answers for a realm, `functions` is what a script calls and what other modules build on (auth_db).
"""

from __future__ import annotations

from olelo.modules.auth.functions import Auth

MODULE = Auth

__all__ = ["MODULE", "Auth"]
