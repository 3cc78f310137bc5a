"""What is written down stays English, whatever the language of who writes it."""

import re

import pytest
from django.utils import translation
from django.utils.functional import Promise

from tests.records.domain.operation import Operation
from tests.records.domain.operations import OPERATIONS, by_whom, everything

pytestmark = pytest.mark.django_db

ARABIC = re.compile("[\u0600-\u06ff]")


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_write_in_arabic_leaves_no_arabic_word(operation: Operation) -> None:
    given = operation.given()
    by = by_whom(operation, given)
    with translation.override("ar"):
        operation.function(by=by, **given)
        assert ARABIC.search(str(translation.gettext("Say why.")))

    values = [value for rows in everything().values() for row in rows for value in row]
    assert not [value for value in values if isinstance(value, Promise)]
    assert not ARABIC.search(repr(values))
