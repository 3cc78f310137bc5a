"""How often a password, a code or a mail may be tried or asked for: one table for every page.

The counters are rows (``records.domain.limits``); allauth's own, which live in the cache only,
are off. A try is counted before the page looks at any secret. Everything that is refused gets
one and the same page, whether or not an account exists.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import math
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.stagekit import unstash_login
from allauth.account.models import EmailAddress
from allauth.account.signals import (
    authentication_step_completed,
    password_changed,
    password_reset,
)
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_used
from allauth.mfa.totp.internal.auth import TOTP
from django.core.exceptions import ValidationError
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from accounts.models import mailbox
from accounts.sign_in_log import log_lock_out
from records.domain.errors import TooManyAttempts
from records.domain.limits import Limit, forgive, spend

QUARTER = dt.timedelta(minutes=15)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)

PASSWORD = (Limit("password.account", 10, QUARTER), Limit("password.account_day", 100, DAY))
SECOND_FACTOR = (
    Limit("second_factor.account", 5, QUARTER),
    Limit("second_factor.account_day", 20, DAY),
)
MAIL = (Limit("mail.account", 5, HOUR),)
# Not counted with the above: a registration that fails sends no mail and would use them up.
SIGN_UP = (Limit("sign_up.account", 5, HOUR),)
SIGN_IN_NETWORK = (Limit("sign_in.network", 100, QUARTER),)
MAIL_NETWORK = (Limit("mail.network", 30, HOUR),)

LONGEST = 320  # characters that a form takes for an address

Subject = Callable[[HttpRequest], str]


def network(request: HttpRequest) -> str:
    """Return the IPv4 address, or the /64 of the IPv6 address, from which a request came."""
    address = ipaddress.ip_address(get_adapter().get_client_ip(request))
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((address, 64), strict=False))
    return str(address)


def typed(field: str) -> Subject:
    """Return the subject that stands in a field of the form: an address, known or not."""
    return lambda request: request.POST.get(field, "").strip()[:LONGEST]


def typed_mailbox(request: HttpRequest) -> str:
    """Return the mailbox that a mail would reach; nothing for what is no address.

    Spelled so that folding makes no two of them equal: mails to ``ada@exámple.org`` must not use
    up those of ``ada@example.org``, which are the way in for an owner who is locked out.
    """
    try:
        return mailbox(typed("email")(request))
    except ValidationError:
        return ""


def own_address(request: HttpRequest) -> str:
    """Return the address of whoever is signed in: the same subject as at the sign-in."""
    return getattr(request.user, "email", "")


def account(request: HttpRequest) -> str:
    """Return whose second step this is: signed in, or between password and second factor."""
    if request.user.is_authenticated:
        return str(request.user.pk)
    login = unstash_login(request, peek=True)
    return str(login.user.pk) if login and login.user else ""


Rule = tuple[tuple[Limit, ...], str, Subject]

FROM_NETWORK: Rule = (SIGN_IN_NETWORK, "network", network)
MAIL_FROM_NETWORK: Rule = (MAIL_NETWORK, "network", network)
TYPED_MAIL: Rule = (MAIL, "address", typed_mailbox)
TYPED_SIGN_UP: Rule = (SIGN_UP, "address", typed_mailbox)
OWN_MAIL: Rule = (MAIL, "address", own_address)
OWN_PASSWORD: Rule = (PASSWORD, "address", own_address)
CODE: Rule = (SECOND_FACTOR, "user", account)

# By view name. A page that is not here takes no secret that could be guessed and sends no mail;
# tests/accounts/test_sign_in_limits.py names those.
LIMITS: dict[str, tuple[Rule, ...]] = {
    "account_login": (FROM_NETWORK, (PASSWORD, "address", typed("login"))),
    "account_reauthenticate": (OWN_PASSWORD,),
    "account_change_password": (OWN_PASSWORD,),
    "mfa_authenticate": (CODE,),
    "mfa_reauthenticate": (CODE,),
    "mfa_reauthenticate_webauthn": (CODE,),
    "mfa_login_webauthn": (FROM_NETWORK,),
    "account_signup": (MAIL_FROM_NETWORK, TYPED_SIGN_UP),
    "account_reset_password": (MAIL_FROM_NETWORK, TYPED_MAIL),
    "account_email": (OWN_MAIL,),
    "account_email_verification_sent": (FROM_NETWORK, (MAIL, "user", account)),
    "account_confirm_login_code": (FROM_NETWORK,),
}


class SignInLimitsMiddleware:
    """Count what the table names before its page runs; answer 429 when nothing is left."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Count a request that submits something; GET shows a form and tries nothing."""
        if request.method in ("GET", "HEAD", "OPTIONS") or request.resolver_match is None:
            return None
        for limits, kind, find in LIMITS.get(request.resolver_match.view_name, ()):
            subject = find(request)
            if not subject:  # nothing was typed, or nobody is at this step: nothing is tried
                continue
            for limit in limits:
                try:
                    spend(limit=limit, subject=subject)
                except TooManyAttempts as error:
                    log_lock_out(limit=limit, kind=kind, subject=subject)
                    return too_many(request, error)
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer 429 as well for a limit that is counted inside a page."""
        return too_many(request, exception) if isinstance(exception, TooManyAttempts) else None


def too_many(request: HttpRequest, error: TooManyAttempts) -> HttpResponse:
    """Return the page that says how long to wait, and nothing of what was tried."""
    seconds = max(1, math.ceil(error.retry_after.total_seconds()))
    response = render(request, "429.html", {"minutes": math.ceil(seconds / 60)}, status=429)
    response["Retry-After"] = str(seconds)
    return response


def may_mail(user: Any) -> bool:
    """Count a mail that a sign-in sends to an unconfirmed address; tell whether it may leave."""
    try:
        for limit in MAIL:
            spend(limit=limit, subject=str(user.pk))
    except TooManyAttempts:
        return False
    return True


@receiver(authentication_step_completed)
def _password_was_right(user: Any, method: str, **_: Any) -> None:
    if method == "password":
        forgive_password(user)


@receiver(password_changed)
@receiver(password_reset)
def _password_is_new(user: Any, **_: Any) -> None:
    """The way in for an owner whom somebody locked out: the mailbox proves who it is."""
    forgive_password(user)


@receiver(authenticator_used)
def _code_was_right(user: Any, **_: Any) -> None:
    forgive_second_factor(user)


@receiver(post_delete, sender=Authenticator)
def _factor_is_gone(instance: Authenticator, **_: Any) -> None:
    """Whatever was guessed at opens nothing any more."""
    forgive_second_factor(instance.user)


def forgive_password(user: Any) -> None:
    """Give the account all tries at its password back, under each of its addresses."""
    addresses = set(EmailAddress.objects.filter(user=user).values_list("email", flat=True))
    for address in addresses | {user.email}:
        for limit in PASSWORD:
            forgive(limit=limit, subject=address)


def forgive_second_factor(user: Any) -> None:
    """Give the account all tries at its second factor back."""
    for limit in SECOND_FACTOR:
        forgive(limit=limit, subject=str(user.pk))


def _use_once(totp: TOTP, code: str) -> bool:
    """Tell whether an authenticator's code is used for the first time while it is valid."""
    periods = 2 * mfa_settings.TOTP_TOLERANCE + 2  # one more than any code lives
    once = Limit("totp.used", 1, dt.timedelta(seconds=periods * mfa_settings.TOTP_PERIOD))
    try:
        spend(limit=once, subject=f"{totp.instance.user_id}:{normalize_user_code(code)}")
    except TooManyAttempts:
        return False
    return True


# allauth remembers used codes in the cache alone, and shorter than they live: a code could be used
# twice with an emptied cache, and never while the cache is gone. It has no hook for this.
TOTP._mark_code_used = _use_once
