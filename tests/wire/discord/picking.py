"""How a person's app turns what they fill in into what Discord tells the bot: options, choices, forms, and what they name.

What an app would not let anybody do fails here, with AssertionError or LookupError.
"""

from typing import Any

from tests.wire.discord.commands import localized
from tests.wire.discord.permissions import in_channel
from tests.wire.discord.world import Channel, Role, User, World

Json = dict[str, Any]
USER_OPTION, CHANNEL_OPTION, ROLE_OPTION, MENTIONABLE_OPTION, FILE_OPTION = 6, 7, 8, 9, 11


class Resolved:
    """The things that options and choices name, as they stand beside them."""

    def __init__(self, world: World, channel: Channel) -> None:
        self._world = world
        self._channel = channel
        self._found: Json = {}

    def name(self, thing: Any) -> str:
        """The id of a user, channel, role or file `(name, bytes[, the size that is claimed])`, which is told along."""
        if isinstance(thing, User):
            return self._user(thing)
        if isinstance(thing, Role):
            return self._put("roles", thing.id, thing.to_json())
        if isinstance(thing, Channel):
            granted = {"permissions": str(in_channel(thing, self._world.bot.id))}
            return self._put("channels", thing.id, thing.to_json() | granted)
        name, data, *announced = thing
        size = announced[0] if announced else None
        file = self._world.add_file(self._channel.id, name, data, ephemeral=True, announced=size)
        return self._put("attachments", file.id, file.to_json())

    def _user(self, user: User) -> str:
        if self._channel.guild and user.id in self._channel.guild.members:
            member = self._channel.guild.members[user.id].to_json(with_user=False)
            self._put("members", user.id, member | {"permissions": str(in_channel(self._channel, user.id))})
        return self._put("users", user.id, user.to_json())

    def _put(self, kind: str, thing_id: int, told: Json) -> str:
        self._found.setdefault(kind, {})[str(thing_id)] = told
        return str(thing_id)

    def beside(self, data: Json) -> Json:
        """The data, with the things that it names."""
        return data | {"resolved": self._found} if self._found else data


# Commands


def find(commands: list[Json], words: str, locale: str) -> tuple[Json, list[Json]]:
    """A command by its name or its name in the reader's language, and the sub-commands below it."""
    names = words.split()
    path: list[Json] = []
    level = commands
    for name in names:
        found = [one for one in level if name in {one["name"], localized(one, locale)}]
        if not found:
            raise LookupError(f"no command {words!r} is offered: {[localized(one, locale) for one in level]}")
        path.append(found[0])
        level = [one for one in found[0].get("options") or [] if one["type"] in {1, 2}]
    assert not level, f"{words!r} needs one of {[one['name'] for one in level]}"
    return path[0], path[1:]


def command_data(path: tuple[Json, list[Json]], given: Json, resolved: Resolved, *, focused: str = "") -> Json:
    """What an interaction tells of a command that was filled in; `focused` is the option that is still being typed."""
    command, below = path
    known = {option["name"]: option for option in (below[-1] if below else command).get("options") or []}
    unknown = given.keys() - known.keys()
    assert not unknown, f"{command['name']} has no option {unknown}"
    options = []
    for name, option in known.items():
        if name == focused:
            assert option.get("autocomplete"), f"{name} offers nothing while it is typed"
            options.append({"name": name, "type": option["type"], "value": str(given[name]), "focused": True})
        elif name in given:
            options.append({"name": name, "type": option["type"], "value": _option_value(option, given[name], resolved)})
        else:
            assert focused or not option.get("required"), f"{name} must be given"
    for step in reversed(below):
        options = [{"name": step["name"], "type": step["type"], "options": options}]
    data = {"id": command["id"], "name": command["name"], "type": command["type"], "options": options}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    return resolved.beside(data)


