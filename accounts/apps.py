"""Django application of the accounts."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Users, roles and everything a person does before they reach a record."""

    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """Connect the receivers of signals and let names of models be translated."""
        from accounts import second_factor, sessions, sign_in_limits, sign_in_log  # noqa: F401
        from accounts.oauth import schema  # noqa: F401
        from records.wording import translate_names

        sign_in_log.connect()
        translate_names(self)
