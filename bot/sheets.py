"""Sheets as files: CSV and XLSX.

A spreadsheet takes a cell that begins with `=` and the like for a formula, and people choose their names and titles: such a
text gets an apostrophe in front, which spreadsheets read as "this is text". Numbers stay numbers.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

from handlers.types import Cell, Sheet, SheetForm, Table

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

CONTENT_TYPES = {
    SheetForm.CSV: "text/csv",
    SheetForm.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_BOM = "\ufeff"
"""Without it Excel reads UTF-8 as if it were something else."""
_FORMULA = re.compile(r"\s*[=+\-@]|[\t\r]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""What no XML can hold."""
_TITLE_LIMIT = 31
_NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\]")
_WIDEST_COLUMN = 60


def write(sheet: Sheet) -> bytes:
    """The sheet's file."""
    return _csv(sheet) if sheet.form is SheetForm.CSV else _xlsx(sheet)


def _csv(sheet: Sheet) -> bytes:
    """One table below the other, each under its title where there are several, with an empty line between them."""
    output = io.StringIO()
    writer = csv.writer(output)
    for number, table in enumerate(sheet.tables):
        if number:
            writer.writerow([])
        if len(sheet.tables) > 1:
            writer.writerow([defused(table.title)])
        writer.writerows(_lines(table))
    return (_BOM + output.getvalue()).encode()


def _xlsx(sheet: Sheet) -> bytes:
    """Each table on a page of its own, which runs from right to left where its reader reads so."""
    from openpyxl import Workbook  # 10 MB, and a quarter of a second

    book = Workbook()
    book.remove(book.worksheets[0])
    for table in sheet.tables:
        page = book.create_sheet(_NOT_IN_TITLES.sub(" ", table.title)[:_TITLE_LIMIT])
        page.sheet_view.rightToLeft = sheet.right_to_left
        page.freeze_panes = "A2"
        _fill(page, table)
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def _fill(page: "Worksheet", table: Table) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    widths = [0] * len(table.columns)
    for row, line in enumerate(_lines(table), start=1):
        for column, value in enumerate(line, start=1):
            cell = page.cell(row, column, value)
            if isinstance(value, str):
                cell.data_type = "s"  # never "f", whatever it begins with
            if row == 1:
                cell.font = Font(bold=True)
            widths[column - 1] = max(widths[column - 1], len(str(value)))
    for column, width in enumerate(widths, start=1):
        page.column_dimensions[get_column_letter(column)].width = min(width + 2, _WIDEST_COLUMN)


def _lines(table: Table) -> Iterator[list[Cell]]:
    for line in (table.columns, *table.rows):
        yield ["" if value is None else defused(value) if isinstance(value, str) else value for value in line]


def defused(text: str) -> str:
    """The text as no spreadsheet takes it for a formula. Full-width forms and the like count as what they stand for."""
    shown = _UNPRINTABLE.sub("", text)
    return f"'{shown}" if _FORMULA.match(unicodedata.normalize("NFKC", shown)) else shown
