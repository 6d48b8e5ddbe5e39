"""Settings come from a file and the environment; what is wrong with them is told at once, and never shows what was given."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sections import parse_shards
from bot.settings import FIELDS, Settings, SettingsError, load
from tools import docs

TOKEN = "123456789:AAbbCCddEEff_gg-hh"


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(path: Path | None, environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(path, environ)
    return [str(fault) for fault in caught.value.faults]


def test_nothing_given_means_a_playground_on_sqlite() -> None:
    settings = load(None, {})
    assert settings.serves_playground
    assert (settings.playground.host, settings.playground.port) == ("127.0.0.1", 8765)
    assert str(settings.database.url) == "sqlite+aiosqlite:///data/himma.db"
    assert settings.telegram.api_url == "https://api.telegram.org"


def test_a_token_means_no_playground_unless_asked_for() -> None:
    assert not load(None, {"HIMMA__TELEGRAM__TOKEN": TOKEN}).serves_playground
    assert load(None, {"HIMMA__TELEGRAM__TOKEN": TOKEN, "HIMMA__PLAYGROUND__ENABLED": "true"}).serves_playground


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, '[playground]\nport = 1000\nhost = "0.0.0.0"\n[log]\nlevel = "debug"')
    settings = load(path, {"HIMMA__PLAYGROUND__PORT": "2000", "HOME": "/root", "HIMMA_OTHER": "x"})
    assert (settings.playground.host, settings.playground.port) == ("0.0.0.0", 2000)  # noqa: S104
    assert settings.log.level == "debug"


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert load(None, {"HIMMA__TELEGRAM__TOKEN": ""}).telegram.token is None


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("sqlite:///a/b.db", "sqlite+aiosqlite:///a/b.db"),
        ("sqlite+aiosqlite:////srv/b.db", "sqlite+aiosqlite:////srv/b.db"),
        ("postgres://ann:pw@db:5433/himma", "postgresql+asyncpg://ann:***@db:5433/himma"),
        ("postgresql://ann:pw@db/himma?ssl=require", "postgresql+asyncpg://ann:***@db/himma?ssl=require"),
        ("postgresql+asyncpg:///himma?host=/run/postgresql", "postgresql+asyncpg:///himma?host=%2Frun%2Fpostgresql"),
    ],
)
def test_a_database_address_gets_our_driver(given: str, used: str) -> None:
    assert load(None, {"HIMMA__DATABASE__URL": given}).database.url.render_as_string() == used


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("mysql://root@db/himma", "should begin with sqlite:/// or postgresql://"),
        ("himma.db", "is not a database address such as sqlite:///data/himma.db"),
        ("postgresql://db:port/himma", "is not a database address such as sqlite:///data/himma.db"),
        ("sqlite://", "should name a file: a database in memory forgets everything at the end"),
        ("sqlite:///:memory:", "should name a file: a database in memory forgets everything at the end"),
        ("postgresql://db/himma?password=hunter2", "should carry its password before the @, not after the ?"),
    ],
)
def test_other_databases_are_refused(given: str, problem: str) -> None:
    assert faults(None, {"HIMMA__DATABASE__URL": given}) == [f"HIMMA__DATABASE__URL: [database] url: {problem}"]


def test_every_fault_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        toke = "x"
        token = "123:abc"
        discord = "on"
        [telegram]
        tokn = "123:abc"
        mode = "Pulling"
        webhook_port = 70000
        [datbase]
        url = "sqlite:///x.db"
        [nothing_like_it]
        [log]
        level = 3
        """,
    )
    told = faults(
        path, {"HIMMA__DISCORD__SHARDS": "many", "HIMMA__DISCORD__TOKN": "x", "HIMMA__PLAYGROND__PORT": "1", "HIMMA__LOG": "1"}
    )
    assert told == [
        f"{path}: toke: stands outside every section",
        f"{path}: token: stands outside every section; did you mean [telegram] token or [discord] token?",
        f"{path}: discord: is a section: write [discord] on a line of its own",
        f"{path}: [telegram] tokn: no such key; did you mean token?",
        f"{path}: [datbase]: no such section; did you mean [database]?",
        f"{path}: [nothing_like_it]: no such section",
        "HIMMA__DISCORD__TOKN: [discord] tokn: no such key; did you mean token?",
        "HIMMA__LOG: [log]: no such key",
        "HIMMA__PLAYGROND__PORT: [playgrond]: no such section; did you mean [playground]?",
        f'{path}: [telegram] mode: should be "polling" or "webhook"; did you mean polling?',
        f"{path}: [telegram] webhook_port: should be less than or equal to 65535",
        'HIMMA__DISCORD__SHARDS: [discord] shards: should be "auto", a number ("4") or a range of them ("0-3/16")',
        f'{path}: [log] level: should be "debug" or "info" or "warning" or "error"',
    ]


