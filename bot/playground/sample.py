"""The sample community: people who help homeless elders and stray animals, with what there is to do today.

Its tables are filled by the same functions of models/ that a real community's are. What its people say and do goes through
the playground and the core like anybody's words.
"""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.edge import Edge
from bot.playground.cast import GROUP, GROUP_TITLE, PHONES, PLATFORM, ZONE
from bot.playground.platform import Playground
from handlers.types import ChatKind
from models.cards import post_card
from models.communities import Community, chat_at, join, set_role
from models.making import Draft, create_task
from models.people import Account, Identity, Newcomer, meet, open_private_chat
from models.reports import Work, hand_in
from models.roles import Role
from models.seating import Want, claim
from models.setting_up import Charter, Home, found
from models.tasks import Proof

NEWCOMER = "salma"
"""She has not joined yet: with her the page tells how that goes."""
RULES = """١. نحفظ خصوصية من نساعدهم: لا أسماء ولا صور وجوه.
٢. ما لا نقدر عليه نعتذر عنه مبكّرًا، فيجد المقعد غيرنا.
1. Whom we help stays private: no names, no faces.
2. What we cannot do we give back early, so that somebody else can."""
SUNDAY = 6
_HOLD_MINUTES = 24 * 60


async def settle_in(edge: Edge, playground: Playground) -> None:
    """Fill a fresh database, and an empty group. Where there is a community, or people have talked, nothing changes."""
    now = playground.clock.now()
    is_fresh = await edge.transact(lambda session: _found(session, now))
    if is_fresh and not playground.memory.messages(GROUP):
        _talk(playground)


async def _found(session: AsyncSession, now: datetime) -> bool:
    """Make the community; whether it was not there yet."""
    if await chat_at(session, PLATFORM, GROUP):
        return False
    newcomers = [Newcomer(Identity(PLATFORM, phone.person), phone.name, phone.language) for phone in PHONES.values()]
    accounts = {identity.external_id: account for identity, account in (await meet(session, newcomers, now)).items()}
    home = Home(PLATFORM, GROUP, ChatKind.GROUP, GROUP_TITLE)
    charter = Charter("فريق دفء · Warmth Team", "ar", ZONE.key, SUNDAY, RULES)
    community = await found(session, home, charter, accounts["yusuf"].person_id, now)
    await _gather(session, community, accounts, now)
    made = [await create_task(session, community.id, accounts["huda"].person_id, draft, now) for draft in _drafts(now)]
    tasks = {task.title: task.id for task in made}
    await _post(session, [tasks[title] for title in (CALL, DOG, WATER)], now)
    await _help(session, accounts["maya"].person_id, tasks[PAGE], now)
    return True


async def _gather(session: AsyncSession, community: Community, accounts: dict[str, Account], now: datetime) -> None:
    """Everybody but the newcomer is a member, and has opened the private chat with us."""
    for person, account in accounts.items():
        if person != NEWCOMER:
            await open_private_chat(session, account, person)
            await join(session, community.id, account.person_id, now, accepts_rules=True)
            account.person.timezone = community.timezone
    await set_role(session, community.id, accounts["huda"].person_id, Role.MODERATOR, by=accounts["yusuf"].person_id)


async def _post(session: AsyncSession, tasks: list[int], now: datetime) -> None:
    """Some cards stand in the group."""
    chat = await chat_at(session, PLATFORM, GROUP)
    if chat:
        for task in tasks:
            await post_card(session, task, chat.id, "", now)


async def _help(session: AsyncSession, person: int, task: int, now: datetime) -> None:
    """Somebody was quick: a report waits for its review."""
    await claim(session, [Want(person, task)], now)
    work = Work(6, "Two of the twelve photos did not load: Simsim and Biscuit. I marked both in the sheet.")
    await hand_in(session, person, task, work, now)


def _talk(playground: Playground) -> None:
    """What people say on a first morning, in the group and to us."""
    playground.say(PHONES["yusuf"], GROUP, "Good morning! A few small things for today are below. Every minute counts.")
    playground.say(PHONES["huda"], GROUP, "صباح الخير، وشكرًا لكل من شارك أمس: القطط الثلاث وجدت مأوى دافئًا.")
    for person, words in (("huda", "/review"), ("maya", "I have 15 minutes"), ("yusuf", "/help")):
        playground.memory.open_private_chat(person)
        playground.say(PHONES[person], person, words)
    for person in ("huda", "maya"):
        playground.memory.show_chat(person, person, left=GROUP)


CALL = "مكالمة ودّية مع أحد كبار السنّ"
WATER = "ماء نظيف لقطط الحيّ"
DOG = "Drive one dog to the vet"
PAGE = "Look through the adoption page for broken photos"


def _drafts(now: datetime) -> list[Draft]:
    """A bit of everything: 5 to 30 minutes, remote and field, alone and together, each kind of proof, both languages."""

    evening = now.astimezone(ZONE).replace(hour=20, minute=0, second=0, microsecond=0)

    def draft(
        language: str, title: str, description: str, minutes: int, seats: int, days: int, proof: Proof, place: str, *tags: str
    ) -> Draft:
        deadline = evening + timedelta(days=days)
        return Draft(title, language, minutes, seats, deadline, proof, _HOLD_MINUTES, description, place, tags)

    return [
        draft("ar", CALL, "سؤال عن الحال والدواء والدفء، مع قائمة أسئلة جاهزة. الرقم يصل بعد حجز المقعد.",
              15, 5, 2, Proof.NOTE, "", "كبار_السن", "مكالمات"),
        draft("ar", "مراجعة لغوية لمنشور حملة البطانيات", "نصف صفحة، والمطلوب تصحيح الأخطاء واقتراح عنوان أقصر.",
              5, 1, 1, Proof.NOTE, "", "كتابة"),
        draft("ar", WATER, "غسل أوعية الماء الثلاثة عند الدرج وملؤها، وتصويرها بعد ذلك.",
              10, 4, 1, Proof.PHOTO, "جبل اللويبدة، درج الكلحة", "حيوانات"),
        draft("ar", "رسالة شكر قصيرة لمتبرّع", "ثلاثة أسطر دافئة بخطّ اليد أو على الحاسوب، والأسماء الأولى فقط.",
              5, 2, 3, Proof.NOTE, "", "كتابة", "شكر"),
        draft("ar", "توزيع وجبات دافئة في وسط البلد", "ستّ وجبات من المطبخ إلى ثلاثة عناوين قريبة، مشيًا. التجمّع عند الباب.",
              30, 3, 1, Proof.PHOTO, "وسط البلد، مطبخ الخير", "كبار_السن", "طعام"),
        draft("en", DOG, "Luna, 18 kg and friendly, has her check-up. A blanket and a leash are at the gate.",
              30, 1, 1, Proof.PHOTO, "Marka, the shelter's gate", "animals"),
        draft("en", PAGE, "Twelve profiles. Open each one, and note which photos do not load.",
              5, 2, 2, Proof.NOTE, "", "animals", "web"),
        draft("en", "Read the news aloud over the phone", "Mr. Sami is 81 and misses his newspaper. Ten minutes of headlines.",
              15, 4, 3, Proof.NONE, "", "elders", "calls"),
        draft("en", "Find three pharmacies with free check-ups", "Call or look them up; name, street and hours each.",
              20, 2, 4, Proof.NOTE, "", "elders", "research"),
        draft("en", "Draw a poster: keeping warm at night", "For people who sleep outdoors. Pictures more than words.",
              30, 2, 5, Proof.LINK, "", "design"),
    ]  # fmt: skip
