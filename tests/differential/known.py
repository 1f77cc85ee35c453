"""Where Olelo differs from Kamailio today, by case: each is an expected failure, and must be taken out when it passes."""

from __future__ import annotations

_GROUPS: dict[str, str] = {
    "Kamailio does not read a CSeq that is folded; RFC 3261 section 7.3.1 allows it": "folded_cseq",
    "for Kamailio a comparison of a URI that cannot be read is true": "unknown_scheme uri_that_is_none",
    "t_cancel_branches(this) cancels this branch alone; Kamailio cancels all": "tm_reply_route_cancels_this_one",
    "an INVITE repeated after its ACK is absorbed (RFC 3261 section 17.2.1); Kamailio answers again": (
        "invite_retransmitted_after_180"
    ),
}
DIFFERS = {name: reason for reason, names in _GROUPS.items() for name in names.split()}
