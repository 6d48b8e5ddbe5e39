"""Whom an appeal is for, chosen by pressing: each choice narrows it down, and the people who fit are counted at once."""

import re
from collections.abc import Iterator
from dataclasses import replace

from handlers.beginning import LANGUAGE_NAMES
from handlers.connecting import platform_name
from handlers.context import Context
from handlers.flows import Again, Ask, Data, Given, Invalid, Option
from handlers.moments import plain, read_span
from handlers.places import read_point
from handlers.reading import as_tag, short_tag
from handlers.types import Tone
from handlers.words import LANGUAGES, Said, Words, clean_line, to_latin_digits
from models.audience import Audience, Near, count_audience
from models.interests import popular_tags

_OFFERED_TAGS = 4
_MOST_TAGS = 8
_DAYS = (3, 7, 30)
_DISTANCES = (2, 5, 20)
_USUAL_KM = 5.0
_FURTHEST_KM = 500
_FEW = 5
"""Near a place, fewer people than this are not counted out: by narrowing it down one could find where somebody is."""


async def ask_audience(context: Context, data: Data) -> Ask:
    """Who it is for so far, how many that are, and what would narrow it down."""
    words, audience = context.words, Audience.load(data["audience"])
    sizes = await count_audience(context.session, data["community"], audience, context.now)
    text = "\n".join(
        (
            words.say("Who should get it privately? Each choice narrows it down; a tag or a place can also be written."),
            words.say("So far: {audience}", audience=describe(audience, words)),
            sizes_text(sizes, audience, words),
        )
    )
    offered = await _offered_tags(context, data, audience)
    return Ask(Said(text), _options(audience, offered, words), placeholder="#… · 30.04, 31.24")


async def _offered_tags(context: Context, data: Data, audience: Audience) -> list[str]:
    popular = await popular_tags(context.session, [data["community"]], _OFFERED_TAGS)
    return list(dict.fromkeys([*audience.tags, *popular]))[:_MOST_TAGS]


def _options(audience: Audience, tags: list[str], words: Words) -> tuple[tuple[Option, ...], ...]:
    say = words.say
    by_tag = tuple(Option(_ticked(Said(f"#{tag}"), tag in audience.tags), f"tag {short_tag(tag)}") for tag in tags)
    languages = tuple(Option(_ticked(Said(LANGUAGE_NAMES[one]), one == audience.language), f"in {one}") for one in LANGUAGES)
    what = (
        Option(_ticked(say("Have time now"), audience.has_time), "time"),
        Option(_ticked(say("Helped before"), audience.has_helped), "helped"),
    )
    asked = tuple(Option(_ticked(_not_asked(n, words), n == audience.not_asked_for_days), f"asked {n}") for n in _DAYS)
    near = tuple(
        Option(_ticked(say("{km} km", km=n), audience.near is not None and n == audience.near.km), f"km {n}")
        for n in (_DISTANCES if audience.near else ())
    )
    end = (Option(say("Everyone"), "everyone"), Option(say("Go on"), "done", Tone.PRIMARY))
    rows = (by_tag[:4], by_tag[4:], (*languages, *what), asked, near, end)
    return tuple(row for row in rows if row)


def _ticked(label: Said, is_on: bool) -> Said:
    return Said(f"{label} ✓") if is_on else label


def _not_asked(days: int, words: Words) -> Said:
    return words.count("Not asked for {n} day", "Not asked for {n} days", days)


async def parse_audience(context: Context, data: Data, given: Given) -> Again | dict[str, object]:
    """Go on with the audience as it is, or narrow it down and ask again."""
    audience = Audience.load(data["audience"])
    if given.option == "done":
        return audience.dump()
    if given.option is None:
        changed = read_piece(given.text, audience)
    else:
        changed = _pressed(given.option, audience, await _offered_tags(context, data, audience))
    if changed is None:
        say = context.words.say
        raise Invalid(say("The buttons choose who it is for; so does a tag, or a place such as {example}.",
                          example=Said("30.04, 31.24")))  # fmt: skip
    return Again(changed.dump())


def _pressed(option: str, audience: Audience, offered: list[str]) -> Audience | None:
    kind, _, value = option.partition(" ")
    tag = next((one for one in offered if kind == "tag" and short_tag(one) == value), "")
    if tag:
        return replace(audience, tags=_toggled(audience.tags, tag))
    if kind == "in" and value in LANGUAGES:
        return replace(audience, language="" if audience.language == value else value)
    if kind == "time":
        return replace(audience, has_time=not audience.has_time)
    if kind == "helped":
        return replace(audience, has_helped=not audience.has_helped)
    if kind == "asked" and value in {str(n) for n in _DAYS}:
        return replace(audience, not_asked_for_days=0 if audience.not_asked_for_days == int(value) else int(value))
    if kind == "km" and audience.near and value in {str(n) for n in _DISTANCES}:
        near = None if audience.near.km == int(value) else replace(audience.near, km=float(value))
        return replace(audience, near=near)
    return Audience(about=audience.about) if kind == "everyone" else None


