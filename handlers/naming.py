"""Who is meant: a member by number, by name, or as the platform points at them."""

import re

from handlers.context import Context
from handlers.matching import fold
from handlers.words import clean_line, parse_number
from models.communities import Listed, roster
from models.people import Identity, find_accounts

_ACCOUNT = re.compile(r"(?:<@!?|account:)(\w{1,64})>?")
"""An account on the platform where it is said, as a mention or by its id."""


async def members_meant(context: Context, community_id: int, who: str) -> list[Listed]:
    """The members of a community who may be meant."""
    members = await roster(context.session, community_id)
    if not is_pointed(who):
        return find_members(members, clean_line(who))
    person_id = await pointed_at(context, who)
    return [member for member in members if member.person_id == person_id]


def is_pointed(who: str) -> bool:
    return _ACCOUNT.fullmatch(who.strip()) is not None


async def pointed_at(context: Context, who: str) -> int | None:
    """The number of the person whose account is pointed at; None where there is none, or we have never met them."""
    pointed = _ACCOUNT.fullmatch(who.strip())
    if pointed is None:
        return None
    identity = Identity(context.event.place.platform, pointed[1])
    account = (await find_accounts(context.session, [identity])).get(identity)
    return account.person_id if account else None


def find_members(members: list[Listed], who: str) -> list[Listed]:
    """Those who go by this number or name; where nobody has just this name, those whose name begins with it."""
    number = parse_number(who.removeprefix("#"))
    if number is not None:
        return [member for member in members if member.person_id == number]
    name = fold(who)
    exactly = [member for member in members if fold(member.name) == name]
    return exactly or [member for member in members if name and fold(member.name).startswith(name)]
