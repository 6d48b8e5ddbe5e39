"""One person of two accounts, as the two are told; and two again."""

import asyncio

import pytest
from sqlalchemy import func, select

from handlers.types import Answer, ChatKind
from models.codes import TRIES, Code
from models.communities import Member
from models.linking import Merge
from models.people import Account, Person
from models.roles import Role
from tests.dialogue import Somebody, Talk, plain
from tests.elsewhere import CODE, Elsewhere, code_in, text_of


def privately(chat: Talk, name: str) -> Elsewhere:
    return Elsewhere(chat, name, kind=ChatKind.PRIVATE)


async def people_with_accounts(chat: Talk) -> int:
    ((n,),) = await chat.rows(select(func.count(Account.person_id.distinct())))
    return int(n)


def card_of(answer: Answer) -> str:
    assert answer.reply.card
    return plain("\n".join(answer.reply.card.lines))


async def linked(chat: Talk, one: Somebody, other: Elsewhere) -> str:
    """Link both; the code."""
    code = code_in((await one.says("/link")).text)
    await other.says(f"/link {code}")
    await other.presses(f"link_do:{code.replace('-', '')}:0")
    return code


async def test_a_code_said_with_the_other_account_and_a_press_make_one_person(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda)
    dana = privately(chat, "dana")
    await dana.presses(f"accept:{home.code}:0")
    await dana.says(f"/claim {number}")

    code = code_in((await omar.says("/link")).text)
    asked = await dana.says(f"/link {code}")
    assert "The account of Omar on Telegram and this one become one person." in text_of(asked)
    assert "settings are those of the older one, Omar" in text_of(asked)
    assert [button.label for button in asked.reply.rows[0]] == ["Confirm", "Cancel"]
    confirm = asked.reply.rows[0][0].data()  # type: ignore[union-attr]  # it is no link
    assert await people_with_accounts(chat) == 3
    assert "One person from now on, on Telegram, Discord." in text_of(await dana.presses(confirm))
    assert await people_with_accounts(chat) == 2
    assert "If that was somebody else" in plain(omar.screen.text)
    assert omar.screen.labels == [["Undo the link"]]
    assert "Call Mr. Adel: yours until" in plain((await omar.says("/mine")).text)

    assert "these accounts are one person" in text_of(await dana.presses(confirm))
    assert "these accounts are one person" in text_of(await dana.says(f"/link {code}"))
    assert await chat.rows(select(func.count()).select_from(Merge)) == [(1,)]


@pytest.mark.parametrize("payload", ["/start link_{code}", "/start link_{plain}"])
async def test_the_code_works_as_a_start_link_and_the_other_way_round(chat: Talk, payload: str) -> None:
    omar, dana = chat.person("عمر", "ar"), privately(chat, "dana")
    code = code_in(text_of(await dana.says("/link")))
    asked = await omar.says(payload.format(code=code, plain=code.replace("-", "")))
    assert "شخصًا واحدًا" in asked.text
    await omar.presses("تأكيد")
    assert await people_with_accounts(chat) == 1
    assert any("This account is one person with another one now" in text for text in await dana.hears())


async def test_seats_that_both_hold_are_told_of_before(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda, seats=3)
    dana = privately(chat, "dana")
    await dana.presses(f"accept:{home.code}:0")
    for one in (dana, omar):
        await one.says(f"/claim {number}")
    code = code_in((await omar.says("/link")).text)
    assert "1 task has a seat for both. One of the two is given back." in text_of(await dana.says(f"/link {code}"))


async def test_the_wrong_code_the_own_one_and_too_many(chat: Talk) -> None:
    omar, dana, eve = chat.person("Omar"), privately(chat, "dana"), privately(chat, "eve")
    code = code_in((await omar.says("/link")).text)
    assert "It is for the other one" in (await omar.says(f"/link {code}")).text
    await chat.later(minutes=10)
    assert "does not work" in text_of(await dana.says(f"/link {code}"))
    code = code_in((await omar.says("/link")).text)
    for n in range(TRIES):
        assert "does not work" in text_of(await eve.says(f"/link guess-{n}"))
    assert "In an hour" in text_of(await eve.says(f"/link {code}"))
    assert "In an hour" in text_of(await eve.presses(f"link_do:{code.replace('-', '')}:0"))
    assert await chat.rows(select(func.count()).select_from(Merge)) == [(0,)]


async def test_cancelling_makes_the_code_worthless(chat: Talk) -> None:
    omar, dana = chat.person("Omar"), privately(chat, "dana")
    code = code_in((await omar.says("/link")).text)
    asked = await dana.says(f"/link {code}")
    assert "Nothing was linked" in text_of(await dana.presses(asked.reply.rows[0][1].data()))  # type: ignore[union-attr]
    assert "does not work" in text_of(await dana.says(f"/link {code}"))


