"""Which server transaction a request belongs to (RFC 3261 section 17.2.3).

With the magic cookie in the topmost Via's branch, the key is branch, sent-by and the kind of method. Without it the
sender follows RFC 2543 and the key is made of the header fields that section 17.2.3 lists. The To tag is left out of
that key: an ACK carries the tag of the response and not the tag of the INVITE, a CANCEL of a broken peer carries
either, and no two requests of one sender differ in their To tag alone.

The method stands at the end. An ACK has the key of its INVITE; a CANCEL has one of its own, and `cancel=True` gives
the key of what it cancels.
"""

from __future__ import annotations

from typing import Final

from olelo.sip.message import Message

MAGIC_COOKIE: Final = b"z9hG4bK"

_DEFAULT_PORT: Final = {b"TLS": 5061, b"WSS": 443, b"WS": 80}


def key_of_request(msg: Message, cancel: bool = False, ruri_matching: bool = True, via1_matching: bool = True) -> bytes:
    """Return the server transaction's key of a request.

    Args:
        msg: The request.
        cancel: Return the key of the INVITE that this CANCEL is about.
        ruri_matching: RFC 2543 only: compare the Request-URI.
        via1_matching: RFC 2543 only: compare the topmost Via.

    Raises `MalformedHeader` when Via, From or CSeq cannot be parsed.
    """
    if not cancel and ruri_matching and via1_matching:
        # Asked for by the look-up, by the opening of a transaction, and again by the next look-up.
        if msg.transaction_key is None:
            msg.transaction_key = _key(msg, False, ruri_matching, via1_matching)
        return msg.transaction_key
    return _key(msg, cancel, ruri_matching, via1_matching)


def _key(msg: Message, cancel: bool, ruri_matching: bool, via1_matching: bool) -> bytes:
    method = msg.method
    if cancel or method == "ACK":
        method = "INVITE"
    via = msg.via
    branch = via.branch
    if branch.startswith(MAGIC_COOKIE) and len(branch) > 7:
        port = via.port or _DEFAULT_PORT.get(via.transport, 5060)
        return b"%b|%b:%d|%b" % (branch, via.host.lower(), port, method.encode("latin-1"))
    return b"\n".join(
        (
            b"2543",
            msg.call_id,
            b"%d" % msg.cseq.number,
            msg.from_.tag,
            msg.ruri if ruri_matching else b"",
            via.raw if via1_matching else b"",
            method.encode("latin-1"),
        )
    )


def cancel_key(key: bytes) -> bytes:
    """Return the key that the CANCEL of an INVITE with this key has."""
    return key[: -len(b"INVITE")] + b"CANCEL"


def key_of_dialog(msg: Message, to_tag: bytes) -> bytes:
    """Return the key by which the ACK for a 2xx that was made here finds its INVITE (RFC 3261 section 13.2.2.4).

    Such an ACK has a branch of its own; Call-ID, CSeq number and both tags are those of the INVITE and its response.
    """
    return b"\n".join((msg.call_id, b"%d" % msg.cseq.number, msg.from_.tag, to_tag))
