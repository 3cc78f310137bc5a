"""The series position of a dose: what people count, unlike the dose number, which is a key."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

from django.db.models import BigIntegerField, QuerySet, Subquery
from django.db.models.functions import Coalesce

from records.history import as_of, lots_as_of
from records.models import Dose, DoseStatus, VaccineTarget

Day = TypeVar("Day", dt.date, str)  # a date, or its ISO text, which sorts alike


def series_positions(
    patients: Collection[int], moment: dt.datetime | None = None
) -> dict[int, dict[str, int]]:
    """Return the positions of all completed doses of some patients, by the dose's key.

    They map each disease (SNOMED CT) to the rank among the patient's completed doses against
    it, by day and key; now or as the records said at ``moment``. Whether the caller sees the
    patients is for the caller to know.
    """
    doses = _doses(moment).filter(patient_id__in=patients, status=DoseStatus.COMPLETED)
    given = list(doses.order_by("administered_on", "id").values_list("id", "patient_id", "given"))
    diseases = diseases_of({row[2] for row in given}, moment)
    found = ranks(
        (patient, dose, disease)
        for dose, patient, vaccine in given
        for disease in diseases.get(vaccine, ())
    )
    return {dose: found.get(dose, {}) for dose, *_ in given}


def diseases_of(vaccines: Collection[int], moment: dt.datetime | None) -> dict[int, list[str]]:
    """Return the diseases (SNOMED CT) of some vaccines by key, now or as the records said then."""
    pairs: QuerySet[Any] = as_of(VaccineTarget, moment) if moment else VaccineTarget.objects.all()
    found: dict[int, list[str]] = {}
    named = pairs.filter(vaccine_id__in=vaccines)
    for vaccine, disease in named.values_list("vaccine_id", "disease"):
        found.setdefault(vaccine, []).append(disease)
    return found


def given_before(
    vaccine: int,
    day: Day,
    others: Collection[tuple[int, Day]],
    diseases: Mapping[int, Collection[str]],
) -> int:
    """Return how many of a patient's ``others`` count before a dose of a vaccine on a day.

    Of its diseases, the one against which there were fewest: a combined vaccine is superfluous
    when every series is complete. 0 for a vaccine against no known disease. ``others`` are
    vaccines with days, ``diseases`` those of each vaccine.
    """
    earlier = [other for other, given_on in others if given_on < day]
    return min(
        (
            sum(disease in diseases.get(other, ()) for other in earlier)
            for disease in diseases.get(vaccine, ())
        ),
        default=0,
    )


def ranks(lines: Iterable[tuple[int, int, str]]) -> dict[int, dict[str, int]]:
    """Return each dose's rank in the series against each of its diseases, by the dose's key.

    ``lines`` are patient, dose and disease, in the order in which a patient's doses count. A dose
    against no known disease has none.
    """
    counts: Counter[tuple[int, str]] = Counter()
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for patient, dose, disease in lines:
        counts[patient, disease] += 1
        found[dose][disease] = counts[patient, disease]
    return found


def _doses(moment: dt.datetime | None) -> QuerySet[Any]:
    """Return the doses with the vaccine that was given, by the lot where one is known."""
    if moment is None:
        return Dose.objects.annotate(given=Coalesce("vaccine_id", "lot__vaccine_id"))
    by_lot = Subquery(lots_as_of(moment).values("vaccine_id")[:1])
    given = Coalesce("vaccine_id", by_lot, output_field=BigIntegerField())
    return as_of(Dose, moment).annotate(given=given)
