"""What nobody should send, sent: a clear answer each, nothing lost, nothing shown that is not theirs, no fault of ours."""

import io
import logging
from collections.abc import Iterator

import pytest
from PIL import Image
from sqlalchemy import select

from models.claims import Claim, ClaimState
from models.communities import Member
from models.dialogues import Dialogue
from models.people import Person
from models.reports import Report, ReportState
from models.roles import Role
from models.tasks import Proof, Task
from tests.dialogue import Home, Somebody, Talk, plain


@pytest.fixture(autouse=True)
def nothing_went_wrong_on_our_side(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No bad input is a fault of ours: no error is logged."""
    caplog.set_level(logging.INFO)
    yield
    errors = [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert not errors, [record.getMessage() for record in errors]


async def two_teams(chat: Talk) -> tuple[Home, Somebody, Somebody, Home, Somebody]:
    """A team with its organizer and a volunteer, and another team's organizer."""
    huda, omar, rami = chat.person("Huda"), chat.person("Omar"), chat.person("Rami")
    ours = await chat.home(huda, omar)
    theirs = await chat.home(rami, name="Others", code="others23")
    return ours, huda, omar, theirs, rami


# Numbers that are none, or far too large

ABSURD = [
    *("0", "-1", "999999999999999999", str(2**63), "9" * 400, "٩" * 20, "١٢x", "1.5", "1e5", "0x10", "²", "NaN", "%"),
    *("1;DROP TABLE tasks", "' OR 1=1 --"),
]


async def test_absurd_numbers_get_a_clear_answer(chat: Talk) -> None:
    _, _, omar, _, _ = await two_teams(chat)
    for number in ABSURD:
        for command in ("task", "claim", "release", "done", "flag"):
            answer = await omar.says(f"/{command} {number}")
            assert any(words in answer.text for words in ("There is no task number", "is not a number")), (
                command,
                number,
                answer.text,
            )
    assert await chat.rows(select(Claim.id)) == []


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 10**30])
async def test_a_number_that_no_task_can_have_is_no_task(chat: Talk, number: int) -> None:
    _, _, omar, _, _ = await two_teams(chat)
    assert "There is no task number" in (await omar.says(f"/task {number}")).text


async def test_absurd_wishes_find_nothing_and_say_so(chat: Talk) -> None:
    ours, huda, omar, _, _ = await two_teams(chat)
    await chat.task(ours, huda, "Call Mr. Adel", minutes=10)
    for wish in ("0", "%", "_", "'; DROP TABLE tasks; --", "#", "#" + "x" * 3000, "p999999999999", "\\", "x" * 3000):
        answer = await omar.says(f"/tasks {wish}")
        assert "Call Mr. Adel" in plain(answer.text) or "Nothing fits" in answer.text, (wish, answer.text)
    for payload in ("task_0", "task_-1", f"task_{2**63}", "join_' OR 1=1", "join_", "flag_x", "_", "x" * 64):
        assert (await omar.starts(payload)).text, payload


# Buttons that nobody was given


async def test_a_volunteers_forged_press_decides_nothing(chat: Talk) -> None:
    ours, huda, omar, _, _ = await two_teams(chat)
    await hand_in(chat, ours, huda, omar)
    anchor = omar.screen
    for data in ("approve:1:0", "reject:1:0", "send_back:1:0", "review::0", "review:0:0"):
        await omar.presses_on(anchor, data=data)
        assert "moderators" in omar.toast or "moderator" in omar.screen.text, (data, omar.toast, omar.screen.text)
    assert await chat.rows(select(Report.state)) == [(ReportState.WAITING,)]


