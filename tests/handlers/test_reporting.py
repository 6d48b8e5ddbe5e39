"""Completing a task: the report, its review, and the credit."""

import io

import pytest
from PIL import Image
from sqlalchemy import select

from models.claims import Claim, ClaimState
from models.communities import Member
from models.reports import Report, ReportState
from models.roles import Role
from models.tasks import Proof, Task, TaskState
from tests.dialogue import Home, Somebody, Talk, both_platforms, photo_in, plain


def picture() -> bytes:
    """A JPEG that tells where it was taken."""
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    data = io.BytesIO()
    Image.new("RGB", (64, 48), "olive").save(data, "JPEG", exif=exif)
    return data.getvalue()


async def stage(chat: Talk) -> tuple[Home, Somebody, Somebody, Somebody]:
    """A community with an organizer, a moderator and a volunteer."""
    huda, lina, omar = chat.person("Huda"), chat.person("Lina"), chat.person("Omar")
    home = await chat.home(huda, lina, omar)
    await chat.give_role(home, lina, Role.MODERATOR)
    return home, huda, lina, omar


@both_platforms
async def test_from_done_to_credit_with_a_photo(chat: Talk) -> None:
    home, huda, lina, omar = await stage(chat)
    number = await chat.task(home, huda, "Measure the rooms", minutes=10, proof=Proof.PHOTO)
    await chat.task(home, huda, "Bring blankets", minutes=30)
    await omar.says(f"/claim {number}")

    asked = await omar.presses("Done")
    assert "How many minutes did Measure the rooms take?" in plain(asked.text)
    assert asked.labels[0] == ["10 minutes", "5 minutes", "20 minutes"], "the estimate is offered first"
    assert "photo" in (await omar.says("١٢")).text
    assert "A picture is the answer here." in (await omar.says("here it is")).text
    await omar.sends_photo(picture())
    handed_in = await omar.presses("Skip")

    assert "Huda, Lina will look at it, tomorrow at 14:00 at the latest" in plain(handed_in.text)
    await chat.later(seconds=5)
    assert "waits for its review" in lina.screen.text
    seen = await lina.presses("Review")
    assert "By Omar" in plain(seen.text)
    assert "Took 12 minutes; 10 minutes were planned" in seen.text
    assert b"Exif" not in photo_in(seen)
    await lina.presses("Approve")

    assert "Approved: 12 minutes for Omar" in plain(lina.screen.text)
    assert "12 minutes credited. Thank you from Warmth!" in plain(omar.screen.text)
    assert "Given so far: 12 minutes in 1 task." in omar.screen.text
    assert "Next, perhaps: Bring blankets, 30 minutes." in plain(omar.screen.text)
    assert await chat.rows(select(Claim.state, Report.state).join(Report)) == [(ClaimState.APPROVED, ReportState.APPROVED)]
    assert await chat.rows(select(Task.state).where(Task.id == number)) == [(TaskState.DONE,)]
    assert await chat.rows(select(Member.trusted_at.is_not(None)).where(Member.role == Role.VOLUNTEER)) == [(True,)]
    assert "12 minutes in 1 task" in plain((await omar.says("/mine")).text)


async def test_words_under_the_photo_are_the_note(chat: Talk) -> None:
    home, huda, lina, omar = await stage(chat)
    number = await chat.task(home, huda, proof=Proof.PHOTO)
    await omar.says(f"/claim {number}")
    await omar.presses("Done")
    await omar.presses("10 minutes")

    assert "fit here" in (await omar.sends_photo(picture(), caption="word " * 400)).text
    assert "Handed in" in (await omar.sends_photo(picture(), caption="All three rooms.")).text
    assert "All three rooms." in (await lina.says("/review")).text


