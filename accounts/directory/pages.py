"""What the account pages refuse to accounts of the directory, which keeps password and address."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.sign_in_limits import forgive_password

PATH = "accounts.directory.backend.DirectoryBackend"


class DirectoryPages(DefaultAccountAdapter):
    """Leaves the accounts of the directory to the directory; others do not notice it."""

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Let an account of the directory in only after the directory was asked.

        A passkey alone would still open the account of who has left.
        """
        if user.in_directory and getattr(user, "backend", "") != PATH:
            clear_login(request)
            messages.error(request, _("Sign in with the password of your organisation."))
            return HttpResponseRedirect(reverse("account_login"))
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def clean_password(self, password: str, user: Any = None) -> str:
        """Refuse a new password for an account of the directory, but give the lost tries back.

        Who gets here has proven the account: by its session, or by a link from its mailbox. That
        link is the way in for an owner whom somebody locked out.
        """
        if getattr(user, "in_directory", False):
            forgive_password(user)
            raise ValidationError(
                _(
                    "Your organisation keeps this password; it cannot be changed here. If wrong"
                    " passwords had locked the account, you can now sign in again."
                )
            )
        cleaned: str = super().clean_password(password, user)
        return cleaned

    def clean_email(self, email: str) -> str:
        """Refuse another address: under it, the entry would come back as a second account."""
        if getattr(getattr(self.request, "user", None), "in_directory", False):
            raise ValidationError(_("The address of this account comes from your organisation."))
        cleaned: str = super().clean_email(email)
        return cleaned
