"""What a task is made of, field by field: how each is asked for, read and shown. Making and changing tasks share it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from handlers import reading
from handlers.cards import PROOFS, place_text, zoned
from handlers.context import Context
from handlers.flows import Ask, Data, Given, Invalid, Option, Step
from handlers.moments import read_beginning, read_moment
from handlers.recurring import rhythm_text
from handlers.types import Card
from handlers.words import N_, Said, Words, clean_line, isolate
from models.communities import Community
from models.making import Draft
from models.refusals import Malformed
from models.tasks import TIME_TO_REPORT, UNTIL_DEADLINE, Proof, Task

Options = tuple[tuple[Option, ...], ...]

_KEEP = "keep"
_EMPTY = "empty"


@dataclass(frozen=True)
class Field:
    """One thing that a task says. Its value is kept as JSON under its name."""

    name: str
    label: str
    """What it is called, as a catalogue sentence."""
    question: str
    read: Callable[[str, Words, datetime], Any]
    """The value in what was written or pressed. Raises Malformed."""
    show: Callable[[Any, Words, datetime], Said]
    options: Callable[[Words], Options] = lambda _: ()
    empty: Any = None
    """The value where it was left out; None: it cannot be."""
    example: str = ""
    """What an empty input field shows."""
    is_choice: bool = False
    """The options are all the values there are."""


def hold_text(minutes: int, words: Words) -> Said:
    """How long a seat is held."""
    if minutes >= UNTIL_DEADLINE:
        return words.say("until the deadline")
    return words.minutes(minutes) if minutes % 60 else _hours(minutes // 60, words)


def _hours(n: int, words: Words) -> Said:
    return words.count("{n} hour", "{n} hours", n)


def _tags_text(tags: list[str], words: Words) -> Said:
    return words.list_of(["#" + tag for tag in tags])


def _moment(value: str, words: Words, now: datetime) -> Said:
    return words.moment(datetime.fromisoformat(value), now)


def _beginning(value: str, words: Words, now: datetime) -> Said:
    return _moment(value, words, now) if value else words.say("at any time")


def _read_beginning(text: str, words: Words, now: datetime) -> str:
    return read_beginning(text, now, words.zone).isoformat()


def _read_deadline(text: str, words: Words, now: datetime) -> str:
    return read_moment(text, now, words.zone).isoformat()


def _numbers(say: Callable[[Words, int], Said], *rows: tuple[int, ...]) -> Callable[[Words], Options]:
    return lambda words: tuple(tuple(Option(say(words, n), str(n)) for n in row) for row in rows)


def _beginnings(words: Words) -> Options:
    return ((Option(words.say("Tomorrow, 10:00"), "tomorrow 10:00"), Option(words.say("Tomorrow, 17:00"), "tomorrow 17:00")),)


def _deadlines(words: Words) -> Options:
    return (
        (Option(words.say("Tonight"), "tonight"), Option(words.say("Tomorrow"), "tomorrow")),
        (Option(words.count("In {n} day", "In {n} days", 3), "3d"), Option(words.say("In a week"), "7d")),
    )


def _proofs(words: Words) -> Options:
    names = {
        Proof.NONE: words.say("Nothing but the minutes"),
        Proof.NOTE: words.say("A note"),
        Proof.PHOTO: words.say("A photo"),
        Proof.LINK: words.say("A link"),
    }
    nothing, *others = (Option(name, proof.value) for proof, name in names.items())
    return (nothing,), tuple(others)


def _holds(words: Words) -> Options:
    hours = tuple(Option(_hours(n, words), f"{n}h") for n in (1, 3, 12, 24))
    return hours, (Option(words.say("Until the deadline"), "deadline"),)


FIELDS = {
    field.name: field
    for field in (
        Field(
            "title",
            N_("Title"),
            N_("What is to be done? A short title, as one would say it."),
            lambda text, _words, _now: reading.read_title(text),
            lambda value, _words, _now: Said(isolate(clean_line(value))),
            example=N_("Call three elders"),
        ),
        Field(
            "description",
            N_("Description"),
            N_("What should volunteers know before they begin? A few sentences help, and can be skipped."),
            lambda text, _words, _now: reading.read_description(text),
            lambda value, _words, _now: Said(isolate(clean_line(value))),
            empty="",
        ),
        Field(
            "minutes",
            N_("Minutes"),
            N_("How many minutes does it take?"),
            lambda text, _words, _now: reading.read_minutes(text),
            lambda value, words, _: words.minutes(value),
            _numbers(Words.minutes, (5, 10, 15), (30, 60)),
        ),
        Field(
            "seats",
            N_("Seats"),
            N_("How many people are needed? Each takes one seat."),
            lambda text, _words, _now: reading.read_seats(text),
            lambda value, words, _: words.seats(value),
            _numbers(Words.number, (1, 2, 3, 5, 10)),
        ),
        Field(
            "place",
            N_("Place"),
            N_("Where is it done? A place in words, or the button."),
            lambda text, _words, _now: reading.read_place(text),
            lambda value, words, _: place_text(value, words),
            lambda words: ((Option(words.say("Remote, from anywhere"), "remote"),),),
        ),
        Field(
            "tags",
            N_("Tags"),
            N_("Which tags help people to find it? Up to five words, for example #elderly #phone."),
            lambda text, _words, _now: reading.read_tags(text),
            lambda value, words, _: _tags_text(value, words),
            empty=[],
            example="#elderly #phone",
        ),
        Field(
            "starts",
            N_("Beginning"),
            N_("When does it begin? A day and an hour, such as 25/12 17:00. Where the hour is free, this is skipped."),
            _read_beginning,
            _beginning,
            _beginnings,
            empty="",
        ),
        Field(
            "deadline",
            N_("Deadline"),
            N_("Until when? A button, or a day and time such as 25/12 18:00."),
            _read_deadline,
            _moment,
            _deadlines,
        ),
        Field(
            "proof",
            N_("What to hand in"),
            N_("What should people hand in when they are done?"),
            lambda text, _words, _now: reading.read_proof(text).value,
            lambda value, words, _: words.say(PROOFS[Proof(value)]),
            _proofs,
            is_choice=True,
        ),
        Field(
            "hold",
            N_("Holding time"),
            N_("For how long does a seat stay with whoever takes it?"),
            lambda text, _words, _now: reading.read_hold(text),
            lambda value, words, _: hold_text(value, words),
            _holds,
        ),
    )
}

DEFAULTS = {
    "description": "",
    "minutes": 15,
    "seats": 1,
    "place": "",
    "starts": "",
    "tags": [],
    "proof": Proof.NOTE.value,
    "hold": 24 * 60,
}
DEFAULT_DEADLINE = "3d"


def steps(is_needed: Callable[[Data, str], bool], *, can_skip: bool) -> tuple[Step, ...]:
    """A wizard's step for each field. Its data names the `community`; the value that a field has is shown and can be kept."""
    return tuple(_step(field, is_needed, can_skip=can_skip) for field in FIELDS.values())


