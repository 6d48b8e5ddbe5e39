"""What is needed to answer an interaction, as an `Address` carries it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, Self

TOKEN_LIFE: Final = timedelta(minutes=15)
"""https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response"""
_EPOCH: Final = datetime(2015, 1, 1, tzinfo=UTC)


class Source(StrEnum):
    """What a person did."""

    COMMAND = "c"
    PRESS = "p"
    """On a message that everybody in the channel sees."""
    OWN_PRESS = "o"
    """On a message that they alone see."""
    OWN_MODAL = "m"
    """A modal that they opened from a message which they alone see."""
    PUBLIC_MODAL = "q"

    @property
    def is_on_message(self) -> bool:
        return self is not Source.COMMAND

    @property
    def opens_forms(self) -> bool:
        """A form does not follow a form. https://discord.com/developers/docs/interactions/receiving-and-responding"""
        return self not in {Source.OWN_MODAL, Source.PUBLIC_MODAL}

    @property
    def is_on_own(self) -> bool:
        return self in {Source.OWN_PRESS, Source.OWN_MODAL}


@dataclass(frozen=True, slots=True)
class Handle:
    """An interaction that is to be answered."""

    source: Source
    id: str
    application: str
    token: str = field(repr=False)

    def pack(self) -> str:
        return f"{self.source}.{self.id}.{self.application}.{self.token}"

    @classmethod
    def parse(cls, packed: str) -> Self:
        source, id_, application, token = packed.split(".", 3)
        return cls(Source(source), id_, application, token)

    def is_alive(self, now: datetime) -> bool:
        """Whether the token is still good for something. An id tells when it was made."""
        return now < made_at(self.id) + TOKEN_LIFE


def made_at(snowflake: str) -> datetime:
    """https://discord.com/developers/docs/reference#snowflakes"""
    return _EPOCH + timedelta(milliseconds=int(snowflake) >> 22)
