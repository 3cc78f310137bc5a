"""How VaxPass bends django-allauth's account pages."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by user managers; nobody registers alone yet."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Keep the registration page closed."""
        return False
