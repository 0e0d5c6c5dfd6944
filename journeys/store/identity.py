"""Who a row is in an import: an id that was given, else its content."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b


def given_identity(given: str) -> str:
    """The identity of a row that has an id. One that an export made of a row's content stays what it was."""
    return given if given.startswith("row:") else f"id:{given}"


def content_identity(content: Sequence[object], n: int) -> str:
    """The identity of a row by its content; `n` tells rows of the same content apart."""
    return f"row:{content_digest(content).hex()}:{n}"


def content_digest(content: Sequence[object]) -> bytes:
    """The content in 16 bytes."""
    # NUL: no text has it, so that no two contents are joined to the same
    return blake2b("\0".join(map(str, content)).encode(), digest_size=16).digest()
