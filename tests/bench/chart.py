"""A chart of a table in a Markdown file, as SVG: `python -m tests.bench.chart docs/benchmarks.md docs/images/growth.svg`.

Drawn is the table whose first column is "Lines". A column whose name begins with "Sales a second, " is drawn on the left, all others,
which are milliseconds, on the right; both axes are logarithmic, so that what grows with the journal is a line that rises and what does not
is flat. Colors are told apart by dashes and marks too, each line has its name beside it, and all of it reads in light and in dark.
"""

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path

FIRST_COLUMN = "Lines"
RATE = "Sales a second, "

WIDTH, HEIGHT, TOP, BOTTOM, LEFT, NAMES, GAP = 1100, 430, 56, 48, 56, 190, 24
LINE_OF_TEXT = 17  # names stand at least so far from each other
MARKS = (
    "M-4-4h8v8h-8z",
    "M0-5 5 4H-5z",
    "M0-5 5 0 0 5-5 0z",
    "M-4-4 4 4M-4 4 4-4",
    "M0-5V5M-5 0H5",
    "M-5-4H5L0 5z",
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
)
DASHES = ("none", "7 3", "2 3", "9 3 2 3", "4 4", "12 4", "1 5")
COLORS = (
    ("#1f5fa8", "#7db4f0"),
    ("#9a3d00", "#f0a060"),
    ("#1b6e3c", "#6fcf97"),
    ("#6b3fa0", "#c3a0f0"),
    ("#8f1d4f", "#f08cb4"),
    ("#4d4d4d", "#c8c8c8"),
    ("#0b6470", "#62cbd8"),
)

Series = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Table:
    """How many lines there were, and what was measured with so many, by the name of its column."""

    lines: Sequence[int]
    columns: Series


@dataclass(frozen=True)
class Axes:
    """Where numbers are on one half of the picture."""

    left: float
    right: float
    x: tuple[float, float]  # logarithms, from and to
    y: tuple[float, float]

    def across(self, number: float) -> float:
        return self.left + (self.right - self.left) * (math.log10(number) - self.x[0]) / (self.x[1] - self.x[0])

    def down(self, number: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (math.log10(number) - self.y[0]) / (self.y[1] - self.y[0])


def read_table(markdown: str) -> Table:
    """Find the table. Raises ValueError if there is none, or a cell of it is no number above zero."""
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in markdown.splitlines() if line.lstrip().startswith("|")]
    start = next((place for place, row in enumerate(rows) if row[0] == FIRST_COLUMN), None)
    if start is None:
        raise ValueError(f"There is no table whose first column is {FIRST_COLUMN}.")
    names, numbers = rows[start], []
    for row in rows[start + 2 :]:
        if len(row) != len(names) or not row[0].replace(",", "").isdigit():
            break
        numbers.append([float(cell.replace(",", "")) for cell in row])
    if not numbers or min(map(min, numbers)) <= 0:
        raise ValueError("The table has a cell that cannot be drawn: a logarithm is of numbers above zero.")
    lines, *columns = zip(*numbers, strict=True)
    return Table([int(number) for number in lines], dict(zip(names[1:], columns, strict=True)))


def draw(table: Table, *, title: str) -> str:
    """Draw the table as an SVG file, which says in words what it shows."""
    halves = [
        ("Sales a second", {name.removeprefix(RATE): row for name, row in table.columns.items() if name.startswith(RATE)}),
        ("Milliseconds", {name: row for name, row in table.columns.items() if not name.startswith(RATE)}),
    ]
    shown = [(heading, series) for heading, series in halves if series]
    share = (WIDTH - GAP * (len(shown) - 1)) / len(shown)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="title description">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="description">{escape(in_words(table))}</desc>',
        f"<style>{_style()}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>',
        f'<text class="title" x="16" y="24">{escape(title)}</text>',
    ]
    for place, (heading, series) in enumerate(shown):
        begin = place * (share + GAP)
        parts += _half(heading, table.lines, series, begin + LEFT, begin + share - NAMES)
    return "\n".join([*parts, "</svg>", ""])


def in_words(table: Table) -> str:
    """What the chart shows, for whoever does not see it: each column's first and last number."""
    told = [
        f"{name}: {_number(row[0])} with {table.lines[0]:,} lines, {_number(row[-1])} with {table.lines[-1]:,}" for name, row in table.columns.items()
    ]
    return f"Against the number of journal lines, both on logarithmic axes. {'; '.join(told)}."


