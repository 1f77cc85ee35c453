"""kamctl's commands for subscribers: add, passwd, rm, show, sets, setn, rpid, acl."""

from __future__ import annotations

from sqlalchemy import TableClause, and_, column, delete, insert, select, table, update

from olelo.cli.kamctl.context import Ctl, Refused, Usage, now
from olelo.db.admin import AdminError, NoTable, identifier
from olelo.db.admin_users import Account, NoUser, Subscribers

HELP = {
    "subscriber": """\
 add USER PASSWORD               add a subscriber
 passwd USER PASSWORD            give it another password
 rm USER                         remove it, with its groups, aliases and contacts
 show USER                       show what is stored of it
 sets USER COLUMN TEXT           set a column of it
 setn USER COLUMN NUMBER         set a column of it to a number
  USER is username or username@domain; SIP_DOMAIN of kamctlrc is the domain where there is none.
  STORE_PLAINTEXT_PW=0 in kamctlrc stores no plain passwords. Arguments can be seen in the list of processes:
  `olelo user` asks for the password instead.""",
    "rpid": """\
 rpid add USER VALUE             set the Remote-Party-ID of a subscriber (its table needs a column rpid)
 rpid rm USER                    unset it
 rpid show [USER]                show it""",
    "acl": """\
 acl show [USER]                 show groups
 acl grant USER GROUP..          put a subscriber into groups; ACL_GROUPS of kamctlrc names those there are
 acl revoke USER [GROUP]         take it out of one group or of all""",
}
#: What usrloc says of a name without contacts.
NOT_FOUND = "AOR not found"


def _table(ctl: Ctl) -> str:
    return identifier(ctl.get("SUB_TABLE", "subscriber"), "table")


def _plain(ctl: Ctl) -> bool:
    return ctl.flag("STORE_PLAINTEXT_PW")


def is_user(ctl: Ctl, account: Account) -> bool:
    """Whether there is such a subscriber."""
    users = ctl.table("subscriber", "SUB_TABLE")
    return bool(ctl.count(users, users.c.username == account.username, users.c.domain == account.domain))


def must_be_user(ctl: Ctl, account: Account) -> None:
    """Raises NoUser."""
    if not is_user(ctl, account):
        raise NoUser(f"non-existent user '{account}'")


def is_alias(ctl: Ctl, account: Account) -> bool:
    """Whether the name is taken as an alias; ALIASES_TYPE of kamctlrc says where aliases are."""
    kind = ctl.get("ALIASES_TYPE")
    if kind == "DB":
        aliases = ctl.table("dbaliases", "DA_TABLE")
        return bool(
            ctl.count(aliases, aliases.c.alias_username == account.username, aliases.c.alias_domain == account.domain)
        )
    if kind == "UL":
        try:
            ctl.ask("ul.lookup", ctl.get("ALS_TABLE", "aliases"), str(account))
        except Refused as error:
            if NOT_FOUND in str(error):
                return False
            raise
        return True
    return False


def add(ctl: Ctl, words: list[str]) -> None:
    if len(words) != 2:
        raise Usage("subscriber")
    account = ctl.account(words[0])
    if is_alias(ctl, account):
        raise AdminError(f"user '{words[0]}' already exists as alias")
    with ctl.changing() as connection:
        Subscribers(connection, _table(ctl)).add(account, words[1], plain=_plain(ctl))
    print(f"new user '{words[0]}' added")


def passwd(ctl: Ctl, words: list[str]) -> None:
    if len(words) != 2:
        raise Usage("subscriber")
    with ctl.changing() as connection:
        Subscribers(connection, _table(ctl)).set_password(ctl.account(words[0]), words[1], plain=_plain(ctl))
    ctl.info("password change succeeded")


def remove(ctl: Ctl, words: list[str]) -> None:
    if len(words) != 1:
        raise Usage("subscriber")
    account = ctl.account(words[0])
    must_be_user(ctl, account)
    kept = [ctl.table("grp", "ACL_TABLE"), ctl.table("dbaliases", "DA_TABLE")]
    kept = [found for found in kept if _has(ctl, found)]
    with ctl.changing() as connection:
        for found in kept:
            ctl.run(delete(found).where(found.c.username == account.username, found.c.domain == account.domain))
        Subscribers(connection, _table(ctl)).remove(account)
    try:
        ctl.ask("ul.rm", ctl.get("UL_TABLE", "location"), str(account))
    except AdminError as error:
        if NOT_FOUND not in str(error):  # else it had no contacts
            ctl.info(f"contacts stay until they expire: {error}")


def _has(ctl: Ctl, found: TableClause) -> bool:
    try:
        ctl.count(found)
    except NoTable:
        return False
    return True


