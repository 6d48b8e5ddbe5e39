"""`/link`: one person of two accounts, and two again.

A one-time code from one account, said with the other, shows that both belong to whoever says so; a press confirms it. It is
the only thing that lets somebody into another account, so it is for the private chat alone, works for minutes, and can be
undone for days.
"""

from contextlib import suppress
from dataclasses import replace

from handlers.connecting import platform_name
from handlers.context import Context, speak_to
from handlers.matching import fold
from handlers.refusals import put_into_words
from handlers.registry import Arg, ArgKind, Where, command
from handlers.telling import message_to, tell_people
from handlers.types import Button, ChatKind, Place, Reply, Row, Tone
from handlers.words import N_, Said, Words, to_latin_digits
from models.codes import LIFETIMES, Code, CodeKind, issue, use, void
from models.communities import highest_role, memberships, staff
from models.delivery import enqueue
from models.linking import Merge, accounts_of, double_seats, merge, other_person
from models.notices import NoticeKind
from models.people import Account, Person
from models.refusals import CodeWrong, NotFound, Refusal
from models.roles import Role
from models.unlinking import latest_merge, undo

_UNDO = {fold(word) for word in ("undo", "تراجع", "فك", "إلغاء")}
_SAID_CODE = Arg("code", ArgKind.CODE, N_("the code from the other account, or “undo”"), required=False)
_WHOSE = Arg("person", ArgKind.NUMBER, N_("whose link is undone: the person's number"), required=False)
_CODE = Arg("code", ArgKind.CODE, "")
_MERGE = Arg("merge", ArgKind.NUMBER, "")


@command("link", help=N_("One person on two platforms"), args=(_SAID_CODE, _WHOSE), where=Where.PRIVATE)
async def link(context: Context, code: str, person: int | None) -> Reply:
    """Without a code, one is given; with it, what would come of it is asked about; `undo` leads back."""
    if fold(code) in _UNDO:
        found = await latest_merge(context.session, person or context.person.id, context.person.id, context.now)
        return await _ask_to_part(context, found)
    if not code:
        return await _give_code(context)
    return await confirm(context, code)


async def _give_code(context: Context) -> Reply:
    code = await issue(context.session, CodeKind.LINK, context.person.id, context.now)
    words, say = context.words, context.words.say
    text = say(
        "Somebody who is here with two accounts becomes one person like this: in the private chat with this bot on the other "
        "platform, say\n"
        "{command}\n"
        "It works once, until {moment}.\n"
        "Whoever says it there can do all that is possible with this account: the code is for nobody else.",
        command=f"/link {code}",
        moment=words.moment(context.now + LIFETIMES[CodeKind.LINK], context.now),
    )
    rows: tuple[Row, ...] = ((Button(say("Back"), "me"),),)
    with suppress(NotFound):
        undone = await latest_merge(context.session, context.person.id, context.person.id, context.now)
        rows = ((Button(say("Undo the latest link"), "link_undo", str(undone.id)),), *rows)
    return Reply(text=text, rows=rows, edit=context.is_press)


async def confirm(context: Context, text: str) -> Reply:
    """Show whose account it is, and what becomes of both. A code that others could read is worth nothing any more."""
    code = to_latin_digits(text)
    if not context.in_private and not context.event.place.whispers:
        await void(context.session, CodeKind.LINK, code)
        return Reply(
            text=context.words.say(
                "Others could read this code, so it does not work any more. A new one is said in the private chat."
            )
        )
    found = await other_person(context.session, context.person.id, code, context.now)
    if isinstance(found, Refusal):
        return put_into_words(found, context.words)
    other = await context.session.get_one(Person, found.person_id)
    return Reply(text=await _what_comes(context, other), rows=_choice(context.words, code), edit=context.is_press)


async def _what_comes(context: Context, other: Person) -> str:
    words, say = context.words, context.words.say
    platforms = [platform_name(one.platform) for one in await accounts_of(context.session, other.id)]
    older = min(other, context.person, key=lambda person: person.id)
    lines = [
        say(
            "The account of {name} on {platforms} and this one become one person. Seats, reports, hours and roles of both "
            "come together; language and settings are those of the older one, {older}.",
            name=other.name,
            platforms=words.list_of(platforms),
            older=older.name,
        )
    ]
    doubles = await double_seats(context.session, other.id, context.person.id)
    if doubles:
        lines.append(
            words.count(
                "{n} task has a seat for both. One of the two is given back.",
                "{n} tasks have a seat for both. One of the two is given back each time.",
                doubles,
            )
        )
    lines += [
        say(
            "If this code came from somebody else, cancelling is right: they could do all that is possible with this account."
        ),
        say("For 7 days it can be undone: {command}", command="/link undo"),
    ]
    return "\n".join(lines)


def _choice(words: Words, code: str) -> tuple[tuple[Button, ...], ...]:
    plain = code.replace("-", "")
    return (
        (Button(words.say("Confirm"), "link_do", plain, tone=Tone.PRIMARY), Button(words.say("Cancel"), "link_no", plain)),
    )


@command("link_no", args=(_CODE,))
async def decline(context: Context, code: str) -> Reply:
    """Nothing is linked, and nobody else can use the code."""
    await void(context.session, CodeKind.LINK, code)
    return Reply(text=context.words.say("Nothing was linked, and the code does not work any more."), edit=context.is_press)


