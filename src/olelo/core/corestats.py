"""The core's own counters (group "core"), under Kamailio's names."""

from __future__ import annotations

from olelo.core.stats import Counter, Statistics
from olelo.sip.errors import SipError

_METHODS = (
    "invite", "cancel", "ack", "bye", "info", "register", "subscribe", "notify", "message", "options", "prack",
    "update", "refer", "publish",
)  # fmt: skip
_REPLIES = ("1xx", "18x", "2xx", "3xx", "4xx", "401", "404", "407", "480", "486", "5xx", "6xx")


class CoreStats:
    """Counts what is received, forwarded and dropped."""

    __slots__ = (
        "bad_header",
        "bad_uri",
        "by_method",
        "by_status",
        "drop_replies",
        "drop_requests",
        "err_replies",
        "err_requests",
        "fwd_replies",
        "fwd_requests",
        "replies",
        "requests",
        "unsupported",
    )

    def __init__(self, stats: Statistics) -> None:
        def counter(name: str) -> Counter:
            return stats.counter("core", name)

        self.bad_uri = counter("bad_URIs_rcvd")
        self.bad_header = counter("bad_msg_hdr")
        self.drop_replies = counter("drop_replies")
        self.drop_requests = counter("drop_requests")
        self.err_replies = counter("err_replies")
        self.err_requests = counter("err_requests")
        self.fwd_replies = counter("fwd_replies")
        self.fwd_requests = counter("fwd_requests")
        self.replies = counter("rcv_replies")
        self.by_status = {name: counter("rcv_replies_" + name) for name in _REPLIES}
        self.requests = counter("rcv_requests")
        self.by_method = {name.upper(): counter("rcv_requests_" + name) for name in _METHODS}
        self.unsupported = counter("unsupported_methods")

    def request(self, method: str) -> None:
        self.requests.value += 1
        found = self.by_method.get(method, self.unsupported)
        found.value += 1

    def reply(self, status: int) -> None:
        self.replies.value += 1
        self.by_status[_CLASSES[status // 100]].value += 1
        if status // 10 == 18:
            self.by_status["18x"].value += 1
        elif status in (401, 404, 407, 480, 486):
            self.by_status[str(status)].value += 1

    def bad(self, error: SipError) -> None:
        self.bad_header.value += 1


_CLASSES = ("1xx", "1xx", "2xx", "3xx", "4xx", "5xx", "6xx", "6xx", "6xx", "6xx")
