"""How an appeal is doing: the card that moderators look after it with."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.stored import load_place
from handlers.types import Button, Card, Reply, Row, Tone
from handlers.words import N_, Said, Words, clean_line
from models.appeal_posts import PostFailure, failed_calls
from models.appeal_receipts import Progress, Reason, progress_of
from models.appeals import OVER, Appeal, AppealPost, AppealState
from models.calling import tasks_of_appeal
from models.people import Person
from models.shares import Spread, spread_of
from models.turnout import Answer, count_answers, result_of

_TEXT_SHOWN = 120
_TASKS_SHOWN = 5

STATES = {
    AppealState.DRAFT: N_("Appeal {number}: not sent"),
    AppealState.WAITING: N_("Appeal {number}: waits for a second moderator"),
    AppealState.RUNNING: N_("Appeal {number}: under way"),
    AppealState.PAUSED: N_("Appeal {number}: paused"),
    AppealState.STOPPED: N_("Appeal {number}: stopped"),
    AppealState.ENDED: N_("Appeal {number}: covered"),
    AppealState.STALE: N_("Appeal {number}: its time is over"),
}


async def draw_progress(session: AsyncSession, appeal: Appeal, words: Words, now: datetime) -> Reply:
    """What it says, whom it reached, what it brought, and what can be done about it."""
    say = words.say
    progress = await progress_of(session, appeal.id)
    answers = await count_answers(session, appeal.id)
    lines = [
        shortened(appeal.text_for(words.language)),
        await _aim(session, appeal, words),
        *_reach(appeal, progress, words, now),
        *[_unposted(post, words) for post in await failed_calls(session, appeal.id)],
        words.count("{n} person is in", "{n} people are in", answers.get(Answer.IN, 0)),
        *_declined(answers, words),
        *_spread(await spread_of(session, appeal_id=appeal.id), words),
        *(await _result(session, appeal, words) if appeal.state in OVER else ()),
        say("Last confirmed: {moment}", moment=words.date_and_time(appeal.last_confirmed_at)),
    ]
    card = Card(say(STATES[appeal.state], number=appeal.id), tuple(lines), await _who(session, appeal, words))
    return Reply(card=card, rows=_rows(appeal, words))


def shortened(text: str) -> str:
    """The beginning of what an appeal says."""
    line = clean_line(text)
    return line if len(line) <= _TEXT_SHOWN else f"{line[: _TEXT_SHOWN - 1].rstrip()}…"


async def _aim(session: AsyncSession, appeal: Appeal, words: Words) -> Said:
    if appeal.tag:
        return words.say("For all tasks with the tag {tag}", tag=f"#{appeal.tag}")
    titles = [task.title for task in await tasks_of_appeal(session, appeal)][:_TASKS_SHOWN]
    return words.say("For: {titles}", titles=words.list_of(list(titles)))


def _reach(appeal: Appeal, progress: Progress, words: Words, now: datetime) -> list[Said]:
    say, count = words.say, words.count
    if appeal.sent_at is None:
        return [count("It would reach {n} person privately", "It would reach {n} people privately", appeal.audience_size)]
    if appeal.starts_at > now:
        return [say("It begins {moment}", moment=words.date_and_time(appeal.starts_at))]
    settled = progress.sent + progress.all_failed + progress.unknown + progress.dropped
    waiting = 0 if appeal.state in OVER else max(progress.on_their_way, appeal.audience_size - settled)
    lines = [count("Sent to {n} person", "Sent to {n} people", progress.sent)]
    if waiting:
        lines.append(count("{n} person is still to hear it", "{n} people are still to hear it", waiting))
    if progress.unknown:
        lines.append(
            count(
                "The connection broke: {n} person may or may not have got it",
                "The connection broke: {n} people may or may not have got it",
                progress.unknown,
            )
        )
    if progress.dropped:
        lines.append(count("It was over before {n} person got it", "It was over before {n} people got it", progress.dropped))
    return [*lines, *(_failure(reason, n, words) for reason, n in sorted(progress.failed.items()))]


def _failure(reason: str, n: int, words: Words) -> Said:
    count = words.count
    if reason == Reason.BLOCKED:
        return count("Not sent, for {n} person has blocked the bot", "Not sent, for {n} people have blocked the bot", n)
    if reason == Reason.GONE:
        return count("Not sent, for {n} account is gone", "Not sent, for {n} accounts are gone", n)
    if reason == Reason.BROKEN:
        return count(
            "Not sent to {n} person: the connection broke again and again",
            "Not sent to {n} people: the connection broke again and again",
            n,
        )
    return count("The platform refused it for {n} person", "The platform refused it for {n} people", n)


_UNPOSTED = {
    PostFailure.CLOSED: N_("Not posted in {chat}: the bot may not write there"),
    PostFailure.GONE: N_("In {chat} its message was deleted"),
    PostFailure.UNKNOWN: N_("The connection broke: in {chat} it may stand or not"),
    PostFailure.REFUSED: N_("Not posted in {chat}: the platform refused it"),
}


def _unposted(post: AppealPost, words: Words) -> Said:
    return words.say(_UNPOSTED[PostFailure(post.failure)], chat=load_place(post.place).title)


def _declined(answers: dict[Answer, int], words: Words) -> list[Said]:
    later, fewer = answers.get(Answer.NOT_NOW, 0), answers.get(Answer.NOT_FOR_ME, 0)
    if not later and not fewer:
        return []
    return [words.say("Not now: {later} · Not for me: {fewer}", later=later, fewer=fewer)]


def _spread(spread: Spread, words: Words) -> list[Said]:
    return [spread_line(spread, words)] if spread.sharers else []


def spread_line(spread: Spread, words: Words) -> Said:
    """What sharing brought, in a line."""
    return words.count(
        "Shared by {n} link: {came} came, {joined} joined, {seated} took a seat",
        "Shared by {n} links: {came} came, {joined} joined, {seated} took a seat",
        spread.sharers,
        came=spread.came,
        joined=spread.joined,
        seated=spread.seated,
    )


async def _result(session: AsyncSession, appeal: Appeal, words: Words) -> list[Said]:
    result = await result_of(session, appeal.id)
    minutes = words.minutes(result.minutes)
    return [words.count("Done so far: {n} task, {minutes}", "Done so far: {n} tasks, {minutes}", result.done, minutes=minutes)]


async def _who(session: AsyncSession, appeal: Appeal, words: Words) -> Said:
    author = await session.get_one(Person, appeal.author_id)
    if appeal.confirmed_by is None:
        return words.say("By {name}", name=author.name)
    second = await session.get_one(Person, appeal.confirmed_by)
    return words.say("By {name}, confirmed by {second}", name=author.name, second=second.name)


def _rows(appeal: Appeal, words: Words) -> tuple[Row, ...]:
    say, number = words.say, str(appeal.id)

    def button(label: str, does: str, tone: Tone = Tone.PLAIN) -> Button:
        return Button(say(label), "appeal_do", f"{number} {does}", appeal.version, tone)

    stop = button(N_("Stop it"), "stop", Tone.DANGER)
    correct = Button(say("Correct"), "appeal_correct", number)
    if appeal.state is AppealState.WAITING:
        return ((button(N_("Confirm"), "confirm", Tone.PRIMARY), stop), (correct,))
    if appeal.state is AppealState.RUNNING:
        return ((button(N_("Pause"), "pause"), stop), (correct, button(N_("Still true"), "true")))
    if appeal.state is AppealState.PAUSED:
        return ((button(N_("Resume"), "resume", Tone.PRIMARY), stop), (correct, button(N_("Still true"), "true")))
    return ()
