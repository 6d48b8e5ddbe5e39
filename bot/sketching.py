"""A message in plain words: what it shows where the reader is not, buttons and picture included."""

from collections.abc import Iterable
from typing import Final

PICTURE: Final = "🖼"
"""Stands where the picture does."""


def sketch(parts: Iterable[str], buttons: Iterable[Iterable[str]]) -> str:
    """The parts that there are, one below the other, and the buttons in brackets, row by row."""
    rows = ["  ".join(f"[ {label} ]" for label in row) for row in buttons]
    return "\n\n".join(part for part in (*parts, "\n".join(rows)) if part)
