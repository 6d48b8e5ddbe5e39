"""`/me` → E-mail: an address is named, confirmed by the code that went there, and forgotten again."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.context import Context
from handlers.flows import Ask, Data, Flow, Given, Invalid, Step, declare, start
from handlers.mailing import question
from handlers.refusals import put_into_words
from handlers.registry import Arg, ArgKind, command
from handlers.types import Button, Card, Reply, Row, Tone
from handlers.words import N_, Said, Words
from models.addresses import (
    MailAddress,
    MailList,
    addresses_of,
    ask,
    check_code,
    choose_summary,
    confirm,
    forget,
    usable_address,
)
from models.communities import highest_role
from models.delivery import enqueue, forget_message
from models.dialogues import end_dialogues
from models.mail_address import parse_address
from models.mail_asks import check_may_ask
from models.people import DigestWay
from models.refusals import MailboxSaidNo, Outdated, Refusal
from models.roles import Role

_CHOICE = Arg("choice", ArgKind.CODE, "")


def mailbox_button(words: Words) -> Button:
    return Button(words.say("E-mail"), "me_mail")


@command("me_mail")
async def mailbox(context: Context) -> Reply:
    """What mail comes where, with a button for each thing that can be changed."""
    return await _screen(context)


async def _screen(context: Context, text: str = "") -> Reply:
    await _offered(context, {})
    words, say = context.words, context.words.say
    addresses = await addresses_of(context.session, context.person.id)
    lines = [_state(one, context) for one in addresses] or [
        say("No address yet. One that is confirmed can get what is chosen.")
    ]
    if context.person.digest is DigestWay.MAIL:
        lines.append(say("The week's tasks come by e-mail."))
    if any(one.is_usable and one.wants_summary for one in addresses):
        lines.append(say("The weekly summary comes by e-mail."))
    footer = say("An address is seen by nobody else, and every mail ends with a way to end it.")
    card = Card(say("E-mail"), tuple(lines), footer)
    return Reply(text=text, card=card, rows=await _rows(context, addresses, words), edit=context.is_press)


def _state(address: MailAddress, context: Context) -> Said:
    say, shown = context.words.say, address.address
    if address.off_at is not None:
        return say("{address}: mail came back, nothing is sent there", address=shown)
    if address.confirmed_at is not None:
        return say("{address}: confirmed", address=shown)
    if address.code_until <= context.now:
        return say("{address}: the code has expired", address=shown)
    until = context.words.moment(address.code_until, context.now)
    return say("{address}: waits for the code until {moment}", address=shown, moment=until)


async def _rows(context: Context, addresses: Sequence[MailAddress], words: Words) -> tuple[Row, ...]:
    say = words.say
    first = next(iter(addresses), None)
    rows: list[Row] = [(Button(say("Another address") if first else say("Give an address"), "mail_address"),)]
    if any(_waits(one, context) for one in addresses):
        rows.insert(0, (Button(say("Write the code"), "mail_code", tone=Tone.PRIMARY),))
    if first is not None and first.is_usable:
        rows.append((Button(say("The week's tasks"), "me_digest"),))
        if await highest_role(context.session, context.person.id) is Role.ORGANIZER:
            label = say("No weekly summary by e-mail") if first.wants_summary else say("Weekly summary by e-mail")
            rows.append((Button(label, "mail_summary", "off" if first.wants_summary else "on"),))
    if first is not None:
        rows.append((Button(say("Forget my address"), "mail_forget"),))
    return (*rows, (Button(say("Back"), "me"),))


def _waits(address: MailAddress, context: Context) -> bool:
    return address.confirmed_at is None and address.off_at is None and address.code_until > context.now


@command("mail_summary", args=(_CHOICE,))
async def choose(context: Context, choice: str) -> Reply:
    """Have the weekly summary come by mail as well, or not any more."""
    address = await usable_address(context.session, context.person.id)
    if address is None or choice not in {"on", "off"}:
        raise Outdated
    await choose_summary(context.session, address, wants_it=choice == "on")
    return await _screen(context)


# Naming an address


@command("mail_address")
async def name_address(context: Context) -> Reply:
    """Ask for an address."""
    return await start(context, ADDRESS, {})


async def _ask_address(context: Context, data: Data) -> Ask:
    text = context.words.say(
        "Which address? One mail goes there, with a code and a link; nothing else before one of them comes back."
    )
    return Ask(text)


async def _parse_address(context: Context, data: Data, given: Given) -> str:
    say = context.words.say
    address = parse_address(given.text)
    if address is None:
        raise Invalid(
            say("That is no address that mail can be sent to. It looks like this: {example}", example="name@example.org")
        )
    used = await usable_address(context.session, context.person.id)
    if used is not None and used.address == address:
        raise Invalid(say("{address} is confirmed already.", address=address))
    try:
        await check_may_ask(context.session, context.person.id, address, context.now)
    except MailboxSaidNo as refusal:
        raise Invalid(_in_words(refusal, context)) from None
    return address


async def _send_question(context: Context, data: Data) -> Reply:
    asked = await ask(context.session, context.person.id, data["address"], context.now)
    await enqueue(context.session, [question(asked, context.words, context.now)])
    return await start(context, CODE, {"address": data["address"]})


# The code that went there


@command("mail_code")
async def write_code(context: Context) -> Reply:
    """Ask for the code of the address that was named last."""
    waiting = [one for one in await addresses_of(context.session, context.person.id) if _waits(one, context)]
    if not waiting:
        return await _screen(context)
    return await start(context, CODE, {"address": waiting[0].address})


async def _ask_code(context: Context, data: Data) -> Ask:
    text = context.words.say(
        "A mail is on its way to {address}. Its code can be written here, or its link pressed, within 48 hours. Where nothing "
        "comes, a look into the folder for spam helps.",
        address=data["address"],
    )
    return Ask(text)


async def _parse_code(context: Context, data: Data, given: Given) -> str:
    found = await check_code(context.session, context.person.id, given.text, context.now)
    if isinstance(found, Refusal):
        raise Invalid(_in_words(found, context))
    return given.text


async def _keep_address(context: Context, data: Data) -> Reply:
    code = data.get("code")
    if not code:
        return await _screen(context)
    found = await confirm(context.session, code, context.now)
    if found is not None:
        await end_question(context.session, found)
    return await _screen(context, context.words.say("{address} is confirmed.", address=data["address"]))


async def end_question(session: AsyncSession, confirmed: MailAddress) -> None:
    """Nobody asks for a code any more that has come back, and the mail that carried it is not kept."""
    await end_dialogues(session, confirmed.person_id, CODE.name)
    await forget_message(session, f"mail:{MailList.CONFIRM}:{confirmed.id}:")


# Forgetting


@command("mail_forget")
async def ask_to_forget(context: Context) -> Reply:
    """Say what forgetting means."""
    say = context.words.say
    text = say("Forget the address? Nothing comes by e-mail any more, and it is kept nowhere.")
    rows = ((Button(say("Forget my address"), "mail_forgotten", tone=Tone.DANGER), Button(say("Keep it"), "me_mail")),)
    return Reply(text=text, rows=rows, edit=context.is_press)


@command("mail_forgotten")
async def forget_addresses(context: Context) -> Reply:
    """Delete all of the person's addresses, and what was on its way there."""
    for number in await forget(context.session, context.person.id):
        await forget_message(context.session, f"mail:{MailList.CONFIRM}:{number}:")
    await end_dialogues(context.session, context.person.id, CODE.name)
    if context.person.digest is DigestWay.MAIL:
        context.person.digest = context.person.digest_at = None
        await context.session.flush()
    return await _screen(context, context.words.say("Forgotten."))


def _in_words(refusal: Refusal, context: Context) -> Said:
    return Said(put_into_words(refusal, context.words).text)


async def _offered(context: Context, data: Data) -> None:
    """Mail is for everybody where it is set up, and for nobody elsewhere."""
    if not context.has_mail:
        raise Outdated


ADDRESS = declare(
    Flow(
        "mail_address",
        N_("an e-mail address"),
        (Step("address", _ask_address, _parse_address),),
        finish=_send_question,
        guard=_offered,
        leads_back="me_mail",
    )
)
CODE = declare(
    Flow(
        "mail_code",
        N_("the code from the mail"),
        (Step("code", _ask_code, _parse_code, is_optional=True),),
        finish=_keep_address,
        guard=_offered,
        can_cancel=False,
    )
)
