"""What one person does at night wakes nobody else."""

from datetime import timedelta

from models.roles import Role
from tests.dialogue import Talk, both_platforms, plain


@both_platforms
async def test_a_decision_made_at_night_is_read_in_the_morning(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda, "Write a letter", deadline_at=chat.clock.now() + timedelta(days=3))
    await omar.says(f"/claim {number}")
    await omar.says(f"/done {number}")
    await omar.says("10")
    await omar.presses("Skip")
    await chat.later(hours=11)  # one in the morning in Cairo

    await huda.says("/review")
    await huda.presses("Approve")
    assert not any("is approved" in text for text in omar.reads())
    await chat.later(hours=8, minutes=1)
    assert "Write a letter is approved: 10 minutes credited" in plain(omar.screen.text)


async def test_a_moderator_who_said_stop_is_not_told_of_flags_but_finds_them(chat: Talk) -> None:
    huda, mona, omar = chat.person("Huda"), chat.person("Mona"), chat.person("Omar")
    home = await chat.home(huda, mona, omar)
    await chat.give_role(home, mona, Role.MODERATOR)
    number = await chat.task(home, huda)
    await mona.says("Stop")
    await omar.says(f"/flag {number}")
    await omar.presses("It is not safe")
    await chat.later(seconds=5)
    assert "It is not safe" in huda.screen.text
    assert "It is not safe" not in mona.screen.text
    assert "It is not safe" in (await mona.says("/flags")).text
