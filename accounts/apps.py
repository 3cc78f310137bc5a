"""Django application of the accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, roles and everything a person does before they reach a record."""

    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        """Connect the receivers of signals."""
        from accounts import second_factor, sessions, sign_in_limits, sign_in_log  # noqa: F401
        from accounts.oauth import schema  # noqa: F401

        sign_in_log.connect()
