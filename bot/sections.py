"""Every setting there is: its name, its default, what it means and what it may be.

The descriptions are what `config.example.toml` and docs/settings.md say. No check repeats the value, which may be a secret.
"""

import re
from email.utils import parseaddr
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from models.mail_address import parse_address

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}

_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
_SHARDS = re.compile(r"(?:(?P<first>[0-9]{1,4})-(?P<last>[0-9]{1,4})/)?(?P<count>[0-9]{1,4})")


class Section(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True, arbitrary_types_allowed=True
    )


def _web_address(value: str, schemes: tuple[str, ...]) -> str:
    wanted = " or ".join(f"{scheme}://" for scheme in schemes)
    try:
        parts = urlsplit(value)
        fits = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is no number, or an IPv6 address lacks its bracket
        raise ValueError(f"should be an address that begins with {wanted}") from None
    if not fits:
        raise ValueError(f"should be an address that begins with {wanted}")
    if "@" in parts.netloc:
        raise ValueError("should carry no user name or password")
    return value.rstrip("/")


class TelegramSettings(Section):
    """The bot on Telegram; it starts when there is a token."""

    token: SecretStr | None = Field(
        None, examples=["123456789:the-token-from-BotFather"], description="What @BotFather gave: digits, a colon, letters."
    )
    api_url: str = Field("https://api.telegram.org", description="The Bot API server; another one where you host your own.")
    mode: Literal["polling", "webhook"] = Field(
        "polling",
        description='"polling" asks Telegram for updates and needs no open port; with "webhook" Telegram calls.',
    )
    webhook_url: str | None = Field(
        None,
        examples=["https://himma.example.org/telegram"],
        description='The public https address that Telegram calls, for mode = "webhook".',
    )
    webhook_port: int = Field(8443, ge=1, le=65535, description="The port to listen on, behind your web server.")
    webhook_secret: SecretStr | None = Field(
        None,
        examples=["a-long-random-word"],
        description="1 to 256 of A-Z, a-z, 0-9, _ and -: proves that a call to the webhook comes from Telegram.",
    )

    paid_broadcast: bool = Field(
        False,
        description=(
            "Lets appeals go out to 1000 people a second instead of 30. Telegram takes 0.1 Stars for each message and lets "
            "only large bots do it: https://core.telegram.org/bots/api#paid-broadcasts"
        ),
    )

    @field_validator("token")
    @classmethod
    def _check_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            number, colon, rest = value.get_secret_value().partition(":")
            if not (number.isascii() and number.isdigit() and colon and _is_plain(rest)):
                raise ValueError("is not a bot token: digits, a colon, then letters, digits, _ and -, as @BotFather gave it")
        return value

    @field_validator("api_url")
    @classmethod
    def _check_api_url(cls, value: str) -> str:
        return _web_address(value, ("https", "http"))

    @field_validator("webhook_url")
    @classmethod
    def _check_webhook_url(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("mode") == "webhook":
            raise ValueError('is needed for mode = "webhook"')
        return value and _web_address(value, ("https", "http"))

    @field_validator("webhook_secret")
    @classmethod
    def _check_webhook_secret(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None and info.data.get("mode") == "webhook":
            raise ValueError('is needed for mode = "webhook"')
        if value is not None and not (len(value) <= 256 and _is_plain(value.get_secret_value())):
            raise ValueError("should be 1 to 256 of A-Z, a-z, 0-9, _ and -")
        return value


def _is_plain(text: str) -> bool:
    return text.isascii() and text.replace("_", "a").replace("-", "a").isalnum()


class DiscordSettings(Section):
    """The bot on Discord; it starts when there is a token."""

    token: SecretStr | None = Field(
        None,
        min_length=1,
        examples=["the-token-from-the-developer-portal"],
        description="The bot's token from Discord's developer portal.",
    )
    api_url: str = Field("https://discord.com/api/v10", description="Discord's REST API, or a proxy before it.")
    gateway_url: str | None = Field(
        None,
        examples=["wss://gateway.discord.gg"],
        description="The gateway, or a proxy before it; left out, what Discord names.",
    )
    shards: str = Field(
        "auto",
        description='How many gateway connections: "auto" asks Discord; "4" makes four; "0-3/16" makes the first four of '
        "sixteen here, and other processes make the rest.",
    )

    @field_validator("api_url")
    @classmethod
    def _check_api_url(cls, value: str) -> str:
        return _web_address(value, ("https", "http"))

    @field_validator("shards", mode="before")
    @classmethod
    def _check_shards(cls, value: object) -> str:
        text = str(value).strip().lower()
        parse_shards(text)
        return text

    @field_validator("gateway_url")
    @classmethod
    def _check_gateway_url(cls, value: str | None) -> str | None:
        return value and _web_address(value, ("wss", "ws"))


def parse_shards(text: str) -> tuple[int | None, range]:
    """How many shards there are in all, None for as many as Discord advises, and which of them are made here, an empty range
    for all. Raises `ValueError`."""
    if text == "auto":
        return None, range(0)
    found = _SHARDS.fullmatch(text)
    if found is None:
        raise ValueError('should be "auto", a number ("4") or a range of them ("0-3/16")')
    first, last, count = int(found["first"] or 0), int(found["last"] or 0), int(found["count"])
    if count < 1 or not first <= last < count:
        raise ValueError('should count from 0 and end before their number, as in "0-3/16"')
    return count, range(first, last + 1) if found["last"] else range(0)


class MailSettings(Section):
    """E-mail: weekly summaries and digests for people who ask for them. It is offered when there is a host."""

    host: str | None = Field(
        None, min_length=1, examples=["smtp.example.org"], description="The SMTP server that sends your mail."
    )
    port: int = Field(587, ge=1, le=65535, description='Its port: mostly 587 with "starttls", 465 with "implicit".')
    tls: Literal["starttls", "implicit", "none"] = Field(
        "starttls",
        description='"starttls" begins in the clear and insists on encryption, "implicit" is encrypted from the first byte; '
        '"none" is for a server on this machine.',
    )
    username: str | None = Field(None, min_length=1, examples=["himma@example.org"], description="Left out: no log-in.")
    password: SecretStr | None = Field(
        None, min_length=1, examples=["the-password"], description="The password that belongs to the username."
    )
    sender: str | None = Field(
        None,
        examples=["Himma <himma@example.org>"],
        description="Whom mail comes from; the server must be allowed to send for its domain (docs/mail.md).",
    )
    public_url: str | None = Field(
        None,
        examples=["https://himma.example.org/mail"],
        description="The public address of the pages on which people confirm and unsubscribe; your web server passes it on.",
    )
    page_host: str = Field("127.0.0.1", min_length=1, description="The address on which these pages are served.")
    page_port: int = Field(8025, ge=1, le=65535, description="The port on which they are served.")

    @field_validator("host")
    @classmethod
    def _check_host(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9.:-]+", value):
            raise ValueError("should be a name such as smtp.example.org, or an address; the port has a key of its own")
        return value

    @field_validator("username")
    @classmethod
    def _check_username(cls, value: str | None) -> str | None:
        if value is not None and not value.isprintable():
            raise ValueError("should be printable, on one line")
        return value

    @field_validator("password")
    @classmethod
    def _check_password(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if (value is None) != (info.data.get("username") is None):
            raise ValueError("is needed where there is a username, and has no use without one")
        if value is not None and info.data.get("tls") == "none" and info.data.get("host") not in _THIS_MACHINE:
            raise ValueError('would travel in the clear: set tls to "starttls" or "implicit"')
        return value

    @field_validator("sender")
    @classmethod
    def _check_sender(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("host"):
            raise ValueError("is needed where there is a host: whom mail comes from")
        if value is not None and not (value.isprintable() and parse_address(parseaddr(value)[1])):
            raise ValueError("should be an address such as Himma <himma@example.org>")
        return value

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("host"):
            raise ValueError("is needed where there is a host: nobody is sent mail that they cannot end")
        return value and _web_address(value, ("https", "http"))


class DatabaseSettings(Section):
    """Where everything is kept. SQLite needs nothing; PostgreSQL serves several processes."""

    url: URL = Field(
        make_url("sqlite:///data/himma.db"),
        description="sqlite:///a/path.db (relative to where Himma starts), or postgresql://user:password@host/name.",
    )

    @field_validator("url", mode="before")
    @classmethod
    def _check_url(cls, value: object) -> URL:
        return database_url(value if isinstance(value, URL) else str(value))


def database_url(value: str | URL) -> URL:
    """The address of a database with the driver that we use for it.

    Raises `ValueError` for databases that Himma does not keep; its text never holds the address, which may carry a password.
    """
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError("is not a database address such as sqlite:///data/himma.db") from None
    if url.drivername not in _DRIVERS:
        raise ValueError("should begin with sqlite:/// or postgresql://")
    if {"password", "passfile"} & set(url.query):
        raise ValueError("should carry its password before the @, not after the ?")
    url = url.set(drivername=_DRIVERS[url.drivername])
    if url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}:
        raise ValueError("should name a file: a database in memory forgets everything at the end")
    return url


class PlaygroundSettings(Section):
    """A web page with a sample community, to try everything without any account. Who opens it can act as anybody in it."""

    enabled: bool | None = Field(
        None, examples=[True], description="Whether to serve it; left out: only where no platform has a token."
    )
    host: str = Field("127.0.0.1", min_length=1, description="The address to listen on; 127.0.0.1 is this machine alone.")
    port: int = Field(8765, ge=1, le=65535, description="The port to listen on.")


class StoreSettings(Section):
    """Pictures that people send, stripped of metadata such as where they were taken."""

    folder: Path = Field(Path("data/pictures"), description="The folder of the pictures (relative to where Himma starts).")


class LogSettings(Section):
    """What the process tells about itself, on standard error. Secrets are masked."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least important lines to write.")
    format: Literal["text", "json"] = Field(
        "text", description='"text" for people, "json" (an object a line) for log collectors.'
    )