def _toggled(tags: tuple[str, ...], tag: str) -> tuple[str, ...]:
    kept = tuple(one for one in tags if one != tag)
    return kept if tag in tags else (*kept, tag)[:_MOST_TAGS]


# In words


_LANGUAGE_WORDS = {"ar": ("arabic", "عربي", "عربيه", "العربيه"), "en": ("english", "انجليزي", "انجليزيه", "الانجليزيه")}
_TIME_WORDS = ("free", "free now", "time", "have time", "have time now", "لديهم وقت", "عندهم وقت", "وقت")
_HELPED_WORDS = ("helped", "helped before", "ساعدوا", "ساعدوا من قبل", "شاركوا")
_EVERYONE_WORDS = ("everyone", "everybody", "all", "الجميع", "الكل")
_ASKED = re.compile(r"(?:not asked(?: for)?|لم يسالوا(?: منذ)?) (.+)")
_NEAR = re.compile(r"(?:(?:near|قرب|بالقرب من) )?(.+?)(?:\s+([0-9]{1,3}) ?(?:km|كم))?")


def read_piece(text: str, audience: Audience) -> Audience | None:
    """An audience narrowed down by what somebody wrote: tags, a language, a place; None where it is none of these."""
    said = plain(clean_line(text))
    if said.startswith("#"):
        tags = [as_tag(tag) for tag in re.split(r"[\s#,]+", clean_line(text)) if tag]
        return replace(audience, tags=tuple(dict.fromkeys([*audience.tags, *tags]))[:_MOST_TAGS])
    for language, names in _LANGUAGE_WORDS.items():
        if said in names:
            return replace(audience, language=language)
    if said in map(plain, _TIME_WORDS):
        return replace(audience, has_time=True)
    if said in map(plain, _HELPED_WORDS):
        return replace(audience, has_helped=True)
    if said in map(plain, _EVERYONE_WORDS):
        return Audience(about=audience.about)
    asked = _ASKED.fullmatch(said)
    minutes = read_span(asked[1]) if asked else None
    if minutes:
        return replace(audience, not_asked_for_days=max(1, minutes // (24 * 60)))
    return _near(text, audience)


def _near(text: str, audience: Audience) -> Audience | None:
    found = _NEAR.fullmatch(to_latin_digits(clean_line(text)))
    point = read_point(found[1]) if found else None
    if found is None or point is None:
        return None
    km = float(found[2]) if found[2] else _USUAL_KM
    return replace(audience, near=Near(*point, min(max(km, 1.0), _FURTHEST_KM)))


def describe(audience: Audience, words: Words) -> Said:
    """An audience as a list of what narrows it down."""
    return words.list_of(list(_described(audience, words)) or [words.say("everyone")])


def _described(audience: Audience, words: Words) -> Iterator[Said]:
    say = words.say
    if audience.tags:
        yield say("interested in {tags}", tags=words.list_of([f"#{tag}" for tag in audience.tags]))
    if audience.language:
        yield say("reading {language}", language=LANGUAGE_NAMES[audience.language])
    if audience.near:
        near = audience.near
        point = words.digits(f"{near.latitude:g}, {near.longitude:g}")
        yield say("within {km} km of {point}", km=round(near.km), point=point)
    if audience.has_time:
        yield say("having time now")
    if audience.has_helped:
        yield say("having helped before")
    if audience.not_asked_for_days:
        yield words.count("not asked for {n} day", "not asked for {n} days", audience.not_asked_for_days)


def sizes_text(sizes: dict[str, int], audience: Audience, words: Words) -> Said:
    """How many people that are, and on which platforms; near a place so coarsely that nobody is found by it."""
    if audience.near and sum(sizes.values()) < _FEW:
        return words.say("Fewer than {few} people fit", few=_FEW)
    total = words.count("{n} person fits", "{n} people fit", sum(sizes.values()))
    if len(sizes) < 2:
        return total
    each = [words.say("{platform}: {number}", platform=platform_name(name), number=n) for name, n in sorted(sizes.items())]
    return words.beside(total, words.list_of(list(each)))
