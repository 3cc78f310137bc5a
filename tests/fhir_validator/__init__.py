"""Whether a resource is FHIR R4, by judges who know nothing of VaxPass.

Three of them: fhirclient's classes, generated from the definitions of 4.0.1, and in Node `fhir`
and Medplum (validate.js). `scripts/judges` installs the latter.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fhirclient.models.fhirabstractbase import FHIRValidationError

from tests.judges import Judge, start

HERE = Path(__file__).parent


class Validator:
    """The judges; `faults` returns what any of them finds."""

    def __init__(self, node: Judge) -> None:
        self._node = node
        # A plain one first: what does not start shows here, and the definitions get read once.
        assert node.ask({"resourceType": "Patient", "active": True}) == []

    def faults(self, resource: dict[str, Any]) -> list[str]:
        """Return what is wrong with a resource, and with each one in a bundle."""
        found = [*self._node.ask(resource), *_by_client(resource), *_empty(resource, "")]
        for entry in resource.get("entry", ()):
            found += self.faults(entry["resource"])
        return found


def _by_client(resource: dict[str, Any]) -> list[str]:
    kind = str(resource.get("resourceType"))
    try:
        module = importlib.import_module(f"fhirclient.models.{kind.lower()}")
        kept = getattr(module, kind)(resource).as_json()
    except (ImportError, FHIRValidationError) as error:
        return [f"fhirclient: {error}"]
    return [] if kept == resource else ["fhirclient: something got lost"]


def _empty(value: Any, path: str) -> Iterator[str]:
    """Yield where something is empty, which FHIR's JSON never is and no judge looks for."""
    if value in ("", None, [], {}):
        yield f"{path}: empty"
    elif isinstance(value, dict | list):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _empty(part, f"{path}.{name}")


@pytest.fixture(scope="session")
def validator() -> Iterator[Validator]:
    """Start the judges once."""
    with start(HERE / "validate.js") as node:
        yield Validator(node)
