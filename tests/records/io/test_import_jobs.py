"""Jobs and their workers: killed, overtaken, cancelled midway."""

import datetime as dt
import random
import signal
import time

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.roles import DBA
from records.domain.jobs import (
    GIVEN_UP,
    ClaimLost,
    Counts,
    advance_import,
    cancel_import,
    claim_import,
    queue_import,
)
from records.io import import_jobs
from records.io.csv_files import FileError
from records.io.import_jobs import StoredFile, run_import
from records.models import Dose, ImportChunk, ImportJob, ImportProblem
from tests.records import factories as make
from tests.records.domain.dose_worlds import make_world, row
from tests.records.domain.test_concurrency import race
from tests.records.io.import_files import cells_of, text_of
from tests.records.io.test_import_kill import consistent, database, manage, must

__all__ = ["database"]  # a fixture
pytestmark = pytest.mark.django_db
PATIENTS, DOSES, REFUSED = 100, 800, 80
NO_ROWS = Counts(0, 0, 0, 0, 0, 0)


def send(*rows, by=None, size=100):
    """Take a file of these rows for import, in chunks of a size."""
    data = text_of("doses", map(cells_of, rows)).encode()
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    return queue_import(by=by or make.system(), name="old.csv", chunks=chunks, size=len(data))


def days(number):
    return [row(n, administered_on=make.days_ago(30 + n)) for n in range(2, 2 + number)]


def silent(job, since):
    """Let the worker of a job have given no sign of life for so long."""
    moment = timezone.now() - since
    ImportJob.objects.filter(pk=job.pk).update(heartbeat_at=moment)


def test_stored_file_reads_as_it_was_sent():
    job = send(*days(5), size=7)
    data = b"".join(
        map(bytes, ImportChunk.objects.order_by("number").values_list("data", flat=True))
    )

    with StoredFile(job).open("rb") as file:
        assert b"".join(iter(lambda: file.read(11), b"")) == data
    with StoredFile(job).open("rb") as file:
        assert list(file) == data.splitlines(keepends=True)


def test_job_is_claimed_once_and_again_only_when_its_worker_is_silent():
    job = send(*days(1))

    first = claim_import()
    assert (first.pk, first.state) == (job.pk, "running")
    assert claim_import() is None
    silent(first, GIVEN_UP - dt.timedelta(seconds=30))
    assert claim_import() is None
    silent(first, GIVEN_UP + dt.timedelta(seconds=1))
    second = claim_import()

    assert second.pk == job.pk
    assert second.worker != first.worker
    assert second.started_at == first.started_at


def test_worker_that_was_given_up_writes_nothing_more(monkeypatch):
    make_world()
    job = send(*days(6))
    first = claim_import()
    real = import_jobs._step

    def overtaken(job, batch, write):
        if batch[0].row == 4:
            silent(first, GIVEN_UP + dt.timedelta(seconds=1))
            assert claim_import().pk == job.pk
        return real(job, batch, write)

    monkeypatch.setattr(import_jobs, "_step", overtaken)
    run_import(first, batch=2)
    current = ImportJob.objects.get(pk=job.pk)

    # Its second batch was taken back together with its count.
    assert (Dose.objects.count(), current.rows_read, current.state) == (2, 2, "running")
    with pytest.raises(ClaimLost):
        advance_import(first, NO_ROWS, [])

    monkeypatch.undo()
    silent(current, GIVEN_UP + dt.timedelta(seconds=1))
    run_import(claim_import(), batch=2)
    current.refresh_from_db()
    assert (current.state, current.written, current.unchanged) == ("finished", 6, 0)
    assert Dose.objects.count() == 6


@pytest.mark.parametrize("fault", [FileError, PermissionDenied, ZeroDivisionError])
def test_worker_that_was_given_up_ends_nothing(monkeypatch, fault):
    make_world()
    job = send(*days(2))

    def overtaken(*_):
        silent(job, GIVEN_UP + dt.timedelta(seconds=1))
        claim_import()
        raise fault("This file is broken.")

    monkeypatch.setattr(import_jobs, "_step", overtaken)
    run_import(claim_import())
    job.refresh_from_db()

    assert (job.state, job.error) == ("running", "")


def test_cancelled_midway_it_stops_after_the_batch_and_tells_what_stays(monkeypatch):
    make_world()
    dba = make.make_user(DBA.name)
    job = send(*days(6), by=dba)
    real = import_jobs.advance_import

    def asked(*args):
        cancel_import(by=dba, job=job)
        return real(*args)

    monkeypatch.setattr(import_jobs, "advance_import", asked)
    run_import(claim_import(), batch=2)
    job.refresh_from_db()

    assert (job.state, job.rows, job.rows_read, job.written) == ("cancelled", 6, 2, 2)
    assert Dose.objects.count() == 2
    assert not ImportChunk.objects.exists()
    assert claim_import() is None


