"""What is done to sealed entries, seals or the head file is found, and where."""

import pytest
from django.core.management import call_command
from django.db import connection

from records.domain import sealing
from records.models import AuditEntry, AuditSeal
from tests.records import factories as make
from tests.records.domain.audit_entries import (
    head_lines,
    in_one_transaction,
    problems,
    write,
    write_head,
)

pytestmark = pytest.mark.django_db

ROWS = 10
KEY = b"k" * 32


@pytest.fixture(autouse=True)
def place(db, settings, tmp_path, monkeypatch):
    make.system()  # whose roles leave entries of their own
    AuditEntry.objects.all().delete()
    settings.AUDIT_KEYS = {"first": KEY}
    settings.AUDIT_HEAD_FILE = tmp_path / "head.jsonl"
    in_one_transaction(monkeypatch, ROWS)


@pytest.fixture
def sealed():
    """Ids of 30 entries under three seals."""
    ids = write(3 * ROWS)
    sealing.seal_entries()
    assert AuditSeal.objects.count() == 3
    return ids


def raw(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_untouched_audit_has_no_problem(sealed):
    assert problems() == []


def test_entries_written_since_are_no_problem(sealed):
    write(2)
    assert problems() == []


@pytest.mark.parametrize("column", sealing.COVERED)
def test_edit_of_any_column_is_found_in_its_row(sealed, column):
    values = {
        "at": "2026-01-02 03:04:05.678902",
        "fields": '["patient", "lot", "site"]',
        "subject_id": "f" * 32,
        "patient_id": None,
        "subject_version": 2,
    }
    if column == "actor_id":
        values["actor_id"] = make.make_user().pk
    raw(
        f"UPDATE records_auditentry SET {column} = %s WHERE id = %s",
        values.get(column, "other"),
        sealed[12],
    )
    assert problems() == [f"Entry {sealed[12]}: edited."]


def test_deleted_entries_are_found(sealed):
    AuditEntry.objects.filter(pk__in=[sealed[3], *sealed[14:17], sealed[18]]).delete()
    assert problems() == [
        f"Entry {sealed[3]}: deleted since seal 1.",
        f"Entry {sealed[14]} to {sealed[16]} (3): deleted since seal 2.",
        f"Entry {sealed[18]}: deleted since seal 2.",
    ]


def test_deleted_newest_entries_are_found(sealed):
    AuditEntry.objects.filter(pk__gte=sealed[-2]).delete()
    assert problems() == [f"Entry {sealed[-2]} to {sealed[-1]} (2): deleted since seal 3."]


def test_entry_inserted_into_a_gap_is_found():
    ids = write(5)
    AuditEntry.objects.filter(pk=ids[2]).delete()
    sealing.seal_entries()
    assert problems() == []
    raw("UPDATE records_auditentry SET id = %s WHERE id = %s", ids[2], write(1)[0])
    assert problems() == [f"Entry {ids[2]}: inserted since seal 1."]


def test_entry_below_every_seal_is_found(sealed):
    for key in (-7, 0):
        raw("UPDATE records_auditentry SET id = %s WHERE id = %s", key, write(1)[0])
    assert problems() == [f"Entry {key}: inserted before the first seal." for key in (-7, 0)]


@pytest.mark.parametrize("pair", [(2, 3), (5, 25)])
def test_entries_that_changed_places_are_found(sealed, pair):
    one, other = sealed[pair[0]], sealed[pair[1]]
    for old, new in ((one, 0), (other, one), (0, other)):
        new = new or 10**9
        raw("UPDATE records_auditentry SET id = %s WHERE id = %s", new, old or 10**9)
    assert problems() == [
        f"Entry {one}: reordered, it says what entry {other} said.",
        f"Entry {other}: reordered, it says what entry {one} said.",
    ]


def test_newest_entries_deleted_with_their_seal_are_found_by_the_head_file(sealed):
    AuditEntry.objects.filter(pk__gt=sealed[9]).delete()
    AuditSeal.objects.filter(number__gt=1).delete()
    assert problems() == ["Seal 2 to 3 (2): deleted; the head file knows of it."]


def test_seal_deleted_from_the_middle_is_found(sealed):
    AuditSeal.objects.filter(number=2).delete()
    assert problems() == [
        "Seal 2: deleted.",
        f"Entries {sealed[9] + 1} to {sealed[19]}: covered by no seal.",
    ]


@pytest.mark.parametrize("column", ["sealed_at", "entries", "key_id", "digest"])
def test_edited_seal_is_found(sealed, column, settings):
    settings.AUDIT_KEYS = {"first": KEY, "other": KEY}
    value = {"sealed_at": "2026-01-01 00:00:00", "entries": 9, "key_id": "other"}
    raw(f"UPDATE records_auditseal SET {column} = %s WHERE number = 2", value.get(column, "0" * 64))
    assert "Seal 2: edited, or moved from its place." in problems()


def test_seal_with_the_digest_of_other_entries_is_found(sealed):
    first = AuditSeal.objects.get(number=1)
    AuditSeal.objects.filter(number=2).update(leaves=first.leaves)
    found = problems()
    assert "Seal 2: edited, or moved from its place." in found
    assert f"Entry {sealed[10]}: inserted since seal 2." in found


def test_digest_that_is_no_digest_is_found(sealed):
    AuditSeal.objects.filter(number=2).update(digest="é")
    assert "Seal 2: edited, or moved from its place." in problems()


def test_seals_that_changed_places_are_found(sealed):
    for old, new in ((1, 9), (2, 1), (9, 2)):
        AuditSeal.objects.filter(number=old).update(number=new)
    found = problems()
    assert "Seal 1: edited, or moved from its place." in found
    assert "Seal 2: edited, or moved from its place." in found


def test_sealing_anew_with_another_key_is_found(sealed, settings):
    AuditEntry.objects.filter(pk=sealed[4]).delete()
    AuditSeal.objects.all().delete()
    kept = head_lines()
    settings.AUDIT_HEAD_FILE.unlink()
    settings.AUDIT_KEYS = {"first": b"x" * 32}
    sealing.seal_entries()
    write_head(kept)
    settings.AUDIT_KEYS = {"first": KEY}
    found = problems()
    assert "Seal 1: edited, or moved from its place." in found
    assert "Head file, line 1: differs from seal 1." in found


def test_head_file_that_lacks_its_end_is_found(sealed):
    write_head(head_lines()[:1])
    assert problems() == ["Seal 2 to 3 (2): not in the head file."]


def test_edited_line_of_the_head_file_is_found(sealed):
    lines = head_lines()
    lines[1]["digest"] = "0" * 64
    write_head(lines)
    assert problems() == ["Head file, line 2: differs from seal 2."]


def test_unreadable_line_of_the_head_file_is_found(sealed, settings):
    lines = settings.AUDIT_HEAD_FILE.read_text().splitlines()
    settings.AUDIT_HEAD_FILE.write_text("\n".join([lines[0], "nonsense", lines[2]]) + "\n")
    assert problems() == ["Head file, line 2: not the line of seal 2."]


def test_absent_head_file_is_found(sealed, settings):
    settings.AUDIT_HEAD_FILE.unlink()
    assert problems() == ["Seal 1 to 3 (3): not in the head file."]


def test_seals_of_an_earlier_key_are_verified_with_it(sealed, settings):
    settings.AUDIT_KEYS = {"second": b"2" * 32, "first": KEY}
    write(1)
    [seal] = sealing.seal_entries()
    assert seal.key_id == "second"
    assert problems() == []
    settings.AUDIT_KEYS = {"second": b"2" * 32}
    assert problems()[0] == "Seal 1: its key “first” is not in AUDIT_KEYS."


def test_command_says_what_it_compared(sealed, capsys):
    write(2)
    call_command("verify_audit")
    said = capsys.readouterr().out
    assert "30 entries under 3 seals compared, 0 problems; 2 newer entries" in said


def test_command_ends_with_status_1_and_a_line_for_each_problem(sealed, capsys):
    AuditEntry.objects.filter(pk=sealed[0]).delete()
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit", no_color=True)
    assert ended.value.code == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Entry {sealed[0]}: deleted since seal 1."
    assert "1 problems" in lines[1]
