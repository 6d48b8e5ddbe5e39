"""Reports that wait too long: one moderator is reminded, then the next, then the organizers; the volunteer hears of it."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.chasing import late_reports, very_late
from models.reports import Report
from models.roles import Role
from tests.dialogue import Home, Somebody, Talk, both_platforms, plain

LATE = "longer than"
VERY_LATE = "although moderators were reminded"


async def handed_in(chat: Talk) -> tuple[list[Somebody], Home]:
    """Huda organizes, Sara and Nour moderate; Omar has handed something in, and everybody has read what there was."""
    people = [chat.person(name) for name in ("Huda", "Sara", "Nour", "Omar")]
    huda, sara, nour, omar = people
    home = await chat.home(*people)
    for hours, one in enumerate((sara, nour), 1):
        await chat.give_role(home, one, Role.MODERATOR, joined_at=chat.clock.now() + timedelta(hours=hours))
    await omar.says(f"/claim {await chat.task(home, huda, 'Call Adel')}")
    await omar.presses("Done")
    await omar.presses("10 minutes")
    await omar.presses("Skip")
    return people, home


def heard(people: list[Somebody], what: str) -> list[int]:
    return [sum(what in text for text in one.reads()) for one in people]


@both_platforms
async def test_first_one_moderator_then_the_next_then_the_organizers(chat: Talk) -> None:
    people, home = await handed_in(chat)
    omar = people[3]

    await chat.passes(hours=23, step_minutes=60)
    assert heard(people, LATE) == [0, 0, 0, 0]
    await chat.passes(hours=2)
    (first,) = [one for one in people[:3] if heard([one], LATE) == [1]]
    assert "1 report to Warmth waits longer than its volunteer was told, since Monday 23 November at 14:00." in plain(
        first.screen.text
    )
    assert "The review of your report on Call Adel takes longer than we said" in plain(omar.screen.text)
    await chat.passes(hours=24, step_minutes=60)
    assert sorted(heard(people[:3], LATE)) == [0, 1, 1]
    assert heard(people, VERY_LATE) == [0, 0, 0, 0]
    await chat.passes(hours=24, step_minutes=60)
    assert heard(people, VERY_LATE) == [1, 0, 0, 0]
    assert "since Monday 23 November at 14:00" in plain(people[0].screen.text)

    async def summary(session: AsyncSession) -> tuple[int, int]:
        n, _ = await late_reports(session, home.id, chat.clock.now(), steps=3)
        return n, len(await very_late(session, home.id, chat.clock.now()))

    assert await chat.core.edge.look(summary) == (1, 1)
    await people[0].presses("Review")
    await people[0].presses("Approve")
    await chat.passes(days=3, step_minutes=6 * 60)
    assert heard([omar], "takes longer") == [1]
    assert heard(people, VERY_LATE)[1:] == [0, 0, 0]
    assert await chat.core.edge.look(summary) == (0, 0)


@both_platforms
async def test_what_was_looked_at_in_time_reminds_nobody(chat: Talk) -> None:
    people, _ = await handed_in(chat)
    await people[1].says("/review")
    await people[1].presses("Approve")

    await chat.passes(days=4, step_minutes=6 * 60)
    assert heard(people, LATE) == [0, 0, 0, 0]
    assert await chat.rows(select(Report.remind_at, Report.reminders)) == [(None, 0)]


async def test_in_arabic_and_nobody_of_their_own_report(chat: Talk) -> None:
    """Who organizes alone and hands something in has nobody to look at it."""
    huda, omar = chat.person("هدى", "ar"), chat.person("عمر", "ar")
    home = await chat.home(huda, omar, language="ar", name="دفء")
    for one in (huda, omar):
        await one.says(f"/claim {await chat.task(home, huda, 'مكالمة عادل')}")
        await one.presses("تمّت")
        await one.presses("١٠ دقائق")
        await one.presses("تخطٍّ")

    await chat.passes(hours=26, step_minutes=120)
    assert "تقرير واحد في «دفء» ينتظر المراجعة أطول ممّا قيل عند تسليمه" in plain("\n".join(huda.reads()))
    assert "مراجعة تقريرك عن «مكالمة عادل» تأخذ وقتًا أطول ممّا قلنا" in plain("\n".join(omar.reads()))
    await chat.passes(hours=48, step_minutes=120)
    assert "تقرير واحد في «دفء» ما زال ينتظر رغم تذكير المشرفين" in plain("\n".join(huda.reads()))


async def test_after_a_week_away_the_steps_come_one_by_one(chat: Talk) -> None:
    people, _ = await handed_in(chat)

    await chat.later(days=7)
    await chat.passes(hours=2)
    assert sum(heard(people[:3], LATE)) == 1
    assert heard(people, VERY_LATE) == [0, 0, 0, 0]
    await chat.passes(hours=48, step_minutes=120)
    assert heard(people, VERY_LATE) == [1, 0, 0, 0]
