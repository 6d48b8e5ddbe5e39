"""E-mail as a way to people who asked for it: https://www.rfc-editor.org/rfc/rfc5321 and what mail programs make of it."""

from bot.mail.platform import Mail
from bot.mail.smtp import Outlet, Server

__all__ = ["Mail", "Outlet", "Server"]
