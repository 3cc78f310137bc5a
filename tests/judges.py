"""Programs in Node that judge what VaxPass makes: one JSON text a line in, one a line out.

Their libraries are listed in a package.json beside each; `scripts/judges` installs them under var/.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest
from django.conf import settings


class Judge:
    """One running program."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, question: Any) -> Any:
        """Return the answer to a question."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the judges in Node are gone; see above"
        return json.loads(line)


def missing(message: str) -> NoReturn:
    """Skip a test for want of a program; where all must be tested (CI), fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def start(script: Path) -> Iterator[Judge]:
    """Run a script with the libraries installed for its folder; skip the test without them."""
    # The Node of requirements/frontend.txt stands beside Python.
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    node = shutil.which("node", path=beside)
    modules = settings.BASE_DIR / "var" / script.parent.name / "node_modules"
    if node is None or not modules.is_dir():
        missing(f"no judges for {script.parent.name}; scripts/judges installs them")
    process = subprocess.Popen(
        [node, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "NODE_PATH": str(modules)},
        text=True,
    )
    assert process.stdin is not None
    try:
        yield Judge(process)
    finally:
        process.stdin.close()
        process.wait()