def show(ctl: Ctl, words: list[str]) -> None:
    if len(words) != 1:
        raise Usage("subscriber")
    account = ctl.account(words[0])
    users = ctl.table("subscriber", "SUB_TABLE")
    ctl.everything(users, users.c.username == account.username, users.c.domain == account.domain)


def sets(ctl: Ctl, words: list[str]) -> None:
    _set(ctl, words, words[2] if len(words) == 3 else "")


def setn(ctl: Ctl, words: list[str]) -> None:
    if len(words) != 3:
        raise Usage("subscriber")
    try:
        value: int | float = int(words[2])
    except ValueError:
        try:
            value = float(words[2])
        except ValueError:
            raise AdminError(f"{words[2][:40]!r} is no number") from None
    _set(ctl, words, value)


def _set(ctl: Ctl, words: list[str], value: str | int | float | None) -> None:
    if len(words) != 3:
        raise Usage("subscriber")
    account = ctl.account(words[0])
    must_be_user(ctl, account)
    _change(ctl, account, words[1], value)
    ctl.info("attribute change succeeded")


def _change(ctl: Ctl, account: Account, name: str, value: str | int | float | None) -> None:
    wanted = identifier(name, "column")
    columns = dict.fromkeys(("username", "domain", wanted))
    users = table(_table(ctl), *(column(each) for each in columns))
    where = and_(users.c.username == account.username, users.c.domain == account.domain)
    ctl.run(update(users).where(where).values({wanted: value}))


def rpid(ctl: Ctl, words: list[str]) -> None:
    if (
        not words
        or words[0] not in ("add", "rm", "show")
        or len(words) != {"add": 3, "rm": 2}.get(words[0], len(words))
    ):
        raise Usage("rpid")
    if len(words) > 1:
        account = ctl.account(words[1])
        must_be_user(ctl, account)
        if words[0] != "show":
            _change(ctl, account, "rpid", words[2] if words[0] == "add" else None)
    users = table(_table(ctl), column("username"), column("domain"), column("rpid"))
    found = select(users.c.username, users.c.rpid)
    if len(words) > 1:
        found = found.where(users.c.username == account.username, users.c.domain == account.domain)
    ctl.show(found)


# --- groups


def acl(ctl: Ctl, words: list[str]) -> None:
    command, rest = (words[0], words[1:]) if words else ("", [])
    if command == "show" and len(rest) <= 1:
        if rest:
            _verify(ctl, rest[0])
        _show_groups(ctl, rest[0] if rest else "")
    elif command == "grant" and len(rest) >= 2:
        _grant(ctl, rest[0], rest[1:])
    elif command == "revoke" and 1 <= len(rest) <= 2:
        _revoke(ctl, rest[0], rest[1] if len(rest) == 2 else "")
    else:
        raise Usage("acl")


def _verify(ctl: Ctl, name: str) -> None:
    if ctl.flag("VERIFY_USER") and not is_user(ctl, ctl.account(name)):
        ctl.confirm(f"Non-existent user '{name}'. Still proceeding?")


def _show_groups(ctl: Ctl, name: str) -> None:
    groups = ctl.table("grp", "ACL_TABLE")
    if name:
        account = ctl.account(name)
        ctl.everything(groups, groups.c.username == account.username, groups.c.domain == account.domain)
    else:
        ctl.everything(groups)


def _grant(ctl: Ctl, name: str, wanted: list[str]) -> None:
    _verify(ctl, name)
    account = ctl.account(name)
    known = ctl.get("ACL_GROUPS", "local ld int voicemail free-pstn").split()
    groups = ctl.table("grp", "ACL_TABLE")
    granted = 0
    with ctl.changing():
        for group in wanted:
            if ctl.flag("VERIFY_ACL") and group not in known:
                ctl.warn(f"Invalid privilege: acl '{group}' ignored")
                continue
            values = {"username": account.username, "domain": account.domain, "grp": group, "last_modified": now()}
            ctl.run(insert(groups).values(values))
            granted += 1
    if not granted:
        raise AdminError(f"no group was granted; there are: {' '.join(known)} (ACL_GROUPS)")
    _show_groups(ctl, str(account))


def _revoke(ctl: Ctl, name: str, group: str) -> None:
    account = ctl.account(name)
    groups = ctl.table("grp", "ACL_TABLE")
    where = [groups.c.username == account.username, groups.c.domain == account.domain]
    ctl.run(delete(groups).where(*where, *([groups.c.grp == group] if group else [])))
    _show_groups(ctl, name)


COMMANDS = {
    "add": add,
    "passwd": passwd,
    "rm": remove,
    "show": show,
    "sets": sets,
    "setn": setn,
    "rpid": rpid,
    "acl": acl,
}
