"""usrloc: the table of registrations. Nothing in a script calls it; `registrar` does, and `kamcmd ul.*`."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import Module, ModuleError, NamedList, RpcFault, function, param, rpc
from olelo.modules.usrloc.store import Contact, Domain
from olelo.modules.usrloc.view import contact_fields

_RPC_CALLID = "dfjrewr12386fd6-343@Kamailio.rpc"
_RPC_AGENT = "SIP Router rpc Server"


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


class Usrloc(Module):
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
    close_expired_tcp = param(0, "1: close the TCP connection of an expired contact.", noop=True)
    rm_expired_delay = param(0, "Seconds to keep an expired contact before it is removed.")
    preload = param("", "Tables to make at start.", repeat=True)
    server_id_filter = param(0, "1: load only contacts of this server_id.", noop=True)
    xavp_contact = param("", "Name of the xavp stored with a contact.", noop=True)
    fetch_rows = param(2000, "Rows read at once from a database.", noop=True)
    ka_mode = param(0, "Keepalives towards registered contacts.", noop=True)
    ka_from = param("sip:server@kamailio.org", "From URI of keepalives.", noop=True)
    ka_domain = param("kamailio.org", "Domain in keepalives.", noop=True)
    ka_method = param("OPTIONS", "Method of keepalives.", noop=True)
    ka_filter = param(0, "Which contacts get keepalives.", noop=True)
    ka_timeout = param(0, "Seconds without an answer to a keepalive until a contact is dropped.", noop=True)
    ka_interval = param(0, "Seconds between two keepalives.", noop=True)
    ka_randomize = param(0, "Spread of keepalives.", noop=True)
    ka_loglevel = param(255, "Log level of keepalive events.", noop=True)
    ka_logmsg = param("", "Log line of keepalive events.", noop=True)
    ka_reply_codes = param("", "Answers that count as alive.", noop=True)
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
        self._ruid_prefix = f"uloc-{int(self.engine.wall()):x}-{self.engine.pid:x}"
        self._ruid_count = 0
        for table in self.values("preload"):
            self.domain(table)
        self.engine.stats.computed(
            "usrloc", "registered_users", lambda: sum(len(d.records) for d in self.domains.values())
        )
        if self.nat_bflag > 31:
            raise ModuleError("nat_bflag is a branch flag from 0 to 31")

    def start(self) -> None:
        self.engine.every(self.timer_interval, self.sweep)

    def sweep(self) -> None:
        now = int(self.engine.wall()) - self.rm_expired_delay
        for domain in self.domains.values():
            domain.sweep(now)

    def domain(self, name: str) -> Domain:
        """The table of that name, made where it is new."""
        found = self.domains.get(name)
        if found is None:
            found = self.domains[name] = Domain(
                name, newest_first=bool(self.desc_time_order), matching=self.matching_mode, cseq_delay=self.cseq_delay
            )
            table = found  # the closures below belong to this table
            stats = self.engine.stats
            stats.computed("usrloc", f"{name}_users", lambda: len(table.records))
            stats.computed("usrloc", f"{name}_contacts", lambda: table.contacts)
            stats.computed("usrloc", f"{name}_expires", lambda: table.expired)
        return found

    def new_ruid(self) -> str:
        self._ruid_count += 1
        return f"{self._ruid_prefix}-{self._ruid_count:x}"

    @function("ul_bind_usrloc")
    def bind_usrloc(self, ctx: RouteContext, api: int) -> int:
        """For modules in C only; nothing to do here. Returns 1."""
        return 1

    # --- commands -----------------------------------------------------------------------------------------

    def _table(self, name: str) -> Domain:
        if name not in self.domains:
            raise RpcFault(500, "Domain table not found")
        return self.domains[name]

    def _aor(self, text: str) -> str:
        text = text.removeprefix("sip:").removeprefix("sips:")
        user, at, _host = text.partition("@")
        if self.use_domain:
            if not at:
                raise RpcFault(500, "Domain missing in AOR")
            return text
        return user

    @rpc("ul.dump", "*S")
    def rpc_dump(self, brief: str = "") -> dict[str, object]:
        """All registrations; with "brief", the addresses of record alone."""
        domains = NamedList()
        for domain in self.domains.values():
            aors = NamedList()
            for record in domain.records.values():
                if brief == "brief":
                    aors.append(("AoR", record.aor))
                else:
                    contacts = NamedList(("Contact", self._view(c)) for c in record.contacts)
                    aors.append(("Info", {"AoR": record.aor, "HashID": record.hash, "Contacts": contacts}))
            stats = {"Records": len(domain.records), "Max-Slots": 1 if domain.records else 0}
            domains.append(
                ("Domain", {"Domain": domain.name, "Size": 1 << self.hash_size, "AoRs": aors, "Stats": stats})
            )
        return {"Domains": domains}

    def _view(self, contact: Contact) -> dict[str, object]:
        return contact_fields(contact, int(self.engine.wall()))

    @rpc("ul.lookup", "SS", usage=(500, "Not enough parameters (table and AOR to lookup)"))
    def rpc_lookup(self, table: str, aor: str) -> dict[str, object]:
        """The contacts of one address of record."""
        record = self._table(table).get(self._aor(aor))
        if record is None:
            raise RpcFault(500, "AOR not found in location table")
        now = int(self.engine.wall())
        contacts = NamedList(("Contact", self._view(c)) for c in record.contacts if c.valid(now))
        if not contacts:
            raise RpcFault(500, "AOR has no contacts")
        return {"AoR": record.aor, "Contacts": contacts}

    @rpc("ul.rm", "SS", usage=(500, "Not enough parameters (table and AOR to lookup)"))
    def rpc_rm(self, table: str, aor: str) -> None:
        """Remove an address of record with all its contacts."""
        self._table(table).delete_aor(self._aor(aor))

    @rpc("ul.rm_contact", "SSS", usage=(500, "Not enough parameters (table, AOR and contact)"))
    def rpc_rm_contact(self, table: str, aor: str, contact: str) -> None:
        """Remove one contact of an address of record."""
        domain = self._table(table)
        record = domain.get(self._aor(aor))
        if record is None:
            raise RpcFault(404, "AOR not found")
        for found in record.contacts:
            if found.uri == contact:
                domain.delete(found)
                return
        raise RpcFault(404, "Contact not found")

    @rpc("ul.flush")
    def rpc_flush(self) -> None:
        """Write the table to its database; in memory there is nothing to write."""

    @rpc("ul.add", "SSSdfSuuu*SS", usage=(500, "Not enough parameters or wrong format"))
    def rpc_add(
        self, table: str, aor: str, uri: str, expires: int, q: float, path: str, flags: int, cflags: int, methods: int,
        received: str = "", socket: str = "",
    ) -> None:  # fmt: skip
        """Add a contact: table, AoR, contact, expires (0 permanent), q, path, flags, cflags, methods, received, socket."""
        domain = self._table(table)
        name = self._aor(aor)
        now = int(self.engine.wall())
        record = domain.get(name)
        contact = next((c for c in record.contacts if c.uri == uri), None) if record else None
        fresh = contact is None
        if contact is None:
            contact = Contact(name, uri, self.new_ruid())
        q_before, contact.q = contact.q, round(q * 1000)
        contact.expires = now + expires if expires else 0
        contact.path = "" if path in (".", "0") else path
        contact.received = "" if received in (".", "0") else received
        contact.socket = "" if socket in (".", "0") else socket
        contact.flags, contact.cflags, contact.methods = flags, cflags, methods
        contact.callid, contact.cseq, contact.user_agent = _RPC_CALLID, 1, _RPC_AGENT
        contact.last_modified = now
        contact.server_id = self.engine.params.server_id
        if fresh:
            domain.insert(contact)
        else:
            domain.updated(contact, contact.q != q_before)

    def _no_db(self) -> None:
        raise RpcFault(500, "Command is not supported in db_mode=0")

    @rpc("ul.db_users", "*a")
    def rpc_db_users(self, table: object = None) -> None:
        """Number of users in the database."""
        self._no_db()

    @rpc("ul.db_contacts", "*a")
    def rpc_db_contacts(self, table: object = None) -> None:
        """Number of contacts in the database."""
        self._no_db()

    @rpc("ul.db_expired_contacts", "*a")
    def rpc_db_expired_contacts(self, table: object = None) -> None:
        """Number of expired contacts in the database."""
        self._no_db()


MODULE = Usrloc
