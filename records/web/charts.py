"""Charts as SVG that the server draws: whole numbers only, since a language may write 1,5.

Lengths are in the units of the chart's own coordinates; the page scales it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 300
COLUMN, COLUMN_HEIGHT, LINE = 25, 110, 14
ROW, BAR, ROW_WIDTH = 42, 16, 240
LONGEST = 44
"""Letters of a label that fit the width."""


@dataclass(frozen=True, slots=True)
class Value:
    """One bar: its label, its length, what stands at its end, and what a table says."""

    label: str
    number: int
    short: str
    words: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar as it is drawn, with the places of its label and of its words."""

    value: Value
    label: str
    x: int
    y: int
    width: int
    height: int
    label_x: int
    label_y: int
    words_x: int
    words_y: int


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: its name in the page, what it shows in words, and its bars."""

    name: str
    title: str
    description: str
    height: int
    bars: list[Bar]
    upright: bool
    width: int = WIDTH


def columns(name: str, title: str, description: str, values: Sequence[Value]) -> Chart:
    """Return a chart of at most twelve upright bars, in the order given."""
    most = _most(values)
    bars = []
    for place, value in enumerate(values):
        height = value.number * COLUMN_HEIGHT // most
        top = LINE + COLUMN_HEIGHT - height
        middle = place * COLUMN + COLUMN // 2
        bars.append(
            Bar(
                value,
                value.label,
                x=place * COLUMN + 3,
                y=top,
                width=COLUMN - 6,
                height=height,
                label_x=middle,
                label_y=LINE + COLUMN_HEIGHT + LINE,
                words_x=middle,
                words_y=top - 4,
            )
        )
    return Chart(name, title, description, COLUMN_HEIGHT + 2 * LINE + 6, bars, upright=True)


def rows(name: str, title: str, description: str, values: Sequence[Value]) -> Chart:
    """Return a chart of lying bars below each other, each under its label."""
    most = _most(values)
    bars = []
    for place, value in enumerate(values):
        top = place * ROW
        width = value.number * ROW_WIDTH // most
        bars.append(
            Bar(
                value,
                _short(value.label),
                x=0,
                y=top + 18,
                width=width,
                height=BAR,
                label_x=0,
                label_y=top + 13,
                words_x=width + 5,
                words_y=top + 18 + BAR - 4,
            )
        )
    return Chart(name, title, description, len(values) * ROW, bars, upright=False)


def compact(number: int) -> str:
    """Return a number in at most four letters, rounded down, as narrow bars need it."""
    if number < 1000:
        return str(number)
    if number < 10_000:
        return f"{number // 100 / 10:.1f}k"
    return f"{number // 1000}k" if number < 1_000_000 else f"{number // 1_000_000}M"


def _most(values: Sequence[Value]) -> int:
    return max([1, *(value.number for value in values)])


def _short(label: str) -> str:
    return label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"
