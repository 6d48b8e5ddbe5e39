"""Buttons, selects and modals as Discord takes them: pure functions over its JSON.

https://discord.com/developers/docs/components/reference: five rows of five buttons, a select fills a row with up to 25
options; ids of up to 100 characters, each only once in a message. Every id says all that a press means, so a restart is
invisible.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from bot.discord.markdown import defuse, unescape
from bot.fitting import cut, is_visible
from handlers.types import Button, CannotRender, Form, Link, Question, Reply, RolePicker, Tone

Json = dict[str, Any]

ACTION_ROW, BUTTON, STRING_SELECT, TEXT_INPUT, ROLE_SELECT, LABEL, FILE_UPLOAD = 1, 2, 3, 4, 6, 18, 19
ROWS: Final = 5
ROW_BUTTONS: Final = 5
SELECT_OPTIONS: Final = 25
ID_LIMIT: Final = 100
_LABEL_LIMIT: Final = 80
_OPTION_LIMIT: Final = 100
_TITLE_LIMIT: Final = 45
_DESCRIPTION_LIMIT: Final = 100
_MODAL_PARTS: Final = 5
_VALUE_LIMIT: Final = 4000
_STYLES: Final = {Tone.PRIMARY: 1, Tone.PLAIN: 2, Tone.DANGER: 4}
_PARAGRAPH: Final = 2

ASKING: Final = "?"
"""Begins the id of a button that opens a modal: `?<fields>:<placeholder>`. No command begins so."""
ANSWER: Final = "!answer"
"""The id of a modal that answers a question."""
FORM: Final = "!form:"
"""Begins the id of a modal that answers several: `!form:<key>`."""
TEXT_FIELD, FILE_FIELD = "text", "file"


def rows_of(reply: Reply, *, with_modal: bool) -> list[Json]:
    """A reply's buttons. `with_modal` adds the one that opens the field for an answer, where one is asked for; where several
    are, and their form was not just asked for in vain, the one that opens it.

    What does not stand in five rows of five stands closer together, or in selects. Raises CannotRender beyond those, and for
    buttons without a label.
    """
    lines = [[_button(part) for part in row] for row in reply.rows]
    if reply.form_button is not None and reply.form is None:
        lines.insert(0 if with_modal else len(lines), [_button(reply.form_button)])
    elif with_modal and (reply.asks_text or reply.asks_photo):
        lines.insert(0, [_asking_button(reply)])
    lines = [line[start : start + ROW_BUTTONS] for line in lines for start in range(0, len(line), ROW_BUTTONS)]
    picker = [_row([_role_select(reply.role_picker)])] if reply.role_picker else []
    most = ROWS - len(picker)
    if len(lines) > most:
        lines = _closer(lines, most)
    rows = picker + ([_row(line) for line in lines] if len(lines) <= most else _with_selects(lines, most))
    _make_ids_unique(rows)
    return rows


def _button(part: Button | Link) -> Json:
    if isinstance(part, Link):  # an answer in place, for there is no link that opens a private chat
        data, tone = f"start:{part.payload}:0", Tone.PLAIN
    else:
        data, tone = part.data(), part.tone
    return {"type": BUTTON, "style": _STYLES[tone], "label": _label(part.label), "custom_id": data}


def _label(label: str) -> str:
    if not is_visible(label):
        raise CannotRender("a button without a label")
    return cut(defuse(label), _LABEL_LIMIT)


def _asking_button(reply: Reply) -> Json:
    fields = ("t" if reply.asks_text else "") + ("p" if reply.asks_photo else "")
    data = cut(f"{ASKING}{fields}:{defuse(reply.placeholder)}", ID_LIMIT)
    style = _STYLES[Tone.PLAIN if reply.rows else Tone.PRIMARY]
    return {"type": BUTTON, "style": style, "label": _label(reply.input_label or "✎"), "custom_id": data}


def _role_select(picker: RolePicker) -> Json:
    placeholder = cut(defuse(picker.label), _OPTION_LIMIT)
    return {"type": ROLE_SELECT, "custom_id": picker.data(), "placeholder": placeholder}


def _row(parts: Sequence[Json]) -> Json:
    return {"type": ACTION_ROW, "components": list(parts)}


def _closer(lines: list[list[Json]], most: int) -> list[list[Json]]:
    """The same buttons in fewer rows, at best in `most`, those of one row side by side as long as that is possible."""
    closer: list[list[Json]] = [[]]
    for line in lines:
        if len(closer[-1]) + len(line) <= ROW_BUTTONS:
            closer[-1] = closer[-1] + line
        else:
            closer.append(line)
    if len(closer) <= most:
        return closer
    parts = [part for line in lines for part in line]
    if len(parts) > most * ROW_BUTTONS:
        return lines
    return [parts[start : start + ROW_BUTTONS] for start in range(0, len(parts), ROW_BUTTONS)]


def _with_selects(lines: list[list[Json]], most: int) -> list[Json]:
    """Many choices as selects, the last row (where one goes back, or turns the page) as buttons."""
    *choices, last = lines
    options = [{"label": part["label"], "value": part["custom_id"]} for line in choices for part in line]
    selects = [options[start : start + SELECT_OPTIONS] for start in range(0, len(options), SELECT_OPTIONS)]
    if len(selects) >= most:
        raise CannotRender(f"{len(options)} buttons: more than Discord has room for")
    return [
        *(_row([{"type": STRING_SELECT, "custom_id": f"select{n}", "options": some}]) for n, some in enumerate(selects)),
        _row(last),
    ]


def _make_ids_unique(rows: list[Json]) -> None:
    """The same press twice in one message: a nought before its version changes the id and not what it means."""
    seen: set[str] = set()
    for row in rows:
        for part in row["components"]:
            part["custom_id"] = _unlike(part["custom_id"], seen)
            chosen: set[str] = set()
            for option in part.get("options", ()):
                option["value"] = _unlike(option["value"], chosen)


def _unlike(data: str, seen: set[str]) -> str:
    while data in seen:
        start, colon, version = data.rpartition(":")
        data = f"{start}{colon}0{version}"
    seen.add(data)
    return data


# Modals


def modal_for(pressed: Json, custom_id: str) -> Json:
    """The modal that a pressed button opens; the message it stands on holds the question."""
    fields, _, placeholder = custom_id.removeprefix(ASKING).partition(":")
    label = next((part["label"] for part in walk(pressed.get("components", ())) if part.get("custom_id") == custom_id), "")
    question = " ".join(unescape(pressed.get("content") or "").rpartition("\n\n")[2].split())
    inputs = [_text_field(placeholder, required=fields == "t")] if "t" in fields else []
    if "p" in fields:
        inputs.append({"type": FILE_UPLOAD, "custom_id": FILE_FIELD, "required": fields == "p"})
    named = {"type": LABEL, "label": cut(question or label or "…", _TITLE_LIMIT)}
    if len(question) > _TITLE_LIMIT:
        named["description"] = cut(question, _DESCRIPTION_LIMIT)
    return {
        "custom_id": ANSWER,
        "title": cut(label or "…", _TITLE_LIMIT),
        "components": [{**named, "component": one} for one in inputs],
    }


def _text_field(placeholder: str, *, required: bool) -> Json:
    field = {"type": TEXT_INPUT, "custom_id": TEXT_FIELD, "style": _PARAGRAPH, "required": required}
    return field | ({"placeholder": placeholder} if placeholder else {})


def form_of(form: Form) -> Json:
    """A form as a modal; as many of its questions as there is room for."""
    parts = [_form_part(question) for question in form.questions[:_MODAL_PARTS]]
    title = cut(defuse(form.title), _TITLE_LIMIT)
    return {"custom_id": f"{FORM}{form.key}", "title": title, "components": parts}


def _form_part(question: Question) -> Json:
    label: Json = {"type": LABEL, "label": cut(defuse(question.label), _TITLE_LIMIT)}
    hint = " ".join(defuse(question.hint).split())
    if is_visible(hint):
        label["description"] = cut(hint, _DESCRIPTION_LIMIT)
    return label | {"component": _form_field(question)}


def _form_field(question: Question) -> Json:
    common: Json = {"custom_id": question.name, "required": question.is_needed}
    if question.takes_photo:
        return common | {"type": FILE_UPLOAD}
    if question.options:
        options = [
            {"label": cut(defuse(label), _OPTION_LIMIT), "value": value} for value, label in question.options[:SELECT_OPTIONS]
        ]
        return common | {"type": STRING_SELECT, "options": options}
    field = common | {"type": TEXT_INPUT, "style": _PARAGRAPH}
    if question.placeholder:
        field["placeholder"] = cut(defuse(question.placeholder), _OPTION_LIMIT)
    return field | ({"value": cut(question.value, _VALUE_LIMIT)} if question.value else {})


def walk(components: Iterable[Json]) -> Iterator[Json]:
    """Every component, outer before inner."""
    for part in components:
        yield part
        yield from walk(part.get("components", ()))
        if "component" in part:
            yield from walk((part["component"],))
