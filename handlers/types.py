"""The chat language: what arrives is an `Event`, what is said is a `Reply`.

Both are made of semantic parts that know no platform. A platform module decodes what its wire brought into an `Event` and
renders each part of a `Reply` natively (a Telegram inline keyboard, Discord buttons, a modal). A part that a platform cannot
render raises `CannotRender`; it is never dropped.

Texts in a `Reply` are plain: already in the reader's language, user-written pieces already isolated and free of control
characters. Escaping for HTML or markdown is the platform's business.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class CannotRender(Exception):
    """A part of a reply that this platform has no form for."""


class ChatKind(StrEnum):
    PRIVATE = "private"
    GROUP = "group"
    CHANNEL = "channel"


class EventKind(StrEnum):
    COMMAND = "command"
    """Somebody typed `/command args`, or the platform's equivalent."""
    PRESS = "press"
    """Somebody pressed a button that an earlier reply carried."""
    TEXT = "text"
    """Free words or a picture, in a private chat or as an answer to our question."""
    SERVICE = "service"
    """The platform itself tells something (see `Service`). Nobody can type or forge these."""


class Service(StrEnum):
    """What a platform tells us by itself; stands in `Event.command` when the kind is SERVICE."""

    CHAT_ADDED = "chat_added"
    """We were added to `place`, by the sender."""
    CHAT_REMOVED = "chat_removed"
    """We were removed from `place`."""
    CHAT_MOVED = "chat_moved"
    """`place` goes on under another id, which is `args` (a group became a supergroup)."""
    PRIVATE_OPENED = "private_opened"
    """The sender allows us to write to them privately (again)."""
    PRIVATE_CLOSED = "private_closed"
    """The sender has blocked us: nothing may be sent to their private chat any more."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who acted, as the platform tells it. The name is untrusted and never an identity."""

    platform: str
    external_id: str
    name: str
    locale: str = ""
    """The platform's hint of a language (BCP 47), or empty."""
    is_chat_admin: bool | None = None
    """Whether the platform says the sender administers `place`; asked only for commands that declare `asks_admin`,
    and None where it was not asked or could not be learnt."""
    is_hidden: bool = False
    """An admin who writes in the name of the group: the account stands for all who do, and nobody can be told apart."""
    private_chat: str = ""
    """The chat in which the platform lets us write to the sender privately because of what they do now, wherever that is;
    empty where only what happens in the private chat itself tells."""
    chat_roles: frozenset[str] = frozenset()
    """The ids of the platform's own roles that the sender bears in `place`, where it has such roles and tells them."""


@dataclass(frozen=True, slots=True)
class Place:
    """The chat in which something happened or is said."""

    platform: str
    chat: str
    """The chat's external id."""
    kind: ChatKind
    title: str = ""
    thread: str = ""
    """The external id of a forum topic, or empty."""
    has_roles: bool = False
    """The platform has roles of its own here, whose bearers can be called."""
    whispers: bool = False
    """The platform can show an answer to one person alone inside a group (Discord's ephemeral answers)."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an answer goes: enough to deliver it after a restart."""

    place: Place
    person: str
    """The external id of the account that is answered."""
    message: str = ""
    """The external id of the message whose button was pressed; an answer with `edit` redraws it."""
    token: str = field(default="", repr=False)
    """The platform's handle for acknowledging a press (a callback query's id, an interaction's token)."""
    has_media: bool = False
    """The pressed message carries a picture or a file: some platforms edit such a message differently."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that the platform announced and that is not in our store yet."""

    reference: str
    """The platform's own handle; it means nothing on another platform."""
    name: str = ""
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """A picture in our own store."""

    id: str
    """The SHA-256 of the stored bytes, in hexadecimal."""
    content_type: str
    size_bytes: int


class MediaFault(StrEnum):
    """Why an upload was not taken into the store."""

    TOO_BIG = "too_big"
    NOT_A_PICTURE = "not_a_picture"
    LOST = "lost"
    """The platform no longer gives it out."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a person or a platform did."""

    key: str
    """Unique for ever: a redelivered event has the key it had before."""
    kind: EventKind
    sender: Sender
    address: Address
    at: datetime
    """When we received it, in UTC."""
    command: str = ""
    args: str = ""
    text: str = ""
    version: int = 0
    """The version of the screen that a pressed button stood on."""
    form: str = ""
    """The key of the form that was filled in, and the answers by the names of its questions."""
    answers: tuple[tuple[str, str], ...] = ()
    upload: Upload | None = None
    media: Media | None = None
    """The upload, once it is in our store."""
    media_fault: MediaFault | None = None

    @property
    def place(self) -> Place:
        return self.address.place


class Tone(StrEnum):
    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Button:
    """A press sends an `Event` of kind PRESS back: the command, its arguments and the version of this screen."""

    label: str
    command: str
    args: str = ""
    version: int = 0
    tone: Tone = Tone.PLAIN

    def data(self) -> str:
        """`command:args:version`, what platforms carry in the button (at most 64 bytes of ASCII)."""
        return _data(self.command, self.args, self.version)


def _data(command: str, args: str, version: int) -> str:
    data = f"{command}:{args}:{version}"
    if len(data) > 64 or not data.isascii():
        raise CannotRender(f"button data {data!r} is longer than 64 bytes or not ASCII")
    return data


