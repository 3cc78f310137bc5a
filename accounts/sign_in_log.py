"""The audit of sign-ins: who came in, who failed, and what changed about how somebody comes in.

Django and allauth tell of each by a signal. A receiver that cannot write raises: a sign-in that
cannot be audited does not happen, because Django saves no session of a request that failed.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from allauth.account import signals as account_signals
from allauth.core import context
from allauth.mfa import signals as mfa_signals
from allauth.mfa.models import Authenticator
from django.contrib.auth import signals as auth_signals
from django.db.models.signals import post_delete, post_save

from accounts.models import User, normalize_email
from records.domain.account_log import log_account, log_stranger
from records.domain.limits import Limit, is_news

# What people do with their own account: the signal, and the entry that it leaves.
OWN_ACTS = (
    (auth_signals.user_logged_in, "user.signed_in"),
    (auth_signals.user_logged_out, "user.signed_out"),
    (account_signals.user_signed_up, "user.signed_up"),
    (account_signals.email_added, "user.email_added"),
    (account_signals.email_changed, "user.email_changed"),
    (account_signals.email_removed, "user.email_removed"),
    (account_signals.email_confirmed, "user.email_confirmed"),
    (mfa_signals.authenticator_used, "user.second_factor_used"),
)


def connect() -> None:
    """Begin to listen; called once, when the applications are ready."""
    for signal, action in OWN_ACTS:
        signal.connect(partial(_own_act, action), weak=False, dispatch_uid=f"audit {action}")
    auth_signals.user_login_failed.connect(_password_failed)
    mfa_signals.authentication_failed.connect(_second_factor_failed)
    # allauth tells of these only after the transaction; the rows themselves tell within it.
    post_save.connect(_second_factor_saved, sender=Authenticator)
    post_delete.connect(_second_factor_removed, sender=Authenticator)


def log_password(user: Any) -> None:
    """Note a new password: changed by its owner who was signed in, or reset through a mail.

    Call it in the transaction that saves the password.
    """
    request = context.request
    signed_in = request is not None and request.user.pk == user.pk
    action = "user.password_changed" if signed_in else "user.password_reset"
    log_account(by=user, user=user, action=action, fields=["password"])


def log_lock_out(*, limit: Limit, kind: str, subject: str) -> None:
    """Note that ``subject`` has no try left, once while that lasts.

    ``kind`` is ``address``, ``user`` (the subject is a primary key) or ``network``.
    """
    if not is_news(limit=limit, subject=subject):
        return
    action, fields = "user.locked_out", [limit.scope]
    if kind == "network":
        log_stranger(kind=kind, name=subject, action="network.locked_out", fields=fields)
    elif kind == "user":
        _log_failure(User.objects.get(pk=subject), action, fields)
    else:
        _log_address(subject, action, fields)


def _own_act(
    action: str,
    user: Any = None,
    email_address: Any = None,
    authenticator: Any = None,
    **_: Any,
) -> None:
    user = user or (email_address and email_address.user)
    if user is None or not user.is_authenticated:  # the end of an anonymous session
        return
    fields = [authenticator.type] if authenticator else ["email"] if email_address else []
    log_account(by=user, user=user, action=action, fields=fields)


def _password_failed(credentials: dict[str, Any], **_: Any) -> None:
    address = credentials.get("email") or credentials.get("username") or ""
    _log_address(address, "user.sign_in_failed", ["password"])


def _second_factor_failed(user: Any, authenticator: Any, **_: Any) -> None:
    _log_failure(user, "user.second_factor_failed", [authenticator.type])


def _second_factor_saved(instance: Any, created: bool, **_: Any) -> None:
    if created:
        _log_second_factor(instance, "user.second_factor_added")


def _second_factor_removed(instance: Any, **_: Any) -> None:
    _log_second_factor(instance, "user.second_factor_removed")


def _log_second_factor(authenticator: Any, action: str) -> None:
    """Whoever is signed in did it, be it to their own account or as a user manager."""
    by = getattr(context.request, "user", None)
    if by is not None and by.is_authenticated:
        log_account(by=by, user=authenticator.user, action=action, fields=[authenticator.type])


def _log_address(address: str, action: str, fields: list[str]) -> None:
    user = User.objects.filter(email_normalized=normalize_email(address)).first()
    if user is not None:
        _log_failure(user, action, fields)
    else:
        log_stranger(kind="address", name=address, action=action, fields=fields)


def _log_failure(user: Any, action: str, fields: list[str]) -> None:
    """Whoever failed is not known, so nobody but VaxPass itself is the actor."""
    log_account(by=User.objects.system(), user=user, action=action, fields=fields)
