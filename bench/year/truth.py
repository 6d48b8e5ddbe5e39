"""What must be true of the year at the end of every day, asked of the database in SQL of its own."""

from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bench.year.people import Human
from bench.year.stage import BEGIN

SEATS = """
SELECT t.id, t.seats, t.seats_taken,
       (SELECT count(*) FROM claims c WHERE c.task_id = t.id AND c.state IN ('held', 'reported', 'approved')) AS seated,
       (SELECT count(*) FROM waits w WHERE w.task_id = t.id AND w.offer_until IS NOT NULL) AS kept
FROM tasks t WHERE t.seats_taken > t.seats OR t.seats_taken != seated + kept
"""
TWICE = """
SELECT task_id, person_id, count(*) FROM claims WHERE state IN ('held', 'reported', 'approved')
GROUP BY task_id, person_id HAVING count(*) > 1
"""
UNENDED = "SELECT id, state FROM claims WHERE (state IN ('held', 'reported')) != (ended_at IS NULL)"
OVERDUE = "SELECT id, hold_until FROM claims WHERE state = 'held' AND hold_until < :then"
MINUTES = """
SELECT (SELECT coalesce(sum(minutes), 0) FROM reports WHERE state = 'approved'),
       (SELECT coalesce(sum(r.minutes), 0) FROM claims c JOIN reports r ON r.claim_id = c.id AND r.state = 'approved'
        WHERE c.state = 'approved'),
       (SELECT count(*) FROM claims WHERE state = 'approved'), (SELECT count(*) FROM reports WHERE state = 'approved')
"""
LINES = """
SELECT id, state FROM waits
WHERE (state IN ('waiting', 'offered')) != (ended_at IS NULL) OR (state = 'offered') != (offer_until IS NOT NULL)
"""
SUMMARIES = """
SELECT c.id, (SELECT count(*) FROM summaries s WHERE s.community_id = c.id) AS sent FROM communities c
WHERE sent NOT BETWEEN :weeks - 1 AND :weeks + 1
"""
CONTACTS = "SELECT person_id, at FROM contacts ORDER BY at"


class Broken(AssertionError):
    """Something that must hold does not."""


async def check(session: AsyncSession, people: dict[int, Human], now: datetime) -> None:
    """Raises Broken, and says what does not hold."""
    weeks = {"weeks": (now - BEGIN) // timedelta(days=7)}
    for what, query, values in (
        ("seats", SEATS, {}),
        ("one seat each", TWICE, {}),
        ("a claim's end", UNENDED, {}),
        ("the line", LINES, {}),
        ("each summary once", SUMMARIES, weeks),
    ):
        rows = (await session.execute(text(query), values)).all()
        if rows:
            raise Broken(f"{now}: {what}: {rows[:5]}")
    overdue = (await session.execute(text(OVERDUE), {"then": _stored(now - timedelta(days=2))})).all()
    if overdue:
        raise Broken(f"{now}: seats that are held two days after their end: {overdue[:5]}")
    given, credited, claims, reports = (await session.execute(text(MINUTES))).one()
    if given != credited or claims != reports:
        raise Broken(f"{now}: {given} minutes in reports, {credited} in claims; {claims} claims, {reports} reports")
    await _check_contacts(session, people, now)


async def _check_contacts(session: AsyncSession, people: dict[int, Human], now: datetime) -> None:
    """Nobody heard more than they wanted, or at night."""
    wanted = {
        row[0]: row[1:]
        for row in await session.execute(text("SELECT id, daily_budget, weekly_budget, quiet_from, quiet_until FROM people"))
    }
    contacts: dict[int, list[datetime]] = {}
    for person, at in await session.execute(text(CONTACTS)):
        contacts.setdefault(person, []).append(datetime.fromisoformat(at))
    for person, moments in contacts.items():
        daily, weekly, start, end = wanted[person]
        for span, most in ((timedelta(days=1), daily), (timedelta(days=7), weekly)):
            if any(later - earlier < span for earlier, later in zip(moments, moments[most:], strict=False)):
                raise Broken(f"{now}: {people[person]} was written to more than {most} times in {span}")
        for at in moments:
            local = at.replace(tzinfo=now.tzinfo).astimezone(ZoneInfo(people[person].zone))
            if is_quiet(local.hour * 60 + local.minute, start, end):
                raise Broken(f"{now}: {people[person]} was written to at {local}, between {start} and {end}")


def is_quiet(minute: int, start: int, end: int) -> bool:
    """Whether a minute of the day lies in quiet hours."""
    return start <= minute < end if start <= end else minute >= start or minute < end


async def states(session: AsyncSession) -> Counter[str]:
    """How the claims of the year ended."""
    rows = await session.execute(text("SELECT state, count(*) FROM claims GROUP BY state"))
    return Counter(dict(rows.all()))


def _stored(moment: datetime) -> str:
    """A moment as SQLite holds it."""
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")
