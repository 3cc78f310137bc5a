"""Django application of the accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, roles and everything a person does before they reach a record."""

    name = "accounts"
    verbose_name = "Accounts"
