"""A `Reply` as Discord takes it: pure functions over its JSON.

https://discord.com/developers/docs/resources/message#create-message, #embed-object-embed-limits
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bot.discord.components import Json, rows_of, walk
from bot.discord.markdown import defuse, fit, unescape
from bot.drawing import CHART_NAME, sheet_name
from bot.fitting import cut, is_visible
from bot.sketching import PICTURE, sketch
from handlers.types import CannotRender, Card, Media, Reply

CONTENT_LIMIT: Final = 2000
_TITLE_LIMIT: Final = 256
_DESCRIPTION_LIMIT: Final = 4096
_FOOTER_LIMIT: Final = 1000
"""Of the 2048 that it might have: an embed has 6000 in all."""
_ALT_LIMIT: Final = 1024
EPHEMERAL: Final = 1 << 6
_SUFFIXES: Final = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}


def message(reply: Reply, *, with_modal: bool = False, is_edit: bool = False) -> Json:
    """The body of a message. Raises CannotRender.

    An edit names every part, so that nothing of what stood there before remains; a reply of nothing but buttons changes only
    those. `with_modal`: the reader has no input line of their own, so a button opens one.
    """
    components = rows_of(reply, with_modal=with_modal)
    if not (reply.text or reply.card or reply.media or reply.has_files):
        if not is_edit:
            raise CannotRender("Discord shows buttons only under a text or a picture")
        return {"components": components}
    overflows = reply.card is None and len(fit(reply.text, _DESCRIPTION_LIMIT)) > CONTENT_LIMIT
    called = "".join([f"<@{one.account}> " for one in reply.mentions] + [f"<@&{role}> " for role in reply.pings])
    content = (called if overflows else called + fit(reply.text, CONTENT_LIMIT - len(called))).rstrip()
    embed: Json = {"description": fit(reply.text, _DESCRIPTION_LIMIT)} if overflows else _embed(reply.card)
    body: Json = {"allowed_mentions": _allowed(reply)}
    if embed and reply.media:
        embed["image"] = {"url": f"attachment://{file_name(reply.media)}"}
    if is_edit or content:
        body["content"] = content
    if is_edit or embed:
        body["embeds"] = [embed] if embed else []
    if is_edit or components:
        body["components"] = components
    files = list(_attachments(reply))
    if is_edit or files:
        body["attachments"] = [{"id": number} | described for number, described in enumerate(files)]
    return body


def in_words(reply: Reply) -> str:
    """What a message shows, in plain words; whom it calls is left out. Raises CannotRender."""
    body = message(replace(reply, pings=(), mentions=()))
    (embed,) = body.get("embeds") or [{}]
    picture = PICTURE if "image" in embed or "attachments" in body else ""
    said = [body.get("content", ""), "\n".join(embed[part] for part in ("title", "description") if part in embed)]
    rows = [[part["label"] for part in walk([row]) if "label" in part] for row in body.get("components", ())]
    return sketch([*map(unescape, said), picture, embed.get("footer", {}).get("text", "")], rows)


def _allowed(reply: Reply) -> Json:
    """Whom a message may notify: nobody but those who are named here."""
    users = {"users": [one.account for one in reply.mentions]} if reply.mentions else {}
    roles = {"roles": list(reply.pings)} if reply.pings else {}
    return {"parse": []} | users | roles


def notice(toast: str) -> Json:
    """A short notice as a message."""
    return {"content": fit(toast, CONTENT_LIMIT), "allowed_mentions": {"parse": []}}


def file_name(media: Media) -> str:
    return f"picture.{_SUFFIXES.get(media.content_type, 'jpg')}"


def _attachments(reply: Reply) -> Iterator[Json]:
    """The files of a reply. A chart stands by itself, for a picture inside an embed has no alternative text."""
    if reply.media:
        described = reply.card.title if reply.card else reply.text
        yield _attachment(file_name(reply.media), " ".join(described.split()))
    if reply.chart:
        yield _attachment(CHART_NAME, reply.chart.alternative)
    if reply.sheet:
        yield _attachment(sheet_name(reply.sheet), "")


def _attachment(name: str, described: str) -> Json:
    alt = cut(defuse(described), _ALT_LIMIT)
    return {"filename": name} | ({"description": alt} if is_visible(alt) else {})


def _embed(card: Card | None) -> Json:
    if card is None:
        return {}
    embed: Json = {"title": fit(card.title, _TITLE_LIMIT) or "…"}
    if lines := fit("\n".join(card.lines), _DESCRIPTION_LIMIT):
        embed["description"] = lines
    if is_visible(card.footer):
        embed["footer"] = {"text": cut(defuse(card.footer), _FOOTER_LIMIT)}
    return embed