async def test_a_code_that_a_whole_group_could_read_is_worth_nothing(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    dana = privately(chat, "dana")
    code = code_in(text_of(await dana.says("/link")))
    assert "Others could read this code" in (await huda.says(f"/link {code}", home.group)).text
    assert "does not work" in (await huda.says(f"/link {code}")).text
    await huda.says("/link", home.group)
    assert not any(CODE.search(text) for text in huda.reads(home.group))
    assert await people_with_accounts(chat) == 2


async def test_a_press_that_comes_twenty_times_at_once_links_once(chat: Talk) -> None:
    omar, dana = chat.person("Omar"), privately(chat, "dana")
    code = code_in((await omar.says("/link")).text).replace("-", "")
    await dana.says(f"/link {code}")
    answers = await asyncio.gather(*(dana.presses(f"link_do:{code}:0") for _ in range(20)))
    assert sum("One person from now on" in text_of(answer) for answer in answers) == 1
    assert await chat.rows(select(func.count()).select_from(Merge)) == [(1,)]
    assert await people_with_accounts(chat) == 1


async def test_what_the_other_account_does_meanwhile_is_kept(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar, newcomer_claims=9)
    tasks = [await chat.task(home, huda, f"Call {n}") for n in range(6)]
    dana = privately(chat, "dana")
    await dana.presses(f"accept:{home.code}:0")
    code = code_in((await omar.says("/link")).text).replace("-", "")
    both = [privately(chat, "dana").presses(f"claim:{task}:1") for task in tasks]
    await asyncio.gather(*both[:3], dana.presses(f"link_do:{code}:0"), *both[3:])
    mine = plain((await omar.says("/mine")).text)
    assert all(f"Call {n}: yours until" in mine for n in range(6))


async def test_either_side_undoes_it_within_a_week(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda)
    dana = privately(chat, "dana")
    await dana.presses(f"accept:{home.code}:0")
    await dana.says(f"/claim {number}")
    await linked(chat, omar, dana)
    asked = await omar.presses("Undo the link")
    assert "Omar and Dana become two people again" in plain(asked.text)
    done = await omar.presses("Undo the link")
    assert "Omar, Dana are two people again" in plain(done.text)
    assert await people_with_accounts(chat) == 3
    assert "No seat is held" in (await omar.says("/mine")).text
    assert "Call Mr. Adel: yours until" in card_of(await dana.says("/mine"))
    assert any("two people again" in text for text in await dana.hears())
    assert "no link of accounts" in (await omar.says("/link undo")).text


async def test_an_organizer_hears_of_a_role_that_came_along_and_can_undo_it(chat: Talk) -> None:
    huda, omar, eve = chat.person("Huda"), chat.person("Omar"), chat.person("Eve")
    home = await chat.home(huda, omar, eve)
    await huda.says("/role Omar moderator")
    dana = privately(chat, "dana")
    await dana.presses(f"accept:{home.code}:0")
    await linked(chat, omar, dana)
    number = await chat.transact(omar.number)
    assert f"(number {number}) has linked two accounts" in plain(huda.screen.text)
    assert await chat.rows(select(Member.role).where(Member.person_id == number)) == [(Role.MODERATOR,)]

    assert "no link of accounts" in (await eve.says(f"/link undo {number}")).text
    ((merge,),) = await chat.rows(select(Merge.id))
    for forged in (f"link_undo:{merge}:0", f"link_part:{merge}:0", "link_part:999:0"):
        await eve.presses_on(eve.screen, data=forged)
    assert await people_with_accounts(chat) == 3

    await chat.later(days=6.9)
    await huda.says(f"/link undo {number}")
    await huda.presses("Undo the link")
    assert await people_with_accounts(chat) == 4
    roles = dict(await chat.rows(select(Person.name, Member.role).join(Member, Member.person_id == Person.id)))
    assert (roles["Omar"], roles["Dana"]) == (Role.MODERATOR, Role.VOLUNTEER)
    assert "two people again" in plain(omar.screen.text)
    await huda.presses_on(huda.screen, data=f"link_part:{merge}:0")
    assert "earlier time" in huda.screen.text


async def test_after_a_week_it_stays_as_it_is(chat: Talk) -> None:
    omar, dana = chat.person("Omar"), privately(chat, "dana")
    await linked(chat, omar, dana)
    assert (await omar.says("/link")).labels == [["Undo the latest link"], ["Back"]]
    await chat.later(days=7)
    assert "no link of accounts" in (await omar.says("/link undo")).text
    await omar.presses_on(omar.screen, data="link_part:1:0")
    assert await people_with_accounts(chat) == 1


async def test_no_code_stands_in_the_table_of_codes(chat: Talk) -> None:
    omar = chat.person("Omar")
    code = code_in((await omar.says("/link")).text)
    ((digest,),) = await chat.rows(select(Code.digest))
    assert code.replace("-", "") not in digest
    assert len(digest) == 64
