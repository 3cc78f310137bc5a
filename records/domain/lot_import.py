"""Lots of a file: the bulk twin of ``receive_lot``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from records import access
from records.domain import bulk, unit
from records.domain.imports import Outcome, refuse_all
from records.domain.lots import clean_number
from records.models import EuProduct, Lot, Manufacturer, Vaccine

FIELDS = ("vaccine_id", "expires_on", "eu_product_id")


class LotRow(NamedTuple):
    """One lot as a file tells it: codes, not keys; an empty text is unknown."""

    row: int
    mvx_code: str
    lot_number: str
    cvx_code: str
    expires_on: dt.date | None
    eu_product_code: str


@unit.transactional
def import_lots(*, by: Any, rows: Sequence[LotRow], reason: str = "") -> Outcome:
    """Receive the lots of ``rows`` that break no rule, all in one transaction.

    A lot that is on record is left alone: as unchanged when it says, or said when it was
    received, what the row says; else as a conflict. Raises ``PermissionDenied``.
    """
    access.require(by, "import_records")
    outcome = Outcome()
    manufacturers = _keys(Manufacturer, "mvx_code", {row.mvx_code for row in rows})
    vaccines = _keys(Vaccine, "cvx_code", {row.cvx_code for row in rows})
    products = _keys(EuProduct, "code", {row.eu_product_code for row in rows})
    numbers = {row.lot_number for row in rows}
    known = {
        (lot.manufacturer_id, lot.number): lot
        for lot in Lot.objects.filter(
            manufacturer__in=set(manufacturers.values()), number__in=numbers
        )
    }
    first = {
        version.id: version
        for version in Lot.history.filter(id__in=[lot.pk for lot in known.values()], version=1)
    }
    new: list[Lot] = []
    for row in rows:
        lot = _lot(row, manufacturers, vaccines, products, outcome)
        if lot is None:
            continue
        other = known.get((lot.manufacturer_id, lot.number))
        if other is None:
            known[lot.manufacturer_id, lot.number] = lot
            new.append(lot)
        else:
            _compare(row, lot, [other, first.get(other.pk, other)], outcome)
    bulk.create_all(new, by=by, event="lot.received", reason=reason)
    outcome.new = len(new)
    return outcome


def _keys(model: type[Any], name: str, codes: set[str]) -> dict[str, int]:
    return dict(model.objects.filter(**{f"{name}__in": codes}).values_list(name, "pk"))


def _lot(
    row: LotRow,
    manufacturers: dict[str, int],
    vaccines: dict[str, int],
    products: dict[str, int],
    outcome: Outcome,
) -> Lot | None:
    """Return the lot of a row, or note in ``outcome`` what is wrong with it."""
    before = len(outcome.findings)
    for name, code, codes, needed in (
        ("manufacturer", row.mvx_code, manufacturers, True),
        ("vaccine", row.cvx_code, vaccines, True),
        ("eu_product", row.eu_product_code, products, False),
    ):
        if code and code not in codes:
            outcome.refuse(row.row, name, "unknown", _("This code is unknown."))
        elif needed and not code:
            outcome.refuse(row.row, name, "required", _("This cannot be unknown."))
    if len(outcome.findings) > before:
        return None
    lot = Lot(
        manufacturer_id=manufacturers[row.mvx_code],
        vaccine_id=vaccines[row.cvx_code],
        expires_on=row.expires_on,
        eu_product_id=products.get(row.eu_product_code),
    )
    try:
        lot.number = clean_number(row.lot_number)
        lot.clean_fields(exclude={"manufacturer", "vaccine", "eu_product"})
    except ValidationError as error:
        refuse_all(outcome, row.row, error)
        return None
    return lot


def _compare(row: LotRow, lot: Lot, known: list[Any], outcome: Outcome) -> None:
    """Tell a lot that is on record as it is from one that says something else."""
    differing = [
        name
        for name in FIELDS
        if (value := getattr(lot, name)) is not None
        and all(getattr(other, name) != value for other in known)
    ]
    if not differing:
        outcome.unchanged += 1
    for name in differing:
        message = _("This lot is on record with something else here.")
        outcome.conflict(row.row, name.removesuffix("_id"), message)
