"""What stands on somebody's record, for them and their team's moderators: shown, contested with a word, and decided about."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from handlers.context import Context
from handlers.flows import Ask, Data, Flow, Given, Step, check_length, declare, start
from handlers.notices import Telling, notice
from handlers.registry import Arg, ArgKind, command
from handlers.telling import stamp, tell
from handlers.types import Button, Reply, Row, Tone
from handlers.words import N_, Said, Words, clean, clean_line
from models.attendance import strike_out
from models.communities import staff
from models.notices import NoticeKind, plan
from models.people import Person
from models.record import Entry, EntryKind, Recorded, check_judge, contest, get_entry, keep
from models.refusals import AlreadyContested, NotFound, Outdated
from models.roles import Role

_CONTESTED = "contested"
_WORD_LIMIT = 300
_SHOWN = 5
_ENTRY = Arg("entry", ArgKind.NUMBER, "")

KINDS = {
    EntryKind.LATE: N_("{title}, {day}: given back less than a day before"),
    EntryKind.NO_SHOW: N_("{title}, {day}: missed, as a moderator noted"),
    EntryKind.NOTHING: N_("{title}, {day}: nothing was handed in"),
}


def entry_lines(entries: Sequence[Recorded], words: Words) -> list[Said]:
    """What stands on a record."""
    return [_line(one, words) for one in entries]


def _line(one: Recorded, words: Words) -> Said:
    entry = one.entry
    line = words.say(KINDS[entry.kind], title=one.task.title, day=words.day(one.task.starts_at or entry.at))
    if entry.contested_at is None:
        return line
    word = words.say("contested: {word}", word=entry.word)
    return words.beside(line, word, *([words.say("looked at again, and kept")] if entry.kept_at else []))


def own_rows(entries: Sequence[Recorded], words: Words) -> tuple[Row, ...]:
    """A press for each entry that its person has not contested yet."""
    open_ones = [one for one in entries if one.entry.contested_at is None][:_SHOWN]
    return tuple(
        (Button(words.say("It is not so: {title}", title=_short(one.task.title)), "contest", str(one.entry.id)),)
        for one in open_ones
    )


def judging_rows(entries: Sequence[Recorded], words: Words) -> tuple[Row, ...]:
    """For moderators: a decision about each entry that is contested."""
    rows: list[Row] = []
    for one in [one for one in entries if one.entry.contested_at is not None and one.entry.kept_at is None][:_SHOWN]:
        number, title = str(one.entry.id), _short(one.task.title)
        rows.append(
            (
                Button(words.say("Strike out: {title}", title=title), "strike", number, tone=Tone.PRIMARY),
                Button(words.say("Keep: {title}", title=title), "keep", number),
            )
        )
    return tuple(rows)


def _short(title: str) -> str:
    line = clean_line(title)
    return line if len(line) <= 30 else line[:29] + "…"


# The person's own word


@command("contest", args=(_ENTRY,))
async def contest_entry(context: Context, entry: int) -> Reply:
    """Ask for the word that goes with it."""
    return await start(context, CONTEST, {"entry": entry})


async def _guard(context: Context, data: Data) -> None:
    entry, _, _ = await get_entry(context.session, data["entry"], context.now)
    if entry.person_id != context.person.id:
        raise NotFound("entry")
    if entry.contested_at is not None:
        raise AlreadyContested


async def _ask_word(context: Context, data: Data) -> Ask:
    task = (await get_entry(context.session, data["entry"], context.now)).task
    return Ask(context.words.say("How was it with {title}? A sentence is enough; the moderators read it.", title=task.title))


async def _parse_word(context: Context, data: Data, given: Given) -> str:
    return check_length(context.words, clean(given.text), _WORD_LIMIT)


async def _finish(context: Context, data: Data) -> Reply:
    entry = await contest(context.session, data["entry"], context.person.id, data["word"], context.now)
    await plan(context.session, [_news(entry, judge, context.now) for judge in await _judges(context, entry)])
    say = context.words.say
    text = say("Thank you, somebody looks at it again. What comes of it is told here.")
    return Reply(text=text, rows=((Button(say("My record"), "record"),),), edit=context.is_press)


async def _judges(context: Context, entry: Entry) -> list[Person]:
    """The moderators who decide: not the one who made the entry, where there is another, and never the person themself."""
    others = [person for person in await staff(context.session, entry.community_id) if person.id != entry.person_id]
    return [person for person in others if person.id != entry.by_id] or others


def _news(entry: Entry, judge: Person, now: datetime) -> dict[str, object]:
    return {
        "key": f"{_CONTESTED}:{entry.claim_id}:{stamp(now)}:{judge.id}",
        "person_id": judge.id,
        "community_id": entry.community_id,
        "kind": NoticeKind.TEAM,
        "topic": _CONTESTED,
        "about": entry.id,
        "due_at": now,
        "useless_at": now + timedelta(days=30),
    }


@notice(_CONTESTED)
async def draw_contested(telling: Telling) -> Reply | None:
    """What somebody says against an entry, with the decision to press; nothing where somebody else has decided."""
    try:
        found = await get_entry(telling.session, telling.notice.about, telling.now)
    except NotFound:
        return None
    if found.entry.kept_at is not None:
        return None
    person = await telling.session.get_one(Person, found.entry.person_id)
    text = telling.words.say("{name} contests what stands on their record.", name=person.name)
    return Reply(text=f"{text}\n{_line(found, telling.words)}", rows=judging_rows([found], telling.words))


# The moderators' decision


async def _to_judge(context: Context, entry_id: int) -> Recorded:
    found = await get_entry(context.session, entry_id, context.now)
    if await context.member_of(found.community.id) is None:
        raise NotFound("entry")
    await context.require(Role.MODERATOR, found.community.id)
    await check_judge(context.session, found.entry, context.person.id)
    if found.entry.contested_at is None or found.entry.kept_at is not None:
        raise Outdated
    return found


@command("strike", args=(_ENTRY,))
async def strike_entry(context: Context, entry: int) -> Reply:
    """It does not belong on the record."""
    found = await _to_judge(context, entry)
    await strike_out(context.session, found.entry)
    news = N_("{title} stands on your record no more. Thank you for the word!")
    said = context.words.say("Struck out, and {name} is told.", name=await _name(context, found))
    return await _decided(context, found, news, said)


@command("keep", args=(_ENTRY,))
async def keep_entry(context: Context, entry: int) -> Reply:
    """It stays."""
    found = await _to_judge(context, entry)
    if not await keep(context.session, entry, context.person.id, context.now):
        raise Outdated
    news = N_("Another look was taken at {title}: it stays on your record, and fades 90 days after the day it was noted.")
    said = context.words.say("Kept, and {name} is told.", name=await _name(context, found))
    return await _decided(context, found, news, said)


async def _name(context: Context, found: Recorded) -> str:
    return (await context.session.get_one(Person, found.entry.person_id)).name


async def _decided(context: Context, found: Recorded, sentence: str, said: Said) -> Reply:
    def news(words: Words) -> Reply:
        rows = ((Button(words.say("My record"), "record"),),)
        return Reply(text=words.say(sentence, title=found.task.title), rows=rows)

    key = f"judged:{found.entry.claim_id}:{stamp(context.now)}"
    await tell(context, [found.entry.person_id], key, news, zone=found.community.timezone)
    return Reply(text=said, toast=said, edit=context.is_press)


CONTEST = declare(
    Flow("contest", N_("a word about the record"), (Step("word", _ask_word, _parse_word),), finish=_finish, guard=_guard)
)
