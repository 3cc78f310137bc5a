"""What only a person can judge about a dose; an import reports it and goes on.

Each has a row form and a set form side by side, as the rules of ``dose_rules`` have.
"""

from __future__ import annotations

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, ExtractDay, ExtractMonth, ExtractYear
from django.db.models.lookups import GreaterThanOrEqual, LessThan
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from records.domain.ages import age_in_months
from records.domain.dose_rules import GIVEN, Facts, Rule, is_given, others_staged, same_vaccine
from records.models import Dose, DoseStatus, VaccineTarget
from records.wording import Text

TOO_NEAR: Text = _(
    "Another dose of this vaccine was given on %(day)s, %(days)d days apart."
    " Its schedule says at least %(least)d days."
)


def _interval(dose: Dose, facts: Facts) -> str:
    """Return which dose is too near, how near, and what the schedule says."""
    days, other = min(
        (abs((other.administered_on - dose.administered_on).days), other.administered_on)
        for other in same_vaccine(dose, facts)
        if other.administered_on != dose.administered_on
    )
    return TOO_NEAR % {
        "day": date_format(other),
        "days": days,
        "least": dose.given_vaccine.min_interval_days,
    }


def _months_staged() -> Combinable:
    """Return ``age_in_months`` for the staging table."""
    day, born = "administered_on", "patient__date_of_birth"
    years = ExtractYear(day) - ExtractYear(born)
    months = ExtractMonth(day) - ExtractMonth(born)
    begun = When(LessThan(ExtractDay(day), ExtractDay(born)), then=Value(1))
    return years * 12 + months - Case(begun, default=Value(0))


def _is_wrong_age(dose: Dose) -> bool:
    least, below = dose.given_vaccine.min_age_months, dose.given_vaccine.max_age_months
    age = age_in_months(dose.patient.date_of_birth, dose.administered_on)
    return (least is not None and age < least) or (below is not None and age >= below)


def _ages(dose: Dose, facts: Facts) -> str:
    """Return for which ages the vaccine is, and how old the patient was."""
    least, below = dose.given_vaccine.min_age_months, dose.given_vaccine.max_age_months
    if least is None:
        text = gettext(
            "The vaccine's schedule is for ages below %(below)s; the patient's was %(age)s."
        )
    elif below is None:
        text = gettext(
            "The vaccine's schedule is for ages from %(least)s; the patient's was %(age)s."
        )
    else:
        text = gettext(
            "The vaccine's schedule is for ages from %(least)s to below %(below)s;"
            " the patient's was %(age)s."
        )
    age = age_in_months(dose.patient.date_of_birth, dose.administered_on)
    return text % {
        "least": _duration(least or 0),
        "below": _duration(below or 0),
        "age": _duration(age),
    }


def _duration(months: int) -> str:
    """Return an age as people say it: in months until two years, then with the years."""
    years, more = divmod(months, 12)
    if years < 2:
        return ngettext("%(count)d month", "%(count)d months", months) % {"count": months}
    told = ngettext("%(count)d year", "%(count)d years", years) % {"count": years}
    if not more:
        return told
    rest = ngettext("%(count)d month", "%(count)d months", more) % {"count": more}
    return gettext("%(years)s and %(months)s") % {"years": told, "months": rest}


def _series(dose: Dose, facts: Facts) -> str:
    """Return how many doses the series has, and how many were given."""
    return gettext(
        "The patient has all doses of this vaccine's series already."
        " Doses in the series: %(needed)d; given against the same diseases before: %(given)d."
    ) % {"needed": dose.given_vaccine.doses_in_series, "given": facts.in_series}


def _targets() -> QuerySet[VaccineTarget]:
    """Return the diseases of a staged row's vaccine; against none there is no series."""
    return VaccineTarget.objects.filter(vaccine=OuterRef("given_vaccine")).order_by()


def _needed() -> OuterRef:
    return OuterRef("given_vaccine__doses_in_series")


def _before() -> Coalesce:
    """Return how many doses the patient had before a staged row against one of its diseases."""
    by_lot = Q(lot__vaccine__targets__disease=OuterRef("disease"))
    earlier = Dose.objects.filter(
        by_lot | Q(vaccine__targets__disease=OuterRef("disease")),
        patient=OuterRef(OuterRef("patient")),
        status=DoseStatus.COMPLETED,
        administered_on__lt=OuterRef(OuterRef("administered_on")),
    )
    counted = earlier.order_by().values("patient").annotate(number=Count("pk", distinct=True))
    return Coalesce(Subquery(counted.values("number")), 0)


WARNINGS: tuple[Rule, ...] = (
    Rule(
        "lot_recalled_since",
        "lot",
        _("This lot has been recalled since that day."),
        lambda dose, facts: (
            is_given(dose)
            and dose.lot is not None
            and dose.lot.recalled_on is not None
            and dose.administered_on < dose.lot.recalled_on
        ),
        lambda: GIVEN & Q(administered_on__lt=F("lot__recalled_on")),
    ),
    Rule(
        "short_interval",
        "administered_on",
        _("The interval to another dose of this vaccine is shorter than its schedule says."),
        lambda dose, facts: (
            is_given(dose)
            and any(
                0
                < abs((o.administered_on - dose.administered_on).days)
                < (dose.given_vaccine.min_interval_days or 0)
                for o in same_vaccine(dose, facts)
            )
        ),
        lambda: (
            GIVEN
            & Exists(
                Dose.objects.filter(
                    others_staged(),
                    ~Q(administered_on=OuterRef("administered_on")),
                    administered_on__gt=OuterRef("interval_from"),
                    administered_on__lt=OuterRef("interval_to"),
                )
            )
        ),
        detail=_interval,
    ),
    Rule(
        "wrong_age",
        "administered_on",
        _("The patient's age on that day is outside what the vaccine's schedule says."),
        lambda dose, facts: is_given(dose) and _is_wrong_age(dose),
        lambda: (
            GIVEN
            & (
                Q(LessThan(_months_staged(), F("given_vaccine__min_age_months")))
                | Q(GreaterThanOrEqual(_months_staged(), F("given_vaccine__max_age_months")))
            )
        ),
        detail=_ages,
    ),
    Rule(
        "series_complete",
        "administered_on",
        _("The patient has all doses of this vaccine's series already."),
        lambda dose, facts: (
            is_given(dose) and 0 < (dose.given_vaccine.doses_in_series or 0) <= facts.in_series
        ),
        lambda: (
            GIVEN
            & Q(given_vaccine__doses_in_series__isnull=False)
            & Exists(_targets())
            & ~Exists(_targets().annotate(before=_before()).filter(before__lt=_needed()))
        ),
        detail=_series,
    ),
)
