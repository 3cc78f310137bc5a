"""The CapabilityStatement: what this server can do."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from records.api.fhir import views
from records.codecs.fhir.capability import Operation, Type, capability_statement

READ, SEARCH, CREATE = "read", "search-type", "create"
EVERYTHING = Operation("everything", "http://hl7.org/fhir/OperationDefinition/Patient-everything")
CARDS = Operation(
    "health-cards-issue",
    "http://hl7.org/fhir/uv/smart-health-cards-and-links/OperationDefinition/"
    "patient-i-health-cards-issue",
)


def _type(view: type[views.FhirResource], *interactions: str, **more: Any) -> Type:
    return Type(
        view.kind.name,
        interactions,
        searches=tuple((each.name, each.kind, each.meaning) for each in view.sought_by),
        includes=tuple(view.includes),
        **more,
    )


TYPES = (
    _type(views.Patients, READ, SEARCH, operations=(EVERYTHING, CARDS)),
    _type(views.Immunizations, READ, SEARCH, CREATE),
    _type(views.Organizations, READ, conditional=True),
    _type(views.Locations, READ, conditional=True),
    _type(views.Practitioners, READ, conditional=True),
)


class Metadata(views.FhirView):
    """What the server can do; public, since it tells of nobody."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        """Return the CapabilityStatement."""
        return Response(capability_statement(views.base_of(request), TYPES))