def parse_data(data: str) -> tuple[str, str, int] | None:
    """The command, arguments and version in a button's data, or None where it is not of that form."""
    command, _, rest = data.partition(":")
    args, _, version = rest.rpartition(":")
    is_version = version.isascii() and version.isdigit() and len(version) < 10
    if data.count(":") < 2 or not command.isidentifier() or not is_version:
        return None
    return command, args, int(version)


@dataclass(frozen=True, slots=True)
class Link:
    """Opens the private chat with us, carrying a start payload (at most 64 of `A-Za-z0-9_-`).

    Where a platform has no such links, it renders a button that answers privately in place.
    """

    label: str
    payload: str
    to_share: str = ""
    """Words with which the reader may pass the link on to others: a platform that can, offers just that."""


Row = tuple[Button | Link, ...]


@dataclass(frozen=True, slots=True)
class RolePicker:
    """A list of the platform's own roles, for one to be chosen: it sends an `Event` of kind PRESS back, with the role's id
    right behind the arguments. Only where `Place.has_roles`."""

    label: str
    command: str
    args: str = ""
    version: int = 0

    def data(self) -> str:
        """See `Button.data`."""
        return _data(self.command, self.args, self.version)


@dataclass(frozen=True, slots=True)
class Card:
    """A titled block of short lines: a task, a report, a person's own page."""

    title: str
    lines: tuple[str, ...] = ()
    footer: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """What was counted, by day: a row of bars in a chart."""

    name: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of numbers by day, painted when it is delivered (bot/charts.py). Its words are in the reader's language."""

    title: str
    alternative: str
    """The same in words, for those who do not see the picture: the two always go together. At most 1024 characters."""
    days: tuple[str, ...]
    """What stands under the bars of each day."""
    bars: tuple[Bars, ...]
    right_to_left: bool = False
    """Time runs as the reader reads."""
    digits: str = "0123456789"
    """Nought to nine as the reader writes them."""


class SheetForm(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a heading of columns. What people wrote stands in them as it is: nothing is isolated."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Tables as a file, written when it is delivered (bot/sheets.py)."""

    name: str
    """The file's, without its ending; ASCII."""
    tables: tuple[Table, ...]
    form: SheetForm = SheetForm.CSV
    right_to_left: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """One of several things that a form asks for."""

    name: str
    """What the answer comes back under; ASCII."""
    label: str
    hint: str = ""
    """The question in whole."""
    placeholder: str = ""
    value: str = ""
    """What stands in its field already."""
    options: tuple[tuple[str, str], ...] = ()
    """What there is to choose from, where it is not written: the answer and how it is called."""
    takes_photo: bool = False
    is_needed: bool = True


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody who is called by name in a chat of many, because they chose to be."""

    account: str
    """The external id on the platform of that chat."""
    name: str


@dataclass(frozen=True, slots=True)
class Form:
    """Several questions on one sheet; what is filled in comes back as one event with its `key` and the answers."""

    title: str
    key: str
    questions: tuple[Question, ...]
    """In their order; a platform asks as many as it has room for, the others are asked afterwards."""


class Scope(StrEnum):
    PRIVATE = "private"
    """For the asker alone. In a group it goes to their private chat, or is whispered where the platform can."""
    HERE = "here"
    """For everybody in the chat where it was asked."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said, in the order toast, text, card, picture, chart, sheet, buttons.

    An empty reply says nothing, but a press is still acknowledged.
    """

    text: str = ""
    card: Card | None = None
    media: Media | None = None
    chart: Chart | None = None
    sheet: Sheet | None = None
    """Charts and sheets stand under words of the reply's own; with one of them a platform may send anew instead of `edit`."""
    rows: tuple[Row, ...] = ()
    toast: str = ""
    """A short notice on the press itself (at most 200 characters); where there was no press it is left out, so it never
    carries what the text does not, unless nothing else is said."""
    scope: Scope = Scope.PRIVATE
    edit: bool = False
    """Redraw the message that was pressed, where there was one; else a new message is sent."""
    asks_text: bool = False
    """The reply is a question that free text answers (Telegram may offer a reply field, Discord a modal)."""
    asks_photo: bool = False
    """The reply is a question that a picture answers."""
    placeholder: str = ""
    """What an empty input field shows when `asks_text`."""
    form_button: Button | None = None
    """Asks for the form that holds this question and the next ones; left out where there are no forms, for everything can be
    answered step by step."""
    form: Form | None = None
    """Opened instead of what else is said, where the press that asked for it can still be answered so."""
    role_picker: RolePicker | None = None
    """Stands above the buttons."""
    input_label: str = ""
    """What the button says that opens the field for the answer, on platforms that need one."""
    mentions: tuple[Mention, ...] = ()
    """Who is called by name, before the text."""
    pings: tuple[str, ...] = ()
    """The ids of the platform's own roles whose bearers in this chat are notified; nobody else ever is."""
    role: str = ""
    """The role that the reader has from now on (its name in lower case): platforms that show menus by role follow it."""
    opens: str = ""
    """A start payload: acknowledging the press opens the private chat with it, where the platform can do that."""

    @property
    def has_files(self) -> bool:
        """Whether there is something in it that becomes a file when it is delivered."""
        return self.chart is not None or self.sheet is not None

    @property
    def is_silent(self) -> bool:
        return not (self.text or self.card or self.media or self.has_files or self.toast or self.opens)


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply with the place it goes to: what a platform delivers."""

    key: str
    address: Address
    reply: Reply
    is_known: bool = False
    """The event was handled before; this is the answer it got then."""
    delivered: bool = False
    """It reached the person before; delivering it again would say it twice. A press is still acknowledged."""
