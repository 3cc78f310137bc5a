"""Requests that the OpenAPI document describes, and such as break it in one place."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import urlsplit

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from records.api.schema import document
from tests.fuzz.target import Target, kind_of

HOST = "http://testserver"
# What a valid request leads to is the domain's to say, so acceptance is not among them.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    missing_required_header,
]
MODES = [GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
HOW = settings(
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def operations() -> list[Any]:
    """Return every operation of the document, which the actors call signed in as they are."""
    told = copy.deepcopy(document())
    del told["components"]["securitySchemes"]
    for methods in told["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)
    schema: Any = schemathesis.openapi.from_dict(told)
    return [found.ok() for found in schema.get_all_operations()]


def run(target: Target, actor: str, operation: Any, examples: int, start: int = 0) -> None:
    """Send so many cases of one operation as one actor."""

    @seed(start)
    @settings(HOW, max_examples=examples)
    @given(case=cases(operation, target))
    def probe(case: Any) -> None:
        _try(target, actor, case)

    probe()


@st.composite
def cases(draw: Any, operation: Any, target: Target) -> Any:
    """Draw a case; most are aimed at records that there are."""
    case = draw(operation.as_strategy(generation_mode=draw(st.sampled_from(MODES))))
    if draw(st.integers(0, 3)):
        aim(draw, case, target)
    return case


def aim(draw: Any, case: Any, target: Target) -> None:
    """Put keys of records and the version that there is in the place of invented ones."""
    if case.path_parameters and not _is_broken(case):
        path = dict(case.path_parameters)
        for name in path:
            if keys := target.known.get(kind_of(case.operation.path, name)):
                path[name] = draw(st.sampled_from(sorted(keys)))
                if name == "id" and "If-Match" in (case.headers or {}) and draw(st.booleans()):
                    case.headers["If-Match"] = f'"{keys[path[name]]}"'
        case.path_parameters = path
    for holder in (case.query, case.body):
        if isinstance(holder, dict):
            for name in holder:
                if (other := target.known.get(name)) and isinstance(holder[name], str):
                    holder[name] = draw(st.sampled_from(sorted(other)))


def _is_broken(case: Any) -> bool:
    """Tell whether the address is what breaks the document."""
    found = case.meta.components.get(ParameterLocation.PATH)
    return found is not None and found.mode.is_negative


def _try(target: Target, actor: str, case: Any) -> None:
    prepared = requests.Request(**_request(case)).prepare()
    url = urlsplit(prepared.url or "")
    path = f"{url.path}?{url.query}" if url.query else url.path
    body: Any = prepared.body or b""
    body = body.encode() if isinstance(body, str) else body
    headers = {
        _text(name): _text(value)
        for name, value in prepared.headers.items()
        if name not in ("Content-Length", "Cookie", "Authorization")
    }
    answer = target.send(actor, prepared.method or "", path, body, headers)
    content = answer.getvalue() if answer.streaming else answer.content
    told = Response(
        status_code=answer.status_code,
        headers={name: [value] for name, value in answer.items()},
        content=content,
        request=prepared,
        elapsed=0.0,
        verify=False,
    )
    # The rows of a bulk are refused one by one, in an answer of 200.
    left_out = [negative_data_rejection] if case.path.endswith("/bulk") else []
    try:
        case.validate_response(told, checks=CHECKS, excluded_checks=left_out)
    except FailureGroup as group:
        for failure in group.exceptions:
            _blame(target, actor, case, path, body, failure, answer.status_code)


def _request(case: Any) -> dict[str, Any]:
    found: dict[str, Any] = case.as_transport_kwargs(base_url=HOST)
    return found


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _blame(
    target: Target, actor: str, case: Any, path: str, body: bytes, failure: Any, status: int
) -> None:
    title = getattr(failure, "title", "") if isinstance(failure, Failure) else repr(failure)
    message = str(getattr(failure, "message", failure))
    target.blame(
        f"{case.operation.label}: {title} ({status})",
        f"{actor}: {path[:400]} {case.headers} {body[:400]!r}\n    {message[:600]}",
    )
