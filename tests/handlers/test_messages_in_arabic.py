"""What is told without having been asked for, and reviews that take too long, as those read it who speak Arabic."""

from datetime import timedelta

from sqlalchemy import select

from models.people import Person
from models.roles import Role
from tests.arabic import check_arabic, until
from tests.dialogue import NOW, Talk, both_platforms, plain

MONTH = timedelta(days=40)


@both_platforms
async def test_reviews_that_are_late_are_told_one_after_the_other(chat: Talk) -> None:
    people = [chat.person(name, "ar") for name in ("هدى", "سارة", "نور", "عمر")]
    huda, *moderators, omar = people
    home = await chat.home(*people, name="دفء", language="ar")
    for hours, one in enumerate(moderators, 1):
        await chat.give_role(home, one, Role.MODERATOR, joined_at=NOW + timedelta(hours=hours))
    await omar.says(f"/claim {await chat.task(home, huda, 'مكالمة عادل', language='ar')}")
    for label in ("تمّت", "١٠ دقائق", "تخطٍّ"):
        await omar.presses(label)
    promised = "تمّ التسليم، شكرًا! المراجعة (هدى، سارة، نور) في موعد أقصاه الساعة ١٤:٠٠ غدًا."
    assert plain(omar.screen.text) == promised
    await chat.later(minutes=1)

    late = "تقرير واحد في «دفء» ينتظر المراجعة أطول ممّا قيل عند تسليمه، منذ الساعة ١٤:٠٠، الاثنين ٢٣ نوفمبر."
    heard = []
    for day in ("2026-11-24", "2026-11-25", "2026-11-26"):
        await until(chat, f"{day} 14:00")
        await chat.later(minutes=1)
        heard.append([any(late in text for text in one.reads()) for one in people])
    assert [sum(each) for each in heard] == [1, 2, 2], "one, then the next"
    assert plain(huda.screen.text) == (
        "تقرير واحد في «دفء» ما زال ينتظر رغم تذكير المشرفين، منذ الساعة ١٤:٠٠، الاثنين ٢٣ نوفمبر."
    )
    assert plain(omar.screen.text) == (
        "مراجعة تقريرك عن «مكالمة عادل» تأخذ وقتًا أطول ممّا قلنا، عذرًا. تمّ تذكير المشرفين، ولا يلزمك شيء."
    )
    huda.writes("/summary")
    await chat.settle()
    assert "طال انتظار" in "\n".join(huda.reads())
    check_arabic(*people)


@both_platforms
async def test_who_was_offered_nothing_is_found_and_says_what_is_wanted(chat: Talk) -> None:
    huda, omar = chat.person("هدى", "ar"), chat.person("عمر", "ar")
    home = await chat.home(huda, omar, name="دفء", language="ar")
    number = await chat.task(home, huda, "كتابة رسالة", language="ar", hold_minutes=24 * 60, deadline_at=NOW + MONTH)
    await chat.later(days=14)
    assert plain(omar.screen.text).split("\n")[0] == "مهمّة واحدة قد تناسبك"
    assert "كتابة رسالة: ١٠ دقائق، مقعد واحد، حتى الساعة ١٤:٠٠، السبت ٢ يناير" in plain(omar.screen.text)
    stopped = await omar.presses("إيقاف هذه الرسائل")
    assert stopped.text == "تمّ الإيقاف. من الآن لا يُرسل هنا إلا ما يخص مقعدًا محجوزًا، وكل ما عداه عند الطلب."

    await omar.says(f"/claim {number}")
    await chat.later(hours=19)
    assert "«كتابة رسالة» لك حتى الساعة ١٤:٠٠ غدًا. كيف تسير؟" not in plain(omar.screen.text)
    assert "كيف تسير؟" in omar.screen.text, "what is about a seat comes all the same, when they are awake"
    await omar.says("/me")
    screen = plain((await omar.presses("الرسائل")).text)
    assert "هدوء من ٢١:٠٠ إلى ٠٩:٠٠\nالحد الأقصى: ٣ في اليوم، و١٠ في الأسبوع" in screen
    assert "متوقّفة: لا يُرسل إلا ما يخص مقعدًا محجوزًا." in screen
    assert "أهلًا بعودتك. هذا ما يمكن إرساله دون طلب." in (await omar.presses("استئناف الرسائل")).text
    assert "الحد الأقصى: ١ في اليوم، و٣ في الأسبوع" in plain((await omar.presses("نادرًا")).text)
    assert "غير مرغوب فيه: مهام مناسبة" in plain((await omar.presses("مهام مناسبة")).text)
    await omar.presses("ساعات الهدوء")
    assert "المطلوب وقتان من اليوم، مثل ٢١:٠٠-٠٩:٠٠." in (await omar.says("متى ما كان")).text
    assert "هدوء من ٢٢:٠٠ إلى ٠٧:٠٠" in plain((await omar.says("١٠ مساءً إلى ٧ صباحًا")).text)
    assert await chat.rows(select(Person.quiet_from, Person.daily_budget, Person.muted).where(Person.name == "عمر")) == [
        (22 * 60, 1, "offer")
    ]
    check_arabic(huda, omar)


@both_platforms
async def test_after_a_week_away_there_is_one_message_and_it_says_why(chat: Talk) -> None:
    """Omar holds two seats and waits for a third; everything of a week is due at once."""
    people = [chat.person(name, "ar") for name in ("هدى", "عمر", "سارة")]
    huda, omar, sara = people
    home = await chat.home(*people, name="دفء", language="ar", newcomer_claims=3)
    numbers = [
        await chat.task(home, huda, title, language="ar", deadline_at=NOW + MONTH, hold_minutes=6 * 24 * 60)
        for title in ("مكالمة عادل", "كتابة رسالة", "سقاية الأشجار")
    ]
    await sara.says(f"/claim {numbers[2]}")
    for number in numbers[:2]:
        await omar.says(f"/claim {number}")
    await omar.says(f"/claim {numbers[2]}")
    await omar.presses("انتظار مقعد")
    await chat.later(minutes=1)
    before = len(omar.reads())

    await chat.later(days=7)
    assert len(omar.reads()) == before + 1
    assert plain(omar.screen.text) == (
        "وصلت هذه الرسالة متأخرة: كان موعدها الساعة ١٤:٠٠، السبت ٢٨ نوفمبر، وكانت همّة متوقفة حينها.\n\n"
        "١. «مكالمة عادل» لك حتى الساعة ١٤:٠١ غدًا. كيف تسير؟ إن لم يصل جواب يصبح المقعد شاغرًا بعدها.\n\n"
        "٢. «كتابة رسالة» لك حتى الساعة ١٤:٠١ غدًا. كيف تسير؟ إن لم يصل جواب يصبح المقعد شاغرًا بعدها."
    )
    assert omar.screen.labels == [
        ["ما زالت جارية – ١", "وقت إضافي – ١"], ["تمّت – ١", "اعتذار – ١"],
        ["ما زالت جارية – ٢", "وقت إضافي – ٢"], ["تمّت – ٢", "اعتذار – ٢"],
    ]  # fmt: skip
    check_arabic(*people)
