"""What things are called in sentences."""

from __future__ import annotations

from typing import Protocol


class Names(Protocol):
    """Labels of the keys a sentence mentions; falls back to the key itself."""

    def label(self, kind: str, key: str) -> str:
        """`kind` is a word of the glossary: "segment", "node", "tag", "attribute", "purpose", "programme", "product" …

        A stage's key is "FUNNEL/STAGE".
        """
        ...


class Keys:
    """Names of a place that knows no labels: every key stands for itself."""

    def label(self, kind: str, key: str) -> str:
        return key.rpartition("/")[2] if kind == "stage" else key
