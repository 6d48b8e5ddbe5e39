"""Places as people write them, and audiences and appeals in one line: whatever is written is read or asked back."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.appeal_line import EXAMPLE, read_appeal
from handlers.audiences import read_piece
from handlers.places import read_point
from handlers.words import Words
from models.audience import Audience
from models.refusals import Malformed
from tests.dialogue import NOW
from tests.handlers.test_reading import shown


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("30.0444, 31.2357", (30.04, 31.24)),
        ("٣٠٫٠٤، ٣١٫٢٤", (30.04, 31.24)),
        ("-33.9 18.4", (-33.9, 18.4)),
        ("geo:30.0444,31.2357", (30.04, 31.24)),
        ("https://maps.example/maps?q=30.0444,31.2357", (30.04, 31.24)),
        ("https://maps.example/@30.0444,31.2357,15z", (30.04, 31.24)),
        ("https://map.example/?mlat=30.0444&mlon=31.2357#map=15/1/2", (30.04, 31.24)),
        ("https://map.example/#map=15/30.0444/31.2357", (30.04, 31.24)),
        ("91, 10", None),
        ("10, 181", None),
        ("Cairo", None),
        ("12", None),
        ("", None),
    ],
)
def test_a_place_is_coordinates_or_a_link_of_a_map(text: str, point: tuple[float, float] | None) -> None:
    assert read_point(text) == point


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_place_on_earth_is_read_to_about_a_kilometre(latitude: float, longitude: float) -> None:
    point = read_point(f"{latitude:.6f}, {longitude:.6f}")
    assert point
    assert abs(point[0] - latitude) < 0.006
    assert abs(point[1] - longitude) < 0.006


@given(st.text(max_size=80))
def test_a_piece_of_an_audience_is_read_or_is_none(text: str) -> None:
    found = read_piece(text, Audience())
    assert found is None or Audience.load(found.dump()) == found


@given(st.text(alphabet="#|: ,0123456789abشكدu\u0661\u066b\n", max_size=80))
def test_a_line_is_read_or_asked_back(line: str) -> None:
    with suppress(Malformed):
        assert read_appeal(line, Words("en"), NOW)["text"]


@pytest.mark.parametrize("words", [Words("en"), Words("ar", arabic_digits=True)], ids=["en", "ar"])
def test_what_is_given_as_an_example_is_understood(words: Words) -> None:
    _, _, line = shown(EXAMPLE, words).partition(" ")
    assert read_appeal(line, words, NOW).keys() == {"aim", "text", "audience", "starts", "ends"}
    with pytest.raises(Malformed) as refused:
        read_appeal(f"{line} | to: whoever", words, NOW)
    for one in re.split("[,،] ", shown(refused.value.values["examples"], words)):
        assert read_piece(one, Audience()), one
