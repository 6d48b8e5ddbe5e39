"""Buttons, selects, layouts and modals: which of them Discord takes.

https://discord.com/developers/docs/components/reference
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from tests.wire.discord.messages import walk
from tests.wire.discord.refusal import Flaw, too_long, too_many

ROWS: Final = 5
BUTTONS_IN_ROW: Final = 5
OPTIONS: Final = 25
MODAL_PARTS: Final = 5
PARTS_V2: Final = 40
TEXT_V2: Final = 4000
CUSTOM_ID: Final = 100
LABEL: Final = 80
_SELECTS: Final = frozenset({3, 5, 6, 7, 8})
_LAYOUT: Final = frozenset({1, 9, 10, 12, 13, 14, 17})
_IN_MODAL: Final = frozenset({1, 10, 18})
_IN_LABEL: Final = frozenset({3, 4, 5, 6, 7, 8, 19, 21, 22, 23})
_LINK: Final = 5

Part = dict[str, Any]


def number(components: list[Part]) -> list[Part]:
    """The components with the ids that Discord gives to those that have none."""
    taken = {part["id"] for part in walk(components) if part.get("id")}
    free = (candidate for candidate in range(1, 1000) if candidate not in taken)
    for part in walk(components):
        if not part.get("id"):
            part["id"] = next(free)
    return components


def message_flaws(components: list[Part], *, v2: bool) -> Iterator[Flaw]:
    """What is wrong with a message's components."""
    if v2:
        if sum(1 for _ in walk(components)) > PARTS_V2:
            yield Flaw(("components",), "BASE_TYPE_BAD_LENGTH", f"Must have at most {PARTS_V2} components in total.")
        if sum(len(part.get("content", "")) for part in walk(components) if part["type"] == 10) > TEXT_V2:
            yield Flaw(("components",), "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", f"Must hold at most {TEXT_V2} characters.")
    else:
        yield from too_many(("components",), components, ROWS)
    for index, part in enumerate(components):
        if part["type"] not in (_LAYOUT if v2 else {1}):
            yield _not_here(part).under("components", index)
        yield from (flaw.under("components", index) for flaw in _part_flaws(part))
    yield from _repeated_ids(components)


def modal_flaws(data: Part) -> Iterator[Flaw]:
    """What is wrong with a modal."""
    yield from too_long(("title",), data.get("title", ""), 45, 1)
    yield from too_long(("custom_id",), data.get("custom_id", ""), CUSTOM_ID, 1)
    components = data.get("components") or []
    yield from too_many(("components",), components, MODAL_PARTS, 1)
    for index, part in enumerate(components):
        if part["type"] not in _IN_MODAL:
            yield _not_here(part).under("components", index)
        yield from (flaw.under("components", index) for flaw in _modal_part_flaws(part))
    yield from _repeated_ids(components)


def _modal_part_flaws(part: Part) -> Iterator[Flaw]:
    if part["type"] == 1:
        inner = part.get("components", [])
        yield from too_many(("components",), inner, 1, 1)
        for index, child in enumerate(inner):
            found = _input_flaws(child) if child["type"] == 4 else iter([_not_here(child)])
            yield from (flaw.under("components", index) for flaw in found)
            yield from too_long(("components", index, "label"), child.get("label") or "", 45, 1)
    elif part["type"] == 18:
        yield from too_long(("label",), part.get("label", ""), 45, 1)
        yield from too_long(("description",), part.get("description"), 100, 1)
        inner = part["component"]
        if inner["type"] not in _IN_LABEL:
            yield _not_here(inner).under("component")
        yield from (flaw.under("component") for flaw in _part_flaws(inner))
        if inner["type"] == 4 and inner.get("label"):
            yield Flaw(("component", "label"), "BASE_TYPE_BAD_TYPE", "An input under a label has no label of its own.")


