"""Lists and values in the language of the reader."""

import pytest
from django.utils import translation

from records.wording import isolated, listed


@pytest.mark.parametrize(
    ("language", "words"), [("en", "A, B"), ("es", "A, B"), ("ar", "A\N{ARABIC COMMA} B")]
)
def test_list_is_parted_as_the_language_does(language: str, words: str) -> None:
    with translation.override(language):
        assert listed(["A", "B"]) == words
        assert listed(["A"]) == "A"


def test_value_stands_between_marks_of_its_direction() -> None:
    assert isolated("12-34") == "\N{FIRST STRONG ISOLATE}12-34\N{POP DIRECTIONAL ISOLATE}"
    assert isolated("") == ""
