"""Codes that people type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.codecs.claim_codes import ALPHABET, LENGTH, new_code, read_code, show_code

codes = st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH)


def test_new_codes_differ_and_can_be_read():
    made = {new_code() for _ in range(1000)}

    assert len(made) == 1000
    assert all(read_code(code) == code for code in made)


def test_alphabet_leaves_out_what_looks_alike():
    assert len(set(ALPHABET)) == 32
    assert not set("ILOU") & set(ALPHABET)


@given(codes)
def test_printed_code_is_read_back(code):
    assert read_code(show_code(code)) == code


@given(codes, st.sampled_from("oO"), st.sampled_from("iIlL"))
def test_code_is_read_however_it_is_typed(code, nought, one):
    typed = show_code(code).lower().replace("0", nought).replace("1", one).replace("-", " - ")

    assert read_code(f"  {typed} ") == code


@pytest.mark.parametrize(
    "text", ["", "7QK2-M9XD", "7QK2-M9XD-0RTA-1", "UUUU-UUUU-UUUU", "7QK2-M9XD-0RT!", "é" * 12]
)
def test_what_cannot_be_a_code_is_none(text):
    assert read_code(text) == ""
