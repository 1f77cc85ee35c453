"""kamctl's commands for the running server: contacts, statistics, state. They go over the control socket (module ctl)."""

from __future__ import annotations

import itertools
import json
import re
import sys
import time
from typing import Any

from sqlalchemy import delete

from olelo.cli.kamctl.context import Ctl, Refused, Usage, argument, number
from olelo.cli.kamctl.subscribers import is_alias, is_user
from olelo.db.admin import AdminError

HELP = {
    "ul": """\
 ul show [USER|--brief]          show the contacts in the server's memory
 ul add USER URI [EXPIRES [PATH]]   add a contact; without EXPIRES (seconds) it is permanent
 ul rm USER [URI]                remove the contacts of a user, or one of them
 ul dbclean [SECONDS]            remove contacts from the database that expired so long ago, by default 3600
  `alias` instead of `ul` does it with aliases, in the table aliases.""",
    "online": """\
 online                          list who is registered""",
    "monitor": """\
 monitor [TIMES]                 show the server's state again and again""",
    "ping": """\
 ping URI                        send an OPTIONS request and show the reply""",
    "cisco_restart": """\
 cisco_restart URI               make a Cisco phone read its configuration again (NOTIFY)""",
    "ps": """\
 ps                              list the processes
 psa                             list them with all there is to know
 uptime                          show since when the server runs
 stats [GROUP]                   show statistics""",
    "srv": """\
 srv sockets|aliases|modules|version|rpclist   show what the server has
 srv debug [LEVEL]               show or set the log level""",
    "rpc": """\
 rpc COMMAND [ARGUMENT..]        call a command; s:1 is a string, i:1 a number
 rpcprint COMMAND [ARGUMENT..]   show the JSON-RPC request only
 kamcmd ..                       be kamcmd""",
}
#: Every method, as 32 bits with a sign: numbers of binrpc have one.
_ALL_METHODS = -1
_URI = re.compile(r"sips?:.+")
_SRV = {
    "sockets": "corex.list_sockets",
    "aliases": "corex.list_aliases",
    "rpclist": "system.listMethods",
    "modules": "core.modules",
    "version": "core.version",
}
_PANELS = (
    ("Transaction Statistics", ("UAS_transactions", "UAC_transactions", "active_transactions", "inuse_transactions")),
    ("Stateless Server Statistics", ("sent_replies", "sent_err_replies")),
    ("UsrLoc Statistics", ("usrloc:",)),
    ("Core Statistics", ("rcv_requests", "fwd_requests", "rcv_replies", "fwd_replies")),
    ("Shared Memory Statistics", ("shmem:",)),
)


def ul(ctl: Ctl, words: list[str]) -> None:
    _contacts(ctl, words, ctl.get("UL_TABLE", "location"), alias=False)


def alias(ctl: Ctl, words: list[str]) -> None:
    _contacts(ctl, words, ctl.get("ALS_TABLE", "aliases"), alias=True)


def _contacts(ctl: Ctl, words: list[str], name: str, *, alias: bool) -> None:
    command, rest = (words[0], words[1:]) if words else ("", [])
    if command == "show" and len(rest) <= 1:
        if not rest:
            ctl.call("ul.dump")
        elif rest[0] == "--brief":
            ctl.call("ul.dump", "brief")
        else:
            ctl.call("ul.lookup", name, str(ctl.account(rest[0])))
    elif command == "add" and 2 <= len(rest) <= 4:
        _add_contact(ctl, rest, name, alias=alias)
    elif command == "rm" and 1 <= len(rest) <= 2:
        user = str(ctl.account(rest[0]))
        if len(rest) == 1:
            ctl.call("ul.rm", name, user)
        else:
            ctl.call("ul.rm_contact", name, user, _uri(rest[1]))
    elif command == "dbclean" and len(rest) <= 1:
        seconds = number(rest[0], "number of seconds") if rest else 3600
        found = ctl.table("aliases" if alias else "location", "ALS_TABLE" if alias else "UL_TABLE")
        ctl.info(f"{ctl.run(delete(found).where(found.c.expires < ctl.moment(seconds)))} expired contacts removed")
    else:
        raise Usage("ul")


def _uri(text: str) -> str:
    if not _URI.fullmatch(text):
        raise AdminError(f"invalid SIP URI: {text}")
    return text


def _add_contact(ctl: Ctl, words: list[str], name: str, *, alias: bool) -> None:
    account, uri = ctl.account(words[0]), _uri(words[1])
    expires = number(words[2], "number of seconds") if len(words) > 2 else 0
    if alias and is_user(ctl, account):
        raise AdminError("overlap of alias with an existing subscriber name")
    if is_alias(ctl, account):
        raise AdminError("alias already defined" if alias else "AOR is an alias")
    path = words[3] if len(words) > 3 else "."
    try:
        q = float(ctl.get("DEFAULT_Q", "1.0"))
    except ValueError:
        raise AdminError("DEFAULT_Q is no number") from None
    ctl.call("ul.add", name, str(account), uri, expires, q, path, 0, 0, _ALL_METHODS)


