"""Time zones as people name them: by a city or a country, in Arabic or English, or by the IANA name.

Names of cities and countries are those of CLDR, which Babel carries (https://cldr.unicode.org); the zones are the IANA's
(https://www.iana.org/time-zones).
"""

from functools import lru_cache
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global

from handlers.context import Context
from handlers.flows import Ask, Given, Invalid, Option
from handlers.matching import closest, fold
from handlers.words import LANGUAGES, Said, Words, clean_line

_OFFERED = {
    "ar": (
        "Africa/Cairo", "Asia/Riyadh", "Asia/Beirut", "Africa/Casablanca", "Asia/Amman", "Asia/Baghdad", "Africa/Tunis",
        "Asia/Dubai",
    ),
    "en": (
        "Europe/London", "America/New_York", "America/Chicago", "America/Los_Angeles", "Africa/Nairobi", "Africa/Cairo",
        "Asia/Dubai", "Asia/Kolkata",
    ),
}  # fmt: skip
"""What is offered to readers of a language, besides the zones of the region their device tells."""

_ALSO_CALLED = {
    "Africa/Algiers": "Oran, Constantine, وهران, قسنطينة",
    "Africa/Cairo": "Alexandria, Giza, Aswan, Luxor, الإسكندرية, اسكندرية, الجيزة, أسوان, الأقصر, المنصورة, طنطا, أسيوط",
    "Africa/Casablanca": "Rabat, Marrakesh, Fez, Tangier, Agadir, كازابلانكا, الرباط, مراكش, فاس, طنجة, أكادير",
    "Africa/Khartoum": "Omdurman, Port Sudan, أم درمان, بورتسودان",
    "Africa/Tripoli": "Benghazi, Misrata, بنغازي, مصراتة",
    "Africa/Tunis": "Sfax, Sousse, صفاقس, سوسة",
    "America/Los_Angeles": "San Francisco, Seattle, San Diego, Portland",
    "America/New_York": "Washington, Boston, Atlanta, Miami, Philadelphia",
    "America/Toronto": "Ottawa, Montreal",
    "Asia/Aden": "Sanaa, Taiz, صنعاء, تعز, الحديدة",
    "Asia/Amman": "Irbid, Zarqa, Aqaba, إربد, الزرقاء, العقبة",
    "Asia/Baghdad": "Basra, Mosul, Erbil, Najaf, البصرة, الموصل, أربيل, النجف, كربلاء",
    "Asia/Beirut": "Sidon, Tyre, صيدا, صور",
    "Asia/Damascus": "Aleppo, Homs, Latakia, حلب, حمص, اللاذقية, حماة",
    "Asia/Dubai": "الإمارات, UAE, Abu Dhabi, Sharjah, أبوظبي, أبو ظبي, الشارقة, عجمان",
    "Asia/Hebron": "Ramallah, Nablus, Bethlehem, الخليل, رام الله, نابلس, بيت لحم",
    "Asia/Jerusalem": "القدس",
    "Asia/Kolkata": "Mumbai, Delhi, New Delhi, Bangalore, Chennai, Hyderabad",
    "Asia/Riyadh": "السعودية, Jeddah, Mecca, Makkah, Medina, Dammam, جدة, مكة, مكة المكرمة, المدينة المنورة, الدمام, أبها",
    "Europe/London": "بريطانيا, UK, Manchester, Birmingham, Glasgow, Leeds, مانشستر, برمنغهام",
    "UTC": "GMT",
}
"""What people call a zone, besides its own city and country."""

_MEANT = 5
"""How many zones a question back names at the most."""


def city(zone: str, language: str) -> Said:
    """What a zone is called in a language: the city that names it."""
    return Said(_cities(language).get(zone) or zone.rpartition("/")[2].replace("_", " "))


def offered_zones(language: str, locale: str = "", first: str = "") -> list[str]:
    """Zones to choose from, `first` before all others, then those of the region in `locale` (BCP 47)."""
    region = locale.replace("_", "-").rpartition("-")[2].upper()
    zones = [zone for zone in get_global("territory_zones").get(region, []) if zone in _zones()]
    regional = zones if len(zones) <= 2 else []
    offered = _OFFERED.get(language, _OFFERED["en"])
    return list(dict.fromkeys([*([first] if first else []), *regional, *offered]))[: len(offered)]


