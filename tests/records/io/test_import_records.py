"""The command import_records, from file to record and report."""

import csv
import datetime as dt
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.roles import LOGISTICS
from records.domain import doses as dose_writes
from records.domain import merges
from records.models import AuditEntry, Dose, Lot, OutboxEvent, Patient, PatientIdentifier
from tests.records import factories as make
from tests.records.domain.dose_worlds import make_world, row
from tests.records.io.import_files import cells_of, text_of, write_doses

pytestmark = pytest.mark.django_db

ADA = {
    "identifier_system": "id",
    "identifier": "77",
    "first_name": "Ada",
    "last_name": "Núñez-O'Neil",
    "date_of_birth": "1980-05-17",
    "gender": "female",
    "city": "Graz",
}


EXPIRED = row(3, lot_number="B", administered_on=make.days_ago(19))


def run(path, *options: str) -> tuple[int, str]:
    """Import a file; return the exit status and what was printed."""
    out = StringIO()
    make.ensure_roles()
    try:
        call_command("import_records", str(path), *options, stdout=out, stderr=StringIO())
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def write(tmp_path, kind, *rows):
    path = tmp_path / f"{kind}.csv"
    path.write_text(text_of(kind, rows))
    return path


def test_dry_run_writes_nothing_and_says_so(tmp_path):
    make_world()
    path = write_doses(tmp_path / "doses.csv", [row(), EXPIRED])
    before = (AuditEntry.objects.count(), OutboxEvent.objects.count())

    status, text = run(path)

    assert status == 1
    assert "row 3  lot_number  This lot had expired on that day. [lot_expired]" in text
    assert "2 doses: 1 new ones that would be written, 0 on record already, 1 refused" in text
    assert "This was a dry run" in text
    assert not Dose.objects.exists()
    assert (AuditEntry.objects.count(), OutboxEvent.objects.count()) == before


def test_commit_writes_dose_version_event_and_audit(tmp_path):
    make_world()
    path = write_doses(tmp_path / "spring.csv", [row(), row(3, identifier="2")])

    status, _ = run(path, "--commit")

    assert status == 0
    for dose in Dose.objects.all():
        [version] = dose.history.all()
        assert (version.history_type, version.version) == ("+", 1)
        assert version.history_user == dose.recorded_by == make.system()
        assert version.history_change_reason == "Import of spring.csv"
        assert OutboxEvent.objects.get(aggregate_id=dose.public_id).type == "dose.recorded"
        entry = AuditEntry.objects.get(patient=dose.patient, action="dose.imported")
        assert (entry.subject_type, entry.subject_id) == ("patient", dose.patient.public_id)
        assert entry.fields == ["doses"]
        assert entry.channel == "command"
        assert entry.request_id
    assert Dose.objects.count() == 2


def test_same_file_again_changes_nothing(tmp_path):
    make_world()
    path = write_doses(tmp_path / "doses.csv", [row(), row(3, administered_on=make.days_ago(90))])
    run(path, "--commit")
    audited = AuditEntry.objects.count()

    status, text = run(path, "--commit")

    assert status == 0
    assert "0 new ones written, 2 on record already" in text
    assert (Dose.objects.count(), AuditEntry.objects.count()) == (2, audited)


def test_same_file_after_a_dose_was_amended_voided_and_moved_here_changes_nothing(tmp_path):
    make_world()
    rows = [row(), row(3, identifier="2"), row(4, administered_on=make.days_ago(90))]
    path = write_doses(tmp_path / "doses.csv", rows)
    run(path, "--commit")
    one, two, three = Dose.objects.order_by("external_id")
    system = make.system()
    dose_writes.amend_dose(by=system, dose=one, version=1, reason="No.", changes={"site": "RD"})
    dose_writes.void_dose(by=system, dose=three, version=1, reason="Never given.")
    survivor = make.make_patient()
    merges.merge_patients(
        by=system,
        survivor=survivor,
        duplicate=two.patient,
        version=two.patient.version,
        reason="Twice.",
    )

    status, text = run(path, "--commit")

    assert (status, Dose.objects.count()) == (0, 3)
    assert "0 new ones written, 3 on record already" in text


