"""The apps that somebody let act for them, and how to end that."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from oauth2_provider.models import AccessToken

from accounts.oauth.models import Application
from accounts.oauth.scopes import SCOPES, scope_words
from accounts.oauth.tokens import revoke_of_application
from records.domain.account_log import log_account


@require_safe
def connected_apps(request: HttpRequest) -> HttpResponse:
    """List the apps that have tokens of whoever is signed in, with what they may do."""
    apps = _connected(request.user).annotate(latest=Max("accesstoken__created"))
    rows = [(app, _allowed(request.user, app)) for app in apps.order_by("name", "id")]
    return render(request, "oauth/connected_apps.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
def disconnect(request: HttpRequest, id: Any) -> HttpResponse:
    """Ask, then end all tokens that the app has of whoever is signed in."""
    app = get_object_or_404(_connected(request.user).distinct(), public_id=id)
    if request.method != "POST":
        return render(request, "oauth/disconnect.html", {"app": app})
    with transaction.atomic():
        revoke_of_application(app, request.user)
        log_account(
            by=request.user,
            user=request.user,
            action="user.app_disconnected",
            fields=[f"application {app.public_id}"],
        )
    messages.success(request, _("%(app)s is disconnected.") % {"app": app})
    return redirect("connected_apps")


def _connected(user: Any) -> QuerySet[Application]:
    """Return the apps with a token of this account: one that is good, or one to get it with."""
    good = Q(accesstoken__user=user, accesstoken__expires__gt=timezone.now())
    return Application.objects.filter(
        good | Q(accesstoken__user=user, accesstoken__refresh_token__revoked=None)
    )


def _allowed(user: Any, app: Application) -> list[str]:
    """Return in words what the tokens are for."""
    tokens = AccessToken.objects.filter(user=user, application=app)
    names = {name for scope in tokens.values_list("scope", flat=True) for name in scope.split()}
    return [scope_words(name) for name in SCOPES if name in names]
