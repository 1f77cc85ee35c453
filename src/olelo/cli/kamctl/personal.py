"""kamctl's commands for what belongs to users: alias_db, speeddial, avp."""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, TableClause, column, delete, insert, literal, select, table

from olelo.cli.kamctl.context import Ctl, Usage, now, number
from olelo.db.admin import AdminError, identifier
from olelo.db.admin_users import Account

HELP = {
    "alias_db": """\
 alias_db show ALIAS             whose alias it is
 alias_db list [USER]            the aliases of a user, or all
 alias_db add ALIAS USER
 alias_db rm ALIAS
  ALIAS and USER are name@domain.""",
    "speeddial": """\
 speeddial show NUMBER           whose short number it is, and what it calls
 speeddial list [USER]           the short numbers of a user, or all
 speeddial add USER NUMBER URI [DESCRIPTION]
 speeddial rm USER NUMBER
  USER and NUMBER are name@domain, URI is sip:name@domain.""",
    "avp": """\
 avp list [-T TABLE] [-u USER|UUID] [-a ATTRIBUTE] [-v VALUE] [-t TYPE]
 avp add [-T TABLE] USER|UUID ATTRIBUTE TYPE VALUE
 avp rm [-T TABLE] [-u USER|UUID] [-a ATTRIBUTE] [-v VALUE] [-t TYPE]
  USER is name@domain. TYPE: 0 name and value are strings, 1 the value is a number, 2 the name is, 3 both are.""",
}
_NAME = r"[-a-zA-Z0-9&=+$,;?/_.!~*'()]+"
_AOR = re.compile(rf"{_NAME}@.+")
_SIP_AOR = re.compile(rf"sips?:{_NAME}@.+")


def aor(text: str) -> Account:
    """A name@domain. Raises AdminError."""
    if not _AOR.fullmatch(text):
        raise AdminError(f"invalid AoR: {text}")
    return Account.parse(text)


def alias_db(ctl: Ctl, words: list[str]) -> None:
    command, rest = (words[0], words[1:]) if words else ("", [])
    aliases = ctl.table("dbaliases", "DA_TABLE")
    columns = aliases.c
    if command == "list" and len(rest) <= 1:
        if not rest:
            ctl.confirm("Dumping all aliases may take long: do you want to proceed?")
            ctl.show(select(columns.alias_username, columns.alias_domain, columns.username, columns.domain))
            return
        who = aor(rest[0])
        alias = (columns.alias_username + literal("@") + columns.alias_domain).label("ALIAS")
        ctl.show(select(alias).where(columns.username == who.username, columns.domain == who.domain))
    elif command == "show" and len(rest) == 1:
        who = aor(rest[0])
        owner = (columns.username + literal("@") + columns.domain).label("SIP-ID")
        ctl.show(select(owner).where(columns.alias_username == who.username, columns.alias_domain == who.domain))
    elif command == "add" and len(rest) == 2:
        alias_of, who = aor(rest[0]), aor(rest[1])
        taken = columns.alias_username == alias_of.username, columns.alias_domain == alias_of.domain
        if ctl.count(aliases, *taken):
            ctl.info(f"{alias_of} alias already in {aliases.name} table")
            return
        values = {"alias_username": alias_of.username, "alias_domain": alias_of.domain}
        ctl.run(insert(aliases).values(**values, username=who.username, domain=who.domain))
    elif command == "rm" and len(rest) == 1:
        who = aor(rest[0])
        gone = delete(aliases).where(columns.alias_username == who.username, columns.alias_domain == who.domain)
        if not ctl.run(gone):
            raise AdminError(f"there is no alias {who}")
    else:
        raise Usage("alias_db")


