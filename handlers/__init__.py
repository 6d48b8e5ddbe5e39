"""What to say: one module a use case. Importing this package registers every command."""

from handlers import (
    beginning,
    changing,
    chats,
    claiming,
    finding,
    focusing,
    helping,
    leaving,
    me,
    mine,
    reporting,
    reviewing,
    roles,
    setting_up,
)

__all__ = [
    "beginning",
    "changing",
    "chats",
    "claiming",
    "finding",
    "focusing",
    "helping",
    "leaving",
    "me",
    "mine",
    "reporting",
    "reviewing",
    "roles",
    "setting_up",
]
