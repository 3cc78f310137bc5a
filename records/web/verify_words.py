"""How a checked code is put into words: on the page, and for the page's own script."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from records.codecs.credentials import Kind, Outcome, StatedDose, Statement
from records.domain.code_names import CodeNames
from records.domain.verification import Finding

OUTCOMES: Mapping[Outcome, tuple[Promise, Promise]] = {
    Outcome.VALID: (_("Valid"), _("Signed by an issuer trusted here, unchanged, not withdrawn.")),
    Outcome.EXPIRED: (_("Expired"), _("The code is genuine, but its time is over.")),
    Outcome.NOT_YET_VALID: (_("Not valid yet"), _("The code is genuine, but its time is to come.")),
    Outcome.REVOKED: (
        _("Withdrawn"),
        _("Its issuer has withdrawn this code. Do not accept it: ask for a new one."),
    ),
    Outcome.UNKNOWN_ISSUER: (
        _("Issuer unknown"),
        _("No issuer trusted here has signed this code, so nothing in it can be relied on."),
    ),
    Outcome.TAMPERED: (
        _("Not genuine"),
        _("The signature does not fit: the code was changed, or others made it."),
    ),
    Outcome.MALFORMED: (
        _("Not a vaccination code"),
        _("Scan it once more, or ask for the code itself: a copy may be cut off."),
    ),
}
KINDS: Mapping[Kind, Promise] = {
    Kind.TEST: _("It states a test result, not a vaccination."),
    Kind.RECOVERY: _("It states a recovery, not a vaccination."),
}
# Of the lines of tests and recoveries, by the members of certificates and cards.
TERMS: Mapping[str, Promise] = {
    "tg": _("Disease"),
    "tt": _("Type of test"),
    "nm": _("Name of test"),
    "ma": _("Device"),
    "sc": _("Sample taken"),
    "tr": _("Result"),
    "tc": _("Test centre"),
    "fr": _("First positive test"),
    "df": _("Valid from"),
    "du": _("Valid until"),
    "co": _("Country"),
    "is": _("Issued by"),
    "status": _("Status"),
    "code": _("Test"),
    "effective": _("Time"),
    "value": _("Result"),
    "performer": _("By"),
}
TEXTS: Mapping[str, Promise] = {
    "dose": _("Dose %(number)s"),
    "dose_of": _("Dose %(number)s of %(series)s"),
    "lot": _("Lot %(number)s"),
    "recalled": _("A lot in this code has been recalled. The code counts, but tell its holder."),
    "age": _("Keys and withdrawals as of %(moment)s (%(age)s)."),
    "offline": _("Checked offline, with keys and withdrawals as of %(moment)s (%(age)s)."),
    "no_keys": _("No keys yet: this device must reach the server once before it can check a code."),
}


@dataclass(frozen=True, slots=True)
class DoseWords:
    """A dose as the page shows it; what the code does not hold is empty."""

    position: str
    vaccine: str
    series: str
    prophylaxis: str
    day: str
    lot: str
    holder: str
    performer: str
    country: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A finding as the page shows it; ``reason`` says what is malformed, and only that."""

    outcome: str
    title: str
    lead: str
    reason: str = ""
    said: bool = False
    name: str = ""
    plain: str = ""
    birth: str = ""
    kind: str = ""
    recalled: str = ""
    issuer: str = ""
    issued: str = ""
    expires: str = ""
    checked: str = ""
    doses: tuple[DoseWords, ...] = ()
    details: tuple[tuple[str, str], ...] = ()


PATTERN = Verdict("", "", "", said=True, doses=(DoseWords(*[""] * 9),), details=(("", ""),))
"""What the page's script copies and fills."""


def verdict(finding: Finding, names: CodeNames) -> Verdict:
    """Put a finding into words."""
    title, lead = map(str, OUTCOMES[finding.outcome])
    said = finding.statement
    if said is None:
        reason = finding.reason if finding.outcome is Outcome.MALFORMED else ""
        return Verdict(finding.outcome, title, lead, reason=reason)
    counts = finding.outcome is Outcome.VALID
    return Verdict(
        outcome=finding.outcome,
        title=title,
        lead=lead,
        said=True,
        name=_name(said) or _plain_name(said),
        plain=_plain_name(said),
        birth=_day(said.person.birth_date),
        kind=str(KINDS.get(said.kind, "")),
        recalled=str(TEXTS["recalled"]) if finding.recalled and counts else "",
        issuer=finding.issuer_name,
        issued=_moment(said.issued_at),
        expires=_moment(said.expires_at),
        checked=_moment(finding.key.checked_at if finding.key else None),
        doses=tuple(_dose(dose, names) for dose in said.doses),
        details=tuple((str(TERMS.get(key, key)), value) for key, value in said.details),
    )


def script_words(names: CodeNames) -> dict[str, Any]:
    """Return all words of the page for its script, which puts findings into words itself."""
    return {
        "outcomes": {
            outcome.value: {"title": str(title), "lead": str(lead)}
            for outcome, (title, lead) in OUTCOMES.items()
        },
        "kinds": {kind.value: str(words) for kind, words in KINDS.items()},
        "terms": {key: str(words) for key, words in TERMS.items()},
        "texts": {key: str(words) for key, words in TEXTS.items()},
        "names": names._asdict(),
    }


def _name(said: Statement) -> str:
    return " ".join(filter(None, (said.person.given, said.person.family)))


def _plain_name(said: Statement) -> str:
    """Return the name as the machine-readable zone of a travel document has it."""
    return "<<".join(filter(None, (said.person.family_plain, said.person.given_plain)))


def _dose(dose: StatedDose, names: CodeNames) -> DoseWords:
    code = f"CVX {dose.vaccine}" if dose.vaccine_system.endswith("/cvx") else dose.vaccine
    vaccine = names.products.get(dose.product) or dose.product if dose.product else ""
    words = TEXTS["dose_of" if dose.series else "dose"]
    number = str(words) % {"number": dose.number, "series": dose.series} if dose.number else ""
    known = names.diseases.get(dose.disease)
    disease = gettext(known) if known else dose.disease
    return DoseWords(
        position=str(dose.number or "•"),
        vaccine=vaccine or names.vaccines.get(dose.vaccine, code),
        series=" · ".join(filter(None, (number, disease))),
        prophylaxis=names.prophylaxis.get(dose.vaccine, "") if dose.product else "",
        day=_day(dose.day),
        lot=str(TEXTS["lot"]) % {"number": dose.lot_number} if dose.lot_number else "",
        holder=names.holders.get(dose.holder, dose.holder),
        performer=dose.performer,
        country=dose.country,
    )


def _day(written: str) -> str:
    """Return a day or a month in words; anything else as it is written."""
    try:
        if found := parse_date(written):
            return date_format(found)
        if len(written) == len("1980-05") and (found := parse_date(f"{written}-01")):
            return date_format(found, "YEAR_MONTH_FORMAT")
    except ValueError:
        pass  # a day that no calendar has
    return written


def _moment(moment: dt.datetime | None) -> str:
    return date_format(moment, "DATETIME_FORMAT") + " UTC" if moment else ""
