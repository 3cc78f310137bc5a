"""Addresses that fail in every way in which one can, beside all of VaxPass's own."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_POST

from vaxpass import urls

handler400 = urls.handler400
handler500 = urls.handler500

SECRET = "Zq-Novak-1981"


def fails(error: type[Exception], *args: Any) -> Callable[[HttpRequest], HttpResponse]:
    @login_not_required
    def view(request: HttpRequest) -> HttpResponse:
        raise error(*args)

    return view


@login_not_required
@require_POST
def button(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@login_not_required
def too_big(request: HttpRequest) -> HttpResponse:
    request.method = "POST"  # only what is sent can be too large; it is opened like the others
    raise RequestDataTooBig(SECRET)


FAILURES: dict[str, tuple[Any, int]] = {
    "bad-request": (fails(BadRequest, SECRET), 400),
    "suspicious": (fails(SuspiciousOperation, SECRET), 400),
    "forbidden": (fails(PermissionDenied, SECRET), 403),
    "missing": (fails(Http404, SECRET), 404),
    "button": (button, 405),
    "too-big": (too_big, 413),
    "long-query": (fails(TooManyFieldsSent, SECRET), 400),
    "broken": (fails(RuntimeError, SECRET), 500),
    "gone": (fails(OperationalError, 2006, SECRET), 503),
    "closed": (fails(InterfaceError, SECRET), 503),
}
urlpatterns = [
    *(path(f"fail/{name}", view, name=f"fail_{name}") for name, (view, _) in FAILURES.items()),
    *urls.urlpatterns,
]
