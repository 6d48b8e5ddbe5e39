"""The catalogues of words: `make words` brings them up to the code, `make check` finds what is not finished or not right.

Sentences are found where the code says them: `words.say("…", gap=…)`, `words.count("…", "…", n, gap=…)` and `N_("…")`.
"""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.pofile import read_po, write_po

from handlers.words import LANGUAGES, LOCALE_FOLDER
from tools.docs import ROOT

SOURCES = ("bot", "handlers")
SOURCE_LANGUAGE = "en"
PLURALS = {
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
}
"""The header that translators' tools know: zero, one, two, few, many, other."""
_GAP = re.compile(r"\{([^{}]*)\}")


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
    return set(_GAP.findall(text))


def find_sentences(root: Path) -> tuple[dict[str, Sentence], list[str]]:
    """What the code under `root` says, and what is wrong with how it does."""
    found: dict[str, Sentence] = {}
    faults: list[str] = []
    for path in sorted(path for folder in SOURCES for path in (root / folder).rglob("*.py")):
        name = path.relative_to(root).as_posix()
        for call in _calls(path):
            if texts := _texts_of(call):
                faults += [f"{name}:{call.lineno}: {fault}" for fault in _faults_of(call, texts)]
                singular, plural = texts[0], "".join(texts[1:])
                known = found.setdefault(singular, Sentence(singular))
                known.files.add(name)
                if plural and known.plural not in {"", plural}:
                    faults.append(f"{name}:{call.lineno}: another plural of {singular!r} is {known.plural!r}")
                known.plural = known.plural or plural
    return found, faults


def _calls(path: Path) -> list[ast.Call]:
    """Every call in a file, from its top to its end."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return sorted(calls, key=lambda call: (call.lineno, call.col_offset))


def _texts_of(call: ast.Call) -> list[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""
    wanted = {"say": 1, "N_": 1, "count": 2}.get(name, 0)
    texts = [arg.value for arg in call.args[:wanted] if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    if name in {"say", "N_"} and call.args and isinstance(call.args[0], ast.JoinedStr | ast.BinOp):
        return [ast.unparse(call.args[0])]
    return texts if len(texts) == wanted else []


def _faults_of(call: ast.Call, texts: list[str]) -> Iterator[str]:
    if not isinstance(call.args[0], ast.Constant):
        yield f"{texts[0]} is glued together; a catalogue needs the whole sentence with named gaps"
        return
    is_marker = isinstance(call.func, ast.Name)
    if is_marker or any(keyword.arg is None for keyword in call.keywords):
        return
    given = {keyword.arg for keyword in call.keywords if keyword.arg} | ({"n"} if len(texts) == 2 else set())
    for text in texts:
        for gap in sorted(gaps(text) - given):
            yield f"nothing fills the gap {{{gap}}} of {text!r}"


def check(root: Path, language: str, path: Path) -> list[str]:
    """Everything that keeps the catalogue at `path` from saying all that the code under `root` says."""
    sentences, faults = find_sentences(root)
    if not path.exists():
        return [*faults, f"{path.name}: there is no such catalogue; `make words` begins one"]
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    if catalogue.plural_forms.rstrip(";") != PLURALS[language].rstrip(";"):
        faults.append(f"{path.name}: the header should be Plural-Forms: {PLURALS[language]}")
    for id_, sentence in sentences.items():
        message = catalogue.get(id_)
        problems = _problems_of(message, sentence, catalogue.num_plurals) if message else ["is missing"]
        faults += [f"{path.name}: {id_!r} {problem}" for problem in problems]
    faults += [f"{path.name}: {id_!r} is said nowhere in the code" for id_ in _ids(catalogue) if id_ not in sentences]
    return faults + _msgfmt(path)


def _problems_of(message: Message, sentence: Sentence, plurals: int) -> Iterator[str]:
    if message.fuzzy:
        yield "is marked fuzzy"
    if isinstance(message.id, str) != (sentence.plural == ""):
        yield "is a plural in one place and none in the other"
        return
    forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
    if not all(forms) or len(forms) != (plurals if sentence.plural else 1):
        yield "is not translated" if not any(forms) else "is not translated in every plural form"
        return
    for form in forms:
        for gap in sorted(gaps(form) - sentence.gaps):
            yield f"has a gap {{{gap}}} that the code does not fill: {form!r}"
        # "One seat" and "two seats" may do without their number.
        for gap in sorted(sentence.gaps - gaps(form) - ({"n"} if sentence.plural else set())):
            yield f"leaves out {{{gap}}}: {form!r}"


def _ids(catalogue: Catalog) -> list[str]:
    return [message.id if isinstance(message.id, str) else message.id[0] for message in catalogue if message.id]


def _msgfmt(path: Path) -> list[str]:
    """What gettext's own tool finds, where it is installed."""
    program = shutil.which("msgfmt")
    if not program:
        return []
    told = subprocess.run([program, "--check", "-o", "/dev/null", path], capture_output=True, text=True, check=False)  # noqa: S603
    return [line.replace(f"{path.parent}/", "") for line in told.stderr.splitlines()] if told.returncode else []


def update(root: Path, language: str, path: Path) -> None:
    """Bring a catalogue up to the code: new sentences untranslated, those that are said no more gone, the others kept."""
    known = Catalog(locale=language)
    if path.exists():
        with path.open("rb") as file:
            known = read_po(file, locale=language)
    catalogue = Catalog(locale=language)
    for id_, sentence in find_sentences(root)[0].items():
        old = known.get(id_)
        catalogue.add(
            (id_, sentence.plural) if sentence.plural else id_,
            string=old.string if old and isinstance(old.id, str) == (not sentence.plural) else None,
            locations=[(name, None) for name in sorted(sentence.files)],  # type: ignore[misc]  # a place may lack its line
            flags=["python-brace-format"] if sentence.gaps else [],
            auto_comments=list(old.auto_comments) if old else [],
            user_comments=list(old.user_comments) if old else [],
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=120, omit_header=True, include_lineno=False)
    header = {
        "Project-Id-Version": "Himma",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": PLURALS[language],
    }
    lines = "".join(f'"{name}: {value}\\n"\n' for name, value in header.items())
    path.write_text(f'msgid ""\nmsgstr ""\n{lines}\n' + path.read_text(encoding="utf-8"), encoding="utf-8")


def main() -> None:
    faults: list[str] = []
    for language in LANGUAGES:
        path = LOCALE_FOLDER / f"{language}.po"
        if language == SOURCE_LANGUAGE:
            continue
        if sys.argv[1:] == ["update"]:
            update(ROOT, language, path)
        faults += check(ROOT, language, path)
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"Catalogues: {len(faults)} to mend" if faults else "Catalogues: every sentence is there, whole")
    sys.exit(1 if faults and sys.argv[1:] != ["update"] else 0)


if __name__ == "__main__":
    main()
