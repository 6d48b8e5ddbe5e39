"""Telegram: python-telegram-bot's Bot, types and parsing over an aiohttp transport, with our own receiving."""

from bot.telegram.delivering import MediaStore
from bot.telegram.menu import Menu, MenuEntry
from bot.telegram.platform import Telegram, TokenRefused
from bot.telegram.webhook import Webhook

__all__ = ["MediaStore", "Menu", "MenuEntry", "Telegram", "TokenRefused", "Webhook"]
