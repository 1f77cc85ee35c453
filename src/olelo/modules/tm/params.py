"""The parameters of tm. Times are in milliseconds, as Kamailio has them since 3.0 (old files give seconds: see `_timer`)."""

from __future__ import annotations

import re
from typing import NamedTuple

from olelo.core.avps import avp_key
from olelo.core.module import Module, param
from olelo.transaction.settings import Settings


class Append(NamedTuple):
    """What a tw_append adds: (avp or hdr, title, name) of each element, and whether the body is wanted."""

    elements: tuple[tuple[str, str, str], ...]
    body: bool


_ELEMENT = re.compile(r"(?:([^\s=\[\];]+)\s*=\s*)?(avp|hdr|msg)\[([^\s\];]+)\]", re.IGNORECASE)


def tw_append(text: str) -> tuple[str, Append]:
    """A name in small letters and what it adds: `name:title=hdr[From];avp[x];msg[body]`. Raises ValueError."""
    name, colon, rest = text.partition(":")
    name = name.strip().lower()
    if not name or not colon or not rest.strip():
        raise ValueError("is name:element;element with elements [title=]avp[name], [title=]hdr[name] and msg[body]")
    elements = []
    body = False
    for part in rest.split(";"):
        match = _ELEMENT.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"{part.strip()!r} is not [title=]avp[name], [title=]hdr[name] or msg[body]")
        kind, value = match[2].lower(), match[3]
        if kind == "msg":
            if value.lower() != "body":
                raise ValueError(f"a message has only msg[body], not {part.strip()!r}")
            body = True
        else:
            elements.append((kind, match[1] or avp_key(value) if kind == "avp" else match[1] or value, value))
    return name, Append(tuple(elements), body)


def _timer(value: int) -> None:
    if value < 0:
        raise ValueError("is a time in milliseconds and cannot be negative")


def failover_codes(text: str) -> frozenset[int]:
    """The answers that failover_reply_codes names, and 503. Raises ValueError."""
    codes = {503}
    for item in filter(None, (part.strip() for part in text.split(";"))):
        name, _, number = (part.strip() for part in item.partition("="))
        if name == "code" and number.isdigit() and 300 <= int(number) < 1000:
            codes.add(int(number))
        elif name == "class" and number.isdigit() and 3 <= int(number) <= 9:
            codes.update(range(int(number) * 100, int(number) * 100 + 100))
        else:
            raise ValueError("is a list of code=300..999 and class=3..9, separated by semicolons")
    return frozenset(codes)


def _method(value: int) -> None:
    if value not in (0, 1, 2):
        raise ValueError("is 0 (fake a 487), 1 (wait for a provisional answer) or 2 (send the CANCEL at once)")


