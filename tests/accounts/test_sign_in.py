"""The sign-in page."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from tests.records.factories import make_user

pytestmark = pytest.mark.django_db

PAGE = "/accounts/login/"


def test_password_follows_the_address_without_a_link_between(client: Client) -> None:
    page = client.get(PAGE).content.decode()
    address, password = page.index('name="login"'), page.index('name="password"')
    assert address < password < page.index("Forgot your password?")


def test_end_of_a_session_is_explained_to_whoever_is_sent_here(client: Client) -> None:
    sent = client.get(client.get("/clinic/")["Location"]).content.decode()
    assert "your session has ended" in sent
    assert "your session has ended" not in client.get(PAGE).content.decode()


@pytest.mark.parametrize("target", ["https://other.example/", "//other.example/"])
def test_sign_in_leads_to_no_other_site(client: Client, target: str) -> None:
    user = make_user(password="a long password")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    data = {"login": user.email, "password": "a long password", "next": target}
    assert client.post(PAGE, data)["Location"] == "/"
