"""Where Olelo differs from Kamailio today, by case: each is an expected failure, and must be taken out when it passes."""

from __future__ import annotations

_GROUPS: dict[str, str] = {
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
    "for Kamailio a comparison of a URI that cannot be read is true": "unknown_scheme uri_that_is_none",
    "an INVITE repeated after its ACK is absorbed (RFC 3261 section 17.2.1); Kamailio answers again": (
        "invite_retransmitted_after_180"
    ),
}
DIFFERS = {name: reason for reason, names in _GROUPS.items() for name in names.split()}