class TmParams(Module):
    """Stateful processing: transactions, relaying, forking, failure and reply routes."""

    name = "tm"
    event_routes = ("tm:local-request", "tm:local-response", "tm:local-ack-sent", "tm:branch-failure:*")

    fr_timer = param(30000, "Milliseconds to wait for any answer (INVITE) or for the final one (others).", check=_timer)
    fr_inv_timer = param(
        120000, "Milliseconds to wait for the final answer to an INVITE after a provisional one.", check=_timer
    )
    max_inv_lifetime = param(180000, "Milliseconds after which an INVITE is given up at the latest.", check=_timer)
    max_noninv_lifetime = param(
        32000, "Milliseconds after which any other request is given up at the latest.", check=_timer
    )
    wt_timer = param(5000, "Milliseconds that a finished transaction stays to absorb late messages.", check=_timer)
    delete_timer = param(200, "Delay of freeing memory; Python needs none.", noop=True)
    retr_timer1 = param(500, "T1: milliseconds to the first retransmission.", check=_timer)
    retr_timer2 = param(4000, "T2: longest interval of retransmissions in milliseconds.", check=_timer)
    noisy_ctimer = param(1, "0: an INVITE that nobody answered is dropped without a 408.")
    auto_inv_100 = param(1, "1: answer 100 to an INVITE before it is forwarded.")
    auto_inv_100_reason = param("trying -- your call is important to us", "Reason of that 100.")
    restart_fr_on_each_reply = param(1, "1: every provisional answer starts fr_inv_timer anew.")
    pass_provisional_replies = param(0, "1: modules see provisional answers to requests of our own, too.")
    aggregate_challenges = param(1, "1: a 401 or 407 carries the challenges of all branches.")
    unmatched_cancel = param(0, "A CANCEL without its INVITE: 0 forward statefully, 1 statelessly, 2 drop.")
    cancel_b_method = param(
        1, "CANCEL of a branch that has not answered: 0 fake a 487, 1 wait, 2 at once.", check=_method
    )
    disable_6xx_block = param(0, "1: a 6xx is a failure as any other and cancels nothing.")
    failure_reply_mode = param(
        3, "Which earlier answers serial forking forgets: 0 none, 1 all, 2 last step, 3 if it forked."
    )
    faked_reply_prio = param(0, "Added to the rank of answers made here, when the best one is picked.")
    remap_503_500 = param(1, "1: a 503 goes upstream as 500 (RFC 3261 section 16.7).")
    local_cancel_reason = param(1, "1: CANCELs that we start carry a Reason header.")
    e2e_cancel_reason = param(1, "1: the Reason header of a CANCEL is passed on.")
    relay_100 = param(0, "1: pass 100 answers on.")
    default_code = param(500, "Status of t_reply where none is given.")
    default_reason = param("Server Internal Error", "Reason of t_reply where none is given.")
    ruri_matching = param(1, "RFC 2543 peers: compare the Request-URI when matching.")
    via1_matching = param(1, "RFC 2543 peers: compare the topmost Via when matching.")
    callid_matching = param(0, "1: compare Call-ID, too, when a branch has matched.")
    contacts_avp = param("", "AVP where t_load_contacts keeps the contacts.")
    contact_flows_avp = param("", "AVP where t_next_contacts keeps further flows.")
    fr_timer_avp = param("", "AVP with a fr_timer in seconds for one transaction.", deprecated="use t_set_fr()")
    fr_inv_timer_avp = param("", "AVP with a fr_inv_timer in seconds for one transaction.", deprecated="use t_set_fr()")
    reply_408_code = param(408, "Status of the answer to a request that timed out.")
    reply_408_reason = param("Request Timeout", "Reason of that answer.")
    rich_redirect = param(0, "Contacts of a 3xx from t_reply: 1 with branch flags, 2 with their path; added up.")
    on_sl_reply = param("", "onreply_route for replies without a transaction.", any_type=True)
    ac_extra_hdrs = param("", "Headers of an INVITE that start like this go into its ACK and CANCEL, too.")
    local_ack_mode = param(
        0, "Where the ACK of a local 2xx goes: 0 its next hop by RFC 3261, 1 where the INVITE went, 2 the 2xx's sender."
    )
    local_ack_branch_mode = param(0, "Via branch of a local ACK: 0 the INVITE's, 1 a new one, as RFC 3261 asks.")
    event_callback = param("", "Function of an embedded interpreter for events.", noop=True)
    event_callback_lres_sent = param("", "Function of an embedded interpreter for sent answers.", noop=True)
    evcb_local_ack_sent = param("", "Function of an embedded interpreter for sent ACKs.", noop=True)
    evlreq_mode = param(0, "When tm:local-request runs.", noop=True)
    unix_tx_timeout = param(500, "Milliseconds that t_write_unix() waits for a slow reader.", check=_timer)
    callid_cseq_matching = param(
        0, "1: a reply whose branch is not ours is matched by Call-ID, CSeq number and the branch's last part."
    )
    reparse_invite = param(1, "1: CANCEL and ACK have the headers of the INVITE as sent; 0: as received.")
    reparse_on_dns_failover = param(
        1, "The request for the next address of a name: 1 what was sent, under a new Via; 0 made anew, no branch_route."
    )
    blst_503 = param(0, "1: the sender of a 503 goes to the core's blocklist (use_dst_blocklist).")
    blst_503_def_timeout = param(0, "Seconds that it stays there without a Retry-After; 0 keeps it off the list.")
    blst_503_min_timeout = param(0, "Fewest seconds that a Retry-After gives.")
    blst_503_max_timeout = param(3600, "Most seconds that a Retry-After gives.")
    blst_methods_add = param(1, "Methods (bits) whose timeouts put the destination on the blocklist: INVITE.")
    blst_methods_lookup = param(-9, "Methods (bits) that heed the blocklist: all but BYE.")
    tw_append = param(
        "", "What t_write_req and t_write_unix add for name/append: name:title=hdr[X];avp[y];msg[body].",
        repeat=True, check=tw_append,
    )  # fmt: skip
    failure_exec_mode = param(
        0, "1: a branch that cannot be sent stays until fr_timer, so that failure routes run; 0: t_relay() fails."
    )
    failover_reply_codes = param(
        "", "Answers besides 503 that try the next address of a name: code=403;class=5.", check=failover_codes
    )
    dns_reuse_rcv_socket = param(0, "1: requests for further addresses leave by the socket the request came in by.")
    xavp_contact = param("", "xavp with attributes of the contacts, one after the other, as usrloc's of this name.")
    exec_time_check = param(
        5000, "Milliseconds after which a failure route is reported as slow; 0 never.", check=_timer
    )
    reply_relay_mode = param(
        1, "0: a 2xx that comes after the final answer becomes what a repeated request gets; 1: it is only passed on."
    )
    enable_uac_fr = param(0, "1: a failure_route that tm:local-request has armed runs for requests of our own, too.")
    delayed_reply = param(1, "0: where t_relay() fails, the answer is sent at once, not at the script's end.")
    e2e_cancel_hop_by_hop = param(1, "CANCEL hop by hop, as RFC 3261 asks; Olelo always does.", noop=True)
    headers_mode = param(0, "How headers of local requests are printed.", noop=True)
    reply_matching = param(1, "How replies are matched.", noop=True)

    def settings(self) -> Settings:
        """The transaction room's settings, in its units."""
        return Settings(
            fr_timer=self.fr_timer / 1000,
            fr_inv_timer=self.fr_inv_timer / 1000,
            max_inv_lifetime=self.max_inv_lifetime / 1000,
            max_noninv_lifetime=self.max_noninv_lifetime / 1000,
            wt_timer=self.wt_timer / 1000,
            retr_timer1=self.retr_timer1 / 1000,
            retr_timer2=self.retr_timer2 / 1000,
            noisy_ctimer=bool(self.noisy_ctimer),
            restart_fr_on_each_reply=bool(self.restart_fr_on_each_reply),
            disable_6xx_block=bool(self.disable_6xx_block),
            cancel_b_method=self.cancel_b_method,
            relay_100=bool(self.relay_100),
            remap_503_500=bool(self.remap_503_500),
            aggregate_challenges=bool(self.aggregate_challenges),
            faked_reply_prio=self.faked_reply_prio,
            local_cancel_reason=bool(self.local_cancel_reason),
            reply_relay_mode=self.reply_relay_mode,
            reparse_invite=bool(self.reparse_invite),
            ac_extra_hdrs=self.ac_extra_hdrs.encode("latin-1"),
            failure_reply_mode=self.failure_reply_mode,
            ruri_matching=bool(self.ruri_matching),
            via1_matching=bool(self.via1_matching),
            callid_matching=bool(self.callid_matching),
            callid_cseq_matching=bool(self.callid_cseq_matching),
        )
