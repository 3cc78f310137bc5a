"""Count what the matrix tries: ``python -m tests.matrix.report``.

Prints the cells asked, those that are not as the table says, the leaks among them, and the
mutations tried and caught. Runs on a test database of its own; ``DATABASE_URL`` chooses the
engine. Exits 1 when anything is not as it should be.
"""

from __future__ import annotations

import logging
import os
import sys

import django
from django.test.utils import setup_databases, setup_test_environment, teardown_databases


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Walk everything and print the figures."""
    from tests.matrix.operations import OUT_OF_REACH, operation_faults, reach_faults
    from tests.matrix.rules import MUTATIONS
    from tests.matrix.searches import SEARCHES, search_faults
    from tests.matrix.sight import EVERYTHING, sight_faults
    from tests.matrix.table import PAGES
    from tests.matrix.tokens import PROGRAMS, token_faults
    from tests.matrix.walk import faults, taken_back, urls
    from tests.matrix.world import build
    from tests.records.domain.operations import OPERATIONS

    with taken_back():
        world = build()
        walked = [faults(world, name, page) for name, page in PAGES.items()]
        walked += [(len(world.users), list(sight_faults(world, model))) for model in EVERYTHING]
        walked += [token_faults(world, name) for name in PROGRAMS]
        walked += [search_faults(world, search) for search in SEARCHES]
        walked += [operation_faults(world, operation) for operation in OPERATIONS]
        walked += [(2, reach_faults(world, name)) for name in OUT_OF_REACH]
        survived = [str(each) for each in MUTATIONS if not each.is_caught(world)]
    found = [fault for _count, lines in walked for fault in lines]
    missing = sorted(set(urls()) ^ set(PAGES))
    leaks = [fault for fault in found if ": leaks " in fault]
    caught = len(MUTATIONS) - len(survived)
    for line in (*found, *(f"not in the table, or no URL: {name}" for name in missing)):
        say(line)
    for name in survived:
        say(f"not caught: {name}")
    say(f"URLs {len(urls())}, actors {len(world.clients)}")
    say(f"cells {sum(count for count, _lines in walked)}, wrong {len(found)}, leaks {len(leaks)}")
    say(f"mutations tried {len(MUTATIONS)}, caught {caught}")
    return 1 if found or missing or survived else 0


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    logging.disable(logging.ERROR)
    setup_test_environment(debug=False)
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        status = main()
    finally:
        teardown_databases(databases, verbosity=0)
    sys.exit(status)
