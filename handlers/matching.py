"""Comparing what people type with what things are called, in Arabic and English alike."""

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

_SAME_LETTERS = str.maketrans({"ة": "ه", "ى": "ي", "ٱ": "ا", "ـ": "", "’": "", "'": ""})
_SEPARATORS = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """A name as it is compared: without case, accents and vowel marks, hamza and its seats as one, ة as ه and ى as ي
    (what Arabic typists write for each other), separators as single blanks.

    >>> fold("São_Paulo"), fold("القَاهِرَة")
    ('sao paulo', 'القاهره')
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) not in {"Mn", "Cf"})
    return _SEPARATORS.sub(" ", plain.translate(_SAME_LETTERS).casefold()).strip()


def closest(text: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """The names (folded) that `text` may have meant, the likeliest first; none where nothing is near."""
    return get_close_matches(fold(text), list(names), n=limit, cutoff=0.7)
