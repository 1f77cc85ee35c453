"""Profile text is read and written the same."""

import pytest

from olelo.auc.errors import FormatError
from olelo.auc.profile import parse_profile


@pytest.mark.parametrize(
    "text",
    [
        "milenage",
        "milenage:r=64/0/33/64/96",
        "milenage:r=1/2/3/4/5:c=0/1/2/4/ff",
        "tuak",
        "tuak:iterations=2",
        "tuak:mac=256:res=32:ck=256",
    ],
)
def test_round_trip(text: str) -> None:
    assert parse_profile(text).profile == text


def test_standard_values_are_left_out() -> None:
    assert parse_profile("Milenage:r=64/0/32/64/96").profile == "milenage"
    assert parse_profile("tuak:iterations=1:res=64").profile == "tuak"


@pytest.mark.parametrize(
    "text",
    ["", "comp128", "milenage:r=1/2", "milenage:r=1/2/3/4/x", "milenage:q=1", "milenage:r", "tuak:res=7", "tuak:x=1"],
)
def test_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_profile(text)