def test_key_with_other_content_is_a_conflict_and_is_not_overwritten(tmp_path):
    make_world()
    run(write_doses(tmp_path / "a.csv", [row()]), "--commit")

    path = write_doses(tmp_path / "b.csv", [row(site="RD", administered_on=make.days_ago(31))])
    status, text = run(path, "--commit")

    assert status == 1
    assert "row 2  administered_on  This source and id are on record" in text
    assert "row 2  site  This source and id are on record" in text
    assert "1 in conflict" in text
    assert Dose.objects.get().site == "LD"


def test_repeated_rows_of_a_file_are_written_once(tmp_path):
    make_world()
    path = write_doses(tmp_path / "a.csv", [row(), row(3, external_id="2"), row(4)])
    path.write_text(path.read_text() + path.read_text().splitlines()[1].replace("LD", "RD"))

    status, text = run(path, "--commit")

    assert status == 1
    assert Dose.objects.count() == 1
    assert "row 4  administered_on  This patient already has a dose" in text
    assert "row 5  site  Row 2 has the same source and id, with other content." in text
    assert "1 new ones written, 1 on record already, 1 refused, 1 in conflict" in text


def test_duplicate_of_a_dose_from_elsewhere_is_reported(tmp_path):
    make_world()
    patient = Patient.objects.get(identifiers__value="1")
    make.make_dose(patient=patient, lot=Lot.objects.get(number="A", manufacturer__mvx_code="M0"))

    _, text = run(write_doses(tmp_path / "doses.csv", [row()]), "--commit")

    assert "[same_day]" in text
    assert Dose.objects.count() == 1


def test_warning_is_reported_and_written(tmp_path):
    make_world()
    rows = [row(), row(3, administered_on=make.days_ago(40))]

    status, text = run(write_doses(tmp_path / "doses.csv", rows), "--commit")

    assert status == 0
    assert "row 3  administered_on  The interval to another dose" in text
    assert "[short_interval] (warning)" in text
    assert Dose.objects.count() == 2


def test_identifier_of_a_merged_patient_leads_to_the_survivor(tmp_path):
    make_world()

    run(write_doses(tmp_path / "doses.csv", [row(identifier="3")]), "--commit")

    assert Dose.objects.get().patient == Patient.objects.get(identifiers__value="1")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"identifier": "9"}, "identifier  No patient has this identifier. [unknown]"),
        ({"clinic_code": "X"}, "clinic_code  No clinic has this code. [unknown]"),
        ({"volunteer_code": "X"}, "volunteer_code  No volunteer has this code. [unknown]"),
        ({"mvx_code": "X"}, "mvx_code  No manufacturer has this code. [unknown]"),
        ({"mvx_code": ""}, "mvx_code  A lot number needs its manufacturer."),
        ({"lot_number": "a"}, "lot_number  This manufacturer has no such lot. [unknown]"),
        ({"lot_number": ""}, "lot_number  Name the lot, or the vaccine"),
        ({"cvx_code": "1"}, "cvx_code  No vaccine has this code. [unknown]"),
        ({"cvx_code": "901"}, "cvx_code  This lot holds another vaccine. [lot_vaccine]"),
        ({"site": "toe"}, "site  “toe” is not one of"),
        ({"route": "im"}, "route  “im” is not one of"),
        ({"status": "done"}, "status  “done” is not one of"),
        ({"status": ""}, "status  This cannot be unknown. [required]"),
        ({"primary_source": ""}, "primary_source  This cannot be unknown"),
        ({"primary_source": "perhaps"}, "primary_source  “perhaps” is neither true nor false."),
        ({"administered_on": ""}, "administered_on  This cannot be unknown. [required]"),
        ({"administered_on": "1.2.2024"}, "administered_on  “1.2.2024” is no day"),
        ({"administered_on": "2023-02-29"}, "administered_on  “2023-02-29” is no day"),
        ({"administered_on": "0001-01-01"}, "before the patient's birth. [before_birth]"),
        ({"administered_on": "9999-12-31"}, "The day is in the future. [in_future]"),
        ({"dose_number": "0"}, "dose_number  Dose numbers go from 1"),
        ({"dose_number": "-1"}, "dose_number  “-1” is no whole number."),
        ({"dose_number": "99999999999"}, "dose_number  Dose numbers go from 1"),
        ({"external_id": ""}, "external_id  A row needs its source and its id"),
        ({"external_source": "x" * 61}, "external_source  Longer than 60 characters."),
        ({"status": "not-done", "status_reason": "x" * 501}, "status_reason  Longer than 500"),
    ],
)
def test_row_that_breaks_a_rule_is_told_and_not_written(tmp_path, changes, line):
    make_world()
    path = write(tmp_path, "doses", cells_of(row()) | changes, cells_of(row(3, identifier="2")))

    status, text = run(path, "--commit")

    assert status == 1
    assert any(told.startswith("row 2  ") and line in told for told in text.splitlines())
    assert Dose.objects.get().external_id == "3"


