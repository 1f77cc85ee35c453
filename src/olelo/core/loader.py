"""From a parsed configuration to an engine that runs it.

`catalog_of` builds what `check` knows (all modules, nothing running); `load` makes the engine with the modules
that the configuration loads, in its order, and compiles the routes against them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from olelo import __version__
from olelo.core.commands import core_functions
from olelo.core.context import FORCE_LOCAL_RPORT, FORCE_RPORT, REPLY_TO_VIA
from olelo.core.corevars import core_variables
from olelo.core.database import check_url, driver_hint
from olelo.core.declarations import ModuleSpec, bind, describe
from olelo.core.engine import Engine
from olelo.core.kamailio_names import exporters, kamailio_modules, other_releases
from olelo.core.listen import check_listens
from olelo.core.module import Module, ModuleError, Param
from olelo.core.operands import core_operands, myself
from olelo.core.params import CoreParams, core_param_specs
from olelo.core.selects import select
from olelo.core.services import Services
from olelo.script.catalog import Catalog
from olelo.script.check import check as check_script
from olelo.script.compile import CompileError, compile_config
from olelo.script.diagnostics import Diagnostics
from olelo.script.nodes import Call, Config, CoreParam, CustomParam, FlagDecl, Listen, LoadModule, ModParam, Str
from olelo.script.ops import expressions
from olelo.script.transforms import builtin_transforms

Modules = Mapping[str, type[Module]]
CORE_EVENTS = (
    "core:worker-one-init",
    "core:msg-received",
    "core:pre-routing",
    "core:receive-parse-error",
    "core:modinit-before",
    "core:tkv",
)


def empty_catalog(engine: Engine | None = None) -> Catalog:
    """The core's names alone."""
    catalog = Catalog()
    for function in core_functions(engine):
        catalog.functions.setdefault(function.name, []).append(function)
    catalog.core_params = core_param_specs()
    for variable in core_variables(engine):
        catalog.variables[variable.name] = variable
    for transform in builtin_transforms():
        catalog.transforms[transform.cls, transform.name] = transform
    catalog.event_routes = dict.fromkeys(CORE_EVENTS, "")
    catalog.operands = core_operands()
    catalog.myself = myself
    catalog.select = select
    return catalog


def add_module(catalog: Catalog, spec: ModuleSpec) -> None:
    for function in spec.functions:
        catalog.functions.setdefault(function.name, []).append(function)
    catalog.params[spec.name] = spec.params
    for variable in spec.variables:
        catalog.variables[variable.name] = variable
    for transform in spec.transforms:
        catalog.transforms[transform.cls, transform.name] = transform
    for event in spec.event_routes:
        catalog.event_routes[event] = spec.name


def catalog_of(modules: Modules, loaded: set[str] | None = None) -> Catalog:
    """What a configuration may name, of every module that Olelo has, without running anything."""
    catalog = empty_catalog()
    for cls in modules.values():
        spec = describe(cls)
        add_module(catalog, spec)
        catalog.commands.update({command.name: spec.name for command in spec.rpcs})
    catalog.modules = set(modules)
    catalog.loaded = loaded or set()
    catalog.known_elsewhere = other_releases(modules, catalog.functions)
    catalog.kamailio_modules = kamailio_modules().keys() - catalog.modules
    catalog.exporters = exporters()
    return catalog


def check(config: Config, diag: Diagnostics, modules: Modules) -> None:
    """Say everything that is wrong with a parsed configuration; runs nothing and opens nothing."""
    loaded = {item.name for item in config.items if isinstance(item, LoadModule)}
    catalog = catalog_of(modules, loaded)
    check_script(config, catalog, diag)
    _check_values(config, diag, modules, catalog.loaded)
    check_listens(config, diag)


