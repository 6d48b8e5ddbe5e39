"""What a deployer can set: `config.toml`, each key also as an environment variable `HIMMA__SECTION__KEY`, which wins.

`load` tells every fault at once and never repeats a value, for the value may be a secret.
"""

import difflib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote, quote_plus

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from bot.sections import (
    DatabaseSettings,
    DiscordSettings,
    LogSettings,
    MailSettings,
    PlaygroundSettings,
    Section,
    StoreSettings,
    TelegramSettings,
    database_url,
)

__all__ = ["CONFIG_PATH", "FIELDS", "Fault", "Settings", "SettingsError", "database_url", "load"]

CONFIG_PATH = Path("config.toml")
_PREFIX = "HIMMA__"


class Settings(Section):
    """Everything that was set, checked and complete."""

    telegram: TelegramSettings = TelegramSettings()
    discord: DiscordSettings = DiscordSettings()
    mail: MailSettings = MailSettings()
    database: DatabaseSettings = DatabaseSettings()
    playground: PlaygroundSettings = PlaygroundSettings()
    store: StoreSettings = StoreSettings()
    log: LogSettings = LogSettings()

    @property
    def serves_playground(self) -> bool:
        if self.playground.enabled is None:
            return self.telegram.token is None and self.discord.token is None
        return self.playground.enabled

    def secrets(self) -> frozenset[str]:
        """Every text that must not be shown, also as it is written inside a URL."""
        held = [self.telegram.token, self.telegram.webhook_secret, self.discord.token, self.mail.password]
        plain = {secret.get_secret_value() for secret in held if secret}
        if self.database.url.password:
            plain.add(str(self.database.url.password))
        return frozenset(form for text in plain for form in (text, quote(text, safe=""), quote_plus(text)) if form)


FIELDS: dict[str, dict[str, FieldInfo]] = {
    name: type(section.default).model_fields for name, section in Settings.model_fields.items()
}
"""Section, key, and what is known of it."""

_PROBLEMS = {
    "bool_parsing": "should be true or false",
    "bool_type": "should be true or false",
    "int_from_float": "should be a whole number",
    "int_parsing": "should be a whole number",
    "int_type": "should be a whole number",
    "path_type": "should be a text in quotes",
    "string_too_short": "should not be empty",
    "string_type": "should be a text in quotes",
    "too_short": "should not be empty",
}
"""What pydantic finds, in a deployer's words; see its list of validation errors."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the settings."""

    source: str
    """The file, or the environment variable."""
    key: str
    """`[section] key`, or empty where the whole file is meant."""
    problem: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.source, self.key, self.problem) if part)


class SettingsError(Exception):
    """The settings cannot be used; `faults` holds every reason, and no value that was given."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings of a file and of the environment; defaults where neither says anything.

    Raises `SettingsError`, also for a file that is named and cannot be read.
    """
    given = _Given(path)
    if path is not None:
        given.read_file(path)
    given.read_environment(environ)
    settings = given.check()
    if given.faults or settings is None:
        raise SettingsError(tuple(given.faults))
    return settings


@dataclass
class _Given:
    """What was given, from where, and what is wrong with it so far."""

    path: Path | None
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    sources: dict[tuple[str, str], str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def read_file(self, path: Path) -> None:
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            return self._find_wrong(str(path), "", (error.strerror or "cannot be read").lower())
        except UnicodeDecodeError:
            return self._find_wrong(str(path), "", "is not text in UTF-8")
        except tomllib.TOMLDecodeError as error:
            # The parser's message names the line and column, and at most one character of the file.
            return self._find_wrong(str(path), "", f"is not TOML: {error}; are all texts in quotes?")
        for section, keys in content.items():
            if isinstance(keys, dict):
                self._take(str(path), section, keys)
            elif section in Settings.model_fields:
                self._find_wrong(str(path), section, f"is a section: write [{section}] on a line of its own")
            else:
                homes = [f"[{name}] {section}" for name, keys in FIELDS.items() if section in keys]
                self._find_wrong(str(path), section, "stands outside every section" + _did_you_mean(homes))
        return None

    def read_environment(self, environ: Mapping[str, str]) -> None:
        for name, value in sorted(environ.items()):
            if name.upper().startswith(_PREFIX) and value.strip():
                section, _, key = name[len(_PREFIX) :].lower().partition("__")
                self._take(name, section, {key: value})

    def _take(self, source: str, section: str, values: Mapping[str, object]) -> None:
        fields = FIELDS.get(section)
        if fields is None:
            near = difflib.get_close_matches(section, FIELDS, n=1)
            return self._find_wrong(source, f"[{section}]", "no such section" + _did_you_mean(f"[{name}]" for name in near))
        for key, value in values.items():
            if key in fields:
                self.values.setdefault(section, {})[key] = value
                self.sources[section, key] = source
            else:
                near = difflib.get_close_matches(key, fields, n=1)
                self._find_wrong(source, f"[{section}] {key}".strip(), "no such key" + _did_you_mean(near))
        return None

    def check(self) -> Settings | None:
        try:
            settings = Settings.model_validate(self.values)
        except ValidationError as error:
            for details in error.errors(include_input=False, include_url=False):
                section, key = str(details["loc"][0]), str(details["loc"][1])
                problem = _PROBLEMS.get(details["type"]) or details["msg"].removeprefix("Value error, ").replace("Input ", "")
                if details["type"] == "literal_error":
                    problem = self._wrong_choice(section, key)
                self._find_wrong(self._source_of(section, key), f"[{section}] {key}", problem)
            return None
        if not (settings.serves_playground or settings.telegram.token or settings.discord.token):
            source = self._source_of("playground", "enabled")
            self._find_wrong(source, "[playground] enabled", "is false, and no platform has a token: there is nothing to run")
        return settings

    def _wrong_choice(self, section: str, key: str) -> str:
        choices = get_args(FIELDS[section][key].annotation)
        near = difflib.get_close_matches(str(self.values[section][key]).lower(), choices, n=1)
        return f"should be {' or '.join(map(json.dumps, choices))}" + _did_you_mean(near)

    def _source_of(self, section: str, key: str) -> str:
        left_out = str(self.path) if self.path else f"{_PREFIX}{section}__{key}".upper()
        return self.sources.get((section, key), left_out)

    def _find_wrong(self, source: str, key: str, problem: str) -> None:
        self.faults.append(Fault(source, key, problem))


def _did_you_mean(names: Iterable[str]) -> str:
    listed = " or ".join(names)
    return f"; did you mean {listed}?" if listed else ""