async def test_another_teams_organizer_decides_and_sees_nothing(chat: Talk) -> None:
    ours, huda, omar, theirs, rami = await two_teams(chat)
    number = await hand_in(chat, ours, huda, omar)
    anchor = await rami.says("/help")
    for data in ("approve:1:0", "reject:1:0", "send_back:1:0", "review::0"):
        await rami.presses_on(anchor, data=data)
    for command in ("cancel", "edit", "post"):
        await rami.says(f"/{command} {number}")
    for command in ("cancel_do", "task_cancel", "unflag"):
        await rami.presses_on(anchor, data=f"{command}:{number}:0")

    assert await chat.rows(select(Report.state)) == [(ReportState.WAITING,)]
    assert await chat.rows(select(Task.state, Task.version)) == [("open", 1)]
    assert not [text for text in rami.reads() if "Call Mr. Adel" in text or "A secret note" in text]
    assert theirs.id != ours.id


async def hand_in(chat: Talk, home: Home, author: Somebody, volunteer: Somebody) -> int:
    number = await chat.task(home, author, "Call Mr. Adel", proof=Proof.NOTE)
    await volunteer.says(f"/claim {number}")
    await volunteer.presses("Done")
    await volunteer.says("10")
    await volunteer.says("A secret note")
    return number


async def test_giving_back_what_is_not_ones_own_tells_nothing_of_it(chat: Talk) -> None:
    ours, huda, omar, _, rami = await two_teams(chat)
    number = await chat.task(ours, huda, "The secret address")
    await omar.says(f"/claim {number}")
    anchor = await rami.says("/help")
    for data in (f"release:{number}:0", f"done:{number}:0"):
        await rami.presses_on(anchor, data=data)
        await rami.says(f"/{data.split(':')[0]} {number}")
    assert not [text for text in rami.reads() if "secret address" in text]
    assert await chat.rows(select(Claim.state)) == [(ClaimState.HELD,)]


async def test_nobody_answers_anothers_wizard(chat: Talk) -> None:
    ours, huda, omar, _, rami = await two_teams(chat)
    number = await chat.task(ours, huda)
    await omar.says(f"/claim {number}")
    asked = await omar.presses("Done")
    (before,) = await chat.rows(select(Dialogue.id, Dialogue.step, Dialogue.data, Dialogue.version))
    data = asked.button("10 minutes")["callback_data"]
    for forger in (rami, huda):
        anchor = await forger.says("/help")
        for forged in (data, f"flow:{before.id}.cancel:1", f"flow:{before.id}.resume:1"):
            await forger.presses_on(anchor, data=forged)
            assert "finished already" in forger.toast
    assert await chat.rows(select(Dialogue.id, Dialogue.step, Dialogue.data, Dialogue.version)) == [before]


GARBAGE = [
    *(
        "",
        ":",
        "::",
        "nonsense:1:1",
        "<b>:1:0",
        "__class__:1:0",
        "\u202eflow:1:0",
        "help:x:0",
        "mine:1:0",
        "setup:1:0",
        "role:1:0",
    ),
    *("flow", "flow::0", "flow:.:0", "flow:x.y:0", "flow:-1.=5:0", f"flow:{2**70}.=5:1"),
    *("claim::0", "claim:1:99", "claim:x:1", "claim:1:1:1", f"claim:{2**63}:1", "release:-1:0", "task:0:0", "tasks:p-1:0"),
    *("approve::0", "approve:-1:0", "approve:x:0", f"approve:{2**64}:0", "review:-5:0", "review:99999999999:0"),
    *("accept::0", "accept:' OR 1=1:0", "speak:xx start:0", "speak::0", "speak:en claim 1:0", "join::0", "start:task_1:0"),
]


async def test_garbage_in_buttons_is_answered_and_changes_nothing(chat: Talk) -> None:
    ours, huda, omar, _, _ = await two_teams(chat)
    await chat.task(ours, huda, seats=3)
    before = await chat.rows(select(Member.person_id, Member.role, Member.left_at)), await chat.rows(select(Task.version))
    anchor = await omar.says("/help")
    for data in GARBAGE:
        await omar.presses_on(anchor, data=data)  # each is acknowledged: that is looked at in there
    assert len(await chat.rows(select(Claim.id))) <= 1, "of a forged and true version of one's own task"
    assert (
        await chat.rows(select(Member.person_id, Member.role, Member.left_at)),
        await chat.rows(select(Task.version)),
    ) == before


