"""ul.*: what an operator asks of the table of registrations, with Kamailio's replies and faults."""

from __future__ import annotations

from olelo.core.module import Module, NamedList, RpcFault, rpc
from olelo.modules.usrloc.store import Contact, Domain
from olelo.modules.usrloc.view import contact_fields

#: What contacts that ul.add made carry, as Kamailio's.
_CALLID, _CSEQ, _AGENT = "dfjrewr12386fd6-343@kamailio.rpc", 1, "kamailio SIP Router - RPC Server"
_UNSET = ("", ".", "0")
_TOO_FEW_AOR = "Not enough parameters (table and AOR to lookup)"
_TOO_FEW_CONTACT = "Not enough parameters (table, AOR and contact)"
_TOO_FEW_ADD = "Not enough parameters or wrong format"
_ADD_NEEDED, _ADD_RECEIVED, _ADD_SOCKET = 9, 9, 10

Arg = int | float | str


class Commands(Module):
    """The part of usrloc that answers commands."""

    domains: dict[str, Domain]
    hash_size = 0
    use_domain = 0

    def new_ruid(self) -> str:
        raise NotImplementedError

    def _table(self, name: str) -> Domain:
        if name not in self.domains:
            raise RpcFault(500, "Domain table not found")
        return self.domains[name]

    def _aor(self, text: str) -> str:
        """An address of record as an operator writes it: user, or user@domain; a domain that does not count is cut."""
        user, at, _host = text.partition("@")
        if not self.use_domain:
            text = user
        elif not at:
            raise RpcFault(500, "Domain missing in AOR")
        registrar = self.engine.modules.get("registrar")
        return text if getattr(registrar, "case_sensitive", 0) else text.lower()

    def _view(self, contact: Contact) -> dict[str, object]:
        return contact_fields(contact, int(self.engine.wall()))

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
            size = 1 << self.hash_size if self.hash_size > 1 else 512
            domains.append(("Domain", {"Domain": domain.name, "Size": size, "AoRs": aors, "Stats": stats}))
        return {"Domains": domains}

    @rpc("ul.lookup", "*.S.S")
    def rpc_lookup(self, table: str = "", aor: str | None = None) -> dict[str, object]:
        """The contacts of one address of record: table, AoR."""
        if aor is None:
            raise RpcFault(500, _TOO_FEW_AOR)
        record = self._table(table).get(self._aor(aor))
        if record is None:
            raise RpcFault(500, "AOR not found in location table")
        now = int(self.engine.wall())
        contacts = NamedList(("Contact", self._view(c)) for c in record.contacts if c.valid(now))
        if not contacts:
            raise RpcFault(500, "AOR has no contacts")
        return {"AoR": record.aor, "Contacts": contacts}

    @rpc("ul.rm", "*.S.S")
    def rpc_rm(self, table: str = "", aor: str | None = None) -> None:
        """Remove an address of record with all its contacts: table, AoR."""
        if aor is None:
            raise RpcFault(500, _TOO_FEW_AOR)
        self._table(table).delete_aor(self._aor(aor))

    @rpc("ul.rm_contact", "*.S.S.S")
    def rpc_rm_contact(self, table: str = "", aor: str = "", contact: str | None = None) -> None:
        """Remove one contact of an address of record: table, AoR, contact."""
        if contact is None:
            raise RpcFault(500, _TOO_FEW_CONTACT)
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

    @rpc("ul.add", "*aaaaaaaaaaa")
    def rpc_add(self, *args: Arg) -> None:
        """Add a contact: table, AoR, contact, expires (0 permanent), q, path ("." none), flags, cflags, methods; then,
        if wanted, received and socket."""
        if len(args) < _ADD_NEEDED or not _fits(args):
            raise RpcFault(500, _TOO_FEW_ADD)
        table, aor, uri, expires, q, path, flags, cflags, methods = args[:_ADD_NEEDED]
        domain = self._table(str(table))
        name = self._aor(str(aor))
        now = int(self.engine.wall())
        record = domain.get(name)
        contact = next((c for c in record.contacts if c.uri == uri), None) if record else None
        fresh = contact is None
        if contact is None:
            contact = Contact(name, str(uri), self.new_ruid())
        q_before, contact.q = contact.q, max(-1, min(round(float(q) * 1000), 1000))
        contact.expires = now + int(expires) if expires else 0
        contact.path = _word(path)
        contact.received = _word(args[_ADD_RECEIVED]) if len(args) > _ADD_RECEIVED else ""
        wish = _word(args[_ADD_SOCKET]) if len(args) > _ADD_SOCKET else ""
        contact.socket = wish if any(s.text == wish for s in self.engine.sockets) else ""
        contact.flags, contact.cflags, contact.methods = int(flags), int(cflags), int(methods)
        contact.callid, contact.cseq, contact.user_agent = _CALLID, _CSEQ, _AGENT
        contact.last_modified, contact.last_keepalive = 0, now
        contact.server_id = self.engine.params.server_id
        if fresh:
            domain.insert(contact)
        else:
            domain.updated(contact, contact.q != q_before)

    def _no_database(self) -> None:
        raise RpcFault(500, "Command is not supported in db_mode=0")

    @rpc("ul.db_users", "*S")
    def rpc_db_users(self, table: str = "") -> None:
        """Number of users in the database."""
        self._no_database()

    @rpc("ul.db_contacts", "*S")
    def rpc_db_contacts(self, table: str = "") -> None:
        """Number of contacts in the database."""
        self._no_database()

    @rpc("ul.db_expired_contacts", "*S")
    def rpc_db_expired_contacts(self, table: str = "") -> None:
        """Number of expired contacts in the database."""
        self._no_database()


def _fits(args: tuple[Arg, ...]) -> bool:
    """Numbers stand where ul.add wants numbers."""
    return all(isinstance(args[i], int) for i in (3, 6, 7, 8)) and not isinstance(args[4], str)


def _word(value: Arg) -> str:
    """A string argument of ul.add, where "." and 0 mean none."""
    text = str(value)
    return "" if text in _UNSET else text
