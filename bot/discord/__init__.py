"""Discord: discord.py's gateway and REST, with our own reading of what arrives and our own answers to interactions."""

from bot.discord.delivering import MediaStore
from bot.discord.offering import offer_from
from bot.discord.platform import Discord, TokenRefused

__all__ = ["Discord", "MediaStore", "TokenRefused", "offer_from"]