def _option_value(option: Json, value: Any, resolved: Resolved) -> Any:
    kind, name = option["type"], option["name"]
    if kind in {USER_OPTION, CHANNEL_OPTION, ROLE_OPTION, MENTIONABLE_OPTION, FILE_OPTION}:
        return resolved.name(value)
    wanted: dict[int, tuple[type, ...]] = {3: (str,), 4: (int,), 5: (bool,), 10: (int, float)}
    fits = isinstance(value, wanted[kind]) and isinstance(value, bool) == (kind == 5)
    assert fits, f"{name} cannot be {value!r}"
    if choices := option.get("choices"):
        assert value in {choice["value"] for choice in choices}, f"{name} is one of {choices}"
    size = len(value) if isinstance(value, str) else value
    for bound in ("min_value", "min_length"):
        assert option.get(bound) is None or size >= option[bound], f"{name}: {value!r} is less than {option[bound]}"
    for bound in ("max_value", "max_length"):
        assert option.get(bound) is None or size <= option[bound], f"{name}: {value!r} is more than {option[bound]}"
    return value


# Selects


def choose(select: Json, chosen: tuple[Any, ...], resolved: Resolved) -> list[str]:
    """The values of what somebody chose: options by label or value, or the things themselves."""
    assert not select.get("disabled"), "the select is switched off"
    least, most = (1 if select.get(bound) is None else select[bound] for bound in ("min_values", "max_values"))
    assert least <= len(chosen) <= most, f"choose {least} to {most}, not {len(chosen)}"
    if select["type"] not in {3, 21, 22}:
        return [resolved.name(thing) for thing in chosen]
    values = []
    for wanted in chosen:
        found = [option["value"] for option in select["options"] if wanted in {option["label"], option["value"]}]
        if not found:
            raise LookupError(f"no option {wanted!r}: {[option['label'] for option in select['options']]}")
        values.append(found[0])
    return values


# Modals


class Modal:
    """A form that stands open on somebody's screen."""

    def __init__(self, told: Json) -> None:
        self.told = told

    @property
    def title(self) -> str:
        return str(self.told["title"])

    @property
    def fields(self) -> dict[str, Json]:
        """What can be filled in, by label."""
        return {label: inner for label, inner in (_field(part) for part in self.told["components"]) if inner}

    @property
    def labels(self) -> list[str]:
        return list(self.fields)

    @property
    def words(self) -> list[str]:
        """The texts that stand between the fields."""
        return [part["content"] for part in self.told["components"] if part["type"] == 10]

    def fill(self, given: Json, resolved: Resolved) -> Json:
        """What an interaction tells of the form, filled in by label or custom id; the rest stays as it was offered."""
        known = {name for label, inner in self.fields.items() for name in (label, inner["custom_id"])}
        assert given.keys() <= known, f"the form has no {given.keys() - known}: {self.labels}"
        filled = [self._part(part, given, resolved) for part in self.told["components"]]
        return resolved.beside({"custom_id": self.told["custom_id"], "components": filled})

    def _part(self, part: Json, given: Json, resolved: Resolved) -> Json:
        label, inner = _field(part)
        told = {"type": part["type"], "id": part.get("id", 0)}
        if inner is None:
            return told
        value = given.get(label, given.get(inner["custom_id"]))
        answer = {"type": inner["type"], "id": inner.get("id", 0), "custom_id": inner["custom_id"]}
        answer |= _modal_value(label, inner, value, resolved)
        return told | ({"components": [answer]} if part["type"] == 1 else {"component": answer})


def _field(part: Json) -> tuple[str, Json | None]:
    if part["type"] == 1:
        inner = part["components"][0]
        return str(inner.get("label")), inner
    return (str(part["label"]), part["component"]) if part["type"] == 18 else ("", None)


def _modal_value(label: str, inner: Json, value: Any, resolved: Resolved) -> Json:
    required = inner.get("required", inner["type"] != 23)
    if inner["type"] == 4:
        text = str(inner.get("value") or "") if value is None else value
        assert text or not required, f"{label} must be filled in"
        most = inner.get("max_length") or 4000
        assert not text or (inner.get("min_length") or 0) <= len(text) <= most, f"{label}: {len(text)} characters"
        return {"value": text}
    if inner["type"] == 23:
        return {"value": bool(inner.get("default") if value is None else value)}
    if value is None:
        defaults = [option["value"] for option in inner.get("options", []) if option.get("default")]
        assert defaults or not required, f"{label} must be chosen"
        values = defaults
    else:
        chosen = tuple(value) if isinstance(value, list) else (value,)
        values = choose(inner if required else inner | {"min_values": 0}, chosen, resolved)
    return {"value": values[0] if values else None} if inner["type"] == 21 else {"values": values}
