"""`/table`: the week as a file, which reads back as the figures of the summary and the rows behind them."""

from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from models.people import Person
from tests.bot.test_sheets import read_csv, read_xlsx
from tests.dialogue import Somebody, Talk, both_platforms, plain
from tests.handlers.test_summarizing import busy_week
from tests.wire import discord


def file_in(message: Any) -> tuple[str, bytes]:
    """The name and the bytes of the file that a message carries."""
    file = message.files[0] if isinstance(message, discord.Message) else message.document
    return file.name, file.data


def tables_of(data: bytes) -> dict[str, list[dict[str, str]]]:
    """The tables of a CSV by their titles, each row by its columns."""
    tables: dict[str, list[dict[str, str]]] = {}
    blocks: list[list[list[str]]] = [[]]
    for line in read_csv(data):
        if line:
            blocks[-1].append(line)
        else:
            blocks.append([])
    for (title,), columns, *rows in blocks:
        tables[title] = [dict(zip(columns, row, strict=True)) for row in rows]
    return tables


async def rename(chat: Talk, somebody: Somebody, **columns: Any) -> None:
    async def work(session: AsyncSession) -> None:
        await session.execute(update(Person).where(Person.id == await somebody.number(session)).values(**columns))

    await chat.transact(work)


@both_platforms
async def test_the_week_as_csv(chat: Talk) -> None:
    home, huda, _, one = await busy_week(chat)
    await chat.task(home, huda, "=HYPERLINK(evil)", tags=("food",))

    message = await huda.says("/table")

    assert "Warmth, 21–27 November: the figures, and the rows behind them." in plain(message.text)
    name, data = file_in(message)
    assert name == "himma-2026-W48.csv"
    tables = tables_of(data)
    assert list(tables) == ["Figures", "Tasks", "Claims", "Reports"]
    figures = {row["Figure"]: row["This week"] for row in tables["Figures"]}
    reports, claims = tables["Reports"], tables["Claims"]
    assert figures["Completed"] == str(sum(row["State"] == "approved" for row in reports)) == "1"
    assert figures["Time given"] == str(sum(int(row["Minutes"]) for row in reports if row["State"] == "approved")) == "10"
    assert figures["Seats taken"] == str(len(claims)) == "3"
    assert figures["Given back"] == str(sum(row["State"] == "given back" for row in claims)) == "1"
    assert figures["Now: Reports waiting"] == str(sum(row["State"] == "waiting" for row in reports)) == "1"
    assert figures["Given to #letters"] == "10"
    first = reports[0]
    assert (first["Task"], first["Title"], first["Person"]) == (str(one), "Call Mr. Adel", "Omar")
    assert (first["Handed in"], first["Decided"]) == ("2026-11-23 14:30", "2026-11-23 15:00")
    titles = {row["Title"]: row["Tags"] for row in tables["Tasks"]}
    assert titles["'=HYPERLINK(evil)"] == "food"
    assert titles["Call Mr. Adel"] == "letters"


@both_platforms
async def test_the_other_form_is_a_button_away(chat: Talk) -> None:
    _, huda, _, _ = await busy_week(chat)
    await huda.says("/language ar")
    csv = await huda.says("/table الأسبوع الحالي")
    xlsx = await huda.presses("بصيغة XLSX")
    name, data = file_in(xlsx)
    assert name == "himma-2026-W48.xlsx"
    pages = read_xlsx(data)
    assert list(pages) == ["الأرقام", "المهام", "الحجوزات", "التقارير"]
    figures = {row[0]: row[2] for row in pages["الأرقام"]}
    assert (figures["أعمال مكتملة"], figures["الوقت المقدَّم"]) == (1, 10)
    assert [row[3] for row in pages["الحجوزات"][1:]] == ["معتمد", "سُلّم تقريره", "اعتذار"]
    assert file_in(csv)[0] == "himma-2026-W48.csv"
    again = await huda.presses("بصيغة CSV")
    assert file_in(again)[0] == "himma-2026-W48.csv"


async def test_who_wants_privacy_has_no_name_in_it_and_nobody_an_account(chat: Talk) -> None:
    _, huda, omar, _ = await busy_week(chat)
    await rename(chat, omar, is_private=True)
    data = file_in(await huda.says("/table"))[1]
    assert b"Omar" not in data
    assert str(omar.app.id).encode() not in data
    assert b"No time" not in data, "why somebody gave a seat back is between them and the moderators"
    assert {row["Person"] for row in tables_of(data)["Claims"]} == {""}


async def test_another_week_from_its_summary(chat: Talk) -> None:
    _, huda, _, _ = await busy_week(chat)
    await chat.later(days=7)
    huda.writes("/summary last week")
    await chat.settle()
    message = await huda.presses("As a file")
    assert file_in(message)[0] == "himma-2026-W48.csv"
    assert {row["Figure"]: row["This week"] for row in tables_of(file_in(message)[1])["Figures"]}["Completed"] == "1"


@both_platforms
async def test_only_organizers_get_it_whatever_they_forge(chat: Talk) -> None:
    home, huda, omar, _ = await busy_week(chat)
    assert "organizer" in (await omar.says("/table")).text
    card = await omar.says("/tasks")
    forged = await omar.presses_on(card, card.labels[0][0], data=f"table_week:{home.id} 20261121 csv:0")
    assert "organizer" in forged.text
    table = await huda.says("/table")
    for data in (f"{home.id} 20261121 exe", f"{home.id} 20261122 csv", f"{home.id} 20270102 csv", f"{home.id} 0 csv"):
        refused = await huda.presses_on(table, "As XLSX", data=f"table_week:{data}:0")
        assert not getattr(refused, "document", None) or refused is table, data
