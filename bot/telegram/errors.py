"""Telegram's errors in the words of `bot.platform`.

The descriptions are not documented; these are those of the Bot API server's source
(https://github.com/tdlib/telegram-bot-api), compared without case.
"""

from typing import Final

from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, TelegramError, TimedOut

from bot.platform import Deactivated, DeliveryError, Gone, Moved, OutOfReach, Refused, TryLater, Unknown, Unreachable
from bot.telegram.request import AskedToWait, Broken, NotSent

NOT_MODIFIED: Final = "message is not modified"
ALREADY_DONE: Final = (NOT_MODIFIED, "query is too old")
NO_TEXT_TO_EDIT: Final = "there is no text in the message to edit"

_PAUSE_SECONDS: Final = 1.0

_GONE: Final = (
    "message to edit not found",
    "message_id_invalid",
    "message can't be edited",
    "message identifier is not specified",
    "query is too old",
    "query id is invalid",
    "file not found",
    "wrong file_id",
    "wrong file identifier",
    "invalid file_id",
    "file is temporarily unavailable",
)
_DEACTIVATED: Final = ("user is deactivated", "user not found", "input_user_deactivated", "peer_id_invalid")
_UNREACHABLE: Final = (
    "chat not found",
    "group chat was deactivated",
    "chat was deleted",
    "not enough rights",
    "have no rights",
    "need administrator rights",
    "chat_write_forbidden",
    "message thread not found",
    "topic_closed",
    "topic_deleted",
)


def says(error: TelegramError, *descriptions: str) -> bool:
    """Whether Telegram's words contain one of these."""
    words = error.message.casefold()
    return any(description in words for description in descriptions)


def delivery_error(error: TelegramError) -> DeliveryError:
    """What to do about an error, as the core understands it."""
    match error:
        case Forbidden() | BadRequest() if says(error, *_DEACTIVATED):
            return Deactivated(error.message)
        case Forbidden():
            return Unreachable(error.message)
        case ChatMigrated():
            return Moved(str(error.new_chat_id))
        case AskedToWait():
            return TryLater(error.after_seconds or _PAUSE_SECONDS)
        case NotSent():
            return OutOfReach(_PAUSE_SECONDS)
        case TimedOut() | Broken():
            return Unknown(error.message)
        case InvalidToken():
            # The token was withdrawn while we ran. `run` tells the deployer; what is to be said waits until it is mended.
            return TryLater(60.0)
        case BadRequest() if says(error, *_UNREACHABLE):
            return Unreachable(error.message)
        case BadRequest() if says(error, *_GONE):
            return Gone(error.message)
    return Refused(error.message)