# Words


async def test_what_is_too_long_is_asked_for_again_and_never_cut(chat: Talk) -> None:
    ours, huda, omar, _, _ = await two_teams(chat)
    number = await chat.task(ours, huda, proof=Proof.NOTE)
    await omar.says(f"/claim {number}")
    await omar.presses("Done")
    assert "Minutes are a number" in (await omar.says("7" * 4097)).text
    await omar.says("7")
    assert "4,097" in (told := (await omar.says("ن" * 4097)).text) or "4097" in told
    await omar.says("Short.")
    await huda.says("/review")
    await huda.presses("Send back")
    assert "Nothing was lost" in (await huda.says("x" * 4097)).text
    await huda.says("y" * 500)
    await chat.settle()
    assert "y" * 500 in plain(omar.screen.text)
    await omar.presses("Give back")
    assert "Nothing was lost" in (await omar.says("z" * 4097)).text
    await omar.says("z" * 300)

    assert await chat.rows(select(Report.word)) == [("y" * 500,)]
    assert await chat.rows(select(Claim.reason)) == [("z" * 300,)]


async def test_a_very_long_text_out_of_nowhere_is_not_understood_kindly(chat: Talk) -> None:
    _, _, omar, _, _ = await two_teams(chat)
    for text in ("x" * 4097, "/claim " + "1" * 4089, "/" + "x" * 4096, "\n" * 4096 + "x", "😀" * 2048):
        assert (await omar.says(text)).text


MARKUP = [
    "<b>bold</b><script>alert(1)</script>",
    "*bold* _it_ `code` [x](tg://user?id=1) ||s||",
    "</b></i></code> &lt; &#x41; &nbsp;",
    "https://evil.example @himma_bot /claim_1 #tag",
    '<a href="tg://user?id=1">you</a>',
]


@pytest.mark.parametrize("words", MARKUP)
async def test_markup_stands_as_it_was_written(chat: Talk, words: str) -> None:
    """In a note, in a moderator's word, in a title and in a name."""
    huda, omar = chat.person(words[:60]), chat.person(words[:60])
    home = await chat.home(huda, omar, name=words[:60])
    number = await chat.task(home, huda, words, proof=Proof.NOTE)
    await omar.says(f"/claim {number}")
    assert words in plain(omar.screen.text)
    await omar.presses("Done")
    await omar.says("10")
    await omar.says(words)
    shown = await huda.says("/review")
    assert plain(shown.text).count(words) >= 2
    await huda.presses("Send back")
    await huda.says(words)

    assert words in plain(omar.screen.text)
    for message in omar.app.answers() + huda.app.answers():
        assert {entity["type"] for entity in message.entities} <= {"bold", "italic"}, "nothing but our own headings is styled"
        assert all(words[:5] not in piece or piece in plain(message.text) for piece in message.styled("bold"))


BIDI = ["\u202eevil\u202c", "\u2066a\u2069\u2069\u2069", "a\u2067b", "\u200e\u200f", "x\u061cy"]


@pytest.mark.parametrize("name", BIDI)
async def test_a_name_turns_no_sentence_round(chat: Talk, name: str) -> None:
    huda, omar = chat.person("Huda"), chat.person(name)
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda, seats=2)
    await omar.says(f"/claim {number}")
    card = await huda.says(f"/task {number}")
    for control in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u061c":
        assert control not in card.text
    assert card.text.count("\u2068") == card.text.count("\u2069")


@pytest.mark.parametrize("name", ["\u200b\u200b", "\u2800\u3164", "\u00ad", "\u202e", "\ufeff", " "])
async def test_a_name_of_nothing_visible_is_shown_as_a_dash(chat: Talk, name: str) -> None:
    huda, omar = chat.person("Huda"), chat.person(name)
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda, seats=2)
    await omar.says(f"/claim {number}")
    assert "In: —" in plain((await huda.says(f"/task {number}")).text)
    assert ("—",) in await chat.rows(select(Person.name))


