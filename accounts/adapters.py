"""How VaxPass bends django-allauth's account pages."""

from __future__ import annotations

import logging
import time
from typing import Any

from allauth.account import app_settings
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import demo_access, second_factor
from accounts.directory.pages import DirectoryPages
from accounts.models import User, mailbox, normalize_email
from accounts.oauth.tokens import revoke_of_users
from accounts.roles import PATIENT
from accounts.secrets import seal, unseal
from accounts.sign_in_limits import may_mail
from accounts.sign_in_log import log_password
from records.access import granted_to

# The account as it was when a sign-in began, whose steps may take a while.
BEGAN_WITH = "accounts.began_with"

logger = logging.getLogger(__name__)


class AccountAdapter(DirectoryPages):
    """Patients register alone; accounts of staff and services are made by user managers."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Let everybody register."""
        return True

    def clean_email(self, email: str) -> str:
        """Return the spelling under which an address is unique; refuse what no mail reaches."""
        mailbox(email)
        return normalize_email(super().clean_email(email))

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> User:
        """Save who has just registered, in the role of a patient and in no other.

        A button that is pressed twice registers twice at once: both get the same answer.
        """
        user.name = form.cleaned_data["name"]
        try:
            with transaction.atomic():
                saved: User = super().save_user(request, user, form, commit=True)
                saved.groups.set([Group.objects.get(name=PATIENT.name)])
        except IntegrityError:
            sent = HttpResponseRedirect(reverse("account_email_verification_sent"))
            raise ImmediateHttpResponse(sent) from None
        return saved

    def send_account_already_exists_mail(self, email: str) -> None:
        """Take as long as a new account takes, whose password is hashed, then tell its owner."""
        make_password(email)
        super().send_account_already_exists_mail(email)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Lead a patient without any record to the ways to one."""
        user: Any = request.user
        may_register = user.has_perm("records.register_own_record")
        if may_register and not second_factor.is_required(user) and not granted_to(user).exists():
            return reverse("registration")
        return str(super().get_login_redirect_url(request))

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Refuse who is no person or switched off, and demo accounts where they do not work."""
        if demo_access.is_refused(request, user):
            clear_login(request)
            messages.error(request, demo_access.refusal())
            return HttpResponseRedirect(reverse("account_login"))
        if user.kind != User.Kind.PERSON:
            clear_login(request)
            return self.respond_user_inactive(request, user)
        request.session[BEGAN_WITH] = user.get_session_auth_hash()
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def login(self, request: HttpRequest, user: Any) -> None:
        """Sign in, unless the password or a role went while the second factor was asked for."""
        if request.session.pop(BEGAN_WITH, None) != user.get_session_auth_hash():
            clear_login(request)
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))
        super().login(request, user)

    def should_send_confirmation_mail(
        self, request: HttpRequest, email_address: Any, signup: bool
    ) -> bool:
        """Mail who signs in unconfirmed a new link, but not without end; the page is the same."""
        return signup or may_mail(email_address.user)

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Tell the owner what has been done; that no mail can leave does not undo it."""
        try:
            super().send_notification_mail(*args, **kwargs)
        except OSError as error:
            logger.error("mail: a notice did not leave: %s", type(error).__name__)

    @transaction.atomic
    def set_password(self, user: Any, password: str) -> None:
        """Save a new password, changed or reset, note it, and end tokens as sessions end."""
        super().set_password(user, password)
        revoke_of_users([user.pk])
        log_password(user)

    def confirm_email(self, request: HttpRequest, email_address: Any) -> bool:
        """Confirm an address, unless another account has it that never confirmed it."""
        others = User.objects.exclude(pk=email_address.user_id)
        if others.filter(email_normalized=normalize_email(email_address.email)).exists():
            return False
        with transaction.atomic():
            return bool(super().confirm_email(request, email_address))

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Take a sign-in of the last minutes for a reauthentication, as it asked for the same."""
        user = self.request.user
        methods = {"mfa"} if second_factor.factors(user) else {"password", "mfa"}
        since = time.time() - app_settings.REAUTHENTICATION_TIMEOUT
        records = get_authentication_records(self.request, user)
        if any(r["method"] in methods and r["at"] > since for r in records):
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Offer the password only to who has no second factor: with one, it proves too little."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if second_factor.factors(user):
            methods = [method for method in methods if method["id"] != "reauthenticate"]
        return [{**method, "description": WAYS[method["id"]]} for method in methods]


WAYS = {
    "reauthenticate": _("Use your password"),
    "mfa_reauthenticate": _("Use a code"),
    "mfa_reauthenticate:webauthn": _("Use a passkey"),
}


class MFAAdapter(DefaultMFAAdapter):
    """Keeps secrets encrypted, and a second factor with who needs one."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": _(
            "Your role needs a second factor. Add another one before you remove this one."
        ),
        "incorrect_code": _("That did not work. Try again with a new code."),
        "unverified_email": _("Confirm your e-mail address first."),
    }

    def is_mfa_enabled(self, user: Any, types: Any = None) -> bool:
        """Tell whether an account has an authenticator, of these types if some are named.

        The account of a request knows its own: allauth asks up to eight times for one page.
        """
        known = getattr(user, "second_factor", None)
        if known is None:
            return bool(super().is_mfa_enabled(user, types))
        return any(types is None or kind in types for kind in known.authenticators.values())

    def encrypt(self, text: str) -> str:
        """Encrypt the secret of an authenticator app or the seed of recovery codes."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Undo `encrypt`."""
        return unseal(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Keep the last factor of who needs one."""
        return second_factor.may_remove(authenticator)

    def _get_site_name(self) -> str:
        return "VaxPass"

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:
        """Return the name that a new passkey gets unless its owner chooses one."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return str(_("Passkey %(number)d") % {"number": count + 1})
