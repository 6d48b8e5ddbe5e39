"""What begins at an hour, and what comes again, from beginning to end, as those read it who speak Arabic."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from models.claims import Claim, ClaimState
from models.record import Entry
from models.roles import Role
from models.tasks import Task
from tests.arabic import check_arabic, until
from tests.dialogue import Home, Somebody, Talk, both_platforms, plain

SATURDAY = datetime(2026, 11, 28, 15, 0, tzinfo=UTC)
"""17:00 in Cairo."""
TITLE = "تنظيف الحديقة"


async def garden(chat: Talk) -> tuple[list[Somebody], Home, int]:
    """Huda organizes and Nour moderates; Omar, Sara and Ziad will come on Saturday."""
    people = [chat.person(name, "ar") for name in ("هدى", "نور", "عمر", "سارة", "زياد")]
    home = await chat.home(*people, name="دفء", language="ar", summary_is_private=False)
    await chat.give_role(home, people[1], Role.MODERATOR)
    number = await chat.task(
        home, people[0], TITLE, language="ar", minutes=120, seats=3, place="حديقة الحرية", starts_at=SATURDAY,
        deadline_at=SATURDAY + timedelta(days=2),
    )  # fmt: skip
    for one in people[2:]:
        said = plain((await one.says(f"/claim {number}")).text)
        assert said == "تمّ الحجز: لك مقعد في «تنظيف الحديقة». البدء: الساعة ١٧:٠٠، السبت ٢٨ نوفمبر. شكرًا!"
    return people, home, number


@both_platforms
async def test_who_comes_is_asked_twice_and_what_is_given_back_early_or_late(chat: Talk) -> None:
    (huda, nour, omar, sara, ziad), _, number = await garden(chat)
    early = await ziad.says(f"/release {number}")
    assert plain(early.text) == ("مقعد «تنظيف الحديقة» شاغر من جديد، وشكرًا على الإخبار. ما السبب؟ كلمة واحدة تفيد المشرفين.")

    await until(chat, "2026-11-27 16:59")
    assert not any("هل الحضور ما زال ممكنًا؟" in text for text in omar.reads())
    await until(chat, "2026-11-27 17:00")
    for one in (omar, sara):
        assert plain(one.screen.text) == (
            "بدء «تنظيف الحديقة»: الساعة ١٧:٠٠ غدًا، ميدانية، في: حديقة الحرية. هل الحضور ما زال ممكنًا؟"
        )
        assert one.screen.labels == [["نعم، سأحضر", "لا، اعتذار"]]
    assert "هل الحضور" not in ziad.screen.text
    await omar.presses("نعم، سأحضر")
    assert plain(omar.screen.text) == "تمّ التسجيل، شكرًا! إن طرأ ما يمنع «تنظيف الحديقة» فضغطة هنا تُعلم الآخرين."
    await huda.says(f"/task {number}")
    who = plain((await huda.presses("الحضور المنتظر")).text)
    assert "عمر: الحضور مؤكّد (الساعة ١٧:٠٠ اليوم)\nسارة: المقعد محجوز" in who
    assert "بعد البدء يمكن هنا تسجيل الغياب بضغطة." in who

    await until(chat, "2026-11-28 14:00")
    for one in (omar, sara):
        assert plain(one.screen.text).startswith("بدء «تنظيف الحديقة»: الساعة ١٧:٠٠ اليوم، ميدانية")
    late = await sara.presses("لا، اعتذار")
    assert plain(late.text) == (
        "مقعد «تنظيف الحديقة» شاغر من جديد، وشكرًا على الإخبار. ما السبب؟ كلمة واحدة تفيد المشرفين.\n\n"
        "بقي على البدء أقل من يوم، لذلك يبقى هذا في السجل ٩٠ يومًا. السجل كاملًا في /record."
    )
    await sara.presses("تخطٍّ")
    await chat.later(minutes=1)
    assert plain(nour.screen.text) == (
        "شغر مقعد في «دفء» والوقت قريب: «تنظيف الحديقة»، البداية الساعة ١٧:٠٠ اليوم.\n١٢٠ دقيقة – ميدانية، في: حديقة الحرية"
    )
    for one in (ziad, omar):
        assert "شغر مقعد" not in "\n".join(one.reads()), "who has a seat, or gave it back, is not asked"
    record = plain((await sara.says("/record")).text)
    assert "\n«تنظيف الحديقة»، السبت ٢٨ نوفمبر: اعتذار حين بقي على البدء أقلّ من يوم\n" in record
    record = plain((await ziad.says("/record")).text)
    assert record.split("\n") == ["سجلّي", "العطاء حتى الآن: لا دقائق، ولا مهام معتمدة بعد."], "early costs nothing"
    check_arabic(huda, nour, omar, sara, ziad)


@both_platforms
@pytest.mark.parametrize("decision", ["شطب", "إبقاء"])
async def test_who_did_not_come_contests_it_and_it_is_struck_out_or_fades(chat: Talk, decision: str) -> None:
    (huda, nour, omar, _, _), _, number = await garden(chat)
    await until(chat, "2026-11-28 18:00")
    await huda.says(f"/task {number}")
    assert "عمر: المقعد محجوز" in plain((await huda.presses("الحضور")).text)
    assert "عمر: غياب – ملاحظة واحدة في السجل" in plain((await huda.presses("غياب: \u2068عمر\u2069")).text)
    await until(chat, "2026-11-28 18:10")
    assert plain(omar.screen.text) == (
        "سُجّل غياب عن «تنظيف الحديقة» من أحد مشرفي دفء. لا يظهر هذا إلا لك وللمشرفين، ويزول بعد ٩٠ يومًا. "
        "إن لم يكن الأمر كذلك فكلمة تكفي ليُنظر فيه من جديد."
    )
    asked = await omar.presses("ليس كذلك")
    assert plain(asked.text) == "كيف كان الأمر مع «تنظيف الحديقة»؟ جملة تكفي، ويقرؤها المشرفون."
    thanked = await omar.says("كنت عند الباب الآخر.")
    assert plain(thanked.text) == "شكرًا، سيُنظر في ذلك من جديد، وتصل النتيجة هنا."
    await chat.later(minutes=1)
    noted = "«تنظيف الحديقة»، السبت ٢٨ نوفمبر: غياب سجّله أحد المشرفين – اعتراض: كنت عند الباب الآخر."
    assert plain(nour.screen.text) == f"اعتراض من عمر على ملاحظة في السجل.\n{noted}"
    await nour.presses(decision)
    if decision == "شطب":
        assert plain(nour.screen.text) == "تمّ الشطب، والخبر في طريقه إلى عمر."
        assert plain(omar.screen.text) == "شُطبت «تنظيف الحديقة» من سجلّك. شكرًا على التوضيح!"
    else:
        assert plain(nour.screen.text) == "تمّ الإبقاء، والخبر في طريقه إلى عمر."
        assert plain(omar.screen.text) == ("نُظر من جديد في «تنظيف الحديقة»: تبقى في السجل، وتزول بعد ٩٠ يومًا من تسجيلها.")
        record = plain((await omar.says("/record")).text)
        assert f"{noted} – نُظر فيه من جديد وبقي" in record
        assert "لا يظهر ما سُجّل هنا إلا لك وللمشرفين، ويزول بعد ٩٠ يومًا." in record
        assert noted in plain((await nour.says("/members عمر")).text)
        await chat.later(days=90)
    assert await chat.rows(select(Entry.id)) == []
    assert "غياب" not in (await omar.says("/record")).text
    check_arabic(huda, nour, omar)


@both_platforms
async def test_what_comes_again_is_held_every_time_skipped_and_ended(chat: Talk) -> None:
    huda, omar = chat.person("هدى", "ar"), chat.person("عمر", "ar")
    await chat.home(huda, omar, name="دفء", language="ar")
    preview = await huda.says("/newtask تقديم العشاء | تبدأ الخميس ١٧:٠٠ | كل خميس | ساعتان | ٣ مقاعد | في القاعة")
    assert "البدء: الساعة ١٧:٠٠، الخميس ٢٦ نوفمبر\nالتكرار: أسبوعيًّا: الخميس\n" in plain(preview.text)
    made = await huda.presses("تأكيد")
    assert "تتكرّر من تلقاء نفسها، وبطاقاتها التالية تظهر حيث تُنشر هذه." in made.text
    await omar.says("/claim 1")
    standing = plain((await omar.presses("وفي كل مرّة")).text)
    assert standing.startswith("لك مقعد في كل مرّة من الآن. شكرًا!\n")
    assert standing.endswith("\nتقديم العشاء\nأسبوعيًّا: الخميس")

    await until(chat, "2026-11-25 17:00")
    await chat.later(minutes=1)
    assert plain(omar.screen.text) == (
        "١. بدء «تقديم العشاء»: الساعة ١٧:٠٠ غدًا، ميدانية، في: القاعة. هل الحضور ما زال ممكنًا؟\n\n"
        "٢. موعد «تقديم العشاء» من جديد: الساعة ١٧:٠٠، الخميس ٣ ديسمبر. لك مقعد فيها، كما في كل مرّة."
    )
    assert omar.screen.labels == [
        ["نعم، سأحضر – ١", "لا، اعتذار – ١"], ["تخطّي هذه المرّة – ٢"], ["غياب أو توقّف – ٢"],
    ]  # fmt: skip
    await omar.presses("تخطّي هذه المرّة")
    await omar.presses("تخطٍّ")
    await omar.says("/mine")
    await omar.presses("في كل مرّة: ")
    assert plain((await omar.presses("غياب لفترة")).text) == "من أي يوم؟ زرّ، أو يوم مثل ٢٥/١٢."
    assert plain((await omar.says("٢٤/١٢")).text) == "حتى أي يوم؟ ذلك اليوم محسوب أيضًا. زرّ، أو يوم مثل ٢٥/١٢."
    away = await omar.presses("أسبوعان")
    assert "غياب من الخميس ٢٤ ديسمبر إلى الأربعاء ٦ يناير" in plain(away.text)
    for day in ("2026-11-29 17:00", "2026-12-03 17:01", "2026-12-10 17:01", "2026-12-17 17:01", "2026-12-24 17:01"):
        await until(chat, day)
    held = select(Task.occurs_on).join(Claim).where(Claim.state != ClaimState.RELEASED).order_by(Task.occurs_on)
    assert await chat.rows(held) == [(date(2026, 11, 26),), (date(2026, 12, 10),), (date(2026, 12, 17),)]

    await huda.says("/task 2")
    shown = plain((await huda.presses("السلسلة")).text)
    assert "المهمّة التالية تُنشأ من تلقاء نفسها في وقتها." in shown
    assert "حضور ثابت لشخص واحد" in shown
    assert "موقوفة مؤقّتًا: لا مهام جديدة." in (await huda.presses("إيقاف مؤقّت")).text
    await huda.presses("إنهاء السلسلة")
    assert "انتهت: لا مهام جديدة. الموجودة باقية، ويمكن إلغاء كل منها على حدة." in plain(huda.screen.text)
    assert plain(omar.screen.text) == "آخر مواعيد «تقديم العشاء» ما هو في /mine، ولا تتكرّر بعده. شكرًا على كل مرّة!"
    check_arabic(huda, omar)
