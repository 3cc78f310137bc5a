"""A request that is sent again: by an impatient client, by fifty at once, after a crash."""

import datetime as dt
import http.client
import threading

import pytest
from django.utils import timezone

from records.domain import idempotency, patients
from records.models import AuditEntry, Dose, Enrolment, IdempotencyKey
from tests.records import factories as make
from tests.records.api.calling import Caller
from tests.records.api.dose_bodies import Clinic
from tests.records.api.server import PATIENCE, serving

MANY = 50


@pytest.fixture
def clinic(transactional_db):
    make.ensure_roles()
    return Clinic()


def age(hours):
    """Let the keys of this test be so old."""
    moment = timezone.now() - dt.timedelta(hours=hours)
    IdempotencyKey.objects.update(created_at=moment)


def test_fifty_at_once_under_one_key_record_one_dose(clinic):
    start, answers, body = threading.Barrier(MANY), [], clinic.given()

    def send(server):
        start.wait(PATIENCE)
        answers.append(server.post(clinic.caller, "doses", body, idempotency_key="k"))

    with serving(workers=2, threads=MANY // 2) as server:
        threads = [threading.Thread(target=send, args=(server,)) for _ in range(MANY)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE * 2)

    assert len(answers) == MANY
    assert {status for status, _ in answers} == {201}
    assert len({body for _, body in answers}) == 1
    assert Dose.objects.count() == Dose.history.count() == 1
    assert AuditEntry.objects.filter(action="dose.recorded").count() == 1


def test_server_that_dies_between_commit_and_answer_repeats_the_answer(clinic):
    body = clinic.given()
    with serving() as server, pytest.raises((OSError, http.client.HTTPException)):
        server.post(clinic.caller, "doses", body, idempotency_key="k", x_die="after commit")
    recorded = Dose.objects.get()

    with serving() as server:
        answers = [server.post(clinic.caller, "doses", body, idempotency_key="k") for _ in range(2)]

    assert [status for status, _ in answers] == [201, 201]
    assert answers[0] == answers[1]
    assert str(recorded.public_id) in answers[0][1].decode()
    assert Dose.objects.get() == recorded


def test_server_that_dies_before_the_commit_leaves_nothing(clinic):
    body = clinic.given()
    with serving() as server, pytest.raises((OSError, http.client.HTTPException)):
        server.post(clinic.caller, "doses", body, idempotency_key="k", x_die="before commit")
    left = [model.objects.count() for model in (Dose, Dose.history.model, IdempotencyKey)]

    with serving() as server:
        status, _ = server.post(clinic.caller, "doses", body, idempotency_key="k")

    assert (left, status, Dose.objects.count()) == ([0, 0, 0], 201, 1)


def test_repeat_gets_the_first_answer_though_the_dose_has_changed(clinic):
    body = clinic.given()
    first = clinic.caller.post("doses", body, key="k")
    address = first["Location"]
    clinic.caller.patch(address, {"site": "RA", "reason": "The other arm."}, version=1)

    repeat = clinic.caller.post("doses", body, key="k")

    assert (repeat.status_code, repeat.content) == (201, first.content)
    assert (repeat["ETag"], repeat["Location"]) == ('"1"', address)
    assert clinic.caller.get(address)["ETag"] == '"2"'


@pytest.mark.parametrize(("hours", "doses"), [(47.9, 1), (48.1, 2)])
def test_key_is_kept_for_two_days(clinic, hours, doses):
    body = clinic.given()
    clinic.caller.post("doses", body, key="k")
    dose = Dose.objects.get()
    clinic.caller.post(f"doses/{dose.public_id}/void", {"reason": "Twice."}, if_match='"1"')
    age(hours)

    assert clinic.caller.post("doses", body, key="k").status_code == 201

    assert Dose.objects.count() == doses


def test_old_keys_are_swept_by_whoever_sends_a_new_one(clinic, monkeypatch):
    monkeypatch.setattr(idempotency, "SWEPT_EVERY", 1)
    for number in range(idempotency.SWEPT_AT_ONCE + 5):
        body = {"reason": "No dose."}
        IdempotencyKey.objects.create(
            actor=clinic.user, route="POST /x", key=f"k{number}", fingerprint=str(body)
        )
    age(49)

    clinic.caller.post("doses", clinic.given(), key="new")
    left = IdempotencyKey.objects.count()
    clinic.caller.post("doses", clinic.given(), key="another")

    assert left == 6
    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["new"]


def test_repeat_that_starts_from_another_version_is_another_request(clinic):
    dose = clinic.dose()
    path, body = f"doses/{dose.public_id}/void", {"reason": "Twice."}

    first, repeat, other = (
        clinic.caller.post(path, body, key="k", if_match=version)
        for version in ('"1"', '"1"', '"2"')
    )

    assert (first.status_code, repeat.content) == (200, first.content)
    assert (other.status_code, other.json()["type"]) == (422, "urn:vaxpass:problem:key-reused")


def test_key_belongs_to_its_sender(clinic):
    colleague = make.make_volunteer_user(clinic.clinic)
    body = clinic.given()
    clinic.caller.post("doses", body, key="k")
    del body["volunteer"]

    answer = Caller(colleague).post(
        "doses", {**body, "volunteer": str(colleague.volunteer.public_id)}, key="k"
    )

    # Their own request, with rules of its own: two doses of a vaccine on one day.
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "same_day")


def test_key_belongs_to_its_address(clinic):
    first, second = clinic.dose(), clinic.dose(lot=make.make_lot())
    body = {"reason": "Not theirs."}

    answers = [
        clinic.caller.post(f"doses/{dose.public_id}/void", body, key="k", if_match='"1"').json()
        for dose in (first, second)
    ]

    assert [answer["id"] for answer in answers] == [str(first.public_id), str(second.public_id)]


def test_repeat_that_shows_a_patient_is_noted_as_a_read(clinic):
    body = clinic.given()
    reads = AuditEntry.objects.filter(action="patient.read", patient=clinic.patient)
    clinic.caller.post("doses", body, key="k")
    before = reads.count()

    clinic.caller.post("doses", body, key="k")

    assert (before, reads.count()) == (0, 1)
    assert reads.get().fields == ["record"]


def test_repeat_shows_nothing_that_went_out_of_sight(clinic):
    body = clinic.given()
    clinic.caller.post("doses", body, key="k")
    Enrolment.objects.update(starts_on=make.days_ago(9))
    patients.end_enrolment(
        by=make.system(),
        enrolment=Enrolment.objects.get(),
        version=1,
        ends_on=make.days_ago(1),
    )

    repeat = clinic.caller.post("doses", body, key="k")

    assert repeat.status_code == 404
    assert not AuditEntry.objects.filter(action="patient.read").exists()
    assert Dose.objects.count() == 1
