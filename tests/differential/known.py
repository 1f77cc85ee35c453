"""Where Olelo differs from Kamailio today, by case: each is an expected failure, and must be taken out when it passes."""

from __future__ import annotations

_GROUPS: dict[str, str] = {
    "net/tcp: the answer to a keepalive is sent before the replies to the messages read before it": (
        "tcp_in_pieces_and_pipelined"
    ),
    "tm: a retransmitted INVITE gets the final reply again even after its ACK": ("invite_retransmitted_after_180"),
    "tm: when a branch_route drops a branch, the error is E_CFG (6) and sl_reply_error() goes first, then the transaction's 500": (
        "branch_route_drops_the_only_branch branch_route_drops_one_of_two"
    ),
    "core: uri==myself holds for a URI without a host (another scheme, or 'sip:'), with $rU null; Olelo goes on and answers 479": (
        "unknown_scheme uri_that_is_none"
    ),
    "core: a CSeq folded between number and method is a parse error and the request is dropped": ("folded_cseq"),
    "core: a first line with another version than SIP/2.0 is dropped by the parser": ("bad_version sanity_version"),
}
DIFFERS = {name: reason for reason, names in _GROUPS.items() for name in names.split()}