def _part_flaws(part: Part) -> Iterator[Flaw]:
    kind = part["type"]
    if kind == 1:
        yield from _row_flaws(part)
    elif kind == 2:
        yield from _button_flaws(part)
    elif kind in _SELECTS:
        yield from _select_flaws(part)
    elif kind == 4:
        yield from _input_flaws(part)
    elif kind in {9, 17}:
        for index, child in enumerate(part.get("components", [])):
            yield from (flaw.under("components", index) for flaw in _part_flaws(child))
        if kind == 9:
            yield from (flaw.under("accessory") for flaw in _part_flaws(part["accessory"]))
    elif kind == 10:
        yield from too_long(("content",), part.get("content", ""), TEXT_V2, 1)
    elif kind in {19, 21, 22, 23}:
        yield from too_long(("custom_id",), part.get("custom_id", ""), CUSTOM_ID, 1)


def _row_flaws(row: Part) -> Iterator[Flaw]:
    inner = row.get("components", [])
    yield from too_many(("components",), inner, BUTTONS_IN_ROW, 1)
    kinds = {child["type"] for child in inner}
    if kinds & _SELECTS and len(inner) > 1:
        yield Flaw(("components",), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A select fills its row alone.")
    for index, child in enumerate(inner):
        if child["type"] != 2 and child["type"] not in _SELECTS:
            yield _not_here(child).under("components", index)
        yield from (flaw.under("components", index) for flaw in _part_flaws(child))


def _button_flaws(button: Part) -> Iterator[Flaw]:
    yield from too_long(("label",), button.get("label"), LABEL)
    if not button.get("label") and not button.get("emoji"):
        yield Flaw(("label",), "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "A button needs a label or an emoji.")
    if button.get("style") == _LINK:
        if not button.get("url") or button.get("custom_id"):
            yield Flaw(("url",), "BASE_TYPE_REQUIRED", "A link button needs a url and takes no custom_id.")
        elif not str(button["url"]).startswith(("http://", "https://", "discord://")):
            yield Flaw(("url",), "URL_TYPE_INVALID_SCHEME", "Scheme must be one of ('discord', 'http', 'https').")
    else:
        yield from too_long(("custom_id",), button.get("custom_id") or "", CUSTOM_ID, 1)
        if button.get("url"):
            yield Flaw(("url",), "COMPONENT_INVALID", "Only a link button takes a url.")


def _select_flaws(select: Part) -> Iterator[Flaw]:
    yield from too_long(("custom_id",), select.get("custom_id") or "", CUSTOM_ID, 1)
    yield from too_long(("placeholder",), select.get("placeholder"), 150)
    options = select.get("options")
    if select["type"] == 3:
        yield from too_many(("options",), options or [], OPTIONS, 1)
        most = _bound(select, "max_values")
        if most > len(options or []):
            yield Flaw(("max_values",), "BASE_TYPE_BAD_LENGTH", "There are fewer options than may be chosen.")
        if len({option["value"] for option in options or []}) < len(options or []):
            yield Flaw(("options",), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is already used")
    if _bound(select, "min_values") > _bound(select, "max_values"):
        yield Flaw(("min_values",), "BASE_TYPE_BAD_LENGTH", "More must be chosen than may.")
    for index, option in enumerate(options or []):
        for name, least in (("label", 1), ("value", 1), ("description", 0)):
            yield from (flaw.under("options", index) for flaw in too_long((name,), option.get(name), 100, least))


def _bound(select: Part, name: str) -> int:
    return 1 if select.get(name) is None else int(select[name])


def _input_flaws(part: Part) -> Iterator[Flaw]:
    yield from too_long(("custom_id",), part.get("custom_id") or "", CUSTOM_ID, 1)
    yield from too_long(("placeholder",), part.get("placeholder"), 100)
    yield from too_long(("value",), part.get("value"), part.get("max_length") or 4000)
    if (part.get("min_length") or 0) > (part.get("max_length") or 4000):
        yield Flaw(("min_length",), "BASE_TYPE_BAD_LENGTH", "Must not be more than max_length.")


def _repeated_ids(components: list[Part]) -> Iterable[Flaw]:
    seen: set[str] = set()
    for part in walk(components):
        if (custom := part.get("custom_id")) is not None:
            if custom in seen:
                message = f"Component custom id cannot be duplicated: {custom}"
                yield Flaw(("components",), "COMPONENT_CUSTOM_ID_DUPLICATED", message)
            seen.add(custom)


def _not_here(part: Part) -> Flaw:
    return Flaw(("type",), "UNION_TYPE_CHOICES", f"A component of type {part['type']} cannot stand here.")
