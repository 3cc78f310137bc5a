"""The rules of a dose: each in row form for one dose and in set form for a staging table.

The two forms stand side by side because bulk import cannot afford Python per row; a property
test feeds both the same doses and requires the same verdict. The set form is a condition on
``StagedDose``, whose columns have the names of ``Dose``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q
from django.db.models.expressions import Combinable
from django.utils.translation import gettext_lazy as _

from records.models import Assignment, Dose, DoseStatus
from records.wording import Text


@dataclass(frozen=True, slots=True)
class Given:
    """What a rule needs of another completed dose of the same patient."""

    vaccine_id: int
    manufacturer_id: int | None
    dose_number: int | None
    administered_on: dt.date


@dataclass(frozen=True, slots=True)
class Facts:
    """What the row form knows besides the dose: read once, under the patient's lock.

    ``today`` is the clinic's; ``assigned`` tells whether the volunteer works at the clinic on the
    day of the dose; ``others`` are the patient's other completed doses, and ``in_series`` of
    them count before this one in its series.
    """

    today: dt.date
    assigned: bool
    others: list[Given] = field(default_factory=list)
    in_series: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its code, the field it speaks of, the sentence, and when it is broken.

    ``staged`` is a function, so that subqueries are built only when they are used. ``detail`` is
    the sentence with what it is about, for whoever records one dose.
    """

    code: str
    field: str
    message: Text
    broken: Callable[[Dose, Facts], bool]
    staged: Callable[[], Combinable | Q]
    detail: Callable[[Dose, Facts], str] | None = None

    def says(self, dose: Dose, facts: Facts) -> str:
        """Return the sentence for one dose that breaks the rule."""
        return self.detail(dose, facts) if self.detail else str(self.message)


def is_given(dose: Dose) -> bool:
    """Tell whether the dose was given, here or elsewhere."""
    return dose.status == DoseStatus.COMPLETED


def _given_here(dose: Dose) -> bool:
    return is_given(dose) and dose.primary_source


GIVEN = Q(status=DoseStatus.COMPLETED)
GIVEN_HERE = GIVEN & Q(primary_source=True)


def same_vaccine(dose: Dose, facts: Facts) -> list[Given]:
    """Return the patient's other completed doses of the same vaccine."""
    return [other for other in facts.others if other.vaccine_id == dose.given_vaccine_id]


def others_staged() -> Q:
    """Return the patient's other completed doses of the same vaccine, for a subquery."""
    same = Q(vaccine=OuterRef("given_vaccine")) | Q(lot__vaccine=OuterRef("given_vaccine"))
    return Q(patient=OuterRef("patient"), status=DoseStatus.COMPLETED) & same


