"""Why a REGISTER is refused: the status, and the words that Kamailio puts into P-Registrar-Error."""

from __future__ import annotations

from typing import Final, NamedTuple


class Reason(NamedTuple):
    status: int
    text: str


FINE: Final = Reason(200, "No problem")
INVALID_CSEQ: Final = Reason(400, "Invalid CSeq number")
AOR_TOO_LONG: Final = Reason(500, "Address Of Record too long")
UNESCAPE: Final = Reason(400, "Error while unescaping username")
AOR_PARSE: Final = Reason(400, "Error while parsing AOR")
INVALID_Q: Final = Reason(400, "Invalid q param in contact")
PARSE: Final = Reason(400, "Message parse error")
PARSE_CONTACT: Final = Reason(400, "Contact parse error")
STAR_EXPIRES: Final = Reason(400, "* used in contact and expires is not zero")
STAR_CONTACT: Final = Reason(400, "* used in contact and more than 1 contact")
TOO_MANY: Final = Reason(503, "Too many registered contacts")
CONTACT_TOO_LONG: Final = Reason(400, "Contact/received too long")
CALLID_TOO_LONG: Final = Reason(400, "Callid too long")
PARSE_PATH: Final = Reason(400, "Path parse error")
PATH_UNSUPPORTED: Final = Reason(420, "No support for found Path indicated")
OUTBOUND_UNSUPPORTED: Final = Reason(421, "No support for Outbound indicated")
OUTBOUND_REQUIRED: Final = Reason(420, "No support for Outbound on server")
OUTBOUND_EDGE: Final = Reason(439, "No support for Outbound on edge proxy")
INVALID_REGID: Final = Reason(400, "Invalid Reg-Id number")
LOW_EXPIRES: Final = Reason(423, "Interval too brief")

STATUS_REASONS: Final = {
    200: b"OK",
    400: b"Bad Request",
    420: b"Bad Extension",
    421: b"Extension Required",
    423: b"Interval Too Brief",
    439: b"First Hop Lacks Outbound Support",
    500: b"Server Internal Error",
    503: b"Service Unavailable",
}


class RegistrarFault(Exception):
    """A REGISTER, or an address of record, is refused for this reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.text)
        self.reason = reason
        #: The address of record was known when this was found: the answer lists its contacts.
        self.lists_contacts = False


class PathRefused(RegistrarFault):
    """A Path that the phone does not support, in strict mode: 420."""

    def __init__(self, path: str) -> None:
        super().__init__(PATH_UNSUPPORTED)
        self.path = path
