"""The script functions and variables of registrar."""

from __future__ import annotations

from functools import partial

from olelo.core.context import FAKED, RouteContext
from olelo.core.module import ANY, FAILURE, REQUEST, Const, Getter, Setter, Value, function, variable
from olelo.core.sockets import Received
from olelo.core.xavp import push, roots
from olelo.modules.registrar.faults import RegistrarFault
from olelo.modules.registrar.lookup import Lookup
from olelo.modules.usrloc import Usrloc
from olelo.modules.usrloc.store import Contact, aor_hash
from olelo.script.catalog import RouteKind
from olelo.sip.errors import SipError
from olelo.sip.message import Message

_WITH_TABLE = ("save", "lookup", "lookup_to_dset", "lookup_branches", "registered", "unregister", "reg_fetch_contacts")
_MATCH_CALLID, _MATCH_RECEIVED, _MATCH_CONTACT = 1, 2, 4
_PROFILE_MEMBERS = {
    "aor": "aor",
    "addr": "uri",
    "path": "path",
    "received": "received",
    "callid": "callid",
    "q": "q",
    "cseq": "cseq",
    "flags": "flags",
    "cflags": "cflags",
    "user_agent": "user_agent",
    "socket": "socket",
    "modified": "last_modified",
    "methods": "methods",
    "ruid": "ruid",
    "regid": "reg_id",
    "instance": "instance",
    "conid": "tcpconn_id",
    "server_id": "server_id",
    "expires": "expires",
    "domain": "",
    "aorhash": "",
    "count": "",
}


