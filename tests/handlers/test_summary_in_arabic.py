"""The weekly summary and the week's tasks, wherever they come, as those read them who speak Arabic."""

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.arabic import check_arabic, check_lines, until
from tests.bot.test_sheets import read_csv, read_xlsx
from tests.dialogue import NOW, Home, Somebody, Talk, both_platforms, plain
from tests.handlers.test_summarizing import chart_in, hears, labels_of, text_of
from tests.handlers.test_tabling import file_in
from tests.post import Beside, Post

HUDA, OMAR = "huda@example.org", "omar@example.org"
MAIL = "البريد الإلكتروني"


@pytest.fixture
def beside(post: Post) -> Beside:
    return post.platforms


async def busy_week(chat: Talk) -> tuple[Home, Somebody, Somebody]:
    """On Monday Omar completed one task and gave another back, and time ended a third seat; a fourth task is about to fail."""
    huda, omar = chat.person("هدى", "ar"), chat.person("عمر", "ar")
    home = await chat.home(huda, omar, name="دفء", language="ar", newcomer_claims=3)
    far: Any = {"language": "ar", "deadline_at": NOW + timedelta(days=30)}
    done = await chat.task(home, huda, "مكالمة عادل", tags=("رسائل",), minutes=70, **far)
    back = await chat.task(home, huda, "كتابة رسالة", **far)
    lost = await chat.task(home, huda, "سقاية الأشجار", **far)
    await chat.task(home, huda, "إطعام القطط", **far | {"deadline_at": NOW + timedelta(days=6)})
    await chat.later(minutes=30)
    for number in (done, back, lost):
        await omar.says(f"/claim {number}")
    await omar.says(f"/release {back}")
    await omar.presses("تخطٍّ")
    await omar.says(f"/done {done}")
    await omar.presses("٧٠ دقيقة")
    await omar.presses("تخطٍّ")
    await huda.says("/review")
    await huda.presses("اعتماد")
    await huda.presses("شكر")
    await until(chat, "2026-11-23 16:45")
    await until(chat, "2026-11-23 17:30")
    return home, huda, omar


async def subscribes(post: Post, somebody: Somebody, address: str, *choices: str) -> None:
    await somebody.says("/me")
    await somebody.presses(MAIL)
    await somebody.presses("إضافة عنوان")
    await somebody.says(address)
    page = await post.presses(post.wire.newest(address).link("/confirm/"))
    assert '<html lang="ar" dir="rtl">' in page.text
    assert "تمّ تأكيد" in page.text
    await somebody.talk.settle()
    for label in choices:
        await somebody.presses(label)


def check_mail(text: str) -> None:
    """A mail's words, without the links in it, and the week's number in its title."""
    check_lines(re.sub(r"https?://\S+|/task \S+|\S+@\S+|-W", "", text))


SENTENCES = """اكتمل عمل واحد.
الوقت المقدَّم: ساعة واحدة و١٠ دقائق، من شخص واحد.
مهمّة واحدة مهدَّدة بالفوات: فيها مقاعد شاغرة وبقي أقلّ من ٤٨ ساعة."""
FIGURES = """دفء، ٢١–٢٧ نوفمبر (٢٠٢٦-W٤٨)
أعمال مكتملة: ١
الوقت المقدَّم: ساعة واحدة و١٠ دقائق
أكثره: #رسائل ساعة واحدة و١٠ دقائق
مقاعد محجوزة: ٣
نسبة شغل المقاعد: –
وسيط زمن الحجز: ٣٠ دقيقة
وسيط زمن المراجعة: –
اعتذارات: ١
حجوزات انتهى وقتها: ١
غياب: ٠
أعضاء جدد: ٢
حجز مقعد خلال يوم: ١
كلمات شكر: ١
الآن:
مهام مفتوحة: ٣
مهام مهدَّدة بالفوات: ١
تقارير تنتظر: ٠
تقارير طال انتظارها: ٠
أعضاء بلا أي عرض: ٠"""


