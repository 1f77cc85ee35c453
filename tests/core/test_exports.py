"""Everything that Kamailio's releases 4.2 to 6.1 export in the modules that Olelo has is there, or listed as missing.

`kamailio_exports.txt` holds the names, one a line: module, kind, name, and what there is to say of it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from olelo.core.declarations import describe
from olelo.core.loader import catalog_of, check, load
from olelo.modules import all_modules
from olelo.script.diagnostics import Diagnostics
from olelo.script.parser import parse_text
from olelo.testing.world import FakeServices

TABLE = [
    line.split(" ")
    for line in (Path(__file__).parent / "kamailio_exports.txt").read_text("ascii").splitlines()
    if not line.startswith("#")
]
MODULES = sorted({row[0] for row in TABLE})
CATALOG = catalog_of(all_modules())

_LATER = "of a release after 5.6, not done yet"
#: What is missing, with the reason. A line here that is no longer true fails.
MISSING: dict[str, str] = {
    "kex function is_myhost": _LATER,
    "corex function forward_uac": _LATER,
    "corex function forward_uac_uri": _LATER,
    "corex function msg_vbflag_is_set": _LATER,
    "corex function msg_vbflag_parse": _LATER,
    "corex function msg_vbflag_reset": _LATER,
    "corex function msg_vbflag_set": _LATER,
    "corex function send": "of releases up to 5.0; send_udp does the same",
    "corex function via_reply_add_xavp_params": _LATER,
    "corex parameter dns_file": _LATER,
    "corex parameter min_msg_len": "of releases up to 5.2, without effect in 5.6",
    "corex parameter msg_avp": "of releases up to 5.2, without effect in 5.6",
    "corex parameter network_io_intercept": "of releases up to 5.2, without effect in 5.6",
    "pv function xavi_rm_all": _LATER,
    "pv function xavp_lshift": _LATER,
    "pv function xavp_params_implode_qval": _LATER,
    "pv function xavp_push_dst": _LATER,
    "pv function xavp_rm_all": _LATER,
    "pv function xavp_xparams_explode": _LATER,
    "registrar function lookup_xavp": _LATER,
    "registrar function reg_from_user": _LATER,
}
#: Numbers of arguments that are missing.
MISSING_COUNTS = {("cfgutils", name, "2"): _LATER for name in ("lock", "trylock", "unlock")}
#: The statistics that a module counts only once it runs.
STATISTICS_MODULES = 'loadmodule "kex"\nloadmodule "tm"\nloadmodule "tmx"\nloadmodule "sl"\nloadmodule "usrloc"\n'


def has(row: list[str]) -> bool:
    module, kind, name = row[:3]
    spec = describe(all_modules()[module])
    match kind:
        case "function":
            return any(each.module in (module, "") for each in CATALOG.functions.get(name, ()))
        case "parameter":
            return name in spec.params
        case "variable":
            return name in CATALOG.variables
        case "command":
            return CATALOG.commands.get(name) == module
    return name in _statistics()


def _statistics() -> set[str]:
    diag = Diagnostics()
    text = f'{STATISTICS_MODULES}loadmodule "registrar"\nrequest_route {{ exit; }}'
    engine = load(parse_text(text, diag), diag, FakeServices(), all_modules())
    assert engine is not None, diag.errors
    return {name for group in engine.stats.groups() for name, _ in engine.stats.group(group)}


@pytest.mark.parametrize("module", MODULES)
def test_every_name_is_there_or_listed(module: str) -> None:
    missing = {" ".join(row[:3]) for row in TABLE if row[0] == module and not has(row)}
    assert missing == {key for key in MISSING if key.startswith(module + " ")}


@pytest.mark.parametrize("module", MODULES)
def test_every_number_of_arguments_is_accepted(module: str) -> None:
    refused = set()
    for name, counts in ((row[2], row[3]) for row in TABLE if row[:2] == [module, "function"]):
        specs = [spec for spec in CATALOG.functions.get(name, ()) if spec.module == module]
        for count in counts.split(",") if specs and counts else ():
            if not any(spec.min_args <= int(count) <= spec.max_args for spec in specs):
                refused.add((module, name, count))
    assert refused == {key for key in MISSING_COUNTS if key[0] == module}


@pytest.mark.parametrize("module", MODULES)
def test_every_parameter_takes_its_type(module: str) -> None:
    params = describe(all_modules()[module]).params
    wrong = [
        f"{row[2]}: {row[3]} there, {params[row[2]].type} here"
        for row in TABLE
        if row[:2] == [module, "parameter"] and row[2] in params and params[row[2]].type not in (row[3], "any")
    ]
    assert [text for text in wrong if ": any there" not in text] == []


def said(text: str) -> list[tuple[str, str, str]]:
    diag = Diagnostics()
    check(parse_text(text, diag), diag, all_modules())
    return [(d.severity, d.message, d.hint) for d in diag.found]


@pytest.mark.parametrize("key", sorted(MISSING))
def test_check_warns_of_what_is_missing_and_goes_on(key: str) -> None:
    module, kind, name = key.split(" ")
    use = f"{name}();" if kind == "function" else "exit;"
    setting = f'modparam("{module}", "{name}", 1)\n' if kind == "parameter" else ""
    if key == "corex parameter dns_file":
        return  # refused: what it names would be missed
    found = [
        each for each in said(f'loadmodule "{module}.so"\n{setting}request_route {{ {use} exit; }}') if name in each[1]
    ]
    assert [severity for severity, _, _ in found] == ["warning"]
    assert f"module {module} has it in some release" in found[0][1] or "only other releases" in found[0][1]


def test_a_module_that_is_not_there_is_said_once() -> None:
    text = 'loadmodule "dialog.so"\nmodparam("dialog", "x", 1)\nmodparam("dialog", "y", 1)\nrequest_route { exit; }'
    assert [severity for severity, _, _ in said(text)] == ["error"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('loadmodule "dialog.so"', "Olelo does not have Kamailio's module dialog"),
        ('modparam("dialog", "x", 1)', "Olelo does not have Kamailio's module dialog"),
        ("request_route { dlg_manage(); }", "dlg_manage() is exported by Kamailio's module dialog, which Olelo"),
        (
            'loadmodule "pv.so"\nrequest_route { $sht(a=>b) = 1; }',
            "$sht is exported by Kamailio's module htable, which",
        ),
    ],
)
def test_check_names_the_module_of_what_olelo_does_not_have(text: str, message: str) -> None:
    found = [severity for severity, said_message, _ in said(text) if said_message.startswith(message)]
    assert found == ["error"]
