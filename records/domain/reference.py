"""Clinics, manufacturers, vaccines and their targets, EU products.

*Correct* mends a typing error and keeps ``effective_from``; *change* tells of something that
happened outside (renamed, moved) and gives it the day; *retire* ends use without deleting.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from records import access
from records.codecs.credentials import Format
from records.domain import bulk, unit
from records.domain.patients import need_day, need_reason
from records.domain.revocation import (
    STATED_OF_PRODUCT,
    doses_of_vaccine,
    revoke_shifted,
    revoke_stating_any,
)
from records.models import (
    Clinic,
    Dose,
    EuProduct,
    Manufacturer,
    Record,
    ScreeningQuestion,
    Vaccine,
    VaccineTarget,
)

Reference = TypeVar("Reference", Clinic, Manufacturer, Vaccine)
InUse = TypeVar("InUse", Clinic, Manufacturer, Vaccine, ScreeningQuestion)
Listed = TypeVar("Listed", Manufacturer, Vaccine, VaccineTarget, EuProduct)

ADDRESS = frozenset({"street_number", "street_name", "city", "state", "zip_code", "country"})
SCHEDULE = ("doses_in_series", "min_interval_days", "min_age_months", "max_age_months")
"""What a site enters about a vaccine; its ages are completed months, the highest exclusive."""
FIELDS: dict[type, frozenset[str]] = {
    Clinic: ADDRESS | {"code", "name", "time_zone"},
    Manufacturer: ADDRESS | {"name", "mvx_code"},
    Vaccine: frozenset({"cvx_code", "short_name", "full_name", *SCHEDULE}),
    EuProduct: frozenset({"code", "name", "org_code", "prophylaxis_code"}),
}


@unit.transactional
def add_clinic(*, by: Any, **fields: Any) -> Clinic:
    """Add a clinic and return it."""
    return _add(Clinic, fields, by=by)


@unit.transactional
def add_manufacturer(*, by: Any, **fields: Any) -> Manufacturer:
    """Add a manufacturer and return it; an empty MVX code means that the CDC has none."""
    return _add(Manufacturer, fields, by=by)


@unit.transactional
def add_vaccine(*, by: Any, diseases: Iterable[str] = (), **fields: Any) -> Vaccine:
    """Add a vaccine, with the SNOMED CT codes of what it protects against, and return it."""
    vaccine = _add(Vaccine, fields, by=by)
    _aim(vaccine, set(diseases), by=by)
    return vaccine


@unit.transactional
def add_eu_product(*, by: Any, **fields: Any) -> EuProduct:
    """Add a medicinal product of the EU value sets and return it."""
    access.require(by, "add_euproduct")
    product = EuProduct(**unit.known(EuProduct, fields, FIELDS[EuProduct]))
    return unit.create(product, by=by, event="euproduct.added")


@unit.transactional
def add_many(*, by: Any, records: Sequence[Listed], reason: str) -> list[Listed]:
    """Add many new rows of one table at once, as a published code list needs it.

    ``reason`` names the list. Raises one ``ValidationError`` naming each field and row; the
    database has the last word on keys and checks.
    """
    if not records:
        return []
    name = records[0]._meta.model_name
    access.require(by, f"add_{name}")
    need_reason(reason)
    _check_many(records)
    try:
        return bulk.create_all(records, by=by, event=f"{name}.added", reason=reason)
    except IntegrityError as error:
        raise unit.explain(records[0], error) from error


@unit.transactional
def correct_eu_product(
    *, by: Any, product: EuProduct, version: int, reason: str, changes: Mapping[str, Any]
) -> EuProduct:
    """Bring a product in line with its value set and return its next version."""
    access.require(by, "change_euproduct", product)
    need_reason(reason)
    current = unit.lock(product, version=version)
    fields = unit.apply(current, unit.known(EuProduct, changes, FIELDS[EuProduct]))
    unit.update(current, fields, by=by, event="euproduct.corrected", reason=reason)
    if STATED_OF_PRODUCT & set(fields):
        doses = Dose.objects.filter(lot__eu_product=current)
        revoke_stating_any(by=by, doses=doses, reason=reason, formats=[Format.DCC])
    return current


@unit.transactional
def correct(
    *, by: Any, record: Reference, version: int, reason: str, changes: Mapping[str, Any]
) -> Reference:
    """Mend what was typed wrongly; it counts as having been right all along."""
    access.require(by, f"change_{record._meta.model_name}", record)
    need_reason(reason)
    current = unit.lock(record, version=version)
    fields = unit.apply(current, unit.known(type(record), changes, FIELDS[type(record)]))
    unit.update(current, fields, by=by, event=f"{_name(record)}.corrected", reason=reason)
    _revoke(current, fields, by=by, reason=reason)
    return current


@unit.transactional
def change(
    *,
    by: Any,
    record: Reference,
    version: int,
    reason: str,
    effective_from: dt.date,
    changes: Mapping[str, Any],
) -> Reference:
    """Tell what changed outside on ``effective_from``; earlier doses keep the earlier state.

    Raises ``ValidationError`` for a day in the future or not after the last change.
    """
    access.require(by, f"change_{record._meta.model_name}", record)
    need_reason(reason)
    current = unit.lock(record, version=version)
    last = current.effective_from
    fields = unit.apply(current, unit.known(type(record), changes, FIELDS[type(record)]))
    if fields:
        fields += unit.apply(current, {"effective_from": effective_from})
        _check_effective(current, last)
    unit.update(current, fields, by=by, event=f"{_name(record)}.changed", reason=reason)
    _revoke(current, fields, by=by, reason=reason)
    return current


@unit.transactional
def retire(*, by: Any, record: InUse, version: int, reason: str, retired_on: dt.date) -> InUse:
    """End the use of what can be retired; ``retired_on`` is the last day of use."""
    access.require(by, f"retire_{record._meta.model_name}", record)
    need_reason(reason)
    current = unit.lock(record, version=version)
    fields = unit.apply(current, {"retired_on": retired_on})
    need_day(current, "retired_on")
    return unit.update(current, fields, by=by, event=f"{_name(record)}.retired", reason=reason)


@unit.transactional
def reinstate(*, by: Any, record: InUse, version: int, reason: str) -> InUse:
    """Take a retirement back."""
    access.require(by, f"retire_{record._meta.model_name}", record)
    need_reason(reason)
    current = unit.lock(record, version=version)
    fields = unit.apply(current, {"retired_on": None})
    return unit.update(current, fields, by=by, event=f"{_name(record)}.reinstated", reason=reason)


@unit.transactional
def set_targets(
    *, by: Any, vaccine: Vaccine, version: int, reason: str, diseases: Iterable[str]
) -> Vaccine:
    """Make these SNOMED CT codes the diseases of a vaccine and return its next version.

    The diseases belong to the vaccine, so what somebody saw of it is out of date with them.
    """
    access.require(by, "change_vaccine", vaccine)
    need_reason(reason)
    current, wanted = unit.lock(vaccine, version=version), set(diseases)
    if wanted == set(current.targets.values_list("disease", flat=True)):
        return current
    unit.update(current, ["targets"], by=by, event="vaccine.retargeted", reason=reason)
    _aim(current, wanted, by=by, reason=reason)
    for doses in doses_of_vaccine(current):
        revoke_shifted(by=by, patients=doses.values("patient"), reason=reason)
    return current


def _revoke(record: Reference, fields: list[str], *, by: Any, reason: str) -> None:
    """Revoke the cards that state the code of a vaccine, where that was corrected or changed."""
    if isinstance(record, Vaccine) and "cvx_code" in fields:
        for doses in doses_of_vaccine(record):
            revoke_stating_any(by=by, doses=doses, reason=reason, formats=[Format.SHC])


def _aim(vaccine: Vaccine, diseases: set[str], *, by: Any, reason: str = "") -> None:
    current = {target.disease: target for target in vaccine.targets.all()}
    for disease in sorted(current.keys() - diseases):
        unit.remove(current[disease], by=by, event="vaccinetarget.removed", reason=reason)
    for disease in sorted(diseases - current.keys()):
        target = VaccineTarget(vaccine=vaccine, disease=disease)
        unit.create(target, by=by, event="vaccinetarget.added", reason=reason)


def _add(model: type[Reference], fields: Mapping[str, Any], *, by: Any) -> Reference:
    access.require(by, f"add_{model._meta.model_name}")
    record = model(**unit.known(model, fields, FIELDS[model]))
    return unit.create(record, by=by, event=f"{model._meta.model_name}.added")


def _check_many(records: Sequence[Listed]) -> None:
    """Check the columns of every row; relations are objects that were just read."""
    relations = {field.name for field in records[0]._meta.fields if field.is_relation}
    errors: dict[str, list[str]] = {}
    for record in records:
        try:
            record.clean_fields(exclude=relations)
        except ValidationError as error:
            for field, messages in error.message_dict.items():
                errors.setdefault(field, []).extend(f"{record}: {text}" for text in messages)
    if errors:
        raise ValidationError(errors)


def _check_effective(changed: Clinic | Manufacturer | Vaccine, last: dt.date | None) -> None:
    need_day(changed, "effective_from")
    day = changed.effective_from
    assert day is not None
    if day > timezone.localdate():
        message = _("A change is told when it has happened, not before.")
        raise ValidationError({"effective_from": message})
    if last and day <= last:
        message = _("The last change is of %(last)s; this one must be later.") % {"last": last}
        raise ValidationError({"effective_from": message})


def _name(record: Record) -> str:
    return record._meta.model_name or ""
