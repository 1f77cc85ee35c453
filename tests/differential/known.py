"""Where Olelo differs from Kamailio today, by case: each is an expected failure, and must be taken out when it passes."""

from __future__ import annotations

_GROUPS: dict[str, str] = {
    "tm: a local CANCEL, and the ACK of a failed branch, keep the order of the INVITE's headers (tm's reparse_invite)": (
        "boilerplate_busy boilerplate_cancel boilerplate_malformed_reply_is_dropped boilerplate_no_answer"
    ),
}
DIFFERS = {name: reason for reason, names in _GROUPS.items() for name in names.split()}
