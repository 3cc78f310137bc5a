"""How often a client's secret, a code or a refresh token may be tried.

Tries at a secret are counted by client and network together: a client's name is no secret, so
counted by client alone anybody could keep a clinic's system out from anywhere.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import unquote_plus

from django.http import HttpRequest

from accounts.oauth.models import Application
from accounts.sign_in_limits import network
from records.domain.account_log import log_stranger
from records.domain.errors import TooManyAttempts
from records.domain.limits import Limit, forgive, is_news, spend

QUARTER = dt.timedelta(minutes=15)
CLIENT = Limit("token.client", 20, QUARTER)  # given back by a success
NETWORK = Limit("token.network", 1000, QUARTER)  # a hospital refreshes its tokens from one address


def count(request: HttpRequest) -> None:
    """Count a request before its secrets are looked at; raises ``TooManyAttempts``."""
    _spend(NETWORK, "network", network(request))
    for subject in _tried(request):
        _spend(CLIENT, "client", subject)


def give_back(request: HttpRequest) -> None:
    """Give a client whose secret was right its tries back."""
    for subject in _tried(request):
        forgive(limit=CLIENT, subject=subject)


def _spend(limit: Limit, kind: str, subject: str) -> None:
    try:
        spend(limit=limit, subject=subject)
    except TooManyAttempts:
        if is_news(limit=limit, subject=subject):
            log_stranger(kind=kind, name=subject, action=f"{kind}.locked_out", fields=[limit.scope])
        raise


def _tried(request: HttpRequest) -> Iterator[str]:
    """Yield each client whose secret the request holds; the library looks at the header first."""
    names = set()
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Basic":
        with suppress(ValueError):  # the library cannot read it either
            names.add(unquote_plus(base64.b64decode(value).decode().partition(":")[0]))
    if request.POST.get("client_secret"):
        names.add(request.POST.get("client_id", ""))
    # A name can be spelled in ways that the database takes for the same; without one there is
    # no secret to guess.
    for key in Application.objects.filter(client_id__in=names).values_list("pk", flat=True):
        yield f"{key} {network(request)}"
