"""Places on the map as people write them: coordinates, or a link of a map to a place."""

import re
from collections.abc import Iterator

from handlers.words import clean_line, to_latin_digits

_NUMBER = r"(-?[0-9]{1,3}(?:\.[0-9]{1,12})?)"
_PAIR = re.compile(rf"{_NUMBER}\s*[,،; ]\s*{_NUMBER}")
_IN_LINKS = (
    re.compile(rf"[@=/:]{_NUMBER}(?:,|%2C){_NUMBER}", re.IGNORECASE),
    re.compile(rf"mlat={_NUMBER}&mlon={_NUMBER}", re.IGNORECASE),
    re.compile(rf"#map=[0-9.]+/{_NUMBER}/{_NUMBER}", re.IGNORECASE),
)
_DECIMALS = 2
"""About a kilometre: nobody's door."""


def read_point(text: str) -> tuple[float, float] | None:
    """Latitude and longitude, coarse, of `30.04, 31.24`, `geo:30.04,31.24` or a map's link; None for anything else."""
    said = to_latin_digits(clean_line(text)).replace("٫", ".")
    for pair in _candidates(said):
        latitude, longitude = (float(number) for number in pair)
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            return round(latitude, _DECIMALS), round(longitude, _DECIMALS)
    return None


def _candidates(said: str) -> Iterator[tuple[str, str]]:
    whole = _PAIR.fullmatch(said)
    if whole:
        yield whole[1], whole[2]
    for pattern in _IN_LINKS:
        for found in pattern.finditer(said):
            yield found[1], found[2]
