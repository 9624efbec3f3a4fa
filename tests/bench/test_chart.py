"""The chart that the benchmark draws of its own table: what is read from it, where its lines are, and that nobody is left out. No time is measured here."""

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from tests.bench.chart import BOTTOM, HEIGHT, LINE_OF_TEXT, TOP, Table, draw, read_table, spread
from tests.bench.growth import Measured, table_of

SVG = "{http://www.w3.org/2000/svg}"
TABLE = """
Words before it, and another table.

| Goal | Floor |
|---|---|
| G1 | 0.3 |

| Lines | Sales a second, 1 process | My Licenses | A <page> |
| ---: | ---: | ---: | ---: |
| 10,000 | 300 | 12.5 | 10 |
| 1,000,000 | 250 | 12.5 | 1,000 |

Words after it.
"""


@pytest.fixture
def drawn():
    return ET.fromstring(draw(read_table(TABLE), title="Growth & <more>"))  # noqa: S314 - we have just drawn it


def texts(drawn):
    return [text.text for text in drawn.iter(f"{SVG}text")]


def height_of(path):
    """How far a line goes down: its first point to its last one."""
    points = [tuple(map(float, point.split())) for point in path.get("d")[1:].split("L")]
    return points[-1][1] - points[0][1]


def test_the_table_is_found_by_its_first_column_among_others():
    assert read_table(TABLE) == Table(
        [10_000, 1_000_000], {"Sales a second, 1 process": (300, 250), "My Licenses": (12.5, 12.5), "A <page>": (10, 1000)}
    )


def test_what_a_run_writes_is_what_is_read():
    table = table_of(
        [
            Measured(10_002, {"Sales a second, 1 process": 1234.5, "History": 9.87}),
            Measured(10_000_400, {"Sales a second, 1 process": 99.94, "History": 1e4}),
        ]
    )

    assert read_table(table) == Table([10_002, 10_000_400], {"Sales a second, 1 process": (1234, 99.9), "History": (9.9, 10_000)})


@pytest.mark.parametrize(
    ("text", "why"),
    [("| Goal |\n|---|\n| 1 |", "no table whose first column is Lines"), ("| Lines | A |\n|---|---|\n| 10 | 0 |", "above zero"), ("| Lines | A |\n|---|---|", "above zero")],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_in_words(text, why):
    with pytest.raises(ValueError, match=why):
        read_table(text)


def test_the_picture_says_in_words_what_it_shows_to_whoever_does_not_see_it(drawn):
    assert (drawn.get("role"), drawn.get("aria-labelledby")) == ("img", "title description")
    assert [drawn.find(f"{SVG}{tag}").get("id") for tag in ("title", "desc")] == ["title", "description"]
    assert drawn.find(f"{SVG}title").text == "Growth & <more>"
    assert drawn.find(f"{SVG}desc").text == (
        "Against the number of journal lines, both on logarithmic axes. Sales a second, 1 process: 300 with 10,000 lines, 250 with 1,000,000;"
        " My Licenses: 12 with 10,000 lines, 12 with 1,000,000; A <page>: 10 with 10,000 lines, 1,000 with 1,000,000."
    )


def test_each_line_has_its_name_and_last_number_beside_it_and_each_half_its_heading(drawn):
    assert {"Sales a second", "Milliseconds", "1 process 250", "My Licenses 12", "A <page> 1,000", "10 k", "1 M", "journal lines"} <= set(
        texts(drawn)
    )


def test_what_does_not_grow_is_flat_and_what_grows_a_hundredfold_rises_two_powers_of_ten(drawn):
    _, page, growing = (height_of(path) for path in drawn.iter(f"{SVG}path") if path.get("class") == "line")

    assert page == 0
    assert growing == pytest.approx(-(HEIGHT - BOTTOM - TOP), abs=0.2)  # from 10 to 1,000 is all of the axis


def test_it_is_readable_in_light_and_in_dark_without_colors_alone(drawn):
    style = drawn.find(f"{SVG}style").text
    dashes = [path.get("stroke-dasharray") for path in drawn.iter(f"{SVG}path") if path.get("class") == "line"][1:]
    marks = {path.get("d") for path in drawn.iter(f"{SVG}path") if path.get("class") == "mark"}

    light, dark = style.split("@media (prefers-color-scheme:dark)")
    assert [light.count(f".s{place}{{color:") + dark.count(f".s{place}{{color:") for place in range(6)] == [2] * 6
    assert (len(set(dashes)), len(marks)) == (2, 2)  # two lines on the right; the one on the left looks as the first of them


@pytest.mark.parametrize("places", [[100, 100, 100], [50, 300, 52, 51], [400, 400, 400, 399]])
def test_names_stand_in_the_order_of_their_lines_and_not_on_each_other(places):
    found = spread(places)

    order = sorted(range(len(places)), key=lambda index: places[index])
    apart = [found[below] - found[above] for above, below in pairwise(order)]
    assert min(apart) >= LINE_OF_TEXT
    assert max(found) <= HEIGHT - BOTTOM
