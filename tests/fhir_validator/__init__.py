"""Whether a resource is FHIR R4, by judges who know nothing of VaxPass.

Three of them: fhirclient's classes, generated from the definitions of 4.0.1, and in Node `fhir`
and Medplum (validate.js). `scripts/fhir_validator` installs the latter.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from fhirclient.models.fhirabstractbase import FHIRValidationError

HERE = Path(__file__).parent
MODULES = settings.BASE_DIR / "var" / "fhir_validator" / "node_modules"


class Validator:
    """The judges; `faults` returns what any of them finds."""

    def __init__(self) -> None:
        node = shutil.which("node")
        assert node, "no node"
        self._process = subprocess.Popen(
            [node, HERE / "validate.js"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "NODE_PATH": str(MODULES)},
            text=True,
        )
        # A plain one first: what does not start shows here, and the definitions get read once.
        assert self._in_node({"resourceType": "Patient", "active": True}) == []

    def faults(self, resource: dict[str, Any]) -> list[str]:
        """Return what is wrong with a resource, and with each one in a bundle."""
        found = [*self._in_node(resource), *_by_client(resource), *_empty(resource, "")]
        for entry in resource.get("entry", ()):
            found += self.faults(entry["resource"])
        return found

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _in_node(self, resource: dict[str, Any]) -> list[str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(resource) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the judges in Node are gone; see above"
        found: list[str] = json.loads(line)
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
    if shutil.which("node") is None or not MODULES.is_dir():
        message = "no FHIR validators; scripts/fhir_validator installs them"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    judges = Validator()
    yield judges
    judges.close()
