"""Credentials that become untrue with what many doses share, or with what is deleted for good."""

import pytest
from django.core.exceptions import ValidationError

from records.domain import deletion, lots, reference
from tests.records import factories as make
from tests.records import issuer
from tests.records.issuer import causes

pytestmark = pytest.mark.django_db

WHY = "A typing error."
AMENDED = "dose-amended"


def correct(record, **changes):
    return reference.correct(
        by=make.system(), record=record, version=record.version, reason=WHY, changes=changes
    )


class TestReferenceData:
    def test_new_number_of_a_lot_revokes_cards(self, given, issued):
        lot = given[1].lot

        lots.renumber_lot(by=make.system(), lot=lot, version=1, reason=WHY, number="OTHER")

        assert causes(issued) == [AMENDED, "", ""]

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            (lambda: {"eu_product": issuer.product()}, ["", "", AMENDED]),
            (lambda: {"vaccine": make.make_vaccine()}, [AMENDED, "", AMENDED]),
            (lambda: {"expires_on": make.days_ago(-90)}, ["", "", ""]),
        ],
        ids=["product", "vaccine", "expiry"],
    )
    def test_correction_of_a_lot(self, given, issued, changes, expected):
        lot = given[1].lot

        lots.amend_lot(by=make.system(), lot=lot, version=1, reason=WHY, changes=changes())

        assert causes(issued) == expected

    def test_lot_that_was_against_something_else_makes_the_second_dose_the_first(
        self, given, issued
    ):
        influenza = make.make_vaccine(diseases=["6142004"])

        lots.amend_lot(
            by=make.system(),
            lot=given[0].lot,
            version=1,
            reason=WHY,
            changes={"vaccine": influenza},
        )

        assert causes(issued) == [AMENDED, AMENDED, AMENDED]

    def test_code_of_a_vaccine_revokes_cards(self, given, issued):
        correct(given[1].lot.vaccine, cvx_code="999")

        assert causes(issued) == [AMENDED, "", ""]

    def test_code_of_a_vaccine_without_lot_revokes_cards(self):
        dose = make.make_dose(vaccine=make.make_vaccine())
        card = issuer.issue_one(dose.patient)

        correct(dose.vaccine, cvx_code="999")

        assert causes([card]) == [AMENDED]

    def test_code_that_a_vaccine_has_from_a_day_on_revokes_cards_of_later_doses(self, given):
        lot = given[0].lot
        early = issuer.issue_one(make.make_dose(lot=lot, administered_on=make.days_ago(50)).patient)
        late = issuer.issue_one(make.make_dose(lot=lot, administered_on=make.days_ago(10)).patient)

        reference.change(
            by=make.system(),
            record=lot.vaccine,
            version=1,
            reason=WHY,
            effective_from=make.days_ago(20),
            changes={"cvx_code": "999"},
        )

        assert causes([early, late]) == ["", AMENDED]

    def test_names_and_series_of_a_vaccine_leave_all_true(self, given, issued):
        correct(given[1].lot.vaccine, short_name="Other", doses_in_series=3)

        assert causes(issued) == ["", "", ""]

    def test_diseases_of_a_vaccine_shift_the_series(self, given, issued):
        reference.set_targets(
            by=make.system(),
            vaccine=given[0].lot.vaccine,
            version=1,
            reason=WHY,
            diseases=["6142004"],
        )

        assert causes(issued) == ["", AMENDED, AMENDED]

    @pytest.mark.parametrize(
        ("change", "expected"),
        [({"code": "EU/9"}, AMENDED), ({"org_code": "ORG-9"}, AMENDED), ({"name": "Other"}, "")],
    )
    def test_correction_of_a_product_revokes_certificates(self, given, issued, change, expected):
        reference.correct_eu_product(
            by=make.system(),
            product=given[1].lot.eu_product,
            version=1,
            reason=WHY,
            changes=change,
        )

        assert causes(issued) == ["", "", expected]


class TestDeletion:
    """For good, by a keeper of the records: a dose that nothing states still has its place."""

    def delete(self, record):
        deletion.delete_record(by=make.system(), record=record, version=1, reason=WHY)

    def test_stated_dose_cannot_be_deleted(self, given, issued):
        with pytest.raises(ValidationError, match="refer to it"):
            self.delete(given[0])

        assert causes(issued) == ["", "", ""]

    def test_deletion_of_an_unstated_dose_shifts_the_series(self, given):
        patient = given[0].patient
        [_, second] = issuer.issue(patient, "dcc")
        elsewhere = make.make_dose(
            patient=patient,
            vaccine=given[0].lot.vaccine,
            administered_on=make.days_ago(45),
            primary_source=False,
        )
        [first, third] = issuer.issue(patient, "dcc")
        assert causes([second]) == [AMENDED]

        self.delete(elsewhere)

        assert causes([first, third]) == ["", AMENDED]

    def test_deletion_of_a_disease_of_a_vaccine_shifts_the_series(self, given, issued):
        self.delete(given[0].lot.vaccine.targets.get())

        assert causes(issued) == ["", AMENDED, AMENDED]
