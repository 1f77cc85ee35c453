"""A contact as `ul.dump` and `ul.lookup` show it: Kamailio's fields in Kamailio's order."""

from __future__ import annotations

from olelo.modules.usrloc.store import DELETED, Contact

_NOT_SET = "[not set]"


def contact_fields(contact: Contact, now: int) -> dict[str, object]:
    """The reply's struct for one contact; `now` in seconds since the epoch."""
    expires: object
    if contact.expires == 0:
        expires = "permanent"
    elif contact.expires == DELETED:
        expires = "deleted"
    elif now > contact.expires:
        expires = "expired"
    else:
        expires = contact.expires - now
    return {
        "Address": contact.uri,
        "Expires": expires,
        "Q": contact.q / 1000 if contact.q >= 0 else -1,
        "Call-ID": contact.callid,
        "CSeq": contact.cseq,
        "User-Agent": contact.user_agent or _NOT_SET,
        "Received": contact.received or _NOT_SET,
        "Path": contact.path or _NOT_SET,
        "State": contact.state,
        "Flags": contact.flags,
        "CFlags": contact.cflags,
        "Socket": contact.socket or _NOT_SET,
        "Methods": contact.methods,
        "Ruid": contact.ruid or _NOT_SET,
        "Instance": contact.instance or _NOT_SET,
        "Reg-Id": contact.reg_id,
        "Server-Id": contact.server_id,
        "Tcpconn-Id": contact.tcpconn_id,
        "Keepalive": contact.keepalive,
        "Last-Keepalive": contact.last_keepalive,
        "KA-Roundtrip": contact.ka_roundtrip,
        "Last-Modified": contact.last_modified,
    }
