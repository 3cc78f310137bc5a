"""A clinic, somebody who works there, and how to look at an answer."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from records.models import Clinic
from tests.records.factories import make_clinic, make_volunteer_user


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic(name="Harbour Clinic")


@pytest.fixture
def volunteer(clinic: Clinic) -> Any:
    return make_volunteer_user(clinic)


@pytest.fixture
def at_work(client: Client, volunteer: Any) -> Client:
    """The client, signed in as the volunteer."""
    client.force_login(volunteer)
    return client


@pytest.fixture
def text_of() -> Callable[[HttpResponse], str]:
    """Return a function that gives a page without what differs from request to request."""

    def text(response: HttpResponse) -> str:
        page = response.content.decode()
        return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)

    return text
