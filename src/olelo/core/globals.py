"""Run-time parameters by group and name, as `cfg.get`, `@cfg_get.group.name` and `$ccp(group.name)` see them.

Groups are `core` and `tcp` (core parameters), a module's name (its parameters), or custom groups of the file
(`group.name = value`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from olelo.core.params import BY_NAME
from olelo.script.catalog import Value

if TYPE_CHECKING:
    from olelo.core.context import RouteContext
    from olelo.core.engine import Engine

#: Names in the groups core and tcp that differ from the core parameter's.
_CORE = {"udp_mtu_try_proto": "udp_mtu_try_proto", "dns_cache_max_mem": "dns_cache_mem", "memdbg": "memdbg"}
_TCP = {
    "max_connections": "tcp_max_connections",
    "max_tls_connections": "tls_max_connections",
    "async": "tcp_buf_write",
    "wait_data_ms": "tcp_wait_data",
}


def read(engine: Engine, group: str, name: str, ctx: RouteContext | None = None) -> Value:
    """The value of a run-time parameter, None where there is none.

    With a context, of the instance `group[n]` that cfg_select() chose for the message.
    """
    if ctx is not None and ctx.store and group in ctx.store.get("cfg_instances", ()):
        chosen = engine.globals.get(f"{group}[{ctx.store['cfg_instances'][group]}]", {})
        if name in chosen:
            return chosen[name]
    found = engine.globals.get(group)
    if found is not None and name in found:
        return found[name]
    if group == "core":
        return engine.params.get(_CORE.get(name, name))
    if group == "tcp":
        return engine.params.get(_TCP.get(name, "tcp_" + name))
    module = engine.modules.get(group)
    if module is None or name.startswith("_"):
        return None
    value = getattr(module, name, None)
    return value if isinstance(value, int | str) else None


def write(engine: Engine, group: str, name: str, value: int | str) -> bool:
    """Change a custom or core parameter; False where there is none or the value is not of its kind."""
    found = engine.globals.get(group)
    if found is not None and name in found:
        if isinstance(found[name], int) and not isinstance(value, int):
            return False
        found[name] = value
        return True
    core = _CORE.get(name, name) if group == "core" else _TCP.get(name, "tcp_" + name) if group == "tcp" else ""
    if core not in BY_NAME:
        return False
    try:
        engine.params.set(core, value)
    except ValueError:
        return False
    return True
