"""Lists and values in the language of the reader."""

import pytest
from django.utils import translation

from records.wording import UNDONE, isolated, listed, reason_words


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


def test_reason_of_ours_is_translated_and_a_persons_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.wording.gettext", str.upper)

    assert reason_words(UNDONE) == UNDONE.upper()
    for typed in ("", "Undone", "Wrong patient"):
        assert reason_words(typed) == typed
