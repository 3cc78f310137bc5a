"""Notices of a recall: to whom, once each, and without a name for who queues them."""

import datetime as dt
import itertools

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.roles import DBA, LOGISTICS, PATIENT, ROLES
from records import access
from records.domain import doses, grants, lots, notices
from records.models import AuditEntry, GrantTemplate, Notice, NoticeState, RecallMailing
from tests.records import factories as make
from tests.records.domain import given
from tests.records.domain.test_concurrency import errors, race

pytestmark = pytest.mark.django_db
DUE = NoticeState.QUEUED


def recalled(*patients, **fields):
    """Return a recalled lot of which these patients were given a dose each."""
    lot, clinic = make.make_lot(**fields), make.make_clinic(name="Harbour")
    for patient in patients:
        make.make_dose(patient=patient, lot=lot, clinic=clinic)
    return lots.recall_lot(by=make.system(), **given.of("lot", lot, recalled_on=make.days_ago(3)))


def reachable(name="ada"):
    return make.make_patient(email=f"{name}@example.org")


def late_dose(patient, lot, **fields):
    """Record a dose of a recalled lot that was given before."""
    return make.make_dose(patient=patient, lot=lot, confirmed=["lot_recalled_since"], **fields)


def queue(lot, message="", by=None):
    return notices.queue_recall_notices(
        by=by or make.make_user(LOGISTICS.name), lot=lot, message=message
    )


def states(lot):
    return dict(Notice.objects.filter(mailing__lot=lot).values_list("patient_id", "state"))


def make_due(notice):
    Notice.objects.filter(pk=notice.pk).update(next_try_at=timezone.now())


def sent_addresses():
    found = []
    while letter := notices.claim_notice():
        notices.note_sent(letter.notice)
        found.append(letter.address)
    return found


def test_each_affected_patient_gets_one_notice_and_nobody_else():
    twice, silent, other = reachable(), make.make_patient(), reachable("other")
    lot = recalled(twice, silent)
    late_dose(twice, lot, administered_on=make.days_ago(60))
    make.make_dose(patient=other)

    assert queue(lot) == notices.Queued(waiting=1, without_address=1)

    assert states(lot) == {twice.pk: "queued", silent.pk: "no-address"}
    assert sent_addresses() == ["ada@example.org"]


def test_voided_dose_brings_no_notice():
    patient = reachable()
    lot = recalled(patient)
    dose = patient.doses.get()
    doses.void_dose(by=make.system(), dose=dose, version=dose.version, reason=given.WHY)

    assert queue(lot) == notices.Queued(0, 0)


@pytest.mark.parametrize(
    ("template", "reached"),
    [("self", True), ("guardian", True), ("carer", False), ("relative", False)],
)
def test_account_that_acts_for_a_patient_is_told_in_their_place(template, reached):
    child = make.make_patient()
    user = make.make_user(PATIENT.name, email="parent@example.org")
    make.make_grant(user, child, template=template)
    lot = recalled(child)

    assert queue(lot) == notices.Queued(int(reached), int(not reached))
    assert sent_addresses() == ["parent@example.org"] * reached


def test_own_address_goes_before_own_account_and_that_before_a_guardian():
    with_both, with_accounts = reachable(), make.make_patient()
    for name, patient, template in (
        ("account", with_both, GrantTemplate.SELF),
        ("guardian", with_accounts, GrantTemplate.GUARDIAN),
        ("self", with_accounts, GrantTemplate.SELF),
    ):
        user = make.make_user(PATIENT.name, email=f"{name}@example.org")
        make.make_grant(user, patient, template=template)

    queue(recalled(with_both, with_accounts))

    assert sorted(sent_addresses()) == ["ada@example.org", "self@example.org"]


@pytest.mark.parametrize("ending", ["expired", "switched off"])
def test_account_without_access_any_more_is_not_told(ending):
    patient = make.make_patient()
    user = make.make_user(PATIENT.name)
    grant = make.make_grant(user, patient)
    lot = recalled(patient)
    assert queue(lot).waiting == 1

    if ending == "expired":
        grants.revoke_access(by=make.system(), grant=grant, reason=given.WHY)
    else:
        user.is_active = False
        user.save()

    assert notices.claim_notice() is None
    assert states(lot) == {patient.pk: "no-address"}


