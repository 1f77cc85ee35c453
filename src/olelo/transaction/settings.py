"""What can be set about transactions, and what is counted.

Names and defaults are those of Kamailio's tm module parameters (module page "tm"). Times are in seconds here; the
module's parameters are in milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Settings:
    """Timers and options of a `TransactionTable`; a transaction copies its timers when it is created."""

    fr_timer: float = 30.0  #: no final response and no provisional one; also: no ACK for a failure.
    fr_inv_timer: float = 120.0  #: no final response to an INVITE since a provisional one.
    fr_inv_timer_next: float = 30.0  #: fr_inv_timer for the later targets of serial forking; the tm module applies it.
    max_inv_lifetime: float = 180.0  #: an INVITE is given up at this age at the latest.
    max_noninv_lifetime: float = 32.0  #: any other request is given up at this age at the latest.
    wt_timer: float = 5.0  #: how long a finished transaction absorbs late messages.
    retr_timer1: float = 0.5  #: T1, the first retransmission interval.
    retr_timer2: float = 4.0  #: T2, the longest retransmission interval.
    noisy_ctimer: bool = True  #: False: an INVITE that was never answered is dropped without a 408.
    restart_fr_on_each_reply: bool = True  #: every provisional response starts fr_inv_timer anew.
    disable_6xx_block: bool = False  #: True: a 6xx is an ordinary failure and cancels nothing.
    cancel_b_method: int = 1  #: CANCEL before any response: 0 fake a 487, 1 wait for a response, 2 send it at once.
    local_cancel_reason: bool = True  #: CANCELs that a final response causes carry a Reason (RFC 3326).
    ac_extra_hdrs: bytes = b""  #: headers of the INVITE that start like this go into its ACK and CANCEL.
    relay_100: bool = False  #: relay 100 as if it were 180.
    remap_503_500: bool = True  #: answer 500 where the best response is 503 (RFC 3261 section 16.7 item 6).
    aggregate_challenges: bool = True  #: answer with the challenges of all branches (section 16.7 item 7).
    faked_reply_prio: int = 0  #: added to the rank of a response that was made here; more is worse.
    reply_relay_mode: int = 1  #: 0: a 2xx after the final response becomes what retransmissions get.
    reparse_invite: bool = True  #: False: CANCEL and ACK have the headers of the INVITE as received, not as sent.
    failure_reply_mode: int = (
        3  #: which stored responses serial forking forgets: 0 none, 1 all, 2 last step, 3 if forked.
    )
    ruri_matching: bool = True  #: RFC 2543 matching compares the Request-URI.
    via1_matching: bool = True  #: RFC 2543 matching compares the topmost Via.
    callid_matching: bool = False  #: compare Call-ID as well when the branch has matched.
    callid_cseq_matching: bool = (
        False  #: match replies by Call-ID, CSeq number and branch index, not by the whole branch.
    )
    granularity: float = 0.05  #: timers fire up to this much late.


@dataclass(slots=True)
class Stats:
    """Counters, as `tm.stats` shows them."""

    created: int = 0
    ended: int = 0
    waiting: int = 0  #: in wt_timer now.
    total_local: int = 0
    rpl_received: int = 0
    rpl_generated: int = 0
    rpl_sent: int = 0
    completed_2xx: int = 0
    completed_3xx: int = 0
    completed_4xx: int = 0
    completed_5xx: int = 0
    completed_6xx: int = 0
    retransmissions: int = 0  #: sent by timer.
    timeouts: int = 0  #: branches given up by timer.
    orphans: int = 0  #: transactions that nobody answered or forwarded before their lifetime ended.

    def count_final(self, status: int) -> None:
        """Count a final response that was sent upstream."""
        kind = status // 100
        if kind == 2:
            self.completed_2xx += 1
        elif kind == 4:
            self.completed_4xx += 1
        elif kind == 3:
            self.completed_3xx += 1
        elif kind == 5:
            self.completed_5xx += 1
        else:
            self.completed_6xx += 1
