"""Reading the barcode of a vial."""

import contextlib
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.codecs.gs1 import LONGEST, NotAVial, Vial, read_vial

GTIN = "06141410000038"
VIAL = Vial("AB12", dt.date(2027, 12, 31))


@pytest.mark.parametrize(
    "text",
    [
        f"01{GTIN}1727123110AB12",
        f"01{GTIN}10AB12\x1d17271231",
        f"01{GTIN}17271231\x1d10AB12",
        f"]d201{GTIN}1727123110AB12",
        f"]C101{GTIN}1727123110AB12\r\n",
        f"(01){GTIN}(17)271231(10)AB12",
        f"01{GTIN}1727120010AB12",
        f"01{GTIN}172712312142SERIAL\x1d10AB12",
    ],
    ids=["last", "separated", "mark", "datamatrix", "gs1-128", "printed", "month", "serial"],
)
def test_code_of_a_vial_is_read(text):
    assert read_vial(text) == VIAL


def test_code_of_the_lot_alone_is_read():
    assert read_vial("10AB12") == Vial("AB12")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "AB12",
        "https://example.org",
        f"01{GTIN}17271231",
        f"01{GTIN[:-1]}710AB12",
        f"01{GTIN}1727133110AB12",
        "10AB12\x1d10CD34",
        "]",
        "(10)",
        "10" + "A" * LONGEST,
        "10\N{ARABIC-INDIC DIGIT ONE}",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(NotAVial):
        read_vial(text)


@given(st.text(max_size=60) | st.text("01()]\x1d7A", max_size=40))
def test_no_text_does_more_harm_than_being_refused(text):
    with contextlib.suppress(NotAVial):
        assert read_vial(text).lot_number
