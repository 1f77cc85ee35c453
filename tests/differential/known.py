"""Where Olelo differs from Kamailio today, by case: each is an expected failure, and must be taken out when it passes."""

from __future__ import annotations

_GROUPS: dict[str, str] = {
    "tm: a local CANCEL, and the ACK of a failed branch, keep the order of the INVITE's headers (tm's reparse_invite)": (
        "a_second_final_is_ignored append_branch_adds_a_destination boilerplate_busy boilerplate_cancel "
        "boilerplate_malformed_reply_is_dropped boilerplate_no_answer branch_route_changes_both_users busy "
        "busy_retransmitted_by_the_callee busy_without_ack_is_retransmitted cancel_after_180 "
        "cancel_before_180 cancel_crosses_200 cancel_retransmitted challenged_by_the_callee "
        "changes_applied_before_the_next_look failure_route_that_does_nothing fork_3xx_and_4xx "
        "fork_5xx_and_4xx fork_6xx_ends_it fork_late_2xx_after_cancel fork_one_silent_one_busy "
        "fork_three_and_the_best_failure fork_three_and_the_last_wins fork_two_and_the_first_wins "
        "fork_two_challenges invite_retransmitted_before_180 onreply_route_changes_the_status prack "
        "redirect_followed_by_the_script redirected_by_the_callee reinvite_from_both_sides "
        "reply_from_a_failure_route rings_and_nobody_answers serial_forking_after_a_dead_one "
        "serial_forking_after_busy serial_forking_after_no_answer serial_forking_and_both_fail "
        "serial_forking_cancelled_at_the_second serial_forking_not_for_404"
    ),
    "net/tcp: with uvloop, connection_made() asserts asyncio.Transport, which UVTransport is not; no connection works": (
        "register_over_tcp call_over_tcp call_from_tcp_to_udp tcp_keepalive_double_crlf"
    ),
    "net/tcp: as above; besides, the answer to a keepalive is sent before the replies to the messages read before it": (
        "tcp_in_pieces_and_pipelined"
    ),
    "tm: of two branches that failed with the same code the first branch's reply goes back, not the last one's": (
        "fork_two_all_busy fork_cancelled_by_the_caller branch_route_edits_each_branch"
    ),
    "tm: a retransmitted INVITE gets the final reply again even after its ACK": ("invite_retransmitted_after_180"),
    "tm: t_check_trans() ends the script (or is false) for the ACK of a 2xx of a transaction; Olelo relays the ACK": (
        "ack_of_a_2xx_without_routes"
    ),
    "tm: a 487 made after CANCEL says 'Request Terminated' and has the To tag of the 200 for the CANCEL": (
        "cancel_and_callee_is_silent"
    ),
    "tm: a 503 becomes '500 Service Unavailable', not '500 Server Internal Error'": ("callee_says_503"),
    "tm: when a branch_route drops a branch, the error is E_CFG (6) and sl_reply_error() goes first, then the transaction's 500": (
        "branch_route_drops_the_only_branch branch_route_drops_one_of_two"
    ),
    "tm: a destination whose scheme cannot be resolved (tel:) fails with 478 Unresolvable destination, not 479": (
        "tel_uri"
    ),
    "core: uri==myself holds for a URI without a host (another scheme, or 'sip:'), with $rU null; Olelo goes on and answers 479": (
        "unknown_scheme uri_that_is_none"
    ),
    "registrar: an Expires that is not a number counts as the default, not as an error (and two replies were sent)": (
        "register_bad_expires"
    ),
    "maxfwd: the header that is added is spelled 'Max-Forwards', not 'MAX-FORWARDS'": ("max_forwards_absent"),
    "core: a CSeq folded between number and method is a parse error and the request is dropped": ("folded_cseq"),
    "core: a folded Via is unfolded, and gets neither received nor the rport value": ("folded_from_and_via"),
    "core: a first line with another version than SIP/2.0 is dropped by the parser": ("bad_version sanity_version"),
}
DIFFERS = {name: reason for reason, names in _GROUPS.items() for name in names.split()}
