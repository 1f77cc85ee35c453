"""Defines, conditional parts, substitutions, included files."""

from __future__ import annotations

import pytest

from olelo.script.nodes import CoreParam, Int, Str
from script.front_kit import codes, good, parse, warnings


def values(text: str, **more: dict[str, str]) -> dict[str, object]:
    """Core parameters of a configuration without fault."""
    found: dict[str, object] = {}
    for item in good(text, **more).items:
        assert isinstance(item, CoreParam)
        (value,) = item.values
        assert isinstance(value, (Int, Str))
        found[item.name] = value.value
    return found


@pytest.mark.parametrize("word", ["#!define", "#!def", "!!define", "#!trydef", "#!trydefine", "#!redef", "#!redefine"])
def test_define(word: str) -> None:
    assert values(f"{word} A 5\ndebug=A\n") == {"debug": 5}


def test_define_twice_is_an_error_trydef_keeps_redef_replaces() -> None:
    assert codes("#!define A 1\n#!define A 1\n") == ["redefined"]
    assert values("#!define A 1\n#!trydef A 2\ndebug=A") == {"debug": 1}
    assert values("#!define A 1\n#!redef A 2\ndebug=A") == {"debug": 2}


def test_undef() -> None:
    assert values("#!define A 1\n#!undef A\n#!define A 2\ndebug=A") == {"debug": 2}
    assert warnings("#!undef A\n") == ["not-defined"]
    assert warnings("#!tryundef A\n") == []


def test_define_value_is_the_rest_of_the_line_and_continues() -> None:
    config = good('#!define A  "x"  \\\n "y" \n#!define B\n#!define C 1\n')
    assert config.defines["A"] == '"x"   "y" '
    assert config.defines["B"] is None


def test_values_are_scanned_again() -> None:
    assert values("#!define A B\n#!define B 7\ndebug=A") == {"debug": 7}


def test_comment_in_a_value_swallows_the_line() -> None:
    assert warnings("#!define A 5 # five\nlisten=A 6\n") == ["comment-in-define"]
    assert warnings("#!define A 5 # five\ndebug=A\n") == []


def test_defines_from_the_command_line() -> None:
    config, diag = parse("#!ifdef WITH_X\ndebug=LEVEL\n#!endif\n", defines={"WITH_X": None, "LEVEL": "4"})
    assert diag.found == []
    assert len(config.items) == 1
    assert codes("#!define WITH_X\n", defines={"WITH_X": ""}) == ["redefined"]


@pytest.mark.parametrize("name", ["KAMAILIO_5", "KAMAILIO_5_6", "KAMAILIO_5_6_3", "KAMAILIO_VERSION", "OS_NAME"])
def test_builtin_defines(name: str) -> None:
    assert values(f"#!ifdef {name}\ndebug=1\n#!endif\n") == {"debug": 1}


@pytest.mark.parametrize("spelling", ['"tm.so"', '"tm"', '"/usr/lib/tm.so"', '("tm.so")', '("tm.so", "g")'])
def test_a_loaded_module_is_defined(spelling: str) -> None:
    assert good(f"loadmodule {spelling}\n#!ifdef MOD_tm\ndebug=1\n#!endif\n").items[1:]


def test_ifdef_else() -> None:
    text = "#!define A\n#!ifdef A\ndebug=1\n#!else\ndebug=2\n#!endif\n#!ifndef A\nfork=1\n#!else\nfork=0\n#!endif\n"
    assert values(text) == {"debug": 1, "fork": 0}


def test_left_out_text_is_never_read() -> None:
    text = "#!ifdef NO\nIt's \"raw /* text $( \n#!ifdef B\n#!else\n#!endif\n#!else\ndebug=1\n#!endif\nfork=0\n"
    assert values(text) == {"debug": 1, "fork": 0}


