"""`kamailio`: the options and exit codes of Kamailio's server binary (kamailio -h), over `olelo serve` and `check`."""

from __future__ import annotations

import getopt
import sys
from typing import TextIO

from olelo.cli.door import server
from olelo.cli.options import DEFAULT_CONFIG, ServeOptions, define_of, modparam_of
from olelo.core.listen import parse_option

_SHORT = "f:cm:M:dVIhEeb:l:L:n:vKrRDTN:W:w:t:u:g:P:G:SQ:O:a:A:x:X:Y:"
_LONG = [
    "alias=",
    "atexit=",
    "cfg-print",
    "debug=",
    "help",
    "loadmodule=",
    "log-engine=",
    "modparam=",
    "server-id=",
    "subst=",
    "substdef=",
    "substdefs=",
    "version",
]
#: Exit code of every failure, -1 in C.
FAILED = 255

HELP = """\
Usage: kamailio [options]
Options:
    -a mode      add aliases found by reverse look-up: yes, on, no, off
    --alias=val  add an alias, [proto:]hostname[:port]
    -A define    define a preprocessor name: -A WITH_AUTH, -A 'LIMIT=1'
    -b nr        largest UDP receive buffer, in bytes
    -c           check the configuration file
    --cfg-print  print the configuration with its includes, without what #!ifdef leaves out
    -d           raise the log level; may be repeated
    --debug=val  log level
    -D           do not go to the background (-D and -DD alike)
    -e           coloured log lines (with -E)
    -E           log to standard error
    -f file      configuration file (default: /etc/kamailio/kamailio.cfg)
    -g gid       change to this group
    -G file      write the process group to a file (in the background only)
    -h, --help   this help
    -I           as -v
    -K           check "via" hosts when replies are forwarded
    -l address   listen on [proto:]address[:port][/advertised]; may be repeated
    --loadmodule=name  load a module
    --log-engine=engine  how log lines are written
    --modparam=module:parameter:type:value  set a parameter; type s (string) or i (integer)
    -P file      write the process number to a file
    --server-id=num  value of server_id
    --subst=exp, --substdef=exp, --substdefs=exp  as the directives of those names
    -T           no TCP
    -u uid       change to this user
    -v, -V, --version  version
    -w dir       change to this directory
    -Y dir       directory of run-time files
Accepted without effect, since there is one process, which has no memory pools, and modules are part of it:
    -L -m -M -n -N -O -Q -S -W -x -X --atexit
Accepted without effect: --log-engine (lines have one form), -r and -R ("received=" is added wherever the address in
Via is not the sender's). Refused: -t (use RootDirectory= of systemd, or a container).
"""

_TEXT = {
    "-f": "config",
    "-P": "pid_file",
    "-G": "pgid_file",
    "-Y": "run_dir",
    "-w": "work_dir",
    "-u": "user",
    "-g": "group",
}
_FLAGS = {
    "-E": "log_stderr",
    "-e": "log_color",
    "-T": "disable_tcp",
    "-K": "check_via",
}
_NUMBERS = {"-b": "max_recv_buffer", "--debug": "debug", "--server-id": "server_id"}
_LISTS = {"-l": "listen", "--alias": "aliases", "--loadmodule": "loadmodules"}
_NO_EFFECT = ("-L", "-m", "-M", "-n", "-N", "-O", "-Q", "-S", "-W", "-x", "-X", "-r", "-R", "--atexit", "--log-engine")
#: Options without effect whose value Kamailio checks.
_WHOLE_NUMBERS = ("-m", "-M", "-n", "-N", "-O", "-Q")


class UsageError(Exception):
    """The command line is wrong; the text is for the user."""


def main(argv: list[str], out: TextIO | None = None, err: TextIO | None = None) -> int:
    """Run with the arguments after the program's name; returns the exit code (0, or 255 for any failure)."""
    out, err = out or sys.stdout, err or sys.stderr
    try:
        pairs = _options(argv)
        options = serve_options(pairs, ["kamailio", *argv])
    except UsageError as error:
        print(error, file=err)
        return FAILED
    given = {name for name, _ in pairs}
    if given & {"-h", "--help"}:
        _version(out)
        out.write(HELP)
        return 0
    if given & {"-v", "-V", "-I", "--version"}:
        _version(out)
        return 0
    if options.config == "-":
        options.config = "/dev/stdin"
    try:
        with open(options.config, "rb"):
            pass
    except OSError as error:
        print(
            f"ERROR: loading config file({options.config}): {error.strerror}, check file and directory permissions",
            file=err,
        )
        return FAILED
    if "--cfg-print" in given:
        return print_config(options, out, err)
    if "-c" in given:
        return check(options, err)
    return 0 if server().serve(options) == 0 else FAILED


