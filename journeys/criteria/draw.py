"""Random shares that stay: every contact carries one random number for life, and each split mixes it anew.

The share of a contact is ((draw·a + b) mod M) / M with (a, b) from SHA-256 of two ids. Integer arithmetic below 2^63,
so that both databases and Python agree; two splits with different ids are independent of each other.
"""

from __future__ import annotations

import hashlib
from fractions import Fraction
from math import ceil

from sqlalchemy import BigInteger, ColumnElement, cast, literal

#: a prime, 2^31 - 1; draw · a stays below 2^62
MODULUS = 2_147_483_647


def draw_share(first: str, second: str) -> tuple[int, int]:
    """(a, b) of the split named by two ids, such as those of a journey and a node: 1 ≤ a < M, 0 ≤ b < M."""
    # the length keeps ("ab", "c") apart from ("a", "bc")
    digest = hashlib.sha256(f"{len(first)}:{first}{second}".encode()).digest()
    return (
        int.from_bytes(digest[:8], "big") % (MODULUS - 1) + 1,
        int.from_bytes(digest[8:16], "big") % MODULUS,
    )


def drawn(draw: ColumnElement[int], pair: tuple[int, int]) -> ColumnElement[int]:
    """The mixed number of a contact as SQL: 0 … M - 1. `draw` is `contact.draw`."""
    a, b = pair
    # `contact.draw` has 32 bits on PostgreSQL, and so would have the product
    wide = cast(draw, BigInteger())
    mixed: ColumnElement[int] = (wide * literal(a, BigInteger()) + literal(b, BigInteger())) % literal(
        MODULUS, BigInteger()
    )
    return mixed


def drawn_value(draw: int, pair: tuple[int, int]) -> int:
    """The same in Python."""
    a, b = pair
    return (draw * a + b) % MODULUS


def below(percent: float) -> int:
    """The bound of a share: a contact is within the first `percent` of 100 where its mixed number is smaller."""
    # by the written decimal: 0.1 means a tenth, not the double next to it
    return ceil(Fraction(str(percent)) * MODULUS / 100)
