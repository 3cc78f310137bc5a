"""Who must sign in with a second factor, and that a session of theirs has done so.

Asked anew on every request and answered from the database: a role that was given a minute ago
counts, and so does an authenticator that was taken away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, QuerySet
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from accounts import demo_access
from accounts.roles import ROLES
from records.domain.context import channel

STAFF_ROLES = frozenset(role.name for role in ROLES if role.is_staff)
# Recovery codes stand in for one of these and are none.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)

# What answers without a second factor: leaving, and proving or enrolling one.
# The last two look at no account.
ALWAYS = frozenset(
    {
        "account_logout",
        "admin:logout",
        "change_language",
        "help:index",
        "help:topic",
        "shared:link",
        "shared:file",
    }
)
PROVING = frozenset({"mfa_reauthenticate", "mfa_reauthenticate_webauthn"})
ENROLLING = frozenset(
    {
        "mfa_index",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "account_reauthenticate",
    }
)


@dataclass(frozen=True, slots=True)
class Known:
    """What was read together with the account of a request: its roles and authenticators."""

    in_staff: bool
    authenticators: dict[int, str]  # types by key


def is_required(user: Any) -> bool:
    """Tell whether this account may work only after a second factor: staff and superusers."""
    if user.is_superuser or user.is_staff:
        return True
    if known := getattr(user, "second_factor", None):
        return bool(known.in_staff)
    return bool(user.groups.filter(name__in=STAFF_ROLES).exists())


def with_factors(rows: QuerySet[Any], column: str) -> QuerySet[Any]:
    """Add ``in_staff`` and ``has_factor`` of the account in a column, for `is_lacking`."""
    owned = Authenticator.objects.filter(user=OuterRef(column), type__in=FACTORS)
    return rows.annotate(in_staff=in_staff_roles(column), has_factor=Exists(owned))


def in_staff_roles(column: str) -> Exists:
    """Return the condition that the account in a column has a role of staff."""
    return Exists(Group.objects.filter(user=OuterRef(column), name__in=STAFF_ROLES))


def is_lacking(user: Any, row: Any) -> bool:
    """Tell whether an account has no second factor and needs one, by a row of `with_factors`."""
    return not row.has_factor and (user.is_superuser or user.is_staff or row.in_staff)


def is_proven(request: HttpRequest) -> bool:
    """Tell whether this session was proven with an authenticator that the account still has."""
    user: Any = request.user
    used = {
        record["id"]
        for record in get_authentication_records(request, user)
        if record.get("method") == "mfa" and "id" in record
    }
    if known := getattr(user, "second_factor", None):
        return not used.isdisjoint(known.authenticators)
    return bool(used) and Authenticator.objects.filter(user_id=user.pk, pk__in=used).exists()


def factors(user: Any) -> set[str]:
    """Return the types of the account's own factors, recovery codes left out."""
    if known := getattr(user, "second_factor", None):
        return set(known.authenticators.values()) & set(FACTORS)
    rows = Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS)
    return set(rows.values_list("type", flat=True))


def may_remove(authenticator: Authenticator) -> bool:
    """Tell whether an authenticator may go: whoever needs a second factor keeps one."""
    if authenticator.type not in FACTORS or not is_required(authenticator.user):
        return True
    others = Authenticator.objects.filter(user_id=authenticator.user_id, type__in=FACTORS)
    return others.exclude(pk=authenticator.pk).exists()


class SecondFactorMiddleware(MiddlewareMixin):
    """Let staff do nothing before the session has a second factor.

    An account without an authenticator is led to enrol one, a session that was not proven with it
    (the role came later, say) is led to prove it. Programs get a 403 that says so.
    """

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Answer in place of the view, or let the request pass."""
        user: Any = request.user
        match = request.resolver_match
        name = match.view_name if match else ""
        if not user.is_authenticated or name in ALWAYS:
            return None
        if is_proven(request) or not is_required(user):
            return None
        if demo_access.is_let_in(request):
            return None
        owned = factors(user)
        if name in (PROVING if owned else ENROLLING):
            return None
        if channel.get() == "api":
            return _problem()
        if not owned:
            return HttpResponseRedirect(reverse("mfa_index"))
        return HttpResponseRedirect(_proving_page(request, owned))


def _proving_page(request: HttpRequest, owned: set[str]) -> str:
    """Return where the second factor is proven, and that it leads back."""
    by_code = Authenticator.Type.TOTP in owned
    page = reverse("mfa_reauthenticate" if by_code else "mfa_reauthenticate_webauthn")
    target = request.get_full_path() if request.method in ("GET", "HEAD") else "/"
    return f"{page}?{urlencode({REDIRECT_FIELD_NAME: target}, safe='/')}"


def _problem() -> JsonResponse:
    """Return the refusal for programs (RFC 9457)."""
    problem = {
        "type": "about:blank",
        "title": _("Forbidden"),
        "status": 403,
        "detail": _("This account needs a second factor. Sign in on a page first."),
    }
    return JsonResponse(problem, status=403, content_type="application/problem+json")


@receiver([authenticator_added, authenticator_reset, authenticator_removed])
def _ask_anew(request: HttpRequest, user: Any, **_: Any) -> None:
    """Forget what was read with the account: it has others now."""
    accounts: list[Any] = [user, request.user]
    for each in accounts:
        each.second_factor = None


@receiver([authenticator_added, authenticator_reset])
def _enrolled_is_proven(request: HttpRequest, user: Any, authenticator: Any, **_: Any) -> None:
    """Take the session that enrols an authenticator, and so has just used it, as proven."""
    if request.user.is_authenticated and request.user.pk == user.pk:
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)