def _check_values(config: Config, diag: Diagnostics, modules: Modules, meant: set[str]) -> None:
    """Try the values of parameters, and whether the modules are there that a loaded one needs."""
    params = CoreParams()
    told = {d.pos for d in diag.errors}
    loaded = {item.name: item.pos for item in config.items if isinstance(item, LoadModule) and item.name in modules}
    for name, pos in loaded.items():
        for needed in modules[name].needs:
            if needed not in loaded and needed not in meant and pos not in told:
                diag.error(
                    "module-missing",
                    f"module {name} needs module {needed}",
                    pos,
                    hint=f'add: loadmodule "{needed}.so" before it',
                )
    for item in config.items:
        if isinstance(item, CoreParam) and not told & {item.pos, item.value_pos}:
            for value in item.values:
                try:
                    params.set(item.name, _constant(value))
                except ValueError as error:
                    diag.error("bad-value", f"{item.name}: {error}", item.value_pos)
        elif isinstance(item, ModParam) and not told & {item.modules_pos, item.name_pos, item.value_pos}:
            _check_param(item, [modules[name] for name in loaded], diag)
    _check_drivers(config, [modules[name] for name in loaded], diag)


def _check_drivers(config: Config, modules: list[type[Module]], diag: Diagnostics) -> None:
    """Whether a loaded module speaks to each database that one is told to open."""
    schemes = {scheme for cls in modules for scheme in cls.database_schemes}
    places = {item.name: item.pos for item in config.items if isinstance(item, LoadModule)}
    told = {d.pos for d in diag.errors}
    for cls in modules:
        for name, attribute in describe(cls).attributes.items():
            declared = getattr(cls, attribute)
            if declared.check is not check_url:
                continue
            value, pos = declared.default, places[cls.name]
            for item in config.items:
                if isinstance(item, ModParam) and item.name == name and re.fullmatch(item.modules, cls.name, re.I):
                    value, pos = item.value, item.value_pos
            scheme = value.partition("://")[0].lower()
            if pos not in told and scheme not in schemes and not set("#$") & set(scheme):
                diag.error(
                    "no-driver",
                    f"{cls.name}: {name}: no loaded module opens {scheme}://",
                    pos,
                    hint=driver_hint(scheme),
                )


def _check_param(item: ModParam, modules: list[type[Module]], diag: Diagnostics) -> None:
    pattern = re.compile(f"(?:{item.modules})", re.IGNORECASE)
    for cls in modules:
        attribute = describe(cls).attributes.get(item.name) if pattern.fullmatch(cls.name) else None
        declared = getattr(cls, attribute) if attribute is not None else None
        if isinstance(declared, Param) and declared.check is not None and not item.expand:
            try:
                declared.check(item.value)
            except ValueError as error:
                diag.error("bad-value", f"{cls.name}: {item.name}: {error}", item.value_pos)


def load(
    config: Config, diag: Diagnostics, services: Services, modules: Modules, *, trace: bool = False
) -> Engine | None:
    """An engine that is ready to start, or None with the reasons in `diag`."""
    check(config, diag, modules)
    if diag.errors:
        return None
    engine = Engine(services)
    engine.defines = dict(config.defines)
    engine.sources = dict(config.sources)
    _core_params(engine, config, diag)
    for item in config.items:
        if isinstance(item, LoadModule) and item.name not in engine.modules:
            instance = engine.modules[item.name] = modules[item.name](engine)
            engine.databases.register(instance.database_schemes, instance.open_database)
        elif isinstance(item, ModParam):
            _set_params(engine, item, diag)
    if diag.errors:
        return None
    catalog = empty_catalog(engine)
    for instance in engine.modules.values():
        spec = bind(instance)
        add_module(catalog, spec)
        for command in spec.rpcs:
            engine.commands[command.name] = command
        for name, doc in spec.statistics.items():
            engine.stats.counter(instance.name, name, doc)
    catalog.modules = set(modules)
    catalog.loaded = set(engine.modules)
    engine.catalog = catalog
    try:
        engine.program = compile_config(config, catalog, diag, trace=trace)
    except CompileError:  # what it found is in `diag`
        return None
    engine.constant_arguments = _constant_arguments(config)
    engine.onsend_route = engine.route("onsend")
    engine.onsend_replies = bool(engine.params.onsend_route_reply and engine.onsend_route)
    _init_modules(engine, config, diag)
    return None if diag.errors else engine