@both_platforms
async def test_the_summary_comes_where_it_was_chosen_and_shows_what_is_behind_it(chat: Talk, post: Post) -> None:
    home, huda, omar = await busy_week(chat)
    settings = await huda.says("/settings")
    assert "الملخّص الأسبوعي: الساعة ٠٩:٠٠، السبت، إلى المنسّقين" in plain(settings.text)
    await huda.presses("الملخّص الأسبوعي")
    await huda.presses("نشره في \u2068دفء\u2069")
    assert "بالبريد الإلكتروني: لمن يرغب من المنسّقين\nفي دفء: نعم" in plain(huda.screen.text)
    await subscribes(post, huda, HUDA, MAIL, "الملخّص الأسبوعي بالبريد")
    before, posted = len(huda.app.answers()), len(huda.app.answers(home.group))

    await until(chat, "2026-11-28 08:59")
    assert len(huda.app.answers()) == before
    await until(chat, "2026-11-28 09:00")
    for messages in (huda.app.answers()[before:], huda.app.answers(home.group)[posted:]):
        said = text_of(list(messages))
        check_lines("\n".join(message.text for message in messages))
        assert said.startswith(SENTENCES)
        assert FIGURES in said
        picture, words = chart_in(list(messages))
        assert picture.startswith(b"\x89PNG")
        assert "المقاعد المحجوزة والأعمال المكتملة، يومًا بيوم\nالسبت ٢١: المحجوز ٠، المكتمل ٠" in words
        assert "الاثنين ٢٣: المحجوز ٣، المكتمل ١" in words
    mail = post.wire.newest(HUDA)
    assert plain(mail.subject) == "دفء، ٢١–٢٧ نوفمبر (٢٠٢٦-W٤٨)"
    assert 'lang="ar" dir="rtl"' in mail.html
    assert "أعمال مكتملة: ١" in plain(mail.text)
    check_mail(mail.text)

    told = list(huda.app.answers()[before:])
    shown = {
        label.rpartition(" – ")[0]: plain((await huda.presses_on(told[-1], label)).text)
        for label in labels_of(told)
        if " – " in label
    }
    assert list(shown) == [
        "أعمال مكتملة", "الوقت المقدَّم", "مقاعد محجوزة", "وسيط زمن الحجز", "اعتذارات", "حجوزات انتهى وقتها", "أعضاء جدد",
        "حجز مقعد خلال يوم", "كلمات شكر", "مهام مفتوحة", "مهام مهدَّدة بالفوات",
    ]  # fmt: skip
    row = "مكالمة عادل: ٧٠ دقيقة، من عمر، الساعة ١٤:٣٠، الاثنين ٢٣ نوفمبر"
    assert shown["أعمال مكتملة"].split("\n")[:2] == ["أعمال مكتملة، ٢١–٢٧ نوفمبر: ١", row]
    assert shown["الوقت المقدَّم"].split("\n")[:2] == ["الوقت المقدَّم، ٢١–٢٧ نوفمبر: ساعة واحدة و١٠ دقائق", row]
    assert "كتابة رسالة: عمر، الساعة ١٤:٣٠، الاثنين ٢٣ نوفمبر" in shown["اعتذارات"]
    assert "سقاية الأشجار: عمر، الساعة ١٧:٣٠، الاثنين ٢٣ نوفمبر" in shown["حجوزات انتهى وقتها"]
    assert "إطعام القطط: المحجوز ٠ من مقعد واحد، حتى الساعة ١٤:٠٠ غدًا" in shown["مهام مهدَّدة بالفوات"]
    check_arabic(huda, omar)


