"""An address is asked for once, used only when its mailbox has answered, and left alone when somebody says so."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from models.addresses import CODE_LIFETIME, MailAddress
from models.codes import TRIES
from models.delivery import Outbox
from models.dialogues import Dialogue
from models.mail_asks import ADDRESS_LIMITS, MailAsk, Mailbox
from tests.dialogue import Somebody, Talk, both_platforms, plain
from tests.elsewhere import code_in
from tests.post import Beside, Post

HUDA = "huda@example.org"


@pytest.fixture
def beside(post: Post) -> Beside:
    return post.platforms


async def names(somebody: Somebody, address: str) -> str:
    """Somebody names an address; what they are told."""
    await somebody.says("/me")
    await somebody.presses("E-mail")
    await somebody.presses("address")
    return plain((await somebody.says(address)).text)


@both_platforms
async def test_an_address_is_confirmed_by_the_mails_code(chat: Talk, post: Post) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    told = await names(huda, " <Huda@Example.ORG> ")
    assert "A mail is on its way to huda@example.org." in told
    (mail,) = post.wire.mails
    assert (mail.recipient, mail.sender) == (HUDA, "himma@example.org")
    assert mail.subject == "Himma: is this address yours?"
    assert await chat.rows(select(MailAddress.confirmed_at)) == [(None,)]

    said = await huda.says(code_in(mail.text))
    assert "huda@example.org is confirmed." in plain(said.text)
    assert "huda@example.org: confirmed" in plain(said.text)
    assert await chat.rows(select(MailAddress.address, MailAddress.confirmed_at)) == [(HUDA, chat.clock.now())]
    assert await chat.rows(select(Outbox.id).where(Outbox.platform == "mail")) == []  # the code is kept nowhere


@both_platforms
async def test_an_address_is_confirmed_by_the_mails_link(chat: Talk, post: Post) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    await names(huda, HUDA)
    link = post.wire.newest(HUDA).link("/confirm/")
    for _ in range(2):  # programs that check mail follow links
        page = await post.looks(link)
        assert (page.status, "Confirm the address" in page.text) == (200, True)
    assert await chat.rows(select(MailAddress.confirmed_at)) == [(None,)]

    page = await post.presses(link)
    assert "huda@example.org is confirmed" in plain(page.text)
    await chat.settle()
    assert "huda@example.org is confirmed" in plain(huda.screen.text)
    assert await chat.rows(select(Dialogue.id)) == []
    assert "huda@example.org is confirmed" in plain((await post.presses(link)).text)
    await chat.settle()
    assert sum("is confirmed" in text for text in huda.reads()) == 1


async def test_arabic_is_asked_in_arabic(chat: Talk, post: Post) -> None:
    huda = chat.person("هدى", "ar")
    await huda.says("/me")
    await huda.presses("البريد")
    await huda.presses("عنوان")
    await huda.says(HUDA)
    mail = post.wire.newest(HUDA)
    assert mail.subject == "همّة: هل هذا العنوان لك؟"
    assert mail.parsed["Content-Language"] == "ar"
    assert 'dir="rtl"' in mail.html
    assert "هدى" not in mail.text  # a stranger may get it: what somebody calls themselves is not carried there
    page = await post.presses(mail.link("/confirm/"))
    assert '<html lang="ar" dir="rtl">' in page.text
    assert "تمّ تأكيد" in page.text


async def test_where_no_mail_is_set_up_nobody_is_offered_it(chat: Talk, post: Post) -> None:
    chat.core.edge._has_mail = False
    huda = chat.person("Huda")
    await chat.home(huda)
    page = await huda.says("/me")
    assert "E-mail" not in str(page.labels)
    await huda.presses("The week's tasks")
    assert "By e-mail" not in str(huda.screen.labels)
    for data in ("me_mail::0", "mail_address::0", "me_digest_way:mail:0"):
        await huda.presses_on(huda.screen, data=data)
        assert "from an earlier time" in huda.screen.text
    assert post.wire.mails == []


@pytest.mark.parametrize("typed", ["huda", "huda@", "@example.org", "huda@example", "a b@example.org", "huda@[127.0.0.1]"])
async def test_what_is_no_address_is_asked_again(chat: Talk, post: Post, typed: str) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    assert "no address that mail can be sent to" in await names(huda, typed)
    assert "A mail is on its way" in plain((await huda.says(HUDA)).text)


async def test_wrong_codes_are_counted(chat: Talk, post: Post) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    await names(huda, HUDA)
    for _ in range(TRIES):
        assert "This code does not work" in (await huda.says("bcdf-bcdf-bcdf")).text
    right = code_in(post.wire.newest(HUDA).text)
    assert "In an hour the next one can be tried." in (await huda.says(right)).text
    await chat.later(hours=1, seconds=1)
    assert "is confirmed" in (await huda.says(right)).text


async def test_a_code_is_good_for_its_own_person_alone(chat: Talk, post: Post) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    await chat.home(huda, omar)
    await names(huda, HUDA)
    await names(omar, "omar@example.org")
    assert "This code does not work" in (await omar.says(code_in(post.wire.newest(HUDA).text))).text
    assert await chat.rows(select(func.count()).where(MailAddress.confirmed_at.is_not(None))) == [(0,)]


async def test_a_code_expires(chat: Talk, post: Post) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    await names(huda, HUDA)
    mail = post.wire.newest(HUDA)
    await chat.later(seconds=CODE_LIFETIME.total_seconds() + 1)
    page = await post.presses(mail.link("/confirm/"))
    assert (page.status, "does not work, or not any more" in page.text) == (404, True)
    assert await chat.rows(select(MailAddress.confirmed_at)) == [(None,)]
    await huda.says("/me")
    assert "the code has expired" in (await huda.presses("E-mail")).text
    await chat.later(days=30)
    assert await chat.rows(select(MailAddress.id)) == []
    assert await chat.rows(select(MailAsk.id)) == []
    assert await chat.rows(select(Mailbox.digest)) == []


async def test_nobody_gets_more_than_the_one_mail(chat: Talk, post: Post) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    await chat.home(huda, omar)
    await names(huda, "victim@example.org")
    for one in (huda, omar, huda):
        assert "A mail was sent not long ago. From Tuesday 24 November at 14:00 on" in await names(one, "victim@example.org")
    assert len(post.wire.to("victim@example.org")) == 1
    await chat.later(days=1)
    await names(omar, "VICTIM@example.org")
    assert len(post.wire.to("victim@example.org")) == ADDRESS_LIMITS[1].mails == 2
    await chat.later(days=20)
    assert "A mail was sent not long ago" in await names(omar, "victim@example.org")


async def test_a_person_asks_for_a_few_addresses_only(chat: Talk, post: Post) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    told = [await names(huda, f"somebody{number}@example.org") for number in range(5)]
    assert "A mail was sent not long ago" in told[3]
    assert len(post.wire.mails) == 3
    await chat.later(days=1, seconds=1)
    assert "A mail is on its way" in await names(huda, "somebody9@example.org")


async def test_a_mailbox_that_said_no_is_not_asked_again(chat: Talk, post: Post) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    await chat.home(huda, omar)
    await names(huda, "victim@example.org")
    mail = post.wire.newest("victim@example.org")
    no = mail.link("/leave/")
    assert "<" + no + ">" == mail.parsed["List-Unsubscribe"]
    await huda.says("/me")
    await huda.presses("E-mail")
    await huda.presses("Forget my address")
    await huda.presses("Forget my address")
    assert "Never write to this address" in (await post.looks(no)).text
    assert "Nothing is sent to this address any more" in (await post.presses(no)).text
    await chat.later(days=40)
    for one in (huda, omar):
        assert "they want none from here" in await names(one, "victim@example.org")
    assert len(post.wire.mails) == 1


async def test_a_confirmed_mailbox_can_say_no_as_well(chat: Talk, post: Post) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    mail = await post.subscribes(huda, HUDA)
    await post.presses(mail.link("/leave/"))
    assert await chat.rows(select(MailAddress.id)) == []
    assert (await post.presses(mail.link("/confirm/"))).status == 404


async def test_another_address_takes_the_place_of_the_first_when_it_is_confirmed(chat: Talk, post: Post) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    await post.subscribes(huda, HUDA)
    await names(huda, "other@example.org")
    await huda.says("/me")
    assert "huda@example.org: confirmed" in plain((await huda.presses("E-mail")).text)
    await post.presses(post.wire.newest("other@example.org").link("/confirm/"))
    await chat.settle()
    assert await chat.rows(select(MailAddress.address)) == [("other@example.org",)]
    assert "other@example.org is confirmed already." in await names(huda, "other@example.org")


@both_platforms
async def test_a_forgotten_address_is_nowhere(chat: Talk, post: Post) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    await post.subscribes(huda, HUDA)
    await huda.says("/me")
    await huda.presses("E-mail")
    await huda.presses("Forget my address")
    assert "Forgotten." in (await huda.presses("Forget my address")).text
    assert await chat.rows(select(MailAddress.id)) == []
    assert await chat.rows(select(Outbox.id).where(Outbox.place.contains(HUDA))) == []


async def test_mail_that_comes_back_switches_the_address_off_and_is_told_once(chat: Talk, post: Post) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    post.wire.refused[HUDA] = "550 5.1.1 <huda@example.org>: no such user"
    await names(huda, HUDA)
    await chat.later(hours=1)
    assert "Mail to huda@example.org came back" in plain(huda.screen.text)
    await huda.presses("E-mail")
    assert "huda@example.org: mail came back" in plain(huda.screen.text)
    ((failure,),) = await chat.rows(select(Outbox.failure).where(Outbox.platform == "mail"))
    assert failure == "Unreachable: the mailbox takes no mail (550 5.1.1)"
    await chat.later(days=1)
    assert sum("came back" in text for text in huda.reads()) == 1
    assert await chat.rows(select(MailAddress.off_at)) == [(chat.clock.now() - timedelta(days=1, hours=1),)]


async def test_two_who_ask_at_once_have_one_mail_sent(chat: Talk, post: Post) -> None:
    people = [chat.person(f"Person {n}") for n in range(4)]
    await chat.home(*people)
    for one in people:
        await one.says("/me")
        await one.presses("E-mail")
        await one.presses("address")
    for one in people:
        one.writes("victim@example.org")
    await chat.settle()
    assert len(post.wire.mails) == 1


async def test_pages_say_nothing_to_strangers(chat: Talk, post: Post) -> None:
    base = post.public_url
    for path in (
        "confirm/bcdf-bcdf-bcdf",
        "leave/nothing/digest",
        "leave/nothing/confirm",
        "leave/nothing/else",
        "",
        "x" * 3000,
    ):
        for page in (await post.looks(f"{base}/{path}"), await post.presses(f"{base}/{path}")):
            assert (page.status, "Nothing here" in page.text) == (404, True)
    arabic = await post.looks(f"{base}/leave/nothing/digest", **{"Accept-Language": "ar-EG,ar;q=0.9"})
    assert "لا شيء هنا" in arabic.text
    assert arabic.headers["Referrer-Policy"] == "no-referrer"
    assert arabic.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script|https?://", arabic.text)