def print_config(options: ServeOptions, out: TextIO, err: TextIO) -> int:
    """`kamailio --cfg-print`: the configuration as it is read, then it ends."""
    from olelo.cli.cfgprint import printed
    from olelo.cli.report import one_line

    text, found = printed(options.config, options.defines, options.substs)
    for finding in found.errors:
        print(one_line(finding), file=err)
    raw = getattr(out, "buffer", None)
    if raw is not None:
        raw.write(text.encode("latin-1", "replace"))  # as the files have it
    else:
        out.write(text)
    return FAILED if found.errors else 0


def check(options: ServeOptions, err: TextIO) -> int:
    """`kamailio -c`: findings and verdict on standard error; 0 if there is no error."""
    from olelo.cli.report import one_line

    found, _ = server().check(options.config, options.defines, options)
    for finding in found.found:
        print(one_line(finding), file=err)
    if found.errors:
        print(f"ERROR: bad config file ({len(found.errors)} errors) (parsing code: 1)", file=err)
        return FAILED
    print("config file ok, exiting...", file=err)
    return 0


def _options(argv: list[str]) -> list[tuple[str, str]]:
    try:
        pairs, rest = getopt.gnu_getopt(argv, _SHORT, _LONG)
    except getopt.GetoptError as error:
        dashed = f"-{error.opt}" if len(error.opt) == 1 else f"--{error.opt}"
        if "requires argument" in error.msg:
            raise UsageError(f"Option '{dashed}' requires an argument. Use -h for help.") from None
        raise UsageError(f"Unknown option '{dashed}'. Use -h for help.") from None
    if rest:
        raise UsageError(f"Unexpected argument '{rest[0]}'. Use -h for help.")
    return pairs


def serve_options(pairs: list[tuple[str, str]], arguments: list[str]) -> ServeOptions:
    """The options of a command line already cut in pairs; raises UsageError."""
    options = ServeOptions(config=DEFAULT_CONFIG, arguments=arguments, name="kamailio", failed=FAILED)
    stay = 0
    for name, value in pairs:
        try:
            if name in _TEXT:
                setattr(options, _TEXT[name], value)
            elif name in _FLAGS:
                setattr(options, _FLAGS[name], True)
            elif name in _NUMBERS:
                setattr(options, _NUMBERS[name], _number(name, value))
            elif name == "-t":
                raise ValueError("a chroot is not supported; use RootDirectory= of systemd, or a container")
            elif name in _LISTS:
                if name == "-l":
                    parse_option(value)
                getattr(options, _LISTS[name]).append(value)
            elif name in _NO_EFFECT:
                if name in _WHOLE_NUMBERS:
                    _number(name, value)
                options.without_effect.append(f"{name} {value}".rstrip())
            elif name == "-A":
                key, text = define_of(value)
                options.defines[key] = text
            elif name == "-D":
                stay += 1
            elif name == "-d":
                options.debug = (options.debug or 0) + 1
            elif name == "-a":
                options.auto_aliases = _switch(value)
            elif name == "--modparam":
                options.modparams.append(modparam_of(value))
            elif name.startswith("--subst"):
                options.substs.append((name[2:], value))
        except ValueError as error:
            raise UsageError(f"Option '{name}': {error}. Use -h for help.") from None
    options.daemonize = stay not in (1, 2)
    if not options.work_dir and stay != 1:  # as Kamailio, whose files with relative names are sought there
        options.work_dir = "/"
    return options


def _number(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"bad number {value!r}") from None


def _switch(value: str) -> bool:
    if value.lower() in ("yes", "on", "1"):
        return True
    if value.lower() in ("no", "off", "0"):
        return False
    raise ValueError(f"bad auto aliases mode {value!r}, must be yes, on, no or off")


def _version(out: TextIO) -> None:
    from olelo.rpc.core_commands import build_flags, full_version

    print(f"version: {full_version()}\nflags: {build_flags()}", file=out)
