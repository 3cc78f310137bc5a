"""Do the imports that were taken as jobs."""

from __future__ import annotations

import logging
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections

from records.domain.jobs import claim_import
from records.io.import_jobs import run_import

PAUSE = 2
"""Seconds between two looks for a job."""

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """A worker: claims a job, does it, and looks for the next one."""

    help = (
        "Do the imports that the API has taken, one after another, and wait for more. Any number"
        " of these may run; one that dies is replaced by whichever finds its job given up."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take how long to go on."""
        parser.add_argument("--once", action="store_true", help="end when no job is left")

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until told to stop."""
        try:
            while self._work() or self._wait(options["once"]):
                pass
        except KeyboardInterrupt:
            self.stderr.write("Stopped; another worker goes on with what is not finished.")

    def _wait(self, once: bool) -> bool:
        """Pause unless that was all; tell whether to go on."""
        if not once:
            close_old_connections()
            time.sleep(PAUSE)
        return not once

    def _work(self) -> bool:
        """Do the oldest job; tell whether there was one."""
        try:
            if job := claim_import():
                run_import(job)
        except OperationalError:
            logger.exception("the database failed; trying again later")
            return False
        return job is not None
