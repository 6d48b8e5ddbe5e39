"""Whom an appeal reaches, and how often: once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, make_url, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import handlers  # noqa: F401  # all of models/ is loaded by then
from bot.database import Database
from models.appeal_legs import watch_appeals
from models.appeal_pages import Page, lease_page
from models.appeal_receipts import Outcome, Reason, mark_edited, mark_receipts, progress_of
from models.appeals import Appeal, AppealReceipt, AppealState, ReceiptState, Work
from models.audience import Audience, Near, count_audience
from models.calling import (
    Call,
    confirm_appeal,
    correct_appeal,
    draft_appeal,
    end_what_is_over,
    pause_appeal,
    resume_appeal,
    send_appeal,
    stop_appeal,
)
from models.communities import Community, Member
from models.linking import Merge, merge
from models.notices import note_contacts
from models.people import Account, Person
from models.refusals import AppealMoved, OwnAppeal
from models.roles import Role
from models.tasks import Proof, Task
from models.unlinking import undo

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LEASE = timedelta(seconds=60)
CALL = Call({"en": "Blankets are needed.", "ar": "الحاجة إلى بطّانيّات."}, NOW + timedelta(days=2), NOW)


@pytest.fixture
async def session(database_url: str) -> AsyncIterator[AsyncSession]:
    database = Database(make_url(database_url))
    async with database.write() as session:
        yield session
    await database.close()


async def settle(session: AsyncSession, people: int, **columns: Any) -> int:
    """A community of so many people, each with a private chat on Telegram."""
    home = Community(code="warm", name="Warmth", language="en", timezone="Africa/Cairo", first_weekday=5, created_at=NOW)
    session.add(home)
    await session.flush()
    for number in range(1, people + 1):
        await add_person(session, home.id, number, **columns)
    return home.id


async def add_person(session: AsyncSession, community: int, number: int, **columns: Any) -> int:
    values = {"language": "en", "created_at": NOW} | columns
    person = Person(name=f"Nour {number}", **values)
    session.add(person)
    await session.flush()
    await add_account(session, person.id, "telegram", str(5000 + number))
    session.add(Member(community_id=community, person_id=person.id, role=Role.VOLUNTEER, joined_at=NOW))
    await session.flush()
    return person.id


async def add_account(session: AsyncSession, person: int, platform: str, chat: str, **columns: Any) -> None:
    session.add(Account(person_id=person, platform=platform, external_id=chat, private_chat=chat, created_at=NOW, **columns))
    await session.flush()


async def send(session: AsyncSession, community: int, call: Call = CALL, author: int = 1) -> int:
    appeal = await draft_appeal(session, community, author, call, NOW)
    await send_appeal(session, appeal.id, NOW, audience_size=0, needs_second=False)
    return appeal.id


async def lease(session: AsyncSession, now: datetime = NOW, limit: int = 10, platform: str = "telegram") -> Page | None:
    return await lease_page(session, platform, now, LEASE, limit)


async def tell_all(session: AsyncSession, now: datetime = NOW, limit: int = 3) -> list[int]:
    """Send whatever is due; who heard it, in order."""
    told = []
    while page := await lease(session, now, limit):
        people = [one.person.id for one in page.recipients]
        if page.work is Work.EDIT:
            await mark_edited(session, [(page.appeal.id, one, page.appeal.version) for one in people])
        else:
            await mark_receipts(session, [sent(page, one, now) for one in people])
            told += people
    return told


def sent(page: Page, person: int, now: datetime = NOW) -> Outcome:
    return Outcome(page.appeal.id, person, ReceiptState.SENT, now, page.appeal.version, f"m{person}")


async def test_everybody_hears_it_once_page_by_page(session: AsyncSession) -> None:
    home = await settle(session, 10)
    appeal = await send(session, home)

    assert await tell_all(session) == list(range(1, 11))
    assert await tell_all(session, NOW + timedelta(hours=1)) == []
    assert (await progress_of(session, appeal)).sent == 10
    assert await watch_appeals(session, "telegram", NOW) == {}
    assert set(await session.scalars(select(Member.asked_at))) == {NOW}


async def test_who_said_no_is_left_out_and_who_sleeps_hears_it_in_the_morning(session: AsyncSession) -> None:
    home = await settle(session, 6)
    changes: dict[int, dict[str, Any]] = {
        1: {"stopped_at": NOW},
        2: {"muted": "offer appeal"},
        3: {"quiet_from": 13 * 60, "quiet_until": 16 * 60},  # it is 14:00 in Cairo
        4: {"daily_budget": 1},
    }
    for number, values in changes.items():
        await session.execute(update(Person).where(Person.id == number).values(values))
    await note_contacts(session, [4], NOW - timedelta(hours=20))
    await session.execute(update(Account).where(Account.person_id == 5).values(private_chat=None))
    await send(session, home)

    assert await tell_all(session) == [6]
    assert await tell_all(session, NOW + timedelta(hours=1)) == []
    assert await tell_all(session, NOW + timedelta(hours=2)) == [3]
    assert await tell_all(session, NOW + timedelta(hours=4)) == [4]
    assert await tell_all(session, NOW + timedelta(hours=30)) == []


async def test_urgent_for_two_moderators_breaks_the_budget_and_not_the_night(session: AsyncSession) -> None:
    home = await settle(session, 4)
    await session.execute(update(Person).where(Person.id == 2).values(daily_budget=0))
    await session.execute(update(Person).where(Person.id == 3).values(quiet_from=13 * 60, quiet_until=16 * 60))
    await session.execute(update(Person).where(Person.id == 4).values(stopped_at=NOW))
    calm = await send(session, home)
    call = Call(CALL.texts, CALL.stale_at, NOW, wants_urgent=True)
    urgent = (await draft_appeal(session, home, 1, call, NOW)).id
    await send_appeal(session, urgent, NOW, audience_size=2, needs_second=False)
    assert (await session.get_one(Appeal, urgent)).state is AppealState.WAITING
    with pytest.raises(OwnAppeal):
        await confirm_appeal(session, urgent, 1, NOW)
    await confirm_appeal(session, urgent, 2, NOW)
    with pytest.raises(AppealMoved):
        await confirm_appeal(session, urgent, 3, NOW)

    page = await lease(session)
    assert page
    assert (page.appeal.id, [one.person.id for one in page.recipients]) == (urgent, [1, 2])
    assert calm != urgent


async def test_appeals_take_turns(session: AsyncSession) -> None:
    home = await settle(session, 9)
    first, second = await send(session, home), await send(session, home)
    assert await lease(session, limit=1)
    turns = []
    for second_of_day in range(1, 7):
        page = await lease(session, NOW + timedelta(seconds=second_of_day), 3)
        assert page
        turns.append(page.appeal.id)
    assert turns in ([first, second] * 3, [second, first] * 3)


async def test_an_urgent_one_goes_first_and_others_get_a_page_a_minute(session: AsyncSession) -> None:
    home = await settle(session, 90)
    calm = await send(session, home)
    call = Call(CALL.texts, CALL.stale_at, NOW, wants_urgent=True)
    urgent = (await draft_appeal(session, home, 1, call, NOW)).id
    await send_appeal(session, urgent, NOW, audience_size=90, needs_second=False)
    await confirm_appeal(session, urgent, 2, NOW)
    turns = []
    for second in range(0, 150, 5):
        page = await lease(session, NOW + timedelta(seconds=second), 1)
        assert page
        await mark_receipts(session, [sent(page, page.recipients[0].person.id, NOW + timedelta(seconds=second))])
        turns.append(page.appeal.id)
    assert set(turns[:12]) == {urgent}
    assert turns.count(calm) == 2


async def test_what_a_crash_interrupts_is_taken_again_after_its_lease(session: AsyncSession) -> None:
    home = await settle(session, 5)
    appeal = await send(session, home)
    page = await lease(session, limit=3)
    assert page
    await mark_receipts(session, [sent(page, 2)])

    assert await tell_all(session) == [4, 5]
    assert await tell_all(session, NOW + LEASE) == [1, 3]
    assert (await progress_of(session, appeal)).sent == 5


async def test_a_person_of_two_accounts_hears_it_in_one(session: AsyncSession) -> None:
    home = await settle(session, 3)
    for kept in (1, 2):
        session.add(Merge(kept_id=kept, apart_id=kept, merged_at=NOW, record={}))
    await add_account(session, 1, "discord", "d1", opted_in_at=NOW)
    await add_account(session, 2, "discord", "d2")
    await send(session, home)

    assert await count_audience(session, home, Audience(), NOW) == {"telegram": 2, "discord": 1}
    telegram, discord = await lease(session), await lease(session, platform="discord")
    assert telegram
    assert discord
    assert [one.chat for one in telegram.recipients] == ["5002", "5003"]
    assert [one.chat for one in discord.recipients] == ["d1"]


async def test_audiences_combine(session: AsyncSession) -> None:
    home = await settle(session, 0)
    cairo: dict[str, Any] = {"latitude": 30.04, "longitude": 31.24}
    ones = {
        "giza": {"latitude": 30.01, "longitude": 31.20, "interests": "food calls", "language": "ar"},
        "alexandria": {"latitude": 31.20, "longitude": 29.92, "interests": "calls"},
        "free": {"free_at": NOW - timedelta(hours=2), "interests": "foodstuff"},
        "was free": {"free_at": NOW - timedelta(hours=4), "interests": "food"},
    }
    ids = {name: await add_person(session, home, n, **values) for n, (name, values) in enumerate(ones.items())}
    await session.execute(update(Member).where(Member.person_id == ids["giza"]).values(trusted_at=NOW, asked_at=NOW))

    async def who(**audience: Any) -> int:
        return sum((await count_audience(session, home, Audience(**audience), NOW)).values())

    assert await who() == 4
    assert await who(tags=("food",)) == 2
    assert await who(tags=("food", "calls")) == 3
    assert await who(language="ar") == 1
    assert await who(near=Near(**cairo, km=10)) == 1
    assert await who(near=Near(**cairo, km=200)) == 2
    assert await who(has_time=True) == 1
    assert await who(has_helped=True) == 1
    assert await who(not_asked_for_days=3) == 3
    assert await who(tags=("calls",), near=Near(**cairo, km=200), not_asked_for_days=3) == 1
    assert Audience.load(Audience(("food",), near=Near(1, 2, 3)).dump()) == Audience(("food",), near=Near(1, 2, 3))


async def test_paused_it_waits_and_stopped_what_is_left_is_dropped(session: AsyncSession) -> None:
    home = await settle(session, 6)
    appeal = await send(session, home)
    page = await lease(session, limit=3)
    assert page
    await mark_receipts(session, [sent(page, 1)])
    await pause_appeal(session, appeal, NOW)
    assert await lease(session, NOW + LEASE) is None
    await resume_appeal(session, appeal, NOW)
    again = await lease(session, NOW + LEASE, limit=1)
    assert again
    assert [one.person.id for one in again.recipients] == [2]
    on_its_way = sent(again, 2, NOW + LEASE)
    await stop_appeal(session, appeal, NOW + LEASE)
    await mark_receipts(session, [on_its_way])

    later = NOW + LEASE + timedelta(seconds=2)
    assert (await watch_appeals(session, "telegram", later))[appeal].is_due
    edits = await lease(session, later)
    assert edits
    assert (edits.work, [one.message for one in edits.recipients]) == (Work.EDIT, ["m1", "m2"])
    assert await tell_all(session, later + LEASE) == []
    progress = await progress_of(session, appeal)
    assert (progress.sent, progress.dropped, progress.on_their_way) == (2, 1, 0)


async def test_a_correction_reaches_what_was_sent_and_what_arrives_late(session: AsyncSession) -> None:
    home = await settle(session, 4)
    appeal = await send(session, home)
    page = await lease(session, limit=3)
    assert page
    await mark_receipts(session, [sent(page, 1)])
    old = page.appeal.version
    await correct_appeal(session, appeal, {"texts": {"en": "Blankets and coats."}}, NOW)
    later = NOW + timedelta(seconds=10)
    assert await tell_all(session, later) == [4]
    await mark_receipts(session, [Outcome(appeal, 2, ReceiptState.SENT, later, old, "m2")])

    pages = [await lease(session, later + timedelta(seconds=5)) for _ in range(2)]
    (edits,) = [page for page in pages if page and page.work is Work.EDIT]
    assert (edits.work, [one.person.id for one in edits.recipients]) == (Work.EDIT, [2])
    assert await tell_all(session, later + LEASE) == [3]
    assert await tell_all(session, later + 2 * LEASE) == []  # the edit that nobody marked is made again
    assert set(await session.scalars(select(AppealReceipt.version))) == {old + 1}


async def test_it_ends_when_its_tasks_are_full_or_its_time_is_over(session: AsyncSession) -> None:
    home = await settle(session, 2)
    values = {"language": "en", "minutes": 5, "seats": 1, "proof": Proof.NONE, "hold_minutes": 60}
    task = Task(community_id=home, title="Call", author_id=1, created_at=NOW, deadline_at=NOW + LEASE * 99, **values)
    session.add(task)
    await session.flush()
    for_task = await send(session, home, Call(CALL.texts, CALL.stale_at, NOW, task_ids=(task.id,)))
    for_all = await send(session, home)
    await end_what_is_over(session, NOW)
    assert set(await session.scalars(select(Appeal.state))) == {AppealState.RUNNING}

    await session.execute(update(Task).values(seats_taken=1))
    await end_what_is_over(session, NOW)
    await end_what_is_over(session, CALL.stale_at)
    states = dict((await session.execute(select(Appeal.id, Appeal.state))).all())
    assert states == {for_task: AppealState.ENDED, for_all: AppealState.STALE}
    assert await lease(session, CALL.stale_at) is None


async def test_what_nobody_came_for_in_time_is_not_called_covered(session: AsyncSession) -> None:
    home = await settle(session, 2)
    values = {"language": "en", "minutes": 5, "seats": 2, "proof": Proof.NONE, "hold_minutes": 60}
    task = Task(community_id=home, title="Call", author_id=1, created_at=NOW, deadline_at=NOW + LEASE * 9, **values)
    session.add(task)
    await session.flush()
    await send(session, home, Call(CALL.texts, CALL.stale_at, NOW, task_ids=(task.id,)))
    await end_what_is_over(session, NOW + LEASE * 8)
    assert set(await session.scalars(select(Appeal.state))) == {AppealState.RUNNING}
    await end_what_is_over(session, NOW + LEASE * 9)
    assert set(await session.scalars(select(Appeal.state))) == {AppealState.STALE}


async def test_failures_are_counted_by_reason(session: AsyncSession) -> None:
    home = await settle(session, 3)
    appeal = await send(session, home)
    page = await lease(session)
    assert page
    failed = Outcome(appeal, 1, ReceiptState.FAILED, NOW, reason=Reason.BLOCKED)
    waits = Outcome(appeal, 2, ReceiptState.LEASED, NOW, due_at=NOW + timedelta(seconds=5))
    unknown = Outcome(appeal, 3, ReceiptState.UNKNOWN, NOW)
    await mark_receipts(session, [failed, waits, unknown])

    assert await tell_all(session, NOW + timedelta(seconds=4)) == []
    assert await tell_all(session, NOW + timedelta(seconds=5)) == [2]
    progress = await progress_of(session, appeal)
    assert (progress.sent, progress.unknown, progress.failed) == (1, 1, {"blocked": 1})


async def test_one_person_of_two_has_heard_what_either_heard(session: AsyncSession) -> None:
    home = await settle(session, 2)
    both = await send(session, home)
    await tell_all(session)
    row = {"platform": "telegram", "chat": "5002", "state": ReceiptState.SENT, "reason": "", "version": 1, "attempts": 1}
    one = (await draft_appeal(session, home, 1, CALL, NOW)).id
    await session.execute(insert(AppealReceipt), [{"appeal_id": one, "person_id": 2, "at": NOW, **row}])
    merged = await merge(session, 1, 2, NOW)

    heard = select(AppealReceipt.appeal_id, AppealReceipt.person_id).order_by(AppealReceipt.appeal_id)
    assert set((await session.execute(heard)).all()) == {(both, 1), (both, merged.apart_id), (one, 1)}
    await undo(session, merged.id, 1, NOW)
    assert set((await session.execute(heard)).all()) == {(both, 1), (both, merged.apart_id), (one, merged.apart_id)}
