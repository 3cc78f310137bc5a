"""Accounts by invitation: a user manager names the address, its owner chooses the password.

The link is allauth's for a new password, so it works once and for ``PASSWORD_RESET_TIMEOUT``.
Whoever follows it has read the mail, which confirms the address.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import default_token_generator
from allauth.account.internal.flows.email_verification import verify_email
from allauth.account.models import EmailAddress
from allauth.account.signals import password_reset
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.languages import reading
from accounts.managing import add_user, require_other
from accounts.models import User, normalize_email
from records.domain.account_log import log_account

DAY = 24 * 60 * 60


@transaction.atomic
def invite(*, by: User, email: str, name: str, kind: str, groups: Collection[Group]) -> User:
    """Create an account and, for a person, mail the link by which its owner sets a password.

    Raises ``ValidationError`` for a taken address and ``PermissionDenied``.
    """
    user = add_user(by=by, email=email, name=name, kind=kind, groups=groups)
    if kind == User.Kind.PERSON:
        _send(by, user)
    return user


@transaction.atomic
def invite_again(*, by: User, user: User) -> None:
    """Mail a new link; the earlier ones stop working.

    Raises ``PermissionDenied`` for an account that needs none.
    """
    if not by.is_active or not by.has_perm("accounts.add_user"):
        raise PermissionDenied(_("This account invites nobody."))
    user = User.objects.select_for_update().get(pk=user.pk)
    require_other(by, user)
    require_waiting(user)
    user.set_unusable_password()
    user.save(update_fields=["password"])
    _send(by, user)


def is_waiting(user: User) -> bool:
    """Tell whether the owner of an account has yet to choose a password."""
    return (
        user.kind == User.Kind.PERSON
        and user.is_active
        and user.last_login is None
        and not user.has_usable_password()
    )


def require_waiting(user: User) -> None:
    """Raise ``PermissionDenied`` for an account that needs no invitation."""
    if not is_waiting(user):
        raise PermissionDenied(_("This account is in use."))


def _send(by: User, user: User) -> None:
    """Write the mail with a new link; it leaves once the account is there for good."""
    log_account(by=by, user=user, action="user.invited", fields=[])
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    adapter = get_adapter()
    context = {
        "by": by,
        "user": user,
        "url": adapter.get_reset_password_from_key_url(key),
        "days": settings.PASSWORD_RESET_TIMEOUT // DAY,
    }
    with reading(user):
        message = adapter.render_mail("account/email/invitation", user.email, context)
    transaction.on_commit(message.send)


@receiver(password_reset)
def _mailbox_is_proven(request: HttpRequest, user: User, **_: Any) -> None:
    """Confirm the address that the link was sent to, if it can have been sent to no other."""
    addresses = list(EmailAddress.objects.filter(user_id=user.pk))
    only = addresses[0] if len(addresses) == 1 else None
    if only and not only.verified and normalize_email(only.email) == user.email_normalized:
        verify_email(request, only)
