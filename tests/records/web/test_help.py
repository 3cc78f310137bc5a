"""Every page leads to help that is there, and anybody may read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.roles import ROLES
from records.web.help import PAGES, TOPICS, topic_of
from tests.matrix.expect import Api
from tests.matrix.table import PAGES as TABLE
from tests.records import factories as make

pytestmark = pytest.mark.django_db

# Of these areas each page belongs to a subject of its own; only the start page has none.
GENERAL = {"home", "styleguide", "help:index", "help:topic", "tour_done", "change_language"}


@pytest.mark.parametrize("slug", TOPICS)
def test_topic_is_readable_signed_out_and_for_every_role(client: Client, slug: str) -> None:
    make.ensure_roles()
    address = reverse("help:topic", args=[slug])
    assert client.get(address).status_code == 200
    for role in ROLES:
        client.force_login(make.make_user(role.name))
        assert client.get(address).status_code == 200


def test_topic_that_there_is_not(client: Client) -> None:
    assert client.get("/help/nothing").status_code == 404


def test_every_text_is_a_topic_and_every_topic_is_led_to() -> None:
    folder = Path(settings.BASE_DIR) / "templates" / "help"
    texts = {path.stem for path in folder.glob("*.html")} - {"base", "index"}

    assert texts == set(TOPICS) == set(PAGES.values())


def pages() -> list[str]:
    """Return the names of all pages, without addresses that only lead on or answer programs."""
    names = (name for name, page in TABLE.items() if not isinstance(page, Api))
    return [name for name in names if not name.startswith(("admin/", "well_known:"))]


@pytest.mark.parametrize("name", pages())
def test_page_has_a_topic_of_its_subject(name: str) -> None:
    assert (topic_of(name) == "first-steps") == (name in GENERAL)


@pytest.mark.parametrize(
    ("role", "path", "topic"),
    [
        (None, "/accounts/login/", "account"),
        (None, "/verify/", "verify"),
        ("Patient", "/passport/", "passport"),
        ("Sales", "/relations/", "clinics"),
        ("Sales", "/admin/", "admin"),
        ("Logistics", "/admin/records/lot/", "supply"),
    ],
)
def test_page_links_to_its_topic(client: Client, role: str | None, path: str, topic: str) -> None:
    make.ensure_roles()
    if role:
        client.force_login(make.make_user(role, is_staff=role != "Patient"))
    assert f'href="/help/{topic}"' in client.get(path).text


def test_list_shows_every_topic(client: Client) -> None:
    shown = client.get("/help/").text
    assert all(f'href="/help/{slug}"' in shown for slug in TOPICS)


def test_volunteer_reads_the_steps_of_volunteers_only(client: Client) -> None:
    make.ensure_roles()
    client.force_login(make.make_volunteer_user(make.make_clinic()))
    shown = client.get("/help/first-steps").text
    assert "Start your shift" in shown
    assert "Manage accounts" not in shown
    assert "Keep the records" not in shown
