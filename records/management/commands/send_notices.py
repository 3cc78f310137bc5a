"""Send the notices of recalls that were queued."""

from __future__ import annotations

import logging
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, close_old_connections

from records.domain.notices import is_any_due
from records.io.notice_mail import send_due

PAUSE = 5
"""Seconds between two looks for a notice; doubled each time while the mail server is away."""

LONGEST_PAUSE = 300

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """A worker: sends what is due, and waits for more."""

    help = (
        "Send the notices of recalls that are due, and wait for more. Any number of these may"
        " run; a mail server that is away costs time and never a notice."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take how long to go on."""
        parser.add_argument("--once", action="store_true", help="end when nothing is due")

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until told to stop."""
        pause = PAUSE
        try:
            while True:
                done = self._work()
                if options["once"]:
                    if not done:
                        raise CommandError("Not all was sent; nothing is lost. Try again later.")
                    return
                pause = PAUSE if done else min(pause * 2, LONGEST_PAUSE)
                close_old_connections()
                time.sleep(pause)
        except KeyboardInterrupt:
            self.stderr.write("Stopped; what is not sent waits.")

    def _work(self) -> bool:
        """Send what is due; tell whether the mail server and the database were there."""
        try:
            if is_any_due() and (sent := send_due()):
                logger.info("%d notices were sent", sent)
        except OperationalError:
            logger.exception("the database failed; trying again later")
            return False
        except OSError as error:
            logger.warning("the mail server failed (%s); trying again", type(error).__name__)
            return False
        return True