def test_texts_that_mean_something_to_databases_and_spreadsheets_stay_as_they_are(tmp_path):
    make_world()
    ids = ["None", "NULL", r"\N", "a\tb", "a\nb", 'say "so"', "x\\", "'; --", "%s", "日本", "=1+1"]
    rows = [
        row(number, external_id=each, administered_on=make.days_ago(number * 30))
        for number, each in enumerate(ids, start=2)
    ]

    status, text = run(write_doses(tmp_path / "doses.csv", rows), "--commit")

    assert status == 0, text
    assert set(Dose.objects.values_list("external_id", flat=True)) == set(ids)


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n", b"mvx_code,lot_number,cvx_code,expires_on,eu_product_code\n\xe9"]
)
def test_file_that_cannot_be_read_ends_with_status_two(tmp_path, content):
    make.ensure_roles()
    path = tmp_path / "bad.csv"
    path.write_bytes(content)

    with pytest.raises(CommandError, match="Nothing was written") as stopped:
        call_command("import_records", str(path), "--commit")

    assert stopped.value.returncode == 2


def test_fault_in_the_last_line_of_a_file_leaves_nothing_behind(tmp_path):
    make_world()
    path = write_doses(tmp_path / "doses.csv", [row(), row(3, identifier="2")])
    path.write_bytes(path.read_bytes() + b"\xff\n")

    with pytest.raises(CommandError, match="Line 4 is not UTF-8"):
        call_command("import_records", str(path), "--commit", "--batch=1")

    assert not Dose.objects.exists()


def test_header_without_rows_is_told(tmp_path):
    with pytest.raises(CommandError, match="a header but no rows"):
        call_command("import_records", str(write(tmp_path, "lots")))


def test_report_lists_every_problem(tmp_path):
    make_world()
    rows = [row(number, lot_number="none") for number in range(2, 32)]
    path, report = write_doses(tmp_path / "doses.csv", rows), tmp_path / "report.csv"

    _, text = run(path, "--report", str(report), "--batch=7")

    lines = list(csv.reader(StringIO(report.read_text())))
    assert lines[0] == ["row", "column", "result", "rule", "message"]
    assert [line[0] for line in lines[1:]] == [str(each.row) for each in rows]
    assert lines[1][1:4] == ["lot_number", "refused", "unknown"]
    assert text.count("[unknown]") == 20
    assert "Only the first problems are shown" in text


def test_import_by_somebody_who_may_not_is_refused(tmp_path):
    make_world()
    user = make.make_user(LOGISTICS.name)
    path = write_doses(tmp_path / "doses.csv", [row()])

    with pytest.raises(CommandError, match="may not import"):
        call_command("import_records", str(path), "--commit", "--as", user.email)
    with pytest.raises(CommandError, match="no account"):
        call_command("import_records", str(path), "--commit", "--as", "nobody@example.org")

    assert not Dose.objects.exists()