@both_platforms
async def test_weeks_are_named_and_come_as_a_file(chat: Talk, post: Post) -> None:
    _, huda, omar = await busy_week(chat)
    for words in ("الملخّص الأسبوعي", "/summary ٢٠٢٦-W٤٨", "/summary هذا الأسبوع"):
        assert "(٢٠٢٦-W٤٨)، حتى الآن" in text_of(await hears(chat, huda, words)), words
    assert "ليس أسبوعًا. يُكتب هكذا: 2026-W47" in plain((await huda.says("/summary 2026-W60")).text)
    assert plain((await huda.says("/summary 2026-W49")).text) == "الأسبوع 2026-W49 لم يبدأ بعد."
    assert (await omar.says("/summary")).text == "هذا لمنسّقي الفريق."

    csv = await huda.says("/table")
    assert plain(csv.text) == "دفء، ٢١–٢٧ نوفمبر: الأرقام، والصفوف التي وراءها."
    rows = [row for row in read_csv(file_in(csv)[1]) if row]
    assert rows[:4] == [
        ["الأرقام"],
        ["الرقم", "الوحدة", "هذا الأسبوع", "الأسبوع السابق", "متوسّط الأسابيع الأربعة السابقة"],
        ["أعمال مكتملة", "", "1", "", ""],
        ["الوقت المقدَّم", "دقيقة", "70", "", ""],
    ]
    pages = read_xlsx(file_in(await huda.presses("بصيغة XLSX"))[1])
    assert list(pages) == ["الأرقام", "المهام", "الحجوزات", "التقارير"]
    assert [row[3] for row in pages["الحجوزات"][1:]] == ["معتمد", "اعتذار", "انتهى وقته"]

    await until(chat, "2026-12-07 12:00")
    said = text_of(await hears(chat, huda, "/summary الأسبوع الماضي"))
    assert "دفء، ٢٨ نوفمبر–٤ ديسمبر (٢٠٢٦-W٤٩)\nأعمال مكتملة: ٠ (الأسبوع السابق ١، والمعتاد ١)\n" in said
    assert "\nالوقت المقدَّم: لا دقائق (الأسبوع السابق ساعة واحدة و١٠ دقائق، والمعتاد ساعة واحدة و١٠ دقائق)\n" in said
    check_arabic(huda, omar)


@both_platforms
async def test_the_weeks_tasks_come_by_mail_or_in_the_chat_or_not_at_all(chat: Talk, post: Post) -> None:
    huda, omar = chat.person("هدى", "ar"), chat.person("عمر", "ar")
    home = await chat.home(huda, omar, name="دفء", language="ar")
    for title, minutes in (("مكالمة عادل", 5), ("كتابة رسالة", 6)):
        await chat.task(home, huda, title, minutes=minutes, language="ar", deadline_at=NOW + timedelta(days=60))
    await subscribes(post, omar, OMAR, MAIL, "مهام الأسبوع", "بالبريد الإلكتروني", "الثلاثاء")
    assert "تصل بالبريد الإلكتروني، يوم الثلاثاء عند الساعة ٠٩:٠٠." in plain(omar.screen.text)
    before = len(omar.reads())
    await until(chat, "2026-11-24 09:00")
    mail = post.wire.newest(OMAR)
    assert mail.subject == "مهمّتان مناسبتان هذا الأسبوع"
    assert 'dir="rtl"' in mail.html
    assert "مكالمة عادل: ٥ دقائق، مقعد واحد، حتى الساعة ١٤:٠٠، الجمعة ٢٢ يناير" in plain(mail.text)
    check_mail(mail.text)
    assert len(omar.reads()) == before
    page = await post.presses(mail.link("/leave/"), {"List-Unsubscribe": "One-Click"})
    assert "لا تصل مهام الأسبوع بالبريد الإلكتروني بعد الآن." in page.text
    await chat.settle()
    assert omar.screen.text == "كما طُلب في الرسالة، لا تصل مهام الأسبوع بالبريد الإلكتروني بعد الآن."

    await omar.says("/me")
    await omar.presses("مهام الأسبوع")
    await omar.presses("في هذه المحادثة")
    assert "تصل في هذه المحادثة، يوم الثلاثاء عند الساعة ٠٩:٠٠." in plain(omar.screen.text)
    await until(chat, "2026-12-01 09:00")
    assert plain(omar.screen.text).startswith("مهمّتان مناسبتان هذا الأسبوع\n")
    ended = await omar.presses("إيقاف القائمة الأسبوعية")
    assert "تمّ: لا قائمة أسبوعية بعد الآن." in ended.text
    await until(chat, "2026-12-08 09:00")
    assert len(post.wire.to(OMAR)) == 2, "the one that asked, and one list"

    await omar.presses("في هذه المحادثة")
    await omar.presses("بالبريد الإلكتروني")
    post.wire.refused[OMAR] = "550 5.2.1 the mailbox is disabled"
    await until(chat, "2026-12-15 09:00")
    await chat.later(hours=1)
    assert plain(omar.screen.text) == (
        "رجعت الرسالة الموجّهة إلى omar@example.org، فلا إرسال إليه بعد الآن. يمكن تصحيح العنوان أو إضافة غيره."
    )
    check_arabic(omar)
