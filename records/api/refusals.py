"""The refusals that a caller can meet, as the OpenAPI document tells of them.

``records.api.problems`` makes them; here stand their meaning and an example of each.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from records.api.problems import CONTENT_TYPE, TYPE

Json = dict[str, Any]


class Refusal(NamedTuple):
    """One status: its name in the document, what it means, and members of an example."""

    name: str
    meaning: str
    example: Json


REFUSALS = {
    "400": Refusal(
        "Malformed",
        "The request cannot be read: its JSON, a header or its Idempotency-Key.",
        {"kind": "parse-error", "detail": "The body must be a JSON object."},
    ),
    "401": Refusal(
        "NotSignedIn",
        "Nobody is signed in, or the token counts no longer.",
        {
            "kind": "not-authenticated",
            "detail": "Authentication credentials were not provided.",
        },
    ),
    "403": Refusal(
        "Forbidden",
        "The role of the account, or the scope of the token, never allows this.",
        {"kind": "forbidden", "detail": "The role of this account does not allow this."},
    ),
    "404": Refusal(
        "NotFound",
        "There is no such record, or none that the caller may see.",
        {"kind": "not-found", "detail": "There is no such thing here."},
    ),
    "406": Refusal(
        "NotAcceptable",
        "The Accept header names nothing that can be written.",
        {
            "kind": "not-acceptable",
            "detail": "Could not satisfy the request Accept header.",
        },
    ),
    "409": Refusal(
        "Conflict",
        "What is there stands against it, or a person has to judge it: then `warnings` holds the"
        " codes to send again in `confirmed`.",
        {
            "kind": "conflict",
            "detail": "What is there already stands against this.",
            "errors": [{"field": "code", "code": "taken", "detail": "This code is taken."}],
        },
    ),
    "411": Refusal(
        "LengthNeeded",
        "The body comes in chunks, and nothing says how long it is.",
        {"kind": "length-needed", "detail": "Say Content-Length."},
    ),
    "412": Refusal(
        "Stale",
        "The record has changed since the version in If-Match; `current_version` is what it is.",
        {
            "kind": "stale-version",
            "detail": "The record has changed meanwhile.",
            "current_version": 4,
        },
    ),
    "413": Refusal(
        "TooLarge",
        "The body has more bytes than are taken.",
        {"kind": "too-large", "detail": "The body may have 2097152 bytes at most."},
    ),
    "415": Refusal(
        "UnsupportedMediaType",
        "The body is of a type that is not read here.",
        {
            "kind": "unsupported-media-type",
            "detail": 'Unsupported media type "text/plain" in request.',
        },
    ),
    "422": Refusal(
        "Invalid",
        "A value, a parameter or a rule of the records is broken; `errors` names each field.",
        {
            "kind": "invalid",
            "detail": "Some fields are wrong; nothing was changed.",
            "errors": [
                {"field": "reason", "code": "required", "detail": "This field is required."}
            ],
        },
    ),
    "428": Refusal(
        "VersionNeeded",
        "If-Match is missing: a change says which version it starts from.",
        {
            "kind": "version-needed",
            "detail": 'Say in If-Match which version you saw, e.g. If-Match: "3".',
        },
    ),
    "429": Refusal(
        "TooMany",
        "Too many requests; Retry-After says how many seconds to wait.",
        {
            "kind": "throttled",
            "detail": "Request was throttled. Expected available in 12 seconds.",
        },
    ),
}
REQUEST_ID: Json = {
    "X-Request-ID": {
        "description": "Names the request in the audit and in the logs.",
        "schema": {"type": "string"},
    }
}
HEADERS: dict[str, Json] = {
    "401": {
        "WWW-Authenticate": {
            "description": "How programs sign in.",
            "schema": {"type": "string"},
        }
    },
    "429": {
        "Retry-After": {
            "description": "Seconds to wait.",
            "schema": {"type": "integer", "minimum": 0},
        }
    },
}

PROBLEM: Json = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "Tells kinds apart."},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "One entry per fault.",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {
                        "type": ["string", "null"],
                        "description": "Path of the field or parameter; null for the whole.",
                    },
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
        "warnings": {
            "type": "array",
            "description": "What a person has to judge.",
            "items": {
                "type": "object",
                "required": ["code", "detail"],
                "properties": {"code": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
        "current_version": {"type": "integer", "minimum": 1},
    },
}


def response_of(status: str, problem: Json) -> Json:
    """Return the response object of a refusal; ``problem`` refers to the schema of problems."""
    refusal = REFUSALS[status]
    kind = refusal.example["kind"]
    rest = {name: value for name, value in refusal.example.items() if name != "kind"}
    example = {
        "type": TYPE.format(kind),
        "title": kind.replace("-", " ").capitalize(),
        "status": int(status),
        **rest,
    }
    return {
        "description": refusal.meaning,
        "headers": {**REQUEST_ID, **HEADERS.get(status, {})},
        "content": {CONTENT_TYPE: {"schema": problem, "example": example}},
    }
