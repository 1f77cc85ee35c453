"""kamctl's commands for peers and domains: address, trusted, domain, uid_domain, dispatcher."""

from __future__ import annotations

from sqlalchemy import delete, insert

from olelo.cli.kamctl.context import Ctl, Usage, now, number
from olelo.db.admin import AdminError

HELP = {
    "address": """\
 address show                    show the addresses of the database
 address dump                    show those in the server's memory
 address reload                  read the database again
 address add GROUP IP [MASK [PORT [TAG]]]
 address rm GROUP IP""",
    "trusted": """\
 trusted show                    show the trusted peers of the database
 trusted dump                    show those in the server's memory
 trusted reload                  read the database again
 trusted add IP PROTOCOL [FROM-PATTERN [TAG]]   PROTOCOL: any udp tcp tls sctp none
 trusted rm IP""",
    "domain": """\
 domain show                     show the domains in the server's memory
 domain showdb                   show those of the database
 domain reload                   read the database again
 domain add DOMAIN
 domain rm DOMAIN""",
    "uid_domain": """\
 uid_domain show                 show the domains in the server's memory
 uid_domain showdb               show those of the database
 uid_domain reload               read the database again
 uid_domain add DOMAIN [DID [FLAGS]]
 uid_domain rm DOMAIN""",
    "dispatcher": """\
 dispatcher show                 show the destinations of the database
 dispatcher dump                 show those in the server's memory
 dispatcher reload               read the database again
 dispatcher add SET DESTINATION [FLAGS [PRIORITY [ATTRS [DESCRIPTION]]]]
 dispatcher rm ID                remove the destination with this number of the database""",
}
_PROTOCOLS = ("any", "udp", "tcp", "tls", "sctp", "none")
#: Of a row of uid_domain: loaded by the server, canonical, for the web interface.
_UID_FLAGS = 1 | 4 | 32


def reload_hint(ctl: Ctl, group: str) -> None:
    ctl.info(f"the server knows of it after `kamctl {group} reload`")


def address(ctl: Ctl, words: list[str]) -> None:
    command, rest = (words[0], words[1:]) if words else ("", [])
    found = ctl.table("address", "ADDRESS_TABLE")
    if command == "reload":
        ctl.call("permissions.addressReload")
    elif command == "dump":
        ctl.call("permissions.addressDump")
        ctl.call("permissions.subnetDump")
    elif command == "show":
        ctl.everything(found)
    elif command == "add" and 2 <= len(rest) <= 5:
        group, ip, mask, port, tag = [*rest, *[""] * (5 - len(rest))]
        values = {
            "grp": number(group, "group"),
            "ip_addr": ip,
            "mask": number(mask, "mask") if mask else 128 if ":" in ip else 32,
            "port": number(port, "port") if port else 0,
            "tag": tag,
        }
        ctl.run(insert(found).values(values))
        reload_hint(ctl, "address")
    elif command == "rm" and len(rest) == 2:
        gone = ctl.run(delete(found).where(found.c.grp == number(rest[0], "group"), found.c.ip_addr == rest[1]))
        _removed(ctl, gone, f"address {rest[1]} of group {rest[0]}")
        reload_hint(ctl, "address")
    else:
        raise Usage("address")


def _removed(ctl: Ctl, rows: int, what: str) -> None:
    if not rows:
        raise AdminError(f"there is no {what}")
    ctl.info(f"{what}: {rows} removed")


def trusted(ctl: Ctl, words: list[str]) -> None:
    command, rest = (words[0], words[1:]) if words else ("", [])
    found = ctl.table("trusted", "TRUSTED_TABLE")
    if command == "reload":
        ctl.call("permissions.trustedReload")
    elif command == "dump":
        ctl.call("permissions.trustedDump")
    elif command == "show":
        ctl.everything(found)
    elif command == "add" and 2 <= len(rest) <= 4:
        ip, protocol, pattern, tag = [*rest, *[""] * (4 - len(rest))]
        if protocol not in _PROTOCOLS:
            raise AdminError(f"{protocol!r} is none of {' '.join(_PROTOCOLS)}")
        if ctl.count(found, found.c.src_ip == ip):
            ctl.info(f"{ip} already in {found.name} table")
            return
        ctl.run(insert(found).values(src_ip=ip, proto=protocol, from_pattern=pattern, tag=tag))
        reload_hint(ctl, "trusted")
    elif command == "rm" and len(rest) == 1:
        _removed(ctl, ctl.run(delete(found).where(found.c.src_ip == rest[0])), f"trusted peer {rest[0]}")
        reload_hint(ctl, "trusted")
    else:
        raise Usage("trusted")


