"""Code systems and data types that several resources use."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

Json = dict[str, Any]

CVX = "http://hl7.org/fhir/sid/cvx"
MVX = "http://hl7.org/fhir/sid/mvx"
# What terminology.hl7.org called MVX for a while; read, never written.
MVX_BEFORE = "http://terminology.hl7.org/CodeSystem/MVX"
SNOMED = "http://snomed.info/sct"
SITES = "http://terminology.hl7.org/CodeSystem/v3-ActSite"
ROUTES = "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration"
PERFORMER = "http://terminology.hl7.org/CodeSystem/v2-0443"
ADMINISTERING = "AP"
URI = "urn:ietf:rfc:3986"
CLINIC_CODES = "urn:vaxpass:clinic"
BADGES = "urn:vaxpass:volunteer"

# An identifier's system has to be a URI; the records allow short names too.
SHORT_NAME = "urn:vaxpass:system:"
ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")


class Identifier(NamedTuple):
    """A number that another system gave; ``system`` is a URI or a short name."""

    system: str
    value: str


class Named(NamedTuple):
    """A record that a resource refers to, and how people call it."""

    id: str
    name: str


def uri_of(system: str) -> str:
    """Return the URI of a system that may have a short name only."""
    is_uri = ABSOLUTE.fullmatch(system) and not system.startswith(SHORT_NAME)
    return system if is_uri else SHORT_NAME + quote(system, safe="")


def system_of(uri: str) -> str:
    """Return what ``uri_of`` made a URI of."""
    return unquote(uri.removeprefix(SHORT_NAME)) if uri.startswith(SHORT_NAME) else uri


def instant(moment: dt.datetime) -> str:
    """Return a moment as FHIR's instant, in UTC to the millisecond."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def meta(version: int, changed_at: dt.datetime) -> Json:
    """Return which version of a record a resource shows, and since when it holds."""
    return {"versionId": str(version), "lastUpdated": instant(changed_at)}


def coding(system: str, code: str, display: str = "") -> Json:
    """Return a coding."""
    return lean({"system": system, "code": code, "display": display})


def concept(system: str, code: str, display: str = "") -> Json | None:
    """Return a concept of one coding; None without a code."""
    return {"coding": [coding(system, code, display)]} if code else None


def identifier(number: Identifier) -> Json:
    """Return an identifier."""
    return {"system": uri_of(number.system), "value": number.value}


def reference(kind: str, named: Named | None) -> Json | None:
    """Return a relative reference to a resource of this server; None to nothing."""
    if named is None:
        return None
    return lean({"reference": f"{kind}/{named.id}", "display": named.name})


def lean(element: Json) -> Json:
    """Return an element without what is empty: FHIR knows no empty values."""
    return {name: value for name, value in element.items() if value not in (None, "", [], {})}
