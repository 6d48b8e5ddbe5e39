"""A `Reply` as a mail: plain text and HTML side by side, pictures inside, sheets attached.

A mail cannot be pressed or answered: a button leads to one of our own pages where there is one for it, else back into the chat
that the reader has with us; a question that waits for an answer cannot be rendered.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot.drawing import Drawn
from bot.fitting import cut, whole
from handlers.mailing import Recipient
from handlers.registry import COMMANDS, ArgKind
from handlers.types import Button, CannotRender, Link, Reply
from handlers.words import N_, Words, clean_line
from models.addresses import MailList

Door = Callable[[str], str]
"""The web address that opens the chat with a start payload; empty where it is not known."""

PAGES: Final = {"mail_confirm": "confirm", "mail_leave": "leave"}
"""Buttons that lead to a page of ours, which their arguments name."""
_SUBJECT_LIMIT: Final = 140
_WHY: Final = {
    MailList.DIGEST: N_("This list comes once a week, as was chosen in the chat."),
    MailList.SUMMARY: N_("This summary comes once a week, as was chosen in the chat."),
}

TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class _Whole(EmailPolicy):
    """Addresses of web pages stay on one line: folded, they are broken, and nobody can press them."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower().startswith("list-"):
            return f"{name}: {value}\r\n".encode("ascii")
        return super().fold_binary(name, value)


_POLICY: Final = _Whole(cte_type="7bit", linesep=SMTP.linesep)


@dataclass(frozen=True, slots=True)
class Action:
    """Something to press or to say."""

    label: str
    url: str = ""
    typed: str = ""
    """What is written in the chat instead, where no address leads there."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says, before it is bytes."""

    to: Recipient
    title: str
    paragraphs: tuple[str, ...]
    reply: Reply
    pictures: tuple[Drawn, ...]
    actions: tuple[Action, ...]
    others: str
    """What is only in the chat, in a sentence."""
    why: str
    """Why it comes, and `leave`, where it is ended; empty where the mail itself asks for that."""
    leave: str
    leave_label: str
    brand: str

    @property
    def words(self) -> Words:
        return self.to.words


@dataclass(frozen=True, slots=True)
class Composer:
    """Writes the mails of one deployment."""

    sender: str
    public_url: str
    doors: Mapping[str, Door]
    """Into the chats, by platform."""

    @property
    def address(self) -> str:
        """The sender's, without its name."""
        return parseaddr(self.sender)[1]

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    def compose(self, to: Recipient, on: MailList, reply: Reply, key: str, files: Sequence[Drawn], now: datetime) -> bytes:
        """The mail as it goes over the wire. Raises CannotRender."""
        letter = self._letter(to, on, reply, files)
        mail = EmailMessage(policy=_POLICY)
        name, address = parseaddr(self.sender)
        local, _, domain = address.rpartition("@")
        mail["From"] = Address(name, local, domain)
        mail["To"] = to.address
        mail["Subject"] = cut(letter.title, _SUBJECT_LIMIT)
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = f"<{message_id(key)}@{self.domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["List-Id"] = f"<{on}.himma.{self.domain}>"
        mail["List-Unsubscribe"] = f"<{self._leave_url(to, on)}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail.set_content(_rendered("mail.txt", letter))
        mail.add_alternative(_rendered("mail.html", letter), subtype="html")
        mail["Content-Language"] = to.words.language
        _enclose(mail, files)
        return mail.as_bytes()

    def _letter(self, to: Recipient, on: MailList, reply: Reply, files: Sequence[Drawn]) -> Letter:
        if reply.asks_text or reply.asks_photo or reply.pings or reply.mentions or reply.role_picker:
            raise CannotRender("a mail cannot be answered, and calls nobody")
        title, paragraphs = _opening(reply)
        parts = [part for row in reply.rows for part in row]
        actions = [self._action(part, to) for part in parts]
        others = [action.label for action in actions if not action.url and not action.typed]
        why, say = _WHY.get(on), to.words.say
        return Letter(
            to,
            title,
            paragraphs,
            reply,
            tuple(file for file in files if file.is_picture),
            tuple(action for action in actions if action.url or action.typed),
            say("In the chat there is more: {labels}", labels=to.words.list_of(others)) if others else "",
            say(why) if why else "",
            self._leave_url(to, on) if why else "",
            say("Unsubscribe"),
            say("Himma"),
        )

    def _leave_url(self, to: Recipient, on: MailList) -> str:
        return f"{self.public_url}/{PAGES['mail_leave']}/{to.key}/{on}"

    def _action(self, part: Button | Link, to: Recipient) -> Action:
        """Where a button leads: a page of ours, the task in the chat, or what is typed there."""
        label = clean_line(part.label)
        if isinstance(part, Link):
            return Action(label, self._door(to, part.payload), f"/start {part.payload}")
        if part.command in PAGES:
            return Action(label, "/".join([self.public_url, PAGES[part.command], *part.args.split()]))
        command = COMMANDS.get(part.command)
        if command is None:
            raise CannotRender(f"a button for {part.command!r}, which is no command")
        if command.args and command.args[0].kind is ArgKind.TASK and part.args.isdigit():
            return Action(label, self._door(to, f"task_{part.args}"), f"/task {part.args}")
        return Action(label, typed=f"/{part.command} {part.args}".strip() if command.is_public else "")

    def _door(self, to: Recipient, payload: str) -> str:
        door = self.doors.get(to.platform)
        return door(payload) if door is not None else ""


def message_id(key: str) -> str:
    """The same for the same mail, however often it is sent: mail programs then show it once."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _rendered(template: str, letter: Letter) -> str:
    return whole(TEMPLATES.get_template(template).render(letter=letter))


def _opening(reply: Reply) -> tuple[str, tuple[str, ...]]:
    """The title, which is the subject too, and the paragraphs under it."""
    lines = whole(reply.text or ("" if reply.card else reply.toast)).split("\n")
    if reply.card is not None:
        return clean_line(reply.card.title), tuple(line for line in lines if line)
    title, *rest = [line for line in lines if line] or [""]
    if not title:
        raise CannotRender("a mail without words")
    return clean_line(title), tuple(rest)


def _enclose(mail: EmailMessage, files: Sequence[Drawn]) -> None:
    """Pictures beside the HTML that shows them, everything else as an attachment."""
    page = mail.get_payload(1)
    for file in files:
        kind, _, subtype = file.content_type.partition("/")
        if file.is_picture and isinstance(page, EmailMessage):
            page.add_related(
                file.content, kind, subtype, cid=f"<{content_id(file)}>", filename=file.name, disposition="inline"
            )
        else:
            mail.add_attachment(file.content, kind, subtype, filename=file.name)


def content_id(file: Drawn) -> str:
    """How the HTML names a picture beside it."""
    return f"{hashlib.sha256(file.content).hexdigest()[:16]}@himma"


TEMPLATES.filters.update(content_id=content_id)
