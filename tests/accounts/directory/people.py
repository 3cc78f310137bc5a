"""Ways of people of a directory into the site."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from tests.accounts.signing_in import LOGIN, is_signed_in

PASSWORD = "the password in the directory"


def sign_in(client: Client, address: str, password: str) -> Any:
    """Fill in the sign-in form."""
    return client.post(LOGIN, {"login": address, "password": password})


def gets_in(address: str, password: str = PASSWORD) -> bool:
    client = Client()
    sign_in(client, address, password)
    return is_signed_in(client)


def roles_of(address: str) -> set[str]:
    return set(Group.objects.filter(user__email_normalized=address).values_list("name", flat=True))


def give(user: User, role: str) -> None:
    user.groups.add(Group.objects.get(name=role))
