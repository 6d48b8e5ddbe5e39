"""Finds the sentences that the code says, for the catalogues, and what is wrong with how it says them.

Sentences are found where they are said: `words.say("…", gap=…)`, `words.count("…", "…", n, gap=…)` and `N_("…")`.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SOURCES = ("bot", "handlers")
_SAYING = {"say": 1, "N_": 1, "count": 2}
"""How many sentences each of these takes, before all other arguments."""
_SHOWING = {
    "Ask": ("text", "placeholder"),
    "Button": ("label",),
    "Card": ("title", "lines", "footer"),
    "Invalid": ("sentence",),
    "Link": ("label",),
    "Option": ("label",),
    "Reply": ("text", "toast", "placeholder"),
}
"""What people see, and which of its parts are words; the first one comes by position, too."""
_GAP = re.compile(r"\{([^{}]*)\}")
_WORDS = re.compile(r"[^\W\d_]{2}")


@dataclass
class Sentence:
    """A sentence that the code says."""

    singular: str
    plural: str = ""
    files: set[str] = field(default_factory=set)

    @property
    def gaps(self) -> set[str]:
        return gaps(self.singular) | gaps(self.plural)


def gaps(text: str) -> set[str]:
    """The names between braces."""
    return set(_GAP.findall(text))


def find_sentences(root: Path) -> tuple[dict[str, Sentence], list[str]]:
    """What the code under `root` says, and what is wrong with how it does."""
    found: dict[str, Sentence] = {}
    faults: list[str] = []
    for path in sorted(path for folder in SOURCES for path in (root / folder).rglob("*.py")):
        name = path.relative_to(root).as_posix()
        for call in _calls(path):
            faults += [f"{name}:{call.lineno}: {fault}" for fault in _faults_of(call)]
            if texts := _texts_of(call):
                singular, plural = texts[0], "".join(texts[1:])
                known = found.setdefault(singular, Sentence(singular))
                known.files.add(name)
                if plural and known.plural not in {"", plural}:
                    faults.append(f"{name}:{call.lineno}: another plural of {singular!r} is {known.plural!r}; use that one")
                known.plural = known.plural or plural
    return found, faults


def _calls(path: Path) -> list[ast.Call]:
    """Every call in a file, from its top to its end."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return sorted(calls, key=lambda call: (call.lineno, call.col_offset))


def _name_of(call: ast.Call) -> str:
    match call.func:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name
    return ""


def _texts_of(call: ast.Call) -> list[str]:
    wanted = _SAYING.get(_name_of(call), 0)
    texts = [text for arg in call.args[:wanted] if (text := _text(arg))]
    return texts if len(texts) == wanted else []


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _faults_of(call: ast.Call) -> Iterator[str]:
    name = _name_of(call)
    if name in _SHOWING:
        yield from _unsaid(call, _SHOWING[name])
    elif name in {"say", "N_"} and call.args and isinstance(call.args[0], ast.JoinedStr | ast.BinOp | ast.IfExp):
        if isinstance(call.args[0], ast.IfExp) and not (_text(call.args[0].body) or _text(call.args[0].orelse)):
            return
        shown = ast.unparse(call.args[0])
        yield f"{shown} is glued together; a catalogue needs whole sentences with named gaps, each in a call of its own"
    elif texts := _texts_of(call):
        yield from _unfilled(call, texts)


def _unsaid(call: ast.Call, parts: tuple[str, ...]) -> Iterator[str]:
    """Words that are shown without having gone through a catalogue."""
    given = [keyword.value for keyword in call.keywords if keyword.arg in parts] + call.args[:1]
    for text in filter(None, map(_text, given)):
        if _WORDS.search(text) and "://" not in text:
            yield f'{text!r} is shown as it is; it should go through the catalogues: words.say("…")'


def _unfilled(call: ast.Call, texts: list[str]) -> Iterator[str]:
    """Gaps for which no value is given; where values come as a mapping, or later, that cannot be seen here."""
    if _name_of(call) == "N_" or any(keyword.arg is None for keyword in call.keywords):
        return
    given = {keyword.arg for keyword in call.keywords if keyword.arg} | ({"n"} if len(texts) == 2 else set())
    for text in texts:
        for gap in sorted(gaps(text) - given):
            yield f"nothing fills the gap {{{gap}}} of {text!r}; pass {gap}=…"
