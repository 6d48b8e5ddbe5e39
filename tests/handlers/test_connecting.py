"""One team, several chats on any platform, and one pool of seats; what an organizer hears when a chat falls silent."""

import asyncio
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.stored import dump_place, dump_reply, load_reply
from handlers.types import Answer, ChatKind, Place, Reply
from models.cards import LiveCard
from models.claims import Claim, ClaimState
from models.codes import Code
from models.communities import Chat, Member
from models.delivery import Outbox, enqueue
from models.people import Account
from models.roles import Role
from models.tasks import Task
from tests.dialogue import Home, Somebody, Talk, plain
from tests.elsewhere import CODE, Elsewhere, code_in, text_of


async def connected(chat: Talk, home: Home, organizer: Somebody, admin: Elsewhere) -> Answer:
    code = code_in((await organizer.says("/connect")).text)
    return await admin.says(f"/connect {code}")


async def test_an_admin_elsewhere_joins_their_chat_with_an_organizers_code(chat: Talk) -> None:
    huda, sara = chat.person("Huda"), chat.person("Sara")
    home = await chat.home(huda)
    await chat.give_role(home, await met(sara), Role.ORGANIZER)
    admin = Elsewhere(chat, "dana", is_admin=True)
    said = text_of(await connected(chat, home, huda, admin))
    assert "This chat belongs to the team Warmth now." in said
    assert await chat.rows(select(Chat.platform, Chat.external_id, Chat.title).where(Chat.community_id == home.id)) == [
        ("telegram", str(home.group.id), "Warmth"),
        ("discord", "c1", "Helpers"),
    ]
    for one in (huda, sara):
        assert plain(one.screen.text) == "Helpers on Discord belongs to Warmth now. Dana joined it, with the code of Huda."
    assert await chat.rows(select(func.count()).select_from(Member)) == [(2,)]


async def met(somebody: Somebody) -> Somebody:
    await somebody.says("/start")
    return somebody


