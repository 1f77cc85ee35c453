"""Functions about values: pv_isset, not_empty, typeof, is_int, pv_evalx, and those of xavps."""

from __future__ import annotations

from olelo.core import xavp
from olelo.core.context import RouteContext
from olelo.core.module import Const, Module, function
from olelo.core.xavp import Xavp, XValue
from olelo.modules.pv.xavps import shown
from olelo.script.catalog import PvRef
from olelo.script.values import ResolveError, Resolver

#: Variables whose text is a number too: is_int() takes them although they are text.
_TEXT_NUMBERS = frozenset(("rp", "op", "dp", "rP", "oP", "dP", "pr", "proto", "rm", "rz", "mF", "bF", "sF", "Tf", "TF"))


class ValueFunctions(Module):
    """Questions about values."""

    @function("pv_isset")
    def pv_isset(self, ctx: RouteContext, pv: PvRef) -> int:
        """1 if the variable has a value, -1 if it is $null."""
        return -1 if pv.get(ctx) is None else 1

    @function("pv_unset")
    def pv_unset(self, ctx: RouteContext, pv: PvRef) -> int:
        """Assign $null to the variable. Returns 1, or -1 if it is read-only."""
        if pv.set is None:
            return -1
        pv.set(ctx, None)
        return 1

    @function("is_int")
    def is_int(self, ctx: RouteContext, pv: PvRef) -> int:
        """1 if the variable is a number (those that are text and number too count), else -1."""
        if isinstance(pv.get(ctx), int):
            return 1
        return 1 if pv.text.removeprefix("$").strip("()") in _TEXT_NUMBERS and pv.get(ctx) is not None else -1

    @function("typeof")
    def typeof(self, ctx: RouteContext, pv: PvRef, kind: Const) -> int:
        """1 if the variable is of the kind "int", "str" or "null" (the first letter counts), else -1."""
        value = pv.get(ctx)
        letter = kind[:1].lower()
        if letter == "i":
            return 1 if isinstance(value, int) else -1
        if letter == "n":
            return 1 if value is None else -1
        if letter == "s":
            # $null is the empty text as well
            return -1 if isinstance(value, int) else 1
        return -1

    @function("not_empty")
    def not_empty(self, ctx: RouteContext, pv: PvRef) -> int:
        """1 if the variable is text and not empty, else -1 (for numbers too)."""
        value = pv.get(ctx)
        return 1 if isinstance(value, str) and value else -1

    @function("pv_evalx")
    def pv_evalx(self, ctx: RouteContext, dst: PvRef, layout: str) -> int:
        """Expand the text, then expand the result once more, and assign it. Returns 1, or -1 for a bad name in it."""
        if dst.set is None:
            return -1
        try:
            value = Resolver(self.engine.catalog).format(layout)(ctx)
        except ResolveError as error:
            self.engine.log(-1, f"pv_evalx: {error}")
            return -1
        dst.set(ctx, value)
        return 1


