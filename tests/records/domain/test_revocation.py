"""The life cycle: whatever makes a credential untrue revokes it in the same transaction."""

from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from records.codecs import shc
from records.codecs.credentials import Outcome
from records.domain import credentials, dose_bulk, doses, merges, patients
from records.domain.issuer_keys import NoSigningKey
from records.domain.trust_store import stored
from records.domain.verification import check
from records.models import AuditEntry, Credential, OutboxEvent, RevocationCause
from tests.records import factories as make
from tests.records import issuer
from tests.records.issuer import causes

pytestmark = pytest.mark.django_db

WHY = "A typing error."


def void(dose):
    dose.refresh_from_db()
    return doses.void_dose(by=make.system(), dose=dose, version=dose.version, reason=WHY)


def amend(dose, **changes):
    return doses.amend_dose(
        by=make.system(), dose=dose, version=dose.version, reason=WHY, changes=changes
    )


def text_of(credential):
    return credentials.as_issued(by=make.system(), credential=credential)


def outcome(credential):
    return check(text_of(credential)).outcome


AMENDED = "dose-amended"


class TestDoses:
    def test_void_revokes_what_states_the_dose_and_what_it_made_the_second(self, given, issued):
        void(given[0])

        assert causes(issued) == ["dose-voided", "dose-voided", AMENDED]

    def test_void_of_the_last_dose_leaves_the_first_certificate(self, given, issued):
        void(given[1])

        assert causes(issued) == ["dose-voided", "", "dose-voided"]

    def test_corrected_credentials_are_made_at_the_next_request(self, given, issued):
        void(given[0])

        [card] = issuer.issue(given[0].patient)
        [certificate] = issuer.issue(given[0].patient, "dcc")

        assert {card, certificate}.isdisjoint(issued)
        assert causes([card, certificate]) == ["", ""]

    def test_void_of_several_revokes_all_that_state_any(self, given, issued):
        pairs = [(dose, dose.version) for dose in given]

        doses.void_doses(by=make.system(), doses=pairs, reason=WHY)

        assert "" not in causes(issued)

    @pytest.mark.parametrize(
        "change",
        [
            lambda: {"administered_on": make.days_ago(29)},
            lambda: {"lot": make.make_lot(eu_product=issuer.product())},
        ],
        ids=["day", "lot"],
    )
    def test_correction_of_what_is_stated_revokes(self, given, issued, change):
        amend(given[1], **change())

        assert causes(issued) == [AMENDED, "", AMENDED]

    def test_correction_of_the_place_revokes(self, given, issued):
        clinic = make.make_clinic()

        amend(given[1], clinic=clinic, volunteer=make.make_volunteer(clinic))

        assert causes(issued) == [AMENDED, "", AMENDED]

    def test_correction_of_what_is_not_stated_leaves_all_true(self, given, issued):
        amend(given[1], site="LA", route="IM")

        assert causes(issued) == ["", "", ""]

    def test_day_before_the_first_dose_turns_the_series_round(self, given, issued):
        amend(given[1], administered_on=make.days_ago(90))

        assert causes(issued) == [AMENDED, AMENDED, AMENDED]

    def test_earlier_dose_shifts_the_series_but_the_card_stays_true(self, given, issued):
        make.make_dose(patient=given[0].patient, administered_on=make.days_ago(45))

        assert causes(issued) == ["", "", AMENDED]

    def test_earlier_dose_against_something_else_shifts_nothing(self, given, issued):
        lot = make.make_lot(vaccine=make.make_vaccine(diseases=["6142004"]))

        make.make_dose(patient=given[0].patient, lot=lot, administered_on=make.days_ago(90))

        assert causes(issued) == ["", "", ""]

    def test_earlier_dose_of_a_bulk_request_shifts_the_series(self, given, issued):
        clinic = make.make_clinic()
        row = dose_bulk.GivenDose(
            row=1,
            patient=given[0].patient.public_id,
            administered_on=make.days_ago(45),
            lot=make.make_lot().public_id,
            clinic=clinic.public_id,
            volunteer=make.make_volunteer(clinic).public_id,
        )

        [result] = dose_bulk.record_doses(by=make.system(), rows=[row])

        assert result.fate == dose_bulk.Fate.RECORDED
        assert causes(issued) == ["", "", AMENDED]

    def test_others_credentials_are_left_alone(self, given, issued):
        other = make.make_dose(lot=given[0].lot)
        card = issuer.issue_one(other.patient)

        void(given[0])

        assert causes([card]) == [""]


class TestPatients:
    @pytest.mark.parametrize(
        "change", [{"last_name": "Kovac"}, {"first_name": "Eva"}, {"date_of_birth": "1981-01-01"}]
    )
    def test_correction_of_who_it_is_revokes_all(self, given, issued, change):
        amended = partial(patients.amend_patient, by=make.system(), patient=given[0].patient)

        amended(version=1, reason=WHY, changes=change)

        assert causes(issued) == ["patient-corrected"] * 3

    def test_correction_of_the_address_leaves_all_true(self, given, issued):
        amended = partial(patients.amend_patient, by=make.system(), patient=given[0].patient)

        amended(version=1, reason=WHY, changes={"city": "Graz", "gender": "female"})

        assert causes(issued) == ["", "", ""]

    def test_merge_revokes_what_stated_the_moved_doses_and_what_they_shift(self, given, issued):
        survivor = make.make_patient(identity_confirmed=True)
        middle = issuer.eu_dose(survivor, 45)
        theirs = [issuer.issue_one(survivor), issuer.issue_one(survivor, "dcc")]

        merge = merges.merge_patients(
            by=make.system(), survivor=survivor, duplicate=given[0].patient, version=1, reason=WHY
        )

        assert causes(issued) == ["dose-moved"] * 3
        assert causes(theirs) == ["", AMENDED]

        together = [*issuer.issue(survivor), *issuer.issue(survivor, "dcc")]
        merges.undo_merge(by=make.system(), merge=merge, version=1, reason=WHY)

        # The card states the moved doses; of the certificates, the one between them is first now.
        assert causes(together) == ["dose-moved", "dose-moved", AMENDED, "dose-moved"]
        assert middle.patient == survivor


