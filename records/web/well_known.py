"""What anyone may know of the codes that VaxPass signs: keys, and which cards were revoked.

SMART Health Cards 1.4, "Determining keys associated with an issuer" and "Revocation". Nothing
here is about a person: identifiers of revoked cards are random.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from records.domain import credentials
from records.domain.issuer_keys import NoSigningKey

FRESH = 60
"""Seconds for which an answer may be kept: so long a revoked card may still pass somewhere."""

AT_ONCE = 1000


@login_not_required
@require_safe
def keys(request: HttpRequest) -> HttpResponseBase:
    """Answer with the public keys, or with 503 while they cannot be read."""
    try:
        return _open(JsonResponse(credentials.jwks()))
    except NoSigningKey:
        return _not_now()


@login_not_required
@require_safe
def revocations(request: HttpRequest, kid: str) -> HttpResponseBase:
    """Answer with the list of revoked cards of one key, as long as it is."""
    try:
        found = credentials.revocation_list(kid)
    except NoSigningKey:
        return _not_now()
    if found is None:
        raise Http404("No card names this key.")
    number, rids = found
    lines = _written(kid, number, rids)
    return _open(StreamingHttpResponse(lines, content_type="application/json"))


def _written(kid: str, number: int, rids: Iterable[str]) -> Iterator[str]:
    start = json.dumps({"kid": kid, "method": "rid", "ctr": number})
    yield f'{start[:-1]}, "rids": ['
    parts = chain.from_iterable((", ", json.dumps(rid)) for rid in rids)
    next(parts, None)  # no comma before the first
    yield from parts
    yield "]}"


def _open(answer: HttpResponseBase) -> HttpResponseBase:
    """Let scripts of any site read the answer, and anyone keep it for a while."""
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Cache-Control"] = f"public, max-age={FRESH}"
    return answer


def _not_now() -> HttpResponse:
    answer = HttpResponse(status=503)
    answer["Retry-After"] = str(FRESH)
    return answer