@pytest.mark.parametrize(
    ("text", "count", "here"),
    [("auto", None, []), ("4", 4, []), ("0-3/16", 16, [0, 1, 2, 3]), ("15-15/16", 16, [15])],
)
def test_shards(text: str, count: int | None, here: list[int]) -> None:
    shards, range_ = parse_shards(text)
    assert (shards, list(range_)) == (count, here)


@pytest.mark.parametrize("text", ["0", "", "4-2/8", "0-8/8", "1/2", "-1", "1-2", "99999"])
def test_shards_that_cannot_be(text: str) -> None:
    with pytest.raises(ValueError, match="should"):
        parse_shards(text)


def test_a_webhook_needs_its_address_and_secret(tmp_path: Path) -> None:
    path = write(tmp_path, f'[telegram]\ntoken = "{TOKEN}"\nmode = "webhook"')
    assert faults(path, {}) == [
        f'{path}: [telegram] webhook_url: is needed for mode = "webhook"',
        f'{path}: [telegram] webhook_secret: is needed for mode = "webhook"',
    ]


MAIL = {
    "HIMMA__MAIL__HOST": "smtp.example.org",
    "HIMMA__MAIL__SENDER": "Himma <himma@example.org>",
    "HIMMA__MAIL__PUBLIC_URL": "https://himma.example.org/mail/",
}


def test_mail_needs_its_sender_and_its_public_address(tmp_path: Path) -> None:
    path = write(tmp_path, '[mail]\nhost = "smtp.example.org"')
    assert faults(path, {}) == [
        f"{path}: [mail] sender: is needed where there is a host: whom mail comes from",
        f"{path}: [mail] public_url: is needed where there is a host: nobody is sent mail that they cannot end",
    ]


def test_mail_is_off_where_nothing_is_said_of_it() -> None:
    assert load(None, {}).mail.host is None


def test_mail_settings_are_read() -> None:
    mail = load(None, {**MAIL, "HIMMA__MAIL__USERNAME": "himma", "HIMMA__MAIL__PASSWORD": "S3cr3t"}).mail
    assert (mail.host, mail.port, mail.tls, mail.public_url) == (
        "smtp.example.org", 587, "starttls", "https://himma.example.org/mail",
    )  # fmt: skip
    assert "S3cr3t" not in repr(mail)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            {"HOST": "smtps://smtp.example.org"},
            "should be a name such as smtp.example.org, or an address; the port has a key of",
        ),
        ({"SENDER": "Himma"}, "should be an address such as Himma <himma@example.org>"),
        ({"SENDER": "Himma <himma@example.org>\r\nBcc: all@example.org"}, "should be an address such as Himma <himma@example"),
        ({"USERNAME": "himma"}, "is needed where there is a username, and has no use without one"),
        ({"PASSWORD": "S3cr3t"}, "is needed where there is a username, and has no use without one"),
        (
            {"USERNAME": "x", "PASSWORD": "S3cr3t", "TLS": "none"},
            'would travel in the clear: set tls to "starttls" or "implicit"',
        ),
        ({"TLS": "ssl"}, 'should be "starttls" or "implicit" or "none"'),
        ({"PUBLIC_URL": "himma.example.org"}, "should be an address that begins with https:// or http://"),
    ],
)
def test_what_is_wrong_with_mail_is_told(given: dict[str, str], problem: str) -> None:
    (told,) = faults(None, MAIL | {f"HIMMA__MAIL__{key}": value for key, value in given.items()})
    assert problem in told
    assert "S3cr3t" not in told


def test_a_password_may_go_in_the_clear_to_this_machine() -> None:
    here = {"HOST": "127.0.0.1", "TLS": "none", "USERNAME": "x", "PASSWORD": "S3cr3t"}
    assert load(None, MAIL | {f"HIMMA__MAIL__{key}": value for key, value in here.items()}).mail.password


