"""Driving a fake that runs as a process of its own, over its `/control/` addresses.

Things are named by their ids: `person`, `guild`, `channel`, `message`, `act` are numbers everywhere. Where an option, a choice
or a form's field takes more than words and numbers, it is `{"person": id}`, `{"channel": id}`, `{"role": id}` or
`{"file": name, "hex": bytes}`.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Any

from tests.wire.discord.faults import Fault, Limits
from tests.wire.discord.messages import Message
from tests.wire.discord.people import Act, Person
from tests.wire.discord.permissions import Permission
from tests.wire.discord.world import Channel, Guild, Interaction

if TYPE_CHECKING:
    from tests.wire.discord.server import DiscordWire

Given = dict[str, Any]


def install(wire: "DiscordWire") -> None:
    """Offer the control addresses; each takes one JSON object and answers with JSON."""
    control = _Control(wire)
    wire.extra_routes = {name: getattr(control, name) for name in dir(control) if not name.startswith("_")}


class _Control:
    def __init__(self, wire: "DiscordWire") -> None:
        self._wire = wire
        self._acts: dict[int, Act] = {}

    # The world

    def person(self, p: Given) -> int:
        """{name, locale, with_id}: their id."""
        return self._wire.person(**p).id

    def guild(self, p: Given) -> dict[str, int]:
        """{name, members, managers, locale, bot, grants}: its id, and its first channel's."""
        members, managers = ([self._person(one) for one in p.pop(name, [])] for name in ("members", "managers"))
        guild = self._wire.guild(p.pop("name"), *members, managers=tuple(managers), **p)
        return {"guild": guild.id, "channel": guild.general.id}

    def channel(self, p: Given) -> int:
        """{guild, name}: the channel's id."""
        return self._wire.channel(self._guild(p), p["name"]).id

    def thread(self, p: Given) -> int:
        """{channel, name}: the thread's id."""
        return self._wire.thread(self._channel(p), p["name"]).id

    def role(self, p: Given) -> int:
        """{guild, name, people, grants, mentionable}: the role's id."""
        people = [self._person(one) for one in p.get("people", [])]
        grants, mentionable = p.get("grants", 0), p.get("mentionable", False)
        return self._wire.role(self._guild(p), p["name"], *people, grants=grants, mentionable=mentionable).id

    def post(self, p: Given) -> int:
        """{channel, text, components, embeds}: a message that the bot sent before; its id."""
        body = {name: value for name, value in p.items() if name not in {"channel", "text"}}
        return self._wire.post(self._channel(p), p.get("text", ""), **body).id

    def changes(self, p: Given) -> None:
        """{what, …}: adds_bot, removes_bot, outage, recovers {guild}; rename {guild, name}; delete_channel {channel};
        forbid, permit {channel, permissions}; joins, leaves {person, guild}; closes_dms, opens_dms {person}."""
        match p["what"]:
            case "adds_bot" | "removes_bot" | "outage" | "recovers" as what:
                getattr(self._wire, what)(self._guild(p))
            case "rename":
                self._wire.rename(self._guild(p), p["name"])
            case "delete_channel":
                self._wire.delete_channel(self._channel(p))
            case "forbid" | "permit" as what:
                getattr(self._wire, what)(self._channel(p), *(Permission[name] for name in p["permissions"]))
            case "joins" | "leaves" as what:
                getattr(self._person(p["person"]), what)(self._guild(p))
            case "closes_dms" | "opens_dms" as what:
                getattr(self._person(p["person"]), what)()
            case what:
                raise LookupError(f"nothing is called {what}")

    # What people do: each answers with the act's id

    def runs(self, p: Given) -> int:
        """{person, command, channel, options}"""
        options = self._things(p.get("options", {}))
        return self._keep(self._person(p["person"]).runs(p["command"], self._maybe_channel(p), **options))

    def types(self, p: Given) -> int:
        """{person, command, option, typed, channel, options}"""
        options = self._things(p.get("options", {}))
        person = self._person(p["person"])
        return self._keep(person.types(p["command"], p["option"], p["typed"], self._maybe_channel(p), **options))

    def presses(self, p: Given) -> int:
        """{person, channel, message, label or forged}"""
        person = self._person(p["person"])
        return self._keep(person.presses(self._message(p), p.get("label", ""), forged=p.get("forged", "")))

    def chooses(self, p: Given) -> int:
        """{person, channel, message, chosen, select}"""
        person, chosen = self._person(p["person"]), self._things(p["chosen"])
        return self._keep(person.chooses(self._message(p), *chosen, select=p.get("select", "")))

    def submits(self, p: Given) -> int:
        """{person, act, answers}"""
        return self._keep(self._person(p["person"]).submits(self._acts[p["act"]], self._things(p.get("answers", {}))))

    def uses(self, p: Given) -> int:
        """{person, command, channel, message or target}"""
        target = self._message(p) if "message" in p else self._person(p["target"])
        return self._keep(self._person(p["person"]).uses(p["command"], target, self._maybe_channel(p)))

    def again(self, p: Given) -> None:
        """{act}: Discord tells it a second time."""
        self._acts[p["act"]].again()

    def says(self, p: Given) -> int:
        """{person, text, channel}: the message's id."""
        return self._person(p["person"]).says(p["text"], self._maybe_channel(p)).id

    # What they see

    def act(self, p: Given) -> dict[str, Any]:
        """{act}: what became of it."""
        act = self._acts[p["act"]]
        return {
            "response": act.response,
            "failed": act.has_failed,
            "seconds": act.seconds if act.is_answered else None,
            "messages": [_told(message) for message in act.messages],
            "choices": act.made.choices,
            "modal": act.made.modal,
        }

    async def completed(self, p: Given) -> dict[str, Any]:
        """{act, within_seconds}: the same, once there is something to see."""
        await self._acts[p["act"]].completed(p.get("within_seconds", 5.0))
        return self.act(p)

    def messages(self, p: Given) -> list[dict[str, Any]]:
        """{person, channel}: what they see there, or in their direct message."""
        return [_told(message) for message in self._person(p["person"]).sees(self._maybe_channel(p))]

    def commands(self, p: Given) -> list[str]:
        """{person, channel, kind}: what their app offers."""
        return self._person(p["person"]).commands(self._maybe_channel(p), p.get("kind", 1))

    def state(self, _: Given) -> dict[str, Any]:
        """How many are connected, what was delivered, how often each route was called."""
        gateway = self._wire.gateway
        return {
            "connected": len(gateway.connected),
            "delivered": sum(session.delivered for session in gateway.sessions.values()),
            "identified": gateway.identified,
            "resumed": gateway.resumed,
            "counts": self._wire.counts,
        }

    def calls(self, p: Given) -> list[dict[str, Any]]:
        """{route}: the calls that begin so, with their times, bodies and outcomes."""
        return [
            {"at": call.at, "route": call.route, "body": call.body, "status": call.status, "code": call.code}
            for call in self._wire.called(p.get("route", ""))
        ]

    # Going wrong and being fast

    def fails(self, p: Given) -> None:
        """{route, kind, times, after_effect, retry_after}: plan a fault."""
        self._wire.fails(**(p | {"kind": Fault(p["kind"])}))

    def gateway(self, p: Given) -> None:
        """{what}: drop, reconnect, invalidate, forget; close {code}; drops_at {event, delivered}."""
        given = {name: value for name, value in p.items() if name != "what"}
        if p["what"] not in {"drop", "reconnect", "invalidate", "forget", "close", "drops_at"}:
            raise LookupError(f"nothing is called {p['what']}")
        getattr(self._wire.gateway, p["what"])(**given)

    def configure(self, p: Given) -> None:
        """{strict, checked, keeps_log, compresses, repeats, heartbeat_seconds, acknowledge_seconds, shift, limits}."""
        wire = self._wire
        owners = {"strict": wire, "keeps_log": wire, "hang_seconds": wire, "checked": wire.posting}
        owners |= dict.fromkeys(("compresses", "repeats", "heartbeat_seconds", "recommended_shards"), wire.gateway)
        owners |= dict.fromkeys(("acknowledge_seconds", "token_seconds"), wire.interactions)
        for name, value in p.items():
            if name == "shift":
                wire.shift(value)
            elif name == "limits":
                wire.limit(None if value is None else Limits(**value))
            else:
                setattr(owners[name], name, value)

    async def drive(self, p: Given) -> dict[str, Any]:
        """{presses: [[person, channel, message, custom_id], …], at_once or rate, within_seconds}: press them all.

        `at_once` many under way at any time, or `rate` a second whatever becomes of them. Answers with the whole time, and
        with the seconds to the acknowledgement, those until there was something to see, and the first words of that, in the
        order given; null stands for a press that nothing came of in time.
        """
        results: list[list[Any] | None] = [None] * len(p["presses"])
        within = p.get("within_seconds", 30.0)
        started = time.perf_counter()

        async def one(index: int) -> None:
            results[index] = await self._press_and_wait(p["presses"][index], within)

        if "rate" in p:
            await self._at_rate(one, len(results), p["rate"])
        else:
            todo = list(range(len(results)))[::-1]

            async def one_after_another() -> None:
                while todo:
                    await one(todo.pop())

            await asyncio.gather(*(one_after_another() for _ in range(p.get("at_once", 1))))
        return {"seconds": time.perf_counter() - started, "presses": results}

    @staticmethod
    async def _at_rate(one: Any, number: int, rate: float) -> None:
        started, tasks = time.perf_counter(), []
        for index in range(number):
            await asyncio.sleep(max(0.0, started + index / rate - time.perf_counter()))
            tasks.append(asyncio.create_task(one(index)))
        await asyncio.gather(*tasks)

    async def _press_and_wait(self, press: list[Any], within: float) -> list[Any] | None:
        world = self._wire.world
        person, channel, message, custom_id = press
        here = world.channels[channel]
        data = {"custom_id": custom_id, "component_type": 2, "id": 1}
        made: Interaction = self._wire.interactions.begin(3, world.users[person], here, data, here.messages[message])
        try:
            await asyncio.wait_for(self._wire.answered(made), within)
        except TimeoutError:
            return None
        words = (made.followups[-1] if made.followups else made.original or Message(0, here, world.bot)).text
        return [made.acknowledged - made.began, made.completed - made.began, words[:200]]

    # Finding things

    def _keep(self, act: Act) -> int:
        self._acts[act.id] = act
        return act.id

    def _person(self, person: int) -> Person:
        return Person(self._wire, self._wire.world.users[person])

    def _guild(self, p: Given) -> Guild:
        return self._wire.world.guilds[p["guild"]]

    def _channel(self, p: Given) -> Channel:
        return self._wire.world.channels[p["channel"]]

    def _maybe_channel(self, p: Given) -> Channel | None:
        return self._channel(p) if p.get("channel") else None

    def _message(self, p: Given) -> Message:
        return self._channel(p).messages[p["message"]]

    def _things(self, given: Any) -> Any:
        if isinstance(given, list):
            return [self._things(one) for one in given]
        if not isinstance(given, dict):
            return given
        if "person" in given:
            return self._person(given["person"])
        if "channel" in given:
            return self._channel(given)
        if "role" in given:
            return next(g.roles[given["role"]] for g in self._wire.world.guilds.values() if given["role"] in g.roles)
        if "file" in given:
            return (given["file"], bytes.fromhex(given["hex"]))
        return {name: self._things(value) for name, value in given.items()}


def _told(message: Message) -> dict[str, Any]:
    return message.to_json() | {"text": message.text, "ephemeral": message.is_ephemeral, "edits": message.edits}
