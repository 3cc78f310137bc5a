"""Guess ten thousand passwords, codes and claim codes, and let the owner in afterwards.

    python -m tests.bench.guessing [tries]

makes a test database of its own (SQLite, or that of DATABASE_URL), and tries everything that a
guesser can vary: spelling of the address, network, session, an emptied cache. Prints how many
tries were looked at. Ends with status 1 when one got in or the owner does not.
"""

from __future__ import annotations

import os
import sys

import django
from django.test.utils import setup_databases, setup_test_environment, teardown_databases

TRIES = 10_000


def main() -> int:
    """Run all series and return 0 if nobody got in who should not, and everybody who should."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from tests.bench import guesses

    tries = int(sys.argv[1]) if len(sys.argv) > 1 else TRIES
    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    good = True
    try:
        for series in guesses.ALL:
            outcome = series(tries)
            good = good and outcome.good
            print(outcome, flush=True)  # noqa: T201
    finally:
        teardown_databases(databases, verbosity=0)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