class Registrar(Lookup):
    """REGISTER: bindings saved, looked up, removed."""

    def init(self) -> None:
        found = self.engine.modules["usrloc"]
        assert isinstance(found, Usrloc)
        self.usrloc = found
        self._sockets = {}
        self._aors = {}
        #: name -> table, address of record, contacts
        self._profiles: dict[str, tuple[str, str, list[Contact]]] = {}
        count = self.engine.stats.computed
        count("registrar", "max_expires", lambda: self.max_expires)
        count("registrar", "max_contacts", lambda: self.max_contacts)
        count("registrar", "default_expire", lambda: self.default_expires)
        count("registrar", "default_expires_range", lambda: self.default_expires_range)
        count("registrar", "expires_range", lambda: self.expires_range)
        count("registrar", "accepted_regs", lambda: self.accepted)
        count("registrar", "rejected_regs", lambda: self.rejected)
        self._watched: set[str] = set()

    def start(self) -> None:
        for name in _WITH_TABLE:  # the tables that the script names are there from the start, as in Kamailio
            for table in self.engine.constant_arguments.get((name, 0), ()):
                self.usrloc.domain(table)
        if self.engine.has_event("usrloc:contact-expired"):
            for name in list(self.usrloc.domains):
                self._watch(name)

    def _watch(self, table: str) -> None:
        if table not in self._watched and self.engine.has_event("usrloc:contact-expired"):
            self._watched.add(table)
            self.usrloc.domain(table).listeners.append(partial(self._expired, table))

    def _expired(self, table: str, what: str, contact: Contact) -> None:
        """Run event_route[usrloc:contact-expired] with the contact in $ulc(exp=>..)."""
        if what != "expire" or not self.engine.sockets:
            return
        socket = self.engine.sockets[0]
        text = (
            f"OPTIONS sip:{contact.aor}@localhost SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1\r\nFrom: <sip:usrloc@localhost>;tag=1\r\n"
            f"To: <sip:{contact.aor}@localhost>\r\nCall-ID: {contact.ruid}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )
        ctx = RouteContext(
            self.engine,
            Message.parse(text.encode("latin-1")),
            Received("udp", "127.0.0.1", 5060, socket),
            RouteKind.EVENT,
        )
        ctx.msg_flags |= FAKED
        self._profiles["exp"] = (table, contact.aor, [contact])
        self.engine.run_event("usrloc:contact-expired", ctx)
        del self._profiles["exp"]

    # --- save and lookup ----------------------------------------------------------------------------------

    @function("save", routes=REQUEST | RouteKind.ONREPLY | FAILURE)
    def save(self, ctx: RouteContext, table: Const, flags: str = "0", uri: str | None = None) -> int:
        """Save the contacts of a REGISTER and answer it.

        flags: 0x01 memory only, 0x02 no reply, 0x04 one contact per AoR, 0x08 no random expiry, 0x10 prepare the
        reply's headers. uri: the address of record, instead of To.
        Returns 1 added, 2 updated, 3 removed, 4 list asked for; -1 refused, -2 too many contacts.
        """
        self._watch(table)
        if uri == "":
            return -1
        return self.register(ctx, table, _flags(flags), (uri or "").encode("latin-1"))

    @function("reg_send_reply", routes=REQUEST | FAILURE)
    def reg_send_reply(self, ctx: RouteContext) -> int:
        """Send the answer that save(.., 0x02) kept back. Returns 1 sent, -1 not."""
        kept = ctx.store.pop("registrar", None) if ctx.store is not None else None
        status, lines = kept or (200, [])
        ctx.reply_lines += lines
        return 1 if self.answer(ctx, status) else -1

    @function("lookup", routes=REQUEST | FAILURE)
    def lookup(self, ctx: RouteContext, table: Const, uri: str | None = None) -> int:
        """Rewrite `$ru` to the first contact of a URI (default `$ru`), branches for the others.

        Returns 1 found, -1 none, -2 none for this method, -3 bad URI.
        """
        if uri == "":
            return -1
        return self.find(ctx, table, ctx.ruri if uri is None else uri.encode("latin-1"), True)

    @function("lookup_to_dset", routes=REQUEST | FAILURE)
    def lookup_to_dset(self, ctx: RouteContext, table: Const, uri: str | None = None) -> int:
        """Make branches of all contacts of a URI; `$ru` stays. Returns as lookup()."""
        if uri == "":
            return -1
        return self.find(ctx, table, ctx.ruri if uri is None else uri.encode("latin-1"), False)

    @function("lookup_branches", routes=REQUEST | FAILURE)
    def lookup_branches(self, ctx: RouteContext, table: Const) -> int:
        """Look up `$ru`, and every branch that has no next hop, path, socket or flag yet. Its first contact takes the
        branch's place, more become branches; what is not registered stays. Returns 1 one was found, else as lookup()
        for the last of them."""
        branches = ctx.branches[:]
        code = self.find(ctx, table, ctx.ruri, True)
        found = code == 1
        for branch in branches:
            if branch.dst_uri or branch.path or branch.socket is not None or branch.flags:
                continue
            code = self.find_for_branch(ctx, table, branch)
            found = found or code == 1
        return 1 if found else code

    @function("registered", routes=ANY)
    def registered(
        self, ctx: RouteContext, table: Const, uri: str | None = None, match_flag: int = 0, action_flag: int = 0
    ) -> int:
        """Is there a valid contact for a URI (default `$ru`, in replies To)? Its details go into xavp_rcd.

        match_flag bits: 1 Call-ID, 2 received, 4 contact as in xavp_cfg (match_callid ...). action_flag bits: 1 the
        contact's attributes (usrloc's xavp_contact), too; 2 leave xavp_rcd as it is. Returns 1 yes, -1 no.
        """
        if uri == "":
            return -1
        try:
            target = uri.encode("latin-1") if uri else ctx.ruri if ctx.msg.is_request else ctx.msg.to.uri
            record = self.usrloc.domain(table).get(self.aor_of(target))
        except (RegistrarFault, SipError):
            return -1
        now = int(self.engine.wall())
        wishes = (
            (_MATCH_CALLID, "match_callid", "callid"),
            (_MATCH_RECEIVED, "match_received", "received"),
            (_MATCH_CONTACT, "match_contact", "uri"),
        )
        callid = self.from_avp(ctx, self.reg_callid_avp) if self.reg_callid_avp else ""
        for contact in record.contacts if record is not None else ():
            if not (contact.valid(now) or self.use_expired_contacts):
                continue
            if callid and contact.callid != callid:
                continue
            for bit, name, attribute in wishes:
                wish = self.cfg_str(ctx, name) if match_flag & bit else None
                if wish is not None and getattr(contact, attribute) != wish:
                    break
            else:
                if not action_flag & 2 and self.xavp_rcd:
                    self.details(ctx, contact, now)
                if action_flag & 1 and contact.xavp is not None:
                    push(roots(ctx), self.usrloc.xavp_contact, contact.xavp.copy())
                return 1
        return -1

    @function("unregister", routes=ANY)
    def unregister(self, ctx: RouteContext, table: Const, uri: str, ruid: str = "") -> int:
        """Remove all contacts of a URI, or the one with that ruid. Returns 1, -1 bad URI, -3 not found."""
        domain = self.usrloc.domain(table)
        if ruid:
            contact = domain.by_ruid(ruid)
            if contact is None:
                return -3
            domain.delete(contact)
            return 1
        try:
            aor = self.aor_of(uri.encode("latin-1"))
        except RegistrarFault:
            return -1
        domain.delete_aor(aor)
        return 1

    @function("add_sock_hdr", routes=REQUEST)
    def add_sock_hdr(self, ctx: RouteContext, name: str) -> int:
        """Add a header with the socket that the request came by. Returns 1."""
        ctx.msg.append_header(f"{name}: {ctx.rcv.socket.text}\r\n".encode("latin-1"))
        return 1

    # --- profiles -----------------------------------------------------------------------------------------

    @function("reg_fetch_contacts", routes=ANY)
    def reg_fetch_contacts(self, ctx: RouteContext, table: Const, uri: str, profile: str) -> int:
        """Copy the contacts of a URI for $ulc(profile=>..). Returns 1, -1 where there are none."""
        self._profiles.pop(profile, None)
        try:
            aor = self.aor_of(uri.encode("latin-1"))
        except RegistrarFault:
            return -1
        record = self.usrloc.domain(table).get(aor)
        if record is None:
            return -1
        # Copies: what the script reads stays what it was when it asked.
        self._profiles[profile] = (table, aor, [contact.copy() for contact in record.contacts])
        return 1

    @function("reg_free_contacts", routes=ANY)
    def reg_free_contacts(self, ctx: RouteContext, profile: str) -> int:
        """Forget a profile. Returns 1."""
        self._profiles.pop(profile, None)
        return 1

    @variable("ulc", inner="required")
    def ulc(self, inner: str, index: int | str | None) -> tuple[Getter, Setter | None]:
        """A fetched contact: $ulc(profile=>addr), with [n] the nth contact."""
        profile, arrow, member = inner.partition("=>")
        if not arrow or member not in _PROFILE_MEMBERS:
            raise ValueError(f"is $ulc(profile=>attribute); attributes: {', '.join(_PROFILE_MEMBERS)}")
        position = max(index, 0) if isinstance(index, int) else 0

        def get(ctx: RouteContext) -> Value:
            held = self._profiles.get(profile)
            if held is None:
                return None
            table, aor, contacts = held
            if position >= len(contacts):
                return None
            contact = contacts[position]
            if member == "count":
                return len(contacts)
            if member == "aor":
                return aor
            if member == "domain":
                return table
            if member == "aorhash":
                return aor_hash(aor)
            if member == "conid" and contact.tcpconn_id < 0:
                return None
            value: Value = getattr(contact, _PROFILE_MEMBERS[member])
            return None if value == "" and member in ("socket", "instance") else value

        return get, None


def _flags(text: str) -> int:
    try:
        return int(text or "0", 0)
    except ValueError:
        return 0