def test_nested_parts() -> None:
    text = "#!define A\n#!ifdef A\n#!ifdef B\ndebug=1\n#!else\ndebug=2\n#!endif\nfork=1\n#!endif\nchildren=3\n"
    assert values(text) == {"debug": 2, "fork": 1, "children": 3}


def test_directives_may_stand_anywhere_in_a_line() -> None:
    assert values("debug=1 #!define A 2\nfork=A") == {"debug": 1, "fork": 2}


def test_else_and_endif_need_their_line() -> None:
    assert codes("#!ifdef A\n#!endif # A\n") == ["unbalanced-ifdef"]
    assert codes("#!define A\n#!ifdef A\n#!endif A\n") == ["unbalanced-ifdef"]
    assert codes("#!ifdef A\n#!endif  \t\r\n") == []
    assert codes("#!ifdef A\n#!endif") == []


def test_unbalanced() -> None:
    _, diag = parse("debug=1\n#!ifdef A\n#!ifdef B\n#!endif\n")
    assert [(d.code, d.pos.line) for d in diag.errors] == [("unbalanced-ifdef", 2)]
    assert codes("#!endif\n") == ["stray-endif"]
    assert warnings("#!else\n") == ["stray-else"]
    assert warnings("#!ifdef A\n#!else\n#!else\n#!endif\n") == ["second-else"]


def test_text_after_an_ifdef_name_is_ignored() -> None:
    assert warnings("#!ifdef A && B\n#!endif\n") == ["directive-extra"]


def test_unknown_directives_are_comments() -> None:
    assert values("#!whatever\n#! \n#!/usr/sbin/kamailio\n#!definex y\ndebug=1") == {"debug": 1}


@pytest.mark.parametrize("word", ["#!define", "#!ifdef", "#!ifndef", "#!trydef"])
def test_names(word: str) -> None:
    end = "\n#!endif" if "if" in word[2:4] else ""
    assert codes(f"{word} A-B{end}\n") == ["directive-name"]
    assert codes(f"{word} 5{end}\n") == ["directive-name"]


def test_ifexp() -> None:
    assert values("#!ifexp KAMAILIO_VERSION >= 5006000\ndebug=1\n#!else\ndebug=2\n#!endif\n") == {"debug": 1}
    assert values("#!ifexp NOT_THERE\n#!ifexp ((\n#!endif\ndebug=1\n#!endif\nfork=1\n") == {"fork": 1}
    assert codes("#!ifexp 1 +\n#!endif\n") == ["bad-expression"]


def test_defexp() -> None:
    assert values("#!define A 4\n#!defexp B A * 2 + 1\ndebug=B") == {"debug": 9}
    assert values("#!define A 4\n#!defexps B A / 2\nversion_table=B") == {"version_table": "2"}


# --- substitutions ------------------------------------------------------------------------------------------


def test_subst_runs_over_strings_and_variables() -> None:
    config = good('#!subst "/HOST/example.com/g"\nversion_table="HOST:HOST"\nroute { $var(HOST) = 1; }')
    item = config.items[0]
    assert isinstance(item, CoreParam)
    assert isinstance(item.values[0], Str)
    assert item.values[0].value == "example.com:example.com"
    assert "example.com" in repr(config.routes[0].body)


def test_subst_flags_and_references() -> None:
    assert values('#!subst "!a(b+)c!<\\\\1>!i"\nversion_table="xABBCabc"') == {"version_table": "x<BB>abc"}


def test_substdef_defines_too() -> None:
    assert values('#!substdef "!LEVEL!4!g"\ndebug=LEVEL\nversion_table="LEVEL"') == {"debug": 4, "version_table": "4"}
    assert values('#!substdefs "!T!sub!g"\nversion_table=T') == {"version_table": "sub"}


def test_later_rules_see_what_earlier_ones_made() -> None:
    assert values('#!subst "/A/B/g"\n#!subst "/B/C/g"\nversion_table="A"') == {"version_table": "C"}