def _step(field: Field, is_needed: Callable[[Data, str], bool], *, can_skip: bool) -> Step:
    is_optional = field.empty is not None

    async def ask(context: Context, data: Data) -> Ask:
        words = await words_of(context, data)
        text, options = words.say(field.question), field.options(words)
        value = data.get(field.name)
        if value is not None:
            text = Said(f"{text}\n\n{_so_far(field, value, words, context.now)}")
            choices = [Option(words.say("Keep it"), _KEEP)]
            if is_optional and not can_skip:
                choices.append(Option(words.say("Leave it out"), _EMPTY))
            options = (*options, tuple(choices))
        return Ask(text, options, placeholder=words.say(field.example) if field.example else "")

    async def parse(context: Context, data: Data, given: Given) -> Any:
        if given.option == _KEEP and data.get(field.name) is not None:
            return data[field.name]
        if given.option == _EMPTY and is_optional:
            return field.empty
        words = await words_of(context, data)
        try:
            return field.read(given.text if given.option is None else given.option, words, context.now)
        except Malformed as malformed:
            raise Invalid(words.say(malformed.hint, **malformed.values)) from None

    return Step(
        field.name,
        ask,
        parse,
        is_optional=is_optional and can_skip,
        is_needed=lambda data: is_needed(data, field.name),
        label=field.label,
        is_choice=field.is_choice,
    )


