"""What Discord says when it refuses. Codes and words: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json."""

from collections.abc import Iterable
from typing import Any, NamedTuple


class Flaw(NamedTuple):
    """One thing wrong with a request's body: where, and Discord's code and words for it."""

    path: tuple[str | int, ...]
    code: str
    message: str

    def under(self, *path: str | int) -> "Flaw":
        """The same flaw, seen from further out."""
        return Flaw((*path, *self.path), self.code, self.message)


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: int, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.extra = extra
        self.headers: dict[str, str] = {}

    def to_json(self) -> dict[str, Any]:
        return {"message": self.message, "code": self.code} | self.extra


def invalid_form(flaws: Iterable[Flaw]) -> Refusal:
    """`Invalid Form Body`, with every flaw at its place."""
    errors: dict[str, Any] = {}
    for flaw in flaws:
        place = errors
        for key in flaw.path:
            place = place.setdefault(str(key), {})
        place.setdefault("_errors", []).append({"code": flaw.code, "message": flaw.message})
    return Refusal(400, 50035, "Invalid Form Body", errors=errors)


def refuse_flaws(flaws: Iterable[Flaw]) -> None:
    """Raise `Invalid Form Body` where there is any flaw."""
    found = list(flaws)
    if found:
        raise invalid_form(found)


def too_long(path: tuple[str | int, ...], value: str | None, most: int, least: int = 0) -> Iterable[Flaw]:
    """A flaw where a text's length is out of bounds."""
    if value is None:
        return
    if len(value) > most:
        wanted = f"between {least} and {most} in length" if least else f"{most} or fewer in length"
        yield Flaw(path, "BASE_TYPE_BAD_LENGTH" if least else "BASE_TYPE_MAX_LENGTH", f"Must be {wanted}.")
    elif len(value) < least:
        yield Flaw(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")


def too_many(path: tuple[str | int, ...], value: list[Any] | None, most: int, least: int = 0) -> Iterable[Flaw]:
    """A flaw where a list's length is out of bounds."""
    if value is not None and not least <= len(value) <= most:
        yield Flaw(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")


def unauthorized() -> Refusal:
    return Refusal(401, 0, "401: Unauthorized")


def not_found() -> Refusal:
    return Refusal(404, 0, "404: Not Found")


_UNKNOWN = {
    "channel": 10003,
    "guild": 10004,
    "member": 10007,
    "message": 10008,
    "role": 10011,
    "user": 10013,
    "webhook": 10015,
    "interaction": 10062,
    "application command": 10063,
}


def unknown(what: str) -> Refusal:
    return Refusal(404, _UNKNOWN[what], f"Unknown {what}" if what == "interaction" else f"Unknown {what.title()}")


def missing_access() -> Refusal:
    return Refusal(403, 50001, "Missing Access")


def missing_permissions() -> Refusal:
    return Refusal(403, 50013, "Missing Permissions")


def cannot_write_to_person() -> Refusal:
    return Refusal(403, 50007, "Cannot send messages to this user")


def no_mutual_guilds() -> Refusal:
    return Refusal(403, 50278, "Cannot send messages to this user due to having no mutual guilds")


def empty_message() -> Refusal:
    return Refusal(400, 50006, "Cannot send an empty message")


def already_acknowledged() -> Refusal:
    return Refusal(400, 40060, "Interaction has already been acknowledged.")


def invalid_webhook_token() -> Refusal:
    return Refusal(401, 50027, "Invalid Webhook Token")


def too_large() -> Refusal:
    return Refusal(413, 40005, "Request entity too large")
