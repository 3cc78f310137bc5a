"""A vaccination certificate on paper: PDF of A4 pages, or of cards to cut out and fold.

fpdf2 writes the pages, uharfbuzz shapes the letters and joins those of Arabic. What a certificate
says comes as words in the reader's language; here they are only laid out. The library marks
pictures with their description, and names the document's title and language; it tags no headings.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from fpdf import FPDF
from fpdf.drawing_primitives import DeviceRGB
from fpdf.enums import XPos, YPos

from records.codecs import qr

REGULAR: Final = "DejaVuSansCondensed.ttf"
BOLD: Final = "DejaVuSansCondensed-Bold.ttf"
FAMILY: Final = "certificate"
ABSENT: Final = "\u25a1"
"""Stands for a letter that the font lacks."""

ISOLATES: Final = "\u2068\u2069"
"""Keep the direction of what stands between them (UAX #9), such as a lot number in Arabic."""

# Millimetres, and points for letters.
MARGIN, FOOT = 15, 14
CARD_WIDTH, CARD_HEIGHT = 85.6, 54.0
"""Format ID-1 (ISO/IEC 7810)."""

CARD_PADDING, CARD_GAP = 4.0, 8.0
CODE_SIDE, CARD_CODE_SIDE = 62.0, 43.0
ROOMY = 4
"""Up to so many doses a card has room for a second line each."""

LINE = 1.32
POINT = 25.4 / 72

INK, MUTED, RULE, ACCENT = "#1b2430", "#55606e", "#c3cad3", "#0b5a6f"


@dataclass(frozen=True, slots=True)
class Row:
    """One dose: the day, what was given with further lines, and where."""

    day: str
    title: str
    lines: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """One signed code: what its picture holds, its words, and the doses that it states."""

    text: str
    title: str
    lines: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says, in words.

    ``facts`` are labels with values, ``columns`` the headings of a row; ``page`` has places for
    ``page`` and ``pages``; ``more`` says that a card has no room for so many doses;
    ``unprintable`` is the note for letters that the font lacks.
    """

    title: str
    language: str
    is_rtl: bool
    name: str
    facts: tuple[tuple[str, str], ...]
    columns: tuple[str, str, str]
    rows: tuple[Row, ...]
    nothing: str
    codes_title: str
    codes: tuple[Code, ...]
    picture: str
    notes: tuple[str, ...]
    card_notes: tuple[str, ...]
    page: str
    more: Callable[[int], str]
    unprintable: str


def a4(certificate: Certificate, fonts: Path) -> bytes:
    """Return the certificate as pages of A4, with the fonts of a folder."""
    pages = _Sheets(certificate, fonts)
    pages.add_page()
    pages.heading()
    pages.doses()
    pages.signed()
    pages.notes(certificate.notes)
    return pages.written()


def card(certificate: Certificate, fonts: Path) -> bytes:
    """Return cards of ID-1 size, front and back side by side on A4; one for each code."""
    pages = _Cards(certificate, fonts)
    pages.add_page()
    pages.notes(certificate.card_notes)
    strips: list[tuple[tuple[Row, ...], Code | None]] = [
        (code.rows, code) for code in certificate.codes
    ] or [(certificate.rows, None)]
    for rows, code in strips:
        pages.strip(rows, code)
    return pages.written()


@dataclass(slots=True)
class _Text:
    """A text with its look; ``size`` in points."""

    text: str
    size: float = 9
    bold: bool = False
    color: str = INK


@dataclass(slots=True)
class _Cell:
    """Texts below each other in a column."""

    width: float
    texts: list[_Text] = field(default_factory=list)


class _Pages(FPDF):
    """A4 pages in the reader's direction, which show what the font lacks as ``ABSENT``."""

    def __init__(self, certificate: Certificate, fonts: Path) -> None:
        super().__init__(format="A4")
        self.certificate = certificate
        self.start = "R" if certificate.is_rtl else "L"
        self.add_font(FAMILY, "", fonts / REGULAR)
        self.add_font(FAMILY, "B", fonts / BOLD)
        letters: Any = self.fonts[FAMILY]
        self.letters = letters.cmap
        self.set_text_shaping(True, direction="rtl" if certificate.is_rtl else "ltr")
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.c_margin = 0
        self.set_auto_page_break(auto=True, margin=FOOT + 4)
        self.set_lang(certificate.language)
        self.set_title(certificate.title)
        self.set_creator("VaxPass")
        self.is_lacking = self._lacks_letters()

    def _lacks_letters(self) -> bool:
        """Tell whether the font cannot print what comes from the record."""
        rows = [
            *self.certificate.rows,
            *(row for code in self.certificate.codes for row in code.rows),
        ]
        texts = [self.certificate.name]
        for row in rows:
            texts += [row.title, *row.lines, row.place]
        return any(ABSENT in self.printable(text) for text in texts)

    def _letters(self, text: str) -> Iterator[str]:
        for letter in unicodedata.normalize("NFC", text):
            kind = unicodedata.category(letter)
            if kind == "Cc":
                yield " "
            elif letter in ISOLATES:
                yield letter
            elif kind != "Cf":  # other directions and joiners have no shape of their own
                yield letter if ord(letter) in self.letters else ABSENT

    def printable(self, text: str) -> str:
        """Return a text in letters that the font has."""
        return "".join(self._letters(text))

    def look(self, text: _Text) -> float:
        """Take over the look of a text; return the height of its lines."""
        self.set_font(FAMILY, "B" if text.bold else "", text.size)
        self.set_text_color(DeviceRGB(*_parts(text.color)))
        return text.size * POINT * LINE

    def lay(self, cell: _Cell, x: float, y: float, *, align: str = "") -> float:
        """Write a cell's texts from a corner on, and return where they end."""
        for text in cell.texts:
            height = self.look(text)
            self.set_xy(x, y)
            self.multi_cell(
                cell.width,
                height,
                self.printable(text.text),
                align=align or self.start,
                new_x=XPos.LEFT,
                new_y=YPos.NEXT,
                padding=0,
            )
            y = self.get_y()
        return y

    def height_of(self, cell: _Cell) -> float:
        """Return the height that a cell takes."""
        height = 0.0
        for text in cell.texts:
            line = self.look(text)
            words = self.printable(text.text)
            taken: Any = self.multi_cell(cell.width, line, words, dry_run=True, output="HEIGHT")
            height += taken
        return height

    def rule(self, y: float, color: str = RULE, width: float = 0.2) -> None:
        """Draw a line across the page."""
        self.set_draw_color(DeviceRGB(*_parts(color)))
        self.set_line_width(width)
        self.line(MARGIN, y, self.w - MARGIN, y)

    def code(self, code: Code, x: float, y: float, side: float) -> None:
        """Draw the QR code of a signed code on white."""
        picture = io.BytesIO(qr.png(code.text, scale=6))
        self.image(picture, x, y, side, side, alt_text=f"{self.certificate.picture}: {code.title}")

    def notes(self, notes: Sequence[str]) -> None:
        """Write sentences below each other, and the one about letters that the font lacks."""
        texts = [*notes, *([self.certificate.unprintable] if self.is_lacking else [])]
        cell = _Cell(self.epw, [_Text(text, 8.5, color=MUTED) for text in texts])
        if self.will_page_break(self.height_of(cell)):
            self.add_page()
        self.set_y(self.lay(cell, MARGIN, self.get_y()) + 4)

    def written(self) -> bytes:
        """Return the file: all is laid out, and each page gets its foot."""
        self.auto_page_break = False
        total = self.page
        for self.page in range(1, total + 1):
            self._foot(total)
        return bytes(self.output())

    def _foot(self, total: int) -> None:
        """Write the number of the page, and whose it is: pages get separated."""
        certificate = self.certificate
        short = certificate.name if len(certificate.name) < 60 else certificate.title
        whose = self.printable(short)
        words = certificate.page % {"page": self.page, "pages": total}
        line = self.look(_Text(whose, 8, color=MUTED))
        self.rule(self.h - FOOT - 1)
        self.set_xy(MARGIN, -FOOT)
        one, other = (whose, words) if self.start == "L" else (words, whose)
        self.cell(self.epw / 2, line, one, align="L")
        self.cell(self.epw / 2, line, other, align="R")


class _Sheets(_Pages):
    """The certificate on A4."""

    WIDTHS = (36.0, 96.0, 48.0)

    def heading(self) -> None:
        """Write title, name and facts."""
        certificate = self.certificate
        y = self.lay(_Cell(self.epw, [_Text(certificate.title, 12, True, ACCENT)]), MARGIN, MARGIN)
        y = self.lay(_Cell(self.epw, [_Text(certificate.name, 20, True)]), MARGIN, y + 1)
        width = self.epw / len(certificate.facts)
        ends = []
        for place, (label, value) in enumerate(certificate.facts):
            cell = _Cell(width, [_Text(label, 8, color=MUTED), _Text(value, 10.5)])
            ends.append(self.lay(cell, self._column(place * width, width), y + 2))
        self.set_y(max(ends) + 4)

    def doses(self) -> None:
        """Write one row a dose; the headings again on each page."""
        if not self.certificate.rows:
            self.rule(self.get_y())
            empty = _Cell(self.epw, [_Text(self.certificate.nothing, 10)])
            self.set_y(self.lay(empty, MARGIN, self.get_y() + 3) + 5)
            return
        self._headings()
        for row in self.certificate.rows:
            cells = self._cells(row)
            if self.will_page_break(max(self.height_of(cell) for cell in cells) + 3):
                self.add_page()
                self._headings()
            self._across(cells)
        self.ln(5)

    def signed(self) -> None:
        """Draw the signed codes, two beside each other, each with what it states."""
        gap = self.epw - 2 * CODE_SIDE
        for place in range(0, len(self.certificate.codes), 2):
            pair = self.certificate.codes[place : place + 2]
            cells = [_code_words(code, CODE_SIDE + gap / 2 - 4) for code in pair]
            title = _Cell(self.epw, [_Text(self.certificate.codes_title, 12, True)])
            words = max(self.height_of(cell) for cell in cells)
            if self.will_page_break(CODE_SIDE + words + (0 if place else 8)):
                self.add_page()
            if not place:
                self.set_y(self.lay(title, MARGIN, self.get_y()) + 2)
            y, ends = self.get_y(), []
            for column, (code, cell) in enumerate(zip(pair, cells, strict=True)):
                offset = column * (self.epw / 2)
                self.code(code, self._column(offset, CODE_SIDE), y, CODE_SIDE)
                ends.append(self.lay(cell, self._column(offset, cell.width), y + CODE_SIDE))
            self.set_y(max(ends) + 5)

    def _column(self, offset: float, width: float) -> float:
        """Return the left edge of a column that stands so far from where lines start."""
        return MARGIN + offset if self.start == "L" else self.w - MARGIN - offset - width

    def _headings(self) -> None:
        pairs = zip(self.WIDTHS, self.certificate.columns, strict=True)
        self._across([_Cell(width - 3, [_Text(text, 8, True, MUTED)]) for width, text in pairs])

    def _cells(self, row: Row) -> list[_Cell]:
        day, what, place = (width - 3 for width in self.WIDTHS)
        lines = [_Text(line, 8.5, color=MUTED) for line in row.lines]
        return [
            _Cell(day, [_Text(row.day)]),
            _Cell(what, [_Text(row.title, 9.5, True), *lines]),
            _Cell(place, [_Text(row.place)]),
        ]

    def _across(self, cells: Sequence[_Cell]) -> None:
        """Write cells beside each other with a line above."""
        y, offset, ends = self.get_y(), 0.0, []
        self.rule(y)
        for cell, width in zip(cells, self.WIDTHS, strict=True):
            ends.append(self.lay(cell, self._column(offset, cell.width), y + 1.5))
            offset += width
        self.set_y(max(ends) + 1.5)


class _Cards(_Pages):
    """Cards to cut out and fold: the front, and beside it the back with the code."""

    def strip(self, rows: Sequence[Row], code: Code | None) -> None:
        """Draw one card with its edges and the line to fold it at."""
        if self.will_page_break(CARD_HEIGHT):
            self.add_page()
        x, y = (self.w - 2 * CARD_WIDTH) / 2, self.get_y()
        self.set_draw_color(DeviceRGB(*_parts(MUTED)))
        self.set_line_width(0.2)
        self.rect(x, y, 2 * CARD_WIDTH, CARD_HEIGHT)
        self.set_dash_pattern(dash=2, gap=2)
        self.line(x + CARD_WIDTH, y, x + CARD_WIDTH, y + CARD_HEIGHT)
        self.set_dash_pattern()
        with_break, self.auto_page_break = self.auto_page_break, False
        self._front(rows, x + CARD_PADDING, y + CARD_PADDING)
        if code is not None:
            self._back(code, x + CARD_WIDTH, y)
        self.auto_page_break = with_break
        self.set_y(y + CARD_HEIGHT + CARD_GAP)

    def _front(self, rows: Sequence[Row], x: float, y: float) -> None:
        """Write who it is, and as many doses, newest first, as there is room for."""
        end, width = y + CARD_HEIGHT - 2 * CARD_PADDING, CARD_WIDTH - 2 * CARD_PADDING
        certificate = self.certificate
        facts = " · ".join(f"{label} {value}" for label, value in certificate.facts[:2])
        size = next(size for size in (11, 9, 7.5, 6) if self._fits(size, width) or size == 6)
        head = [_Text(certificate.title, 6.5, True, ACCENT), _Text(certificate.name, size, True)]
        y = self.lay(_Cell(width, [*head, _Text(facts, 6.5, color=MUTED)]), x, y) + 1
        more = 6.5 * POINT * LINE
        for place, row in enumerate(rows):
            lines = row.lines[:1] if len(rows) <= ROOMY else ()
            small = [_Text(line, 6, color=MUTED) for line in lines]
            cell = _Cell(width, [_Text(f"{row.day} · {row.title}", 7), *small])
            is_last = place == len(rows) - 1
            if y + self.height_of(cell) + (0 if is_last else more) > end:
                left = certificate.more(len(rows) - place)
                self.lay(_Cell(width, [_Text(left, 6.5, color=MUTED)]), x, y)
                return
            y = self.lay(cell, x, y) + 0.4
        if not rows:
            self.lay(_Cell(width, [_Text(certificate.nothing, 7)]), x, y)

    def _fits(self, size: float, width: float) -> bool:
        """Tell whether the name takes at most two lines of this size."""
        cell = _Cell(width, [_Text(self.certificate.name, size, True)])
        return self.height_of(cell) <= 2.1 * size * POINT * LINE

    def _back(self, code: Code, x: float, y: float) -> None:
        self.code(code, x + CARD_WIDTH - CARD_CODE_SIDE - 1, y + 5.5, CARD_CODE_SIDE)
        words = _Cell(
            CARD_WIDTH - CARD_CODE_SIDE - CARD_PADDING - 2,
            [_Text(code.title, 7, True), *(_Text(line, 6, color=MUTED) for line in code.lines)],
        )
        self.lay(words, x + CARD_PADDING, y + CARD_PADDING + 3)


def _code_words(code: Code, width: float) -> _Cell:
    lines = [_Text(line, 8, color=MUTED) for line in code.lines]
    stated = [_Text(f"{row.day} · {row.title}", 8.5) for row in code.rows]
    return _Cell(width, [_Text(code.title, 9.5, True), *lines, *stated])


def _parts(color: str) -> tuple[float, float, float]:
    red, green, blue = bytes.fromhex(color[1:])
    return red / 255, green / 255, blue / 255