def _so_far(field: Field, value: Any, words: Words, now: datetime) -> Said:
    if value == field.empty:
        return words.say("So far there is none.")
    return words.say("So far: {value}", value=field.show(value, words, now))


async def words_of(context: Context, data: Data) -> Words:
    """The reader's words, in the time zone of the community that `data` names."""
    return zoned(context, await context.session.get_one(Community, data["community"]))


def as_draft(data: Data) -> Draft:
    """What was answered, as a task to be made. One with a fixed time waits for reports for a while after it."""
    values = {name: data.get(name, DEFAULTS.get(name)) for name in FIELDS if name != "tags"}
    columns = _columns(values | {"deadline": data.get("starts") or data["deadline"]})
    if columns["starts_at"] is not None:
        columns["deadline_at"] += timedelta(minutes=columns["minutes"]) + TIME_TO_REPORT
    return Draft(tags=tuple(data["tags"] or ()), **columns)


def as_changes(name: str, value: Any) -> Mapping[str, Any]:
    """What was answered about one field, as changes of a task's columns."""
    return {"tags": value or []} if name == "tags" else _columns({name: value})


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    columns = dict(values)
    if "title" in columns:
        columns["language"] = reading.language_of_text(columns["title"])
    if "description" in columns:
        columns["description"] = columns["description"] or ""
    if "starts" in columns:
        starts = columns.pop("starts")
        columns["starts_at"] = datetime.fromisoformat(starts) if starts else None
    if "deadline" in columns:
        columns["deadline_at"] = datetime.fromisoformat(columns.pop("deadline"))
    if "proof" in columns:
        columns["proof"] = Proof(columns["proof"])
    if "hold" in columns:
        columns["hold_minutes"] = columns.pop("hold")
    return columns


def as_data(task: Task, tags: Iterable[str]) -> dict[str, Any]:
    """A task's values by the names of the fields, as they would have been answered."""
    return {
        "title": task.title,
        "description": task.description,
        "minutes": task.minutes,
        "seats": task.seats,
        "place": task.place,
        "starts": task.starts_at.isoformat() if task.starts_at else "",
        "tags": list(tags),
        "deadline": task.deadline_at.isoformat(),
        "proof": task.proof.value,
        "hold": task.hold_minutes,
    }


def preview(data: Data, community: Community, words: Words, now: datetime) -> Card:
    """What the task will say."""
    shown = {name: field.show(data[name], words, now) for name, field in FIELDS.items() if data.get(name) is not None}
    has_hour = bool(data.get("starts"))
    when = (
        words.say("Begins {moment}", moment=shown["starts"])
        if has_hour
        else words.say("Until {moment}", moment=shown["deadline"])
    )
    again = [words.say("Comes again: {rhythm}", rhythm=rhythm_text(data["rhythm"], words))] if data.get("rhythm") else []
    lines = [
        *([data["description"]] if data.get("description") else []),
        words.beside(shown["minutes"], shown["place"]),
        shown["seats"],
        when,
        *again,
        words.say("To hand in: {proof}", proof=shown["proof"]),
        *([] if has_hour else [words.say("A seat is held: {time}", time=shown["hold"])]),
        *([shown["tags"]] if data.get("tags") else []),
    ]
    return Card(clean_line(data["title"]), tuple(lines), words.say("{community} vouches for this", community=community.name))
