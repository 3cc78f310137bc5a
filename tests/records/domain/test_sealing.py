"""Sealing: what is covered, by which bytes, and never past a writer that is still open."""

import datetime as dt
import threading
import uuid

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from records.domain import sealing
from records.domain.seal_head import open_head
from records.models import AuditEntry, AuditSeal
from tests.records import factories as make
from tests.records.domain.audit_entries import (
    head_lines,
    in_one_transaction,
    problems,
    tampering,
    write,
    write_head,
)

PATIENCE = 60  # seconds, only ever used up by a test that fails
MANY = 20_000


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    settings.AUDIT_KEYS = {"first": b"k" * 32}
    settings.AUDIT_HEAD_FILE = tmp_path / "var" / "head.jsonl"


@pytest.fixture
def entries(db, monkeypatch):
    """Ids of 25 entries, the only ones; ten go under a seal."""
    make.system()
    AuditEntry.objects.all().delete()
    in_one_transaction(monkeypatch, 10)
    return write(25)


# ----------------------------------------------------------------------------- What is covered


def test_every_column_of_an_entry_is_covered():
    columns = {field.attname for field in AuditEntry._meta.concrete_fields}
    assert {"id", *sealing.COVERED} == columns


@pytest.mark.django_db
def test_bytes_of_an_entry_are_the_same_on_every_database():
    entry = AuditEntry.objects.create(
        at=dt.datetime(2026, 3, 29, 3, 30, 0, 120, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        actor=make.system(),
        action="dose.recorded",
        subject_type="dose",
        subject_id=uuid.UUID(int=7),
        fields=["ä", "lot"],
        channel="web",
    )
    [(_, values)] = sealing.entries_between(entry.pk - 1, entry.pk)
    assert sealing.canonical({**values, "actor_id": 5}) == (
        b'{"action":"dose.recorded","actor_id":5,"at":"2026-03-29T01:30:00.000120Z",'
        b'"channel":"web","fields":["\\u00e4","lot"],"request_id":"",'
        b'"subject_id":"00000000-0000-0000-0000-000000000007","subject_type":"dose"}'
    )


def test_digest_of_an_entry_depends_on_the_key():
    assert sealing.entry_mac(b"a" * 32, {"at": None}) != sealing.entry_mac(b"b" * 32, {"at": None})


# --------------------------------------------------------------------------------- The chain


def test_each_entry_is_under_one_seal_and_each_seal_in_the_head_file(entries):
    seals = sealing.seal_entries()
    assert [(s.number, s.after_id, s.to_id, s.entries) for s in seals] == [
        (1, 0, entries[9], 10),
        (2, entries[9], entries[19], 10),
        (3, entries[19], entries[24], 5),
    ]
    assert [(line["seal"], line["digest"]) for line in head_lines()] == [
        (seal.number, seal.digest) for seal in seals
    ]


def test_nothing_new_makes_no_seal(entries, capsys):
    call_command("seal_audit")
    call_command("seal_audit")
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"25 entries sealed up to number {entries[-1]}; seal 3")
    assert second == "Nothing new to seal."
    assert AuditSeal.objects.count() == 3


def test_head_file_is_closed_to_other_accounts(entries, settings):
    sealing.seal_entries()
    assert settings.AUDIT_HEAD_FILE.stat().st_mode & 0o077 == 0


def test_line_that_a_crash_left_out_is_appended(entries, settings):
    sealing.seal_entries()
    text = settings.AUDIT_HEAD_FILE.read_text()
    lines = text.splitlines(keepends=True)
    settings.AUDIT_HEAD_FILE.write_text("".join(lines[:2]) + lines[2][:20])
    write(1)
    sealing.seal_entries()
    assert settings.AUDIT_HEAD_FILE.read_text().startswith(text)
    assert problems() == []


def test_forged_seal_never_reaches_the_head_file(entries, settings):
    sealing.seal_entries()
    text = settings.AUDIT_HEAD_FILE.read_text()
    last = AuditSeal.objects.latest("number")
    forged = AuditSeal(
        number=last.number + 1,
        after_id=last.to_id,
        to_id=last.to_id + 9,
        entries=0,
        leaves=b"",
        key_id=last.key_id,
        digest="0" * 64,
    )
    forged.save()

    with pytest.raises(sealing.SealingRefused, match="Run verify_audit"):
        sealing.seal_entries()

    assert settings.AUDIT_HEAD_FILE.read_text() == text


