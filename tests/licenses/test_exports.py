"""CSV exports, cell by cell: plain digits (contract.md), nothing that a spreadsheet would run, and written while they are read (C12)."""

import csv
import io

import pytest

from licenses import exports


def table(rows):
    """The file that rows make, as a program reads it."""
    response = exports.csv_response("x.csv", rows)
    return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8"), newline="")))


# ── Cells ──


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠SUM(1)", " =1+1", "   -1", "=cmd|' /C calc'!A0", "-", "="],
)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text):
    """C12: safe to open; the text behind the apostrophe is whole."""
    assert exports.formula_safe(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", "Harbor Credit Union", "O'Brien; --", "1", "a=b", "S-2026-000004", "ASR-FULL", 'say "hi"', "漢字 😀", "2026-03-01T12:30:15+00:00"]
)
def test_other_text_stays_as_it_is(text):
    """C12."""
    assert exports.formula_safe(text) == text


@pytest.mark.parametrize("number", [0, 3, -3, 1_234_567])
def test_numbers_stay_numbers(number):
    """contract.md: plain digits; a quantity of −3 is no formula."""
    assert exports.formula_safe(number) == number
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

    response = exports.csv_response("x.csv", rows())

    first = next(iter(response.streaming_content))
    assert (first, asked_for) == (b"0\r\n", [0])
