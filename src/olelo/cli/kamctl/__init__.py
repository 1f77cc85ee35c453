"""`kamctl`: subscribers, groups, peers and plans in Kamailio's database, and the running server."""

from __future__ import annotations

import sys

import olelo
from olelo.cli.kamctlrc import RcError, settings

#: Commands of Kamailio's tool that are not built here, and what to do instead.
NOT_HERE = {
    "tls": "certificates are made with openssl",
    "trap": "there are no C processes to look into; OLELO_TRACEBACK=1 shows where an error came from",
    "pstrap": "there are no C processes to look into; OLELO_TRACEBACK=1 shows where an error came from",
}
_HEAD = """\
kamctl (olelo {version})

usage: kamctl [--db URL] [-s SOCKET] command ..

Settings: /etc/kamailio/kamctlrc, then ~/.kamctlrc; $OLELO_KAMCTLRC names another file instead.
--db is a database's URL instead of theirs, -s the server's control socket.
"""


def main(words: list[str]) -> int:
    """Run with the arguments after the program's name; returns the exit code, 0 or 1."""
    options = {"--db": "", "-s": ""}
    while words and words[0] in options:
        if len(words) == 1:
            return _wrong(f"{words[0]} needs a value")
        options[words[0]], words = words[1], words[2:]
    command, rest = (words[0], words[1:]) if words else ("", [])
    if command == "version":
        print(f"kamctl {olelo.__version__} (olelo)")
        return 0
    if command in NOT_HERE:
        return _wrong(f"{command}: not available here: {NOT_HERE[command]}")
    from olelo.cli.kamctl import live, peers, personal, plans, process, subscribers, tables
    from olelo.cli.kamctl.context import Ctl, Usage
    from olelo.db.admin import AdminError

    rooms = (subscribers, personal, peers, plans, tables, live, process)
    helps = {name: text for room in rooms for name, text in room.HELP.items()}
    commands = {name: function for room in rooms for name, function in room.COMMANDS.items()}
    if command in ("", "help", "-h", "--help") or command not in commands:
        if command not in ("", "help", "-h", "--help"):
            _wrong(f"there is no command {command!r}; `kamctl help` lists them")
            return 1
        print(_HEAD.format(version=olelo.__version__), end="")
        print("\n" + "\n\n".join(helps.values()), end="\n\n")
        print("Not available here: " + ", ".join(NOT_HERE) + ".")
        return 0 if command else 1
    if rest == ["help"]:
        print(helps.get(command, helps["subscriber"]))
        return 0
    try:
        values = settings()
        commands[command](Ctl(values, options["--db"], options["-s"]), rest)
    except Usage as group:
        print(f"kamctl: {' '.join(words[:2])}: wrong arguments; it is\n{helps[str(group)]}", file=sys.stderr)
        return 1
    except (AdminError, RcError) as error:
        return _wrong(str(error))
    return 0


def _wrong(said: str) -> int:
    print(f"kamctl: {said}", file=sys.stderr)
    return 1
