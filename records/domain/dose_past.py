"""What the patients of an import were given before each row: on record, and by rows before it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models.functions import Coalesce

from records.domain.dose_codes import CodedDose, chunks, rows_in
from records.domain.series import diseases_of, given_before
from records.models import Dose, DoseStatus, Vaccine


@dataclass(slots=True)
class Past:
    """Completed doses by patient, as a series counts them.

    ``needed`` are the doses in the series of each vaccine that has one, ``diseases`` those of
    each vaccine, ``given`` the vaccines with their days (ISO).
    """

    needed: Mapping[int, int] = field(default_factory=dict)
    diseases: Mapping[int, Collection[str]] = field(default_factory=dict)
    given: defaultdict[int, list[tuple[int, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def completes(self, dose: CodedDose) -> bool:
        """Tell whether the series of a row's vaccine is complete before the row."""
        vaccine = dose.given_vaccine_id
        if vaccine not in self.needed:
            return False
        others = self.given[dose.patient_id]
        before = given_before(vaccine, dose.administered_on, others, self.diseases)
        return before >= self.needed[vaccine]

    def add(self, dose: CodedDose) -> None:
        """Count a row from now on."""
        self.given[dose.patient_id].append((dose.given_vaccine_id, dose.administered_on))


def past_of(doses: Sequence[CodedDose]) -> Past:
    """Return the past of the patients with several rows, the only ones who need more than SQL."""
    rows = Counter(dose.patient_id for dose in doses)
    vaccines = {dose.given_vaccine_id for dose in doses if rows[dose.patient_id] > 1}
    series = Vaccine.objects.filter(pk__in=vaccines, doses_in_series__isnull=False)
    needed = {key: number for key, number in series.values_list("pk", "doses_in_series") if number}
    patients = {
        dose.patient_id
        for dose in doses
        if rows[dose.patient_id] > 1 and dose.given_vaccine_id in needed
    }
    if not patients:
        return Past()
    past = Past(needed)
    completed = Dose.objects.filter(status=DoseStatus.COMPLETED).order_by()
    columns = ("patient_id", Coalesce("vaccine_id", "lot__vaccine_id"), "administered_on")
    for chunk in chunks(patients):
        for patient, vaccine, day in rows_in(completed.values_list(*columns), chunk):
            past.given[patient].append((vaccine, str(day)))
    known = {vaccine for given in past.given.values() for vaccine, _ in given}
    past.diseases = diseases_of(known | vaccines, None)
    return past
