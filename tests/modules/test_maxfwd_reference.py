"""maxfwd compared with the reference: return codes, and the header that leaves."""

from __future__ import annotations

import pytest
from wire_kit import Case, compare, marked

MODULES = ["pv", "tm", "sl", "textops", "xlog", "maxfwd"]
PARAMS = 'modparam("maxfwd","max_limit",100)\n'
#: Cases in which we differ, and why.
KNOWN: dict[str, str] = {
    f"{call} Max-Forwards: {value}": f"the header is bad; the reference {what}"
    for call in ('mf_process_maxfwd_header("10");', 'maxfwd_process("70");', 'is_maxfwd_lt("10");')
    for value, what in (("", "takes nothing for zero"), ("65536", "counts in 16 bits, so that this is zero"))
}

RC = 'append_hf("X-RC: $rc\\r\\n");'
VALUES = (
    "", "0", "1", "2", "10", "99", "100", "101", "255", "256", "1000", "65535", "65536", "4294967296", "007", "-1", "+5", "abc", "5x",
    "5 x", "5;x=1", "5, 6",
)  # fmt: skip
CALLS = (
    'mf_process_maxfwd_header("10");',
    'maxfwd_process("70");',
    "process_maxfwd(0);",
    'mf_process_maxfwd_header("256");',
    'is_maxfwd_lt("10");',
    'maxfwd_at_least("101");',
    "mf_lowlimit(0);",
    'is_maxfwd_lt("300");',
)


def case(call: str, name: str, headers: str, **special: str) -> Case:
    return Case(f"{call} {name}", f"{call} {RC}", headers=headers, **special)  # type: ignore[arg-type]


CASES = [
    *(case(call, "no header", "") for call in CALLS),
    *(case(call, f"Max-Forwards: {value}", f"Max-Forwards: {value}\r\n") for call in CALLS[:2] for value in VALUES),
    *(case(CALLS[4], f"Max-Forwards: {value}", f"Max-Forwards: {value}\r\n") for value in VALUES),
    *(case(call, "another case", "max-FORWARDS:  12  \r\n") for call in CALLS),
    *(case(call, "folded", "Max-Forwards:\r\n 12\r\n") for call in CALLS[:2]),
    *(case("$var(n) = 33; " + 'mf_process_maxfwd_header("$var(n)");', "variable", headers) for headers in ("", "Max-Forwards: 5\r\n")),
    case('mf_process_maxfwd_header("10"); mf_process_maxfwd_header("10");', "twice", "Max-Forwards: 5\r\n"),
    case('mf_process_maxfwd_header("10"); mf_process_maxfwd_header("10");', "twice, no header", ""),
]  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[str], list[str]]]:
    return compare(CASES, MODULES, PARAMS, tmp_path_factory.mktemp("maxfwd"))


@pytest.mark.reference
@pytest.mark.wire
@pytest.mark.parametrize("name", marked([case.name for case in CASES], KNOWN))
def test_what_leaves_is_what_kamailio_sends(results: dict[str, tuple[list[str], list[str]]], name: str) -> None:
    ours, theirs = results[name]
    assert ours == theirs
