"""Which language is read: the reader's choice, else the cookie, else what the browser asks for."""

from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts import managing
from accounts.languages import choose_language
from accounts.roles import DBA, USER_MANAGER
from records.models import AuditEntry
from tests.records import factories as make

pytestmark = pytest.mark.django_db

SPANISH = {"accept-language": "es-MX,es;q=0.9,en;q=0.5"}


def language_of(client: Client, path: str = "/verify/", **headers: Any) -> str:
    """Return the language and direction that a page says it is in."""
    text = client.get(path, **headers).content.decode()
    start = text.index("<html ")
    return text[start : text.index(">", start)].removeprefix("<html ")


def test_language_is_what_the_browser_asks_for(client: Client) -> None:
    assert language_of(client, headers=SPANISH) == 'lang="es" dir="ltr"'
    assert language_of(client, headers={"accept-language": "ar"}) == 'lang="ar" dir="rtl"'
    assert language_of(client, headers={"accept-language": "fi"}) == 'lang="en" dir="ltr"'


def test_choice_of_a_visitor_goes_before_the_browser(client: Client) -> None:
    came_from = {"referer": "http://testserver/verify/?from=help"}
    answer = client.post(reverse("change_language"), {"language": "ar"}, headers=came_from)

    assert (answer.status_code, answer["Location"]) == (302, came_from["referer"])
    assert client.cookies[settings.LANGUAGE_COOKIE_NAME]["httponly"]
    assert language_of(client, headers=SPANISH) == 'lang="ar" dir="rtl"'


def test_choice_of_an_account_goes_before_the_cookie(client: Client) -> None:
    user = make.make_user()
    client.force_login(user)
    client.post(reverse("change_language"), {"language": "es"})
    elsewhere = Client()
    elsewhere.force_login(user)
    elsewhere.cookies[settings.LANGUAGE_COOKIE_NAME] = "ar"

    user.refresh_from_db()
    assert user.language == "es"
    assert language_of(elsewhere) == 'lang="es" dir="ltr"'
    [entry] = AuditEntry.objects.filter(action="user.changed")
    assert (entry.actor, entry.fields) == (user, ["language"])


def test_choosing_the_same_language_again_leaves_no_trace() -> None:
    user = make.make_user()
    choose_language(by=user, language="ar")
    choose_language(by=user, language="ar")

    assert AuditEntry.objects.filter(action="user.changed").count() == 1


def test_language_that_is_not_offered_changes_nothing(client: Client) -> None:
    user = make.make_user()
    client.force_login(user)
    client.post(reverse("change_language"), {"language": "xx"})

    user.refresh_from_db()
    assert user.language == ""
    assert language_of(client) == 'lang="en" dir="ltr"'


def test_choice_never_leads_to_another_site(client: Client) -> None:
    there = {"language": "es", "next": "https://elsewhere.example/"}

    assert client.post(reverse("change_language"), there)["Location"] == "/"


def test_every_page_offers_every_language_in_itself(client: Client) -> None:
    text = client.get("/verify/", headers=SPANISH).content.decode()

    assert {code for code, _name in settings.LANGUAGES} == {"en", "es", "ar"}
    for code, name in (("en", "English"), ("es", "Español"), ("ar", "العربيّة")):
        assert f'value="{code}" lang="{code}"' in text
        assert f"<bdi>{name}</bdi>" in text


def test_admin_offers_the_languages(client: Client) -> None:
    client.force_login(make.make_user(DBA.name))

    assert reverse("change_language") in client.get("/admin/").content.decode()


def test_mail_is_in_the_language_of_its_receiver(
    django_capture_on_commit_callbacks: Any,
) -> None:
    manager = make.make_user(USER_MANAGER.name)
    user = make.make_user()
    choose_language(by=manager, language="es")
    choose_language(by=user, language="ar")
    with django_capture_on_commit_callbacks(execute=True):
        managing.reset_second_factor(by=manager, user=user)

    [letter] = mail.outbox
    assert "second factor" not in letter.subject
    assert not letter.subject.isascii()
