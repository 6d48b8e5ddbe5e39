"""More time for a seat one holds: how much one may take, and what a moderator decides."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from models.claims import Claim, ClaimState
from models.roles import Role
from tests.dialogue import NOW, Home, Somebody, Talk, both_platforms, plain


async def seated(chat: Talk, **columns: Any) -> tuple[Somebody, Somebody, Home, int]:
    """Omar holds the seat of Huda's task until five in the afternoon; the deadline is in ten days."""
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda, "Call Adel", **{"deadline_at": NOW + timedelta(days=10)} | columns)
    await omar.says(f"/claim {number}")
    return huda, omar, home, number


@both_platforms
async def test_what_the_team_leaves_to_holders_takes_one_press(chat: Talk) -> None:
    _, omar, _, number = await seated(chat)

    choices = await omar.says(f"/extend {number}")
    assert "How much more time does Call Adel need?" in plain(choices.text)
    assert choices.labels == [
        ["3 hours", "6 hours"],
        ["12 hours", "1 day"],
        ["2 days, if a moderator agrees"],
        ["3 days, if a moderator agrees"],
    ]
    await omar.presses("3 hours")
    assert "stays yours until today at 20:00" in plain(omar.screen.text)
    await omar.presses_on(choices, data=f"extend_by:{number} 180:0")
    assert "stays yours until today at 20:00" in plain(omar.screen.text)
    assert await chat.rows(select(Claim.extra_minutes, Claim.warned_at)) == [(180, None)]

    again = await omar.says("/extend")
    assert again.labels[0] == ["More time: Call Adel"], "without a number there is a button for each seat"
    again = await omar.presses("More time: Call Adel")
    assert again.labels[1] == ["6 hours", "12 hours"]
    assert again.labels[2] == ["1 day, if a moderator agrees"]


@both_platforms
async def test_a_moderator_grants_more_and_the_holder_hears_it(chat: Talk) -> None:
    huda, omar, _, number = await seated(chat)

    await omar.says(f"/extend {number}")
    await omar.presses("2 days, if a moderator agrees")
    assert "the seat stays yours, up to this: tomorrow at 14:00" in plain(omar.screen.text)
    await chat.passes(minutes=1)
    assert "Omar asks for more time on Call Adel: 2 days." in plain(huda.screen.text)
    asked = huda.screen
    await huda.presses("Grant")
    assert "Granted. Omar hears of it." in plain(huda.screen.text)
    await chat.passes(minutes=1)
    assert "More time for Call Adel was granted" in plain(omar.screen.text)
    assert "until Wednesday 25 November at 14:01" in plain(omar.screen.text)
    await huda.presses_on(asked, data=f"decline_time:{(await chat.rows(select(Claim.id)))[0][0]} 2880:0")
    assert (await chat.rows(select(Claim.hold_until)))[0][0] == NOW + timedelta(days=2, minutes=1)


@both_platforms
async def test_a_moderator_declines_and_nothing_is_taken_away(chat: Talk) -> None:
    huda, omar, sara = chat.person("Huda"), chat.person("Omar"), chat.person("Sara")
    home = await chat.home(huda, omar, sara)
    await chat.give_role(home, sara, Role.MODERATOR)
    number = await chat.task(home, huda, "Call Adel", deadline_at=NOW + timedelta(days=10))
    await omar.says(f"/claim {number}")

    await omar.says(f"/extend {number}")
    await omar.presses("2 days, if a moderator agrees")
    await chat.passes(minutes=1)
    assert "asks for more time" in huda.screen.text
    assert "asks for more time" in sara.screen.text
    await sara.presses("Decline")
    late = await huda.presses("Grant")
    assert "from an earlier time" in late.text or "from an earlier time" in huda.toast
    await chat.passes(minutes=1)
    assert "Call Adel cannot wait longer: the seat is yours until tomorrow at 14:00" in plain(omar.screen.text)
    assert await chat.rows(select(Claim.state, Claim.wanted_minutes)) == [(ClaimState.HELD, None)]


@both_platforms
async def test_nobody_grants_themselves_what_others_decide(chat: Talk) -> None:
    _, omar, _, number = await seated(chat)
    await omar.says(f"/extend {number}")
    await omar.presses("2 days, if a moderator agrees")
    claim = (await chat.rows(select(Claim.id)))[0][0]

    forged = await omar.presses_on(await omar.says("/mine"), data=f"grant_time:{claim} 2880:0")
    assert "for the team's moderators" in forged.text
    assert await chat.rows(select(Claim.wanted_minutes)) == [(2880,)]
    assert "earlier time" in (await omar.presses_on(await omar.says("/mine"), data=f"extend_by:{number} 0:0")).text
    assert "earlier time" in (await omar.presses_on(await omar.says("/mine"), data=f"extend_by:{number} 99999999:0")).text


@both_platforms
async def test_who_moderates_asks_nobody_and_the_deadline_holds_for_all(chat: Talk) -> None:
    huda, _, home, _ = await seated(chat)
    number = await chat.task(home, huda, "Write a letter", deadline_at=NOW + timedelta(hours=10))
    await huda.says(f"/claim {number}")

    choices = await huda.says(f"/extend {number}")
    assert not any("moderator" in label for row in choices.labels for label in row)
    assert "It ends tomorrow at 00:00 for everybody." in plain(choices.text)
    await huda.presses("6 hours")
    assert "stays yours until today at 23:00" in plain(huda.screen.text)
    (await huda.says(f"/extend {number}")).labels.index(["30 minutes", "1 hour"])
    await huda.presses("1 hour")
    assert "no seat is held longer" in (await huda.says(f"/extend {number}")).text


@both_platforms
async def test_an_organizer_chooses_how_often_and_how_much(chat: Talk) -> None:
    huda, omar, _, number = await seated(chat)

    screen = await huda.says("/settings")
    assert "“Still on it” counts 3 times" in plain(screen.text)
    assert "More time without a moderator: 24 hours" in plain(screen.text)
    await huda.presses("More time")
    assert "before a moderator is asked" in huda.screen.text
    await huda.presses("3 hours")
    assert "More time without a moderator: 3 hours" in plain(huda.screen.text)
    await huda.presses("Still on it")
    await huda.presses("1 time")
    assert "“Still on it” counts 1 time" in plain(huda.screen.text)
    choices = await omar.says(f"/extend {number}")
    assert choices.labels[2:] == [["6 hours, if a moderator agrees"], ["12 hours, if a moderator agrees"]]
