"""Mails over the wire: what a server takes, what its answers mean to us, and what it hears when it comes back."""

import asyncio
import logging
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.mail.smtp import Outlet, Server
from bot.platform import DeliveryError, Refused, TryLater, Unknown, Unreachable
from tests.wire.mail import MailWire

SENDER, HUDA = "himma@example.org", "huda@example.org"
MAIL = (
    b"From: himma@example.org\r\nTo: huda@example.org\r\nSubject: Hello\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n"
    b"Message-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n\r\nHello\r\n.\r\n..\r\n"
)


@pytest.fixture
async def wire() -> AsyncIterator[MailWire]:
    async with MailWire() as wire:
        yield wire


@pytest.fixture
async def outlet(wire: MailWire) -> AsyncIterator[Outlet]:
    outlet = Outlet(Server("127.0.0.1", wire.port, "none", own_name="himma.example.org"), rest_seconds=0)
    yield outlet
    await outlet.close()


async def test_a_mail_arrives_as_it_was_written(wire: MailWire, outlet: Outlet) -> None:
    await outlet.send(SENDER, HUDA, MAIL)
    (received,) = wire.mails
    assert (received.sender, received.recipient, received.raw) == (SENDER, HUDA, MAIL)


async def test_one_connection_serves_many(wire: MailWire, outlet: Outlet) -> None:
    await asyncio.gather(*(outlet.send(SENDER, f"somebody{n}@example.org", MAIL) for n in range(5)))
    assert (len(wire.mails), wire.connections) == (5, 1)


async def test_a_connection_that_was_dropped_meanwhile_is_made_anew(wire: MailWire, outlet: Outlet) -> None:
    await outlet.send(SENDER, HUDA, MAIL)
    await wire.go_down()
    with pytest.raises(TryLater):
        await outlet.send(SENDER, HUDA, MAIL)
    await wire.come_back()
    await outlet.send(SENDER, HUDA, MAIL)
    assert len(wire.mails) == 2


async def test_a_server_that_is_away_is_not_asked_by_everybody(wire: MailWire, caplog: pytest.LogCaptureFixture) -> None:
    outlet = Outlet(Server("127.0.0.1", wire.port, "none", own_name="himma.example.org"), rest_seconds=3600)
    await wire.go_down()
    told = await asyncio.gather(*(outlet.send(SENDER, HUDA, MAIL) for _ in range(8)), return_exceptions=True)
    assert all(isinstance(error, TryLater) for error in told)
    assert caplog.text.count("takes no mail") == 1
    await outlet.close()


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ("550 5.1.1 <huda@example.org>: no such user", Unreachable),
        ("550 No such user here", Unreachable),
        ("553 5.1.3 bad address", Unreachable),
        ("552 5.2.2 the mailbox is full", Unreachable),
        ("550 5.2.1 the mailbox is disabled", Unreachable),
        ("550 5.4.4 no way to that domain", Unreachable),
        ("550 5.7.1 relaying denied", Refused),
        ("554 5.7.26 unauthenticated sender", Refused),
        ("530 5.7.0 authentication required", Refused),
        ("550 5.1.8 the sender's domain does not exist", Refused),
        ("503 out of order", Refused),
        ("450 4.2.1 greylisted, come again", TryLater),
        ("451 4.3.0 try later", TryLater),
        ("452 4.5.3 too many", TryLater),
        ("421 4.7.0 closing", TryLater),
    ],
)
async def test_what_is_said_of_a_recipient(
    wire: MailWire, outlet: Outlet, answer: str, meaning: type[DeliveryError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wire.refused[HUDA] = answer
    with pytest.raises(meaning) as told:
        await outlet.send(SENDER, HUDA, MAIL)
    assert "huda" not in f"{told.value}{caplog.text}"
    await outlet.send(SENDER, "omar@example.org", MAIL)  # what was begun does not stand in the way of the next
    assert [mail.recipient for mail in wire.mails] == ["omar@example.org"]


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ("554 no", Unreachable),
        ("550 5.2.0 not delivered", Unreachable),
        ("554 5.7.1 looks like spam", Refused),
        ("552 5.3.4 too big", Refused),
        ("452 4.3.1 no room", TryLater),
    ],
)
async def test_what_is_said_of_a_mail(wire: MailWire, outlet: Outlet, answer: str, meaning: type[DeliveryError]) -> None:
    wire.data_answer = answer
    with pytest.raises(meaning):
        await outlet.send(SENDER, HUDA, MAIL)
    assert wire.mails == []


