"""Tests that read as dialogue: people say and press things in their app, and see what comes of it.

Everything between is real: the wire, the platform's library, the core, the database. Only time stands still until a test lets
it pass, and couriers go when something was said instead of by themselves, so that what people see is settled when looked at.
The app is Telegram's; a test under `both_platforms` is played in Discord's too (tests/discord_dialogue.py).
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core import Core
from models.coming import next_ask
from models.communities import Chat, Community, Member
from models.people import Account, Person
from models.roles import Role
from models.tasks import Proof, Task, set_tags
from tests.wire import telegram

T = TypeVar("T")

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""A Monday."""

both_platforms = pytest.mark.parametrize("platform", ["telegram", "discord"])
"""For tests that take `chat`: what is said in private chats is the same everywhere."""


@dataclass
class Clock:
    """Time that passes when a test says so."""

    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment

    def shift(self, by: timedelta) -> None:
        self.moment += by


@dataclass
class Home:
    """A community and the group it lives in."""

    id: int
    code: str
    group: telegram.Chat


@dataclass
class Talk:
    """The stage: the wire, the core behind it, and the people of the test."""

    wire: telegram.TelegramWire
    core: Core
    clock: Clock = field(default_factory=Clock)
    platform: str = "telegram"

    # People and what they find there

    def person(self, name: str, language: str = "en", *, last_name: str = "") -> "Somebody":
        """Somebody who never met us."""
        return Somebody(self, self.wire.person(name, last_name, language))

    async def home(
        self, organizer: "Somebody", *members: "Somebody", name: str = "Warmth", language: str = "en", **columns: Any
    ) -> Home:
        """A community in a group; the organizer, and the others as volunteers, have opened their private chats."""
        group = self.group(name, organizer, *members)
        for one in (organizer, *members):
            await one.says("/start")
        code = columns.pop("code", f"code{abs(group.id) % 10_000}")

        async def work(session: AsyncSession) -> int:
            values = {"timezone": "Africa/Cairo", "first_weekday": 5, "created_at": self.clock.now()} | columns
            community = Community(code=code, name=name, language=language, **values)
            session.add(community)
            await session.flush()
            session.add(
                Chat(community_id=community.id, platform=self.platform, external_id=str(group.id), kind="group", title=name)
            )
            for one in (organizer, *members):
                role = Role.ORGANIZER if one is organizer else Role.VOLUNTEER
                session.add(await self._member(session, community.id, one, role))
            return community.id

        return Home(await self.core.edge.transact(work), code, group)

    def group(self, name: str, admin: "Somebody", *members: "Somebody") -> telegram.Chat:
        """A chat of many."""
        return self.wire.group(name, *(one.app for one in members), admins=(admin.app,), kind="supergroup")

    async def give_role(self, home: Home, somebody: "Somebody", role: Role, **columns: Any) -> None:
        """Make somebody a member with this role."""

        async def work(session: AsyncSession) -> None:
            await session.merge(await self._member(session, home.id, somebody, role, **columns))

        await self.core.edge.transact(work)

    async def _member(
        self, session: AsyncSession, community_id: int, somebody: "Somebody", role: Role, **columns: Any
    ) -> Member:
        now = self.clock.now()
        values = {"joined_at": now, "accepted_rules_at": now} | columns
        person = await session.get_one(Person, await somebody.number(session))
        person.timezone = person.timezone or "Africa/Cairo"
        return Member(community_id=community_id, person_id=person.id, role=role, **values)

    async def task(
        self, home: Home, author: "Somebody", title: str = "Call Mr. Adel", *, tags: tuple[str, ...] = (), **columns: Any
    ) -> int:
        """An open task; its number."""

        async def work(session: AsyncSession) -> int:
            now = self.clock.now()
            values = {
                "minutes": 10,
                "seats": 1,
                "proof": Proof.NONE,
                "hold_minutes": 180,
                "language": "en",
                "deadline_at": now + timedelta(days=2),
            } | columns
            values["ask_at"] = next_ask(columns.get("starts_at"), now)
            task = Task(community_id=home.id, title=title, author_id=await author.number(session), created_at=now, **values)
            session.add(task)
            await session.flush()
            await set_tags(session, task.id, list(tags))
            return task.id

        return await self.core.edge.transact(work)

    # Time, and what the database holds

    async def later(self, **span: float) -> None:
        """Let time pass at once, as if we had been away; then all that is due is done."""
        self.clock.shift(timedelta(**span))
        await self.core.ticks.beat_all()
        await self.settle()

    async def passes(self, step_minutes: float = 30, **span: float) -> None:
        """Let time pass while we look after what falls due."""
        end = self.clock.now() + timedelta(**span)
        while self.clock.now() < end:
            await self.later(minutes=min(step_minutes, (end - self.clock.now()) / timedelta(minutes=1)))

    async def settle(self) -> None:
        """Wait until everything that was said has been answered and delivered."""
        await self.arrived()
        await self.core.answers.settle()
        for courier in self.core.couriers:
            while await courier.deliver_messages() + await courier.draw_cards() + await courier.draw_posts():
                await self.core.answers.settle()
        for broadcaster in self.core.broadcasters:
            while await broadcaster.deliver():
                pass

    async def arrived(self) -> None:
        """Wait until the core has taken what people did."""
        await self.wire.acknowledged()

    async def rows(self, query: Any) -> list[Any]:
        """What the database holds."""

        async def work(session: AsyncSession) -> list[Any]:
            return list((await session.execute(query)).all())

        return await self.core.edge.look(work)

    async def transact(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        return await self.core.edge.transact(work)


@dataclass
class Somebody:
    """A person with a Telegram app."""

    talk: Talk
    app: telegram.Person
    toast: str = ""
    """The notice that the latest press brought."""
    opened: str = ""
    """The link that the latest press opened."""

    async def number(self, session: AsyncSession) -> int:
        """Their number among people; they must have met us."""
        query = select(Person.id).join(Account, Account.person_id == Person.id)
        return (await session.scalars(query.where(Account.external_id == str(self.app.id)))).one()

    async def says(self, text: str, group: telegram.Chat | None = None, **extra: Any) -> telegram.Message:
        """Write something, privately or into a group; the one thing that the bot says or changes there then."""
        return await self._answered(lambda: self.writes(text, group, **extra), group)

    def writes(self, text: str, group: telegram.Chat | None = None, **extra: Any) -> object:
        """Write something, and wait for nothing."""
        return self.app.says(text, group, **extra)

    async def starts(self, payload: str = "") -> telegram.Message:
        """Follow a link and press Start."""
        return await self.says(f"/start {payload}".strip())

    async def sends_photo(self, data: bytes, **extra: Any) -> telegram.Message:
        return await self._answered(lambda: self.app.sends_photo(data, **extra), None)

    async def presses(self, label: str, group: telegram.Chat | None = None, **extra: Any) -> telegram.Message:
        """Press a button under the latest message that has it; the one thing that the bot says or changes then.

        In a group that may be in private: what is looked at is where somebody would look, in the private chat where it
        changed, else in the group.
        """
        message = self._with_button(label, group)
        return await self.presses_on(message, label, group, **extra)

    async def presses_on(
        self, message: telegram.Message, label: str = "", group: telegram.Chat | None = None, *, data: str | None = None
    ) -> telegram.Message:
        """Press a button under this very message; `data` forges what it would send."""
        before = self._seen(None), self._seen(group)
        press = self.app.presses(message, label, data=data)
        await self.talk.settle()
        assert press.is_answered, f"nobody answered the press on {label!r}"
        self.toast, self.opened = press.toast, press.url
        changed = self._changed(before[0], None) or (self._changed(before[1], group) if group else [])
        return changed[-1] if changed else message

    async def _answered(self, act: Callable[[], object], group: telegram.Chat | None) -> telegram.Message:
        private, public = self._seen(None), self._seen(group)
        act()
        await self.talk.settle()
        changed = self._changed(private, None) or (self._changed(public, group) if group else [])
        assert len(changed) == 1, f"one answer was expected, this came: {[message.text for message in changed]}"
        return changed[0]

    async def says_in_vain(self, text: str, group: telegram.Chat | None = None, **extra: Any) -> None:
        """Write something that the bot does not answer, anywhere."""
        private, public = self._seen(None), self._seen(group)
        self.writes(text, group, **extra)
        await self.talk.settle()
        changed = self._changed(private, None) + (self._changed(public, group) if group else [])
        assert not changed, f"nothing was expected, this came: {[message.text for message in changed]}"

    @property
    def screen(self) -> telegram.Message:
        """The latest thing that the bot said in private."""
        return self.app.answers()[-1]

    def reads(self, group: telegram.Chat | None = None) -> list[str]:
        """All that the bot said to them, or in a group, as it stands now."""
        return [plain(message.text) for message in self.app.answers(group)]

    def _seen(self, group: telegram.Chat | None) -> dict[int, int]:
        return {message.id: message.edits for message in self.app.answers(group)}

    def _changed(self, before: dict[int, int], group: telegram.Chat | None) -> list[telegram.Message]:
        return [message for message in self.app.answers(group) if before.get(message.id) != message.edits]

    def _with_button(self, label: str, group: telegram.Chat | None) -> telegram.Message:
        for message in reversed(self.app.answers(group)):
            if any(label in shown for row in message.labels for shown in row):
                return message
        raise LookupError(f"no button {label!r}; {[message.labels for message in self.app.answers(group)]}")


def plain(text: str) -> str:
    """A text without the isolates round what people wrote and without markdown's backslashes, as a reader sees it."""
    return re.sub(r"\\([^\w\s])", r"\1", text.replace("\u2068", "").replace("\u2069", ""))


def photo_in(message: Any) -> bytes:
    """The picture that a message shows."""
    shown = message.photo if isinstance(message, telegram.Message) else next(iter(message.files), None)
    assert shown is not None, "there is no picture"
    data: bytes = shown.data
    return data