def _core_params(engine: Engine, config: Config, diag: Diagnostics) -> None:
    for item in config.items:
        if isinstance(item, CoreParam):
            for value in item.values:
                try:
                    engine.params.set(item.name, _constant(value))
                except ValueError as error:
                    diag.error("bad-value", f"{item.name}: {error}", item.value_pos)
        elif isinstance(item, CustomParam):
            group = item.group if item.index is None else f"{item.group}[{item.index}]"
            engine.globals.setdefault(group, {})[item.name] = _constant(item.value)
        elif isinstance(item, FlagDecl):
            for name, bit, _pos in item.names:
                taken = set(engine.flag_names.values())
                engine.flag_names[name] = bit if bit >= 0 else next(i for i in range(33) if i not in taken)
        elif isinstance(item, Listen):
            engine.listens.append(item)
    engine.server_line = _signature(engine)
    params = engine.params
    engine.message_flags = (FORCE_RPORT if params.force_rport else 0) | (FORCE_LOCAL_RPORT if params.local_rport else 0)
    engine.message_flags |= REPLY_TO_VIA if params.reply_to_via else 0
    if params.udp_mtu > 0:
        engine.udp_limit = params.udp_mtu


def _signature(engine: Engine) -> bytes:
    params = engine.params
    if not params.server_signature:
        return b""
    header = params.server_header if "server_header" in params.given else f"Server: olelo ({__version__})"
    return header.rstrip().encode("latin-1") + b"\r\n" if header.strip() else b""


def _constant(value: Any) -> int | str:
    for attribute in ("value", "name", "text"):
        found = getattr(value, attribute, None)
        if isinstance(found, int | str):
            return found
    raise TypeError(f"no constant: {value!r}")


def _set_params(engine: Engine, item: ModParam, diag: Diagnostics) -> None:
    pattern = re.compile(f"(?:{item.modules})", re.IGNORECASE)
    for name, instance in engine.modules.items():
        if not pattern.fullmatch(name):
            continue
        attribute = describe(type(instance)).attributes[item.name]
        declared = getattr(type(instance), attribute)
        try:
            if isinstance(declared, Param) and declared.check is not None:
                declared.check(item.value)
            instance.set_param(attribute, item.value)
        except ValueError as error:
            diag.error("bad-value", f"{name}: {item.name}: {error}", item.value_pos)


def _constant_arguments(config: Config) -> dict[tuple[str, int], list[str]]:
    """(function name, number of the argument) -> the constants that its calls have there, in file order."""
    found: dict[tuple[str, int], list[str]] = {}
    for route in config.routes:
        for expr in expressions(route.body):
            if isinstance(expr, Call):
                for number, argument in enumerate(expr.args):
                    if isinstance(argument, Str):
                        values = found.setdefault((expr.name.lower(), number), [])
                        if argument.value not in values:
                            values.append(argument.value)
    return found


def _init_modules(engine: Engine, config: Config, diag: Diagnostics) -> None:
    places = {item.name: item.pos for item in config.items if isinstance(item, LoadModule)}
    for name, instance in engine.modules.items():
        for needed in instance.needs:
            if needed not in engine.modules:
                diag.error(
                    "module-missing",
                    f"module {name} needs module {needed}",
                    places[name],
                    hint=f'add: loadmodule "{needed}.so" before it',
                )
    if diag.errors:
        return
    for name, instance in engine.modules.items():
        try:
            instance.init()
        except ModuleError as error:
            diag.error("module-init", f"module {name}: {error}", places[name])