def test_variables_in_a_substitution() -> None:
    text = '#!define D dee\n#!substdefs "!X!$env(HOST)-$def(D)!g"\nversion_table=X\nlog_name="X"'
    assert values(text, environ={"HOST": "h"}) == {"version_table": "h-dee", "log_name": "h-dee"}


@pytest.mark.parametrize("rule", ["!A", "!A!b", "!!b!", "", "!A!b!z", "![!b!", "\\A\\b\\", "!(?:a)!b!"])
def test_broken_rules(rule: str) -> None:
    escaped = rule.replace("\\", "\\\\")
    assert codes(f'#!subst "{escaped}"\n') == ["bad-subst"]


def test_subst_needs_a_string() -> None:
    assert codes("#!subst /a/b/\n") == ["subst-string"]


# --- environment --------------------------------------------------------------------------------------------


def test_defenv() -> None:
    env = {"LEVEL": "4", "T": "x"}
    assert values("#!defenv LEVEL\ndebug=LEVEL", environ=env) == {"debug": 4}
    assert values("#!defenv L=LEVEL\ndebug=L", environ=env) == {"debug": 4}
    assert values("#!defenvs T\nversion_table=T", environ=env) == {"version_table": "x"}
    assert values("#!trydefenv L=NOT\n#!trydefenvs T\nversion_table=T", environ=env) == {"version_table": "x"}
    assert codes("#!defenv NOT\n") == ["no-environment"]
    assert codes("#!defenv\n") == ["directive-name"]
    assert codes("#!defenv A=\n") == ["directive-name"]


# --- included files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["include_file", "import_file", "#!include_file", "!!import_file"])
def test_include(word: str) -> None:
    config = good(f'debug=1\n{word} "a.cfg" children=2\nfork=1', files={"/etc/k/a.cfg": 'log_name=\n\n  "x"'})
    params = [item for item in config.items if isinstance(item, CoreParam)]
    assert [(p.name, p.pos.file, p.pos.line) for p in params] == [
        ("debug", "/etc/k/kamailio.cfg", 1),
        ("log_name", "/etc/k/a.cfg", 1),
        ("children", "/etc/k/kamailio.cfg", 2),
        ("fork", "/etc/k/kamailio.cfg", 3),
    ]
    assert (params[1].value_pos.file, params[1].value_pos.line, params[1].value_pos.col) == ("/etc/k/a.cfg", 3, 3)
    assert list(config.sources) == ["/etc/k/kamailio.cfg", "/etc/k/a.cfg"]


def test_include_inside_a_route() -> None:
    config = good('route {\n  include_file "a.cfg"\n exit; }', files={"a.cfg": 'xlog("a");\n'})
    assert [stmt.pos.file for stmt in config.routes[0].body.body] == ["a.cfg", "/etc/k/kamailio.cfg"]


def test_missing_files() -> None:
    assert codes('include_file "a.cfg"\ndebug=1') == ["include-missing"]
    assert codes('import_file "a.cfg"\ndebug=1') == []


@pytest.mark.parametrize("name", ["a.cfg", '"a.cfg";', '"a b.cfg"', '""', '"' + "a" * 200 + '"', "'a.cfg'", ""])
def test_bad_names(name: str) -> None:
    assert codes(f"include_file {name}\n", files={"a.cfg": ""}) == ["include-name"]


def test_a_file_that_includes_itself() -> None:
    assert codes('include_file "a.cfg"', files={"a.cfg": 'include_file "a.cfg"\n'}) == ["include-depth"]


def test_a_part_may_end_in_another_file() -> None:
    text = '#!ifdef NO\ninclude_file "never.cfg"\n#!endif\ninclude_file "a.cfg"\nhidden text\n#!endif\ndebug=1'
    assert values(text, files={"a.cfg": "#!ifdef NO\n"}) == {"debug": 1}


def test_subst_runs_over_include_names() -> None:
    assert values('#!subst "/NAME/a/"\ninclude_file "NAME.cfg"', files={"a.cfg": "debug=2"}) == {"debug": 2}
