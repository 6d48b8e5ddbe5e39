"""The weekly summary by mail: for organizers who chose it, as it stands in the chat, with its chart inside."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from models.addresses import MailAddress
from models.roles import Role
from tests.dialogue import Home, Somebody, Talk, both_platforms, plain
from tests.post import Beside, Post

HUDA = "huda@example.org"


@pytest.fixture
def beside(post: Post) -> Beside:
    return post.platforms


async def stage(chat: Talk) -> tuple[Home, Somebody, Somebody]:
    """An organizer, and a volunteer who has a seat."""
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda, "Call Mr. Adel", seats=2, deadline_at=chat.clock.now() + timedelta(days=30))
    await omar.says(f"/claim {number}")
    return home, huda, omar


@both_platforms
async def test_an_organizer_gets_it_by_mail(chat: Talk, post: Post) -> None:
    _, huda, omar = await stage(chat)
    await post.subscribes(huda, HUDA)
    await post.subscribes(omar, "omar@example.org")
    await omar.says("/me")
    await omar.presses("E-mail")
    assert "summary" not in str(omar.screen.labels)
    await huda.says("/settings")
    await huda.presses("Weekly summary")
    assert "By e-mail: to each organizer who wants it" in plain(huda.screen.text)
    await huda.presses("E-mail")
    assert "The weekly summary comes by e-mail." in (await huda.presses("Weekly summary by e-mail")).text
    await chat.passes(days=5, step_minutes=240)

    mail = post.wire.newest(HUDA)
    assert plain(mail.subject) == "Warmth, 21–27 November (2026-W48)"
    assert "Seats taken: 1" in plain(mail.text)
    (picture,) = [part for part in mail.parsed.walk() if part.get_content_type() == "image/png"]
    assert f'<img src="cid:{str(picture["Content-ID"])[1:-1]}" alt="' in mail.html
    assert "In the chat there is more:" in mail.text
    assert len(post.wire.to(HUDA)) == 2
    assert len(post.wire.to("omar@example.org")) == 1

    page = await post.presses(mail.link("/leave/"), {"List-Unsubscribe": "One-Click"})
    assert "The weekly summary does not come by e-mail any more." in plain(page.text)
    await chat.settle()
    assert "As was asked for in the mail, the weekly summary" in plain(huda.screen.text)
    await chat.passes(days=7, step_minutes=480)
    assert len(post.wire.to(HUDA)) == 2


async def test_whoever_organizes_no_more_gets_none(chat: Talk, post: Post) -> None:
    home, huda, omar = await stage(chat)
    await post.subscribes(huda, HUDA)
    await huda.says("/me")
    await huda.presses("E-mail")
    await huda.presses("Weekly summary by e-mail")
    await chat.give_role(home, omar, Role.ORGANIZER)
    await chat.give_role(home, huda, Role.VOLUNTEER)
    await chat.passes(days=5, step_minutes=240)
    assert len(post.wire.to(HUDA)) == 1


async def test_a_new_address_inherits_the_choice(chat: Talk, post: Post) -> None:
    _, huda, _ = await stage(chat)
    await post.subscribes(huda, HUDA)
    await huda.says("/me")
    await huda.presses("E-mail")
    await huda.presses("Weekly summary by e-mail")
    await post.subscribes(huda, "new@example.org")
    assert await chat.rows(select(MailAddress.address, MailAddress.wants_summary)) == [("new@example.org", True)]
