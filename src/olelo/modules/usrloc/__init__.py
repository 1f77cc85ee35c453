"""usrloc: the table of registrations. Nothing in a script calls it; `registrar` does, and `kamcmd ul.*`."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import ModuleError, function, param
from olelo.modules.usrloc.keepalive import Keepalive
from olelo.modules.usrloc.store import Contact, Domain


def _no_database(value: int) -> None:
    if value != 0:
        raise ValueError(
            f"db_mode {value} keeps registrations in a database, which Olelo cannot do yet: they live in memory. Use 0"
        )


def _positive(value: int) -> None:
    if value <= 0:
        raise ValueError("must be greater than 0")


def _matching(value: int) -> None:
    if value not in (0, 1, 2, 3):
        raise ValueError("is 0 (contact), 1 (contact and Call-ID), 2 (contact and path) or 3 (Call-ID)")


class Usrloc(Keepalive):
    """The table of registrations, in memory."""

    name = "usrloc"
    statistics = {"registered_users": "Addresses of record that have a contact, over all tables."}

    db_mode = param(0, "0: registrations live in memory only.", check=_no_database)
    db_url = param("", "Database of the registrations; without effect while db_mode is 0.")
    timer_interval = param(60, "Seconds between two sweeps for expired contacts.", check=_positive)
    timer_procs = param(0, "Extra timer processes; Olelo needs none.", noop=True)
    use_domain = param(0, "1: an address of record is user@domain; 0: the user part alone.")
    desc_time_order = param(0, "1: newest contact first; 0: by q.")
    matching_mode = param(
        0, "How a contact is recognised: 0 URI, 1 URI and Call-ID, 2 URI and path, 3 Call-ID.", check=_matching
    )
    cseq_delay = param(20, "Seconds in which the same Call-ID and CSeq is taken as a retransmission.")
    nat_bflag = param(-1, "Branch flag that marks contacts behind a NAT.")
    hash_size = param(10, "Size of the hash table as power of two; Olelo's grows by itself (it shows in ul.dump).")
    handle_lost_tcp = param(0, "1: drop contacts of TCP connections that have closed.")
    close_expired_tcp = param(0, "1: close the connection of a contact that expired.")
    rm_expired_delay = param(0, "Seconds to keep an expired contact before it is removed.")
    preload = param("", "Tables to make at start.", repeat=True)
    server_id_filter = param(0, "1: load only contacts of this server_id.", noop=True)
    xavp_contact = param("", "xavp that is stored with a contact, and comes back with it at lookup().")
    fetch_rows = param(2000, "Rows read at once from a database.", noop=True)
    ka_flag = param(-1, "Flag of contacts that get keepalives.", noop=True, deprecated="use ka_filter")
    db_insert_update = param(0, "Insert becomes update on a duplicate key.", noop=True)
    db_update_as_insert = param(0, "Updates are written as inserts.", noop=True)
    db_check_update = param(0, "Insert where an update found no row.", noop=True)
    db_timer_clean = param(0, "Clean the table by timer.", noop=True)
    db_ops_ruid = param(1, "Write rows by ruid.", noop=True)
    db_raw_fetch_type = param(0, "How rows are read at start.", noop=True)
    db_load = param(1, "Load the table at start.", noop=True)
    db_insert_null = param(0, "Write NULL for empty columns.", noop=True)
    db_clean_tcp = param(0, "Remove rows of TCP contacts at start.", noop=True)
    load_rank = param(1, "Process that loads the table.", noop=True)
    skip_remote_socket = param(0, "Leave out contacts of other servers' sockets.", noop=True)
    expires_type = param(0, "Type of the expires column.", noop=True)
    version_table = param(1, "1: check the table's version.", noop=True)
    user_column = param("username", "Name of a column.", noop=True)
    domain_column = param("domain", "Name of a column.", noop=True)
    contact_column = param("contact", "Name of a column.", noop=True)
    expires_column = param("expires", "Name of a column.", noop=True)
    q_column = param("q", "Name of a column.", noop=True)
    callid_column = param("callid", "Name of a column.", noop=True)
    cseq_column = param("cseq", "Name of a column.", noop=True)
    flags_column = param("flags", "Name of a column.", noop=True)
    cflags_column = param("cflags", "Name of a column.", noop=True)
    user_agent_column = param("user_agent", "Name of a column.", noop=True)
    received_column = param("received", "Name of a column.", noop=True)
    path_column = param("path", "Name of a column.", noop=True)
    socket_column = param("socket", "Name of a column.", noop=True)
    methods_column = param("methods", "Name of a column.", noop=True)
    instance_column = param("instance", "Name of a column.", noop=True)
    ruid_column = param("ruid", "Name of a column.", noop=True)
    reg_id_column = param("reg_id", "Name of a column.", noop=True)
    server_id_column = param("server_id", "Name of a column.", noop=True)
    connection_id_column = param("connection_id", "Name of a column.", noop=True)
    keepalive_column = param("keepalive", "Name of a column.", noop=True)
    partition_column = param("partition", "Name of a column.", noop=True)

    def init(self) -> None:
        self.domains: dict[str, Domain] = {}
        self._ruid_prefix = ""
        self._ruid_count = 0
        for table in self.values("preload"):
            self.domain(table)
        self.engine.stats.computed(
            "usrloc", "registered_users", lambda: sum(len(d.records) for d in self.domains.values())
        )
        if self.ka_mode:
            self.start_keepalive()
        if self.nat_bflag > 31:
            raise ModuleError("nat_bflag is a branch flag from 0 to 31")

    def start(self) -> None:
        self.engine.every(self.timer_interval, self.sweep)

    def sweep(self) -> None:
        """Every timer_interval: what has expired goes, what stays gets its keepalive."""
        engine = self.engine
        now = int(engine.wall()) - self.rm_expired_delay
        for domain in self.domains.values():
            if self.handle_lost_tcp:
                for contact in domain.all():
                    if contact.tcpconn_id > 0 and not engine.connection_alive(contact.tcpconn_id):
                        domain.expire(contact)
            domain.sweep(now)
        if self.ka_mode:
            self.send_keepalives()

    def _gone(self, what: str, contact: Contact) -> None:
        if what == "expire" and contact.tcpconn_id > 0:
            self.engine.services.close_connection(contact.tcpconn_id)

    def is_natted(self, contact: Contact) -> bool:
        """Whether the contact carries nat_bflag."""
        return self.nat_bflag >= 0 and bool(contact.cflags >> self.nat_bflag & 1)

    def domain(self, name: str) -> Domain:
        """The table of that name, made where it is new."""
        found = self.domains.get(name)
        if found is None:
            found = self.domains[name] = Domain(
                name,
                newest_first=bool(self.desc_time_order),
                matching=self.matching_mode,
                cseq_delay=self.cseq_delay,
                interval=self.timer_interval,
            )
            table = found  # the closures below belong to this table
            stats = self.engine.stats
            name += self.engine.params.stats_name_separator
            stats.computed("usrloc", f"{name}users", lambda: len(table.records))
            stats.computed("usrloc", f"{name}contacts", lambda: table.contacts)
            stats.computed("usrloc", f"{name}expires", lambda: table.expired)
            if self.close_expired_tcp:
                found.listeners.append(self._gone)
        return found

    def new_ruid(self) -> str:
        if not self._ruid_prefix:  # only now: a daemon's process number is known late
            self._ruid_prefix = f"uloc-{int(self.engine.wall()):x}-{self.engine.pid:x}"
        self._ruid_count += 1
        return f"{self._ruid_prefix}-{self._ruid_count:x}"

    @function("ul_bind_usrloc")
    def bind_usrloc(self, ctx: RouteContext, api: int) -> int:
        """For modules in C only; nothing to do here. Returns 1."""
        return 1


MODULE = Usrloc
