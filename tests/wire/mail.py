"""A real SMTP server on loopback (aiosmtpd), as strict as those outside, and what it took as Python reads it."""

import asyncio
import logging
import re
import ssl
import warnings
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # the server's own: what we log is what is looked at

_LONGEST_ENCODED_WORD = 75
"""https://www.rfc-editor.org/rfc/rfc2047#section-2"""
_NEEDED = ("From", "To", "Date", "Message-ID", "Subject", "MIME-Version")


@dataclass(frozen=True)
class Received:
    """A mail that was taken."""

    recipient: str
    sender: str
    raw: bytes

    @property
    def parsed(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def subject(self) -> str:
        return str(self.parsed["Subject"])

    @property
    def text(self) -> str:
        return self._body("plain")

    @property
    def html(self) -> str:
        return self._body("html")

    def _body(self, kind: Any) -> str:
        part = self.parsed.get_body((kind,))
        assert part is not None, f"there is no {kind} part"
        return str(part.get_content()).replace("\r\n", "\n")

    def header_lines(self, name: str) -> list[str]:
        """The lines of a header as they came over the wire."""
        head = self.raw.partition(b"\r\n\r\n")[0].decode("ascii")
        found = re.search(rf"^{name}:[^\r]*(?:\r\n[ \t][^\r]*)*", head, re.MULTILINE | re.IGNORECASE)
        return found[0].split("\r\n") if found else []

    def links(self) -> list[str]:
        return re.findall(r"https?://[^\s<>\"]+", self.text)

    def link(self, path: str) -> str:
        """The one link that has this in its path."""
        (found,) = dict.fromkeys(link for link in self.links() if path in link)
        return found


@dataclass
class MailWire:
    """The server: what it took, and what it is told to refuse."""

    mails: list[Received] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    """Recipients with the answer that they get."""
    data_answer: str = ""
    """What every mail is answered with instead of being taken."""
    sender_answer: str = ""
    drops_after_data: int = 0
    """How many mails are taken without an answer: the connection is cut."""
    password: str = ""
    """What has to be said before anything is taken; empty for nothing."""
    certificate: ssl.SSLContext | None = None
    """What the connection is encrypted by; None: it is in the clear."""
    is_implicit: bool = False
    connections: int = 0
    faults: list[str] = field(default_factory=list)
    """What a mail did that real servers refuse."""
    port: int = 0
    _server: asyncio.Server | None = None
    _open: list[SMTP] = field(default_factory=list)

    async def __aenter__(self) -> "MailWire":
        await self.come_back()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        await self.go_down()
        assert not self.faults, self.faults

    async def come_back(self) -> None:
        """Listen, on the same port as before."""
        implicit = self.certificate if self.is_implicit else None
        self._server = await asyncio.get_running_loop().create_server(self._connected, "127.0.0.1", self.port, ssl=implicit)
        self.port = self._server.sockets[0].getsockname()[1]

    async def go_down(self) -> None:
        """Take nothing any more, and cut what is open."""
        if self._server is not None:
            self._server.close()
            for one in self._open:
                if one.transport is not None:
                    one.transport.close()
            self._open.clear()
            await self._server.wait_closed()
            self._server = None
            await asyncio.sleep(0)

    def _connected(self) -> SMTP:
        self.connections += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of a password in the clear, on loopback
            new = self._protocol()
        self._open.append(new)
        return new

    def _protocol(self) -> SMTP:
        return SMTP(
            _Hooks(self),
            hostname="mx.example.org",
            loop=asyncio.get_running_loop(),
            tls_context=None if self.is_implicit else self.certificate,
            require_starttls=self.certificate is not None and not self.is_implicit,
            auth_required=bool(self.password),
            auth_require_tls=self.certificate is not None and not self.is_implicit,
            authenticator=self._authenticate if self.password else None,
        )

    def _authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        is_right = isinstance(data, LoginPassword) and data.password == self.password.encode()
        return AuthResult(success=is_right, handled=False, message=None if is_right else "535 5.7.8 not you")

    def to(self, address: str) -> list[Received]:
        return [mail for mail in self.mails if mail.recipient == address]

    def newest(self, address: str) -> Received:
        return self.to(address)[-1]


class _Hooks:
    """What aiosmtpd asks at each step: https://aiosmtpd.readthedocs.io/en/latest/handlers.html"""

    def __init__(self, wire: MailWire) -> None:
        self._wire = wire

    async def handle_MAIL(  # noqa: N802  # the names that aiosmtpd looks for
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._wire.sender_answer:
            return self._wire.sender_answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self._wire.refused:
            return self._wire.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.content
        assert isinstance(raw, bytes)
        fault = _fault(raw)
        if fault:
            self._wire.faults.append(fault)
            return f"554 5.6.0 {fault}"
        if self._wire.data_answer:
            return self._wire.data_answer
        for recipient in envelope.rcpt_tos:
            self._wire.mails.append(Received(recipient, envelope.mail_from or "", raw))
        if self._wire.drops_after_data:
            self._wire.drops_after_data -= 1
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 OK"


def _fault(raw: bytes) -> str:
    """What servers and filters do not take; empty where there is nothing."""
    if not raw.isascii():
        return "8-bit content that nobody announced"
    if any(len(line) > 998 for line in raw.split(b"\r\n")):
        return "a line of more than 998 characters"
    if b"\n" in raw.replace(b"\r\n", b"") or b"\r" in raw.replace(b"\r\n", b""):
        return "a bare line break"
    head = raw.partition(b"\r\n\r\n")[0].decode("ascii")
    if any(len(word) > _LONGEST_ENCODED_WORD for word in re.findall(r"=\?[^?\s]+\?[QqBb]\?[^?\s]*\?=", head)):
        return "an encoded word that is too long"
    parsed = message_from_bytes(raw, policy=policy.default)
    missing = [name for name in _NEEDED if len(parsed.get_all(name, [])) != 1]
    if missing:
        return f"not exactly one of {missing}"
    broken = [defect for part in parsed.walk() for defect in part.defects]
    return f"not well formed: {broken}" if broken else ""