@command("link_do", args=(_CODE,))
async def confirmed(context: Context, code: str) -> Reply:
    """Make one person of both. A second press finds it done."""
    if not context.in_private and not context.event.place.whispers:
        return await confirm(context, code)
    found = await other_person(context.session, context.person.id, code, context.now)
    if isinstance(found, Code) and not await use(context.session, found, context.now):
        found = CodeWrong()
    if isinstance(found, Refusal):
        return replace(put_into_words(found, context.words), edit=context.is_press)
    own = context.account.id
    merged = await merge(context.session, context.person.id, found.person_id, context.now)
    await context.session.refresh(context.account, ["person_id"])
    accounts = await accounts_of(context.session, merged.kept_id)
    platforms = [platform_name(one.platform) for one in accounts]
    await _tell_accounts(context, merged, [one for one in accounts if one.id != own], platforms)
    await _tell_organizers(context, merged)
    words, say = context.words, context.words.say
    text = say("One person from now on, on {platforms}.", platforms=words.list_of(platforms))
    until = say("For 7 days it can be undone: {command}", command="/link undo")
    role = await highest_role(context.session, merged.kept_id)
    rows = ((Button(say("My tasks"), "mine"), Button(say("All tasks"), "tasks")),)
    return Reply(text=f"{text}\n{until}", rows=rows, edit=context.is_press, role=role.name.lower())


async def _tell_accounts(context: Context, merged: Merge, accounts: list[Account], platforms: list[str]) -> None:
    """The other accounts hear of it where they are: if it was somebody else, that is how it is found out."""
    kept = await context.session.get_one(Person, merged.kept_id)
    words = speak_to(kept)
    text = words.say(
        "This account is one person with another one now, on {platforms}. If that was somebody else, the button undoes it.",
        platforms=words.list_of(platforms),
    )
    role = await highest_role(context.session, merged.kept_id)
    reply = Reply(text=text, rows=((_undo_button(merged, words),),), role=role.name.lower())
    rows = [
        message_to(f"linked:{merged.id}:{one.id}", Place(one.platform, one.private_chat, ChatKind.PRIVATE), reply, context.now)
        for one in accounts
        if one.private_chat is not None
    ]
    await enqueue(context.session, rows)


async def _tell_organizers(context: Context, merged: Merge) -> None:
    """Where more than a volunteer's role came along, those who answer for it hear of it."""
    name = context.account.person.name
    for community, _ in await memberships(context.session, merged.kept_id, Role.MODERATOR):
        organizers = {one.id for one in await staff(context.session, community.id, Role.ORGANIZER)} - {merged.kept_id}

        def news(words: Words, community: str = community.name) -> Reply:
            text = words.say(
                "{name} (number {number}) has linked two accounts, and has the greater of their roles in {community}. For 7 "
                "days an organizer can undo it.",
                name=name,
                number=merged.kept_id,
                community=community,
            )
            return Reply(text=text, rows=((_undo_button(merged, words),),))

        key = f"link:{merged.id}:{community.id}"
        await tell_people(context.session, organizers, key, news, context.now, zone=community.timezone, kind=NoticeKind.TEAM)


def _undo_button(merged: Merge, words: Words) -> Button:
    return Button(words.say("Undo the link"), "link_undo", str(merged.id))


@command("link_undo", args=(_MERGE,))
async def ask_about(context: Context, merge: int) -> Reply:
    """Say what undoing means."""
    found = await context.session.get(Merge, merge)
    if found is None or found.undone_at is not None:
        raise NotFound("link")
    await latest_merge(context.session, found.kept_id, context.person.id, context.now)
    return await _ask_to_part(context, found)


async def _ask_to_part(context: Context, merged: Merge) -> Reply:
    kept = await context.session.get_one(Person, merged.kept_id)
    apart = await context.session.get_one(Person, merged.apart_id)
    say = context.words.say
    text = say(
        "{name} and {other} become two people again: each with the accounts, seats, reports and roles of before. What was new "
        "since then stays with {name}.",
        name=kept.name,
        other=apart.name,
    )
    rows = ((Button(say("Undo the link"), "link_part", str(merged.id), tone=Tone.DANGER), Button(say("Keep it"), "me")),)
    return Reply(text=text, rows=rows, edit=context.is_press)


@command("link_part", args=(_MERGE,))
async def part(context: Context, merge: int) -> Reply:
    """Make two people of one again. A second press changes nothing."""
    undone = await undo(context.session, merge, context.person.id, context.now)
    await context.session.refresh(context.account, ["person_id"])
    people = {undone.kept_id, undone.apart_id} - {context.account.person_id}
    names = [(await context.session.get_one(Person, one)).name for one in (undone.kept_id, undone.apart_id)]

    def say_so(words: Words) -> Said:
        return words.say("{names} are two people again, each with what was theirs.", names=words.list_of(names))

    await tell_people(context.session, people, f"unlinked:{undone.id}", lambda words: Reply(text=say_so(words)), context.now)
    role = await highest_role(context.session, context.account.person_id)
    return Reply(text=say_so(context.words), edit=context.is_press, role=role.name.lower())
