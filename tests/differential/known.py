"""Where Olelo differs from Kamailio today, by case: each is an expected failure, and must be taken out when it passes."""

from __future__ import annotations

_GROUPS: dict[str, str] = {
    "Kamailio does not read a CSeq that is folded; RFC 3261 section 7.3.1 allows it": "folded_cseq",
    "for Kamailio a comparison of a URI that cannot be read is true": "unknown_scheme uri_that_is_none",
    "t_cancel_branches(this) cancels this branch alone; Kamailio cancels all": "tm_reply_route_cancels_this_one",
    "the flags of t_relay_to() as its only argument count, as Kamailio's page says": "relay_to_with_flags",
    "a display name that t_uac_send() is given goes into From, as in later releases": "uac_with_everything_given",
    "a TCP connection that is refused is noticed when fr_timer ends, not at once": (
        "udp_caller_and_a_tcp_callee_that_is_not_there"
    ),
    "an INVITE repeated after its ACK is absorbed (RFC 3261 section 17.2.1); Kamailio answers again": (
        "invite_retransmitted_after_180"
    ),
}
DIFFERS = {name: reason for reason, names in _GROUPS.items() for name in names.split()}
