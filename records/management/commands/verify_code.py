"""Check signed codes: cards and EU certificates."""

from __future__ import annotations

import datetime as dt
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime

from records.codecs.credentials import Malformed, Outcome
from records.domain.trust_keys import Key
from records.domain.verification import Finding, check
from records.domain.verification_words import as_lines, as_members
from records.io.code_files import GivenCode, codes_in, files_in, numbered
from records.io.trust_files import TrustFileError, read

STDIN = "-"


def moment(text: str) -> dt.datetime:
    """Return a moment with its offset, for argparse."""
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ArgumentTypeError(f"{text} is not a moment as 2021-06-01T00:00:00Z.")
    return found


class Command(BaseCommand):
    """Check codes against the trust list, or against given keys without any database."""

    help = (
        "Check codes: texts (shc:/…, a JWS, HC1:…), or files that hold them (pictures, text, one"
        " code a line, .smart-health-card), or folders of such files, or - for standard input."
        " Ends with status 0 if every one is valid, else 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the codes, the clock, and the keys to check them with."""
        parser.add_argument("codes", nargs="+", metavar="CODE|FILE|FOLDER")
        parser.add_argument(
            "--at", type=moment, metavar="TIME", help="the clock to check by, default: now"
        )
        parser.add_argument(
            "--trust",
            type=Path,
            action="append",
            default=[],
            metavar="FILE|FOLDER",
            help="check with the keys in this file only, or the files of this folder (as"
            " load_trust reads them; a jwks.json counts for every issuer); may be given again;"
            " the database is not used",
        )
        parser.add_argument("--json", action="store_true", help="print a JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check each code and print what was found."""
        keys = self._keys(options["trust"]) if options["trust"] else None
        all_valid = True
        for given in files_in(options["codes"]):
            for source, finding in _findings(given, at=options["at"], keys=keys):
                all_valid = all_valid and finding.outcome == Outcome.VALID
                self._print(source, finding, as_json=options["json"])
        if not all_valid:
            sys.exit(1)

    def _keys(self, paths: list[Path]) -> list[Key]:
        try:
            files = map(Path, files_in(map(str, paths)))
            return [key for path in files for each in read(path) for key in each.keys]
        except TrustFileError as error:
            raise CommandError(str(error)) from error

    def _print(self, source: str, finding: Finding, *, as_json: bool) -> None:
        if as_json:
            members = {"source": source, **as_members(finding)}
            self.stdout.write(orjson.dumps(members, option=orjson.OPT_UTC_Z).decode())
            return
        found, *content = as_lines(finding)
        lines = [found, *([f"  source   {source}"] if source else []), *content]
        self.stdout.write("\n".join(lines))


def _findings(
    given: str, *, at: dt.datetime | None, keys: list[Key] | None
) -> Iterator[tuple[str, Finding]]:
    """Yield what is found in each code of an argument; a file without any is malformed."""
    try:
        codes: list[GivenCode] = numbered("-", sys.stdin) if given == STDIN else codes_in(given)
    except Malformed as error:
        yield Path(given).name, Finding(Outcome.MALFORMED, str(error))
        return
    for source, text in codes:
        yield source, check(text, at=at, keys=keys)
