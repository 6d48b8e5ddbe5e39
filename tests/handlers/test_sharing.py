"""A link of one's own: it joins, claims, and credits who shared it."""

import re

from sqlalchemy import select

from models.claims import Claim
from models.communities import Member
from models.shares import Arrival, Share
from tests.dialogue import Somebody, Talk, both_platforms, plain
from tests.handlers.test_answering import call
from tests.handlers.test_appealing import team


async def link_of(somebody: Somebody) -> str:
    """Their start payload, from the words that are shown."""
    await somebody.presses("Share")
    found = re.search(r"/start (share_\w+)", plain(somebody.screen.text).replace("\\_", "_"))
    assert found
    return found[1]


@both_platforms
async def test_a_shared_link_joins_and_takes_a_seat_in_one_press_and_credits_who_shared_it(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat, rules="Be kind.")
    await chat.task(home, huda, "Pack blankets", seats=3)
    await call(chat, huda)
    payload = await link_of(omar)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", payload)
    await omar.presses("Show the appeal")
    assert payload == await link_of(omar)
    if chat.platform == "telegram":
        (link,) = (button for row in omar.screen.markup["inline_keyboard"] for button in row if "url" in button)
        assert link["url"].startswith("https://t.me/share/url?url=https%3A%2F%2Ft.me%2F")
        assert payload in link["url"]
        assert "Blankets+are+needed" in link["url"]

    lina = chat.person("لينا", "ar")
    shown = await lina.starts(payload)
    assert "Blankets are needed tonight." in shown.text
    assert "Be kind." in shown.text
    await lina.presses("English")
    taken = await lina.presses("I accept the rules, and I'm in")
    assert "Pack blankets is yours" in plain(taken.text)
    assert len(await chat.rows(select(Member.person_id))) == 4
    assert len(await chat.rows(select(Claim.id))) == 1

    assert len(await chat.rows(select(Share.id))) == 1
    ((joined, seated),) = await chat.rows(select(Arrival.joined_at, Arrival.seated_at))
    assert joined == seated == chat.clock.now()
    await omar.says("/me")
    assert "Shared by 1 link: 1 came, 1 joined, 1 took a seat" in plain(omar.screen.text)
    shown = await huda.says("/appeals 1")
    assert "Shared by 1 link: 1 came, 1 joined, 1 took a seat" in plain(shown.text)


@both_platforms
async def test_a_member_who_comes_by_a_link_is_no_joining_and_nobody_comes_by_their_own(chat: Talk) -> None:
    home, huda, omar, sara = await team(chat)
    await chat.task(home, huda, "Pack blankets", seats=3)
    await call(chat, huda)
    payload = await link_of(omar)
    await omar.starts(payload)
    assert await chat.rows(select(Arrival.id)) == []
    await sara.starts(payload)
    await sara.starts(payload)
    await sara.presses("أنا لها")
    assert await chat.rows(select(Arrival.joined_at, Arrival.seated_at)) == [(None, chat.clock.now())]
    wrong = await sara.starts("share_nothing")
    assert "لا نداء" in wrong.text or "نداء" in wrong.text
