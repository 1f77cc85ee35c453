"""ims_auth: phones that authenticate with their SIM, under Kamailio's names.

`aka` is the arithmetic of RFC 3310 and RFC 4169, `identity` reads who a request claims to be, `subject` finds the card,
`held` keeps the challenges that went out, `authority` asks the authentication centre, `answers` writes what goes back,
`functions` is what a script calls.
"""

from __future__ import annotations

from olelo.modules.ims_auth.functions import ImsAuth

MODULE = ImsAuth

__all__ = ["MODULE", "ImsAuth"]
