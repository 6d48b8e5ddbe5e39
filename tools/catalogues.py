"""The catalogues of words: `make words` brings them up to the code, `make check` finds what is not finished or not right."""

import gettext
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.pofile import read_po, write_po

from handlers.words import LANGUAGES, LOCALE_FOLDER
from tools.docs import ROOT
from tools.sentences import Sentence, find_sentences, gaps

SOURCE_LANGUAGE = "en"
PLURALS = {
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
}
"""The header that translators' tools know: zero, one, two, few, many, other."""


def check(root: Path, language: str, path: Path) -> list[str]:
    """Everything that keeps the catalogue at `path` from saying all that the code under `root` says."""
    sentences, faults = find_sentences(root)
    name = path.relative_to(root).as_posix()
    if not path.exists():
        return [*faults, f"{name}: there is no such catalogue; `make words` begins one"]
    catalogue = _read(language, path)
    if catalogue.plural_forms.rstrip(";") != PLURALS[language].rstrip(";"):
        faults.append(f"{name}: the header should be Plural-Forms: {PLURALS[language]}")
    for id_, sentence in sentences.items():
        message = catalogue.get(id_)
        problems = _problems_of(message, sentence, language) if message else ["is missing; `make words` adds it"]
        faults += [f"{name}: {id_!r} {problem}" for problem in problems]
    unsaid = {*_ids(catalogue), *_ids(catalogue.obsolete.values())} - sentences.keys()
    faults += [f"{name}: {id_!r} is said nowhere in the code; `make words` takes it out" for id_ in sorted(unsaid)]
    return faults + [f"{name}: msgfmt: {line}" for line in _msgfmt(path)]


def _problems_of(message: Message, sentence: Sentence, language: str) -> Iterator[str]:
    if message.fuzzy:
        yield "is marked fuzzy; read it, mend it, and take the mark away"
    if isinstance(message.id, str) != (sentence.plural == ""):
        yield "is a plural in one place and none in the other; `make words` mends it"
        return
    forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
    if not any(forms):
        yield f"is not translated; write its msgstr ({language})"
        return
    lone = _lone_forms(language) if sentence.plural else {0: False}
    for number, may_leave_out_n in lone.items():
        form = forms[number] if number < len(forms) else ""
        place = f"msgstr[{number}]" if sentence.plural else "msgstr"
        if not form:
            yield f"is not translated in every plural form; write {place}"
            continue
        for gap in sorted(gaps(form) - sentence.gaps):
            yield f"has a gap {{{gap}}} that the code does not fill in {place}; it fills {sorted(sentence.gaps)}"
        for gap in sorted(sentence.gaps - gaps(form) - ({"n"} if may_leave_out_n else set())):
            yield f"leaves out {{{gap}}} in {place}; put it in"


def _lone_forms(language: str) -> dict[int, bool]:
    """The plural forms, and whether each stands for one number alone ("one seat", "two seats"): it may do without its gap."""
    form_of = gettext.c2py(PLURALS[language].partition("plural=")[2].rstrip(";"))
    forms = [form_of(n) for n in range(1000)]
    return {form: forms.count(form) == 1 for form in sorted(set(forms))}


def _read(language: str, path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _ids(messages: Iterable[Message]) -> list[str]:
    return [message.id if isinstance(message.id, str) else message.id[0] for message in messages if message.id]


def _msgfmt(path: Path) -> list[str]:
    """What gettext's own tool finds, where it is installed."""
    program = shutil.which("msgfmt")
    if not program:
        return []
    command = [program, "--check", "-o", "/dev/null", path.name]
    told = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False)  # noqa: S603
    return told.stderr.splitlines() if told.returncode else []


def update(root: Path, language: str, path: Path) -> None:
    """Bring a catalogue up to the code: new sentences untranslated, those that are said no more gone, the others kept.

    They stand as they stand in the code, file by file, so that a translator reads a question beside its answers.
    """
    known = _read(language, path) if path.exists() else Catalog(locale=language)
    catalogue = Catalog(locale=language)
    for id_, sentence in find_sentences(root)[0].items():
        old = known.get(id_)
        flags = {"python-brace-format": bool(sentence.gaps), "fuzzy": bool(old and old.fuzzy)}
        catalogue.add(
            (id_, sentence.plural) if sentence.plural else id_,
            string=old.string if old and isinstance(old.id, str) == (not sentence.plural) else None,
            locations=[(name, None) for name in sorted(sentence.files)],  # type: ignore[misc]  # a place may lack its line
            flags=[flag for flag, is_set in flags.items() if is_set],
            auto_comments=list(old.auto_comments) if old else [],
            user_comments=list(old.user_comments) if old else [],
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(_header(language).encode())
        write_po(file, catalogue, width=120, omit_header=True, include_lineno=False)


def _header(language: str) -> str:
    """By hand: Babel's own has dates, and swaps two of the Arabic plural forms."""
    header = {
        "Project-Id-Version": "Himma",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": PLURALS[language],
    }
    lines = "".join(f'"{name}: {value}\\n"\n' for name, value in header.items())
    about = "# How to translate: docs/contributing.md. `make words` keeps this file up to the code."
    return f'{about}\nmsgid ""\nmsgstr ""\n{lines}\n'


def main() -> None:
    if sys.argv[1:] not in ([], ["check"], ["update"]):
        sys.exit("usage: python -m tools.catalogues [check | update]")
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
