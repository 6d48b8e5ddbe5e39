"""What `make check` says of catalogues: everything that a reader would stumble over."""

from pathlib import Path

import pytest

from tools.catalogues import PLURALS, check, update

CODE = """
words.say("Yours until {moment}.", moment=moment)
words.count("{n} seat of {title}", "{n} seats of {title}", n, title=title)
N_("Give back")
words.say(N_("Give back") if is_held else other)
words.say("Later: {what}", **values)
Button(words.say("Give back"), "release")
Ask(words.say("Give back"), placeholder="https://…")
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
            'msgid "Later: {what}"\nmsgstr ""': 'msgid "Later: {what}"\nmsgstr "لاحقًا: {what}"',
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
    translate(root, {'msgid "Give back"': '# A button.\n#, fuzzy\nmsgid "Give back"'})
    update(root, "ar", root / "ar.po")
    before = (root / "ar.po").read_text(encoding="utf-8")
    assert "# A button.\n#: handlers/some.py\n#, fuzzy\n" in before
    update(root, "ar", root / "ar.po")
    assert (root / "ar.po").read_text(encoding="utf-8") == before


def test_updating_brings_what_is_new_and_takes_what_is_said_no_more(root: Path) -> None:
    (root / "handlers" / "some.py").write_text(CODE.replace("Later:", "Soon:"))
    update(root, "ar", root / "ar.po")
    assert check(root, "ar", root / "ar.po") == ["ar.po: 'Soon: {what}' is not translated; write its msgstr (ar)"]
    assert "Later" not in (root / "ar.po").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('msgstr "اعتذار"', 'msgstr ""', "ar.po: 'Give back' is not translated"),
        ('msgstr[5] "{n} مقعد في {title}"', 'msgstr[5] ""', "is not translated in every plural form"),
        ('msgid "Give back"', '#, fuzzy\nmsgid "Give back"', "ar.po: 'Give back' is marked fuzzy"),
        ("حتى {moment}.", "حتى {moemnt}.", "has a gap {moemnt} that the code does not fill"),
        ("حتى {moment}.", "حتى الغد.", "leaves out {moment}"),
        ('msgstr[0] "{n} مقعد في {title}"', 'msgstr[0] "لا مقاعد"', "leaves out {title} in msgstr[0]"),
        ('msgstr[3] "{n} مقعد في {title}"', 'msgstr[3] "مقاعد في {title}"', "leaves out {n} in msgstr[3]"),
        ('msgid "Give back"', 'msgid "Give it back"', "ar.po: 'Give back' is missing"),
        ('msgid "Give back"', 'msgid "Give it back"', "ar.po: 'Give it back' is said nowhere in the code"),
        ('msgstr "اعتذار"', 'msgstr "اعتذار"\n\n#~ msgid "Old"\n#~ msgstr "قديم"', "ar.po: 'Old' is said nowhere in the code"),
        (PLURALS["ar"], "nplurals=6; plural=n%6;", "the header should be Plural-Forms: nplurals=6"),
    ],
)
def test_what_is_wrong_with_a_translation_is_found(root: Path, before: str, after: str, fault: str) -> None:
    translate(root, {before: after})
    assert any(fault in told for told in check(root, "ar", root / "ar.po"))


@pytest.mark.parametrize("form", [0, 1, 2])
def test_a_plural_form_for_one_number_may_do_without_it(root: Path, form: int) -> None:
    translate(root, {f'msgstr[{form}] "{{n}} مقعد في {{title}}"': f'msgstr[{form}] "مقاعد في {{title}}"'})
    assert check(root, "ar", root / "ar.po") == []


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ('words.say("All is well")', "ar.po: 'All is well' is missing"),
        ('words.say(f"Hello {name}")', "handlers/more.py:1: f'Hello {name}' is glued together"),
        ('words.say("Hello " + name)', "handlers/more.py:1: 'Hello ' + name is glued together"),
        ('words.say("Yes" if asked else "No")', "handlers/more.py:1: 'Yes' if asked else 'No' is glued together"),
        ('words.say("Hello {name}")', "handlers/more.py:1: nothing fills the gap {name} of 'Hello {name}'"),
        ('say("Hello {name}")', "handlers/more.py:1: nothing fills the gap {name} of 'Hello {name}'"),
        ('Button("Hello", "hello")', "handlers/more.py:1: 'Hello' is shown as it is"),
        ('Reply(toast="Hello")', "handlers/more.py:1: 'Hello' is shown as it is"),
        (
            'words.count("{n} seat of {title}", "{n} places of {title}", n, title=title)',
            "another plural of '{n} seat of {title}' is '{n} places of {title}'",
        ),
    ],
)
def test_what_is_wrong_with_the_code_is_found(root: Path, code: str, fault: str) -> None:
    (root / "handlers" / "more.py").write_text(code)
    assert any(fault in told for told in check(root, "ar", root / "ar.po"))
