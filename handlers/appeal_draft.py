"""What a moderator has answered so far, as the appeal that would come of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from handlers.appeal_drawing import Material
from handlers.context import Context
from handlers.flows import Data
from handlers.reading import language_of_text
from handlers.types import Media
from models.appeals import Appeal, AppealState
from models.audience import Audience, count_audience
from models.calling import Call, open_tasks_for
from models.communities import Community
from models.tasks import Task, tags_of

HOLDS_FOR: Final = timedelta(hours=48)
"""Where nobody says until when, an appeal is stale after this, or when the last of its tasks closes."""
_SHORTEST: Final = timedelta(hours=1)


async def tasks_of_draft(context: Context, data: Data) -> Sequence[Task]:
    """The tasks that can be taken now."""
    aim = data["aim"]
    return await open_tasks_for(context.session, data["community"], aim["tasks"], aim["tag"], context.now)


async def audience_of_draft(context: Context, data: Data) -> Audience:
    """The audience, without those who want to hear less of what it is about."""
    tag = data["aim"]["tag"]
    tags = [tag] if tag else [one for task in data["aim"]["tasks"] for one in await tags_of(context.session, task)]
    return Audience.load(data["audience"] | {"about": list(dict.fromkeys(tags))})


async def reach_of_draft(context: Context, data: Data) -> dict[str, int]:
    """How many people it would reach privately, by platform."""
    audience = await audience_of_draft(context, data)
    return await count_audience(context.session, data["community"], audience, context.now)


def times_of_draft(data: Data, tasks: Sequence[Task], now: datetime) -> tuple[datetime, datetime]:
    """When it begins, and when it is stale."""
    starts = max(now, datetime.fromisoformat(data["starts"])) if data["starts"] else now
    if data.get("ends"):
        return starts, datetime.fromisoformat(data["ends"])
    closes = max((task.deadline_at for task in tasks), default=starts + HOLDS_FOR)
    return starts, min(starts + HOLDS_FOR, max(closes, starts + _SHORTEST))


def decision_of(data: Data) -> dict[str, Any]:
    """What is decided about it so far: whether it is urgent, about how many people it was asked twice, which of its versions
    is looked at, and what the last press does."""
    decided: dict[str, Any] = data.get("decision") or {}
    return {"is_urgent": False, "asked": None, "seen": None, "does": ""} | decided


def _texts(data: Data) -> dict[str, str]:
    both = [data["text"], *([data["second"]] if data.get("second") else [])]
    return {language_of_text(text): text for text in both}


async def made_of_draft(context: Context, data: Data) -> Material:
    """What would be sent."""
    community, tasks = await context.session.get_one(Community, data["community"]), await tasks_of_draft(context, data)
    draft = Appeal(
        id=0,
        community_id=community.id,
        texts=_texts(data),
        vouched_by=data["vouched"],
        last_confirmed_at=datetime.fromisoformat(data["confirmed"]),
        called_role=data.get("called") or "",
        thread=data["thread"],
        state=AppealState.DRAFT,
        wants_urgent=decision_of(data)["is_urgent"],
    )
    return Material(draft, community, Media(**data["picture"]) if data.get("picture") else None, tuple(tasks))


async def call_of_draft(context: Context, data: Data) -> Call:
    """What is kept of it when it is sent."""
    starts, stale = times_of_draft(data, await tasks_of_draft(context, data), context.now)
    picture = data.get("picture")
    return Call(
        texts=_texts(data),
        stale_at=stale,
        last_confirmed_at=datetime.fromisoformat(data["confirmed"]),
        audience=await audience_of_draft(context, data),
        task_ids=tuple(data["aim"]["tasks"]),
        tag=data["aim"]["tag"],
        picture=picture and picture["id"],
        vouched_by=data["vouched"],
        wants_urgent=decision_of(data)["is_urgent"],
        called_role=data.get("called") or "",
        thread=data["thread"],
        starts_at=starts,
    )
