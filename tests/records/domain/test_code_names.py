"""Names of the codes that signed codes hold."""

import pytest

from records.domain import reference
from records.domain.code_names import code_names
from tests.records import factories as make
from tests.records import issuer

pytestmark = pytest.mark.django_db


def test_names_come_from_the_reference_tables():
    make.make_vaccine(cvx_code="207", short_name="Covax mRNA")
    product = issuer.product(name="Comirnaty")

    names = code_names()

    assert names.vaccines["207"] == "Covax mRNA"
    assert names.products[product.code] == "Comirnaty"
    assert names.holders["ORG-100030215"] == "Biontech Manufacturing GmbH"
    assert names.prophylaxis["J07BX03"] == "covid-19 vaccines"
    assert names.diseases["14189004"] == "Measles"


def test_retired_vaccine_keeps_its_name():
    vaccine = make.make_vaccine(cvx_code="207", short_name="Covax mRNA")
    reference.retire(
        by=make.system(),
        record=vaccine,
        version=vaccine.version,
        reason="No longer made",
        retired_on=make.days_ago(1),
    )
    assert code_names().vaccines["207"] == "Covax mRNA"


def test_names_take_two_queries(django_assert_num_queries):
    make.make_vaccine()
    with django_assert_num_queries(2):
        code_names()