def test_nothing_to_run_is_a_fault(tmp_path: Path) -> None:
    path = write(tmp_path, "[playground]\nenabled = false")
    assert faults(path, {}) == [
        f"{path}: [playground] enabled: is false, and no platform has a token: there is nothing to run"
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            b"[telegram]\ntoken = 123:abc",
            "is not TOML: Expected newline or end of document after a statement (at line 2, column 12)",
        ),
        (b"[log]\n\n[log]", "is not TOML: Cannot declare ('log',) twice (at line 3, column 5)"),
        (b"\xff\xfe", "is not text in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    (told,) = faults(path, {})
    assert told.startswith(f"{path}: {problem}")


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.toml"
    assert faults(path, {}) == [f"{path}: no such file or directory"]
    assert faults(tmp_path, {}) == [f"{tmp_path}: is a directory"]


def test_the_faults_of_the_environment_are_told_with_those_of_a_broken_file(tmp_path: Path) -> None:
    path = write(tmp_path, "[log")
    assert len(faults(path, {"HIMMA__LOG__LEVEL": "loud"})) == 2


SECRETS = st.text(st.sampled_from("abcxyz0189:/@?#[]%=&'\"\\\n _-ع٣"), min_size=6, max_size=40).map(lambda s: f"S3cr3t{s}")


SHOWN = {("playground", "host"), ("store", "folder"), ("mail", "username"), ("mail", "page_host")}
"""Texts of any form, which are no secrets."""


@given(secret=SECRETS, data=st.data())
def test_no_value_is_ever_repeated(secret: str, data: st.DataObject) -> None:
    section = data.draw(st.sampled_from([*FIELDS, "telegrm"]))
    key = data.draw(st.sampled_from([*FIELDS.get(section, {"token": None}), "tokn"]))
    value = data.draw(st.sampled_from([secret, f"postgresql://me:{secret}@db/x", f"https://me:{secret}@host", f"12:{secret}"]))
    shown = ""
    try:
        settings = load(None, {f"HIMMA__{section}__{key}".upper(): value})
        if (section, key) not in SHOWN:
            shown = f"{settings}{settings!r}{settings.database.url}"
    except SettingsError as error:
        shown = f"{error}{error!r}{error.faults!r}{error.__cause__}"
    assert "S3cr3t" not in shown


@given(secret=st.text(st.characters(exclude_characters="\n", codec="ascii"), min_size=6).map(lambda s: f"S3cr3t{s}"))
def test_a_broken_file_is_not_repeated_either(tmp_path_factory: pytest.TempPathFactory, secret: str) -> None:
    path = tmp_path_factory.mktemp("config") / "config.toml"
    path.write_bytes(f"[telegram]\ntoken = {secret}\ntoken = '{secret}'".encode())
    assert "S3cr3t" not in "".join(faults(path, {}))


def test_a_database_password_is_hidden_everywhere() -> None:
    settings = load(None, {"HIMMA__DATABASE__URL": "postgresql://ann:S3cr3t%2Fpw@db/himma", "HIMMA__TELEGRAM__TOKEN": TOKEN})
    for shown in (
        str(settings),
        repr(settings),
        str(settings.database.url),
        f"{settings.database.url}",
        repr(settings.database),
    ):
        assert "S3cr3t" not in shown
        assert "AAbbCC" not in shown
    assert settings.secrets() == {TOKEN, "123456789%3AAAbbCCddEEff_gg-hh", "S3cr3t/pw", "S3cr3t%2Fpw"}


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().log.level = "debug"  # type: ignore[misc]  # what is tested


def test_the_example_with_its_comments_taken_away_is_valid(tmp_path: Path) -> None:
    example = (docs.ROOT / "config.example.toml").read_text(encoding="utf-8")
    path = write(
        tmp_path,
        "\n".join(line[1:] if line.startswith("#") and line[1:2].isalpha() else line for line in example.splitlines()),
    )
    settings = load(path, {})
    given = {(section, key) for section in FIELDS for key in getattr(settings, section).model_fields_set}
    assert given == {(section, key) for section, fields in FIELDS.items() for key in fields}


@pytest.mark.parametrize("path", docs.PAGES)
def test_generated_pages_are_current(path: str) -> None:
    assert (docs.ROOT / path).read_text(encoding="utf-8") == docs.PAGES[path](), "run `make docs`"