class XavpFunctions(Module):
    """What is done with whole xavps."""

    @function("xavp_copy")
    def xavp_copy(self, ctx: RouteContext, source: str, source_index: int, target: str, target_index: int = -1) -> int:
        """Copy an xavp under another name, behind those that are there, or in place of the one at target_index.

        Returns 1, or -1 where the source or the place is missing.
        """
        root = xavp.roots(ctx)
        found = xavp.get(root, source, source_index)
        if found is None:
            return -1
        copy: XValue = found.copy() if isinstance(found, Xavp) else found
        if isinstance(copy, Xavp) and not copy.items:
            return -1
        if target_index >= 0:
            if xavp.get(root, target, target_index) is None:
                return -1
            root[target][target_index] = copy
        else:
            root.setdefault(target, []).append(copy)
        return 1

    @function("xavp_slist_explode")
    def xavp_slist_explode(self, ctx: RouteContext, text: str, separators: str, mode: str, name: str) -> int:
        """Split a list at any of the separators into `name=>v[0]`, `name=>v[1]` .. Mode "t" trims. Returns 1 or -1."""
        if not text or not separators or not name:
            return -1
        for each in separators[1:]:
            text = text.replace(each, separators[0])
        parts = text.split(separators[0])
        if mode[:1] == "t":
            parts = [part.strip() for part in parts]
        xavp.push(xavp.roots(ctx), name, Xavp([("v", part) for part in parts if part]))
        return 1

    @function("xavp_params_explode")
    def xavp_params_explode(self, ctx: RouteContext, text: str, name: str) -> int:
        """`a=b;c=d` becomes `name=>a`, `name=>c`, in a new xavp. Returns 1, or -1 for bad parameters."""
        found = parse_params(text)
        if not found or not name:
            return -1
        xavp.push(xavp.roots(ctx), name, Xavp(found))
        return 1

    @function("xavu_params_explode")
    def xavu_params_explode(self, ctx: RouteContext, text: str, name: str) -> int:
        """As xavp_params_explode, into an xavu."""
        found = parse_params(text)
        if not found or not name:
            return -1
        made = Xavp()
        for key, value in found:
            made.put(key, value)
        xavp.roots(ctx, "xavu")[name] = [made]
        return 1

    @function("xavp_params_implode")
    def xavp_params_implode(self, ctx: RouteContext, name: str, target: PvRef) -> int:
        """Write the fields of an xavp as `a=b;c=d;` into a variable. Returns 1, or -1 where there is none."""
        return self._implode(ctx, xavp.fields(ctx.xavps, name), target)

    @function("xavu_params_implode")
    def xavu_params_implode(self, ctx: RouteContext, name: str, target: PvRef) -> int:
        """Write the fields of an xavu as `a=b;c=d;` into a variable. Returns 1, or -1 where there is none."""
        return self._implode(ctx, xavp.fields(ctx.xavus, name), target)

    def _implode(self, ctx: RouteContext, found: Xavp | None, target: PvRef) -> int:
        text = xavp.serialize(found) if found is not None else ""
        if not text or target.set is None:
            return -1
        target.set(ctx, text)
        return 1

    @function("xavp_child_seti")
    def xavp_child_seti(self, ctx: RouteContext, name: str, child: str, value: int) -> int:
        """Set `name=>child` of the newest xavp to a number, making it if need be. Returns 1."""
        xavp.set_child(xavp.roots(ctx), name, child, value)
        return 1

    @function("xavp_child_sets")
    def xavp_child_sets(self, ctx: RouteContext, name: str, child: str, value: str) -> int:
        """Set `name=>child` of the newest xavp to text, making it if need be. Returns 1."""
        xavp.set_child(xavp.roots(ctx), name, child, value)
        return 1

    @function("xavp_rm")
    def xavp_rm(self, ctx: RouteContext, name: str) -> int:
        """Remove the newest xavp of that name. Returns 1."""
        xavp.remove(ctx.xavps, name)
        return 1

    @function("xavp_child_rm")
    def xavp_child_rm(self, ctx: RouteContext, name: str, child: str) -> int:
        """Remove the newest `name=>child`. Returns 1."""
        found = xavp.fields(ctx.xavps, name)
        if found is not None:
            found.remove(child)
        return 1

    @function("xavi_child_seti")
    def xavi_child_seti(self, ctx: RouteContext, name: str, child: str, value: int) -> int:
        """As xavp_child_seti, for an xavi."""
        xavp.set_child(xavp.roots(ctx, "xavi"), name.lower(), child.lower(), value)
        return 1

    @function("xavi_child_sets")
    def xavi_child_sets(self, ctx: RouteContext, name: str, child: str, value: str) -> int:
        """As xavp_child_sets, for an xavi."""
        xavp.set_child(xavp.roots(ctx, "xavi"), name.lower(), child.lower(), value)
        return 1

    @function("xavi_rm")
    def xavi_rm(self, ctx: RouteContext, name: str) -> int:
        """Remove the newest xavi of that name. Returns 1."""
        xavp.remove(ctx.xavis, name.lower())
        return 1

    @function("xavi_child_rm")
    def xavi_child_rm(self, ctx: RouteContext, name: str, child: str) -> int:
        """Remove the newest `name=>child` of an xavi. Returns 1."""
        found = xavp.fields(ctx.xavis, name.lower())
        if found is not None:
            found.remove(child.lower())
        return 1

    @function("pv_var_to_xavp")
    def pv_var_to_xavp(self, ctx: RouteContext, var: str, name: str) -> int:
        """Copy $var(var), or all with `*`, into a new xavp as `name=>var`. Returns 1, or -1 where it is not set."""
        root = xavp.roots(ctx)
        root.pop(name, None)
        if var == "*":
            items = [(key, value) for key, value in ctx.vars.items() if not key.startswith("$") and value != ""]
            if items:
                xavp.push(root, name, Xavp(items[::-1]))
            return 1
        if var not in ctx.vars:
            return -1
        xavp.push(root, name, Xavp([(var, ctx.vars[var])]))
        return 1

    @function("pv_xavp_to_var")
    def pv_xavp_to_var(self, ctx: RouteContext, name: str) -> int:
        """Copy the fields of an xavp into script variables of their names. Returns 1, or -1 where there is none."""
        found = (ctx.xavps or {}).get(name)
        if not found or not isinstance(found[0], Xavp):
            return -1
        for each in found:
            if not isinstance(each, Xavp):
                continue
            for key, value in each:
                if not isinstance(value, int | str):
                    return -1
                ctx.vars[key] = value
        return 1

    @function("pv_xavp_print")
    def pv_xavp_print(self, ctx: RouteContext) -> int:
        """Log all xavps. Returns 1."""
        return self._print(ctx.xavps, "xavp")

    @function("pv_xavu_print")
    def pv_xavu_print(self, ctx: RouteContext) -> int:
        """Log all xavus. Returns 1."""
        return self._print(ctx.xavus, "xavu")

    @function("pv_xavi_print")
    def pv_xavi_print(self, ctx: RouteContext) -> int:
        """Log all xavis. Returns 1."""
        return self._print(ctx.xavis, "xavi")

    def _print(self, root: xavp.Roots | None, kind: str) -> int:
        lines: list[str] = []
        for name, values in (root or {}).items():
            for i, value in enumerate(values):
                if isinstance(value, Xavp):
                    lines.extend(f"{kind}({name}[{i}]=>{key}) = {shown(each)!r}" for key, each in value)
                else:
                    lines.append(f"{kind}({name}[{i}]) = {shown(value)!r}")
        self.engine.log(2, "\n".join(lines) or f"no {kind}")
        return 1


def parse_params(text: str) -> list[tuple[str, XValue]]:
    """Name and value of each parameter in `a=b;c;d="e"`, quotes taken off; [] where one has no name."""
    found: list[tuple[str, XValue]] = []
    for part in _split(text.strip().removesuffix(";")):
        name, _, value = part.partition("=")
        name, value = name.strip(), value.strip()
        if not name:
            return []
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        found.append((name, value))
    return found


def _split(text: str) -> list[str]:
    parts = [""]
    quote = ""
    for char in text:
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == ";":
            parts.append("")
            continue
        parts[-1] += char
    return parts
