"""Tables that people upload: what is read, and what is refused in words before it costs anything (rules.md §4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing_portal.foundation.table_files import MOST_UNPACKED, Row, Unreadable, read_table
from licensing_portal.foundation.uploads import MOST_BYTES
from tests.files import HEADER, MAIN, SHEET, csv_of, forged, upload, xlsx_of

TOO_MUCH = "There is more in the file than 10,000 rows take. Save the rows alone, as CSV or in a new file."
BROKEN = "The file can’t be read as XLSX. Open it in a spreadsheet, save it anew, and choose it again."
NOT_UTF_8 = "The file is not in UTF-8. Save it as “CSV UTF-8” or as XLSX, and choose it again."
NEITHER = "The file is neither CSV nor XLSX"

ROW = ["harborcu", "Harbor Credit Union", "it@harborcu.example.com"]
HONEST = xlsx_of(ROW)


def refused(content):
    """What is said of a file, by the field that it came in."""
    with pytest.raises(Unreadable) as refusal:
        read_table(upload(content))
    assert [problem.field for problem in refusal.value.problems] == ["file"]
    return str(refusal.value)


# ── What is read ──


@pytest.mark.parametrize(
    "content",
    [
        csv_of(ROW),
        csv_of(ROW).replace("\r\n", "\n"),
        csv_of(ROW).replace("\r\n", "\r"),
        "\ufeff" + csv_of(ROW),
        csv_of(ROW).replace(",", ";"),
        csv_of(ROW).replace(",", "\t"),
        csv_of([f'"{cell}"' for cell in ROW]),
        csv_of([f"  {cell} " for cell in ROW]),
        xlsx_of(ROW),
    ],
    ids=["csv", "line feeds", "old Macintosh", "byte order mark", "semicolons", "tabs", "quoted", "blanks around", "xlsx"],
)
def test_a_table_is_read_however_a_spreadsheet_has_saved_it(content):
    assert read_table(upload(content)) == [Row(1, HEADER), Row(2, ROW)]


def test_rows_are_counted_as_a_spreadsheet_counts_them_and_blank_ones_are_left_out():
    blank = ["", "", ""]

    for content in (csv_of(blank, ROW, blank, blank, ROW, blank), xlsx_of(blank, ROW, blank, blank, ROW, blank)):
        assert [row.number for row in read_table(upload(content))] == [1, 3, 6]


def test_numbers_in_xlsx_are_text_as_people_see_it():
    assert read_table(upload(xlsx_of([123, 4.0, 4.5, True])))[1] == Row(2, ["123", "4", "4.5", "True"])


def test_a_formula_in_xlsx_is_told_from_its_text_and_never_run():
    assert read_table(upload(xlsx_of(["a", "=1+1", "c"])))[1] == Row(2, ["a", "", "c"], formulas={1})


def test_text_that_was_made_safe_in_csv_is_the_text_again():
    assert read_table(upload(csv_of(["'=1+1", "''=1", "O'Brien"])))[1] == Row(2, ["=1+1", "'=1", "O'Brien"])


def test_ten_thousand_rows_are_read_and_one_more_is_refused():
    rows = [["a", "b", "c"]] * 10_000

    assert len(read_table(upload(csv_of(*rows)))) == 10_001
    assert refused(csv_of(*rows, ROW)) == "The file has more than 10,000 rows. Split it into several."
    assert len(read_table(upload(xlsx_of(*rows)))) == 10_001


# ── What is refused ──


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("\n\n ,,\n", "The file is empty"),
        ("Username,Company\nÄ,B".encode("latin-1"), NOT_UTF_8),
        (csv_of(ROW).encode("utf-16"), NOT_UTF_8),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, NEITHER),
        (b"a,b\n\0,c", NEITHER),
        ('a,b\n"c,d\n', "Line 2 is not CSV: look for a quotation mark that is not closed."),
        ('a,b\n"c"d,e\n', "Line 2 is not CSV: look for a quotation mark that is not closed."),
        ("a" * 200_000, "Line 1 is not CSV: look for a quotation mark that is not closed."),
        (b"PK\x03\x04", BROKEN),
        (HONEST[:-200], BROKEN),
        (forged("xl/workbook.xml", "<workbook/>"), BROKEN),
        (forged(SHEET, "<worksheet"), BROKEN),
        (forged(SHEET, f'<!DOCTYPE w [<!ENTITY a "b">]><worksheet {MAIN}/>'), BROKEN),
    ],
    ids=[
        "blank",
        "latin-1",
        "utf-16",
        "xls",
        "NUL",
        "open quote",
        "odd quote",
        "long cell",
        "no zip",
        "cut off",
        "no workbook",
        "no xml",
        "entities",
    ],
)
def test_what_is_no_table_is_refused_in_words(content, said):
    assert refused(content) == said


def test_a_file_that_is_too_large_is_refused_before_it_is_read():
    class Large:
        size = MOST_BYTES + 1

        def read(self):
            raise AssertionError("it was read")

    with pytest.raises(Unreadable, match="The file is larger than 5 MB"):
        read_table(Large())


# ── What is made to cost ──

MANY = 1_500_000


@pytest.mark.parametrize(
    ("part", "content"),
    [
        (SHEET, b" " * (MOST_UNPACKED + 1)),
        (SHEET, f"<worksheet {MAIN}><sheetData>{'<row/>' * MANY}</sheetData></worksheet>"),
        (SHEET, f"<worksheet {MAIN}><sheetData><row>{'<c/>' * MANY}</row></sheetData></worksheet>"),
        ("xl/sharedStrings.xml", f"<sst {MAIN}>{'<si/>' * MANY}</sst>"),
        ("xl/styles.xml", f"<styleSheet {MAIN}><fonts>{'<font/>' * MANY}</fonts></styleSheet>"),
        ("xl/picture.png", f"<styleSheet {MAIN}><fonts>{'<font/>' * MANY}</fonts></styleSheet>"),
        (SHEET, f'<worksheet {MAIN}><sheetData><row r="1"><c r="A1"/></row><row r="1048576"><c r="XFD1048576"/></row></sheetData></worksheet>'),
        (SHEET, f'<worksheet {MAIN}><sheetData><row r="9999999999"><c r="A9999999999"><v>1</v></c></row></sheetData></worksheet>'),
    ],
    ids=["unpacked", "rows", "cells", "strings", "fonts", "by another name", "cells at two corners", "a row far down"],
)
def test_a_small_file_that_asks_for_much_is_refused(part, content):
    """What takes a library minutes and gigabytes fits in 40 KB."""
    file = forged(part, content)
    assert len(file) < 40_000

    assert refused(file) == TOO_MUCH


def outcome(content):
    """The rows of a file, or what is said of it."""
    try:
        return read_table(upload(content)), ""
    except Unreadable as refusal:
        return [], str(refusal)


@given(st.binary(max_size=400) | st.binary(max_size=400).map(lambda tail: b"PK\x03\x04" + tail) | st.text(max_size=200).map(str.encode))
def test_whatever_is_uploaded_is_a_table_or_refused(content):
    rows, said = outcome(content)

    assert (rows == []) == (said != "")
    assert [row for row in rows if row.is_blank] == []


@given(st.lists(st.tuples(st.integers(4, len(HONEST) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_workbook_with_some_bytes_changed_is_a_table_or_refused(changes):
    content = bytearray(HONEST)
    for place, byte in changes:
        content[place] = byte
    rows, said = outcome(bytes(content))

    assert (rows == []) == (said != "")
