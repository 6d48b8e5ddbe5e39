"""The week's tasks: on the morning that was chosen, in the chat or by mail, once, and no longer than somebody wants them."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.digesting import send_digests
from models.addresses import MailAddress
from models.delivery import Outbox
from models.notices import Contact, Notice
from models.people import DigestWay, Person
from tests.dialogue import Home, Somebody, Talk, both_platforms, plain
from tests.post import Beside, Post

HUDA = "huda@example.org"
NEXT = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)
"""Monday, nine in the morning in Cairo."""


@pytest.fixture
def beside(post: Post) -> Beside:
    return post.platforms


async def stage(chat: Talk, language: str = "en", tasks: int = 2) -> tuple[Home, Somebody]:
    """A volunteer, and tasks that are open for long."""
    boss, huda = chat.person("Boss"), chat.person("Huda", language)
    home = await chat.home(boss, huda)
    for number in range(tasks):
        deadline = chat.clock.now() + timedelta(days=60)
        await chat.task(home, boss, f"Letter {number}", minutes=5 + number, deadline_at=deadline)
    return home, huda


async def chooses(huda: Somebody, way: str, *others: str) -> None:
    await huda.says("/me")
    await huda.presses("The week's tasks")
    for label in (way, *others):
        await huda.presses(label)


def digests(huda: Somebody) -> list[str]:
    return [text for text in huda.reads() if "that fit this week" in text or "that fits this week" in text]


async def until(chat: Talk, moment: datetime) -> None:
    await chat.later(seconds=(moment - chat.clock.now()).total_seconds())


@both_platforms
async def test_the_weeks_tasks_come_in_the_chat(chat: Talk, post: Post) -> None:
    _, huda = await stage(chat)
    await chooses(huda, "In this chat")
    assert "They come in this chat, on Monday at 09:00." in plain(huda.screen.text)
    await until(chat, NEXT - timedelta(minutes=1))
    assert digests(huda) == []
    await chat.later(minutes=1)
    (told,) = digests(huda)
    assert "2 tasks that fit this week" in told
    assert "Letter 0: 5 minutes, 1 seat, until Friday 22 January at 14:00" in told
    assert len(await chat.rows(select(Contact.id))) == 1  # it counts
    await chat.passes(days=6, step_minutes=600)
    assert len(digests(huda)) == 1
    await chat.later(days=1)
    assert len(digests(huda)) == 2
    assert await chat.rows(select(Person.digest_at).where(Person.digest_at.is_not(None))) == [(NEXT + timedelta(days=14),)]
    assert "Letter 1" in plain((await huda.presses("Letter 1")).text)
    assert post.wire.mails == []


@both_platforms
async def test_one_press_ends_it(chat: Talk) -> None:
    _, huda = await stage(chat)
    await chooses(huda, "In this chat")
    await until(chat, NEXT)
    assert "no weekly list comes" in (await huda.presses("No weekly list any more")).text
    await chat.passes(days=15, step_minutes=1440)
    assert len(digests(huda)) <= 1
    assert await chat.rows(select(Person.digest, Person.digest_at).where(Person.name == "Huda")) == [(None, None)]


async def test_where_nothing_fits_nothing_is_said(chat: Talk, post: Post) -> None:
    _, huda = await stage(chat, tasks=0)
    await post.subscribes(huda, HUDA)
    said = len(huda.reads())
    await chooses(huda, "In this chat")
    await until(chat, NEXT)
    await chooses(huda, "By e-mail")
    await until(chat, NEXT + timedelta(days=7))
    assert digests(huda) == []
    assert len(huda.reads()) == said + 2  # the two times that /me was asked
    assert len(post.wire.mails) == 1
    huda_heard = select(Contact.id).join(Person, Person.id == Contact.person_id).where(Person.name == "Huda")
    assert await chat.rows(huda_heard) == []


@both_platforms
async def test_day_and_hour_are_chosen_and_follow_the_clock_where_one_is(chat: Talk) -> None:
    _, huda = await stage(chat)
    await chooses(huda, "In this chat", "Thursday", "18:00")
    assert "They come in this chat, on Thursday at 18:00." in plain(huda.screen.text)
    due = select(Person.digest_at).where(Person.name == "Huda")
    assert await chat.rows(due) == [(datetime(2026, 11, 26, 16, 0, tzinfo=UTC),)]
    await huda.says("/me")
    await huda.presses("Time zone")
    await huda.says("New York")
    assert await chat.rows(due) == [(datetime(2026, 11, 26, 23, 0, tzinfo=UTC),)]
    await huda.presses_on(huda.screen, data="me_digest_hour:3:0")
    assert "from an earlier time" in huda.screen.text + huda.toast


@both_platforms
async def test_the_weeks_tasks_come_by_mail(chat: Talk, post: Post) -> None:
    _, huda = await stage(chat)
    await chooses(huda, "By e-mail")
    assert "No address yet." in plain(huda.screen.text)  # that comes first
    await post.subscribes(huda, HUDA)
    await chooses(huda, "By e-mail")
    await until(chat, NEXT)
    mail = post.wire.newest(HUDA)
    assert mail.subject == "2 tasks that fit this week"
    assert "Letter 0: 5 minutes, 1 seat, until Friday 22 January at 14:00" in plain(mail.text)
    door = "https://t.me/himma_bot?start=task_" if chat.platform == "telegram" else "/task "
    assert door in mail.text
    assert digests(huda) == []
    assert await chat.rows(select(Contact.id)) == []
    await chat.passes(days=6, step_minutes=1440)
    assert len(post.wire.mails) == 2
    await chat.later(days=1)
    assert len(post.wire.mails) == 3


@both_platforms
async def test_one_click_in_the_mail_program_ends_it_and_is_told(chat: Talk, post: Post) -> None:
    _, huda = await stage(chat)
    await post.subscribes(huda, HUDA)
    await chooses(huda, "By e-mail")
    await until(chat, NEXT)
    mail = post.wire.newest(HUDA)
    (header,) = mail.header_lines("List-Unsubscribe")
    url = header.removeprefix("List-Unsubscribe: <").removesuffix(">")
    assert url == mail.link("/leave/")
    for _ in range(2):  # programs that check mail follow links
        assert "Unsubscribe?" in (await post.looks(url)).text
    assert await chat.rows(select(Person.digest).where(Person.name == "Huda")) == [(DigestWay.MAIL,)]

    for _ in range(2):
        page = await post.presses(url, {"List-Unsubscribe": "One-Click"})
        assert (page.status, "Unsubscribed" in page.text, page.headers.get("Set-Cookie")) == (200, True, None)
    await chat.settle()
    told = [
        text
        for text in huda.reads()
        if "As was asked for in the mail, the week's tasks do not come by e-mail any more." in text
    ]
    assert len(told) == 1
    await chat.passes(days=15, step_minutes=1440)
    assert len(post.wire.to(HUDA)) == 2
    assert [usable for (usable,) in await chat.rows(select(MailAddress.off_at))] == [
        None
    ]  # the address itself is still theirs


async def test_who_left_while_it_was_on_its_way_gets_nothing(chat: Talk, post: Post) -> None:
    _, huda = await stage(chat)
    mail = await post.subscribes(huda, HUDA)
    await chooses(huda, "By e-mail")
    await post.wire.go_down()
    await until(chat, NEXT)
    await post.presses(mail.link("/leave/").replace("/confirm", "/digest"))
    await post.wire.come_back()
    await chat.passes(hours=2, step_minutes=10)
    assert len(post.wire.mails) == 1


async def test_mail_waits_for_its_server_but_not_for_ever(chat: Talk, post: Post) -> None:
    _, huda = await stage(chat)
    await post.subscribes(huda, HUDA)
    await chooses(huda, "By e-mail")
    await post.wire.go_down()
    await until(chat, NEXT)
    await chat.passes(hours=5, step_minutes=60)
    await post.wire.come_back()
    await chat.passes(hours=2, step_minutes=30)
    assert len(post.wire.mails) == 2

    await post.wire.go_down()
    await until(chat, NEXT + timedelta(days=7))
    await chat.passes(days=4, step_minutes=720)
    await post.wire.come_back()
    await chat.passes(hours=3, step_minutes=30)
    assert len(post.wire.mails) == 2
    failures = await chat.rows(select(Outbox.failure).where(Outbox.platform == "mail", Outbox.failure.is_not(None)))
    assert failures == [("too old to be of use",)]


async def test_a_mail_whose_answer_was_lost_comes_again_as_the_same(chat: Talk, post: Post) -> None:
    _, huda = await stage(chat)
    await post.subscribes(huda, HUDA)
    await chooses(huda, "By e-mail")
    post.wire.drops_after_data = 1
    await until(chat, NEXT)
    await chat.passes(minutes=5, step_minutes=1)
    first, again = post.wire.to(HUDA)[1:]
    assert first.parsed["Message-ID"] == again.parsed["Message-ID"]


async def test_an_address_that_sends_mail_back_gets_no_more(chat: Talk, post: Post) -> None:
    _, huda = await stage(chat)
    await post.subscribes(huda, HUDA)
    await chooses(huda, "By e-mail")
    post.wire.refused[HUDA] = "550 5.2.1 the mailbox is disabled"
    await until(chat, NEXT)
    await chat.settle()
    post.wire.refused.clear()
    await chat.passes(days=15, step_minutes=1440)
    assert len(post.wire.mails) == 1
    assert sum("Mail to huda@example.org came back" in text for text in huda.reads()) == 1


async def test_what_the_server_refuses_of_us_is_not_held_against_the_address(
    chat: Talk, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    _, huda = await stage(chat)
    await post.subscribes(huda, HUDA)
    await chooses(huda, "By e-mail")
    post.wire.data_answer = "554 5.7.1 looks like spam"
    await until(chat, NEXT)
    assert await chat.rows(select(MailAddress.off_at)) == [(None,)]
    assert "mail does not take a message: the mail is refused (554 5.7.1)" in caplog.text
    post.wire.data_answer = ""
    await chat.later(days=7)
    assert len(post.wire.mails) == 2


@pytest.mark.parametrize(("days", "come"), [(2, 1), (8, 1), (25, 0), (23, 1)])
async def test_after_a_time_away_there_is_one_at_most(chat: Talk, days: int, come: int) -> None:
    _, huda = await stage(chat)
    await chooses(huda, "In this chat")
    await until(chat, NEXT + timedelta(days=days, hours=1))
    assert len(digests(huda)) == come
    if come and days != 7:
        assert "This comes late" in digests(huda)[0]
    (following,) = await chat.rows(select(Person.digest_at).where(Person.digest_at.is_not(None)))
    assert chat.clock.now() < following[0] <= chat.clock.now() + timedelta(days=7)


async def test_it_is_sent_once_whatever_looks_after_it(chat: Talk) -> None:
    await stage(chat)
    await chat.transact(_all_by_chat)
    chat.clock.shift(NEXT - chat.clock.now())
    edge, now = chat.core.edge, chat.clock.now()
    await asyncio.gather(*(edge.transact(lambda session: send_digests(session, now)) for _ in range(6)))
    digest = select(Notice.person_id).where(Notice.topic == "digest")
    assert len(await chat.rows(digest)) == 2  # the organizer's too


async def _all_by_chat(session: AsyncSession) -> None:
    await session.execute(update(Person).values(digest=DigestWay.CHAT, digest_at=NEXT))


async def test_who_said_stop_gets_no_list_by_mail_either(chat: Talk, post: Post) -> None:
    _, huda = await stage(chat)
    await post.subscribes(huda, HUDA)
    await chooses(huda, "By e-mail")
    await huda.says("stop")
    await until(chat, NEXT)
    assert len(post.wire.mails) == 1


async def test_forgetting_the_address_ends_it(chat: Talk, post: Post) -> None:
    _, huda = await stage(chat)
    await post.subscribes(huda, HUDA)
    await chooses(huda, "By e-mail")
    await huda.says("/me")
    await huda.presses("E-mail")
    assert "The week's tasks come by e-mail." in huda.screen.text
    await huda.presses("Forget my address")
    await huda.presses("Forget my address")
    assert await chat.rows(select(Person.digest, Person.digest_at).where(Person.name == "Huda")) == [(None, None)]
