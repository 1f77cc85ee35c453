"""Entry point of `olelo`. Called as kamailio or kamcmd (by name, or as `olelo kamcmd ..`) it is that tool."""

from __future__ import annotations

import os
import sys

from olelo.cli.tools import TOOLS, run_tool

#: Set to anything, this shows the Python traceback of an internal error.
TRACEBACK = "OLELO_TRACEBACK"


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit code. No error of ours or of a module shows a traceback to the user."""
    words = list(sys.argv if argv is None else argv)
    name = os.path.basename(words[0]) if words else "olelo"
    try:
        if name in TOOLS:
            return run_tool(name, words[1:])
        from olelo.cli.commands import app

        app(args=words[1:], prog_name="olelo", standalone_mode=True)
        return 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output is gone; so is anyone to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # whatever it is, the user gets one line and a way to see more
        if os.environ.get(TRACEBACK):
            raise
        print(f"olelo: {type(error).__name__}: {error} (set {TRACEBACK}=1 for the details)", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