@both_platforms
@pytest.mark.parametrize(
    ("proof", "wrong", "right", "column"),
    [
        (Proof.NOTE, "\u200b", "All three were well.", "note"),
        (Proof.LINK, "done", "https://example.org/list", "link"),
    ],
)
async def test_each_proof_is_asked_for(chat: Talk, proof: Proof, wrong: str, right: str, column: str) -> None:
    home, huda, _, omar = await stage(chat)
    number = await chat.task(home, huda, proof=proof)
    await omar.says(f"/claim {number}")
    await omar.says(f"/done {number}")
    await omar.presses("10 minutes")

    await omar.says(wrong)
    assert await chat.rows(select(Report.id)) == []
    await omar.says(right)
    if proof is Proof.LINK:
        await omar.presses("Skip")
    assert await chat.rows(select(getattr(Report, column))) == [(right,)]


@both_platforms
async def test_a_report_is_sent_back_with_a_word_and_handed_in_again(chat: Talk) -> None:
    home, huda, lina, omar = await stage(chat)
    number = await chat.task(home, huda, "Write a letter")
    await omar.says(f"/claim {number}")
    await omar.says(f"/done {number}")
    await omar.presses("10 minutes")
    await omar.presses("Skip")

    await lina.says("/review")
    assert "What should Omar change" in plain((await lina.presses("Send back")).text)
    await lina.says("Who was it sent to?")
    assert "needs one more thing: Who was it sent to?" in plain(omar.screen.text)
    await omar.presses("Hand in again")
    await omar.presses("10 minutes")
    await omar.says("To Mr. Adel")
    await lina.says("/review")
    await lina.presses("Approve")

    assert await chat.rows(select(Report.state).order_by(Report.id)) == [(ReportState.SENT_BACK,), (ReportState.APPROVED,)]
    assert "10 minutes in 1 task" in plain((await omar.says("/mine")).text), "the work is credited once"


@both_platforms
async def test_a_rejected_report_frees_the_seat(chat: Talk) -> None:
    home, huda, lina, omar = await stage(chat)
    number = await chat.task(home, huda)
    await omar.says(f"/claim {number}")
    await omar.says(f"/done {number}")
    await omar.presses("10 minutes")
    await omar.presses("Skip")

    await lina.says("/review")
    await lina.presses("Reject")
    await lina.says("Nobody was called.")

    assert "was not accepted: Nobody was called." in plain(omar.screen.text)
    assert await chat.rows(select(Claim.state, Task.seats_taken).join(Task, Task.id == Claim.task_id)) == [
        (ClaimState.REJECTED, 0)
    ]


@both_platforms
async def test_the_first_decision_wins_and_the_others_see_whose_it_was(chat: Talk) -> None:
    home, huda, lina, omar = await stage(chat)
    number = await chat.task(home, huda)
    await omar.says(f"/claim {number}")
    await omar.says(f"/done {number}")
    await omar.presses("10 minutes")
    await omar.presses("Skip")
    await lina.says("/review")
    await huda.says("/review")

    await lina.presses("Approve")
    told = await huda.presses("Approve")

    assert "Lina was first: the report is approved." in plain(told.text)
    assert await chat.rows(select(Report.minutes)) == [(10,)]


@both_platforms
async def test_nobody_reviews_their_own_report(chat: Talk) -> None:
    home, huda, lina, omar = await stage(chat)
    number = await chat.task(home, huda)
    await lina.says(f"/claim {number}")
    await lina.says(f"/done {number}")
    await lina.presses("10 minutes")
    await lina.presses("Skip")

    assert "No report is waiting" in (await lina.says("/review")).text
    [(report,)] = await chat.rows(select(Report.id))
    told = await lina.presses_on(lina.screen, data=f"approve:{report}:0")
    assert "Nobody reviews their own report" in told.text
    told = await omar.presses_on(await omar.says("/help"), data=f"approve:{report}:0")
    assert "for the team's moderators" in told.text
    assert await chat.rows(select(Report.state)) == [(ReportState.WAITING,)]


@both_platforms
async def test_a_seat_that_is_gone_ends_the_report(chat: Talk) -> None:
    home, huda, _, omar = await stage(chat)
    number = await chat.task(home, huda, "Write a letter")
    await omar.says(f"/claim {number}")
    question = await omar.says(f"/done {number}")
    await omar.says(f"/release {number}")
    await omar.presses("Skip")

    told = await omar.presses_on(question, "10 minutes")
    assert "No seat of Write a letter is held" in plain(told.text)
    assert await chat.rows(select(Report.id)) == []
