"""Checks of the top level: loadmodule, modparam, core parameters, and their order."""

from __future__ import annotations

import re

from olelo.script import nodes as n
from olelo.script import ops, regex
from olelo.script.catalog import Catalog, ParamSpec
from olelo.script.diagnostics import Diagnostics
from olelo.script.values import LACKING, nearest


def check_modules(config: n.Config, catalog: Catalog, diag: Diagnostics) -> dict[str, int]:
    """Check what stands outside of routes. Returns where (index into config.items) each module is loaded."""
    loaded_at: dict[str, int] = {}
    for i, item in enumerate(config.items):
        if isinstance(item, n.LoadModule):
            _load(item, i, catalog, diag, loaded_at)
    catalog.loaded |= set(loaded_at)
    for i, item in enumerate(config.items):
        if isinstance(item, n.ModParam):
            _modparam(item, i, catalog, diag, loaded_at)
        elif isinstance(item, n.CoreParam):
            _core_param(item, catalog, diag)
        elif isinstance(item, n.FlagDecl):
            for name, bit, pos in item.names:
                if bit > 31:
                    diag.error("bad-flag", f"flag {name}: {bit} is no flag's number, 0 to 31 are", pos, "", len(name))
    return loaded_at


def _load(item: n.LoadModule, index: int, catalog: Catalog, diag: Diagnostics, loaded_at: dict[str, int]) -> None:
    if item.name in loaded_at:
        diag.warning("module-twice", f"module {item.name} is loaded twice", item.pos)
        return
    if item.name not in catalog.modules:
        elsewhere = catalog.known_elsewhere.get(item.name + ".so")
        if elsewhere is not None:
            diag.warning("other-release", f"module {item.name}: {elsewhere}", item.pos)
            return
        if item.name in catalog.kamailio_modules:
            catalog.absent.add(item.name)
            _lacking(item.name, item.pos, diag)
            return
        hint = nearest(item.name, catalog.modules | catalog.kamailio_modules)
        diag.error("unknown-module", f"there is no module {item.name}", item.pos, hint)
        meant = hint.removeprefix("did you mean ").removesuffix("?")
        if meant in catalog.modules:
            loaded_at.setdefault(meant, index)  # so that what it exports is not said to be missing as well
        return
    loaded_at[item.name] = index


def _lacking(module: str, pos: n.Pos, diag: Diagnostics) -> None:
    diag.error(
        LACKING,
        f"Olelo does not have Kamailio's module {module}",
        pos,
        "take it out with its parameters and what uses it; `olelo modules` lists those there are",
    )


def _modparam(item: n.ModParam, index: int, catalog: Catalog, diag: Diagnostics, loaded_at: dict[str, int]) -> None:
    try:
        pattern = re.compile(f"(?:{regex.translate(item.modules)})\\Z", re.IGNORECASE)
    except ValueError as error:
        diag.error("bad-regex", f"modparam: bad module name {item.modules!r}: {error}", item.modules_pos)
        return
    matched = [name for name in loaded_at if pattern.match(name)]
    before = [name for name in matched if loaded_at[name] < index]
    if not before:
        _no_module(item, pattern, matched, catalog, diag)
        return
    for module in before:
        spec = catalog.params.get(module, {}).get(item.name)
        if spec is None:
            _unknown_param(item, module, catalog, diag)
        else:
            _param_value(item, spec, diag)


def _no_module(
    item: n.ModParam, pattern: re.Pattern[str], matched: list[str], catalog: Catalog, diag: Diagnostics
) -> None:
    if matched:
        diag.error(
            "module-order",
            f"modparam of {matched[0]} comes before its loadmodule",
            item.modules_pos,
            "move the loadmodule up",
        )
        return
    known = sorted(name for name in catalog.modules if pattern.match(name))
    if known:
        diag.error(
            "module-not-loaded",
            f"modparam: module {known[0]} is not loaded",
            item.modules_pos,
            f'add loadmodule "{known[0]}.so"',
        )
    elif any(pattern.match(name.removesuffix(".so")) for name in catalog.known_elsewhere if name.endswith(".so")):
        return  # said at its loadmodule
    elif any(pattern.match(name) for name in catalog.absent):
        return  # the same
    elif lacking := sorted(name for name in catalog.kamailio_modules if pattern.match(name)):
        catalog.absent.update(lacking)
        _lacking(lacking[0], item.modules_pos, diag)
    else:
        diag.error(
            "unknown-module",
            f"modparam: no module matches {item.modules!r}",
            item.modules_pos,
            nearest(item.modules, catalog.modules),
        )


def _unknown_param(item: n.ModParam, module: str, catalog: Catalog, diag: Diagnostics) -> None:
    elsewhere = catalog.known_elsewhere.get(f"{module}:{item.name}")
    if elsewhere is not None:
        diag.warning("other-release", f"parameter {item.name} of {module}: {elsewhere}", item.name_pos)
        return
    diag.error(
        "unknown-parameter",
        f"module {module} has no parameter {item.name}",
        item.name_pos,
        nearest(item.name, catalog.params.get(module, {})),
    )


def _param_value(item: n.ModParam, spec: ParamSpec, diag: Diagnostics) -> None:
    what = f"parameter {item.name} of {spec.module}"
    if spec.type == "int" and isinstance(item.value, str) and not item.expand:
        number = item.value.strip().lstrip("+-").isdigit()
        diag.error(
            "parameter-type",
            f"{what} is a number, not a string",
            item.value_pos,
            f"remove the quotes: {item.value.strip()}" if number else "give a number without quotes",
        )
    elif spec.type == "str" and isinstance(item.value, int):
        diag.error(
            "parameter-type", f"{what} is a string, not a number", item.value_pos, f'put it in quotes: "{item.value}"'
        )
    if spec.deprecated:
        diag.warning("deprecated", f"{what}: {spec.deprecated}", item.name_pos)
    elif spec.noop:
        diag.warning("no-effect", f"{what} is accepted without effect", item.name_pos)


def _core_param(item: n.CoreParam, catalog: Catalog, diag: Diagnostics) -> None:
    spec = catalog.core_params.get(item.name)
    if spec is None:
        elsewhere = catalog.known_elsewhere.get(item.name)
        if elsewhere is not None:
            diag.warning("other-release", f"core parameter {item.name}: {elsewhere}", item.pos)
            return
        diag.error(
            "unknown-core-parameter",
            f"unknown core parameter {item.name}",
            item.pos,
            nearest(item.name, catalog.core_params),
            len(item.name),
        )
        return
    for value in item.values:
        if spec.type == "int" and isinstance(ops.constant(value), str):
            diag.error("parameter-type", f"core parameter {item.name} is a number", item.value_pos, "remove the quotes")
    if spec.deprecated:
        diag.warning("deprecated", f"core parameter {item.name}: {spec.deprecated}", item.pos)
    elif spec.noop:
        diag.warning("no-effect", f"core parameter {item.name} is accepted without effect", item.pos)
