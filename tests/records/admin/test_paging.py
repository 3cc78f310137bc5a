"""Lists that nobody counts."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from records.admin import paging
from records.admin.paging import CappedPaginator
from records.models import Clinic
from tests.records import factories
from tests.records.admin.helpers import list_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make three clinics and a paginator that counts to two."""
    monkeypatch.setattr(paging, "COUNTED", 2)
    for _ in range(3):
        factories.make_clinic()


@pytest.mark.usefixtures("three")
def test_a_long_list_is_counted_to_its_cap_and_ends_there() -> None:
    with CaptureQueriesContext(connection) as queries:
        paginator = CappedPaginator(Clinic.objects.filter(code__gte=""), 1)
        assert (paginator.count, paginator.num_pages, paginator.is_capped) == (2, 2, True)
    assert len(queries) == 1
    assert "LIMIT 3" in queries[0]["sql"]
    assert paginator.shown_count == "more than 2"


def test_a_short_list_is_counted() -> None:
    factories.make_clinic()
    paginator = CappedPaginator(Clinic.objects.order_by("id"), 50)
    assert (paginator.count, paginator.shown_count, paginator.is_capped) == (1, "1", False)


@pytest.mark.usefixtures("three")
def test_the_list_says_that_there_is_more(page: Client) -> None:
    assert b"The first thousand can be paged through" in page.get(list_url(Clinic)).content


def test_a_page_that_is_none_leads_back_to_the_list(page: Client) -> None:
    for _ in range(51):
        factories.make_clinic()
    response = page.get(f"{list_url(Clinic)}?p=77")
    assert response.status_code == 302
