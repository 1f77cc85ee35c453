"""Why a REGISTER is refused: the status, and the words that Kamailio puts into P-Registrar-Error."""

from __future__ import annotations

from typing import NamedTuple


class Reason(NamedTuple):
    status: int
    text: str


FINE = Reason(200, "No problem")
INVALID_CSEQ = Reason(400, "Invalid CSeq number")
AOR_TOO_LONG = Reason(500, "Address Of Record too long")
UNESCAPE = Reason(400, "Error while unescaping username")
AOR_PARSE = Reason(400, "Error while parsing AOR")
INVALID_Q = Reason(400, "Invalid q param in contact")
PARSE = Reason(400, "Message parse error")
PARSE_CONTACT = Reason(400, "Contact parse error")
STAR_EXPIRES = Reason(400, "* used in contact and expires is not zero")
STAR_CONTACT = Reason(400, "* used in contact and more than 1 contact")
TOO_MANY = Reason(503, "Too many registered contacts")
CONTACT_TOO_LONG = Reason(400, "Contact/received too long")
CALLID_TOO_LONG = Reason(400, "Callid too long")
PARSE_PATH = Reason(400, "Path parse error")
PATH_UNSUPPORTED = Reason(420, "No support for found Path indicated")
OUTBOUND_UNSUPPORTED = Reason(421, "No support for Outbound indicated")
OUTBOUND_REQUIRED = Reason(420, "No support for Outbound on server")
OUTBOUND_EDGE = Reason(439, "No support for Outbound on edge proxy")
INVALID_REGID = Reason(400, "Invalid Reg-Id number")
LOW_EXPIRES = Reason(423, "Interval too brief")

STATUS_REASONS = {
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
