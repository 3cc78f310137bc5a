"""Which language a person reads: their choice, else the browser's cookie, else what it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from accounts.models import User
from records.domain.account_log import log_account


class LanguageMiddleware(LocaleMiddleware):
    """Django's, which reads cookie and `Accept-Language`; the user's own choice goes before both.

    Only a request with a session has a user worth asking for.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Activate the language of this request."""
        super().process_request(request)
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return
        chosen = getattr(request.user, "language", "")
        if chosen in dict(settings.LANGUAGES):
            translation.activate(chosen)
            request.LANGUAGE_CODE = chosen


@transaction.atomic
def choose_language(*, by: User, language: str) -> None:
    """Keep the language that ``by`` reads. Raises ``ValidationError`` for one not offered."""
    if language not in dict(settings.LANGUAGES):
        raise ValidationError({"language": _("This language is not offered.")})
    user = User.objects.select_for_update().get(pk=by.pk)
    if user.language == language:
        return
    user.language = language
    user.save(update_fields=["language"])
    log_account(by=by, user=user, action="user.changed", fields=["language"])


@login_not_required
@csrf_exempt
@require_POST
def change_language(request: HttpRequest) -> HttpResponseBase:
    """Lead back to the page, in the language asked for; who is signed in keeps it.

    Without a token, which would need a cookie on pages that set none, such as help. What
    another site sends comes without the session (SameSite), so it can only change the cookie here.
    """
    user: Any = request.user
    language = request.POST.get("language", "")
    if user.is_authenticated and language in dict(settings.LANGUAGES):
        choose_language(by=user, language=language)
    return set_language(request)


@contextmanager
def reading(user: User) -> Iterator[None]:
    """Write a mail in the language that its receiver has chosen, or else in the site's."""
    with translation.override(user.language or settings.LANGUAGE_CODE):
        yield
