"""Module pv: the pseudo-variables ($ru, $avp(x), $hdr(X) ..) and functions about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from olelo.modules.pv.addresses import AddressVariables
from olelo.modules.pv.branches import BranchVariables
from olelo.modules.pv.clock import ClockVariables
from olelo.modules.pv.credentials import CredentialVariables
from olelo.modules.pv.flags import FlagVariables
from olelo.modules.pv.functions import ValueFunctions, XavpFunctions
from olelo.modules.pv.headers import HeaderVariables
from olelo.modules.pv.message import MessageVariables
from olelo.modules.pv.parties import PartyVariables
from olelo.modules.pv.scriptvars import ScriptVariables
from olelo.modules.pv.uris import UriVariables
from olelo.modules.pv.xavps import XavpVariables

if TYPE_CHECKING:
    from olelo.core.engine import Engine


class Pv(
    UriVariables,
    PartyVariables,
    HeaderVariables,
    MessageVariables,
    AddressVariables,
    CredentialVariables,
    BranchVariables,
    FlagVariables,
    ClockVariables,
    ScriptVariables,
    XavpVariables,
    ValueFunctions,
    XavpFunctions,
):
    """Pseudo-variables and functions about them; the declarations stand in one class per subject."""

    name = "pv"

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.shared = {}
        self.first_values = {}
        self.aliases = {}


MODULE = Pv
