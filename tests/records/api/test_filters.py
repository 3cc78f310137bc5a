"""Filters of lists."""

import pytest
from django import forms

from records.api.filters import FlagField


@pytest.mark.parametrize(("word", "meant"), [("true", True), ("false", False), ("", None)])
def test_flag_is_true_or_false_or_not_asked(word, meant):
    assert FlagField(required=False).clean(word) is meant


@pytest.mark.parametrize("word", ["True", "1", "yes", "null", "true "])
def test_other_words_are_refused(word):
    with pytest.raises(forms.ValidationError):
        FlagField(required=False).clean(word)
