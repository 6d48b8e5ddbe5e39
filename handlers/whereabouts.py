"""Where a person can be found, if they want to say so: for what is called near them. Coarse, and erased with a press."""

from handlers.context import Context
from handlers.dispatch import run
from handlers.flows import Ask, Data, Flow, Given, Invalid, Option, Step, declare, start
from handlers.places import read_point
from handlers.registry import COMMANDS, command
from handlers.types import Reply
from handlers.words import N_, Said, Words
from models.people import Person


def place_line(person: Person, words: Words) -> Said:
    """What is known of where a person is."""
    if person.latitude is None or person.longitude is None:
        return words.say("Place: not told")
    return words.say("Place: about {point}", point=words.digits(f"{person.latitude:g}, {person.longitude:g}"))


@command("me_place")
async def choose_place(context: Context) -> Reply:
    """Ask for the person's place."""
    return await start(context, PLACE, {})


async def _ask_place(context: Context, data: Data) -> Ask:
    say = context.words.say
    text = say("Appeals near a place reach you where you say where you are: as coordinates or as a link of a map. "
               "It is kept to about a kilometre, shown to nobody, and erased with a press.")  # fmt: skip
    options = ((Option(say("Erase my place"), "erase"),),) if context.person.latitude is not None else ()
    return Ask(text, options, placeholder="30.04, 31.24")


async def _parse_place(context: Context, data: Data, given: Given) -> list[float]:
    if given.option == "erase":
        return []
    point = read_point(given.text)
    if point is None:
        say = context.words.say
        raise Invalid(say("A place is two numbers, such as {example}, or a link of a map.", example=Said("30.04, 31.24")))
    return list(point)


async def _keep_place(context: Context, data: Data) -> Reply:
    context.person.latitude, context.person.longitude = data["place"] or (None, None)
    await context.session.flush()
    return await run(context, COMMANDS["me"], "")


async def _anybody(context: Context, data: Data) -> None:
    """Everybody may say this of themselves."""


PLACE = declare(
    Flow(
        "place",
        N_("your place"),
        (Step("place", _ask_place, _parse_place),),
        finish=_keep_place,
        guard=_anybody,
        leads_back="me",
    )
)