@pytest.mark.parametrize(("answer", "meaning"), [("550 5.7.1 not you", Refused), ("451 4.3.0 busy", TryLater)])
async def test_what_is_said_of_the_sender_is_not_the_recipients_fault(
    wire: MailWire, outlet: Outlet, answer: str, meaning: type[DeliveryError]
) -> None:
    wire.sender_answer = answer
    with pytest.raises(meaning):
        await outlet.send(SENDER, HUDA, MAIL)


async def test_nobody_knows_what_became_of_a_mail_whose_answer_was_lost(wire: MailWire, outlet: Outlet) -> None:
    wire.drops_after_data = 1
    with pytest.raises(Unknown):
        await outlet.send(SENDER, HUDA, MAIL)
    await outlet.send(SENDER, HUDA, MAIL)
    assert len(wire.mails) == 2


async def test_a_password_opens_the_door_and_is_told_nowhere(wire: MailWire, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wire.password = "S3cr3t pässword"
    here = Server("127.0.0.1", wire.port, "none", "himma", wire.password, "himma.example.org")
    outlet, other = Outlet(here), Outlet(replace(here, password="S3cr3t wrong"))
    await outlet.check()
    await outlet.send(SENDER, HUDA, MAIL)
    assert len(wire.mails) == 1
    with pytest.raises(TryLater) as told:
        await other.send(SENDER, HUDA, MAIL)
    await other.check()
    await outlet.close()
    assert "mail goes out by 127.0.0.1" in caplog.text
    assert "refuses to let us in (535 5.7.8): see [mail] username and password" in caplog.text
    assert "S3cr3t" not in f"{caplog.text}{told.value!r}{here!r}"


async def test_where_encryption_is_wanted_nothing_is_said_without(wire: MailWire, caplog: pytest.LogCaptureFixture) -> None:
    outlet = Outlet(Server("127.0.0.1", wire.port, "starttls", "himma", "S3cr3t", "himma.example.org"))
    with pytest.raises(TryLater):
        await outlet.send(SENDER, HUDA, MAIL)
    assert wire.mails == []
    assert "takes no mail" in caplog.text
    assert "see [mail] host, port and tls" in caplog.text


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server shows, and who trusts it."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    key, shown = tmp_path / "key.pem", tmp_path / "certificate.pem"
    asked: list[str | Path] = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        key,
        "-out",
        shown,
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
    ]
    subprocess.run([program, *asked, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(shown, key)
    return server, ssl.create_default_context(cafile=str(shown))


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_mail_goes_encrypted(certificate: tuple[ssl.SSLContext, ssl.SSLContext], tls: str) -> None:
    shown, trusted = certificate
    async with MailWire(certificate=shown, is_implicit=tls == "implicit", password="S3cr3t") as wire:
        here = Server("127.0.0.1", wire.port, tls, "himma", "S3cr3t", "himma.example.org", trusted)  # type: ignore[arg-type]  # one of them
        outlet, suspicious = Outlet(here), Outlet(replace(here, tls_context=None))
        await outlet.send(SENDER, HUDA, MAIL)
        assert len(wire.mails) == 1
        with pytest.raises(TryLater):  # nobody we know vouches for it
            await suspicious.send(SENDER, HUDA, MAIL)
        await outlet.close()
    assert len(wire.mails) == 1
