"""IMSI, ICCID, Luhn, MSISDN and what is derived from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from olelo.auc import numbering
from olelo.auc.errors import NumberingError


@given(st.text("0123456789", min_size=1, max_size=20))
def test_luhn(body: str) -> None:
    total = sum(sum(divmod(int(digit) * (2 - i % 2), 10)) for i, digit in enumerate(reversed(body)))
    assert numbering.luhn_digit(body) == str(-total % 10)


def test_luhn_of_the_usual_example() -> None:
    assert numbering.luhn_digit("7992739871") == "3"


@given(st.text("0123456789", min_size=18, max_size=19), st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(body: str, position: int, change: int) -> None:
    number = body + numbering.luhn_digit(body)
    wrong = number[:position] + str((int(number[position]) + change) % 10) + number[position + 1 :]
    assert numbering.has_luhn(number)
    assert not numbering.has_luhn(wrong)


def test_iccid() -> None:
    good = "894900000000000001" + numbering.luhn_digit("894900000000000001")
    assert numbering.check_iccid(good) == good
    assert numbering.check_iccid(good + "F") == good
    wrong = good[:-1] + str((int(good[-1]) + 1) % 10)
    with pytest.raises(NumberingError, match="Luhn"):
        numbering.check_iccid(wrong)
    assert numbering.check_iccid(wrong, luhn=False) == wrong
    assert numbering.ef_iccid("8988211000000000011") == "988812010000000010F1"
    assert numbering.ef_iccid("89882110000000000011") == "98881201000000000011"


@pytest.mark.parametrize(
    "text", ["", "12345", "0010100000000012", "00101000000000x", "٠٠١٠١٠٠٠٠٠٠٠٠٠١", "001 01000000001"]
)
def test_what_is_no_imsi(text: str) -> None:
    with pytest.raises(NumberingError):
        numbering.check_imsi(text)


def test_an_error_does_not_repeat_what_may_be_a_key() -> None:
    for text in ("465b5ce8b199b49faa5f0a2ee238a6bc", "12345678901234567890123456789012"):
        with pytest.raises(NumberingError) as caught:
            numbering.check_imsi(text)
        assert text not in str(caught.value)


def test_identities_take_the_declared_mnc() -> None:
    assert numbering.impi("001010000000001", "001", "01") == "001010000000001@ims.mnc001.mcc001.3gppnetwork.org"
    assert numbering.impi("310410000000001", "310", "410") == "310410000000001@ims.mnc410.mcc310.3gppnetwork.org"
    assert numbering.impu("001010000000001", "001", "01").startswith("sip:001010000000001@")
    assert numbering.imsi_of_impi("sip:001010000000001@ims.mnc001.mcc001.3gppnetwork.org") == "001010000000001"
    assert numbering.imsi_of_impi("alice@example.org") is None
    assert numbering.access_class("001010000000009") == 0x200


def test_ranges_keep_leading_zeros() -> None:
    imsis = numbering.imsi_range("001010000000098", 5, "001", "01")
    assert [imsis.number(i) for i in range(5)][-1] == "001010000000102"
    assert imsis.bounds == ("001010000000098", "001010000000102")


def test_iccid_range_with_and_without_its_check_digit() -> None:
    body = "898821100000000001"
    whole = body + numbering.luhn_digit(body)
    assert numbering.iccid_range(body, 3).bounds == numbering.iccid_range(whole, 3).bounds
    for index in range(3):
        assert numbering.has_luhn(numbering.iccid_range(body, 3).number(index))
    assert len(numbering.iccid_range(body + "0", 3, 20).number(0)) == 20


@pytest.mark.parametrize(
    "call",
    [
        lambda: numbering.imsi_range("001010000000001", 0, "001", "01"),
        lambda: numbering.imsi_range("001020000000001", 1, "001", "01"),
        lambda: numbering.imsi_range("001019999999999", 2, "001", "01"),
        lambda: numbering.imsi_range("00101000000001", 1, "001", "01"),
        lambda: numbering.imsi_range("001010000000001", 1, "001", "1"),
        lambda: numbering.imsi_range("001010000000001", 1, "01", "01"),
        lambda: numbering.iccid_range("998821100000000001", 1),
        lambda: numbering.iccid_range("899999999999999999", 2),
        lambda: numbering.iccid_range("8988211000000000010", 1),
        lambda: numbering.iccid_range("898821100000000001", 1, 18),
        lambda: numbering.msisdn_range("12", 1),
        lambda: numbering.msisdn_range("999", 2),
    ],
)
def test_ranges_that_are_refused(call) -> None:
    with pytest.raises(NumberingError):
        call()