def test_queueing_again_adds_who_came_since_and_repeats_what_failed():
    told, failed, silent = reachable(), reachable("failed"), make.make_patient()
    lot = recalled(told, failed, silent)
    queue(lot)
    for _ in range(2):
        letter = notices.claim_notice()
        if letter.notice.patient_id == told.pk:
            notices.note_sent(letter.notice)
        else:
            Notice.objects.filter(pk=letter.notice.pk).update(state=NoticeState.FAILED, tries=8)
    late = reachable("late")
    late_dose(late, lot)
    type(silent).objects.filter(pk=silent.pk).update(email="now@example.org")

    assert queue(lot) == notices.Queued(waiting=3, without_address=0)

    assert states(lot)[told.pk] == "sent"
    assert sorted(sent_addresses()) == [
        "failed@example.org",
        "late@example.org",
        "now@example.org",
    ]
    assert queue(lot) == notices.Queued(0, 0)


def test_lot_that_is_not_recalled_brings_no_notice():
    lot = make.make_dose(patient=reachable()).lot

    with pytest.raises(ValidationError) as refused:
        queue(lot)

    assert list(refused.value.message_dict) == ["lot"]
    assert not Notice.objects.exists()


@pytest.mark.parametrize("word", ["FK2210", "fk2210", "Comirnaty", "Biontech"])
def test_message_may_not_name_what_was_given(word):
    lot = recalled(
        reachable(),
        number="FK2210",
        vaccine=make.make_vaccine(short_name="Comirnaty"),
        manufacturer=make.make_manufacturer(name="BioNTech"),
    )

    with pytest.raises(ValidationError) as refused:
        queue(lot, message=f"Your dose of {word}!")

    assert list(refused.value.message_dict) == ["message"]
    assert queue(lot, message="Call 0800 22 10.").waiting == 1


def test_message_has_a_limit():
    with pytest.raises(ValidationError) as refused:
        queue(recalled(reachable()), message="x" * 1001)

    assert list(refused.value.message_dict) == ["message"]


def test_lifted_recall_drops_what_has_not_left_and_a_new_one_queues_it_again():
    patient = reachable()
    lot = recalled(patient)
    queue(lot)
    lot = lots.lift_recall(by=make.system(), **given.of("lot", lot))

    assert notices.claim_notice() is None
    assert states(lot) == {patient.pk: "dropped"}

    lot = lots.recall_lot(by=make.system(), **given.of("lot", lot, recalled_on=make.days_ago(1)))
    assert queue(lot).waiting == 1
    assert sent_addresses() == ["ada@example.org"]


def test_queueing_leaves_an_entry_for_the_lot_and_for_each_patient_who_will_be_told():
    told, silent = reachable(), make.make_patient()
    lot = recalled(told, silent)
    user = make.make_user(LOGISTICS.name)

    queue(lot, message="Call us.", by=user)

    acts = AuditEntry.objects.filter(actor=user).values_list(
        "action", "patient", "subject_type", "subject_id", "fields"
    )
    assert sorted(acts) == [
        ("lot.notices_queued", None, "lot", lot.public_id, ["message"]),
        ("notice.queued", told.pk, "lot", lot.public_id, []),
    ]


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_only_those_who_own_supply_send_notices(role):
    lot = recalled(reachable())
    user = make.make_user(role.name)

    for call in (notices.queue_recall_notices, notices.progress_of):
        if role.name in {LOGISTICS.name, DBA.name}:
            call(by=user, lot=lot)
        else:
            with pytest.raises(PermissionDenied):
                call(by=user, lot=lot)


