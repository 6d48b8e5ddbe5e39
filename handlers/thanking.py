"""Thanking somebody: a name, a press under what they did, or the menu of a person where a platform has one."""

from datetime import timedelta

from handlers.context import Context
from handlers.finding import check_membership
from handlers.naming import find_members, is_pointed, pointed_at
from handlers.notices import Telling, notice
from handlers.registry import TASK, Arg, ArgKind, command
from handlers.types import Button, Reply, Row
from handlers.words import N_, Said, Words, clean_line, parse_number
from models.communities import Community, roster
from models.notices import NoticeKind, plan
from models.people import Person
from models.refusals import NotFound
from models.roles import Role
from models.tasks import Task, get_task
from models.thanks import Thanks, who_did
from models.thanks import thank as note_thanks

_STILL_GOOD_TO_HEAR = timedelta(days=7)
_MOST = 20
"""Names offered under one task."""
_MEMBER = Arg("member", ArgKind.MEMBER, N_("the member's number or whole name"), required=False)
_PERSON = Arg("person", ArgKind.NUMBER, "")


@command("thank", help=N_("Thank somebody"), args=(_MEMBER,), role=Role.VOLUNTEER)
async def thank(context: Context, member: str) -> Reply:
    """Thank a member. Those whom nobody names are asked for: under a task that is done stands a button."""
    community = await context.community()
    if not member:
        text = context.words.say(
            "Who is it? Their number or whole name goes behind the command, and under a task that is done stands a button."
        )
        return Reply(text=text)
    return await _thank(context, community.id, await _meant(context, community.id, member))


async def _meant(context: Context, community_id: int, who: str) -> int:
    """The number of the member who is meant: nobody learns here who else is one, so a name is the whole of it.

    Raises NotFound.
    """
    if is_pointed(who):
        person_id = await pointed_at(context, who)
    elif (number := parse_number(who.removeprefix("#"))) is not None:
        person_id = number
    else:
        name = clean_line(who)
        found = find_members([one for one in await roster(context.session, community_id) if one.name == name], name)
        person_id = found[0].person_id if len(found) == 1 else None
    if person_id is None:
        raise NotFound("thanked")
    return person_id


@command("thank_those", args=(TASK,))
async def thank_those(context: Context, task: int) -> Reply:
    """Those who did a task, with a button for each."""
    found = await get_task(context.session, task)
    await check_membership(context, found)
    member = await context.require(Role.VOLUNTEER, found.community_id)
    people = await who_did(context.session, found.id, context.person.id, names_all=member.role >= Role.MODERATOR)
    words = context.words
    if not people:
        return Reply(text=words.say("Nobody is named here whom you could thank."), edit=context.is_press)
    rows: list[Row] = [(thank_button(found, one, words),) for one in people[:_MOST]]
    rows.append((Button(words.say("Show the task"), "task", str(found.id)),))
    return Reply(
        text=words.say("Who is to be thanked for {title}?", title=found.title), rows=tuple(rows), edit=context.is_press
    )


def thank_button(task: Task, person: Person, words: Words) -> Button:
    label = words.say("Thank {name}", name=clean_line(person.first_name)[:40])
    return Button(label, "thank_for", f"{task.id} {person.id}")


@command("thank_for", args=(TASK, _PERSON))
async def thank_for(context: Context, task: int, person: int) -> Reply:
    """Thank one of those who did a task."""
    found = await get_task(context.session, task)
    await check_membership(context, found)
    member = await context.require(Role.VOLUNTEER, found.community_id)
    people = await who_did(context.session, found.id, context.person.id, names_all=member.role >= Role.MODERATOR)
    if person not in {one.id for one in people}:
        raise NotFound("thanked")
    return await _thank(context, found.community_id, person, found)


async def _thank(context: Context, community_id: int, person_id: int, task: Task | None = None) -> Reply:
    """Note it, and have it told when they may be written to. Raises a Refusal."""
    given = await note_thanks(
        context.session, context.person.id, person_id, community_id, context.now, task_id=task.id if task else None
    )
    await plan(context.session, [_notice(given)])
    text = context.words.say("Noted, and passed on. Thank you for saying so!")
    return Reply(text=text, toast=text)


def _notice(given: Thanks) -> dict[str, object]:
    return {
        "key": f"thanks:{given.id}",
        "person_id": given.receiver_id,
        "community_id": given.community_id,
        "kind": NoticeKind.THANKS,
        "topic": "thanks",
        "about": given.id,
        "due_at": given.given_at,
        "useless_at": given.given_at + _STILL_GOOD_TO_HEAR,
    }


@notice("thanks")
async def tell_thanks(telling: Telling) -> Reply | None:
    """Who thanks, and what for."""
    given = await telling.session.get_one(Thanks, telling.notice.about)
    giver = await telling.session.get_one(Person, given.giver_id)
    community = await telling.session.get_one(Community, given.community_id)
    text = _said(telling.words, giver, community, await get_task(telling.session, given.task_id) if given.task_id else None)
    return Reply(text=text, rows=((Button(telling.words.say("My record"), "record"),),))


def _said(words: Words, giver: Person, community: Community, task: Task | None) -> Said:
    names = {"name": giver.first_name, "community": community.name}
    if task is None:
        return words.say("{name} from {community} thanks you. It was good to have you.", **names)
    return words.say("{name} from {community} thanks you for {title}.", title=task.title, **names)
