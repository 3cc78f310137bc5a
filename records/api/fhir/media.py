"""How FHIR comes and goes: JSON only, by the Accept header or ``_format``."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import NotAcceptable
from rest_framework.request import Request
from rest_framework.response import Response

from records.api import problems, rendering
from records.api.rendering import JSONParser, JSONRenderer
from records.codecs.fhir.answers import outcome

FHIR_JSON = "application/fhir+json"
FORMATS = frozenset({"json", "application/json", FHIR_JSON})
# Where the fields of a dose stand in an Immunization.
ELEMENTS = {
    "administered_on": "occurrence",
    "clinic": "location",
    "external_id": "identifier",
    "external_source": "identifier",
    "lot": "lotNumber",
    "manufacturer": "manufacturer",
    "patient": "patient",
    "primary_source": "primarySource",
    "route": "route",
    "site": "site",
    "status": "status",
    "status_reason": "statusReason",
    "vaccine": "vaccineCode",
    "volunteer": "performer",
}


class FhirRenderer(JSONRenderer):
    """Write FHIR's JSON."""

    media_type = FHIR_JSON


class FhirParser(JSONParser):
    """Read FHIR's JSON."""

    media_type = FHIR_JSON


class Negotiation(rendering.Negotiation):
    """Let ``_format`` win over the Accept header."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[Any, str]:
        """Return the renderer and its media type; raise ``NotAcceptable``."""
        wanted = request.query_params.get("_format")
        if wanted is None:
            return super().select_renderer(request, renderers, format_suffix)
        # A plus in a query is a blank.
        if wanted.replace(" ", "+") not in FORMATS:
            raise NotAcceptable
        return renderers[0], renderers[0].media_type


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the OperationOutcome that tells of an exception; None for a fault of ours."""
    response = problems.handle(error, context)
    if response is None:
        return None
    problem: Any = response.data
    is_search = context["request"].method != "POST"
    for entry in problem.get("errors", ()):
        if is_search and entry["field"]:
            entry["field"] = f"http.{entry['field']}"
        elif entry["field"] in ELEMENTS:
            entry["field"] = f"Immunization.{ELEMENTS[entry['field']]}"
    response.data = outcome(problem)
    response.content_type = FHIR_JSON
    return response
