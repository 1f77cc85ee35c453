"""Questions of kamdbctl, and how a script answers them beforehand."""

from __future__ import annotations

import getpass
import sys

from olelo.db.admin import AdminError


class Asker:
    """Asks on the terminal, or reads standard input; answer "y" or "n": nobody is asked."""

    def __init__(self, answer: str = "") -> None:
        self.answer = answer

    def yes(self, setting: str, question: str) -> bool:
        """Whether yes. setting: yes, no, or ask (as when empty). Raises AdminError where there is nobody to ask."""
        given = setting.strip().lower()
        if given in ("y", "yes", "n", "no"):
            return given[0] == "y"
        if given not in ("", "ask"):
            raise AdminError(f"{setting[:40]!r} is none of yes, no and ask")
        if self.answer:
            return self.answer == "y"
        print(f"{question} (y/n): ", end="", flush=True)
        line = sys.stdin.readline()
        if not line:
            print()
            raise AdminError("no answer, so nothing was changed; --yes or --no answer beforehand")
        return line.strip().lower() in ("y", "yes")

    def password(self, question: str) -> str:
        """A password, typed unseen; from standard input where that is no terminal."""
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\r\n")
        try:
            return getpass.getpass(question)
        except EOFError:
            raise AdminError("no password, so nothing was changed") from None
