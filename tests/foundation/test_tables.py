"""Tables that are handed out, cell by cell: plain digits (contract.md), nothing that a spreadsheet would run, no name changed (C12)."""

import csv
import io
import tempfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing_portal.foundation import tables


def table(rows):
    """The file that rows make, as a program reads it."""
    response = tables.csv_response("x.csv", rows)
    return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8"), newline="")))


# ── Cells ──


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠SUM(1)", " =1+1", "   -1", "=cmd|' /C calc'!A0", "-", "="],
)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text):
    """C12: safe to open; the text behind the apostrophe is whole."""
    assert tables.formula_safe(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", "Harbor Credit Union", "O'Brien; --", "1", "a=b", "S-2026-000004", "ASR-FULL", 'say "hi"', "漢字 😀", "2026-03-01T12:30:15+00:00"]
)
def test_other_text_stays_as_it_is(text):
    """C12."""
    assert tables.formula_safe(text) == text


@pytest.mark.parametrize("number", [0, 3, -3, 1_234_567])
def test_numbers_stay_numbers(number):
    """contract.md: plain digits; a quantity of −3 is no formula."""
    assert tables.formula_safe(number) == number
    assert table([[number]]) == [[str(number)]]


@pytest.mark.parametrize("text", ['a";=1+1;"', "a,b", "a;b", "two\nlines", 'say "hi"', "a\tb", "\u00a0", "漢字 😀", "\u202eabc"])
def test_no_text_makes_a_new_cell_or_row(text):
    """C12: quoted as RFC 4180 says."""
    assert table([["before", text, "after"], ["next", "row", "here"]]) == [["before", text, "after"], ["next", "row", "here"]]


# ── The file ──


def test_rows_are_written_while_they_are_read():
    """C12: "CSV always streams": the first line goes out before the second row is asked for."""
    asked_for = []

    def rows():
        for number in range(3):
            asked_for.append(number)
            yield [number]

    response = tables.csv_response("x.csv", rows())

    first = next(iter(response.streaming_content))
    assert (first, asked_for) == (b"0\r\n", [0])


# ── A way back ──


@given(st.text(st.sampled_from("'=+ a"), max_size=6) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_every_text_comes_back_from_what_was_made_safe(text):
    assert tables.without_apostrophe(str(tables.formula_safe(text))) == text


def test_no_two_texts_look_alike_once_they_are_safe():
    assert {text: tables.formula_safe(text) for text in ("=x", "'=x", "x", "'x")} == {"=x": "'=x", "'=x": "''=x", "x": "x", "'x": "'x"}


# ── XLSX ──


def sheet(rows):
    """The workbook that rows make, as a spreadsheet reads it: the value and the kind of each cell."""
    response = tables.xlsx_response("x.xlsx", "Rows", rows)
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    assert book.sheetnames == ["Rows"]
    return [[(cell.value, cell.data_type) for cell in row] for row in book.active.iter_rows()]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "@SUM(1)",
        "=HYPERLINK(1)",
        "#N/A",
        "12",
        "1e3",
        "2026-01-01",
        "TRUE",
        "<r>a</r>",
        "a & b",
        "St. Mary's",
        "漢字 😀",
        " a ",
        "2\nlines",
    ],
)
def test_a_text_in_xlsx_is_that_text_and_neither_formula_nor_number(text):
    """C12: names literal."""
    assert sheet([[text]]) == [[(text, "s")]]


def test_numbers_in_xlsx_are_numbers():
    assert sheet([[0, -3, 1_234_567]]) == [[(0, "n"), (-3, "n"), (1_234_567, "n")]]


@pytest.mark.parametrize(
    ("text", "written"), [("a\0b", "a_x0000_b"), ("a\x1bb", "a_x001B_b"), ("a\uffffb", "a_xFFFF_b"), ("_x0041_", "_x005F_x0041_"), ("_x", "_x")]
)
def test_what_xml_can_not_hold_is_written_as_the_format_says(text, written):
    """ECMA-376, ST_Xstring: no name makes a file that can't be opened."""
    assert sheet([[text]]) == [[(written, "s")]]


def test_an_xlsx_is_a_download_of_its_name():
    response = tables.xlsx_response("history.xlsx", "History", [["a"]])

    assert response["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert response["Content-Disposition"] == 'attachment; filename="history.xlsx"'


@pytest.mark.parametrize("rows", [0, 3])
def test_an_xlsx_that_is_given_up_leaves_nothing_on_the_disk(rows, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with pytest.raises(ZeroDivisionError), tables.XlsxTable("Rows") as table:
        for _ in range(rows):
            table.append(["a"])
        raise ZeroDivisionError

    assert list(tmp_path.iterdir()) == []
