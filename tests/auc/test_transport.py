"""Transport keys, check values, and keys in parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auc.kit import Dice
from olelo.auc.errors import CheckValueError, KeyFormatError, SealError
from olelo.auc.secret import Secret
from olelo.auc.transport import TransportKey, aes_kcv, cmac_kcv, des_kcv, join_key, split_key

KEY = Secret(bytes(range(16)))
VALUE = bytes(range(100, 116))


def test_ecb_is_one_aes_block_fips_197() -> None:
    # FIPS 197 appendix C.1
    plain = bytes.fromhex("00112233445566778899aabbccddeeff")
    assert TransportKey(KEY, "aes-ecb").encrypt(plain, "", Dice()).hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"


def test_cbc_has_the_fixed_iv() -> None:
    ecb, cbc = TransportKey(KEY, "aes-ecb"), TransportKey(KEY, "aes-cbc")
    mixed = bytes(byte ^ 0x23 for byte in VALUE)
    assert cbc.encrypt(VALUE, "", Dice()) == ecb.encrypt(mixed, "", Dice())


def test_two_key_triple_des_is_k1_k2_k1() -> None:
    two = TransportKey(Secret(bytes(range(16))), "3des-ecb")
    three = TransportKey(Secret(bytes(range(16)) + bytes(range(8))), "3des-ecb")
    assert two.encrypt(VALUE, "", Dice()) == three.encrypt(VALUE, "", Dice())


@pytest.mark.parametrize("mode", ["aes-gcm", "aes-ecb", "aes-cbc", "3des-ecb"])
def test_round_trip(mode: str) -> None:
    key = TransportKey(KEY, mode)
    assert key.decrypt(key.encrypt(VALUE, "K of 1", Dice()), "K of 1") == VALUE


def test_gcm_notices_a_change_a_swap_and_a_wrong_key() -> None:
    key = TransportKey(KEY)
    sealed = key.encrypt(VALUE, "K of 1", Dice())
    flipped = sealed[:-1] + bytes((sealed[-1] ^ 1,))
    for attempt in (
        lambda: key.decrypt(flipped, "K of 1"),
        lambda: key.decrypt(sealed, "K of 2"),
        lambda: TransportKey(Secret(bytes(16))).decrypt(sealed, "K of 1"),
        lambda: key.decrypt(b"short", "K of 1"),
    ):
        with pytest.raises(SealError):
            attempt()


def test_block_modes_take_whole_blocks() -> None:
    for mode in ("aes-ecb", "aes-cbc", "3des-ecb"):
        for value in (b"", bytes(15)):
            with pytest.raises(KeyFormatError):
                TransportKey(KEY, mode).encrypt(value, "", Dice())
            with pytest.raises(KeyFormatError):
                TransportKey(KEY, mode).decrypt(value, "")


def test_check_values() -> None:
    assert aes_kcv(Secret(bytes(16))) == "66E94B"  # AES-128 of a zero block under a zero key
    assert des_kcv(Secret(bytes(16))) == "8CA64D"  # DES of a zero block under a zero key
    assert cmac_kcv(Secret(bytes(16))) not in ("66E94B", "8CA64D")
    key = TransportKey(Secret(bytes(16)), "aes-ecb")
    key.require_kcv(" 66e94b ")
    with pytest.raises(CheckValueError, match="66E94B"):
        key.require_kcv("66E94C")
    with pytest.raises(CheckValueError):
        key.require_kcv("")


def test_keys_and_modes_that_do_not_fit() -> None:
    with pytest.raises(KeyFormatError):
        TransportKey(Secret(bytes(16)), "rot13")
    with pytest.raises(KeyFormatError):
        TransportKey(Secret(bytes(24)), "aes-gcm")
    with pytest.raises(KeyFormatError):
        aes_kcv(Secret(bytes(8)))


@given(st.binary(min_size=16, max_size=32), st.integers(2, 5))
def test_all_components_together_are_the_key(value: bytes, parts: int) -> None:
    components = split_key(Secret(value), parts, Dice())
    assert len(components) == parts
    assert join_key(components) == Secret(value)
    assert join_key(components[:-1] + [Secret(bytes(len(value)))]) != Secret(value)


def test_parts_that_make_no_key() -> None:
    for parts in (1, 6):
        with pytest.raises(KeyFormatError):
            split_key(KEY, parts, Dice())
    with pytest.raises(KeyFormatError):
        join_key([KEY])
    with pytest.raises(KeyFormatError):
        join_key([KEY, Secret(bytes(32))])
