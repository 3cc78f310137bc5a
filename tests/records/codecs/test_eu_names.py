"""Names of the codes in EU certificates."""

from records.codecs.eu_names import eu_names


def test_names_of_a_value_set_are_its_own():
    assert eu_names("disease") == {"840539006": "COVID-19"}
    assert eu_names("manufacturer")["ORG-100030215"] == "Biontech Manufacturing GmbH"
    assert "ORG-100030215" not in eu_names("prophylaxis")


def test_withdrawn_code_keeps_its_name():
    assert eu_names("prophylaxis")["J07BX03"] == "covid-19 vaccines"


def test_unknown_value_set_has_no_names():
    assert eu_names("colours") == {}
