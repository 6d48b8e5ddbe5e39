"""What people do in the year: make tasks, take seats, hand in, give back, forget, answer what they are asked, review."""

import heapq
import itertools
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from bench.year.people import Human, Team, awake
from bench.year.stage import Arrival, Stage, button, buttons
from handlers.types import Button, Reply

Deed = Callable[[], Awaitable[None]]

_ANSWERS = ("claim", "done", "still", "extend", "extend_by", "grant_time", "release", "wait_pass", "come")
"""What people press in a message that reached them, where it is offered."""
_PROOF = ("", "", " | note")


class Life:
    """The deeds that are to come, in the order of their moments."""

    def __init__(self, stage: Stage, teams: list[Team], chance: random.Random) -> None:
        self._stage = stage
        self._teams = teams
        self._chance = chance
        self._deeds: list[tuple[datetime, int, Deed]] = []
        self._numbers = itertools.count()
        self._people = {human.id: human for team in teams for human in team.people}
        self.tasks = self.claims = self.reports = 0

    def plan_day(self, tasks: int) -> None:
        """Have so many tasks made within the coming day, each by somebody who is awake, and every community review twice."""
        now = self._stage.clock.now()
        for _ in range(tasks):
            team = self._chance.choice(self._teams)
            self._soon(timedelta(hours=self._chance.uniform(0, 24)), partial(self._make_task, team))
        for team in self._teams:
            for hour in (9, 18):
                self._at(now + timedelta(hours=hour), partial(self._review, team))

    async def do_what_is_due(self) -> None:
        """Do all that was to be done by now; who presses for the same at the same moment is decided together."""
        now = self._stage.clock.now()
        while self._deeds and self._deeds[0][0] <= now:
            _, _, deed = heapq.heappop(self._deeds)
            await deed()

    def read(self, arrivals: list[Arrival]) -> None:
        """Some react to what reached them, a while later."""
        for one in arrivals:
            human = self._people[one.person]
            offered = [found for found in buttons(one.reply) if found.command in _ANSWERS]
            if offered and self._chance.random() < human.attention:
                pressed = self._chance.choice(offered)
                self._soon(timedelta(minutes=self._chance.expovariate(1 / 60)), partial(self._press, human, pressed))

    def _at(self, moment: datetime, deed: Deed) -> None:
        heapq.heappush(self._deeds, (moment, next(self._numbers), deed))

    def _soon(self, span: timedelta, deed: Deed) -> None:
        self._at(self._stage.clock.now() + span, deed)

    async def _make_task(self, team: Team) -> None:
        chance = self._chance
        author = chance.choice(team.staff)
        minutes, seats = chance.choice((5, 10, 15, 30, 60)), chance.choice((1, 1, 1, 1, 2))
        when = (
            f"starts {self._hour(chance.randint(20, 90))}" if chance.random() < 0.1 else f"until {chance.randint(1, 5)} days"
        )
        tag, proof = f"#t{chance.randint(1, 9)}", chance.choice(_PROOF)
        line = f"/newtask Task {self.tasks} | {minutes}m | {seats} seats | {when}{proof} | {tag}"
        shown = await self._stage.says(author.id, line)
        post = next((found for found in buttons(shown) if found.command == "flow" and found.args.endswith("=confirm")), None)
        made = await self._stage.presses(author.id, post) if post else shown
        number = next((found.args for found in buttons(made) if found.command in {"task", "post", "edit"}), "")
        if not number:
            raise AssertionError(f"no task came of {line!r}: {made}")
        self.tasks += 1
        for _ in range(seats + chance.choice((0, 0, 0, 1))):
            human = chance.choice(team.volunteers)
            self._soon(timedelta(hours=chance.expovariate(1 / 6)), partial(self._claim, human, number))

    def _hour(self, hours: int) -> str:
        """A moment so many hours from now, as somebody would write it."""
        return f"{self._stage.clock.now() + timedelta(hours=hours):%Y-%m-%d %H:00}"

    async def _claim(self, human: Human, number: str) -> None:
        if not human.is_awake(self._stage.clock.now()):
            self._soon(timedelta(hours=self._chance.uniform(6, 10)), partial(self._claim, human, number))
            return
        answer = await self._stage.says(human.id, f"/claim {number}")
        done = button(answer, "done", number)
        if done is None:
            await self._wait(human, answer)
            return
        self.claims += 1
        fate = self._chance.random()
        if fate < human.diligence:
            self._soon(timedelta(minutes=self._chance.expovariate(1 / 60)), partial(self._press, human, done))
        elif fate < human.diligence + 0.1:
            self._soon(timedelta(minutes=self._chance.uniform(5, 90)), partial(self._give_back, human, number))

    async def _wait(self, human: Human, answer: Reply) -> None:
        """Where every seat is taken, some stand in line."""
        in_line = button(answer, "wait")
        if in_line and self._chance.random() < 0.5:
            await self._stage.presses(human.id, in_line)

    async def _press(self, human: Human, pressed: Button) -> None:
        answer = await self._stage.presses(human.id, pressed)
        await self._go_through(human, answer)

    async def _give_back(self, human: Human, number: str) -> None:
        await self._go_through(human, await self._stage.says(human.id, f"/release {number}"))

    async def _go_through(self, human: Human, answer: Reply) -> None:
        """Answer the questions of a wizard, until there is none."""
        for _ in range(6):
            options = buttons(answer, "flow")
            if not (options or answer.asks_text):
                return
            skip = next((found for found in options if found.args.endswith(".skip")), None)
            chosen = [found for found in options if ".=" in found.args]
            if skip:
                answer = await self._stage.presses(human.id, skip)
            elif chosen:
                answer = await self._stage.presses(human.id, self._chance.choice(chosen))
            elif answer.asks_text:
                answer = await self._stage.says(human.id, "All went well")
            else:
                return

    async def _review(self, team: Team) -> None:
        reviewers = awake(team.staff, self._stage.clock.now())
        if not reviewers:
            return
        reviewer = self._chance.choice(reviewers)
        shown = await self._stage.says(reviewer.id, "/review")
        for _ in range(40):
            approve, send_back = button(shown, "approve"), button(shown, "send_back")
            if approve is None or send_back is None:
                return
            if self._chance.random() < 0.93:
                shown = await self._stage.presses(reviewer.id, approve)
                self.reports += 1
            else:
                await self._stage.presses(reviewer.id, send_back)
                shown = await self._stage.says(reviewer.id, "One more sentence, please")
