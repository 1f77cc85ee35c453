"""Numbers on a SIM: IMSI (E.212), ICCID with its Luhn digit (E.118), access class, IMPI and IMPU (TS 23.003).

All are strings of digits. As integers they would lose leading zeros, and the MNC's length, which nothing in an
IMSI tells: it is declared, never guessed.
"""

from dataclasses import dataclass

from olelo.auc.errors import NumberingError


def luhn_digit(body: str) -> str:
    """The check digit that follows `body` (ISO/IEC 7812-1 annex B)."""
    total = 0
    for position, digit in enumerate(reversed(body)):
        value = int(digit)
        if position % 2 == 0:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return str(-total % 10)


def _digits(text: str, what: str, lengths: range) -> str:
    # str.isdigit alone would let other scripts' digits through.
    if not (text.isascii() and text.isdigit()):
        # Not repeated: in a file with shifted columns this may be a key.
        raise NumberingError(f"{what}: digits only ({len(text)} characters given)")
    if len(text) not in lengths:
        size = f"{lengths[0]}" if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]}"
        shown = text if len(text) <= 20 else "given"
        raise NumberingError(f"{what} {shown}: {len(text)} digits, expected {size}")
    return text


def check_imsi(imsi: str) -> str:
    """The IMSI if it has 14 or 15 digits."""
    return _digits(imsi, "IMSI", range(14, 16))


def check_msisdn(msisdn: str) -> str:
    """The MSISDN without a leading plus, 3 to 15 digits (E.164)."""
    return _digits(msisdn.removeprefix("+"), "MSISDN", range(3, 16))


def check_plmn(mcc: str, mnc: str) -> None:
    """MCC of 3 digits and MNC of 2 or 3, the declared length."""
    _digits(mcc, "MCC", range(3, 4))
    _digits(mnc, "MNC", range(2, 4))


def check_iccid(iccid: str, *, luhn: bool = True) -> str:
    """The ICCID if it has 19 or 20 digits and a right Luhn digit. A trailing F (filler of EF_ICCID) is dropped."""
    iccid = _digits(iccid.upper().removesuffix("F"), "ICCID", range(19, 21))
    if luhn and not has_luhn(iccid):
        raise NumberingError(f"ICCID {iccid}: Luhn digit is {iccid[-1]}, should be {luhn_digit(iccid[:-1])}")
    return iccid


def has_luhn(number: str) -> bool:
    """Whether the last digit is the Luhn digit of the others."""
    return luhn_digit(number[:-1]) == number[-1]


def access_class(imsi: str) -> int:
    """EF_ACC bitmap of an ordinary card: bit = last digit of the IMSI (TS 22.011 section 4.2)."""
    return 1 << int(imsi[-1])


def ef_iccid(iccid: str) -> str:
    """EF_ICCID: 10 bytes of nibble-swapped digits, padded with F, in hexadecimal (TS 102 221 section 13.2)."""
    padded = iccid.ljust(20, "F")
    return "".join(padded[i + 1] + padded[i] for i in range(0, 20, 2))


def home_domain(mcc: str, mnc: str) -> str:
    """Home network domain name (TS 23.003 section 13.2); a 2-digit MNC gets a zero in front."""
    return f"ims.mnc{mnc.zfill(3)}.mcc{mcc}.3gppnetwork.org"


def impi(imsi: str, mcc: str, mnc: str) -> str:
    """Private identity derived from the IMSI (TS 23.003 section 13.3)."""
    return f"{imsi}@{home_domain(mcc, mnc)}"


def impu(imsi: str, mcc: str, mnc: str) -> str:
    """Temporary public identity (TS 23.003 section 13.4B)."""
    return f"sip:{impi(imsi, mcc, mnc)}"


def imsi_of_impi(identity: str) -> str | None:
    """The IMSI in front of an IMPI, a temporary IMPU, or alone; None if there is none."""
    user = identity.strip().removeprefix("sip:").partition("@")[0]
    return user if user.isascii() and user.isdigit() and len(user) in (14, 15) else None


@dataclass(frozen=True, slots=True)
class NumberRange:
    """`count` consecutive numbers of one length from `first`; with `luhn` a check digit follows each."""

    first: str
    count: int
    luhn: bool = False

    def __post_init__(self) -> None:
        if self.count < 1:
            raise NumberingError("a range holds at least one number")
        if int(self.first) + self.count - 1 >= 10 ** len(self.first):
            raise NumberingError(f"{self.count} numbers from {self.first} do not fit in {len(self.first)} digits")

    def number(self, index: int) -> str:
        """The number at `index`, with its check digit if the range has them."""
        body = str(int(self.first) + index).zfill(len(self.first))
        return body + luhn_digit(body) if self.luhn else body

    @property
    def bounds(self) -> tuple[str, str]:
        """First and last number."""
        return self.number(0), self.number(self.count - 1)


def imsi_range(first: str, count: int, mcc: str, mnc: str) -> NumberRange:
    """IMSIs of one network.

    Raises:
        NumberingError: wrong length or prefix, or the range runs over into the MNC.
    """
    check_plmn(mcc, mnc)
    first = _digits(first, "IMSI", range(15, 16))
    numbers = NumberRange(first, count)
    for bound in numbers.bounds:
        if not bound.startswith(mcc + mnc):
            raise NumberingError(f"IMSI {bound} is not in the network {mcc}-{mnc}")
    return numbers


def iccid_range(first: str, count: int, length: int = 19) -> NumberRange:
    """ICCIDs of `length` digits (19 or 20) with their Luhn digit.

    Args:
        first: the first ICCID without its check digit, or whole, and then its check digit must be right.
    """
    if length not in (19, 20):
        raise NumberingError("an ICCID has 19 or 20 digits")
    first = _digits(first, "ICCID", range(length - 1, length + 1))
    if len(first) == length:
        first = check_iccid(first)[:-1]
    if not first.startswith("89"):
        raise NumberingError(f"ICCID {first}: telecommunication cards start with 89 (E.118)")
    numbers = NumberRange(first, count, luhn=True)
    if not numbers.bounds[1].startswith("89"):
        raise NumberingError(f"{count} ICCIDs from {first} run out of 89")
    return numbers


def msisdn_range(first: str, count: int) -> NumberRange:
    """Consecutive MSISDNs."""
    return NumberRange(check_msisdn(first), count)