class TestByHand:
    def test_withdrawn_credential_is_withdrawn_once(self, issued):
        card = issued[0]

        withdrawn = credentials.revoke_credential(
            by=make.system(), credential=card, version=1, reason=WHY
        )

        assert causes(issued) == ["withdrawn", "", ""]
        with pytest.raises(ValidationError, match="revoked already"):
            credentials.revoke_credential(
                by=make.system(), credential=withdrawn, version=2, reason=WHY
            )

    def test_key_that_is_not_safe_takes_all_that_it_signed(self, issued, monkeypatch):
        monkeypatch.setattr(credentials, "BATCH", 1)
        revoke = partial(credentials.revoke_signed, by=make.system(), reason=WHY)

        counts = [revoke(kid=issued[1].kid) for _ in range(3)]

        assert counts == [1, 1, 0]
        assert causes(issued) == ["", "key-compromised", "key-compromised"]


class TestRevoked:
    def test_revoked_is_found_by_key_and_identifier_only(self, given, issued):
        card, first, second = issued
        assert [outcome(each) for each in issued] == [Outcome.VALID] * 3

        void(given[1])

        assert (outcome(card), outcome(second)) == (Outcome.REVOKED, Outcome.REVOKED)
        assert (outcome(first), first.kid) == (Outcome.VALID, second.kid)
        code = shc.read(text_of(card))
        assert stored.standing_of(code, None).revoked
        assert not stored.standing_of(code._replace(kid=first.kid), None).revoked

    def test_list_of_a_key_grows_with_each_revocation(self, given, issued):
        card = issued[0]
        [key] = credentials.jwks()["keys"]
        number, rids = credentials.revocation_list(card.kid)
        assert (number, list(rids)) == (key["crlVersion"], [])

        void(given[0])

        [later] = credentials.jwks()["keys"]
        assert later["crlVersion"] == number + 1
        number, rids = credentials.revocation_list(card.kid)
        assert (number, list(rids)) == (later["crlVersion"], [card.identifier])
        assert credentials.revocation_list("unknown") is None


class TestCost:
    def test_revocation_leaves_one_version_entry_and_event_each(self, given, issued):
        events = OutboxEvent.objects.count()

        void(given[0])

        entries = AuditEntry.objects.filter(action="credential.revoked")
        assert {entry.subject_id for entry in entries} == {each.public_id for each in issued}
        assert OutboxEvent.objects.count() == events + 4
        versions = Credential.history.filter(history_change_reason=WHY)
        assert set(versions.values_list("version", flat=True)) == {2}

    def test_void_without_credentials_asks_one_more_question(self):
        dose = make.make_dose()

        with CaptureQueriesContext(
            connection,
        ) as asked:
            void(dose)

        assert sum("records_credential" in query["sql"] for query in asked) == 1

    def test_void_costs_the_same_however_many_credentials_there_are(self, given, issued):
        patient = given[0].patient
        few = self.asked_to_void(given[1])
        for days in (20, 15, 10):
            issuer.eu_dose(patient, days)
            issuer.issue(patient)
        issuer.issue(patient, "dcc")

        assert self.asked_to_void(given[0]) <= few + 10  # a second batch: those that shift

    def asked_to_void(self, dose):
        with CaptureQueriesContext(connection) as asked:
            void(dose)
        return sum("redential" in query["sql"] for query in asked)

    def test_recording_the_latest_dose_asks_nothing_more(self, given, issued):
        with CaptureQueriesContext(connection) as asked:
            make.make_dose(patient=given[0].patient, administered_on=make.days_ago(1))

        assert not any("records_credential" in query["sql"] for query in asked)


class TestWithoutKeys:
    """Nothing but issuing needs a signing key."""

    @pytest.fixture(params=["gone", "malformed", "binary", "a folder"])
    def no_keys(self, request, settings, tmp_path, issued):
        path = tmp_path / "keys.json"
        settings.ISSUER = issuer.with_file(path, '{"keys": [{"kty": "EC"}]}')
        if request.param == "gone":
            path.unlink()
        elif request.param == "binary":
            path.write_bytes(b"\xff\xfe\x00")
        elif request.param == "a folder":
            path.unlink()
            path.mkdir()

    def test_void_amend_and_correct(self, given, issued, no_keys):
        amend(given[1], administered_on=make.days_ago(29))
        void(given[0])

        assert "" not in causes(issued)
        assert outcome(issued[0]) == Outcome.REVOKED

    def test_issuing_says_what_the_operator_has_to_do(self, given, no_keys):
        with pytest.raises(NoSigningKey) as refused:
            issuer.issue(given[0].patient)

        [said] = refused.value.message_dict["format"]
        assert "rotate_issuer_key" in said or "ISSUER_KEYS_FILE" in said

    def test_credential_is_shown_as_issued(self, issued, no_keys):
        assert credentials.as_issued(by=make.system(), credential=issued[0])


def test_every_cause_is_one_that_something_gives():
    assert set(RevocationCause.values) == {
        *("dose-voided", AMENDED, "dose-moved", "patient-corrected"),
        *("key-compromised", "withdrawn"),
    }
