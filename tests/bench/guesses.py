"""Series of guesses: what a guesser tries, what became of it, and the owner's own way in."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from records.codecs.claim_codes import new_code
from records.domain import claims, patients
from records.domain.errors import ClaimRefused, TooManyAttempts
from records.models import AttemptCounter
from tests.accounts.guessers import (
    ADDRESS,
    make_owner,
    reset_password,
    try_password,
    wrong_code_of,
)
from tests.accounts.signing_in import CODE, is_signed_in, totp_code
from tests.records import factories as make

GUESSERS = 20  # accounts that take part in guessing claim codes
SPELLINGS = ("ada@example.org", "ADA@Example.org", "\u00e1da@example.org", " \uff41da@example.org")


@dataclass(frozen=True)
class Outcome:
    """What became of one series of tries."""

    what: str
    tries: int
    answers: Counter[str]
    owner: bool

    @property
    def good(self) -> bool:
        """Tell whether most tries were refused unseen and nobody got in but the owner."""
        few = self.answers["refused"] > self.answers["seen"] or self.tries < 500
        return few and not self.answers["entry"] and self.owner

    def __str__(self) -> str:
        """Show it as a line."""
        owner = "gets in" if self.owner else "IS KEPT OUT"
        return (
            f"{self.what}: {self.tries} tries, {self.answers['seen']} looked at,"
            f" {self.answers['refused']} refused unseen, {self.answers['entry']} entries;"
            f" afterwards the owner {owner}"
        )


def series(tries: int, once: Callable[[int], str]) -> Counter[str]:
    """Try, with an emptied cache each time, and count the answers: seen, refused or entry."""
    answers: Counter[str] = Counter()
    for number in range(tries):
        cache.clear()
        answers[once(number)] += 1
    return answers


def address_of(number: int) -> str:
    """Return another network for every try."""
    return f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"


def answer_of(browser: Any, response: Any) -> str:
    """Tell what a page did with a try."""
    if is_signed_in(browser):
        return "entry"
    return "refused" if response.status_code == 429 else "seen"


def passwords(tries: int) -> Outcome:
    """Guess at the sign-in; the owner, locked out as well, takes the way through the mail."""
    make_owner()

    def once(number: int) -> str:
        browser = Client(REMOTE_ADDR=address_of(number))
        spelling = SPELLINGS[number % len(SPELLINGS)]
        return answer_of(browser, try_password(browser, spelling, f"guess number {number}"))

    answers = series(tries, once)
    owner = Client(REMOTE_ADDR="192.0.2.1")
    locked = try_password(owner).status_code == 429
    reset_password(owner, ADDRESS, "quite another password")
    return Outcome("Passwords", tries, answers, owner=locked and is_signed_in(owner))


def codes(tries: int) -> Outcome:
    """Guess the second factor, the password being known; the owner gets in a day later."""
    user = make_owner("Volunteer", "sam@example.org")
    wrong = wrong_code_of(user)

    def once(number: int) -> str:
        browser = Client(REMOTE_ADDR=address_of(number))
        try_password(browser, user.email)
        return answer_of(browser, browser.post(CODE, {"code": wrong}))

    answers = series(tries, once)
    AttemptCounter.objects.update(since=timezone.now() - dt.timedelta(days=1))
    owner = Client(REMOTE_ADDR="192.0.2.1")
    try_password(owner, user.email)
    owner.post(CODE, {"code": totp_code(user)})
    return Outcome("Codes of the second factor", tries, answers, owner=is_signed_in(owner))


def claim_codes(tries: int) -> Outcome:
    """Guess claim codes with the right birth date; the owner then types the printed one."""
    clinic = make.make_clinic()
    patient = make.make_patient(clinic=clinic)
    patients.confirm_identity(by=make.system(), patient=patient, version=patient.version)
    patient.refresh_from_db()
    volunteer = make.make_volunteer_user(clinic)
    _, printed = claims.issue_claim_code(by=volunteer, patient=patient, clinic=clinic)
    guessers = [make.make_user("Patient") for _ in range(GUESSERS)]

    def claim(by: Any, code: str, number: int) -> str:
        try:
            claims.claim_record(
                by=by, code=code, date_of_birth=patient.date_of_birth, network=address_of(number)
            )
        except ClaimRefused:
            return "seen"
        except TooManyAttempts:
            return "refused"
        return "entry"

    answers = series(tries, lambda n: claim(guessers[n % GUESSERS], new_code(), n))
    entered = claim(make.make_user("Patient"), printed, tries) == "entry"
    return Outcome("Claim codes", tries, answers, owner=entered)


ALL = (passwords, codes, claim_codes)
