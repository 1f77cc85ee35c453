"""`kamailio --cfg-print`: what is printed of a file with directives and includes; the reference prints the same."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest

from olelo.cli import kamailio
from olelo.cli.cfgprint import printed

MAIN = """\
#!KAMAILIO
#!define A 1
#!substdef "!PORTX!5070!g"
#!ifdef A
debug=2  # comment
#!ifdef B
never
#!else
children=1
#!endif
#!else
debug=3
#!endif
listen=udp:127.0.0.1:PORTX
/* a block
comment */
include_file "more.cfg"
  #!ifndef A
never
  #!endif
import_file "none.cfg"
request_route {
   exit;
}
"""
MORE = '#!ifdef C\nlog_name="c"\n#!endif\nlog_facility=LOG_LOCAL1\n'
PRINTED = """\
#!KAMAILIO
#!define A 1
#!substdef "!PORTX!5070!g"
debug=2  # comment
children=1
listen=udp:127.0.0.1:PORTX
/* a block
comment */
{more}log_facility=LOG_LOCAL1

"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "more.cfg").write_text(MORE)
    path = tmp_path / "main.cfg"
    path.write_text(MAIN)
    return path


def lines(text: str) -> list[str]:
    """Without blank lines, of which the reference prints others."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_what_is_read_is_printed(config: Path) -> None:
    text, found = printed(str(config), {}, ())
    assert not found.found
    assert lines(text)[:9] == lines(PRINTED.format(more=""))
    assert lines(text)[9:] == ["request_route {", "exit;", "}"]
    assert 'log_name="c"' in printed(str(config), {"C": None}, ())[0]
    assert "never" not in text


def test_options(config: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    assert kamailio.main(["--cfg-print", "-f", str(config), "-A", "C"], out, err) == 0
    assert 'log_name="c"' in out.getvalue()
    config.write_text("#!ifdef A\n")
    assert kamailio.main(["--cfg-print", "-f", str(config)], out, err) == 255
    assert "not closed" in err.getvalue()


@pytest.mark.reference
def test_the_reference_prints_the_same(config: Path) -> None:
    if shutil.which("kamailio") is None:
        pytest.skip("kamailio is not installed")
    done = subprocess.run(
        ["kamailio", "--cfg-print", "-f", str(config)], capture_output=True, timeout=20, cwd=config.parent, check=False
    )
    assert lines(printed(str(config), {}, ())[0]) == lines(done.stdout.decode("latin-1"))