def find_zones(text: str) -> tuple[list[str], bool]:
    """The zones that `text` names or may have meant, and whether it names them: one zone then is the answer."""
    named = _names().get(fold(text), [])
    if named:
        return named, True
    near = [zone for name in closest(text, _names()) for zone in _names()[name]]
    return list(dict.fromkeys(near)), False


async def ask_zone(context: Context, text: Said, first: str = "", *others: tuple[Option, ...]) -> Ask:
    """The question for a time zone, with the likely ones to press; `others` are rows of more answers."""
    words = context.words
    zones = offered_zones(words.language, context.event.sender.locale, first)
    options = [Option(city(zone, words.language), zone) for zone in zones]
    rows = tuple(tuple(options[i : i + 2]) for i in range(0, len(options), 2))
    return Ask(text, options=(*rows, *others), placeholder=words.say("A city, for example {city}", city=_example(words)))


def read_zone(words: Words, given: Given) -> str:
    """The zone that was pressed or typed. Raises Invalid, asking back what may have been meant."""
    text = clean_line(given.option if given.option is not None else given.text)[:100]
    zones, is_named = find_zones(text)
    if is_named and len(zones) == 1:
        return zones[0]
    cities = words.list_of([city(zone, words.language) for zone in zones[:_MEANT]])
    if not zones:
        raise Invalid(
            words.say("No time zone is known by the name {name}. The nearest large city does it: {city}.",
                      name=text, city=_example(words))
        )  # fmt: skip
    if is_named:
        raise Invalid(
            words.say("{name} has several time zones. Please name a city, such as {cities}.", name=text, cities=cities)
        )
    raise Invalid(words.say("{name} was not found. Did you mean {cities}?", name=text, cities=cities))


def _example(words: Words) -> Said:
    return city(_OFFERED[words.language][0], words.language)


@lru_cache
def _zones() -> frozenset[str]:
    """The zones that go by a place, and UTC; each under the one name that is not an alias of another."""
    aliases = get_global("zone_aliases")
    known = available_timezones()
    current = {aliases.get(zone, zone) for zone in known if "/" in zone and not zone.startswith(("Etc/", "SystemV/"))}
    return frozenset(current & known) | {"UTC"}


@lru_cache
def _cities(language: str) -> dict[str, str]:
    aliases = get_global("zone_aliases")
    named = Locale.parse(language).time_zones
    return {aliases.get(zone, zone): names["city"] for zone, names in named.items() if "city" in names}


@lru_cache
def _names() -> dict[str, list[str]]:
    """All that zones are called, folded, with the zones that go by it."""
    names: dict[str, list[str]] = {}

    def add(name: str, zone: str) -> None:
        if zone in _zones() and zone not in (zones := names.setdefault(fold(name), [])):
            zones.append(zone)

    aliases = get_global("zone_aliases")
    add("UTC", "UTC")
    for zone in sorted(available_timezones()):
        for name in (zone, zone.rpartition("/")[2]):
            add(name, aliases.get(zone, zone))
    for language in LANGUAGES:
        for zone, name in _cities(language).items():
            add(name, zone)
    for zone, cities in _ALSO_CALLED.items():
        for name in cities.split(", "):
            add(name, zone)
    _add_countries(names)
    return {name: zones for name, zones in names.items() if zones}


def _add_countries(names: dict[str, list[str]]) -> None:
    """Countries, where no city has the name; with the zones offered elsewhere first, which are the best known."""
    known = [zone for offered in _OFFERED.values() for zone in offered]
    for language in LANGUAGES:
        countries = Locale.parse(language).territories
        for territory, zones in get_global("territory_zones").items():
            current = [zone for zone in zones if zone in _zones()]
            if territory in countries and current:
                names.setdefault(fold(countries[territory]), sorted(current, key=lambda zone: zone not in known))