def _assignments() -> Q:
    day = OuterRef("administered_on")
    return (Q(ends_on__isnull=True) | Q(ends_on__gte=day)) & Q(
        volunteer=OuterRef("volunteer"), clinic=OuterRef("clinic"), starts_on__lte=day
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "patient_merged",
        "patient",
        _("This record was merged into another one; record the dose there."),
        lambda dose, facts: dose.patient.merged_into_id is not None,
        lambda: Q(patient__merged_into__isnull=False),
    ),
    Rule(
        "in_future",
        "administered_on",
        _("The day is in the future."),
        lambda dose, facts: dose.administered_on > facts.today,
        lambda: Q(administered_on__gt=F("today")),
    ),
    Rule(
        "before_birth",
        "administered_on",
        _("The day is before the patient's birth."),
        lambda dose, facts: dose.administered_on < dose.patient.date_of_birth,
        lambda: Q(administered_on__lt=F("patient__date_of_birth")),
    ),
    Rule(
        "lot_missing",
        "lot",
        _("A dose given here names its lot."),
        lambda dose, facts: _given_here(dose) and dose.lot is None,
        lambda: GIVEN_HERE & Q(lot__isnull=True),
    ),
    Rule(
        "clinic_missing",
        "clinic",
        _("A dose given here names its clinic."),
        lambda dose, facts: _given_here(dose) and dose.clinic is None,
        lambda: GIVEN_HERE & Q(clinic__isnull=True),
    ),
    Rule(
        "volunteer_missing",
        "volunteer",
        _("A dose given here names who gave it."),
        lambda dose, facts: _given_here(dose) and dose.volunteer is None,
        lambda: GIVEN_HERE & Q(volunteer__isnull=True),
    ),
    Rule(
        "lot_expired",
        "lot",
        _("This lot had expired on that day."),
        lambda dose, facts: (
            is_given(dose)
            and dose.lot is not None
            and dose.lot.expires_on is not None
            and dose.administered_on > dose.lot.expires_on
        ),
        lambda: GIVEN & Q(administered_on__gt=F("lot__expires_on")),
    ),
    Rule(
        "lot_recalled",
        "lot",
        _("This lot was recalled on or before that day."),
        lambda dose, facts: (
            is_given(dose)
            and dose.lot is not None
            and dose.lot.recalled_on is not None
            and dose.administered_on >= dose.lot.recalled_on
        ),
        lambda: GIVEN & Q(administered_on__gte=F("lot__recalled_on")),
    ),
    Rule(
        "clinic_retired",
        "clinic",
        _("This clinic was no longer in use on that day."),
        lambda dose, facts: (
            dose.clinic is not None
            and dose.clinic.retired_on is not None
            and dose.administered_on > dose.clinic.retired_on
        ),
        lambda: Q(administered_on__gt=F("clinic__retired_on")),
    ),
    Rule(
        "not_assigned",
        "volunteer",
        _("This volunteer was not assigned to this clinic on that day."),
        lambda dose, facts: (
            dose.clinic is not None and dose.volunteer is not None and not facts.assigned
        ),
        lambda: (
            Q(clinic__isnull=False, volunteer__isnull=False)
            & ~Exists(Assignment.objects.filter(_assignments()))
        ),
    ),
    Rule(
        "same_day",
        "administered_on",
        _("This patient already has a dose of this vaccine on that day."),
        lambda dose, facts: (
            is_given(dose)
            and any(o.administered_on == dose.administered_on for o in same_vaccine(dose, facts))
        ),
        lambda: (
            GIVEN
            & Exists(
                Dose.objects.filter(others_staged(), administered_on=OuterRef("administered_on"))
            )
        ),
    ),
    Rule(
        "number_taken",
        "dose_number",
        _("This dose number is taken."),
        lambda dose, facts: (
            is_given(dose)
            and dose.dose_number is not None
            and any(
                (o.manufacturer_id, o.dose_number) == (dose.manufacturer_id, dose.dose_number)
                for o in facts.others
            )
        ),
        lambda: (
            GIVEN
            & Q(dose_number__isnull=False)
            & Exists(
                Dose.objects.filter(
                    patient=OuterRef("patient"),
                    manufacturer=OuterRef("manufacturer"),
                    live_dose_number=OuterRef("dose_number"),
                )
            )
        ),
    ),
    Rule(
        "number_without_manufacturer",
        "dose_number",
        _("A dose number counts the doses of one manufacturer, which is unknown here."),
        lambda dose, facts: dose.dose_number is not None and dose.manufacturer_id is None,
        lambda: Q(dose_number__isnull=False, manufacturer__isnull=True),
    ),
    Rule(
        "reason_missing",
        "status_reason",
        _("Say why the dose was not given."),
        lambda dose, facts: not is_given(dose) and not dose.status_reason,
        lambda: ~GIVEN & Q(status_reason=""),
    ),
    Rule(
        "reason_superfluous",
        "status_reason",
        _("A completed dose has no reason."),
        lambda dose, facts: is_given(dose) and bool(dose.status_reason),
        lambda: GIVEN & ~Q(status_reason=""),
    ),
)


def judge(dose: Dose, facts: Facts, rules: Iterable[Rule] = RULES) -> list[Rule]:
    """Return the rules that one dose breaks, in order."""
    return [rule for rule in rules if rule.broken(dose, facts)]


def staged_flag(rule: Rule) -> ExpressionWrapper:
    """Return the set form as a boolean column for ``annotate``."""
    return ExpressionWrapper(Q(rule.staged()), output_field=BooleanField())
