"""A moderator corrects an appeal: each of its versions, in one go."""

from typing import Any, cast

import pytest
from sqlalchemy import select

from models.appeals import Appeal
from models.audit import Action, AuditEntry
from tests.dialogue import Home, Somebody, Talk, both_platforms, plain
from tests.discord_dialogue import DiscordSomebody
from tests.handlers.test_answering import calls, told
from tests.handlers.test_appealing import jpeg, team


async def called(chat: Talk, line: str = "#1 Come at five. | الحضور في الخامسة.") -> tuple[Home, Somebody, Somebody, Somebody]:
    """The team, when an appeal has reached it."""
    home, huda, omar, sara = await team(chat)
    await chat.task(home, huda, seats=5)
    await huda.says(f"/appeal {line}")
    await huda.presses("Send")
    await told(chat)
    return home, huda, omar, sara


async def texts(chat: Talk) -> dict[str, str]:
    found: dict[str, str] = (await chat.rows(select(Appeal.texts)))[0][0]
    return found


@both_platforms
async def test_both_versions_are_corrected_in_one_go_and_reach_what_was_sent(chat: Talk) -> None:
    home, huda, omar, sara = await called(chat)
    asked = await huda.presses("Correct")
    assert "How should the Arabic version read?" in asked.text
    assert "الحضور في الخامسة." in asked.text
    assert "in another language" in (await huda.says("Come at six.")).text
    await huda.says("الحضور في السادسة.")
    assert "How should the English version read?" in huda.screen.text
    huda.writes("Come at six, to حمص.")
    await chat.settle()
    assert "Corrected. What was sent follows in a moment." in huda.reads()
    await chat.later(seconds=5)
    assert "Come at six, to حمص." in calls(omar)[0]
    assert len(calls(omar)) == 1
    assert "الحضور في السادسة." in calls(sara, "نداء من Warmth")[0]
    assert any("Come at six" in text for text in huda.reads(home.group))
    assert (await chat.rows(select(AuditEntry.action).order_by(AuditEntry.id)))[-1] == (Action.APPEAL_CORRECTED,)


@both_platforms
async def test_each_version_can_stay_as_it_is(chat: Talk) -> None:
    _, huda, omar, sara = await called(chat)
    await huda.presses("Correct")
    await huda.presses("As it is")
    huda.writes("Come at six.")
    await chat.settle()
    await chat.later(seconds=5)
    assert "Come at six." in calls(omar)[0]
    assert "الحضور في الخامسة." in calls(sara, "نداء من Warmth")[0]

    await huda.presses("Correct")
    await huda.presses("As it is")
    kept = await huda.presses("As it is")
    assert "It stays as it is." in kept.text
    assert (await chat.rows(select(Appeal.version))) == [(2,)]


async def test_the_only_version_is_corrected_or_gets_another_beside_it(chat: Talk) -> None:
    _, huda, omar, sara = await called(chat, "#1 Come at five.")
    asked = await huda.presses("Correct")
    assert "A text in the other language is added as its version." in asked.text
    huda.writes("الحضور في السادسة.")
    await chat.settle()
    await chat.later(seconds=5)
    assert await texts(chat) == {"en": "Come at five.", "ar": "الحضور في السادسة."}
    assert "Come at five." in calls(omar)[0]
    assert "الحضور في السادسة." in calls(sara, "نداء من Warmth")[0]


async def test_under_a_picture_a_correction_is_as_short_as_the_appeal(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    await chat.task(home, huda, seats=5)
    await huda.says("/appeal")
    await huda.says("#1")
    await huda.says("Come at five.")
    await huda.presses("Skip")
    await huda.sends_photo(jpeg())
    for label in ("Warmth", "Just now", "Go on", "Now", "Until", "Send"):
        await huda.presses(label)
    await told(chat)
    await huda.presses("Correct")
    assert "1000 characters long, and 775 fit here" in plain((await huda.says("x" * 1000)).text)
    huda.writes("x" * 775)
    await chat.settle()
    await chat.later(seconds=5)
    (got,) = (message for message in omar.app.answers() if message.photo is not None)
    assert "x" * 775 in got.text
    assert "Last confirmed" in got.text, "nothing of it is cut"


@pytest.mark.parametrize("platform", ["discord"])
async def test_on_discord_both_stand_on_one_form_as_they_are(chat: Talk) -> None:
    _, huda, omar, sara = await called(chat)
    await huda.presses("Correct")
    phone = cast("DiscordSomebody", huda)
    opened: Any = await phone.phone.presses(
        cast("Any", huda._with_button("Fill in a form", None)), "Fill in a form"
    ).completed()
    assert opened.modal.labels == ["Arabic version", "English version"]
    phone._awaited(phone.phone.submits(opened, {"English version": "Come at six."}))
    await chat.settle()
    await chat.later(seconds=5)
    assert await texts(chat) == {"en": "Come at six.", "ar": "الحضور في الخامسة."}
    assert "Come at six." in calls(omar)[0]
    assert "الحضور في الخامسة." in calls(sara, "نداء من Warmth")[0]