@pytest.mark.parametrize("fault", ["table", "file", "digest"])
def test_sealing_stops_where_table_and_head_file_differ(entries, fault):
    sealing.seal_entries()
    lines = head_lines()
    if fault == "table":
        AuditSeal.objects.filter(number=3).delete()
    elif fault == "file":
        write_head(lines[:1])
    else:
        write_head([*lines[:2], {**lines[2], "digest": "0" * 64}])
    kept = head_lines()
    with pytest.raises(CommandError, match="Run verify_audit"):
        call_command("seal_audit")
    assert head_lines() == kept


def test_sealing_without_a_key_says_what_is_missing(entries, settings):
    settings.AUDIT_KEYS = {}
    with pytest.raises(ImproperlyConfigured, match="AUDIT_KEYS is missing"):
        sealing.seal_entries()


# -------------------------------------------------------------------------- Others at the same time


def test_second_sealer_gives_way(entries):
    with open_head(), pytest.raises(sealing.SealingRefused, match="Another sealer"):
        sealing.seal_entries()
    assert not AuditSeal.objects.exists()


def test_second_sealer_on_another_machine_gives_way(entries, monkeypatch):
    def taken(self, **options):
        raise IntegrityError("records_auditseal.number")

    monkeypatch.setattr(AuditSeal, "save", taken)
    with pytest.raises(sealing.SealingRefused, match="Another sealer"):
        sealing.seal_entries()


def late_writer(opened, close):
    """Insert an entry, then another one inserts and commits; commit when told to."""
    with transaction.atomic():
        write(1)
        opened.set()
        assert close.wait(PATIENCE)
    connection.close()


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_entry_of_a_writer_that_commits_late_is_sealed_too(monkeypatch):
    """The late entry has the smaller id: a seal up to the greater one would not hold it."""
    make.system()
    monkeypatch.setattr(sealing, "PAUSE", 0)
    monkeypatch.setattr(sealing, "TRIES", PATIENCE)
    opened, close = threading.Event(), threading.Event()
    writer = threading.Thread(target=late_writer, args=(opened, close))
    writer.start()
    assert opened.wait(PATIENCE)
    newest = write(1)[-1]
    threading.Timer(2.5, close.set).start()
    sealing.seal_entries()
    writer.join(PATIENCE)
    last = AuditSeal.objects.latest("number")
    assert last.to_id == newest
    assert last.entries == AuditEntry.objects.count()
    assert problems() == []


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_sealing_is_put_off_while_a_writer_stays_open(monkeypatch):
    make.system()
    monkeypatch.setattr(sealing, "PAUSE", 0)
    monkeypatch.setattr(sealing, "TRIES", 2)
    opened, close = threading.Event(), threading.Event()
    writer = threading.Thread(target=late_writer, args=(opened, close))
    writer.start()
    assert opened.wait(PATIENCE)
    try:
        with pytest.raises(sealing.SealingRefused, match="stays open"):
            sealing.seal_entries()
        assert write(1)  # and others can write again
    finally:
        close.set()
        writer.join(PATIENCE)
    assert not AuditSeal.objects.exists()


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_no_writer_is_open_while_the_end_is_looked_up():
    make.system()
    reached, outcome = threading.Event(), []

    def writer():
        reached.set()
        outcome.append(write(1)[-1])
        connection.close()

    thread = threading.Thread(target=writer)
    with sealing.writers_excluded():
        thread.start()
        assert reached.wait(PATIENCE)
        thread.join(0.3)
        assert not outcome
    thread.join(PATIENCE)
    assert outcome


# ----------------------------------------------------------------------- The default size of a seal


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_every_kind_of_tampering_is_found_among_many_entries():
    """The same on a hundred thousand entries: tests/bench/audit.py."""
    make.system()
    AuditEntry.objects.all().delete()
    ids = write(MANY)
    sealing.seal_entries()
    assert tampering(ids, seals=2) == problems()
    AuditSeal.objects.filter(number=2).delete()
    AuditEntry.objects.filter(pk__gt=ids[9_999]).delete()
    assert "Seal 2: deleted; the head file knows of it." in problems()