def domain(ctl: Ctl, words: list[str]) -> None:
    command, rest = (words[0], words[1:]) if words else ("", [])
    found = ctl.table("domain", "DOMAIN_TABLE")
    if command == "reload":
        ctl.call("domain.reload")
    elif command == "show":
        ctl.call("domain.dump")
    elif command == "showdb":
        ctl.everything(found)
    elif command == "add" and len(rest) == 1:
        if ctl.count(found, found.c.domain == rest[0]):
            ctl.info(f"{rest[0]} already in {found.name} table")
            return
        ctl.run(insert(found).values(domain=rest[0], last_modified=now()))
        reload_hint(ctl, "domain")
    elif command == "rm" and len(rest) == 1:
        _removed(ctl, ctl.run(delete(found).where(found.c.domain == rest[0])), f"domain {rest[0]}")
        reload_hint(ctl, "domain")
    else:
        raise Usage("domain")


def uid_domain(ctl: Ctl, words: list[str]) -> None:
    command, rest = (words[0], words[1:]) if words else ("", [])
    found = ctl.table("uid_domain", "UID_DOMAIN_TABLE")
    if command == "reload":
        ctl.call("domain.reload")
    elif command == "show":
        ctl.call("domain.dump")
    elif command == "showdb":
        ctl.everything(found)
    elif command == "add" and 1 <= len(rest) <= 3:
        if ctl.count(found, found.c.domain == rest[0]):
            ctl.info(f"{rest[0]} already in {found.name} table")
            return
        did = rest[1] if len(rest) > 1 and rest[1] else rest[0]
        flags = number(rest[2], "flags") if len(rest) > 2 else _UID_FLAGS
        ctl.run(insert(found).values(did=did, domain=rest[0], flags=flags))
        reload_hint(ctl, "uid_domain")
    elif command == "rm" and len(rest) == 1:
        _removed(ctl, ctl.run(delete(found).where(found.c.domain == rest[0])), f"domain {rest[0]}")
        reload_hint(ctl, "uid_domain")
    else:
        raise Usage("uid_domain")


def dispatcher(ctl: Ctl, words: list[str]) -> None:
    command, rest = (words[0], words[1:]) if words else ("", [])
    found = ctl.table("dispatcher", "DISPATCHER_TABLE")
    if command == "reload":
        ctl.call("dispatcher.reload")
    elif command == "dump":
        ctl.call("dispatcher.list")
    elif command == "show":
        ctl.everything(found, order=["setid"])
    elif command in ("add", "addgw") and 2 <= len(rest) <= 6:
        group, destination, flags, priority, attrs, description = [*rest, *[""] * (6 - len(rest))]
        values = {
            "setid": number(group, "set"),
            "destination": destination,
            "flags": number(flags, "flags") if flags else 0,
            "priority": number(priority, "priority", -(1 << 31)) if priority else 0,
            "attrs": attrs,
            "description": description,
        }
        ctl.run(insert(found).values(values))
        reload_hint(ctl, "dispatcher")
    elif command in ("rm", "rmgw") and len(rest) == 1:
        _removed(ctl, ctl.run(delete(found).where(found.c.id == number(rest[0], "id"))), f"destination {rest[0]}")
        reload_hint(ctl, "dispatcher")
    else:
        raise Usage("dispatcher")


COMMANDS = {
    "address": address,
    "trusted": trusted,
    "domain": domain,
    "uid_domain": uid_domain,
    "dispatcher": dispatcher,
}
