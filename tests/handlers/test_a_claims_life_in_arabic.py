"""A seat and the line for it from beginning to end, as those read it who speak Arabic."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from models.claims import Claim, ClaimState
from models.waitlist import Wait, WaitState
from tests.arabic import check_arabic, until
from tests.dialogue import NOW, Home, Somebody, Talk, both_platforms, plain
from tests.handlers.test_holding import hide


async def scene(chat: Talk, *names: str) -> tuple[list[Somebody], Home, int]:
    """The organizer's task with one seat, which the next of them has taken at two in the afternoon, for three hours."""
    people = [chat.person(name, "ar") for name in names]
    home = await chat.home(*people, name="دفء", language="ar")
    number = await chat.task(home, people[0], "مكالمة عادل", language="ar", deadline_at=NOW + timedelta(days=6))
    said = plain((await people[1].says(f"/claim {number}")).text)
    assert said == "تمّ الحجز: «مكالمة عادل» لك حتى الساعة ١٧:٠٠ اليوم. شكرًا!"
    return people, home, number


async def states(chat: Talk) -> list[ClaimState]:
    return [row[0] for row in await chat.rows(select(Claim.state).order_by(Claim.id))]


@both_platforms
async def test_a_seat_is_asked_about_and_kept_on(chat: Talk) -> None:
    (huda, omar), _, number = await scene(chat, "هدى", "عمر")

    await until(chat, "2026-11-23 16:14")
    assert not any("كيف تسير؟" in text for text in omar.reads())
    await until(chat, "2026-11-23 16:15")
    assert plain(omar.screen.text) == (
        "«مكالمة عادل» لك حتى الساعة ١٧:٠٠ اليوم. كيف تسير؟ إن لم يصل جواب يصبح المقعد شاغرًا بعدها."
    )
    assert omar.screen.labels == [["ما زالت جارية", "وقت إضافي"], ["تمّت", "اعتذار"]]
    kept = await omar.presses("ما زالت جارية")
    assert plain(kept.text) == "تبقى «مكالمة عادل» لك حتى الساعة ١٩:١٥ اليوم. شكرًا على الإخبار!"
    for _ in range(2):
        await omar.says(f"/still {number}")
    spent = await omar.says(f"/still {number}")
    assert plain(spent.text) == (
        "تُحتسَب «ما زالت جارية» في هذا الفريق ٣ مرّات، وقد استُعملت كلها لمهمّة «مكالمة عادل». يمكن طلب وقت إضافي."
    )

    choices = await omar.presses("وقت إضافي")
    assert plain(choices.text) == (
        "كم من الوقت الإضافي تحتاج «مكالمة عادل»؟\nموعدها الأخير للجميع الساعة ١٤:٠٠، الأحد ٢٩ نوفمبر."
    )
    assert choices.labels == [
        ["٣ ساعات", "٦ ساعات"], ["١٢ ساعة", "يوم واحد"], ["يومان، بموافقة مشرف"], ["٣ أيام، بموافقة مشرف"],
    ]  # fmt: skip
    assert plain((await omar.presses("يوم واحد")).text) == "تبقى «مكالمة عادل» لك حتى الساعة ١٩:١٥ غدًا. شكرًا على الإخبار!"
    beyond = await omar.says(f"/extend {number}")
    assert [row[0] for row in beyond.labels] == [
        f"{time}، بموافقة مشرف" for time in ("٣٠ دقيقة", "٣ ساعات", "١٢ ساعة", "يومان")
    ]
    check_arabic(huda, omar)


@both_platforms
async def test_more_time_is_declined_granted_and_runs_out(chat: Talk) -> None:
    (huda, omar), _, number = await scene(chat, "هدى", "عمر")
    for decision, kept, answer, told in (
        (
            "اعتذار عن الطلب",
            "١٤:٠٠",
            "تمّ الاعتذار عن الطلب، ويصل الخبر إلى عمر.",
            "لا تحتمل «مكالمة عادل» انتظارًا أطول: المقعد لك حتى الساعة ١٤:٠٠ غدًا، كما كان.",
        ),
        (
            "موافقة",
            "١٤:٠١",
            "تمّت الموافقة، ويصل الخبر إلى عمر.",
            "تمّت الموافقة على وقت إضافي لمهمّة «مكالمة عادل»: المقعد لك حتى الساعة ١٤:٠٢، الأربعاء ٢٥ نوفمبر.",
        ),
    ):
        await omar.says(f"/extend {number}")
        asked = await omar.presses("يومان، بموافقة مشرف")
        assert plain(asked.text) == f"سُئل المشرفون. ويبقى المقعد لك إلى أن يأتي القرار، وحتى الساعة {kept} غدًا على الأكثر."
        await chat.later(minutes=1)
        assert plain(huda.screen.text) == (
            "طلب وقت إضافي من عمر لمهمّة «مكالمة عادل»: يومان. موعد المهمّة الأخير الساعة ١٤:٠٠، الأحد ٢٩ نوفمبر."
        )
        assert plain((await huda.presses(decision)).text) == answer
        await chat.later(seconds=5)
        assert plain(omar.screen.text) == told

    await until(chat, "2026-11-25 02:10")
    await until(chat, "2026-11-25 09:00")
    assert "حتى الساعة ٢١:٠٠ اليوم. كيف تسير؟" in plain(omar.screen.text), "asked when awake, and with time to answer"
    await until(chat, "2026-11-25 20:59")
    assert await states(chat) == [ClaimState.HELD]
    await until(chat, "2026-11-25 21:01")
    assert await states(chat) == [ClaimState.EXPIRED]
    await until(chat, "2026-11-26 09:00")
    assert plain(omar.screen.text) == ("مقعد «مكالمة عادل» شاغر من جديد لأن الجواب لم يصل. هذا يحدث: ضغطة واحدة تعيد حجزه.")
    await omar.presses("أنا لها")
    assert await states(chat) == [ClaimState.EXPIRED, ClaimState.HELD]
    check_arabic(huda, omar)


