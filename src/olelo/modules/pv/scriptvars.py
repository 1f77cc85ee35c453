"""Variables that hold what the script puts there, and those that look elsewhere: $var $shv $avp $stat $sel $ccp."""

from __future__ import annotations

from olelo.core import globals as custom
from olelo.core.avps import avp_key
from olelo.core.context import RouteContext
from olelo.core.module import Module, Pairs, RpcFault, param, rpc, variable
from olelo.core.selects import select
from olelo.modules.pv.avps import AvpName, avp_pair, parse_aliases
from olelo.modules.pv.common import Pair, no_index, nothing
from olelo.modules.pv.xavps import XavpName
from olelo.script.catalog import Value
from olelo.script.pvspec import PvError, parse_pv

_SHV_SET = tuple(f"Missing parameter {name} (Parameters: varname type value)" for name in ("varname", "type", "value"))


def parse_setting(text: str) -> tuple[str, int | str]:
    """Name and value of `name=s:text` or `name=i:5`. Raises: ValueError."""
    name, equals, value = text.partition("=")
    if not equals or not name or value[1:2] != ":" or value[0] not in "sSiI":
        raise ValueError(f"{text!r} is no setting: name=i:number or name=s:text is")
    if value[0] in "sS":
        return name, value[2:]
    try:
        return name, int(value[2:])
    except ValueError:
        raise ValueError(f"{value[2:]!r} is no number") from None


