"""Kamailio's internal error numbers and the answers that `sl_reply_error()` and `t_relay()` make of them."""

from __future__ import annotations

from typing import Final

#: Nothing went wrong, the script itself stopped the packet (onsend_route). 0 means that nothing was tried yet.
E_OK: Final = 1
E_UNSPEC: Final = -1
E_CFG: Final = -6
E_BAD_VIA: Final = -8
E_EXEC: Final = -11
E_TOO_MANY_BRANCHES: Final = -12
E_BAD_TO: Final = -13
E_NO_SOCKET: Final = -7
E_BAD_REQ: Final = -400
E_SEND: Final = -477
E_BAD_ADDRESS: Final = -478
E_BAD_URI: Final = -479
E_BAD_PROTO: Final = -480
E_CANCELED: Final = -487
E_BAD_SERVER: Final = -500
E_ADM_PROHIBITED: Final = -510

# number -> (status, text); the texts are what phones and tests see on the wire.
_ANSWERS: Final = {
    E_SEND: (477, "Unfortunately error on sending to next hop occurred"),
    E_BAD_ADDRESS: (478, "Unresolvable destination"),
    E_BAD_REQ: (400, "Bad Request"),
    E_BAD_URI: (479, "Regretfully, we were not able to process the URI"),
    E_BAD_TO: (400, "Bad To"),
    E_EXEC: (500, "Error in external logic"),
    E_TOO_MANY_BRANCHES: (500, "Forking capacity exceeded"),
    E_CANCELED: (487, "Transaction canceled"),
    E_OK: (500, "No error"),
    0: (500, "No error"),
}


def answer_for(error: int, signature: str) -> tuple[int, bytes]:
    """(status, reason) for an internal error; signature names the layer that answers, "SL" or "TM"."""
    status, text = _ANSWERS.get(error, (500, "I'm terribly sorry, server error occurred"))
    return status, f"{text} ({max(-error, 0)}/{signature})".encode("latin-1")


REASONS: Final = {
    100: b"Trying", 180: b"Ringing", 181: b"Call Is Being Forwarded", 182: b"Queued", 183: b"Session Progress",
    200: b"OK", 202: b"Accepted", 300: b"Multiple Choices", 301: b"Moved Permanently", 302: b"Moved Temporarily",
    305: b"Use Proxy", 380: b"Alternative Service", 400: b"Bad Request", 401: b"Unauthorized",
    402: b"Payment Required", 403: b"Forbidden", 404: b"Not Found", 405: b"Method Not Allowed",
    406: b"Not Acceptable", 407: b"Proxy Authentication Required", 408: b"Request Timeout", 410: b"Gone",
    413: b"Request Entity Too Large", 414: b"Request-URI Too Long", 415: b"Unsupported Media Type",
    416: b"Unsupported URI Scheme", 417: b"Bad Resource-Priority", 420: b"Bad Extension", 421: b"Extension Required",
    423: b"Interval Too Brief", 480: b"Temporarily Unavailable", 481: b"Call/Transaction Does Not Exist",
    482: b"Loop Detected", 483: b"Too Many Hops", 484: b"Address Incomplete", 485: b"Ambiguous", 486: b"Busy Here",
    487: b"Request Terminated", 488: b"Not Acceptable Here", 491: b"Request Pending", 493: b"Undecipherable",
    500: b"Server Internal Error", 501: b"Not Implemented", 502: b"Bad Gateway", 503: b"Service Unavailable",
    504: b"Server Time-out", 505: b"Version Not Supported", 513: b"Message Too Large", 600: b"Busy Everywhere",
    603: b"Decline", 604: b"Does Not Exist Anywhere", 606: b"Not Acceptable",
}  # fmt: skip
