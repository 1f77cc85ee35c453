"""Keys that a script brings (ims_auth_data_set), for one request."""

from __future__ import annotations

from dataclasses import dataclass

from olelo.auc import Secret
from olelo.auc.algorithm import Functions
from olelo.auc.errors import KeyFormatError
from olelo.auc.milenage import Milenage
from olelo.auc.scripted import LONGEST
from olelo.modules.ims_auth.identity import Claim
from olelo.modules.ims_auth.subject import ACTIVE, SCRIPTED, Subject


@dataclass(frozen=True, slots=True)
class ScriptKeys:
    """K and OPc of whoever sent the request, for Milenage."""

    k: Secret
    opc: Secret
    amf: bytes

    def functions(self) -> Functions:
        return Milenage().bind(self.k, self.opc)

    def subject(self, claim: Claim) -> Subject | None:
        """The claimed identity as a card of its own: who it may be, the script has decided by giving its keys."""
        user, _, domain = claim.impi.lower().partition("@")
        if not user or len(claim.impi) > LONGEST:
            return None
        return Subject(user, domain or claim.realm, "", ACTIVE, SCRIPTED, True)


def read_keys(key: str, op: str, op_c: str, amf: str) -> ScriptKeys:
    """Keys from hexadecimal text. Raises ValueError; its text tells lengths, never digits."""
    try:
        k = Secret.from_hex(key, sizes=(16,), what="key")
        if op_c:
            opc = Secret.from_hex(op_c, sizes=(16,), what="op_c")
        elif op:
            opc = Milenage().opc(k, Secret.from_hex(op, sizes=(16,), what="op"))
        else:
            raise KeyFormatError("one of op and op_c is needed")
        return ScriptKeys(k, opc, Secret.from_hex(amf or "0000", sizes=(2,), what="amf").reveal())
    except KeyFormatError as error:
        raise ValueError(str(error)) from None
