"""Registrations in memory: contacts by address of record, by domain (table).

Everything that reads or changes registrations goes through `Domain`: that interface is what a database or
another node will stand behind. Reading is local and synchronous.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Final

from olelo.core.xavp import Xavp

#: A deleted contact's expiry (Kamailio's UL_EXPIRED_TIME); 0 means permanent.
DELETED: Final = 10

CONTACT_ONLY: Final = 0
CONTACT_CALLID: Final = 1
CONTACT_PATH: Final = 2
CALLID_ONLY: Final = 3
FOUND: Final = 0
NOT_FOUND: Final = 1
OLD_CSEQ: Final = -1
RETRANSMISSION: Final = -2


class Contact:
    """One binding. Strings are latin-1; times are seconds since the epoch; q in thousandths, -1 unset.

    expires 0 is permanent. state is Kamailio's word for the database's view of it: NEW, SYNC or DIRTY.
    """

    __slots__ = (
        "aor",
        "bucketed",
        "callid",
        "cflags",
        "cseq",
        "expires",
        "flags",
        "instance",
        "ka_roundtrip",
        "keepalive",
        "last_keepalive",
        "last_modified",
        "methods",
        "path",
        "q",
        "received",
        "reg_id",
        "ruid",
        "server_id",
        "socket",
        "state",
        "tcpconn_id",
        "uri",
        "user_agent",
        "xavp",
    )

    def __init__(self, aor: str, uri: str, ruid: str) -> None:
        self.aor = aor
        self.uri = uri
        self.ruid = ruid
        self.expires = 0
        self.q = -1
        self.callid = ""
        self.cseq = 0
        self.user_agent = ""
        self.received = ""
        self.path = ""
        self.state = "CS_NEW"
        self.flags = 0
        self.cflags = 0
        self.socket = ""
        self.methods = 0xFFFFFFFF
        self.instance = ""
        self.reg_id = 0
        self.server_id = 0
        self.tcpconn_id = -1
        self.keepalive = 0
        self.last_keepalive = 0
        self.ka_roundtrip = 0
        self.last_modified = 0
        self.xavp: Xavp | None = None
        self.bucketed = -1  # the bucket in which it waits for its end

    def copy(self) -> Contact:
        """What it is now, for somebody who keeps it."""
        new = Contact(self.aor, self.uri, self.ruid)
        new.expires = self.expires
        new.q = self.q
        new.callid = self.callid
        new.cseq = self.cseq
        new.user_agent = self.user_agent
        new.received = self.received
        new.path = self.path
        new.state = self.state
        new.flags = self.flags
        new.cflags = self.cflags
        new.socket = self.socket
        new.methods = self.methods
        new.instance = self.instance
        new.reg_id = self.reg_id
        new.server_id = self.server_id
        new.tcpconn_id = self.tcpconn_id
        new.keepalive = self.keepalive
        new.last_keepalive = self.last_keepalive
        new.ka_roundtrip = self.ka_roundtrip
        new.last_modified = self.last_modified
        new.xavp = self.xavp
        return new

    def valid(self, now: int) -> bool:
        return self.expires > now or self.expires == 0


def aor_hash(aor: str) -> int:
    """The number of an address of record: `HashID` of `ul.dump`, `$ulc(x=>aorhash)`, part of temporary GRUUs."""
    return zlib.crc32(aor.encode("latin-1"))


class Record:
    """An address of record and its contacts, in the order in which they are tried."""

    __slots__ = ("aor", "contacts", "hash")

    def __init__(self, aor: str) -> None:
        self.aor = aor
        self.hash = aor_hash(aor)
        self.contacts: list[Contact] = []


#: Called with ("insert" | "update" | "delete" | "expire", contact) after the change.
Listener = Callable[[str, Contact], None]


class Domain:
    """One table of registrations.

    newest_first: order by time instead of q (desc_time_order). matching: how a contact is recognised
    (CONTACT_ONLY ...). cseq_delay: seconds in which a repeated Call-ID and CSeq is a retransmission, not an error.
    interval: seconds between two sweeps; contacts that expire within the same interval share a bucket, so that a sweep
    is not a scan.
    """

    def __init__(
        self,
        name: str,
        *,
        newest_first: bool = False,
        matching: int = CONTACT_ONLY,
        cseq_delay: int = 20,
        interval: int = 60,
    ) -> None:
        self.name = name
        self.newest_first = newest_first
        self.matching = matching
        self.cseq_delay = cseq_delay
        self.records: dict[str, Record] = {}
        self.contacts = 0
        self.expired = 0
        self.listeners: list[Listener] = []
        self._by_ruid: dict[str, Contact] = {}
        self._interval = interval
        self._buckets: dict[int, list[Contact]] = {}

    def get(self, aor: str) -> Record | None:
        return self.records.get(aor)

    def by_ruid(self, ruid: str) -> Contact | None:
        return self._by_ruid.get(ruid)

    def all(self) -> Iterator[Contact]:
        for record in list(self.records.values()):
            yield from list(record.contacts)

    def find(
        self, record: Record, uri: str, callid: str, cseq: int, path: str, instance: str, reg_id: int, now: int
    ) -> tuple[int, Contact | None]:
        """The binding that a REGISTER speaks of: (FOUND, contact), (NOT_FOUND, None), (OLD_CSEQ, None) where a newer
        request was seen, (RETRANSMISSION, None) where this one was."""
        if instance:
            bare = instance.strip("<>")
            for contact in record.contacts:
                if contact.instance and contact.reg_id == reg_id and contact.instance.strip("<>") == bare:
                    return FOUND, contact
            return NOT_FOUND, None
        found = None
        any_callid = False
        for contact in record.contacts:
            if self.matching == CONTACT_CALLID:
                any_callid = True
                same = contact.uri == uri and contact.callid == callid
            elif self.matching == CONTACT_PATH and path:
                same = contact.uri == uri and contact.path == path
            elif self.matching == CALLID_ONLY:
                same = contact.callid == callid
            else:
                same = contact.uri == uri
            if same:
                found = contact
                break
        if found is None:
            return NOT_FOUND, None
        if any_callid or found.callid == callid:
            if cseq < found.cseq:
                return OLD_CSEQ, None
            if cseq == found.cseq:
                return (RETRANSMISSION if found.last_modified + self.cseq_delay > now else OLD_CSEQ), None
        return FOUND, found

    def insert(self, contact: Contact) -> None:
        """Add a binding to its address of record, which is made if it is not there."""
        record = self.records.get(contact.aor)
        if record is None:
            record = self.records[contact.aor] = Record(contact.aor)
        self._place(record, contact)
        self.contacts += 1
        self._by_ruid[contact.ruid] = contact
        self._schedule(contact)
        self._tell("insert", contact)

    def updated(self, contact: Contact, q_changed: bool) -> None:
        """A binding's fields were changed by its owner: put it in its place and tell the listeners."""
        record = self.records[contact.aor]
        if self.newest_first or q_changed:
            record.contacts.remove(contact)
            self._place(record, contact)
        self._schedule(contact)
        self._tell("update", contact)

    def delete(self, contact: Contact, why: str = "delete") -> None:
        """Remove a binding, and its address of record with the last one."""
        record = self.records.get(contact.aor)
        if record is None or contact not in record.contacts:
            return
        record.contacts.remove(contact)
        self.contacts -= 1
        self._by_ruid.pop(contact.ruid, None)
        if not record.contacts:
            del self.records[contact.aor]
        self._tell(why, contact)

    def delete_aor(self, aor: str) -> bool:
        record = self.records.get(aor)
        if record is None:
            return False
        for contact in list(record.contacts):
            self.delete(contact)
        return True

    def sweep(self, now: int) -> int:
        """Remove what has expired by `now`; returns how many. Each contact waits in one bucket and is looked at when that comes up."""
        removed = 0
        for bucket in sorted(b for b in self._buckets if b * self._interval <= now):
            for contact in self._buckets.pop(bucket):
                if contact.bucketed != bucket:  # it was put into an earlier one since
                    continue
                contact.bucketed = -1
                if self._by_ruid.get(contact.ruid) is not contact:
                    continue
                if contact.valid(now):
                    self._schedule(contact)
                else:
                    removed += 1
                    self.expire(contact)
        return removed

    def expire(self, contact: Contact) -> None:
        """Remove a binding whose time, or whose connection, has ended."""
        self.expired += 1
        self.delete(contact, "expire")

    def shortened(self, contact: Contact) -> None:
        """A binding ends earlier than it was scheduled for."""
        self._schedule(contact)

    def _place(self, record: Record, contact: Contact) -> None:
        if self.newest_first:
            record.contacts.insert(0, contact)
            return
        for index, other in enumerate(record.contacts):
            if other.q < contact.q:
                record.contacts.insert(index, contact)
                return
        record.contacts.append(contact)

    def _schedule(self, contact: Contact) -> None:
        if not contact.expires:
            return
        bucket = contact.expires // self._interval
        if contact.bucketed < 0 or bucket < contact.bucketed:
            contact.bucketed = bucket
            self._buckets.setdefault(bucket, []).append(contact)

    def _tell(self, what: str, contact: Contact) -> None:
        for listener in self.listeners:
            listener(what, contact)
