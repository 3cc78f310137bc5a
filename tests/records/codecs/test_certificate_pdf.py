"""Certificates on paper, read back as text and as pictures."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from django.conf import settings

from records.codecs import certificate_pdf as pdf
from records.codecs import qr
from tests.records.codecs.printed import codes_on, pages_of, scale_of, text_of

FONTS = Path(settings.VAR_DIR) / "frontend" / "print"
LETTERS = {
    "Arabic": "محمد بن عبد الله",
    "Greek": "Παπαδόπουλος",
    "Vietnamese": "Nguyễn Thị Thuỳ Dương",
    "Cyrillic": "Дмитрий Щёголев",
    "Polish": "Łucja Żółć",
}
SIZES = [pdf.a4, pdf.card]
pytestmark = pytest.mark.skipif(
    not (FONTS / pdf.REGULAR).is_file(), reason="scripts/frontend did not bring the fonts"
)


def rows(count: int) -> tuple[pdf.Row, ...]:
    return tuple(
        pdf.Row(f"{number + 1} May 2026", f"Vaccine {number}", (f"Lot L{number}Q",), "Harbour")
        for number in range(count)
    )


def certificate(**fields: Any) -> pdf.Certificate:
    known: dict[str, Any] = {
        "title": "Vaccination certificate",
        "language": "en",
        "is_rtl": False,
        "name": "Ada Okonkwo",
        "facts": (("Date of birth", "2 April 1986"), ("As of", "21 May 2026"), ("Doses", "2")),
        "columns": ("Day", "Vaccine", "Place"),
        "rows": rows(2),
        "nothing": "No vaccination yet",
        "codes_title": "Signed codes",
        "codes": (),
        "picture": "QR code",
        "notes": ("A note.",),
        "card_notes": ("Print at actual size.",),
        "page": "Page %(page)s of %(pages)s",
        "more": lambda count: f"and {count} more",
        "unprintable": "Letters are missing.",
    }
    return pdf.Certificate(**known | fields)


def code(text: str, stated: int = 1) -> pdf.Code:
    return pdf.Code(text, "SMART Health Card", ("Issued on 3 May 2026",), rows(stated))


@pytest.mark.parametrize("draw", SIZES)
def test_certificate_says_whose_it_is_and_each_dose(draw: Callable[..., bytes]) -> None:
    text = text_of(draw(certificate(), FONTS))

    for words in (
        "Vaccination certificate",
        "Ada Okonkwo",
        "2 April 1986",
        "21 May 2026",
        "Vaccine 1",
        "Lot L1Q",
        "Page 1 of 1",
    ):
        assert words in text


@pytest.mark.parametrize("draw", SIZES)
def test_document_names_its_title_and_language(draw: Callable[..., bytes]) -> None:
    written = draw(certificate(language="es"), FONTS)

    assert b"/Lang (es)" in written
    assert pypdfium2.PdfDocument(written).get_metadata_dict()["Title"] == "Vaccination certificate"


@pytest.mark.parametrize("name", LETTERS.values(), ids=LETTERS)
@pytest.mark.parametrize("draw", SIZES)
def test_names_of_many_scripts_are_printed(draw: Callable[..., bytes], name: str) -> None:
    text = text_of(draw(certificate(name=name), FONTS))

    assert name in text
    assert pdf.ABSENT not in text
    assert "Letters are missing" not in text


@pytest.mark.parametrize("draw", SIZES)
@pytest.mark.parametrize("name", ["王小明", "कुमार", "Ada 🙂"])
def test_letters_that_the_font_lacks_are_told(draw: Callable[..., bytes], name: str) -> None:
    text = text_of(draw(certificate(name=name), FONTS))

    assert pdf.ABSENT in text
    assert "Letters are missing." in text


def test_letters_missing_in_a_dose_are_told() -> None:
    row = pdf.Row("1 May 2026", "MMR", (), "上海")

    assert "Letters are missing." in text_of(pdf.a4(certificate(rows=(row,)), FONTS))


def test_name_in_composed_or_decomposed_letters_prints_alike() -> None:
    assert "Zoë" in text_of(pdf.a4(certificate(name="Zoe\u0308"), FONTS))


def test_forty_doses_fill_pages_that_say_whose_they_are() -> None:
    written = pdf.a4(certificate(rows=rows(40)), FONTS)
    # Where a page is sparse, the reader takes its lines for columns.
    texts = ["".join(text.split()) for text in pages_of(written)]

    assert len(texts) > 1
    for number, text in enumerate(texts, 1):
        assert "AdaOkonkwo" in text
        assert f"Page{number}of{len(texts)}" in text
        assert "DayVaccinePlace" in text
    for number in range(40):
        assert sum(text.count(f"LotL{number}Q") for text in texts) == 1


def test_card_says_how_many_doses_it_has_no_room_for() -> None:
    written = pdf.card(certificate(rows=rows(40)), FONTS)
    [text] = pages_of(written)

    shown = len(set(re.findall(r"Vaccine \d+", text)))
    assert 4 < shown < 40
    assert f"and {40 - shown} more" in text


@pytest.mark.parametrize("draw", SIZES)
def test_very_long_name_is_printed_whole(draw: Callable[..., bytes]) -> None:
    name = " ".join(f"Featherstonehaugh{number}" for number in range(9))

    text = " ".join(text_of(draw(certificate(name=name), FONTS)).split())

    assert name in text
    assert "Vaccine 0" in text


@pytest.mark.parametrize("draw", SIZES)
def test_codes_are_read_from_the_page(draw: Callable[..., bytes]) -> None:
    texts = ["shc:/" + "5676" * 250, "HC1:" + "6BFOXN" * 60, "shc:/" + "2909" * 90]

    written = draw(certificate(codes=tuple(map(code, texts))), FONTS)

    assert sorted(codes_on(written)) == sorted(texts)


def test_codes_are_described_for_who_cannot_see_them() -> None:
    written = pdf.a4(certificate(codes=(code("shc:/5676"),)), FONTS)

    assert "QR code: SMART Health Card".encode("utf-16-be") in written or (
        b"QR code: SMART Health Card" in written
    )


def test_card_is_as_large_as_a_bank_card() -> None:
    """Format ID-1 of ISO/IEC 7810, front and back, and the code at the size that scans."""
    assert (pdf.CARD_WIDTH, pdf.CARD_HEIGHT) == (85.6, 54.0)
    assert 2 * pdf.CARD_WIDTH < 210
    largest = qr.LARGEST_VERSION * 4 + 17 + 2 * qr.QUIET
    assert pdf.CARD_CODE_SIDE / largest > 0.37  # millimetres a module


def test_each_code_gets_a_card_with_what_it_states() -> None:
    codes = (code("shc:/5676", 1), code("shc:/2909", 2))

    text = text_of(pdf.card(certificate(rows=rows(9), codes=codes), FONTS))

    assert text.count("Ada Okonkwo") == 3  # two cards and the foot of the page
    assert text.count("Vaccine 0") == 2
    assert "Vaccine 5" not in text


@pytest.mark.parametrize("draw", SIZES)
def test_page_of_a_language_from_right_to_left_starts_at_the_right(
    draw: Callable[..., bytes],
) -> None:
    written = certificate(title="شهادة التطعيم", name=LETTERS["Arabic"])
    turned = replace(written, language="ar", is_rtl=True)

    left, right = (scale_of(draw(each, FONTS), LETTERS["Arabic"]) for each in (written, turned))

    assert left < right


@pytest.mark.parametrize("draw", SIZES)
def test_record_without_doses_says_so(draw: Callable[..., bytes]) -> None:
    assert "No vaccination yet" in text_of(draw(certificate(rows=()), FONTS))


@pytest.mark.parametrize("draw", SIZES)
@pytest.mark.parametrize("number", ["12-34", "9K24M", "EL-0140/B"])
def test_lot_number_beside_arabic_is_printed_as_on_the_vial(
    draw: Callable[..., bytes], number: str
) -> None:
    lines = (f"\u2068Pfizer, Inc.\u2069 \u00b7 التشغيلة \u2068{number}\u2069",)
    row = pdf.Row("1 مايو 2026", "لقاح الحصبة", lines, "Harbour")

    written = draw(certificate(language="ar", is_rtl=True, rows=(row,)), FONTS)

    assert number in text_of(written)
    assert scale_of(written, number) < scale_of(written, "التشغيلة") < scale_of(written, "Pfizer")


def test_number_of_pages_stands_beside_its_word_in_arabic() -> None:
    page = "الصفحة %(page)s من %(pages)s"

    written = pdf.a4(certificate(language="ar", is_rtl=True, page=page), FONTS)

    assert "من 1" in text_of(written)
