"""How signed codes and what they state are put into words for a person."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from records.codecs.credentials import StatedDose, Statement
from records.codecs.diseases import disease_name
from records.domain.codes import Codes
from records.models import Credential, CredentialFormat, Dose, EuProduct, Vaccine

ABOUT: dict[str, Promise] = {
    CredentialFormat.SHC: gettext_lazy(
        "States all vaccinations. Health apps keep it, and verifier apps read it."
    ),
    CredentialFormat.DCC: gettext_lazy(
        "States one COVID-19 vaccination each, as countries of the EU and others check it."
    ),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A format, what it is good for, its codes that count now, and what none of them states yet."""

    format: CredentialFormat
    about: Promise
    codes: list[Credential]
    unstated: list[Dose]


@dataclass(frozen=True, slots=True)
class Line:
    """One dose as a code states it, in words; ``day`` is text where it is no whole day."""

    dose: StatedDose
    day: dt.date | str
    vaccine: str
    disease: str
    recalled: bool


def kinds_of(codes: Codes) -> list[Kind]:
    """Return every format with what there is of it, the codes of earlier doses first."""
    return [
        Kind(
            each,
            ABOUT[each],
            [code for code in reversed(codes.current) if code.format == each],
            codes.unstated[each],
        )
        for each in CredentialFormat
    ]


def lines_of(credential: Credential, statement: Statement) -> list[Line]:
    """Return the doses that a code states; a lot that has been recalled since is marked."""
    names = _names(statement)
    stated = credential.stated.select_related("dose__lot")
    recalled = {
        (one.dose.administered_on.isoformat(), one.dose.lot_number)
        for one in stated
        if one.dose.lot is not None and one.dose.lot.recalled_on is not None
    }
    return [
        Line(
            dose,
            parse_date(dose.day) or dose.day,
            names.get(dose.product or dose.vaccine, dose.product or dose.vaccine),
            _(disease_name(dose.disease)) if dose.disease else "",
            any(day == dose.day and dose.lot_number in ("", number) for day, number in recalled),
        )
        for dose in statement.doses
    ]


def _names(statement: Statement) -> dict[str, str]:
    """Return how people call what the doses name by code: a product, or else a vaccine."""
    products = {dose.product for dose in statement.doses if dose.product}
    if products:
        rows = EuProduct.objects.filter(code__in=products)
        return dict(rows.values_list("code", "name"))
    vaccines = Vaccine.objects.filter(cvx_code__in={dose.vaccine for dose in statement.doses})
    return dict(vaccines.values_list("cvx_code", "short_name"))
