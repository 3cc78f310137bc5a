"""What a server says around resources: bundles, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from records.codecs.fhir.terms import Json, lean

# FHIR issue types (https://hl7.org/fhir/R4/valueset-issue-type.html) by HTTP status.
ISSUES = {
    400: "structure",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    412: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "processing",
    428: "required",
    429: "throttled",
}
# Codes of faults that are issue types themselves.
SAME = frozenset(
    {"structure", "required", "value", "not-supported", "code-invalid", "invalid", "too-long"}
)
PROBLEMS = "urn:vaxpass:problem"


def searchset(
    base: str,
    found: Iterable[Json],
    *,
    links: Mapping[str, str | None],
    included: Iterable[Json] = (),
) -> Json:
    """Return a Bundle of what a search found, and of what that refers to.

    ``base`` is the server's address with a slash at its end; ``links`` are relations to pages.
    There is no total: the server does not count.
    """
    modes = ((found, "match"), (included, "include"))
    return lean(
        {
            "resourceType": "Bundle",
            "type": "searchset",
            "link": [{"relation": name, "url": url} for name, url in links.items() if url],
            "entry": [
                {
                    "fullUrl": f"{base}{resource['resourceType']}/{resource['id']}",
                    "resource": resource,
                    "search": {"mode": mode},
                }
                for resources, mode in modes
                for resource in resources
            ],
        }
    )


def outcome(problem: Mapping[str, Any]) -> Json:
    """Return a problem of the API (RFC 9457) as an OperationOutcome, one issue per fault.

    The ``field`` of an error becomes the issue's expression: a path, or a search parameter.
    """
    status = problem["status"]
    usual = ISSUES.get(status, "exception")
    kind = str(problem["type"]).rpartition(":")[2]
    faults = [*problem.get("errors", ()), *problem.get("warnings", ())]
    if not faults:
        faults = [{"code": kind, "detail": problem["detail"]}]
    return {
        "resourceType": "OperationOutcome",
        "issue": [
            lean(
                {
                    "severity": "error",
                    "code": fault["code"] if fault["code"] in SAME else usual,
                    "details": {
                        "coding": [{"system": PROBLEMS, "code": fault["code"]}],
                        "text": fault["detail"],
                    },
                    "expression": [fault["field"]] if fault.get("field") else None,
                }
            )
            for fault in faults
        ],
    }
