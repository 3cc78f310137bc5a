"""Every rule of a dose, in both of its forms; and that the two forms are one rule."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from records.domain.dose_codes import DoseRow, code_doses
from records.domain.dose_import import import_doses
from records.domain.dose_rules import RULES
from records.domain.dose_staging import judge_staged, stage, staging
from records.domain.dose_warnings import WARNINGS
from records.domain.errors import ConfirmationRequired
from records.domain.imports import Kind, Outcome
from records.models import Patient
from tests.records import factories as make
from tests.records.domain.dose_worlds import (
    NOT_WRITTEN,
    Verdicts,
    codes_of,
    make_world,
    record,
    record_all,
    row,
    stored,
    versions,
)

pytestmark = pytest.mark.django_db

ELSEWHERE: dict[str, Any] = {
    "lot_number": "",
    "cvx_code": "900",
    "clinic_code": "",
    "volunteer_code": "",
    "primary_source": False,
}
IN_SERIES: dict[str, Any] = {"mvx_code": "M1", "lot_number": "D"}
NOT_DONE: dict[str, Any] = {"status": "not-done"}


def scenarios() -> dict[str, tuple[list[DoseRow], DoseRow]]:
    """Return for each rule what is on record and a row that breaks this rule and no other."""
    ago = make.days_ago
    return {
        "patient_merged": ([], row(identifier="3")),
        "in_future": ([], row(administered_on=ago(-1))),
        "before_birth": ([], row(identifier="2", administered_on=ago(101))),
        "lot_missing": ([], row(lot_number="", cvx_code="900")),
        "clinic_missing": ([], row(clinic_code="")),
        "volunteer_missing": ([], row(volunteer_code="")),
        "lot_expired": ([], row(lot_number="B", administered_on=ago(19))),
        "lot_recalled": ([], row(mvx_code="M1", lot_number="C", administered_on=ago(15))),
        "clinic_retired": ([], row(clinic_code="OLD", administered_on=ago(9))),
        "not_assigned": ([], row(volunteer_code="BEA", administered_on=ago(61))),
        "same_day": ([row(9)], row(mvx_code="M1")),
        "number_taken": (
            [row(9, dose_number=4, administered_on=ago(100))],
            row(dose_number=4),
        ),
        "number_without_manufacturer": ([], row(**ELSEWHERE, mvx_code="", dose_number=1)),
        "reason_missing": ([], row(**NOT_DONE)),
        "reason_superfluous": ([], row(status_reason="Because.")),
        "lot_recalled_since": (
            [],
            row(mvx_code="M1", lot_number="C", administered_on=ago(16)),
        ),
        "short_interval": ([row(9, administered_on=ago(50))], row()),
        "wrong_age": ([], row(**IN_SERIES, identifier="2", administered_on=ago(51))),
        "series_complete": (
            [row(number, **IN_SERIES, administered_on=ago(10 * number)) for number in (8, 9)],
            row(**IN_SERIES),
        ),
    }


CODES = [rule.code for rule in (*RULES, *WARNINGS)]
every_rule = pytest.mark.parametrize("code", CODES)


def test_scenarios_cover_every_rule():
    assert list(scenarios()) == CODES


@every_rule
def test_row_form_finds_what_breaks_it_and_nothing_else(code):
    make_world()
    before, broken = scenarios()[code]
    record_all(before)
    patient = Patient.objects.get(identifiers__value=broken.identifier)

    with pytest.raises((ValidationError, ConfirmationRequired)) as caught:
        record(broken, patient=patient)

    found = caught.value
    codes = found.warnings if isinstance(found, ConfirmationRequired) else codes_of(found)
    assert set(codes) == {code}


@every_rule
def test_set_form_finds_what_breaks_it_and_nothing_else(code):
    make_world()
    before, broken = scenarios()[code]
    record_all(before)
    [dose] = code_doses([broken], Outcome())
    patient = Patient.objects.get(identifiers__value=broken.identifier)

    with staging() as run:
        stage(run, [dose._replace(patient_id=patient.pk)])
        [verdict] = judge_staged(run).values()

    assert [rule.code for rule in (*verdict.rules, *verdict.warnings)] == [code]


def test_neither_form_finds_anything_in_good_rows():
    make_world()
    good = [
        row(),
        row(**ELSEWHERE),
        row(**ELSEWHERE, mvx_code=""),
        row(**NOT_DONE, status_reason="Fever."),
        row(**{**ELSEWHERE, **NOT_DONE, "status_reason": "Fever."}),
        # The last and the first day on which each may still be used.
        row(lot_number="B", administered_on=make.days_ago(20)),
        row(clinic_code="OLD", administered_on=make.days_ago(10)),
        row(volunteer_code="BEA", administered_on=make.days_ago(5)),
        row(volunteer_code="BEA", administered_on=make.days_ago(60)),
        row(administered_on=make.days_ago(0)),
        row(**IN_SERIES, identifier="2"),
        row(mvx_code="M1", lot_number="E", identifier="2"),
        row(identifier="2", administered_on=make.days_ago(100)),
        # A lot that may not be given may still be why nothing was given.
        row(lot_number="B", administered_on=make.days_ago(1), **NOT_DONE, status_reason="Old."),
    ]

    for each in good:
        with taken_back():
            assert record_all([each]) == Verdicts()
        with taken_back():
            outcome = import_doses(by=make.system(), rows=[each])
            assert (outcome.new, outcome.findings) == (1, [])


DAYS = (30, 31, 40, 51) * 5 + (-1, 0, 1, 5, 6, 9, 10, 11, 15, 16, 19, 20, 60, 61, 100, 101)
LOTS = (("M0", "A", ""), ("M0", "B", ""), ("M1", "A", ""), ("M1", "C", ""), ("M1", "D", ""))
NO_LOTS = (("M0", "", "900"), ("", "", "900"), ("M1", "", "901"), ("", "", "902"), ("", "", "903"))


def rows(most: int) -> st.SearchStrategy[list[DoseRow]]:
    """Return rows of few patients, lots and days, so that many of them meet."""
    often = st.sampled_from
    one = st.fixed_dictionaries(
        {
            "identifier": often("112233"),
            "product": often(LOTS * 3 + NO_LOTS),
            "administered_on": often(DAYS).map(make.days_ago),
            "clinic_code": often(("NEW",) * 8 + ("OLD", "")),
            "volunteer_code": often(("ANA",) * 8 + ("BEA", "")),
            "primary_source": often((True, True, False)),
            "status": often(("completed",) * 8 + ("not-done", "entered-in-error")),
            "status_reason": often(("", "Fever.")),
            "dose_number": often((None,) * 5 + (1, 2, 3)),
            "external_id": often(range(40)),
        }
    )
    return st.lists(one, min_size=1, max_size=most).map(_numbered)


def _numbered(drawn: list[dict[str, Any]]) -> list[DoseRow]:
    made = []
    for number, fields in enumerate(drawn, start=2):
        mvx, lot, cvx = fields["product"]
        values = {name: value for name, value in fields.items() if name != "product"}
        values["external_id"] = f"{fields['external_id']}"
        if number % 8:  # mostly right, so that other rules get their turn
            values["status_reason"] = "" if fields["status"] == "completed" else "Fever."
        made.append(row(number, mvx_code=mvx, lot_number=lot, cvx_code=cvx, **values))
    return made


@contextmanager
def taken_back() -> Iterator[None]:
    """Undo what happens inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def imported(batches: list[list[DoseRow]]) -> Verdicts:
    """Import the batches; tell the verdicts as ``record_all`` does."""
    verdicts = Verdicts()
    codes: dict[Kind, dict[int, set[str]]] = {kind: {} for kind in Kind}
    written = 0
    for batch in batches:
        outcome = import_doses(by=make.system(), rows=batch)
        written += outcome.new
        for finding in outcome.findings:
            codes[finding.kind].setdefault(finding.row, set()).add(finding.code)
    verdicts.refused = {number: frozenset(found) for number, found in codes[Kind.REFUSED].items()}
    verdicts.refused |= dict.fromkeys(codes[Kind.CONFLICT], NOT_WRITTEN)
    verdicts.warned = {number: frozenset(found) for number, found in codes[Kind.WARNING].items()}
    return verdicts


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # one example is small enough to read
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=rows(12), on_record=st.integers(0, 4), cut=st.integers(0, 12))
def test_importing_rows_is_recording_them_one_after_another(world, drawn, on_record, cut):
    before, after = drawn[:on_record], drawn[on_record:]
    with taken_back():
        record_all(before)
        expected = record_all(after)
        doses, history = stored(), versions()
    with taken_back():
        record_all(before)
        found = imported([part for part in (after[:cut], after[cut:]) if part])
        assert stored() == doses
        assert versions() == history

    assert found.warned == expected.warned
    # A second row of the same key is refused here as taken, and compared by the import.
    repeated = {
        each.row
        for place, each in enumerate(drawn)
        if any(each.external_id == other.external_id for other in drawn[:place])
    }
    for number in repeated:
        assert (number in expected.refused) or found.refused.get(number) is None
        expected.refused.pop(number, None)
        found.refused.pop(number, None)
    assert found.refused == expected.refused


@pytest.fixture
def world() -> None:
    make_world()
