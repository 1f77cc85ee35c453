"""counters: statistics that the script makes and counts, and the cnt.* commands over all statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from olelo.core.module import ANY, Const, Many, Module, RpcFault, function, param, rpc
from olelo.core.stats import Counter

if TYPE_CHECKING:
    from olelo.core.context import RouteContext

_ERR = -1
_DESCRIPTION = "custom script counter."


def _check_declaration(text: str) -> None:
    split_declaration(text, "script")


def split_declaration(text: str, group: str) -> tuple[str, str, str]:
    """(group, name, description) of `[group.]name[( |:)description]`; raises ValueError(text) without a name."""
    at = text.find(":")
    if at < 0:
        at = text.find(" ")
    name, description = (text, "") if at < 0 else (text[:at], text[at + 1 :].lstrip(" \t"))
    if "." in name:
        group, _, name = name.partition(".")
    if not name or not group:
        raise ValueError(f"no counter name in {text!r}")
    return group, name, description or _DESCRIPTION


class Counters(Module):
    """Counters for the script, declared with `script_counter`."""

    name = "counters"

    script_counter = param(
        "", "A counter to make: [group.]name[( |:)description].", repeat=True, check=_check_declaration
    )
    script_cnt_grp_name = param("script", "Group of counters that name none.")

    def __init__(self, engine: Any) -> None:
        super().__init__(engine)
        self._declared: dict[tuple[str, str], Counter] = {}
        self._counters: dict[str, Counter] = {}

    def set_param(self, attribute: str, value: int | str) -> None:
        super().set_param(attribute, value)
        if attribute == "script_counter":  # at once: the group name counts that holds at this line of the file
            group, name, description = split_declaration(str(value), self.script_cnt_grp_name)
            self._declared[group, name] = self.engine.stats.counter(group, name, description)

    def _counter(self, name: str) -> Counter | None:
        """The counter of `[group.]name`, if a `script_counter` declared it."""
        found = self._counters.get(name)
        if found is None:
            group, dot, bare = name.partition(".")
            if not dot:
                group, bare = self.script_cnt_grp_name, name
            found = self._declared.get((group, bare))
            if found is None:
                self.engine.log(_ERR, f"counters: counter {group}.{bare} does not exist (forgot to define it?)")
                return None
            self._counters[name] = found
        return found

    @function("cnt_inc", routes=ANY)
    def inc(self, ctx: RouteContext, name: Const) -> int:
        """Add one to a counter. Returns 1, or -1 where it does not exist."""
        counter = self._counter(name)
        if counter is None:
            return -1
        counter.value += 1
        return 1

    @function("cnt_add", routes=ANY)
    def add(self, ctx: RouteContext, name: Const, number: int) -> int:
        """Add a number to a counter. Returns 1, or -1 where it does not exist."""
        counter = self._counter(name)
        if counter is None:
            return -1
        counter.value += number
        return 1

    @function("cnt_reset", routes=ANY)
    def reset(self, ctx: RouteContext, name: Const) -> int:
        """Set a counter to zero. Returns 1, or -1 where it does not exist."""
        counter = self._counter(name)
        if counter is None:
            return -1
        counter.value = 0
        return 1

    # --- commands -----------------------------------------------------------------------------------------------------

    def _value(self, group: str, name: str) -> int:
        value = self.engine.stats.get(group, name)
        if value is None:
            raise RpcFault(400, f"non-existent counter {group}.{name}\n")
        return value

    @rpc("cnt.get", "s*a")
    def rpc_get(self, group: str, name: Any = None) -> int | dict[str, int]:
        """get counter value (takes group and counter name as parameters)"""
        return self._value(group, name) if isinstance(name, str) else self.rpc_get_vars(group)

    @rpc("cnt.get_raw", "ss")
    def rpc_get_raw(self, group: str, name: str) -> int:
        """get raw counter value (debugging version)"""
        return self._value(group, name)

    @rpc("cnt.reset", "ss")
    def rpc_reset(self, group: str, name: str) -> None:
        """reset counter (takes group and counter name as parameters)"""
        self._value(group, name)
        self.engine.stats.reset(group, name)

    @rpc("cnt.list_groups", array=True)
    @rpc("cnt.grps_list", array=True)
    def rpc_groups(self) -> Many:
        """list all the counter group names"""
        return Many(sorted(self.engine.stats.groups()))

    @rpc("cnt.list_vars", "s", array=True)
    @rpc("cnt.var_list", "s", array=True)
    def rpc_names(self, group: str) -> Many:
        """list all the counters names in a specified group"""
        return Many(sorted(name for name, _ in self.engine.stats.group(group)))

    @rpc("cnt.get_vars", "s")
    @rpc("cnt.grp_get_all", "s")
    def rpc_get_vars(self, group: str) -> dict[str, int]:
        """list all counter names and values in a specified group"""
        return dict(sorted(self.engine.stats.group(group)))

    @rpc("cnt.help", "ss")
    def rpc_help(self, group: str, name: str) -> str:
        """print the description of a counter (group and counter name required)."""
        self._value(group, name)
        return self.engine.stats.doc(group, name) or f"statistic {group}.{name} (no description)"


MODULE = Counters
