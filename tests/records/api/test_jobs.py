"""Imports of files as jobs, as their sender sees them."""

import csv
from io import StringIO

import pytest
from django.core.management import call_command

from accounts.roles import DBA, ROLES
from records.models import AuditEntry, Dose, ImportChunk, ImportJob, Patient
from tests.records import factories as make
from tests.records.api.calling import V1, Caller, refused_fields
from tests.records.domain.dose_worlds import make_world, row
from tests.records.io.import_files import cells_of, text_of

pytestmark = pytest.mark.django_db


class Sender(Caller):
    """An account that sends files."""

    def upload(self, text, query="", key=None):
        headers = {} if key is None else {"idempotency-key": key}
        return self.client.post(
            f"{V1}imports{query}", text, content_type="text/csv", headers=headers
        )

    def job(self, answer):
        assert answer.status_code == 201, answer.content
        return self.get(f"imports/{answer.json()['id']}").json()


@pytest.fixture
def dba():
    return Sender(make.make_user(DBA.name))


def doses(*rows):
    return text_of("doses", map(cells_of, rows))


def work():
    call_command("run_imports", "--once")


def test_file_is_imported_by_the_worker_and_told_of(dba):
    make_world()
    good, future = row(2), row(3, administered_on=make.days_ago(-1))

    sent = dba.upload(doses(good, future), "?name=old.csv")
    waiting = dba.job(sent)
    work()
    done = dba.job(sent)

    assert sent["Location"] == f"{V1}imports/{done['id']}"
    assert (waiting["state"], waiting["kind"], waiting["rows"]) == ("queued", "", None)
    assert (done["state"], done["kind"], done["name"]) == ("finished", "doses", "old.csv")
    assert (done["rows"], done["rows_read"], done["written"], done["refused"]) == (2, 2, 1, 1)
    dose = Dose.objects.get()
    assert dose.history.get().history_change_reason == "Import of old.csv"
    assert dose.recorded_by == dba.user
    imported = AuditEntry.objects.get(action="dose.imported")
    assert imported.request_id == done["id"].replace("-", "")
    assert not ImportChunk.objects.exists()
    entry = AuditEntry.objects.get(action="import.queued")
    assert (entry.actor, str(entry.subject_id), entry.channel) == (dba.user, done["id"], "api")


def test_report_tells_each_problem_in_pages_and_as_csv(dba):
    make_world()
    rows = [row(2), *(row(n, administered_on=make.days_ago(-1)) for n in range(3, 8))]
    sent = dba.upload(doses(*rows))
    work()
    address = f"imports/{sent.json()['id']}"

    first = dba.get(f"{address}/problems?limit=3").json()
    second = dba.get(first["next"]).json()
    answer = dba.get(f"{address}/report")
    lines = list(csv.DictReader(StringIO(b"".join(answer.streaming_content).decode())))

    assert [each["row"] for each in (*first["results"], *second["results"])] == [3, 4, 5, 6, 7]
    assert first["results"][0] == {
        "row": 3,
        "field": "administered_on",
        "result": "refused",
        "code": "in_future",
        "detail": "The day is in the future.",
    }
    assert [line["row"] for line in lines] == ["3", "4", "5", "6", "7"]
    assert lines[0]["rule"] == "in_future"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n", "of no known kind"),
        ("identifier\nx\n", "lacks"),
        (b"\xff\xfe", "UTF-16"),
    ],
)
def test_file_of_no_kind_fails_with_the_reason(dba, text, told):
    sent = dba.upload(text)
    work()
    job = dba.job(sent)

    assert job["state"] == "failed"
    assert told in job["error"]
    assert not ImportChunk.objects.exists()


def test_empty_and_too_large_files_are_refused(dba, settings):
    settings.API_MAX_IMPORT = 100

    empty, large = dba.upload(""), dba.upload("x" * 101)

    assert (empty.status_code, refused_fields(empty)) == (422, {"file": "empty"})
    assert (large.status_code, large.json()["type"]) == (413, "urn:vaxpass:problem:too-large")
    assert not ImportJob.objects.exists()