def test_fault_of_ours_ends_the_job_and_is_logged(monkeypatch, caplog):
    make_world()
    job = send(*days(2))

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(import_jobs, "import_batch", broken)
    run_import(claim_import())
    job.refresh_from_db()

    assert (job.state, job.rows_read) == ("failed", 0)
    assert "ZeroDivisionError" in caplog.text
    assert "ZeroDivisionError" not in job.error


@pytest.mark.django_db(transaction=True)
def test_workers_that_meet_do_each_job_once():
    make_world()
    for n in range(6):
        send(row(2, external_id=f"{n}", administered_on=make.days_ago(30 + n)))

    def worker():
        done = []
        while job := claim_import():
            run_import(job)
            done.append(job.pk)
        return done

    outcomes = race(*[worker] * 4)

    done = [key for keys in outcomes for key in keys]
    assert sorted(done) == sorted(ImportJob.objects.values_list("pk", flat=True))
    assert Dose.objects.count() == 6
    assert set(ImportJob.objects.values_list("state", "written", "unchanged")) == {
        ("finished", 1, 0)
    }


SEND = """
import datetime as dt
from tests.records.io.test_import_jobs import send_to_be_killed
send_to_be_killed()
"""
# A worker with small batches, whose silence counts at once. It dwells between what it has written
# and its commit, so that it dies there.
WORK = """
import datetime as dt
import time
from django.core.management import call_command
from records.domain import jobs
from records.io import import_jobs
jobs.GIVEN_UP = dt.timedelta(0)
import_jobs.run_import.__defaults__ = (25,)
real = import_jobs.import_batch
def slow(batch, write):
    outcome = real(batch, write)
    time.sleep(0.1)
    return outcome
import_jobs.import_batch = slow
call_command("run_imports", "--once")
"""


def send_to_be_killed():
    """Make a world and take a file, of which every tenth row is refused."""
    make_world()
    for n in range(PATIENTS):
        make.make_patient(identifiers=[("id", f"P{n}")])
    send(
        *(
            row(
                n + 2,
                external_id=f"E{n}",
                identifier=f"P{n % PATIENTS}",
                administered_on=make.days_ago(-1 if n % 10 == 0 else 30 + n // PATIENTS * 60),
            )
            for n in range(DOSES)
        ),
        size=10_000,
    )


@pytest.mark.django_db(transaction=True)
def test_job_whose_workers_are_killed_is_finished_without_a_loss_or_a_double(database):
    url, ask = database
    must(url, "migrate", "-v0")
    must(url, "sync_roles")
    must(url, "shell", "-v0", "-c", SEND)
    moments, midway = random.Random(5), 0
    state = "SELECT state, rows_read, written, refused, unchanged FROM records_importjob"
    problems = "SELECT COUNT(*), COUNT(DISTINCT row) FROM records_importproblem"
    for _ in range(40):
        process = manage(url, "shell", "-v0", "-c", WORK)
        [(_, before, *_)] = ask(state)
        patience = time.monotonic() + 60
        while time.monotonic() < patience and process.poll() is None:
            if ask(state)[0][1] > before:
                break
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        text, _ = process.communicate()
        assert "Traceback" not in text, text
        [(name, read, written, refused, unchanged)] = ask(state)
        # What is counted is what is there.
        assert consistent(ask) == written
        assert (written + refused, unchanged) == (read, 0)
        assert list(ask(problems)) == [(refused, refused)]
        midway += 0 < read < DOSES
        if midway >= 3 or name == "finished":
            break
    assert midway >= 2, "the kills came before or after the work"

    must(url, "shell", "-v0", "-c", WORK)

    assert list(ask(state)) == [("finished", DOSES, DOSES - REFUSED, REFUSED, 0)]
    assert consistent(ask) == DOSES - REFUSED
    assert list(ask(problems)) == [(REFUSED, REFUSED)]
    assert list(ask("SELECT COUNT(*) FROM records_importchunk")) == [(0,)]


def test_problems_of_a_job_are_those_of_its_rows():
    make_world()
    job = send(*days(2), row(9, administered_on=make.days_ago(-1)))
    run_import(claim_import())

    [line] = ImportProblem.objects.filter(job=job, kind="refused")
    assert (line.row, line.column, line.kind, line.code) == (
        4,
        "administered_on",
        "refused",
        "in_future",
    )
