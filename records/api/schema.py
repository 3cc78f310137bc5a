"""The OpenAPI document of the API, and the page that shows it."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class BrowserSessionScheme(OpenApiAuthenticationExtension):
    """The session of the browser; a change needs the CSRF token of a page too."""

    target_class = "records.api.authentication.BrowserSession"
    name = ("session", "csrf")

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        """Return the cookie, and for a change the header beside it."""
        if auto_schema.method in ("GET", "HEAD"):
            return {"session": []}
        return {"session": [], "csrf": []}

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        """Return the cookie and the header."""
        header = settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-")
        return [
            {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME},
            {"type": "apiKey", "in": "header", "name": header.title()},
        ]


class SeenField(OpenApiSerializerFieldExtension):
    """A reference to another record."""

    target_class = "records.api.shapes.Seen"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, str]:
        """Return what the ``public_id`` of a record looks like."""
        return {"type": "string", "format": "uuid"}


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document; it is the same for everybody."""
    generator: Any = SchemaGenerator()
    told: dict[str, Any] = generator.get_schema(request=None, public=True)
    return told


class SchemaView(APIView):
    """The document; it holds no data and is open to all."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="schema", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Return this document."""
        return Response(document())


@method_decorator(login_not_required, name="dispatch")
class DocsPage(TemplateView):
    """The document as a page on which operations can be tried."""

    http_method_names = ("get", "head")
    template_name = "api/docs.html"
