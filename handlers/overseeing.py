"""`/appeals`: how appeals are doing, and what moderators do about one: confirm, pause, resume, stop."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.appeal_progress import STATES, draw_progress, shortened
from handlers.appeal_sending import announce_begun, follow_progress, note_appeal
from handlers.cards import zoned
from handlers.context import Context
from handlers.registry import Arg, ArgKind, command
from handlers.types import Button, Card, Reply, Row
from handlers.words import N_, Said
from models.appeals import OVER, Appeal, AppealState
from models.audit import Action
from models.calling import (
    appeals_of,
    confirm_appeal,
    confirm_true,
    get_appeal,
    pause_appeal,
    resume_appeal,
    stop_appeal,
    withdraw_posts,
)
from models.communities import Community
from models.refusals import AppealMoved, NotFound, Outdated
from models.roles import Role

_SHOWN = 8
_LABEL_SHOWN = 30
_APPEAL = Arg("appeal", ArgKind.NUMBER, N_("the appeal's number"), required=False)


@command("appeals", help=N_("How appeals are doing"), args=(_APPEAL,), role=Role.MODERATOR)
async def appeals(context: Context, appeal: int | None) -> Reply:
    """The latest appeals of the team; or one of them."""
    if appeal is not None:
        return await _show(context, await moderated_appeal(context, appeal))
    community = await context.community(Role.MODERATOR)
    found = await appeals_of(context.session, community.id, _SHOWN)
    words = zoned(context, community)
    rows: list[Row] = []
    lines: list[Said] = []
    for one in found:
        text = shortened(one.text_for(words.language))
        lines.append(words.beside(words.say(STATES[one.state], number=one.id), words.date_and_time(one.created_at)))
        label = text if len(text) <= _LABEL_SHOWN else f"{text[: _LABEL_SHOWN - 1]}…"
        rows.append((Button(words.beside(words.number(one.id), label), "appeals", str(one.id)),))
    rows.append((Button(words.say("New appeal"), "appeal"),))
    card = Card(
        words.say("Appeals of {community}", community=community.name),
        tuple(lines) or (words.say("There has been none yet."),),
    )
    return Reply(card=card, rows=tuple(rows), edit=context.is_press)


async def moderated_appeal(context: Context, number: int) -> Appeal:
    """An appeal that the person may decide about. Raises NotAllowed for its team's other members, and NotFound for others."""
    found = await get_appeal(context.session, number)
    if await context.member_of(found.community_id) is None:
        raise NotFound("appeal", str(number))
    await context.require(Role.MODERATOR, found.community_id)
    return found


async def _show(context: Context, appeal: Appeal, said: Said | None = None) -> Reply:
    community = await context.session.get_one(Community, appeal.community_id)
    shown = await draw_progress(context.session, appeal, zoned(context, community), context.now)
    back = (Button(context.words.say("All appeals"), "appeals"),)
    return replace(shown, text=said or "", toast=said or "", rows=(*shown.rows, back), edit=context.is_press)


@dataclass(frozen=True)
class _Deed:
    """Something that a button does to an appeal."""

    do: Callable[[AsyncSession, int, datetime], Awaitable[Appeal]]
    action: Action
    said: str


_DEEDS = {
    "pause": _Deed(pause_appeal, Action.APPEAL_PAUSED, N_("Paused: nothing more goes out for now.")),
    "resume": _Deed(resume_appeal, Action.APPEAL_RESUMED, N_("It goes on.")),
    "stop": _Deed(stop_appeal, Action.APPEAL_STOPPED, N_("Stopped. Who got it will see that it does not hold any more.")),
    "true": _Deed(confirm_true, Action.APPEAL_STILL_TRUE, N_("Noted: it is still true.")),
}


@command("appeal_do", args=(Arg("appeal", ArgKind.NUMBER, ""), Arg("deed", ArgKind.CODE, "")))
async def act(context: Context, appeal: int, deed: str) -> Reply:
    """What a button on an appeal's card does. What somebody else did meanwhile is shown as it is now."""
    found = await moderated_appeal(context, appeal)
    if deed == "confirm":
        return await _confirm(context, found)
    if deed not in _DEEDS:
        raise Outdated
    doing = _DEEDS[deed]
    changed = await doing.do(context.session, found.id, context.now)
    await note_appeal(context, changed, doing.action)
    if changed.state in OVER:
        await withdraw_posts(context.session, changed.id)
    return await _show(context, changed, context.words.say(doing.said))


async def _confirm(context: Context, appeal: Appeal) -> Reply:
    """The second moderator lets it go, where its time is not over by then."""
    if appeal.stale_at <= context.now:
        raise AppealMoved(appeal.id, AppealState.STALE)
    confirmed = await confirm_appeal(context.session, appeal.id, context.person.id, context.now)
    await note_appeal(context, confirmed, Action.APPEAL_CONFIRMED)
    await follow_progress(context, confirmed)
    await announce_begun(context.session, context.now)
    return await _show(context, confirmed, context.words.say("Confirmed: it goes out."))
