"""What an Immunization reports, out of a resource that somebody sent."""

from __future__ import annotations

from typing import Any

from records.codecs.fhir.elements import Element, Fault, Unreadable
from records.codecs.fhir.immunization import V3_ROUTES, Given
from records.codecs.fhir.terms import ADMINISTERING, CVX, MVX, MVX_BEFORE, PERFORMER, ROUTES, SITES

# What the server knows itself: sent or not, its own answer counts.
DERIVED = (
    "id",
    "meta",
    "text",
    "language",
    "recorded",
    "reportOrigin",
    "expirationDate",
    "protocolApplied",
)
OWN_ROUTES = {code: own for own, code in V3_ROUTES.items()}


def read_immunization(resource: Any, base: str = "") -> Given:
    """Return what an Immunization reports; ``base`` may stand before references to this server.

    Raises ``Unreadable`` naming all that is wrong, and every element that would be lost.
    """
    faults: list[Fault] = []
    whole = Element(resource, "Immunization", faults)
    if whole.text("resourceType", needed=True) not in ("Immunization", ""):
        whole.fault("invalid", "This must be Immunization.", "resourceType")
    manufacturer, mvx_code = _manufacturer(whole, base)
    route = whole.code("route", ROUTES)
    numbers = [element.identifier() for element in whole.children("identifier")]
    given = Given(
        patient=whole.reference("patient", "Patient", base, needed=True),
        status=whole.text("status", needed=True),
        status_reason=whole.words("statusReason"),
        occurred_on=whole.day("occurrenceDateTime"),
        cvx_code=whole.code("vaccineCode", CVX, needed=True),
        primary_source=whole.flag("primarySource"),
        lot_number=whole.text("lotNumber"),
        manufacturer=manufacturer,
        mvx_code=mvx_code,
        clinic=whole.reference("location", "Location", base),
        volunteer=_performer(whole, base),
        site=whole.code("site", SITES),
        route=OWN_ROUTES.get(route, route),
        number=numbers[0] if numbers else None,
    )
    if len(numbers) > 1:
        whole.fault("not-supported", "One identifier is kept.", "identifier")
    whole.end(*DERIVED)
    if faults:
        raise Unreadable(faults)
    return given


def _manufacturer(whole: Element, base: str) -> tuple[str, str]:
    """Return the identifier and the MVX code by which the manufacturer is named."""
    to = whole.child("manufacturer")
    if to is None:
        return "", ""
    key = to.key("Organization", base)
    number = to.child("identifier")
    code = ""
    if number is not None:
        system, code = number.identifier()
        if system not in (MVX, MVX_BEFORE):
            number.fault("code-invalid", f"The system {MVX} is needed.", "system")
    elif not key:
        to.fault("required", "A reference or an MVX code is needed.")
    to.end("display", "type")
    return key, code


def _performer(whole: Element, base: str) -> str:
    performers = whole.children("performer")
    keys = []
    for performer in performers:
        if performer.code("function", PERFORMER) not in ("", ADMINISTERING):
            performer.fault("not-supported", "Only who gave it is kept (AP).", "function")
        keys.append(performer.reference("actor", "Practitioner", base, needed=True))
        performer.end()
    if len(keys) > 1:
        whole.fault("not-supported", "One performer is kept: who gave it.", "performer")
    return keys[0] if keys else ""
