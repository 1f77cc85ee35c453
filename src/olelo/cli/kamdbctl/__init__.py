"""`kamdbctl`: make, save and drop the database of Kamailio's modules, from the settings of kamctlrc."""

from __future__ import annotations

import sys

import olelo
from olelo.cli.dbplace import engine_of
from olelo.cli.kamctlrc import RcError, settings
from olelo.cli.kamdbctl.ask import Asker
from olelo.db.admin import AdminError

USAGE = """\
kamdbctl (olelo {version})

usage: kamdbctl [--yes|--no] command ..

  create [DB]         make the database with the standard tables, and its users (MySQL, PostgreSQL)
  drop [DB]           drop the database; asks first
  reinit [DB]         drop it and create it again; asks first
  backup FILE         save the database as SQL
  restore FILE        run the SQL of a file on the database
  copy DB             make a new database with what is in this one
  presence            add the tables of presence and resource lists
  extra               add the extra tables
  dbuid               add the tables of the uid_* modules
  add-tables GROUP    add the tables of one group, mostly named like a module
  dbonly [DB]         make an empty database (MySQL, PostgreSQL)
  grant [DB]          make the users and give them their rights (MySQL, PostgreSQL)
  revoke [DB]         take the users' rights (MySQL, PostgreSQL)
  version             show the version

DB is a database's name, or the path of an SQLite file.
--yes and --no (-y, -n) answer all questions; so do INSTALL_PRESENCE_TABLES, INSTALL_EXTRA_TABLES and
INSTALL_DBUID_TABLES (yes, no or ask) and DBROOTPW, in kamctlrc or in the environment.
Settings: /etc/kamailio/kamctlrc, then ~/.kamctlrc; $OLELO_KAMCTLRC names another file instead.
"""
#: Commands of Kamailio's tool that are not built here, and why or what to do.
NOT_HERE = {
    "pframework": "provisioning files of xhttp_pi are not made here",
    "bdb": "Berkeley databases are not supported here",
    "db_berkeley": "Berkeley databases are not supported here",
}


def usage() -> str:
    return USAGE.format(version=olelo.__version__)


def main(words: list[str]) -> int:
    """Run with the arguments after the program's name; returns the exit code, 0 or 1."""
    answer = ""
    while words and words[0] in ("-y", "--yes", "-n", "--no"):
        answer = "y" if words[0] in ("-y", "--yes") else "n"
        words = words[1:]
    command = words[0] if words else ""
    if command == "version":
        print(f"kamdbctl {olelo.__version__} (olelo)")
        return 0
    if command in ("-h", "--help", "help"):
        print(usage(), end="")
        return 0
    from olelo.cli.kamdbctl import actions

    if command in NOT_HERE:
        print(f"kamdbctl: {command}: {NOT_HERE[command]}", file=sys.stderr)
        return 1
    if command not in actions.COMMANDS:
        if command:
            print(f"kamdbctl: there is no command {command!r}", file=sys.stderr)
        print(usage(), end="", file=sys.stderr)
        return 1
    function, least, most = actions.COMMANDS[command]
    if not least <= len(words) - 1 <= most:
        expected = "no argument" if not most else "one argument" if least else "at most one argument"
        print(f"kamdbctl: {command} takes {expected}", file=sys.stderr)
        return 1
    try:
        values = settings()
        if not engine_of(values):
            raise AdminError("DBENGINE is not set: MYSQL, PGSQL or SQLITE, in kamctlrc or in the environment")
        function(actions.Run(values, Asker(answer)), *words[1:])
    except (AdminError, RcError) as error:
        print(f"kamdbctl: {error}", file=sys.stderr)
        return 1
    return 0
