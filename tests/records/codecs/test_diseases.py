"""Names of diseases."""

from records.codecs.diseases import disease_name


def test_shipped_code_has_its_name():
    assert disease_name("14189004") == "Measles"


def test_unknown_code_is_shown_as_it_is():
    assert disease_name("1") == "SNOMED CT 1"