def test_who_owns_supply_sees_what_was_said_and_not_to_whom():
    patient = reachable()
    lot = recalled(patient, make.make_patient())
    user = make.make_user(LOGISTICS.name)
    queue(lot, message="Call us.", by=user)

    assert not access.visible_to(user, Notice).exists()
    assert access.visible_to(make.make_user(DBA.name), Notice).count() == 2
    assert access.visible_to(user, RecallMailing).get().message == "Call us."
    seen = notices.progress_of(by=user, lot=lot)
    for secret in ("ada@example.org", patient.last_name, str(patient.public_id)):
        assert secret not in repr(seen)


def test_counts_are_by_state_and_those_to_call_by_clinic():
    silent, twice = make.make_patient(), make.make_patient()
    lot = recalled(reachable(), silent, twice)
    late_dose(twice, lot, clinic=make.make_clinic(name="Hill"), administered_on=make.days_ago(90))
    other = recalled(make.make_patient())
    for each in (lot, other):
        queue(each)
    user = make.make_user(LOGISTICS.name)

    progress = notices.progress_of(by=user, lot=lot)
    assert {state: number for state, number in progress.counts.items() if number} == {
        NoticeState.QUEUED: 1,
        NoticeState.NO_ADDRESS: 2,
    }
    assert progress.to_call == [("Harbour", 2), ("Hill", 1)]


def test_notice_waits_longer_after_each_failure_and_is_given_up_in_the_end():
    patient = reachable()
    lot = recalled(patient)
    queue(lot)

    waits = []
    while letter := notices.claim_notice():
        notices.note_failed(letter.notice)
        notice = Notice.objects.get()
        waits.append(notice.next_try_at - timezone.now())
        make_due(notice)

    assert states(lot) == {patient.pk: "failed"}
    assert len(waits) == notices.MOST_TRIES
    assert all(earlier < later for earlier, later in itertools.pairwise(waits[:-1]))
    assert waits[0] <= dt.timedelta(minutes=1)
    assert max(waits) <= dt.timedelta(days=1)


def test_claimed_notice_is_nobody_elses_until_the_lease_is_over():
    queue(recalled(reachable()))

    first = notices.claim_notice()
    assert notices.claim_notice() is None
    make_due(first.notice)  # its worker has died
    second = notices.claim_notice()
    assert second.notice.pk == first.notice.pk

    notices.note_failed(first.notice)  # wakes again: it is not its own any more
    assert notices.claim_notice() is None
    notices.note_sent(second.notice)
    notices.note_failed(second.notice)
    assert Notice.objects.get().state == NoticeState.SENT


def test_notice_at_which_every_worker_dies_is_given_up():
    queue(recalled(reachable()))

    claims = 0
    while letter := notices.claim_notice():
        claims += 1
        make_due(letter.notice)

    assert claims == notices.MOST_TRIES
    assert Notice.objects.get().state == NoticeState.FAILED


def test_database_holds_one_notice_for_each_patient_and_lot():
    patient = reachable()
    queue(recalled(patient))
    mailing = RecallMailing.objects.get()

    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.create(mailing=mailing, patient=patient)
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.update(state=NoticeState.SENT)


@pytest.mark.django_db(transaction=True)
def test_workers_that_meet_send_every_notice_once():
    queue(recalled(*[reachable(f"p{number}") for number in range(12)]))

    def worker():
        # One that finds all others' rows locked goes home; there is a next time.
        return [address for _ in range(12) for address in sent_addresses()]

    outcomes = race(*[worker] * 4)

    assert not errors(outcomes)
    assert sorted(itertools.chain(*outcomes)) == sorted(
        f"p{number}@example.org" for number in range(12)
    )
    assert not Notice.objects.exclude(state=NoticeState.SENT, tries=1).exists()


@pytest.mark.django_db(transaction=True)
def test_two_who_queue_at_once_queue_once():
    lot = recalled(*[reachable(f"p{number}") for number in range(5)])
    users = [make.make_user(LOGISTICS.name) for _ in range(2)]

    outcomes = race(*[lambda user=user: queue(lot, by=user) for user in users])

    assert not errors(outcomes)
    assert sorted(outcome.waiting for outcome in outcomes) == [0, 5]
    assert Notice.objects.filter(state=DUE).count() == 5
