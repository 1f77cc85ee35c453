"""Where Olelo differs from Kamailio today, by case: each is an expected failure, and must be taken out when it passes."""

from __future__ import annotations

_GROUPS: dict[str, str] = {
    "with qop auth-int the body counts (RFC 7616 section 3.4.3); Kamailio lets no right answer in": "auth_int_without_a_body",
    "a nonce that is no base64 is not ours (-1); Kamailio decodes it to something and finds that too old (-4)": (
        "auth_credentials_with_nonce_that_is_no_base64"
    ),
    "Kamailio does not read a CSeq that is folded; RFC 3261 section 7.3.1 allows it": "folded_cseq",
    "Kamailio keeps the address of a contact that it knows again by its Call-ID alone: calls go where the phone was": (
        "one_call_id_is_one_contact"
    ),
    "what is refused with 420 is not kept; Kamailio saves the contact and answers 420": "outbound_path_without_support",
    "outbound_mode 2 refuses a REGISTER without Supported, too; Kamailio looks only where there is one": (
        "outbound_is_a_must_without_supported"
    ),
    "of a parameter that is given twice the first counts; Kamailio takes the last": (
        "contact_with_the_same_param_twice"
    ),
    "a bad reg-id is answered with 400; Kamailio drops the contact and answers 200": (
        "refused_contact_with_bad_reg_id refused_contact_with_reg_id_zero"
    ),
    "after a change of q, too, the highest stands first; Kamailio then sorts the other way round": (
        "fourth_contact_is_one_too_many q_from_last_to_first q_from_last_to_middle"
    ),
    "for Kamailio a comparison of a URI that cannot be read is true": (
        "unknown_scheme uri_that_is_none shape_ruri_in_brackets shape_ruri_with_an_empty_user shape_ruri_with_port_too_high"
        " shape_ruri_with_two_ats"
    ),
    "names of methods are told apart by case (RFC 3261 section 7.1); for Kamailio invite is INVITE": "method_in_lower_case",
    "all that RFC 3261 section 25.1 allows in a header's name is taken; Kamailio drops some of it": (
        "shape_header_name_with_odd_letters"
    ),
    "a proxy need not understand what it does not use (RFC 3261 section 16.3), sanity_check() is there for that; Kamailio drops it": (
        "shape_from_unclosed shape_from_empty shape_to_unclosed shape_to_empty shape_cseq_without_method shape_cseq_with_rest"
        " shape_content_length_negative shape_content_length_in_words shape_content_length_twice_in_one"
        " shape_content_length_huge shape_via_of_an_unknown_transport shape_via_with_a_comment"
    ),
    "a quoted name may be folded (RFC 3261 section 7.3.1); Kamailio drops it": "shape_to_with_folded_name",
    "a first line with a space too much is dropped (RFC 3261 section 7.1); Kamailio lets it pass": (
        "shape_first_line_with_trailing_space shape_first_line_with_leading_space"
    ),
    "headers without end are no message and are not answered; Kamailio answers 500": "shape_no_empty_line",
    "a status line without reason and space is taken; Kamailio drops it": "reply_without_reason_and_space",
    "there is no status above 699 (RFC 3261 section 7.2); Kamailio passes it on": "reply_of_status_700",
    "t_cancel_branches(this) cancels this branch alone; Kamailio cancels all": "tm_reply_route_cancels_this_one",
    "the flags of t_relay_to() as its only argument count, as Kamailio's page says": "relay_to_with_flags",
    "a display name that t_uac_send() is given goes into From, as in later releases": "uac_with_everything_given",
    "an INVITE repeated after its ACK is absorbed (RFC 3261 section 17.2.1); Kamailio answers again": (
        "invite_retransmitted_after_180"
    ),
}
DIFFERS = {name: reason for reason, names in _GROUPS.items() for name in names.split()}