def speeddial(ctl: Ctl, words: list[str]) -> None:
    command, rest = (words[0], words[1:]) if words else ("", [])
    dials = ctl.table("speed_dial", "SD_TABLE")
    columns = dials.c
    short = (columns.sd_username + literal("@") + columns.sd_domain).label("Short number")
    owner = (columns.username + literal("@") + columns.domain).label("Owner")
    target = columns.new_uri.label("New URI")
    if command == "list" and len(rest) <= 1:
        if not rest:
            ctl.confirm("Dumping all speed-dials may take long: do you want to proceed?")
            ctl.show(select(short, owner, target, columns.description))
            return
        ctl.show(select(short, target, columns.description).where(*_owned(dials, aor(rest[0]))))
    elif command == "show" and len(rest) == 1:
        which = aor(rest[0])
        where = columns.sd_username == which.username, columns.sd_domain == which.domain
        ctl.show(select(owner, target, columns.description).where(*where))
    elif command == "add" and 3 <= len(rest) <= 4:
        who, which = aor(rest[0]), aor(rest[1])
        if not _SIP_AOR.fullmatch(rest[2]):
            raise AdminError(f"invalid SIP AoR: {rest[2]}")
        values = {"username": who.username, "domain": who.domain, "sd_username": which.username}
        values |= {"sd_domain": which.domain, "new_uri": rest[2], "description": rest[3] if len(rest) == 4 else ""}
        ctl.run(insert(dials).values(values))
        print("ok - speed dial added")
    elif command == "rm" and len(rest) == 2:
        which = aor(rest[1])
        where = columns.sd_username == which.username, columns.sd_domain == which.domain
        if not ctl.run(delete(dials).where(*_owned(dials, aor(rest[0])), *where)):
            raise AdminError(f"{rest[0]} has no speed dial {rest[1]}")
        print("ok - speed dial deleted")
    else:
        raise Usage("speeddial")


def _owned(found: TableClause, who: Account) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return found.c.username == who.username, found.c.domain == who.domain


def avp(ctl: Ctl, words: list[str]) -> None:
    command, rest = (words[0], words[1:]) if words else ("", [])
    name = identifier(ctl.get("AVP_TABLE", "usr_preferences"), "table")
    if command == "add":
        if rest[:1] == ["-T"] and len(rest) == 6:
            name, rest = identifier(rest[1], "table"), rest[2:]
        if len(rest) != 4:
            raise Usage("avp")
        _add_avp(ctl, _preferences(name), *rest)
        return
    if command not in ("list", "rm") or len(rest) % 2:
        raise Usage("avp")
    options = list(zip(rest[::2], rest[1::2], strict=True))
    for letter, value in options:
        if letter == "-T":
            name = identifier(value, "table")
    found = _preferences(name)
    where = [condition for letter, value in options for condition in _condition(found, letter, value)]
    columns = found.c
    if command == "list":
        chosen = select(
            columns.uuid, columns.username, columns.domain, columns.attribute, columns.type, columns.value
        ).where(*where)
        ctl.show(chosen)
        return
    if not where:
        ctl.confirm(f"No condition is given: this removes all AVPs of {name}. Proceed?")
    print(f"avp rm - {ctl.run(delete(found).where(*where))} AVP(s) deleted")


def _preferences(name: str) -> TableClause:
    columns = ("uuid", "username", "domain", "attribute", "type", "value", "last_modified")
    return table(name, *(column(each) for each in columns))


def _condition(found: TableClause, letter: str, value: str) -> tuple[ColumnElement[bool], ...]:
    if letter == "-T":
        return ()
    if letter == "-u":
        return _owned(found, Account.parse(value)) if _AOR.fullmatch(value) else (found.c.uuid == value,)
    if letter == "-a":
        return (found.c.attribute == value,)
    if letter == "-v":
        return (found.c.value == value,)
    if letter == "-t":
        return (found.c.type == number(value, "type"),)
    raise Usage("avp")


def _add_avp(ctl: Ctl, found: TableClause, who: str, attribute: str, kind: str, value: str) -> None:
    if kind not in ("0", "1", "2", "3"):
        raise AdminError(f"type {kind[:40]!r} is none of 0, 1, 2 and 3")
    values = {"uuid": who, "username": "", "domain": ""}
    if _AOR.fullmatch(who):
        account = Account.parse(who)
        values = {"uuid": "", "username": account.username, "domain": account.domain}
    values |= {"attribute": attribute, "value": value, "last_modified": now()}
    ctl.run(insert(found).values(**values, type=int(kind)))
    print("avp add - attribute added")


COMMANDS = {"alias_db": alias_db, "speeddial": speeddial, "speed_dial": speeddial, "avp": avp}