async def test_a_task_in_two_chats_has_one_pool_of_seats(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    await connected(chat, home, huda, Elsewhere(chat, "dana", is_admin=True))
    number = await chat.task(home, huda, seats=1)
    chats = {row[0] for row in await chat.rows(select(Chat.id))}
    for one in chats:
        await huda.presses_on(huda.screen, data=f"post_in:{number} {one}:0")
    assert {row[0] for row in await chat.rows(select(LiveCard.chat_id))} == chats

    crowd = [Elsewhere(chat, f"p{i}").presses(f"claim:{number}:1") for i in range(10)]
    answers = await asyncio.gather(*crowd, huda.presses_on(huda.screen, data=f"claim:{number}:1"))
    assert (
        sum("yours until" in one.reply.toast for one in answers[:-1] if isinstance(one, Answer))
        + ("yours until" in huda.toast)
        == 1
    )
    assert await chat.rows(select(func.count()).where(Claim.state == ClaimState.HELD)) == [(1,)]
    stale = select(LiveCard.changes).join(Chat, Chat.id == LiveCard.chat_id).where(Chat.platform == "discord")
    ((changes,),) = await chat.rows(stale)
    assert changes > 0
    await chat.later(seconds=5)
    assert "0 seats left of 1" in plain(huda.reads(home.group)[-1])


async def test_codes_are_for_admins_work_once_and_for_an_hour(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    admin, other = Elsewhere(chat, "dana", is_admin=True), Elsewhere(chat, "omar", "c2", is_admin=True)
    code = code_in((await huda.says("/connect")).text)
    assert "Who administers" in text_of(await Elsewhere(chat, "dana", is_admin=None).says(f"/connect {code}"))
    assert "one of its admins" in text_of(await Elsewhere(chat, "eve").says(f"/connect {code}"))
    assert "does not work" in text_of(await admin.says(f"/connect {code}"))  # others had read it

    code = code_in((await huda.says("/connect")).text)
    assert "belongs to the team" in text_of(await admin.says(f"/connect {code.upper()}"))
    assert "does not work" in text_of(await other.says(f"/connect {code}"))
    assert "home of the team Warmth already" in text_of(await admin.says("/connect something"))

    code = code_in((await huda.says("/connect")).text)
    await chat.later(hours=1)
    assert "does not work" in text_of(await other.says(f"/connect {code}"))
    assert await chat.rows(select(func.count()).select_from(Chat)) == [(2,)]


async def test_of_two_chats_that_say_one_code_at_once_one_is_joined(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    code = code_in((await huda.says("/connect")).text)
    admins = [Elsewhere(chat, f"a{i}", f"c{i}", is_admin=True) for i in range(6)]
    answers = await asyncio.gather(*(one.says(f"/connect {code}") for one in admins))
    assert sum("belongs to the team" in text_of(one) for one in answers) == 1
    assert await chat.rows(select(func.count()).select_from(Chat)) == [(2,)]


async def test_a_code_counts_no_more_when_its_giver_organizes_no_more(chat: Talk) -> None:
    huda, sara = chat.person("Huda"), chat.person("Sara")
    home = await chat.home(huda, sara)
    await huda.says("/role Sara organizer")
    code = code_in((await sara.says("/connect")).text)
    await huda.says("/role Sara volunteer")
    assert "does not work" in text_of(await Elsewhere(chat, "dana", is_admin=True).says(f"/connect {code}"))
    assert await chat.rows(select(func.count()).where(Chat.community_id == home.id)) == [(1,)]


async def test_codes_are_given_to_organizers_alone_and_never_into_a_group(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    assert "organizers" in (await omar.says("/connect")).text
    await omar.says("/connect", home.group)
    await huda.says("/connect", home.group)
    assert not any(CODE.search(text) for text in huda.reads(home.group))
    assert CODE.search(huda.screen.text)
    await omar.presses_on(omar.screen, data=f"connect_code:{home.id}:0")
    assert not CODE.search(omar.screen.text)
    assert len(await chat.rows(select(Code.id))) == 1
    group = chat.wire.group("Elsewhere", admins=(omar.app,), kind="supergroup")
    assert "private chat and gets a code" in plain((await omar.says("/connect", group)).text)


async def test_a_chat_is_let_go_of_by_pressing(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    await connected(chat, home, huda, Elsewhere(chat, "dana", is_admin=True))
    number = await chat.task(home, huda)
    ((there,),) = await chat.rows(select(Chat.id).where(Chat.platform == "discord"))
    await huda.presses_on(huda.screen, data=f"post_in:{number} {there}:0")

    await omar.presses_on(omar.screen, data=f"chat_parted:{there}:0")
    assert "for the team's organizers" in omar.screen.text
    await huda.says("/settings")
    listed = await huda.presses("Chats")
    assert "Helpers on Discord" in plain(listed.text)
    asked = await huda.presses("Let go of \u2068Helpers")
    assert "stay with Warmth" in plain(asked.text)
    await huda.presses_on(huda.screen, "Let go")
    assert "Helpers is let go of." in plain(huda.screen.text)
    assert await chat.rows(select(Chat.platform)) == [("telegram",)]
    assert await chat.rows(select(LiveCard.id)) == []
    assert await chat.rows(select(Task.id)) == [(number,)]
    (said,) = await chat.rows(select(Outbox.reply).where(Outbox.key.startswith("parted:")))
    assert "does not belong to the team Warmth any more" in plain(load_reply(said[0]).text)
    await huda.presses_on(huda.screen, data=f"chat_parted:{there}:0")
    assert "earlier time" in huda.screen.text


# A role of the platform's own stands for moderators


async def test_a_platforms_role_moderates_in_its_chat_and_nowhere_else(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    await connected(chat, home, huda, Elsewhere(chat, "dana", is_admin=True))
    number = await chat.task(home, huda)
    bearer, stranger = Elsewhere(chat, "basma", roles=frozenset({"77"})), Elsewhere(chat, "samir", roles=frozenset({"78"}))
    for one in (bearer, stranger):
        await one.presses(f"accept:{home.code}:0")
    assert "moderators" in text_of(await bearer.says(f"/cancel {number}"))

    organizer = Elsewhere(chat, "olaf")
    await organizer.presses(f"accept:{home.code}:0")
    assert "organizers" in text_of(await organizer.says("/role <@&77> moderator"))
    await make_organizer(chat, organizer)
    assert "can stand for moderators" in text_of(await organizer.says("/role <@&77> organizer"))
    assert "what moderators do" in text_of(await organizer.says("/role <@&77> moderator"))
    assert "is borne" in (await huda.says("/role role:77 moderator")).text

    assert "called off with this press" in text_of(await bearer.says(f"/cancel {number}"))
    assert "moderators" in text_of(await stranger.says(f"/cancel {number}"))
    assert "No report is waiting" in text_of(await bearer.says("/review"))
    assert "No flag is waiting" in text_of(await bearer.says("/flags"))
    assert "moderators" in text_of(await stranger.says("/review"))
    assert "organizers" in text_of(await bearer.says("/settings"))
    assert "newtask" in str((await bearer.says("/help")).reply.card)
    assert "newtask" not in str((await stranger.says("/help")).reply.card)
    private = Elsewhere(chat, "basma", kind=ChatKind.PRIVATE, roles=frozenset({"77"}))
    assert "moderators" in text_of(await private.says(f"/edit {number}"))
    unknown = Elsewhere(chat, "neu", roles=frozenset({"77"}))
    assert "Joining comes first" in text_of(await unknown.says("/newtask"))

    assert "any more" in text_of(await organizer.says("/role role:77 volunteer"))
    assert "moderators" in text_of(await bearer.says("/review"))


async def make_organizer(chat: Talk, somebody: Elsewhere) -> None:
    """Somebody on the other platform organizes everything."""
    whose = select(Account.person_id).where(Account.external_id == somebody.id).scalar_subquery()
    await chat.transact(lambda s: s.execute(update(Member).where(Member.person_id == whose).values(role=Role.ORGANIZER)))


async def test_a_report_is_reviewed_by_who_stands_in(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    await connected(chat, home, huda, Elsewhere(chat, "dana", is_admin=True))
    await chat.transact(
        lambda session: session.execute(update(Chat).where(Chat.platform == "discord").values(moderator_role="77"))
    )
    number = await chat.task(home, huda)
    await omar.says(f"/claim {number}")
    await omar.says(f"/done {number}")
    await omar.presses("10 minutes")
    await omar.presses("Skip")
    bearer = Elsewhere(chat, "basma", roles=frozenset({"77"}))
    await bearer.presses(f"accept:{home.code}:0")
    shown = await bearer.says("/review")
    assert "1 report is waiting" in text_of(shown)
    ((report,),) = await chat.rows(select(func.max(Claim.id)))
    outside = Elsewhere(chat, "basma", kind=ChatKind.PRIVATE)
    assert "moderators" in text_of(await outside.presses(f"approve:{report}:0"))
    assert "Approved: 10 minutes for Omar" in text_of(await bearer.presses(f"approve:{report}:0"))


# Chats that fall silent


def silence(chat: Talk, home: Home, *, is_silent: bool = True) -> None:
    """The group takes nothing from us, and nobody tells us why."""
    home.group.members[chat.wire.world.bot["id"]] = "left" if is_silent else "member"


async def greet(session: AsyncSession, key: str, place: Place, now: datetime) -> None:
    row = {"key": key, "platform": place.platform, "place": dump_place(place), "reply": dump_reply(Reply(text="Good morning"))}
    await enqueue(session, [row | {"created_at": now, "due_at": now}])


async def test_a_group_that_takes_no_words_any_more_is_told_of_once_and_its_cards_wait(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    number = await chat.task(home, huda, seats=3)
    await huda.says(f"/post {number}", home.group)
    silence(chat, home)
    before = len(huda.reads())
    await huda.presses_on(huda.screen, data=f"claim:{number}:1")
    await chat.later(seconds=5)
    await chat.later(minutes=5)
    told = [text for text in huda.reads()[before:] if "is not let speak" in text]
    assert len(told) == 1
    assert "In the chat Warmth of Warmth" in told[0]
    assert len(await chat.rows(select(LiveCard.id))) == 1

    silence(chat, home, is_silent=False)
    await huda.presses("Try again")
    await chat.later(seconds=5)
    assert "2 seats left of 3" in plain(huda.reads(home.group)[-1])


async def test_messages_wait_a_day_for_a_group_to_let_us_in_again(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    there = Place("telegram", str(home.group.id), ChatKind.GROUP)
    await chat.transact(lambda session: greet(session, "one", there, chat.clock.now()))
    silence(chat, home)
    await chat.settle()
    await chat.later(hours=2)
    silence(chat, home, is_silent=False)
    await chat.later(hours=2)
    assert huda.reads(home.group) == ["Good morning"]
    silence(chat, home)
    await chat.transact(lambda session: greet(session, "two", there, chat.clock.now()))
    await chat.settle()
    for _ in range(13):
        await chat.later(hours=2)
    ((failure,),) = await chat.rows(select(Outbox.failure).where(Outbox.key == "two"))
    assert "Unreachable" in failure