@pytest.mark.parametrize("text", ["\u200b", "\u202e\u202c", "\u3164", "\x00\x01", "\ud83d", "\u200d"])
async def test_nothing_visible_is_no_note(chat: Talk, text: str) -> None:
    ours, huda, omar, _, _ = await two_teams(chat)
    number = await chat.task(ours, huda, proof=Proof.NOTE)
    await omar.says(f"/claim {number}")
    await omar.presses("Done")
    await omar.says("10")
    assert "A note is written in words" in (await omar.says(text)).text
    await omar.says(f"Well{text}done")
    assert len(await chat.rows(select(Report.id))) == 1


# Files


async def asked_for_a_photo(chat: Talk) -> Somebody:
    ours, huda, omar, _, _ = await two_teams(chat)
    number = await chat.task(ours, huda, proof=Proof.PHOTO)
    await omar.says(f"/claim {number}")
    await omar.presses("Done")
    await omar.says("10")
    return omar


def jpeg() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(data, "JPEG")
    return data.getvalue()


async def test_files_that_are_no_pictures_are_told_from_those_that_are(chat: Talk) -> None:
    omar = await asked_for_a_photo(chat)
    megabytes = 1024 * 1024

    async def sends(data: bytes, name: str, mime: str = "image/jpeg", announced: int | None = None) -> str:
        return (await omar._answered(lambda: omar.app.sends_document(data, name, mime, announced_bytes=announced), None)).text

    assert "larger than 10 MB" in await sends(jpeg(), "big.jpg", announced=30 * megabytes)
    assert "larger than 10 MB" in (await omar.sends_photo(jpeg(), announced_bytes=30 * megabytes)).text
    assert "not a picture" in await sends(b"Dear all, this is a text.", "letter.jpg")
    assert "not a picture" in await sends(jpeg()[:200], "half.jpg")
    assert "not a picture" in await sends(b"", "nothing.jpg")
    assert "not a picture" in await sends(b"%PDF-1.4", "report.pdf", "application/pdf")
    assert "not a picture" in await sends(b"<svg onload='alert(1)'/>", "drawing.svg", "image/svg+xml")
    assert "not a picture" in await sends(b"MZ" + bytes(1000), "../../etc/passwd.jpg")
    assert await chat.rows(select(Dialogue.step)) == [("photo",)]
    assert "can be skipped" in await sends(jpeg(), "../../../picture.jpg")


async def test_a_picture_that_nobody_asked_for_is_answered(chat: Talk) -> None:
    _, _, omar, _, _ = await two_teams(chat)
    assert (await omar.sends_photo(jpeg())).text
    assert (await omar.sends_photo(jpeg(), announced_bytes=30 * 1024 * 1024)).text


# Roles


async def test_commands_of_a_role_are_refused_with_a_reason_to_everybody_else(chat: Talk) -> None:
    ours, huda, omar, _, _ = await two_teams(chat)
    number = await chat.task(ours, huda)
    stranger = chat.person("Zed")
    for who in (omar, stranger):
        for text in (
            "/review",
            "/newtask x | 5m",
            f"/edit {number}",
            f"/cancel {number}",
            f"/post {number}",
            "/flags",
            "/role Omar organizer",
        ):
            answer = await who.says(text)
            assert any(
                word in answer.text for word in ("moderators", "organizers", "members", "group", "team", "no task number")
            ), (
                text,
                answer.text,
            )
    assert await chat.rows(select(Member.role).order_by(Member.role)) == [
        (Role.VOLUNTEER,),
        (Role.ORGANIZER,),
        (Role.ORGANIZER,),
    ]
    assert await chat.rows(select(Task.state, Task.version)) == [("open", 1)]
