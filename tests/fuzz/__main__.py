"""Send many: see the package."""

from __future__ import annotations

import logging
import os
import sys
import time

import django
from django.test.utils import setup_databases, setup_test_environment, teardown_databases

CASES = 10_000
ODD_SHARE = 5  # one request in so many is of those that no document describes


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(cases: int, actors: list[str]) -> int:
    """Send so many cases as each actor and return 0 if nothing was wrong."""
    from tests.fuzz import declared, undeclared
    from tests.fuzz.target import Target
    from tests.matrix.walk import taken_back
    from tests.matrix.world import build

    with taken_back():
        target = Target.of(build())
        operations, told = declared.operations(), set[str]()
        each = (cases - cases // ODD_SHARE) // len(operations) + 1
        for actor in actors or sorted(target.world.clients):
            began = time.monotonic()
            for operation in operations:
                declared.run(target, actor, operation, each)
            # What Hypothesis could not vary so often is made up for here.
            undeclared.run(target, actor, max(cases - target.sent[actor], cases // ODD_SHARE))
            say(f"{actor}: {target.sent[actor]:,} cases in {time.monotonic() - began:.0f} s")
            for fault in sorted(set(target.faults) - told):
                say(f"{fault}\n    {target.faults[fault]}")
            told |= set(target.faults)
    say(f"answers: {dict(sorted(target.statuses.items()))}")
    say(f"cases {target.sent.total():,}, faults {len(target.faults)}")
    return 1 if target.faults else 0


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    logging.disable(logging.CRITICAL)
    setup_test_environment()
    found = setup_databases(verbosity=0, interactive=False)
    try:
        arguments = sys.argv[1:]
        status = main(int(arguments[0]) if arguments else CASES, arguments[1:])
    finally:
        teardown_databases(found, verbosity=0)
    sys.exit(status)