class ScriptVariables(Module):
    """$var, $shv, $avp and their like."""

    shvset = param(
        "", "A shared variable and its first value: name=i:5 or name=s:text.", check=parse_setting, repeat=True
    )
    varset = param(
        "", "A script variable and its first value: name=i:5 or name=s:text.", check=parse_setting, repeat=True
    )
    avp_aliases = param("", "Names for AVPs: email=s:email_addr;tmp=i:53.", check=parse_aliases, repeat=True)

    #: shared variables of this engine
    shared: dict[str, Value]

    def set_param(self, attribute: str, value: int | str) -> None:
        super().set_param(attribute, value)
        # variables are resolved while the file is read, before init(): keep these ready at once
        if attribute == "shvset":
            name, first = parse_setting(str(value))
            self.shared[name] = first
        elif attribute == "varset":
            name, first = parse_setting(str(value))
            self.first_values[name] = first
        elif attribute == "avp_aliases":
            self.aliases.update(parse_aliases(str(value)))

    first_values: dict[str, Value]
    aliases: dict[str, str]

    # --- $var, $vz, $vn ---

    @variable("var", "vz", inner="required")
    def var(self, inner: str, index: int | str | None) -> Pair:
        """A variable of the script while it works on one message; 0 until it is set, and after = $null."""
        no_index(index)
        first = self.first_values

        def get(ctx: RouteContext) -> Value:
            return ctx.vars[inner] if inner in ctx.vars else first.get(inner, 0)

        def set_(ctx: RouteContext, value: Value) -> None:
            ctx.vars[inner] = 0 if value is None else value

        return get, set_

    @variable("vn", inner="required")
    def vn(self, inner: str, index: int | str | None) -> Pair:
        """As $var, but $null until it is set."""
        no_index(index)
        key = "$vn:" + inner

        def get(ctx: RouteContext) -> Value:
            return ctx.vars.get(key)

        def set_(ctx: RouteContext, value: Value) -> None:
            ctx.vars[key] = value

        return get, set_

    # --- $shv ---

    @variable("shv", inner="required")
    def shv(self, inner: str, index: int | str | None) -> Pair:
        """A variable that all messages share; 0 until it is set."""
        no_index(index)
        shared = self.shared
        shared.setdefault(inner, 0)

        def get(ctx: RouteContext) -> Value:
            return shared[inner]

        def set_(ctx: RouteContext, value: Value) -> None:
            shared[inner] = "" if value is None else value  # $null is stored as empty text, as in Kamailio

        return get, set_

    @rpc("pv.shvGet", "*S")
    def shv_get(self, name: str = "") -> Pairs:
        """One shared variable, or all: name, type (int or string), value."""
        if name:
            if name not in self.shared:
                raise RpcFault(404, "Variable not found")
            return self._entry(name)
        return Pairs([("items", Pairs([("shv", self._entry(each)) for each in self.shared]))])

    def _entry(self, name: str) -> Pairs:
        value = self.shared[name]
        kind = "int" if isinstance(value, int) else "string"
        return Pairs([("name", name), ("type", kind), ("value", value)])

    @rpc("pv.shvSet", "SS*.S", usage=(500, *_SHV_SET))
    def shv_set(self, name: str, kind: str, value: str | None = None) -> str:
        """Set a shared variable that exists: name, int or str, value."""
        if kind.lower() not in ("int", "str"):
            raise RpcFault(500, "Unknown parameter type (Types: int or str)")
        new: Value = value
        if kind.lower() == "int":
            try:
                new = int(value or "")
            except ValueError:
                raise RpcFault(500, "Missing integer parameter value (Parameters: varname type value)") from None
        elif value is None:
            raise RpcFault(500, _SHV_SET[2])
        if name not in self.shared:
            raise RpcFault(404, "Variable not found")
        self.shared[name] = new
        return "Ok. Variable set to new value."

    # --- $avp, $cnt ---

    @variable("avp", inner="required")
    def avp(self, inner: str, index: int | str | None) -> Pair:
        """A stack of values that lives as long as the transaction: assigning puts a value on top."""
        return avp_pair(avp_key(inner, self.aliases), index)

    @variable("cnt", inner="required", dynamic=False)
    def cnt(self, inner: str, index: int | str | None) -> Pair:
        """Number of values of an AVP or XAVP: $cnt($avp(x)), $cnt($xavp(a[0]=>b))."""
        no_index(index)
        try:
            spec = parse_pv(inner.removeprefix("$"))
        except PvError as error:
            raise ValueError(str(error)) from None
        if spec.name == "avp" and spec.inner:
            return AvpName(avp_key(spec.inner, self.aliases), None).count, None
        if spec.name == "xavp" and spec.inner:
            return XavpName("xavp", spec.inner).count, None
        raise ValueError("only AVPs and XAVPs are counted")

    # --- elsewhere ---

    @variable("_s", inner="required")
    def formatted(self, inner: str, index: int | str | None) -> Pair:
        """The text inside, with its variables expanded."""
        no_index(index)

        def get(ctx: RouteContext) -> Value:
            return inner  # expanded by whoever resolved the name

        return get, None

    @variable("stat", inner="required")
    def stat(self, inner: str, index: int | str | None) -> Pair:
        """A statistic by name, $null if there is none."""
        no_index(index)

        def get(ctx: RouteContext) -> Value:
            found = self.engine.stats.find(inner)
            return None if found is None else found[1]

        return get, None

    @variable("sel", inner="required")
    def sel(self, inner: str, index: int | str | None) -> Pair:
        """A select: $sel(cfg_get.group.name), $sel(via[1].branch)."""
        no_index(index)
        return select(inner.removeprefix("@")), None

    @variable("ccp", inner="required")
    def ccp(self, inner: str, index: int | str | None) -> Pair:
        """A run-time parameter, `group.name`: core and tcp parameters, module parameters, custom ones (writable)."""
        no_index(index)
        group, dot, name = inner.rpartition(".")
        if not dot or not group or not name:
            raise ValueError(f"{inner!r} is not group.name")
        engine = self.engine
        if engine is None:
            return nothing, None

        def get(ctx: RouteContext) -> Value:
            return custom.read(engine, group, name, ctx)

        def set_(ctx: RouteContext, value: Value) -> None:
            if value is not None and not custom.write(engine, group, name, value):
                engine.log(-1, f"{group}.{name} cannot be set")

        return get, set_
