"""The operation ``$health-cards-issue``: what is asked for, and the cards as its answer.

After SMART Health Cards and Links, OperationDefinition patient-i-health-cards-issue.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from records.codecs.fhir.elements import Element, Fault, Unreadable
from records.codecs.fhir.terms import Json, lean

CARDS = "https://smarthealth.cards"
# Types of the first releases, still sent, and what they are now: types of FHIR resources.
BEFORE = {"#immunization": "Immunization", "#laboratory": "Observation"}
ANY = "#health-card"
IN_CARDS = frozenset({"Patient", "Immunization"})
KNOWN = IN_CARDS | {"Observation"}
# What a server may pass over; each with where its value stands.
OPTIONAL = {
    "credentialValueSet": "valueUri",
    "includeIdentityClaim": "valueString",
    "_since": "valueDateTime",
}


def asks_for_doses(resource: Any) -> bool:
    """Tell whether a card of vaccinations is what these Parameters ask for.

    It holds Patient and Immunization: whoever wants a card with another type in it wants none
    of ours. Raises ``Unreadable`` for what cannot be read, and for a type that no card has.
    """
    faults: list[Fault] = []
    whole = Element(resource, "Parameters", faults)
    if whole.text("resourceType", needed=True) not in ("Parameters", ""):
        whole.fault("invalid", "This must be Parameters.", "resourceType")
    wanted = [_type_in(parameter) for parameter in whole.children("parameter")]
    whole.end("id", "meta")
    types = {each for each in wanted if each}
    if not types and not faults:
        whole.fault("required", "Say which credentialType.", "parameter")
    if faults:
        raise Unreadable(faults)
    return types <= IN_CARDS | {ANY}


def issued(cards: Iterable[str]) -> Json:
    """Return the Parameters with these cards (JWS); without a member when there is none."""
    parameters = [{"name": "verifiableCredential", "valueString": card} for card in cards]
    return lean({"resourceType": "Parameters", "parameter": parameters})


def _type_in(parameter: Element) -> str:
    """Return the type that a parameter asks for; empty for one of the optional parameters."""
    name = parameter.text("name", needed=True)
    if name in OPTIONAL:
        parameter.text(OPTIONAL[name], needed=True)
        parameter.end()
        return ""
    if name != "credentialType":
        if name:
            parameter.fault("not-supported", "There is no such parameter.", "name")
        return ""
    text = parameter.text("valueUri", needed=True)
    short = text.removeprefix(CARDS)
    found = BEFORE.get(short, short)
    if text and found != ANY and found not in KNOWN:
        parameter.fault("not-supported", "Immunization is what is issued here.", "valueUri")
    parameter.end()
    return found
