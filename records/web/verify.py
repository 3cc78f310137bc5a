"""Checking a code, for anybody: ``/verify/``, and what its app needs to do it without network.

Nothing of a code is stored or logged. Without JavaScript the forms ask the server; with it the
page checks on the device, by the same rules (``frontend/verify``).
"""

from __future__ import annotations

import hashlib
import math
from http import HTTPStatus
from typing import Any

import orjson
from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import conditional_page, require_http_methods, require_safe
from rest_framework.settings import api_settings

from records.domain.code_names import code_names
from records.domain.verification import check, trust_bundle
from records.web.verify_forms import LARGEST_BODY, InMemory, PictureForm, TextForm
from records.web.verify_words import PATTERN, script_words, verdict

PAGE = "verify/page.html"
SCRIPT = "verify/app.js"
STATIC = (
    "site/site.css",
    "vaxpass/verify.css",
    "vaxpass/logo.svg",
    "vaxpass/favicon.svg",
    SCRIPT,
)
"""What the page loads; its app keeps a copy."""

ICONS = (("icon-192", "any"), ("icon-512", "any"), ("icon-maskable-512", "maskable"))


@login_not_required
@csrf_exempt  # only until the upload is bounded: the check below reads the body
def page(request: HttpRequest) -> HttpResponse:
    """Show the page and check what was pasted or uploaded; 413 and 429 for too much."""
    request.upload_handlers = [InMemory(request)]
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
        return _refusal(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if request.method == "POST" and (seconds := _seconds_to_wait(request)):
        return _refusal(request, HTTPStatus.TOO_MANY_REQUESTS, math.ceil(seconds / 60))
    return _page(request)


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def _page(request: HttpRequest) -> HttpResponse:
    context = _context()
    if request.method == "POST":
        uploads = "picture" in request.FILES
        form = PictureForm(request.POST, request.FILES) if uploads else TextForm(request.POST)
        context["picture_form" if uploads else "text_form"] = form
        if form.is_valid():
            texts, names = form.texts(), code_names()
            context["verdicts"] = [verdict(check(text), names) for text in texts]
            context["nothing"] = not texts
    return render(request, PAGE, context)


@require_safe
@login_not_required
@gzip_page
@conditional_page
def trust(request: HttpRequest) -> HttpResponse:
    """Return whose codes count, for a device that checks without network; 429 for too much."""
    if seconds := _seconds_to_wait(request):
        return HttpResponse(status=429, headers={"Retry-After": str(math.ceil(seconds))})
    bundle = trust_bundle()
    response = HttpResponse(orjson.dumps(bundle), content_type="application/json")
    # Unlike the whole answer, the digest stays the same until a key or a withdrawal changes.
    response["ETag"] = f'"{bundle["digest"]}"'
    return _revalidated(response)


@require_safe
@login_not_required
@gzip_page
@conditional_page
def words(request: HttpRequest) -> HttpResponse:
    """Return the page's words and the names of codes, for its script."""
    return _revalidated(JsonResponse(script_words(code_names())))


@require_safe
@login_not_required
def manifest(request: HttpRequest) -> HttpResponse:
    """Describe the page as an app that can be installed (W3C Web Application Manifest)."""
    icons = [
        {
            "src": static(f"vaxpass/icons/{name}.png"),
            "sizes": f"{name[-3:]}x{name[-3:]}",
            "type": "image/png",
            "purpose": purpose,
        }
        for name, purpose in ICONS
    ]
    told = {
        "id": "/verify/",
        "start_url": "/verify/",
        "scope": "/verify/",
        "name": "VaxPass: check a code",
        "short_name": "VaxPass check",
        "display": "standalone",
        "theme_color": "#0a6a72",
        "background_color": "#f3f6f7",
        "icons": icons,
    }
    return _revalidated(JsonResponse(told, content_type="application/manifest+json"))


@require_safe
@login_not_required
@conditional_page
def service_worker(request: HttpRequest) -> HttpResponse:
    """Return the script that keeps a copy of the page; it changes whenever the page does."""
    context = _context()
    shell = [static(name) for name in STATIC if name != SCRIPT or context["is_built"]]
    seen = render_to_string(PAGE, context) + str(script_words(code_names()))
    version = hashlib.sha256(seen.encode()).hexdigest()[:16]
    response = render(
        request,
        "verify/sw.js",
        {
            "shell": ["/verify/", "/verify/words.json", *shell],
            "version": version,
            "language": get_language(),
        },
        content_type="text/javascript",
    )
    return _revalidated(response)


def _context() -> dict[str, Any]:
    return {
        "is_built": _is_built(),
        "text_form": TextForm(),
        "picture_form": PictureForm(),
        "pattern": PATTERN,
    }


def _is_built() -> bool:
    """Tell whether ``scripts/frontend`` has built the script and the site can serve it."""
    try:
        static(SCRIPT)
    except ValueError:
        return False  # not among the collected files
    return finders.find(SCRIPT) is not None or staticfiles_storage.exists(SCRIPT)


def _seconds_to_wait(request: HttpRequest) -> float:
    """Count the request in the API's limits of the client; 0 while it is within them."""
    limits: Any = api_settings.DEFAULT_THROTTLE_CLASSES
    for limit in (throttle() for throttle in limits):
        if not limit.allow_request(request, None):
            return limit.wait() or 1
    return 0


def _refusal(request: HttpRequest, status: HTTPStatus, minutes: int = 0) -> HttpResponse:
    # The body is left unread, so the page shows empty forms.
    context = {**_context(), "minutes": minutes, "too_large": not minutes}
    return render(request, PAGE, context, status=status)


def _revalidated(response: HttpResponse) -> HttpResponse:
    """Let a browser keep what is the same for everybody, but ask each time."""
    response["Cache-Control"] = "no-cache"
    return response
