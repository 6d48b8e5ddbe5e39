"""Comparing what people type with what things are called, in Arabic and English alike."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from handlers.moments import plain

_SEPARATORS = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """A name as it is compared: as plain as words are, without apostrophes, and with single blanks for what separates.

    >>> fold("São_Paulo"), fold("القَاهِرَة")
    ('sao paulo', 'القاهره')
    """
    return _SEPARATORS.sub(" ", plain(text).replace("'", "").replace("’", "")).strip()


def closest(text: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """The names (folded) that `text` may have meant, the likeliest first; none where nothing is near."""
    return get_close_matches(fold(text), list(names), n=limit, cutoff=0.7)


_LANGUAGE_WORDS = {
    "ar": ("ar", "arabic", "arab", "العربية", "عربي", "عربية", "عربى"),
    "en": ("en", "english", "الإنجليزية", "الانكليزية", "إنجليزي", "إنكليزي"),
}


def read_language(text: str) -> str | None:
    """The language of ours that somebody named, in either of them; None for anything else."""
    word = fold(text)
    return next((language for language, names in _LANGUAGE_WORDS.items() if word in map(fold, names)), None)
