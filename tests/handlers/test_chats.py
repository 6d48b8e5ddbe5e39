"""What Telegram tells by itself: the bot comes, goes, and groups move."""

from sqlalchemy import select

from handlers.stored import dump_place, dump_reply, load_place
from handlers.types import ChatKind, Place, Reply
from models.cards import post_card
from models.communities import Chat, Community, Member
from models.delivery import Outbox, enqueue
from models.people import Account
from tests.dialogue import Home, Talk, plain
from tests.handlers.test_setting_up import answer_all


async def test_added_to_a_group_it_says_in_one_sentence_how_it_begins(chat: Talk) -> None:
    huda = chat.person("Huda")
    group = chat.wire.group("Warmth", admins=(huda.app,), kind="supergroup", bot="left")
    huda.app.adds_bot(group)
    await chat.settle()
    (said,) = huda.reads(group)
    assert "/setup" in said
    assert await chat.rows(select(Community.id)) == []


async def test_removed_it_tells_the_organizers_and_added_again_it_goes_on(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    omar.app.removes_bot(home.group)
    await chat.settle()
    assert "removed from the chat Warmth" in plain(huda.screen.text)
    assert await chat.rows(select(Chat.left_at)) == [(chat.clock.now(),)]

    omar.app.adds_bot(home.group)
    await chat.settle()
    assert "goes on in this chat" in huda.reads(home.group)[-1]
    assert await chat.rows(select(Chat.left_at)) == [(None,)]


async def put_card(chat: Talk, home: Home, number: int) -> None:
    chat_id = (await chat.rows(select(Chat.id)))[0][0]
    await chat.transact(lambda session: post_card(session, number, chat_id, "", chat.clock.now()))
    await chat.settle()


async def move(chat: Talk, home: Home) -> Home:
    new = chat.wire.migrate(home.group)
    await chat.settle()
    return Home(home.id, home.code, new)


async def test_a_group_that_becomes_a_supergroup_keeps_everything(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    home.group.kind = "group"
    over = await chat.task(home, huda, "Long gone", seats=2)
    number = await chat.task(home, huda, seats=2)
    for one in (over, number):
        await put_card(chat, home, one)
    await huda.presses("I'm in", home.group)
    await chat.later(days=0.5)
    home = await move(chat, home)

    assert await chat.rows(select(Chat.external_id, Chat.community_id, Chat.left_at)) == [(str(home.group.id), home.id, None)]
    assert len(await chat.rows(select(Member.role))) == 2
    cards = plain("\n".join(huda.reads(home.group)))
    assert "In: Huda" in cards
    await chat.later(seconds=5)
    await omar.presses("I'm in", home.group)
    await chat.later(seconds=5)
    assert "In: Huda، Omar" in plain(huda.app.answers(home.group)[-1].text).replace(", ", "، ")


async def test_what_is_still_to_be_sent_follows_the_group(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    there = Place("telegram", str(home.group.id), ChatKind.GROUP)
    tomorrow = chat.clock.now().replace(day=24)
    row = {"key": "k", "platform": "telegram", "place": dump_place(there), "reply": dump_reply(Reply(text="Good morning"))}
    await chat.transact(lambda s: enqueue(s, [row | {"created_at": chat.clock.now(), "due_at": tomorrow}]))
    home = await move(chat, home)
    ((place,),) = await chat.rows(select(Outbox.place))
    assert load_place(place).chat == str(home.group.id)
    await chat.later(days=1)
    assert huda.reads(home.group) == ["Good morning"]


async def test_a_group_that_moves_in_the_middle_of_setting_up_is_set_up_where_it_went(chat: Talk) -> None:
    huda = chat.person("Huda")
    await huda.says("/start")
    group = chat.wire.group("Warmth", admins=(huda.app,))
    await huda.says("/setup", group)
    new = chat.wire.migrate(group)
    await chat.settle()
    await answer_all(huda)
    assert await chat.rows(select(Chat.external_id)) == [(str(new.id),)]


async def test_whoever_blocks_us_is_not_written_to_until_they_come_back(chat: Talk) -> None:
    huda = chat.person("Huda")
    await huda.says("/start")
    huda.app.blocks()
    await chat.settle()
    assert await chat.rows(select(Account.private_chat)) == [(None,)]
    huda.app.unblocks()
    await chat.settle()
    assert await chat.rows(select(Account.private_chat)) == [(str(huda.app.id),)]
