"""Thanks: by a press under what was done, by number or name, by pointing at somebody; heard once a day at most, in private."""

import pytest
from sqlalchemy import func, select, update

from models.claims import Claim, ClaimState
from models.notices import Notice, NoticeState
from models.roles import Role
from models.tasks import Proof, Task, TaskState
from models.thanks import Thanks
from tests.dialogue import Home, Somebody, Talk, both_platforms, plain

PASSED_ON = "Noted, and passed on"


async def team(chat: Talk) -> tuple[Somebody, Somebody, Somebody, Home]:
    huda, omar, sara = chat.person("Huda"), chat.person("Omar"), chat.person("Sara", last_name="Said")
    return huda, omar, sara, await chat.home(huda, omar, sara)


async def number_of(chat: Talk, somebody: Somebody) -> int:
    return await chat.transact(somebody.number)


@both_platforms
async def test_a_moderator_thanks_for_a_report_with_one_press(chat: Talk) -> None:
    huda, omar, _, home = await team(chat)
    number = await chat.task(home, huda, "Read aloud", proof=Proof.NONE)
    await omar.says(f"/claim {number}")
    await omar.presses("Done")
    await omar.presses("10 minutes")
    await omar.presses("Skip")
    await huda.says("/review")
    await huda.presses("Approve")
    said = await huda.presses("Thank")
    assert PASSED_ON in said.text
    await chat.later(seconds=5)

    assert "Huda from Warmth thanks you for Read aloud." in plain(omar.screen.text)
    assert await chat.rows(select(Thanks.task_id)) == [(number,)]
    assert "Thanked 1 time." in plain((await omar.says("/record")).text)


@both_platforms
async def test_under_a_task_that_is_done_stand_those_who_did_it(chat: Talk) -> None:
    huda, omar, sara, home = await team(chat)
    number = await chat.task(home, huda, seats=2)
    for one in (omar, sara):
        await one.says(f"/claim {number}")
    await chat.transact(lambda session: session.execute(update(Claim).values(state=ClaimState.APPROVED)))
    await chat.transact(lambda session: session.execute(update(Task).values(state=TaskState.DONE)))
    await sara.says("/me")
    await sara.presses("Hide my name on cards")

    await omar.says(f"/task {number}")
    assert "Nobody is named here" in (await omar.presses("Say thanks")).text, "neither oneself nor who wants privacy"
    await huda.says(f"/task {number}")
    await huda.presses("Say thanks")
    labels = [plain(label) for row in huda.screen.labels for label in row]
    assert labels[:2] == ["Thank Omar", "Thank Sara"], "moderators know their names anyway"
    await huda.presses("Sara")
    await chat.later(seconds=5)
    assert "thanks you for Call Mr. Adel" in plain(sara.screen.text)


@both_platforms
async def test_by_number_or_whole_name_once_a_day(chat: Talk) -> None:
    huda, omar, sara, _ = await team(chat)
    number = await number_of(chat, sara)
    assert PASSED_ON in (await omar.says(f"/thank {number}")).text
    assert "Once a day is enough" in (await omar.says("/thank Sara Said")).text
    assert "not a member of this team" in (await omar.says("/thank Sar")).text, "nobody is found by guessing"
    assert "That is your own name" in (await omar.says("/thank Omar")).text
    assert "Who is it?" in (await omar.says("/thank")).text
    await huda.says(f"/thank {number}")
    await chat.later(seconds=5)
    assert plain(sara.screen.text).count("thanks you. It was good to have you.") == 2, "two thanks are one message"

    await chat.later(days=1, seconds=1)
    assert PASSED_ON in (await omar.says(f"/thank {number}")).text
    assert await chat.rows(select(func.count()).select_from(Thanks)) == [(3,)]


@both_platforms
async def test_who_cannot_be_reached_has_it_on_the_record(chat: Talk) -> None:
    _, omar, sara, _ = await team(chat)
    sara.app.blocks() if chat.platform == "telegram" else sara.app.closes_dms()  # type: ignore[attr-defined]
    number = await number_of(chat, sara)
    assert PASSED_ON in (await omar.says(f"/thank {number}")).text
    before = len(sara.reads())
    await chat.later(seconds=5)
    assert len(sara.reads()) == before
    assert await chat.rows(select(Thanks.receiver_id)) == [(number,)]


async def test_who_does_not_want_to_hear_is_not_told(chat: Talk) -> None:
    _, omar, sara, _ = await team(chat)
    await sara.says("stop")
    await omar.says(f"/thank {await number_of(chat, sara)}")
    before = len(sara.reads())
    await chat.later(seconds=5)
    assert len(sara.reads()) == before
    assert await chat.rows(select(Notice.state)) == [(NoticeState.DROPPED,)]


async def test_a_reply_in_the_group_points_at_whom_it_answers(chat: Talk) -> None:
    _, omar, sara, home = await team(chat)
    written = sara.writes("I brought the blankets", home.group)
    said = await omar.says("/thank", home.group, reply_to=written)
    assert PASSED_ON in said.text
    assert await chat.rows(select(Thanks.receiver_id)) == [(await number_of(chat, sara),)]
    stranger = chat.person("Basma")
    written = stranger.writes("Hello", home.group)
    assert "not a member of this team" in (await omar.says("/thank", home.group, reply_to=written)).text


@pytest.mark.parametrize("data", ["thank_for:{task} {omar}:0", "thank_for:{task} 999999:0", "thank_those:999999:0"])
async def test_forged_presses_thank_nobody(chat: Talk, data: str) -> None:
    huda, omar, sara, home = await team(chat)
    number = await chat.task(home, huda)
    await sara.says("/tasks")
    await sara.presses_on(sara.screen, data=data.format(task=number, omar=await number_of(chat, omar)))
    assert await chat.rows(select(Thanks.id)) == []


async def test_strangers_thank_nobody(chat: Talk) -> None:
    _, omar, _, home = await team(chat)
    stranger = chat.person("Basma")
    await stranger.says("/start")
    assert "for members of a team" in (await stranger.says(f"/thank {await number_of(chat, omar)}")).text
    await chat.give_role(home, stranger, Role.VOLUNTEER, left_at=chat.clock.now())
    assert "not a member of this team" in (await omar.says(f"/thank {await number_of(chat, stranger)}")).text
