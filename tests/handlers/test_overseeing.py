"""What moderators do about an appeal while it runs, and what time does to it."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from models.appeal_receipts import Reason
from models.appeals import Appeal, AppealPost, AppealReceipt, AppealState, PostKind, ReceiptState
from models.audit import Action, AuditEntry
from models.roles import Role
from tests.dialogue import Somebody, Talk, both_platforms, plain
from tests.handlers.test_answering import call, calls, told
from tests.handlers.test_appealing import change, columns, team


async def state(chat: Talk) -> AppealState:
    found: AppealState = (await chat.rows(select(Appeal.state).order_by(Appeal.id.desc())))[0][0]
    return found


def card(somebody: Somebody, number: str = "1") -> str:
    """The card of an appeal on a moderator's screen, as it stands."""
    return next(text for text in reversed(somebody.reads()) if text.startswith(f"Appeal {number}: "))


@both_platforms
async def test_the_card_follows_what_happens(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    await chat.task(home, huda, "Pack blankets", seats=5)
    await call(chat, huda)
    await omar.presses("I'm in")
    await chat.passes(minutes=1, step_minutes=0.5)

    shown = card(huda)
    assert "Appeal 1: under way" in shown
    assert "Sent to 3 people" in shown
    assert "1 person is in" in shown
    assert "For: Pack blankets" in shown
    assert "still to hear it" not in shown


async def test_who_cannot_be_reached_is_counted_with_the_reason(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    await chat.task(home, huda, seats=5)
    chat.wire.world.blocked.add(omar.app.id)  # we have not heard of it yet
    await call(chat, huda)
    shown = plain((await huda.says("/appeals 1")).text)
    assert "Sent to 2 people" in shown
    assert "Not sent, for 1 person has blocked the bot" in shown


@both_platforms
async def test_who_is_not_there_any_more_is_counted_apart(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    await chat.task(home, huda, seats=5)
    deletes_their_account(chat, omar)
    await call(chat, huda)
    shown = plain((await huda.says("/appeals 1")).text)
    assert "Sent to 2 people" in shown
    assert "Not sent, for 1 account is gone" in shown
    assert await chat.rows(select(AppealReceipt.reason).where(AppealReceipt.state == ReceiptState.FAILED)) == [(Reason.GONE,)]
    await call(chat, huda, "#1 Once more.")
    assert await chat.rows(select(func.count()).where(AppealReceipt.appeal_id == 2)) == [(2,)], "nobody tries that again"


def deletes_their_account(chat: Talk, somebody: Somebody) -> None:
    world: Any = chat.wire.world
    if chat.platform == "telegram":
        world.deactivated.add(somebody.app.id)
    else:
        del world.users[somebody.app.id]


async def test_a_chat_in_which_it_does_not_stand_is_on_the_card(chat: Talk) -> None:
    home, huda, _, _ = await team(chat)
    await chat.task(home, huda, seats=5)
    home.group.members[chat.wire.world.bot["id"]] = "kicked"  # we have not heard of it yet
    await call(chat, huda)
    assert "Not posted in Warmth: the bot may not write there" in plain((await huda.says("/appeals 1")).text)


async def test_an_appeal_that_is_made_in_a_topic_stands_there(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    await chat.task(home, huda, seats=5)
    topic = chat.wire.topic(home.group, "Tonight")
    huda.app.says("/appeal #1 Come at five.", home.group, message_thread_id=topic, is_topic_message=True)
    await chat.settle()
    await huda.presses("Send")
    await told(chat)
    (there,) = [message for message in omar.app.answers(home.group) if "Come at five." in message.text]
    assert there.thread == topic


async def test_a_group_that_moves_gets_it_where_it_went(chat: Talk) -> None:
    home, huda, _, _ = await team(chat)
    home.group.kind = "group"
    await chat.task(home, huda, seats=5)
    await call(chat, huda)
    new = chat.wire.migrate(home.group)
    await chat.settle()
    await huda.presses("Correct")
    huda.writes("Blankets and coats are needed.")
    await chat.settle()
    await chat.later(seconds=5)
    (moved,) = [text for text in huda.reads(new) if text.startswith("Appeal from Warmth")]
    assert "Blankets and coats are needed." in moved
    await huda.presses("Stop it")
    await chat.later(seconds=5)
    assert any("does not hold any more" in text for text in huda.reads(new))


@both_platforms
async def test_paused_resumed_and_stopped(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    await chat.give_role(home, omar, Role.MODERATOR)
    await chat.task(home, huda, seats=5)
    await call(chat, huda)
    assert len(calls(omar)) == 1
    await omar.says("/appeals")
    await omar.presses("Blankets")
    assert "Appeal 1: under way" in omar.screen.text
    await omar.presses("Pause")
    assert await state(chat) is AppealState.PAUSED
    assert "Paused: nothing more goes out for now." in omar.screen.text
    await omar.presses("Resume")
    assert await state(chat) is AppealState.RUNNING
    stale = omar.screen
    await huda.presses("Stop it")
    assert await state(chat) is AppealState.STOPPED
    await omar.presses_on(stale, data="appeal_do:1 pause:1")
    assert "This appeal was stopped." in plain(omar.screen.text) or "was stopped" in omar.toast
    await chat.later(seconds=5)
    assert any("does not hold any more" in text for text in omar.reads())
    assert not calls(omar)
    actions = [action for (action,) in await chat.rows(select(AuditEntry.action).order_by(AuditEntry.id))]
    assert actions == [Action.APPEAL_SENT, Action.APPEAL_PAUSED, Action.APPEAL_RESUMED, Action.APPEAL_STOPPED]


@both_platforms
async def test_a_second_moderator_confirms_where_the_team_wants_it_and_always_what_is_urgent(chat: Talk) -> None:
    home, huda, omar, sara = await team(chat)
    await chat.give_role(home, omar, Role.MODERATOR)
    await chat.task(home, huda, seats=5)
    await huda.says("/appeal #1 Come at once.")
    await huda.presses("Urgent")
    assert "A second moderator confirms it before it goes out." in huda.screen.text
    assert "Urgent appeal from Warmth" in plain(huda.screen.text)
    await huda.presses("Send")
    assert await state(chat) is AppealState.WAITING
    assert await chat.rows(select(AppealPost.id).where(AppealPost.kind == PostKind.CALL)) == []
    await chat.later(seconds=5)
    assert "An appeal waits for a second moderator." in omar.screen.text
    assert "Come at once." in omar.screen.text
    seen = await omar.presses("Show the appeal")
    assert plain(seen.text).startswith("Urgent appeal from Warmth\nCome at once.")
    hidden = await sara.presses_on(sara.screen, data="appeal_see:1:0")
    assert "لا يوجد هنا نداء برقم 1" in plain(hidden.text)

    await huda.presses("Confirm")
    assert await state(chat) is AppealState.WAITING
    assert any("Nobody confirms their own appeal" in text for text in [*huda.reads(), huda.toast])
    await omar.presses("Confirm")
    assert await state(chat) is AppealState.RUNNING
    await told(chat)
    assert len(calls(sara, "نداء عاجل من Warmth")) == 1

    await columns(chat, appeal_moderators=2)
    await huda.says("/appeal #1 And once more.")
    await huda.presses("Send")
    assert await state(chat) is AppealState.WAITING


@both_platforms
async def test_what_nobody_confirmed_for_a_day_is_asked_about(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    await chat.give_role(home, omar, Role.MODERATOR)
    await change(chat, omar, quiet_from=13 * 60, quiet_until=18 * 60)
    await chat.task(home, huda, seats=9, deadline_at=chat.clock.now() + timedelta(days=9))
    await call(chat, huda)
    await chat.passes(hours=23, step_minutes=60)
    assert not any("Is it still true?" in text for text in huda.reads())
    await chat.passes(hours=2, step_minutes=30)
    assert "Appeal 1 was last confirmed Monday 23 November at 14:00" in plain(huda.screen.text)
    await huda.presses("Still true")
    assert "Last confirmed: Tuesday 24 November" in card(huda)
    await chat.passes(hours=20, step_minutes=60)
    assert not any("Is it still true?" in text for text in omar.reads()), "by then it was answered"


@both_platforms
async def test_when_all_seats_are_taken_it_ends_and_thanks_those_who_came(chat: Talk) -> None:
    home, huda, omar, sara = await team(chat)
    soon = chat.clock.now() + timedelta(hours=4)
    await chat.task(home, huda, "Pack blankets", seats=1, deadline_at=soon)
    await call(chat, huda)
    await omar.presses("I'm in")
    await chat.later(seconds=6)
    assert await state(chat) is AppealState.ENDED
    await chat.later(seconds=6)
    assert any("تمّت التغطية، شكرًا!" in text for text in sara.reads())
    assert any("Covered, thank you!" in text for text in huda.reads(home.group))

    await omar.says("/done 1")
    await omar.presses("10 minutes")
    await omar.presses("Skip")
    await huda.says("/review")
    await huda.presses("Approve")
    await change(chat, omar)
    await chat.passes(hours=5, step_minutes=30)
    result = next(text for text in omar.reads() if "An appeal of Warmth is over." in text)
    assert "It said: “Blankets are needed tonight.”" in result
    assert "1 person took part." in result
    assert "Done: 1 task, 10 minutes." in result
    assert not any("An appeal of Warmth is over" in text for text in huda.reads())
    shown = await huda.says("/appeals 1")
    assert "Done so far: 1 task, 10 minutes" in plain(shown.text)


async def test_what_grows_old_is_over_and_says_so(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    await chat.task(home, huda, seats=9, deadline_at=chat.clock.now() + timedelta(days=9))
    await call(chat, huda)
    await chat.passes(hours=49, step_minutes=240)
    assert await state(chat) is AppealState.STALE
    assert any("its time has passed" in text for text in omar.reads())
    late = await omar.presses_on(omar.screen, data="appeal_in:1:0")
    assert "its time has passed. Thank you for reading it. This would help as well:" in plain(late.text)


async def test_an_appeal_that_is_stopped_before_it_begins_comes_to_no_chat(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    await chat.task(home, huda, seats=5)
    await huda.says("/appeal #1 Come at six. | at 18:00")
    await huda.presses("Send")
    await huda.presses("Stop it")
    await chat.later(hours=5)
    assert await state(chat) is AppealState.STOPPED
    assert not any("Come at six." in text for text in omar.reads() + huda.reads(home.group))


async def test_what_is_stopped_at_once_does_not_come_to_the_chats_any_more(chat: Talk) -> None:
    home, huda, _, _ = await team(chat)
    await chat.task(home, huda, seats=5)
    preview = await huda.says("/appeal #1 A slip.")
    huda.app.presses(preview, "Send")
    await chat.arrived()
    huda.app.presses(preview, data="appeal_do:1 stop:1")
    await chat.settle()
    assert await state(chat) is AppealState.STOPPED
    assert huda.reads(home.group) == []
