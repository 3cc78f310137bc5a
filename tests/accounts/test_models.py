"""Users: one account for each address, however it is written."""

from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client

from accounts.models import User, mailbox
from tests.accounts.signing_in import LOGIN, PASSWORD, SECURITY
from tests.records.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("fields", [["email"], ("name", "email"), None])
def test_new_address_takes_its_folded_twin_along(fields: list[str] | None) -> None:
    user = User.objects.create_user("old@example.org")
    user.email = "New@Example.org"
    user.save(update_fields=fields)
    assert User.objects.get_by_natural_key("new@example.org") == user
    assert not User.objects.filter(email_normalized="old@example.org").exists()


def test_name_is_one_line() -> None:
    user = make_user("Patient", name="Ada\r\nBcc: eve@example.org\u2028 King")

    assert user.name == "Ada Bcc: eve@example.org King"


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("Ada@Example.org", "ada@example.org"),
        ("ada@example\uff0eorg", "ada@example.org"),
        ("ada@ex\u00e1mple.org", "ada@xn--exmple-qta.org"),
    ],
)
def test_mailbox_is_where_the_mail_goes(email: str, expected: str) -> None:
    assert mailbox(email) == expected


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "ada @example.org",
        "ada@" + "\u00e9" * 60 + ".org",
        "ada@ex\u2100.org",
        "ada@example.org\u200b",
        "ada@example\u3002org",
    ],
)
def test_what_no_mail_reaches_is_no_mailbox(email: str) -> None:
    with pytest.raises(ValidationError):
        mailbox(email)


def test_saving_another_field_alone_leaves_the_address() -> None:
    user = User.objects.create_user("old@example.org")
    user.email, user.name = "new@example.org", "Ada"
    user.save(update_fields=["name"])
    user.refresh_from_db()
    assert (user.name, user.email_normalized) == ("Ada", "old@example.org")


def test_superuser_of_the_command_line_signs_in_without_a_mail_and_enrols(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    address = {"email": "Root@Example.org", "email_normalized": "root@example.org"}
    call_command("createsuperuser", interactive=False, stdout=StringIO(), **address)
    client.post(LOGIN, {"login": "root@example.org", "password": PASSWORD})
    assert client.get("/admin/")["Location"] == SECURITY


def test_other_accounts_confirm_their_address_first(client: Client) -> None:
    User.objects.create_user("new@example.org", PASSWORD)
    sent = client.post(LOGIN, {"login": "new@example.org", "password": PASSWORD})
    assert sent["Location"] == "/accounts/confirm-email/"
    assert not client.get("/").wsgi_request.user.is_authenticated
