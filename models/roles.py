"""What a member may do, from least to most."""

from enum import IntEnum


class Role(IntEnum):
    VOLUNTEER = 1
    MODERATOR = 2
    ORGANIZER = 3
