"""Run every measurement: `python -m tests.bench`, which is what `make bench` does."""

from __future__ import annotations

import os
import sys

import django
from django.test.utils import setup_test_environment


def main() -> int:
    """Bring the schema up to date and measure; status 1 when something is out of bounds."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vaxpass.settings")
    django.setup()
    setup_test_environment(debug=False)
    from django.core.management import call_command

    from tests.bench import admin_pages

    call_command("migrate", verbosity=0)
    return max(section.main() for section in (admin_pages,))


if __name__ == "__main__":
    sys.exit(main())
