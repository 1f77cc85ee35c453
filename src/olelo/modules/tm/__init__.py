"""tm: stateful processing of SIP (RFC 3261 sections 16 and 17), under Kamailio's names.

`params` the settings, `relay` requests on their way out, `answers` replies on their way back, `uac` requests of our
own, `commands` what operators ask. The machines themselves are in `olelo.transaction`.
"""

from __future__ import annotations

from olelo.modules.tm.functions import Tm

MODULE = Tm

__all__ = ["MODULE", "Tm"]
