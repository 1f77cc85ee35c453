"""What the command line asks of the server. No imports: this is read before anything heavy is loaded."""

from __future__ import annotations

from dataclasses import dataclass, field

DEFAULT_CONFIG = "/etc/kamailio/kamailio.cfg"
DEFAULT_RUN_DIR = "/run/kamailio"


@dataclass(slots=True)
class ServeOptions:
    """Options of `olelo serve` and of `kamailio`, whose letters are named in brackets.

    debug None: as the file says. server_id None: as the file says. user and group: names or numbers, "" unchanged.
    """

    config: str = DEFAULT_CONFIG  # -f
    listen: list[str] = field(default_factory=list)  # -l
    defines: dict[str, str | None] = field(default_factory=dict)  # -A NAME[=VALUE]
    aliases: list[str] = field(default_factory=list)  # --alias
    auto_aliases: bool | None = None  # -a
    loadmodules: list[str] = field(default_factory=list)  # --loadmodule
    modparams: list[tuple[str, str, int | str]] = field(default_factory=list)  # --modparam
    substs: list[tuple[str, str]] = field(default_factory=list)  # --subst, --substdef, --substdefs: (directive, text)
    log_stderr: bool = False  # -E
    log_color: bool = False  # -e
    debug: int | None = None  # -d, --debug
    daemonize: bool = False  # kamailio without -D
    pid_file: str = ""  # -P
    pgid_file: str = ""  # -G
    run_dir: str = DEFAULT_RUN_DIR  # -Y
    work_dir: str = ""  # -w
    user: str = ""  # -u
    group: str = ""  # -g
    disable_tcp: bool = False  # -T
    server_id: int | None = None  # --server-id
    check_via: bool = False  # -K
    max_recv_buffer: int = 0  # -b, bytes; 0: as the system says
    name: str = "olelo"  # of the program, in syslog
    failed: int = 1  # exit status of the process in the foreground where the start fails
    without_effect: list[str] = field(default_factory=list)  # as given
    arguments: list[str] = field(default_factory=list)  # the command line, for core.arg


def define_of(text: str) -> tuple[str, str | None]:
    """(name, value) of `-A NAME[=VALUE]`; raises ValueError(text)."""
    name, separator, value = text.partition("=")
    if not name or not name.replace("_", "a").isalnum():
        raise ValueError(f"bad define {text!r}")
    return name, value if separator else None


def modparam_of(text: str) -> tuple[str, str, int | str]:
    """(module, parameter, value) of `--modparam=module:parameter:type:value`, type s or i; raises ValueError(text)."""
    parts = text.split(":", 3)
    if len(parts) != 4 or parts[2] not in ("s", "i") or not parts[0] or not parts[1]:
        raise ValueError(f"bad modparam {text!r}, must be module:parameter:type:value with type s or i")
    if parts[2] == "s":
        return parts[0], parts[1], parts[3]
    try:
        return parts[0], parts[1], int(parts[3])
    except ValueError:
        raise ValueError(f"bad modparam {text!r}, the value is no number") from None
