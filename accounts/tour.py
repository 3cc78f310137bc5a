"""The first steps on the start page, shown until their reader has dismissed them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.models import User
from records.domain.account_log import log_account


@transaction.atomic
def end_tour(*, by: User) -> None:
    """Keep that ``by`` has read the first steps; a second time changes nothing."""
    user = User.objects.select_for_update().get(pk=by.pk)
    if user.toured_at is not None:
        return
    user.toured_at = timezone.now()
    user.save(update_fields=["toured_at"])
    log_account(by=by, user=user, action="user.changed", fields=["toured_at"])


@require_POST
def tour_done(request: HttpRequest) -> HttpResponse:
    """Dismiss the steps and go back to the start page."""
    user: Any = request.user
    end_tour(by=user)
    return redirect("home")
