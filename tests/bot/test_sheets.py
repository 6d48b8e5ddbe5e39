"""Sheets read back as what was written, and no spreadsheet takes them for anything else."""

import csv
import io
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from bot.drawing import draw_sheet
from bot.sheets import defused, write
from handlers.types import CannotRender, Cell, Sheet, SheetForm, Table

FIGURES = Table("Figures", ("Figure", "This week"), (("Completed", 12), ("Seats filled", 0.75), ("Median", None)))
TASKS = Table("Tasks", ("Task", "Title"), ((7, "=HYPERLINK(1)"), (8, "خبز، جبن\nو«زيتون»")))
SHEET = Sheet("week-48", (FIGURES, TASKS))


def read_csv(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf"), "Excel would not know that it is UTF-8"
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def read_xlsx(data: bytes) -> dict[str, list[tuple[Cell, ...]]]:
    book = load_workbook(io.BytesIO(data))
    return {page.title: [tuple(cell.value for cell in row) for row in page.iter_rows()] for page in book.worksheets}  # type: ignore[misc]


def test_tables_stand_below_each_other_in_a_csv() -> None:
    assert read_csv(write(SHEET)) == [
        ["Figures"], ["Figure", "This week"], ["Completed", "12"], ["Seats filled", "0.75"], ["Median", ""], [],
        ["Tasks"], ["Task", "Title"], ["7", "'=HYPERLINK(1)"], ["8", "خبز، جبن\nو«زيتون»"],
    ]  # fmt: skip
    assert read_csv(write(replace(SHEET, tables=(TASKS,))))[0] == ["Task", "Title"]


@pytest.mark.parametrize("right_to_left", [False, True])
def test_tables_stand_on_pages_in_an_xlsx(right_to_left: bool) -> None:
    data = write(replace(SHEET, form=SheetForm.XLSX, right_to_left=right_to_left))
    assert read_xlsx(data) == {
        "Figures": [("Figure", "This week"), ("Completed", 12), ("Seats filled", 0.75), ("Median", None)],
        "Tasks": [("Task", "Title"), (7, "'=HYPERLINK(1)"), (8, "خبز، جبن\nو«زيتون»")],
    }
    for page in load_workbook(io.BytesIO(data)).worksheets:
        assert bool(page.sheet_view.rightToLeft) is right_to_left
        assert all(cell.data_type != "f" for row in page.iter_rows() for cell in row)


@settings(deadline=None)
@example("=1+1")
@example(" =1+1")
@example("\t=1")
@example("＝1+1")
@example("@SUM(A1)")
@example("\x00=1")
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_no_text_is_a_formula(text: str) -> None:
    shown = defused(text)
    assert not unicodedata.normalize("NFKC", shown).lstrip().startswith(("=", "+", "-", "@"))
    assert not shown.startswith(("\t", "\r"))
    sheet = Sheet("x", (Table("T", ("Text", "Number"), ((text, -3),)),))
    (read, number), (same, xlsx_number) = (
        read_csv(write(sheet))[1],
        read_xlsx(write(replace(sheet, form=SheetForm.XLSX)))["T"][1],
    )
    assert (number, xlsx_number) == ("-3", -3), "numbers stay numbers"
    assert read == shown
    assert (same or "") in {shown, shown.replace("\r\n", "\n").replace("\r", "\n")}


async def test_a_sheet_has_a_name_that_any_system_takes() -> None:
    assert (await draw_sheet(SHEET)).name == "week-48.csv"
    for name in ("", "../week", "أسبوع", "a b"):
        with pytest.raises(CannotRender):
            await draw_sheet(replace(SHEET, name=name))
