"""Money: integer minor units beside a currency of ISO 4217."""

from __future__ import annotations

from decimal import Decimal

#: currencies whose minor unit is not a hundredth
_DIGITS = (
    dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    )
    | dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3)
    | dict.fromkeys(["CLF", "UYW"], 4)
)


def minor_digits(currency: str) -> int:
    """How many decimals the currency has: 2 for PLN, 0 for JPY, 3 for KWD."""
    return _DIGITS.get(currency, 2)


def to_minor(amount: Decimal, currency: str) -> int:
    """The amount in minor units. Raises ValueError when it has more decimals than the currency."""
    minor = amount.scaleb(minor_digits(currency))
    whole = int(minor)
    if whole != minor:
        raise ValueError(f"{amount} is finer than {currency}")
    return whole


def to_text(minor: int, currency: str) -> str:
    """Minor units as a plain number with a point and all decimals, such as "-12.00"."""
    digits = minor_digits(currency)
    if not digits:
        return str(minor)
    units, rest = divmod(abs(minor), 10**digits)
    return f"{'-' if minor < 0 else ''}{units}.{rest:0{digits}d}"
