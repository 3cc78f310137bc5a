"""What the doses of one import are to each other, as if recorded one after another.

The database judges each row against what is on record; this file judges it against the rows
before it that were accepted. Most rows of a file have no such neighbour and pass straight through.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from records.domain.dose_codes import CodedDose
from records.domain.dose_past import Past
from records.domain.dose_rules import RULES, Rule
from records.domain.dose_staging import Verdict
from records.domain.dose_warnings import WARNINGS
from records.domain.imports import Outcome
from records.models import DoseStatus

BY_CODE = {rule.code: rule for rule in (*RULES, *WARNINGS)}
ORDER = {code: place for place, code in enumerate(BY_CODE)}
SAME_DAY = BY_CODE["same_day"]
NUMBER_TAKEN = BY_CODE["number_taken"]
SHORT_INTERVAL = BY_CODE["short_interval"]
SERIES_COMPLETE = BY_CODE["series_complete"]

Pair = tuple[int, int]
"""A patient and a manufacturer or a vaccine."""

Confirmed = Mapping[int, Collection[str]]
"""The codes of the warnings that a person has judged, by row."""


class Numbering:
    """The running number of each patient's doses of a manufacturer, as rows are accepted."""

    def __init__(self, highest: Mapping[Pair, int]) -> None:
        """Start after the highest numbers on record."""
        self._last = dict(highest)
        self._taken: dict[Pair, set[int]] = defaultdict(set)

    def next(self, dose: CodedDose) -> CodedDose:
        """Return the dose with its number: the one it names, else the next."""
        if dose.manufacturer_id is None or dose.status != DoseStatus.COMPLETED:
            return dose
        pair = (dose.patient_id, dose.manufacturer_id)
        last = self._last.get(pair, 0)
        if dose.dose_number is None:
            dose = dose._replace(dose_number=last + 1)
        assert dose.dose_number is not None
        self._last[pair] = max(last, dose.dose_number)
        self._taken[pair].add(dose.dose_number)
        return dose

    def taken(self, dose: CodedDose) -> bool:
        """Tell whether a row before this one has the number that it names."""
        if dose.manufacturer_id is None or dose.dose_number is None:
            return False
        return dose.dose_number in self._taken.get((dose.patient_id, dose.manufacturer_id), ())


@dataclass(slots=True)
class Accepted:
    """The rows of a file that were accepted so far, as later rows need them."""

    numbering: Numbering
    past: Past
    days: dict[Pair, list[str]] = field(default_factory=lambda: defaultdict(list))
    keys: dict[tuple[str | None, str | None], CodedDose] = field(default_factory=dict)

    def broken(self, dose: CodedDose) -> list[Rule]:
        """Return the rules that a completed dose breaks against the rows before it."""
        rules = []
        if dose.administered_on in self.days.get((dose.patient_id, dose.given_vaccine_id), ()):
            rules.append(SAME_DAY)
        if self.numbering.taken(dose):
            rules.append(NUMBER_TAKEN)
        return rules

    def doubtful(self, dose: CodedDose) -> list[Rule]:
        """Return the warnings of a completed dose because of the rows before it."""
        found = [SHORT_INTERVAL] if self._is_too_close(dose) else []
        return [*found, SERIES_COMPLETE] if self.past.completes(dose) else found

    def _is_too_close(self, dose: CodedDose) -> bool:
        if dose.interval_from is None or dose.interval_to is None:
            return False
        days = self.days.get((dose.patient_id, dose.given_vaccine_id), ())
        return any(dose.interval_from < day < dose.interval_to for day in days)

    def accept(self, dose: CodedDose) -> CodedDose:
        """Remember a row and return it with its number."""
        numbered = self.numbering.next(dose)
        if dose.status == DoseStatus.COMPLETED:
            self.days[dose.patient_id, dose.given_vaccine_id].append(dose.administered_on)
            self.past.add(dose)
        if dose.external_id is not None:
            self.keys[dose.external_source, dose.external_id] = dose
        return numbered


def provisional(doses: Sequence[CodedDose], highest: Mapping[Pair, int]) -> dict[int, CodedDose]:
    """Return the doses by row, with the numbers that they have if none of them is refused."""
    return {
        dose.row: numbered
        for dose, numbered in zip(doses, map(Numbering(highest).next, doses), strict=True)
    }


def in_sequence(
    doses: Sequence[CodedDose],
    numbered: Mapping[int, CodedDose],
    verdicts: Mapping[int, Verdict],
    highest: Mapping[Pair, int],
    past: Past,
    outcome: Outcome,
    confirmed: Confirmed | None = None,
) -> list[CodedDose]:
    """Return the doses to write, in order and numbered.

    ``numbered`` are the same by row, with provisional numbers; ``verdicts`` are the database's;
    ``highest`` has the highest numbers on record, ``past`` the doses of patients with several
    rows. Refusals, conflicts and warnings go into ``outcome``. A row with a warning is written
    if ``confirmed`` names its code for the row; without ``confirmed`` every warning is.
    """
    alone = _without_neighbours(doses)
    before = Accepted(Numbering(highest), past)
    accepted = []
    for dose in doses:
        verdict = verdicts.get(dose.row)
        if verdict is None and dose.row in alone:
            accepted.append(numbered[dose.row])
        elif twin := before.keys.get((dose.external_source, dose.external_id)):
            _repeated(dose, twin, outcome)
        elif _passes(dose, verdict, before, outcome, confirmed):
            accepted.append(before.accept(dose))
    return accepted


def _passes(
    dose: CodedDose,
    verdict: Verdict | None,
    before: Accepted,
    outcome: Outcome,
    confirmed: Confirmed | None,
) -> bool:
    """Tell whether a row is to be written; note the rules that it breaks, or what it warns of."""
    given = dose.status == DoseStatus.COMPLETED
    rules = set(verdict.rules if verdict else [])
    if given:
        rules.update(before.broken(dose))
    for rule in sorted(rules, key=lambda rule: ORDER[rule.code]):
        outcome.refuse(dose.row, rule.field, rule.code, str(rule.message))
    if rules:
        return False
    warnings = set(verdict.warnings if verdict else [])
    if given:
        warnings.update(before.doubtful(dose))
    if confirmed is not None:
        warnings = {rule for rule in warnings if rule.code not in confirmed[dose.row]}
    for rule in sorted(warnings, key=lambda rule: ORDER[rule.code]):
        outcome.warn(dose.row, rule.field, rule.code, str(rule.message))
    return confirmed is None or not warnings


def _without_neighbours(doses: Sequence[CodedDose]) -> set[int]:
    """Return the rows whose patient and whose external key occur only once."""
    patients = Counter(dose.patient_id for dose in doses)
    keys = Counter((dose.external_source, dose.external_id) for dose in doses)
    return {
        dose.row
        for dose in doses
        if patients[dose.patient_id] == 1
        and (dose.external_id is None or keys[dose.external_source, dose.external_id] == 1)
    }


CONTENT = tuple(
    name
    for name in CodedDose._fields
    if name not in {"row", "public_id", "lot_id", "interval_from", "interval_to", "today"}
)


def _repeated(dose: CodedDose, twin: CodedDose, outcome: Outcome) -> None:
    """Note a row whose key an accepted row before it has."""
    differing = [
        name
        for name in CONTENT
        if getattr(dose, name) != getattr(twin, name)
        and not (name == "dose_number" and dose.dose_number is None)
    ]
    if not differing:
        outcome.unchanged += 1
    for name in differing:
        message = _("Row %(row)s has the same source and id, with other content.") % {
            "row": twin.row
        }
        outcome.conflict(dose.row, name.removesuffix("_id"), message)