@both_platforms
async def test_a_seat_is_waited_for_offered_passed_on_and_left(chat: Talk) -> None:
    (huda, omar, sara, nour, ziad), _, number = await scene(chat, "هدى", "عمر", "سارة", "نور", "زياد")
    for one, place in (
        (sara, "المكان محفوظ في قائمة انتظار «مكالمة عادل»: أوّل مقعد يشغر يُعرَض عليك هنا."),
        (nour, "المكان محفوظ في قائمة انتظار «مكالمة عادل»، بعد شخص واحد. حين يأتي دورك يُعرَض عليك المقعد هنا."),
        (ziad, "المكان محفوظ في قائمة انتظار «مكالمة عادل»، بعد شخصين. حين يأتي دورك يُعرَض عليك المقعد هنا."),
    ):
        full = await one.says(f"/claim {number}")
        assert plain(full.text) == "مقاعد «مكالمة عادل» كلها محجوزة. قد يشغر مقعد في أي وقت، وفي الانتظار مهام أخرى."
        assert plain((await one.presses("انتظار مقعد")).text) == place
    assert "مكالمة عادل: في قائمة الانتظار" in plain((await nour.says("/mine")).text)
    assert (await ziad.says(f"/task {number}")).labels[0] == ["ترك الانتظار"]

    await until(chat, "2026-11-23 16:15")
    await until(chat, "2026-11-23 17:00")
    await chat.later(minutes=1)
    assert plain(omar.screen.text) == "انتقل مقعد «مكالمة عادل» إلى شخص آخر لأن الجواب لم يصل. هذا يحدث."
    offered = "شغر مقعد في «مكالمة عادل» وحان دورك: المقعد محفوظ لك حتى الساعة {} {}."
    assert plain(sara.screen.text) == offered.format("٠٥:٠٠", "غدًا")
    assert sara.screen.labels == [["أنا لها", "ليس هذه المرّة"], ["عرض المهمّة", "ترك الانتظار"]]
    passed = await sara.presses("ليس هذه المرّة")
    assert plain(passed.text) == "ينتقل المقعد إلى الشخص التالي. ويبقى لك مكان في قائمة انتظار «مكالمة عادل»، في آخرها الآن."
    await chat.later(minutes=1)
    assert "وحان دورك" in nour.screen.text
    await nour.presses("ترك الانتظار")
    assert plain(nour.screen.text) == "انتهى الانتظار على «مكالمة عادل»."
    await chat.later(minutes=1)
    assert "وحان دورك" in ziad.screen.text
    await until(chat, "2026-11-24 05:05")
    await until(chat, "2026-11-24 09:00")
    assert plain((await ziad.presses("أنا لها")).text).startswith("مقاعد «مكالمة عادل» كلها محجوزة.")
    await sara.presses("أنا لها")
    assert await chat.rows(select(Wait.state).order_by(Wait.person_id)) == [
        (WaitState.SEATED,), (WaitState.LEFT,), (WaitState.LAPSED,),
    ]  # fmt: skip
    check_arabic(huda, omar, sara, nour, ziad)


@both_platforms
async def test_what_is_over_is_asked_about_and_stands_on_the_record(chat: Talk) -> None:
    huda, omar = chat.person("هدى", "ar"), chat.person("عمر", "ar")
    home = await chat.home(huda, omar, name="دفء", language="ar")
    noon = NOW + timedelta(hours=22)
    columns: dict[str, Any] = {"starts_at": noon, "deadline_at": noon + timedelta(days=2), "place": "حديقة الحرية"}
    await omar.says(f"/claim {await chat.task(home, huda, 'تنظيف الحديقة', language='ar', **columns)}")

    await chat.passes(60, hours=46, minutes=10)
    assert plain(omar.screen.text) == (
        "انتهت «تنظيف الحديقة». كيف كانت؟ يمكن تسليم التقرير حتى الساعة ٢٠:٣٢ اليوم، وبعد ذلك يُعَدّ المقعد متروكًا."
    )
    await until(chat, "2026-11-25 20:34")
    assert await states(chat) == [ClaimState.EXPIRED]
    assert plain(omar.screen.text) == (
        "لم يُسلَّم شيء عن «تنظيف الحديقة»، وانتهى وقت التسليم. يبقى هذا في سجلّك ٩٠ يومًا، والاعتراض عليه ممكن."
    )
    record = await omar.presses("سجلّي")
    assert "«تنظيف الحديقة»، الثلاثاء ٢٤ نوفمبر: لم يصل تقرير" in plain(record.text)
    check_arabic(omar)


@both_platforms
async def test_who_cannot_be_asked_keeps_the_seat_until_a_moderator_frees_it(chat: Talk) -> None:
    (huda, omar), _, _ = await scene(chat, "هدى", "عمر")
    await hide(chat, "عمر")
    await chat.later(hours=3)
    assert plain(huda.screen.text) == (
        "مقعد «مكالمة عادل» محجوز باسم عمر أطول ممّا كان مقرّرًا، والسؤال غير ممكن لعدم وجود محادثة خاصّة. "
        "يبقى المقعد محجوزًا إلى أن يحرّره مشرف."
    )
    assert await states(chat) == [ClaimState.HELD]
    assert plain((await huda.presses("تحرير المقعد")).text) == "مقعد «مكالمة عادل» شاغر من جديد."
    assert await states(chat) == [ClaimState.EXPIRED]
    check_arabic(huda, omar)