def online(ctl: Ctl, words: list[str]) -> None:
    for name in sorted(set(_names(ctl.ask("ul.dump", "brief")))):
        print(name)


def _names(value: Any) -> list[str]:
    """The addresses of record in a dump, wherever they are in it."""
    if isinstance(value, dict):
        here = [str(each) for key, each in value.items() if key == "AoR" and isinstance(each, str)]
        return here + [name for each in value.values() for name in _names(each)]
    return [name for each in value for name in _names(each)] if isinstance(value, list) else []


def monitor(ctl: Ctl, words: list[str]) -> None:
    if len(words) > 1:
        raise Usage("monitor")
    times = number(words[0], "number of times", 1) if words else 0
    period = float(number(ctl.get("WATCH_PERIOD", "2"), "WATCH_PERIOD"))
    for cycle in itertools.count(1):
        version, uptime = ctl.ask("core.version"), ctl.ask("core.uptime")
        if sys.stdout.isatty():
            print("\033[H\033[2J", end="")
        print(f"[cycle #: {cycle}; if constant make sure server lives]\n{version}")
        for name, value in uptime.items() if isinstance(uptime, dict) else ():
            print(f"  {name}: {value}")
        for title, names in _PANELS:
            print(f"\n{title}:")
            try:
                found = ctl.ask("stats.get_statistics", *names)
            except Refused as error:
                print(f"  {error}")
                continue
            for line in found if isinstance(found, list) else [found]:
                print(f"  {line}")
        sys.stdout.flush()
        if cycle == times:
            return
        time.sleep(period)


def _headers(ctl: Ctl, uri: str, extra: str = "") -> str:
    return f"From: sip:daemon@{ctl.host_name}\r\nTo: <{uri}>\r\n{extra}Contact: sip:daemon@{ctl.host_name}\r\n"


def ping(ctl: Ctl, words: list[str]) -> None:
    if len(words) != 1:
        raise Usage("ping")
    ctl.call("tm.t_uac_wait_block", "OPTIONS", words[0], ".", ".", _headers(ctl, words[0]))


def cisco_restart(ctl: Ctl, words: list[str]) -> None:
    if len(words) != 1:
        raise Usage("cisco_restart")
    headers = _headers(ctl, words[0], "Event: check-sync\r\n")
    ctl.call("tm.t_uac_start", "NOTIFY", words[0], ".", ".", headers)


def ps(ctl: Ctl, words: list[str]) -> None:
    ctl.call("core.psx")


def psa(ctl: Ctl, words: list[str]) -> None:
    ctl.call("core.psa")


def uptime(ctl: Ctl, words: list[str]) -> None:
    ctl.call("core.uptime")


def stats(ctl: Ctl, words: list[str]) -> None:
    if len(words) > 1:
        raise Usage("ps")
    ctl.call("stats.get_statistics", f"{words[0].rstrip(':')}:" if words else "all")


def srv(ctl: Ctl, words: list[str]) -> None:
    if len(words) == 1 and words[0] in _SRV:
        ctl.call(_SRV[words[0]])
    elif words[:1] == ["debug"] and len(words) <= 2:
        ctl.call("corex.debug", *([number(words[1], "level", -10)] if len(words) == 2 else []))
    else:
        raise Usage("srv")


def rpc(ctl: Ctl, words: list[str]) -> None:
    if not words:
        raise Usage("rpc")
    ctl.call(words[0], *map(argument, words[1:]))


def rpcprint(ctl: Ctl, words: list[str]) -> None:
    if not words:
        raise Usage("rpc")
    request: dict[str, Any] = {"jsonrpc": "2.0", "method": words[0]}
    if len(words) > 1:
        request["params"] = [argument(word) for word in words[1:]]
    print(json.dumps({**request, "id": 1}, ensure_ascii=False))


def kamcmd(ctl: Ctl, words: list[str]) -> None:
    from olelo.cli.kamcmd import main

    raise SystemExit(main(words))


COMMANDS = {
    "ul": ul,
    "usrloc": ul,
    "alias": alias,
    "online": online,
    "monitor": monitor,
    "moni": monitor,
    "console": monitor,
    "con": monitor,
    "ping": ping,
    "cisco_restart": cisco_restart,
    "ps": ps,
    "psa": psa,
    "uptime": uptime,
    "stats": stats,
    "srv": srv,
    "rpc": rpc,
    "fifo": rpc,
    "rpcprint": rpcprint,
    "kamcmd": kamcmd,
    "sercmd": kamcmd,
    "ser": kamcmd,
}
