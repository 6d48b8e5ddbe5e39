"""What a handler is given: who asks, where, when, and a way to the database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.types import ChatKind, Event, EventKind, Reply
from handlers.words import Words, words_for
from models.communities import Community, Member, chat_at, member, memberships
from models.people import Account, Person
from models.refusals import NotAllowed, NotFound, NotMember, Refusal
from models.roles import Role


class ChooseCommunity(Refusal):
    """The command could mean several communities: the person is asked which."""

    def __init__(self, communities: list[Community], then: str = "") -> None:
        super().__init__()
        self.communities = communities
        self.then = then
        """The command that goes on when the choice is made, with its arguments."""


class Outlet(NamedTuple):
    """A platform on which many people can be told the same."""

    a_minute: float
    """How many of them, in a minute."""
    in_words: Callable[[Reply], str]
    """What a message shows there, buttons included, in plain words."""


def speak_to(person: Person, zone: str = "UTC") -> Words:
    """How to speak to a person; `zone` is the community's, for those who have not set their own."""
    arabic_digits = person.language == "ar" if person.arabic_digits is None else person.arabic_digits
    return words_for(person.language, arabic_digits, person.timezone or zone)


@dataclass
class Context:
    """One event, on its way through a handler."""

    session: AsyncSession
    event: Event
    account: Account
    words: Words
    chat_community_id: int | None
    """The community that lives in the chat where this happens."""
    is_back: bool = False
    """Their private chat was closed to us until now."""
    has_mail: bool = False
    """Mail is set up, and may be offered."""
    outlets: Mapping[str, Outlet] = field(default_factory=dict)
    """Where many can be told the same, by platform."""

    @property
    def person(self) -> Person:
        return self.account.person

    @property
    def now(self) -> datetime:
        return self.event.at

    @property
    def is_press(self) -> bool:
        return self.event.kind is EventKind.PRESS

    @property
    def in_private(self) -> bool:
        return self.event.place.kind is ChatKind.PRIVATE

    async def member_of(self, community_id: int) -> Member | None:
        """The person's active membership, or None."""
        found = await member(self.session, community_id, self.person.id)
        return found if found and found.is_active else None

    async def require(self, role: Role, community_id: int) -> Member:
        """The person's membership, with which they may do here what takes this role. Raises NotAllowed, or NotMember."""
        found = await self.member_of(community_id)
        if found is not None and found.role >= role:
            return found
        if role > Role.MODERATOR or await self.stands_in() != community_id:
            raise NotAllowed(role)
        if found is None:
            community = await self.session.get_one(Community, community_id)
            raise NotMember(community.name, community.code)
        return found

    async def stands_in(self) -> int | None:
        """The community of this chat, where the person bears the platform's role that stands for its moderators."""
        place, roles = self.event.place, self.event.sender.chat_roles
        if not roles or self.chat_community_id is None:
            return None
        chat = await chat_at(self.session, place.platform, place.chat)
        return chat.community_id if chat is not None and chat.moderator_role in roles else None

    async def community(self, role: Role = Role.VOLUNTEER) -> Community:
        """The community that is meant: that of this chat, the only one where the person has this role, or the one they
        last dealt with. Raises NotAllowed, or ChooseCommunity."""
        if self.chat_community_id is not None:
            await self.require(role, self.chat_community_id)
            found = await self.session.get(Community, self.chat_community_id)
            if found is None:
                raise NotFound("community")
            return found
        candidates = [community for community, _ in await memberships(self.session, self.person.id, role)]
        if not candidates:
            raise NotAllowed(role)
        focused = [c for c in candidates if c.id == self.person.focus_community_id]
        if len(candidates) > 1 and not focused:
            raise ChooseCommunity(candidates, f"{self.event.command} {self.event.args}".strip())
        return (focused or candidates)[0]