def test_patients_are_registered_once(tmp_path):
    path = write(tmp_path, "patients", ADA)

    assert run(path)[0] == 0
    assert not Patient.objects.exists()
    assert run(path, "--commit")[0] == 0
    status, text = run(path, "--commit")

    assert status == 0
    assert "0 new ones written, 1 on record already" in text
    identifier = PatientIdentifier.objects.get(system="id", value="77")
    patient = identifier.patient
    assert (patient.city, patient.last_name_key) == ("Graz", "nunez oneil")
    assert patient.history.get().version == identifier.history.get().version == 1
    actions = AuditEntry.objects.filter(patient=patient).values_list("action", flat=True)
    assert set(actions) == {"patient.registered", "patientidentifier.added"}


def test_patient_who_changed_is_a_conflict_and_stays(tmp_path):
    run(write(tmp_path, "patients", ADA), "--commit")

    path = write(tmp_path, "patients", ADA | {"city": "Linz", "email": ""})
    status, text = run(path, "--commit")

    assert status == 1
    assert "row 2  city  This identifier is on record with something else here." in text
    assert Patient.objects.get().city == "Graz"


def test_possible_duplicate_of_a_patient_waits_for_a_decision(tmp_path):
    make.make_patient(first_name="ADA", last_name="Nunez ONeil", date_of_birth=dt.date(1980, 5, 17))
    path = write(tmp_path, "patients", ADA, ADA | {"identifier": "78"})

    status, text = run(path, "--commit")

    assert (status, Patient.objects.count()) == (1, 1)
    assert text.count("[similar_patient]") == 2
    status, text = run(path, "--commit", "--allow-similar")
    assert (status, Patient.objects.count()) == (0, 3)
    assert text.count("[similar_patient] (warning)") == 2


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"identifier": ""}, "row 2  identifier  This field cannot be blank. [blank]"),
        ({"last_name": ""}, "row 2  last_name  This field cannot be blank. [blank]"),
        ({"date_of_birth": ""}, "row 2  date_of_birth  This cannot be unknown. [required]"),
        ({"date_of_birth": "2999-01-01"}, "row 2  date_of_birth  The birth date is in the future."),
        ({"gender": "w"}, "row 2  gender  "),
        ({"email": "nowhere"}, "row 2  email  "),
        ({"city": "x" * 101}, "row 2  city  "),
    ],
)
def test_patient_who_breaks_a_rule_is_told(tmp_path, changes, line):
    status, text = run(write(tmp_path, "patients", ADA | changes), "--commit")

    assert status == 1
    assert line in text
    assert not Patient.objects.exists()


def test_lots_are_received_once_and_never_overwritten(tmp_path):
    make.make_manufacturer(mvx_code="MOD")
    make.make_vaccine(cvx_code="207")
    lot = {"mvx_code": "MOD", "lot_number": "L1", "cvx_code": "207", "expires_on": "2030-01-31"}
    wrong = {"mvx_code": "ZZZ", "lot_number": "", "cvx_code": "", "expires_on": "soon"}
    path = write(tmp_path, "lots", lot, lot, lot | {"mvx_code": "X"}, wrong)

    status, text = run(path, "--commit")

    assert status == 1
    assert "1 new ones written, 1 on record already, 2 refused" in text
    assert "row 4  mvx_code  This code is unknown. [unknown]" in text
    assert "row 5  expires_on  “soon” is no day" in text
    assert Lot.objects.get().history.get().history_change_reason == "Import of lots.csv"
    path = write(tmp_path, "lots", lot | {"expires_on": "2031-01-31"})
    status, text = run(path, "--commit")
    assert "row 2  expires_on  This lot is on record with something else here." in text
    assert Lot.objects.get().expires_on.year == 2030
