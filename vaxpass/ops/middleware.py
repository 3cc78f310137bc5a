"""What every request passes through."""

import uuid
from collections.abc import Callable
from functools import cached_property
from http import HTTPStatus

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string

from records.domain import context
from vaxpass.ops import health

GetResponse = Callable[[HttpRequest], HttpResponseBase]

PROBES = {"/livez": health.livez, "/readyz": health.readyz}
PAGE_METHODS = ("GET", "HEAD", "POST")
CHANNELS = {"admin": "admin", "api": "api", "fhir": "api", "s": "link"}


class HealthMiddleware:
    """Answer probes before anything asks for a known host, TLS or a user: probes have none."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a probe or pass the request on."""
        probe = PROBES.get(request.path_info)
        response = probe(request) if probe else self.get_response(request)
        if probe:
            response["Cache-Control"] = "no-store"
        return response


class ProblemMiddleware:
    """Answer programs with a problem (RFC 9457) also where no view of the API came to answer.

    A host that is not ours, a body that is too big, an error that nobody expected: Django writes
    a page for each, in development with all details. A program gets neither.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on and put a problem in the place of an error page."""
        response = self.get_response(request)
        is_page = response.headers.get("Content-Type", "").startswith("text/")
        if response.status_code < 400 or not is_page or _channel(request) != "api":
            return response
        status = HTTPStatus(response.status_code)
        problem = {"type": "about:blank", "title": status.phrase, "status": status.value}
        answer = JsonResponse(problem, status=status, content_type="application/problem+json")
        for name, value in response.items():
            if name not in ("Content-Type", "Content-Length"):
                answer[name] = value
        return answer


class HeadersMiddleware:
    """Set the headers that Django has no setting for.

    No response may be stored unless its view says so, and none that a signed-in user got: a
    shared computer's browser or a proxy would show it to the next person. Static files are
    served before this and stay cacheable.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on and complete the answer's headers."""
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        if _channel(request) == "link":  # whose address is a secret, on error pages too
            response["Referrer-Policy"] = "no-referrer"
        if "no-store" not in response.headers.get("Cache-Control", "") and (
            not response.has_header("Cache-Control") or _is_signed_in(request)
        ):
            response["Cache-Control"] = "no-store, private"
        return response


class PolicyMiddleware(CSPMiddleware):
    """django-csp, which builds the policy anew for every answer: here only for one of its own."""

    @cached_property
    def policy(self) -> str:
        """Return the policy of the settings, which names no nonce."""
        return build_policy()

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Set the header; Django's own error pages of the development mode go without."""
        if settings.DEBUG or any(name.startswith("_csp") for name in vars(response)):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self.policy)
        return response


def _is_signed_in(request: HttpRequest) -> bool:
    # A request that was refused early has no user.
    user = getattr(request, "user", None)
    return user is not None and user.is_authenticated


def _channel(request: HttpRequest) -> str:
    return CHANNELS.get(request.path_info.removeprefix("/").partition("/")[0], "web")


class MethodsMiddleware:
    """Refuse what no page does: Django's admin would take PUT for GET, allauth's forms for POST.

    Whoever opens the address of a button, as after signing in again, gets a page that says so.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer 405, or pass the request on."""
        if context.channel.get() not in ("web", "admin"):
            return self.get_response(request)
        if request.method not in PAGE_METHODS:
            return HttpResponseNotAllowed(PAGE_METHODS)
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            response.content = render_to_string("405.html")
            response["Content-Length"] = len(response.content)  # it was counted while empty
        return response


class ChannelMiddleware:
    """Tell the audit by which channel a request came, give it an id and a memory of its reads.

    The id is always made here: an audit row exists once per patient and request, so a caller who
    chose the id could make two requests look like one.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Set them for the time of the request and name the id in the answer."""
        name = _channel(request)
        request_id = uuid.uuid4().hex
        channel_token = context.channel.set(name)
        id_token = context.request_id.set(request_id)
        read_token = context.read_patients.set(set())
        try:
            response = self.get_response(request)
        finally:
            context.channel.reset(channel_token)
            context.request_id.reset(id_token)
            context.read_patients.reset(read_token)
        response["X-Request-ID"] = request_id
        return response
