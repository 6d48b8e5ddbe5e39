"""Time zones go by what people call them."""

import pytest

from handlers.matching import fold, read_language
from handlers.words import LANGUAGES
from handlers.zones import city, find_zones, offered_zones


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Cairo", "Africa/Cairo"),
        (" africa/cairo ", "Africa/Cairo"),
        ("القاهرة", "Africa/Cairo"),
        ("القَاهِره", "Africa/Cairo"),
        ("اسكندريه", "Africa/Cairo"),
        ("مصر", "Africa/Cairo"),
        ("جدة", "Asia/Riyadh"),
        ("السعودية", "Asia/Riyadh"),
        ("أبوظبي", "Asia/Dubai"),
        ("الدار البيضاء", "Africa/Casablanca"),
        ("كازابلانكا", "Africa/Casablanca"),
        ("بغداد", "Asia/Baghdad"),
        ("New_York", "America/New_York"),
        ("new york", "America/New_York"),
        ("نيويورك", "America/New_York"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("UTC", "UTC"),
    ],
)
def test_a_city_a_country_or_an_iana_name_is_a_zone(typed: str, zone: str) -> None:
    assert find_zones(typed) == ([zone], True)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("Londn", "Europe/London"), ("قاهرة", "Africa/Cairo"), ("بيروتت", "Asia/Beirut"), ("Amann", "Asia/Amman")],
)
def test_what_is_nearly_right_is_asked_back(typed: str, meant: str) -> None:
    zones, is_named = find_zones(typed)
    assert meant in zones
    assert not is_named


@pytest.mark.parametrize("typed", ["", "12", "qqqqqq", "\u202e", "../../etc/passwd", "a" * 5000])
def test_what_is_no_place_is_no_zone(typed: str) -> None:
    assert find_zones(typed) == ([], False)


def test_a_country_with_several_zones_is_asked_back_with_the_best_known_first() -> None:
    zones, is_named = find_zones("الولايات المتحدة")
    assert is_named
    assert set(zones[:3]) == {"America/New_York", "America/Chicago", "America/Los_Angeles"}


def test_offered_are_zones_of_the_language_and_first_of_the_region() -> None:
    assert offered_zones("ar")[:3] == ["Africa/Cairo", "Asia/Riyadh", "Asia/Beirut"]
    assert offered_zones("ar", "ar-LY")[0] == "Africa/Tripoli"
    assert offered_zones("en", "en_GB", first="Asia/Tokyo")[:2] == ["Asia/Tokyo", "Europe/London"]
    for language in LANGUAGES:
        assert all(find_zones(zone) == ([zone], True) for zone in offered_zones(language))


def test_zones_are_shown_by_their_city_in_the_readers_language() -> None:
    assert [city("Africa/Cairo", language) for language in ("ar", "en")] == ["القاهرة", "Cairo"]
    assert city("America/New_York", "en") == "New York"


def test_names_are_compared_as_arabic_typists_write_them() -> None:
    assert fold("الأُسـرة") == fold("الاسره")
    assert fold("São_Paulo") == "sao paulo"


@pytest.mark.parametrize(("typed", "language"), [("AR", "ar"), ("إنجليزي", "en"), ("عربى", "ar"), ("fr", None), ("", None)])
def test_languages_go_by_their_names_in_both(typed: str, language: str | None) -> None:
    assert read_language(typed) == language
