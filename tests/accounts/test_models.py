"""Users: one account for each address, however it is written."""

import pytest

from accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("fields", [["email"], ("name", "email"), None])
def test_new_address_takes_its_folded_twin_along(fields: list[str] | None) -> None:
    user = User.objects.create_user("old@example.org")
    user.email = "New@Example.org"
    user.save(update_fields=fields)
    assert User.objects.get_by_natural_key("new@example.org") == user
    assert not User.objects.filter(email_normalized="old@example.org").exists()


def test_saving_another_field_alone_leaves_the_address() -> None:
    user = User.objects.create_user("old@example.org")
    user.email, user.name = "new@example.org", "Ada"
    user.save(update_fields=["name"])
    user.refresh_from_db()
    assert (user.name, user.email_normalized) == ("Ada", "old@example.org")
