from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from olelo.cli.kamctlrc import RcError, parse, settings


def read(text: str, **values: str) -> dict[str, str]:
    found = dict(values)
    parse(text, found)
    return found


TEXT = r"""
# a comment
## SIP_DOMAIN=commented.out
SIP_DOMAIN=example.org
export DBENGINE=SQLITE # at the end
DB_PATH="/tmp/with space/${SIP_DOMAIN}.db"
 ACL_GROUPS='local ld "int" $x'
A=1; B=two	C="three
lines"
DBRWPW="a\"b\$c\d`printf ''`"
"""


def test_assignments_of_all_kinds() -> None:
    found = read(TEXT.replace("`printf ''`", ""))
    assert found == {
        "SIP_DOMAIN": "example.org",
        "DBENGINE": "SQLITE",
        "DB_PATH": "/tmp/with space/example.org.db",
        "ACL_GROUPS": 'local ld "int" $x',
        "A": "1",
        "B": "two",
        "C": "three\nlines",
        "DBRWPW": 'a"b$c\\d',
    }


@pytest.mark.parametrize(
    "text",
    [
        "X=${UNSET:-a}${EMPTY:-b}${EMPTY-c}${SET:-d}",
        "X=${UNSET-'q r'}\\ s",
        "X='it'\\''s'$SET\"$SET\"tail",
        "X=a#b # c",
        "X=\\\nab\\\ncd",
        "X=",
        'X="#"$',
        "SET=new X=$SET",
        "export SET\nX=~no",
        'X="a\\\nb"',
    ],
)
def test_a_shell_reads_the_same(text: str) -> None:
    ours = read(text, SET="val", EMPTY="").get("X")
    shell = subprocess.run(
        ["/bin/sh", "-c", text + '\nprintf "%s" "$X"'], env={"SET": "val", "EMPTY": ""}, capture_output=True, check=True
    )
    assert ours == shell.stdout.decode()


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("A=1\nrm -rf /", 2, "no commands are run"),
        ("A=$(id)", 1, "$("),
        ("A=`id`", 1, "`"),
        ('A="`id`"', 1, "commands are not run"),
        ("A=1\n\nB='x", 3, "does not end"),
        ('B="x', 1, "does not end"),
        ("\x00\xff garbage", 1, "not an assignment"),
        ("A=1 && B=2", 1, "not an assignment"),
        ("A=1&", 1, "no commands"),
        ("if true; then", 1, "not an assignment"),
        ("A=${B%x}", 1, "${"),
    ],
)
def test_what_is_no_assignment_is_refused_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(RcError, match=rf"^kamctlrc:{line}: ") as found:
        read(text)
    assert what in str(found.value)


def test_the_file_goes_over_the_environment_as_when_a_shell_reads_it(tmp_path: Path) -> None:
    (tmp_path / ".kamctlrc").write_text("DBENGINE=SQLITE\nDB_PATH=${DB_PATH:-/other}\n")
    found = settings({"HOME": str(tmp_path), "DBENGINE": "MYSQL", "DB_PATH": "/mine"})
    assert (found["DBENGINE"], found["DB_PATH"]) == ("SQLITE", "/mine")


def test_a_named_file_is_the_only_one_and_must_be_there(tmp_path: Path) -> None:
    (tmp_path / ".kamctlrc").write_text("A=home\n")
    (tmp_path / "rc").write_text("B=named\n")
    found = settings({"HOME": str(tmp_path), "OLELO_KAMCTLRC": str(tmp_path / "rc")})
    assert found["B"] == "named"
    assert "A" not in found
    with pytest.raises(RcError, match="cannot read .*missing: No such file"):
        settings({"OLELO_KAMCTLRC": str(tmp_path / "missing")})
