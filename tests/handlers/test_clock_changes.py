"""Where clocks change, weeks begin on other days, and years are longer: all comes at the hour on the wall."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from models.communities import Chat
from models.people import Person
from tests.arabic import until
from tests.dialogue import Home, Somebody, Talk, plain
from tests.handlers.test_summarizing import chart_in

MONDAY, SATURDAY, SUNDAY = 0, 5, 6
YEARS_END, LEAP_DAY = "2026-12-31 12:00", "2028-02-29 12:00"
SAID = {
    "en": ("tomorrow at 17:00", "today at 17:00", "Seats taken: 1"),
    "ar": ("الساعة ١٧:٠٠ غدًا", "الساعة ١٧:٠٠ اليوم", "مقاعد محجوزة: ١"),
}


def on_the_wall(moment: str, zone: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


async def stage(chat: Talk, language: str, zone: str, now: str, **columns: Any) -> tuple[Home, Somebody, Somebody]:
    """A team whose summary is posted at seven in the morning; its people live where it does."""
    chat.clock.moment = on_the_wall(now, zone)
    huda, omar = chat.person("هدى", language), chat.person("عمر", language)
    home = await chat.home(huda, omar, name="دفء", language=language, timezone=zone, summary_hour=7, **columns)

    async def work(session: AsyncSession) -> None:
        await session.execute(update(Person).values(timezone=zone))
        await session.execute(update(Chat).values(gets_summary=True))

    await chat.transact(work)
    await chat.later(minutes=1)
    return home, huda, omar


@pytest.mark.parametrize(
    ("platform", "language", "zone", "first_weekday", "asked", "day", "summary", "week"),
    [
        # An hour is left out in the night before this day.
        (
            *("telegram", "ar", "Africa/Cairo", SATURDAY),
            *("2026-04-23 16:00", "2026-04-24", "2026-04-25", "١٨–٢٤ أبريل (٢٠٢٦-W١٧)"),
        ),
        (
            *("discord", "en", "Asia/Beirut", MONDAY),
            *("2026-03-28 16:00", "2026-03-29", "2026-03-30", "23–29 March (2026-W13)"),
        ),
        # An hour comes twice: for Ramadan, and in autumn.
        (
            *("discord", "ar", "Africa/Casablanca", MONDAY),
            *("2026-02-14 18:00", "2026-02-15", "2026-02-16", "٩–١٥ فبراير (٢٠٢٦-W٠٧)"),
        ),
        (
            *("telegram", "en", "America/New_York", SUNDAY),
            *("2026-10-31 18:00", "2026-11-01", "2026-11-01", "25–31 October (2026-W44)"),
        ),
    ],
    ids=["cairo", "beirut", "casablanca", "new-york"],
)
async def test_the_hour_is_that_on_the_wall_when_the_clocks_change(
    chat: Talk, language: str, zone: str, first_weekday: int, asked: str, day: str, summary: str, week: str
) -> None:
    start = on_the_wall(f"{day} 17:00", zone)
    begun = (start - timedelta(days=3)).strftime("%Y-%m-%d 14:00")
    home, huda, omar = await stage(chat, language, zone, begun, first_weekday=first_weekday)
    columns: dict[str, Any] = {"starts_at": start, "deadline_at": start + timedelta(days=2), "place": "حديقة الحرية"}
    await omar.says(f"/claim {await chat.task(home, huda, 'تنظيف الحديقة', **columns)}")
    tomorrow, today, taken = SAID[language]

    before = len(omar.reads())
    await until(chat, asked, zone)
    assert len(omar.reads()) == before + 1, "24 hours before it begins, whatever the clocks show"
    assert tomorrow in plain(omar.screen.text)

    def told() -> tuple[bool, bool]:
        return any(week in text for text in huda.reads()), any(week in text for text in huda.reads(home.group))

    for moment in sorted([f"{day} 14:00", *(f"{summary} {hour}" for hour in ("06:59", "07:00", "08:59", "09:00"))]):
        await until(chat, moment, zone)
        if moment.endswith("14:00"):
            assert today in plain(omar.screen.text), "three hours before"
        else:
            hour = moment[-5:]
            assert told() == (hour >= "09:00", hour >= "07:00"), f"{hour}: to the chat at its hour, privately by day"
    posted = next(text for text in huda.reads(home.group) if week in text)
    assert taken in posted


@pytest.mark.parametrize(
    ("platform", "language", "first_weekday", "now", "summary", "week", "day"),
    [
        ("telegram", "ar", SATURDAY, YEARS_END, "2027-01-02", "٢٦ ديسمبر–١ يناير (٢٠٢٦-W٥٣)", "الخميس ٣١: المحجوز ١"),
        ("discord", "en", SUNDAY, YEARS_END, "2027-01-03", "27 December–2 January (2026-W53)", "Thursday 31: 1 taken"),
        ("discord", "ar", MONDAY, YEARS_END, "2027-01-04", "٢٨ ديسمبر–٣ يناير (٢٠٢٦-W٥٣)", "الخميس ٣١: المحجوز ١"),
        ("telegram", "en", MONDAY, LEAP_DAY, "2028-03-06", "28 February–5 March (2028-W09)", "Tuesday 29: 1 taken"),
    ],
    ids=["saturday", "sunday", "monday", "leap-day"],
)
async def test_weeks_begin_where_people_begin_them_and_years_have_what_days_they_have(
    chat: Talk, language: str, first_weekday: int, now: str, summary: str, week: str, day: str
) -> None:
    home, huda, omar = await stage(chat, language, "Africa/Cairo", now, first_weekday=first_weekday)
    number = await chat.task(home, huda, "مكالمة عادل", deadline_at=chat.clock.now() + timedelta(days=30))
    await omar.says(f"/claim {number}")
    before = len(huda.app.answers(home.group))
    await until(chat, f"{summary} 07:00")
    posted = list(huda.app.answers(home.group)[before:])
    assert any(week in plain(message.text) for message in posted)
    assert day in chart_in(posted)[1]
    await until(chat, f"{summary} 09:00")
    assert sum(week in text for text in huda.reads()) == 1
