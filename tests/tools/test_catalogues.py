"""What `make check` says of catalogues: everything that a reader would stumble over."""

from pathlib import Path

import pytest

from tools.catalogues import PLURALS, check, update

CODE = """
words.say("Yours until {moment}.", moment=moment)
words.count("{n} seat of {title}", "{n} seats of {title}", n, title=title)
N_("Give back")
"x".count("x")
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "handlers").mkdir()
    (tmp_path / "handlers" / "some.py").write_text(CODE)
    update(tmp_path, "ar", tmp_path / "ar.po")
    translate(
        tmp_path,
        {
            'msgid "Yours until {moment}."\nmsgstr ""': 'msgid "Yours until {moment}."\nmsgstr "حتى {moment}."',
            'msgid "Give back"\nmsgstr ""': 'msgid "Give back"\nmsgstr "اعتذار"',
        }
        | {f'msgstr[{n}] ""': f'msgstr[{n}] "{{n}} مقعد في {{title}}"' for n in range(6)},
    )
    return tmp_path


def translate(root: Path, changes: dict[str, str]) -> None:
    path = root / "ar.po"
    text = path.read_text(encoding="utf-8")
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")


def test_a_whole_catalogue_has_no_faults(root: Path) -> None:
    assert check(root, "ar", root / "ar.po") == []


def test_updating_keeps_what_was_translated(root: Path) -> None:
    before = (root / "ar.po").read_text(encoding="utf-8")
    update(root, "ar", root / "ar.po")
    assert (root / "ar.po").read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('msgstr "اعتذار"', 'msgstr ""', "ar.po: 'Give back' is not translated"),
        ('msgstr[5] "{n} مقعد في {title}"', 'msgstr[5] ""', "is not translated in every plural form"),
        ('msgid "Give back"', '#, fuzzy\nmsgid "Give back"', "ar.po: 'Give back' is marked fuzzy"),
        ("حتى {moment}.", "حتى {moemnt}.", "has a gap {moemnt} that the code does not fill"),
        ("حتى {moment}.", "حتى الغد.", "leaves out {moment}"),
        ('msgstr[0] "{n} مقعد في {title}"', 'msgstr[0] "لا مقاعد"', "leaves out {title}"),
        ('msgid "Give back"', 'msgid "Give it back"', "ar.po: 'Give back' is missing"),
        ('msgid "Give back"', 'msgid "Give it back"', "ar.po: 'Give it back' is said nowhere in the code"),
        (PLURALS["ar"], "nplurals=6; plural=n%6;", "the header should be Plural-Forms: nplurals=6"),
    ],
)
def test_what_is_wrong_with_a_translation_is_found(root: Path, before: str, after: str, fault: str) -> None:
    translate(root, {before: after})
    assert any(fault in told for told in check(root, "ar", root / "ar.po"))


def test_a_plural_form_may_do_without_its_number(root: Path) -> None:
    translate(root, {'msgstr[2] "{n} مقعد في {title}"': 'msgstr[2] "مقعدان في {title}"'})
    assert check(root, "ar", root / "ar.po") == []


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ('words.say("All is well")', "ar.po: 'All is well' is missing"),
        ('words.say(f"Hello {name}")', "handlers/more.py:1: f'Hello {name}' is glued together"),
        ('words.say("Hello " + name)', "handlers/more.py:1: 'Hello ' + name is glued together"),
        ('words.say("Hello {name}")', "handlers/more.py:1: nothing fills the gap {name} of 'Hello {name}'"),
        (
            'words.count("{n} seat of {title}", "{n} places of {title}", n, title=title)',
            "another plural of '{n} seat of {title}' is '{n} places of {title}'",
        ),
    ],
)
def test_what_is_wrong_with_the_code_is_found(root: Path, code: str, fault: str) -> None:
    (root / "handlers" / "more.py").write_text(code)
    assert any(fault in told for told in check(root, "ar", root / "ar.po"))