def _half(heading: str, lines: Sequence[int], series: Series, left: float, right: float) -> Iterator[str]:
    numbers = [number for row in series.values() for number in row]
    axes = Axes(left, right, (math.log10(lines[0]), math.log10(lines[-1])), _powers(numbers))
    yield f'<text class="heading" x="{left:.0f}" y="{TOP - 10}">{heading}</text>'
    yield from _grid(axes, lines)
    ends = spread([axes.down(row[-1]) for row in series.values()])
    for place, ((name, row), end) in enumerate(zip(series.items(), ends, strict=True)):
        yield from _line(axes, lines, row, name=name, place=place, end=end)


def _grid(axes: Axes, lines: Sequence[int]) -> Iterator[str]:
    for power in range(round(axes.y[0]), round(axes.y[1]) + 1):
        y = axes.down(10**power)
        yield f'<path class="grid" d="M{axes.left:.1f} {y:.1f}H{axes.right:.1f}"/>'
        yield f'<text class="scale" text-anchor="end" x="{axes.left - 8:.1f}" y="{y + 4:.1f}">{_number(10**power)}</text>'
    for number in lines:
        x = axes.across(number)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
        yield f'<text class="scale" text-anchor="middle" x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}">{_in_short(number)}</text>'
    middle = (axes.left + axes.right) / 2
    yield f'<text class="scale" text-anchor="middle" x="{middle:.1f}" y="{HEIGHT - 10}">journal lines</text>'


def _line(axes: Axes, lines: Sequence[int], row: Sequence[float], *, name: str, place: int, end: float) -> Iterator[str]:
    points = [(axes.across(x), axes.down(y)) for x, y in zip(lines, row, strict=True)]
    kind = f"s{place % len(COLORS)}"
    yield f'<g class="{kind}">'
    yield f'<path class="line" stroke-dasharray="{DASHES[place % len(DASHES)]}" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>'
    for (x, y), number, count in zip(points, row, lines, strict=True):
        mark = MARKS[place % len(MARKS)]
        yield f'<path class="mark" transform="translate({x:.1f} {y:.1f})" d="{mark}"><title>{escape(name)}, {count:,} lines: {_number(number)}</title></path>'
    yield f'<path class="lead" d="M{points[-1][0] + 6:.1f} {points[-1][1]:.1f}L{axes.right + 16:.1f} {end:.1f}"/>'
    yield f'<text x="{axes.right + 20:.1f}" y="{end + 4:.1f}">{escape(name)} {_number(row[-1])}</text>'
    yield "</g>"


def spread(places: Sequence[float]) -> list[float]:
    """Where the names stand: as near to the ends of their lines as they can without standing on each other, within the picture."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    found = dict(enumerate(places))
    for above, below in pairwise(order):
        found[below] = max(found[below], found[above] + LINE_OF_TEXT)
    lowest = float(HEIGHT - BOTTOM)
    for index in reversed(order):
        found[index] = min(found[index], lowest)
        lowest = found[index] - LINE_OF_TEXT
    return [found[index] for index in range(len(places))]


def _powers(numbers: Sequence[float]) -> tuple[float, float]:
    """The powers of ten between which these numbers lie, at least one apart."""
    low, high = math.floor(math.log10(min(numbers))), math.ceil(math.log10(max(numbers)))
    return low, max(high, low + 1)


def _number(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 or number == round(number) else f"{number:.2g}"


def _in_short(number: int) -> str:
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            return f"{number / size:.3g} {letter}"
    return str(number)


def _style() -> str:
    def colors(shade: int) -> str:
        return "".join(f".s{place}{{color:{pair[shade]}}}" for place, pair in enumerate(COLORS))

    common = (
        "text{font:13px system-ui,sans-serif;fill:currentColor}.title{font-size:16px;font-weight:600}.heading{font-weight:600}"
        ".line{fill:none;stroke:currentColor;stroke-width:2}.mark{fill:currentColor;stroke:currentColor;stroke-width:1.5}"
        ".lead{fill:none;stroke:currentColor;stroke-width:1;opacity:.6}.grid{fill:none;stroke-width:1}"
    )
    light = "svg{color:#1c1c1c}.ground{fill:#fff}.grid{stroke:#d8d8d8}" + colors(0)
    dark = "svg{color:#ececec}.ground{fill:#16181c}.grid{stroke:#3c4048}" + colors(1)
    return f"{common}{light}@media (prefers-color-scheme:dark){{{dark}}}"


def write(markdown: str, path: Path, *, title: str = "As the journal grows") -> None:
    """Draw the table of a text to a file. Raises ValueError."""
    path.write_text(draw(read_table(markdown), title=title))


if __name__ == "__main__":
    source, target = sys.argv[1:]
    write(Path(source).read_text(), Path(target))