def test_large_file_arrives_as_it_was_sent(dba, monkeypatch):
    make_world()
    monkeypatch.setattr("records.api.uploads.PIECE", 100)
    rows = [row(n, administered_on=make.days_ago(30 + n)) for n in range(2, 40)]
    text = doses(*rows)

    sent = dba.upload(text)

    chunks = ImportChunk.objects.order_by("number").values_list("data", flat=True)
    assert b"".join(map(bytes, chunks)).decode() == text
    assert len(chunks) > 10
    work()
    assert dba.job(sent)["written"] == 38


def test_file_sent_again_under_one_key_is_one_job(dba):
    first, second = (dba.upload("a\nb\n", key="k") for _ in range(2))
    other_file = dba.upload("a\nc\n", key="k")
    other_option = dba.upload("a\nb\n", "?allow_similar=true", key="k")

    assert first.content == second.content
    assert ImportJob.objects.count() == 1
    for answer in (other_file, other_option):
        assert answer.json()["type"] == "urn:vaxpass:problem:key-reused"


def test_similar_patients_are_registered_on_request(dba):
    make.make_patient(first_name="Ada", last_name="Novak")
    cells = {
        "identifier_system": "id",
        "identifier": "7",
        "first_name": "Ada",
        "last_name": "Novak",
        "date_of_birth": "1980-05-17",
    }
    text = text_of("patients", [cells])

    refused = dba.upload(text)
    allowed = dba.upload(text, "?allow_similar=true")
    work()

    assert (dba.job(refused)["refused"], dba.job(refused)["written"]) == (1, 0)
    assert (dba.job(allowed)["warned"], dba.job(allowed)["written"]) == (1, 1)
    assert Patient.objects.count() == 2


def test_waiting_import_is_cancelled_at_once_and_only_once(dba):
    make_world()
    sent = dba.upload(doses(row(2)))
    address = f"imports/{sent.json()['id']}/cancel"

    answer, again = dba.post(address), dba.post(address)
    work()

    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert (again.status_code, refused_fields(again)) == (422, {None: "ended"})
    assert not Dose.objects.exists()
    assert not ImportChunk.objects.exists()


def test_keepers_of_records_see_the_jobs_of_each_other_and_nobody_else_does(dba):
    sent = dba.upload("a\nb\n")
    address = f"imports/{sent.json()['id']}"

    colleague = Sender(make.make_user(DBA.name))
    assert colleague.get(address).status_code == 200
    assert [each["id"] for each in colleague.get("imports?state=queued").json()["results"]] == [
        sent.json()["id"]
    ]
    for role in ROLES:
        if role == DBA:
            continue
        other = Sender(make.make_user(role.name))
        for path in ("imports", address, f"{address}/problems", f"{address}/report"):
            assert other.get(path).status_code == 403, (role.name, path)
        assert other.post(f"{address}/cancel").status_code == 403
        assert other.upload("a\nb\n").status_code == 403
    assert ImportJob.objects.get().state == "queued"


def test_absent_job_is_not_found(dba):
    absent = "imports/00000000-0000-4000-8000-000000000000"

    for path in (absent, f"{absent}/problems", f"{absent}/report"):
        assert dba.get(path).status_code == 404
    assert dba.post(f"{absent}/cancel").status_code == 404


def test_sender_who_lost_the_right_imports_nothing(dba):
    make_world()
    sent = dba.upload(doses(row(2)))
    dba.user.groups.clear()

    work()

    job = ImportJob.objects.get(public_id=sent.json()["id"])
    assert (job.state, job.written) == ("failed", 0)
    assert "may not import" in job.error
    assert not Dose.objects.exists()


@pytest.mark.parametrize(
    "query", ["?as_of=2026-01-01T00:00:00Z", "?colour=blue", "?name=" + "x" * 201]
)
def test_unknown_and_wrong_options_are_refused(dba, query):
    assert dba.upload("a\nb\n", query).status_code == 422
    assert not ImportJob.objects.exists()
