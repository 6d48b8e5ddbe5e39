"""The way to the SMTP server: one connection, kept for a while, and what its answers mean.

Answers are told by their codes alone: their words often hold the address, which belongs in no log.
"""

import asyncio
import contextlib
import logging
import re
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Final, Literal

from aiosmtplib import SMTP, SMTPException, SMTPResponseException, SMTPServerDisconnected
from aiosmtplib.errors import SMTPAuthenticationError

from bot.platform import DeliveryError, Refused, TryLater, Unknown, Unreachable

log = logging.getLogger(__name__)

Tls = Literal["starttls", "implicit", "none"]

_TIMEOUT_SECONDS: Final = 30.0
_IDLE_SECONDS: Final = 20.0
"""How long the connection is kept when nothing is sent; servers wait for 5 minutes (RFC 5321, 4.5.3.2.7), many for less."""
_PAUSE_SECONDS: Final = 60.0
_ENHANCED: Final = re.compile(r"[245]\.(\d{1,3})\.(\d{1,3})\b")
"""https://www.rfc-editor.org/rfc/rfc3463"""
_THEIR_SUBJECTS: Final = {"1", "2", "4"}
"""The address, the mailbox, the way there."""
_YET_OURS: Final = {("1", "7"), ("1", "8"), ("2", "3")}
"""The sender's address; a mail that is too long."""
_OUR_CODES: Final = {500, 501, 502, 503, 504, 521, 530, 535, 538, 555}
"""What we said, or may not say, rather than whom it is for."""


@dataclass(frozen=True, slots=True)
class Server:
    """Who takes our mail."""

    host: str
    port: int
    tls: Tls = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    own_name: str | None = None
    """What we call ourselves; None: the name of this machine."""
    tls_context: SSLContext | None = None
    """Other certificates than the system's are trusted."""


class Outlet:
    """Sends mails one by one."""

    def __init__(self, server: Server, *, rest_seconds: float = 5.0) -> None:
        """`rest_seconds`: how long a server out of reach is left alone, so that what waits does not try it in turn."""
        self._server = server
        self._rest_seconds = rest_seconds
        self._resting_until = 0.0
        self._turn = asyncio.Lock()
        self._client: SMTP | None = None
        self._closing: asyncio.TimerHandle | None = None

    async def send(self, sender: str, recipient: str, message: bytes) -> None:
        """Hand a mail over. Raises TryLater, Unknown, Unreachable where the recipient's mailbox is refused, and Refused."""
        async with self._turn:
            client = await self._begun(sender)
            try:
                await client.rcpt(recipient)
                await self._hand_over(client, message)
            except SMTPResponseException as error:
                await self._reset(client)
                raise _meaning(error) from None
            except (SMTPException, OSError) as error:
                client.close()
                raise TryLater(_PAUSE_SECONDS) from error
            finally:
                self._close_soon()

    async def _begun(self, sender: str) -> SMTP:
        """A connection on which the server takes a mail from `sender`; a new one where the kept one was dropped meanwhile."""
        client, is_kept = await self._connected()
        try:
            try:
                await client.mail(sender)
            except SMTPServerDisconnected:
                if not is_kept:
                    raise
                client, _ = await self._connected()
                await client.mail(sender)
        except SMTPResponseException as error:
            await self._reset(client)
            if error.code < 500:
                raise TryLater(_PAUSE_SECONDS) from None
            raise Refused(f"the sender is refused ({_codes(error)}): see [mail] sender") from None
        except (SMTPException, OSError) as error:
            client.close()
            raise TryLater(_PAUSE_SECONDS) from error
        return client

    async def _connected(self) -> tuple[SMTP, bool]:
        """The connection, and whether it was there before."""
        if self._closing is not None:
            self._closing.cancel()
        if self._client is not None and self._client.is_connected:
            return self._client, True
        now = asyncio.get_running_loop().time
        if now() < self._resting_until:
            raise TryLater(_PAUSE_SECONDS)
        try:
            self._client = await self._connect()
        except TryLater:
            self._resting_until = now() + self._rest_seconds
            raise
        return self._client, False

    async def _connect(self) -> SMTP:
        server = self._server
        client = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.tls == "implicit",
            start_tls=server.tls == "starttls",
            local_hostname=server.own_name,
            tls_context=server.tls_context,
            timeout=_TIMEOUT_SECONDS,
        )
        try:
            await client.connect()
        except SMTPAuthenticationError as error:
            client.close()
            log.error("%s refuses to let us in (%s): see [mail] username and password", server.host, _codes(error))
            raise TryLater(_PAUSE_SECONDS) from None
        except (SMTPException, OSError, ValueError) as error:
            client.close()
            told = _codes(error) if isinstance(error, SMTPResponseException) else str(error)
            log.warning("%s:%d takes no mail: %s; see [mail] host, port and tls", server.host, server.port, told)
            raise TryLater(_PAUSE_SECONDS) from None
        return client

    async def check(self) -> None:
        """Tell the deployer whether mail will go out."""
        async with self._turn:
            with contextlib.suppress(TryLater):
                await self._connected()
                log.info("mail goes out by %s:%d", self._server.host, self._server.port)
            self._close_soon()

    @staticmethod
    async def _hand_over(client: SMTP, message: bytes) -> None:
        try:
            await client.data(message)
        except SMTPResponseException:
            raise
        except (SMTPException, OSError) as error:
            raise Unknown(f"the connection was lost while the mail went out: {type(error).__name__}") from error

    @staticmethod
    async def _reset(client: SMTP) -> None:
        """What was begun is not gone on with."""
        try:
            await client.rset()
        except (SMTPException, OSError):
            client.close()

    def _close_soon(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
        self._closing = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._drop)

    def _drop(self) -> None:
        if self._client is not None and not self._turn.locked():
            self._client.close()
            self._client = None

    async def close(self) -> None:
        """Say goodbye."""
        if self._closing is not None:
            self._closing.cancel()
        client, self._client = self._client, None
        if client is not None and client.is_connected:
            with contextlib.suppress(SMTPException, OSError):
                await client.quit(timeout=1.0)
            client.close()


def _meaning(error: SMTPResponseException) -> DeliveryError:
    """What an answer to a recipient or a mail means: later, not there, or something that a deployer mends."""
    if error.code < 500:
        return TryLater(_PAUSE_SECONDS)
    found = _ENHANCED.search(error.message)
    if error.code in _OUR_CODES or (found and (found[1] not in _THEIR_SUBJECTS or found.groups() in _YET_OURS)):
        return Refused(f"the mail is refused ({_codes(error)}): docs/mail.md says what servers want")
    return Unreachable(f"the mailbox takes no mail ({_codes(error)})")


def _codes(error: SMTPResponseException) -> str:
    found = _ENHANCED.search(error.message)
    return f"{error.code} {found[0]}" if found else str(error.code)
