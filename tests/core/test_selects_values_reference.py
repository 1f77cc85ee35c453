"""@hf_value and its kin compared with the reference.

Left out is what its page documents and it does not do: a parameter right behind the header's name or number
(@hf_value.from[1].tag gives it the whole value), and any parameter of @hf_value2.
"""

from __future__ import annotations

import pytest
from wire_kit import Case, compare, split

HEADERS = (
    'X-Two: a;p=1;q="x,y", b\r\nX-Na: "Bob \\"B\\"" <sip:bob@h:5080;up=1>;tag=t1;lr, sip:c@d;z=2, Joe <tel:+1>\r\n'
    'Supported: path, 100rel\r\nX-Two: c;p=9\r\nAuthorization: Digest username="u", realm="r,2", nonce=abc\r\nX-Empty:\r\n'
)
SELECTS = split(
    """
    hf_value.x_two
    hf_value.x_two[1]
    hf_value.x_two[2]
    hf_value.x_two[3]
    hf_value.x_two[4]
    hf_value.x_two[-1]
    hf_value.x_two[-3]
    hf_value.x_two[-4]
    hf_value.x_two[1].param.p
    hf_value.x_two[1].p.p
    hf_value.x_two[1].p.zz
    hf_value.x_two[3].p.p
    hf_value.x_na
    hf_value.x_na.uri
    hf_value.x_na[1].uri
    hf_value.x_na[2].uri
    hf_value.x_na[3].uri
    hf_value.x_na[1].name
    hf_value.x_na[2].name
    hf_value.x_na[3].name
    hf_value.x_na[1].nameaddr.name
    hf_value.x_na[1].nameaddr.uri
    hf_value.x_na[1].nameaddr.uri.user
    hf_value.x_na[1].nameaddr.params.tag
    hf_value.x_na[1].uri.user
    hf_value.x_na[1].uri.host
    hf_value.x_na[1].uri.port
    hf_value.x_na[1].uri.params
    hf_value.x_na[1].uri.params.up
    hf_value.x_none
    hf_value.x_none[1]
    hf_value.x_none.uri
    hf_value.x_empty
    hf_value.x_empty[1]
    hf_value.supported
    hf_value.supported[2]
    hf_value.from
    hf_value.from.uri
    hf_value_exists.supported.path
    hf_value_exists.supported.PATH
    hf_value_exists.supported.timer
    hf_value_exists.x_two.b
    hf_value_exists.x_none.b
    hf_value2.authorization
    hf_value2.x_two
    hf_value2.x_none
    """
)
MODULES = ["pv", "tm", "sl", "rr", "textops", "textopsx", "xlog"]


def case(select: str) -> Case:
    script = (
        f'is_present_hf("ZZ"); $var(x)=@{select}; append_hf("X-V: [$var(x)]\\r\\n");'
        f'if (@{select}=="") append_hf("X-E: empty\\r\\n"); if (@{select}) append_hf("X-T: true\\r\\n");'
    )
    return Case(select, script, headers=HEADERS)


@pytest.mark.reference
@pytest.mark.wire
def test_values_are_those_of_kamailio(tmp_path_factory: pytest.TempPathFactory) -> None:
    pairs = compare([case(select) for select in SELECTS], MODULES, "", tmp_path_factory.mktemp("selects"))
    assert len(pairs) == len(SELECTS)
    assert {name: ours for name, (ours, _) in pairs.items()} == {name: theirs for name, (_, theirs) in pairs.items()}
