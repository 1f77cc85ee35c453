"""The core's own counters (group "core"), under Kamailio's names, counted at the same places."""

from __future__ import annotations

from typing import Final

from olelo.core.stats import Counter, Statistics
from olelo.sip.errors import MalformedHeader, SipError
from olelo.sip.message import Message

_METHODS: Final = (
    "invite", "cancel", "ack", "bye", "info", "register", "subscribe", "notify", "message", "options", "prack",
    "update", "refer", "publish",
)  # fmt: skip
_CLASSES: Final = ("1xx", "2xx", "3xx", "4xx", "5xx", "6xx")
#: Statuses that have a counter of their own besides their class.
_STATUSES: Final = ("401", "404", "407", "480", "486")
#: Methods whose replies are counted by class: the method, and its name in the counter.
_BY_METHOD: Final = {
    "INVITE": "invite", "CANCEL": "cancel", "BYE": "bye", "REGISTER": "reg", "MESSAGE": "message", "PRACK": "prack",
    "UPDATE": "update", "REFER": "refer",
}  # fmt: skip


class CoreStats:
    """Counts what is received, forwarded and dropped. Forwarding by tm is tmx's to count."""

    __slots__ = (
        "bad_header",
        "bad_uri",
        "by_class",
        "by_class_and_method",
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
        "ringing",
        "unsupported",
    )

    def __init__(self, stats: Statistics) -> None:
        def counter(name: str, doc: str) -> Counter:
            return stats.counter("core", name, doc)

        def received(kind: str) -> Counter:
            return counter(f"rcv_replies_{kind}", f"Received replies, {kind.replace('_', ' to ')}.")

        self.bad_uri = counter("bad_URIs_rcvd", "URIs that could not be read.")
        self.bad_header = counter("bad_msg_hdr", "Messages with a header that could not be read.")
        self.drop_replies = counter("drop_replies", "Replies dropped by reply_route.")
        self.drop_requests = counter("drop_requests", "Requests that could not be forwarded statelessly.")
        self.err_replies = counter("err_replies", "Replies without a header that every message has.")
        self.err_requests = counter("err_requests", "Requests without a header that every message has.")
        self.fwd_replies = counter("fwd_replies", "Replies forwarded statelessly.")
        self.fwd_requests = counter("fwd_requests", "Requests forwarded statelessly.")
        self.replies = counter("rcv_replies", "Received replies.")
        self.by_class = [received(name) for name in _CLASSES]
        self.ringing = received("18x")
        self.by_status = {int(name): received(name) for name in _STATUSES}
        self.by_class_and_method = {
            method: [received(f"{status}_{name}") for status in _CLASSES] for method, name in _BY_METHOD.items()
        }
        self.requests = counter("rcv_requests", "Received requests.")
        self.by_method = {
            name.upper(): counter(f"rcv_requests_{name}", f"Received {name.upper()} requests.") for name in _METHODS
        }
        self.unsupported = counter("unsupported_methods", "Received requests of any other method.")

    def request(self, method: str) -> None:
        self.requests.value += 1
        found = self.by_method.get(method, self.unsupported)
        found.value += 1

    def reply(self, status: int, method: str) -> None:
        self.replies.value += 1
        at = status // 100 - 1
        if not 0 <= at < 6:
            return
        self.by_class[at].value += 1
        if status // 10 == 18:
            self.ringing.value += 1
        else:
            own = self.by_status.get(status)
            if own is not None:
                own.value += 1
        counters = self.by_class_and_method.get(method)
        if counters is not None:
            counters[at].value += 1

    def bad(self, msg: Message | None, error: SipError) -> None:
        """A message that no route sees: a header that cannot be read, or (of one that parses) one that is missing."""
        if isinstance(error, MalformedHeader):
            self.bad_header.value += 1
        elif msg is not None:
            (self.err_requests if msg.is_request else self.err_replies).value += 1
