"""An appeal before it is sent, as people will see it: on each platform, in each language, privately and in the team's chats.

Each version is drawn by what delivers it. Where the moderator is on its platform, it is shown as the message that it will be;
the others are told in the words that their platform would show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handlers.appeal_drawing import Material, draw_call, draw_message, places_of_call
from handlers.beginning import LANGUAGE_NAMES
from handlers.connecting import platform_name
from handlers.context import Context
from handlers.flows import Ask, Data, Option
from handlers.types import Button, Link, Place, Reply, Tone
from handlers.words import LANGUAGES, N_, Said, Words, words_for
from models.audience import Audience

LOOK = "look"
"""What a button of a version that is only looked at says."""


@dataclass(frozen=True)
class Version:
    """One of the forms in which an appeal goes out."""

    platform: str
    language: str
    chat: Place | None = None
    """Where it stands, if it is for many."""

    def draw(self, made: Material) -> Reply:
        if self.chat is not None:
            return draw_call(made, self.chat)
        return draw_message(made, words_for(self.language, self.language == "ar", made.community.timezone))

    def label(self, words: Words) -> Said:
        sentence = N_("{platform}, in the team's chats") if self.chat else N_("{platform}, privately, in {language}")
        return words.say(sentence, platform=platform_name(self.platform), language=LANGUAGE_NAMES[self.language])


async def versions_of(context: Context, data: Data, made: Material, sizes: Mapping[str, int]) -> list[Version]:
    """All forms in which it goes out, those of the moderator's own platform and language first. `sizes`: how many people it
    reaches privately, by platform."""
    audience, here = Audience.load(data["audience"]), context.event.place.platform
    languages = (audience.language,) if audience.language else LANGUAGES
    platforms = set(sizes) or {here}
    private = [Version(platform, language) for platform in platforms for language in languages]
    called = made.appeal.called_role.split()[:2]
    chats: dict[str, Version] = {}
    for place in await places_of_call(context.session, made.appeal):
        if place.platform not in chats or [place.platform, place.chat] == called:
            chats[place.platform] = Version(place.platform, made.community.language, place)
    known = [one for one in (*private, *chats.values()) if one.platform == here or one.platform in context.outlets]
    own = context.words.language
    return sorted(known, key=lambda one: (one.platform != here, one.platform, one.chat is not None, one.language != own))


def ask_version(context: Context, made: Material, versions: Sequence[Version], at: int) -> Ask:
    """One version on its own, with buttons that do nothing yet, and the ways on and back."""
    at = at % len(versions)  # there were more of them when it was asked for
    say, shown = context.words.say, versions[at]
    reply = shown.draw(made)
    label = say("{number} of {total}: {which}", number=at + 1, total=len(versions), which=shown.label(context.words))
    ways = (
        Option(say("Back to sending"), "overview", Tone.PRIMARY),
        *((Option(say("The next version"), f"see {(at + 1) % len(versions)}"),) if len(versions) > 1 else ()),
    )
    if shown.platform != context.event.place.platform:
        return Ask(Said(f"{label}\n\n{context.outlets[shown.platform].in_words(reply)}"), (ways,))
    buttons = tuple(tuple(_as_it_looks(part) for part in row) for row in reply.rows)
    return Ask(label, (*buttons, ways), card=reply.card, media=reply.media)


def _as_it_looks(part: Button | Link) -> Option:
    return Option(Said(part.label), LOOK, part.tone if isinstance(part, Button) else Tone.PLAIN)
