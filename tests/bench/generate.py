"""Fill an empty, migrated MariaDB schema with a country's worth of records, in pure SQL.

Every row obeys the rules of ``records.domain`` by construction: lots are in date, volunteers are
assigned where they give doses, dose numbers run from 1. Each record has its version 1 in the
history; each dose has its audit entry and its event. Keys and public_ids are the same in every
run, so that two measurements read the same rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Model

from records.models import (
    Assignment,
    AuditEntry,
    Clinic,
    Dose,
    Enrolment,
    Lot,
    Manufacturer,
    OutboxEvent,
    Patient,
    PatientIdentifier,
    Record,
    Vaccine,
    VaccineTarget,
    Volunteer,
)

MANUFACTURERS = 20
VACCINES = 25
LOTS = 500
CLINICS = 100
VOLUNTEERS = 1000
UNPUBLISHED = 250
RECORDS: tuple[type[Record], ...] = (
    Manufacturer,
    Vaccine,
    VaccineTarget,
    Lot,
    Clinic,
    Volunteer,
    Assignment,
    Patient,
    PatientIdentifier,
    Enrolment,
    Dose,
)
ADDRESS = "street_number, street_name, city, state, zip_code, country"
SYLLABLES = (
    *("al", "ber", "cor", "dan", "el", "fer", "gar", "hol", "in", "jan", "kal", "lin", "mor"),
    *("nar", "ol", "pet", "quin", "ros", "sil", "tor", "ul", "ver", "wil", "yor", "zam"),
)
ENDINGS = ("a", "berg", "dez", "er", "felt", "go", "holm", "ic", "ko", "man", "ov", "sen", "ton")


def fill(*, patients: int = 1_000_000, doses: int = 2_000_000) -> None:
    """Fill the default database; raises ``RuntimeError`` unless it is an empty MariaDB schema."""
    if connection.vendor != "mysql" or Patient.objects.exists():
        raise RuntimeError("The generator fills an empty MariaDB schema only.")
    who = get_user_model()._default_manager.system().pk
    with connection.cursor() as cursor:
        # Both off: MariaDB then loads an empty table in bulk. The check is at the end.
        cursor.execute("SET SESSION unique_checks = 0, foreign_key_checks = 0")
        _names(cursor)
        for statement in _statements(patients, doses, who):
            cursor.execute(statement)
        for model in RECORDS:
            cursor.execute(_history(model, who))
        cursor.execute("SET SESSION unique_checks = 1, foreign_key_checks = 1")
        for table in _tables():
            cursor.execute(f"ANALYZE TABLE {table}")
    check(patients=patients, doses=doses)


def check(*, patients: int, doses: int) -> None:
    """Raise ``AssertionError`` for a missing row or an orphan: the load checked neither."""
    assert Patient.objects.count() == patients
    assert Dose.objects.count() == doses
    assert not Dose.objects.filter(lot__isnull=False, lot__pk__isnull=True).exists()
    for model in (Lot, Assignment, Enrolment, PatientIdentifier, Dose):
        for field in model._meta.fields:
            if field.many_to_one and isinstance(field.related_model, type):
                orphans = model._default_manager.filter(
                    **{f"{field.name}__isnull": False, f"{field.name}__pk__isnull": True}
                )
                assert not orphans.exists(), f"{model.__name__}.{field.name}"


def _tables() -> Iterator[str]:
    for model in RECORDS:
        yield model._meta.db_table
        yield model.history.model._meta.db_table
    yield AuditEntry._meta.db_table
    yield OutboxEvent._meta.db_table


def _names(cursor: object) -> None:
    """Make 325 given names and 8,125 surnames: some are common, none is everybody's."""
    given = [a + b for a, b in itertools.product(SYLLABLES, ENDINGS)]
    family = [a + b for a, b in itertools.product(SYLLABLES, given)]
    for table, names in (("bench_given", given), ("bench_family", family)):
        cursor.execute(  # type: ignore[attr-defined]
            f"CREATE TEMPORARY TABLE {table} (id INT PRIMARY KEY, name VARCHAR(40)) ENGINE=MEMORY"
        )
        cursor.executemany(  # type: ignore[attr-defined]
            f"INSERT INTO {table} VALUES (%s, %s)",
            [(number, name.capitalize()) for number, name in enumerate(names)],
        )


def _uid(kind: str, key: str) -> str:
    """Return SQL for a public_id that is random to an index and the same in every run."""
    return f"INSERT(INSERT(MD5(CONCAT('{kind}', {key})), 13, 1, '4'), 17, 1, '8')"  # RFC 9562, 4


def _statements(patients: int, doses: int, who: int) -> Iterator[str]:
    yield from _reference()
    yield f"""
        INSERT INTO records_volunteer
            (id, public_id, version, code, first_name, last_name, birth_year)
        SELECT seq, {_uid("volunteer", "seq")}, 1, CONCAT('V', LPAD(seq, 5, '0')), g.name, f.name,
            1950 + seq MOD 50
        FROM seq_1_to_{VOLUNTEERS}
        JOIN bench_given g ON g.id = seq MOD 325 JOIN bench_family f ON f.id = (seq * 37) MOD 8125
    """
    yield f"""
        INSERT INTO records_assignment
            (id, public_id, version, volunteer_id, clinic_id, starts_on, ends_on)
        SELECT seq, {_uid("assignment", "seq")}, 1, seq, (seq - 1) MOD {CLINICS} + 1,
            CURDATE() - INTERVAL 5 YEAR, NULL
        FROM seq_1_to_{VOLUNTEERS}
    """
    yield f"""
        INSERT INTO records_patient
            (id, public_id, version, first_name, last_name, date_of_birth, gender, email, phone,
             {ADDRESS}, first_name_key, last_name_key)
        SELECT seq, {_uid("patient", "seq")}, 1, g.name, f.name,
            '1935-01-01' + INTERVAL (seq * 7919) MOD 31000 DAY,
            ELT(seq MOD 3 + 1, 'female', 'male', 'other'),
            CONCAT('p', seq, '@example.org'), CONCAT('+1555', LPAD(seq, 7, '0')),
            seq MOD 300 + 1, CONCAT(f.name, ' street'), CONCAT('City ', seq MOD 400),
            CONCAT('State ', seq MOD 50), LPAD(seq MOD 99999, 5, '0'), 'Utopia',
            LOWER(g.name), LOWER(f.name)
        FROM seq_1_to_{patients}
        JOIN bench_given g ON g.id = (seq * 13) MOD 325
        JOIN bench_family f ON f.id = (seq * 7 + seq DIV 8125) MOD 8125
    """
    yield f"""
        INSERT INTO records_patientidentifier (id, public_id, version, patient_id, system, value)
        SELECT seq, {_uid("identifier", "seq")}, 1, seq, 'national-id',
            CONCAT('N', LPAD(seq, 8, '0'))
        FROM seq_1_to_{patients}
    """
    yield f"""
        INSERT INTO records_enrolment
            (id, public_id, version, patient_id, clinic_id, starts_on, ends_on)
        SELECT seq, {_uid("enrolment", "seq")}, 1, seq, (seq - 1) MOD {CLINICS} + 1,
            CURDATE() - INTERVAL 4 YEAR, NULL
        FROM seq_1_to_{patients}
    """
    yield from _doses(patients, doses, who)


def _reference() -> Iterator[str]:
    yield f"""
        INSERT INTO records_manufacturer (id, public_id, version, name, mvx_code, {ADDRESS})
        SELECT seq, {_uid("manufacturer", "seq")}, 1, CONCAT('Manufacturer ', seq),
            CONCAT('M', LPAD(seq, 2, '0')), '1', 'Works road', 'City', 'State', '10000', 'Utopia'
        FROM seq_1_to_{MANUFACTURERS}
    """
    yield f"""
        INSERT INTO records_vaccine
            (id, public_id, version, cvx_code, short_name, full_name, doses_in_series,
             min_interval_days)
        SELECT seq, {_uid("vaccine", "seq")}, 1, 500 + seq, CONCAT('Vaccine ', seq),
            CONCAT('Vaccine number ', seq), 2, 21
        FROM seq_1_to_{VACCINES}
    """
    yield f"""
        INSERT INTO records_vaccinetarget (id, public_id, version, vaccine_id, disease)
        SELECT seq, {_uid("target", "seq")}, 1, seq, 840539000 + seq FROM seq_1_to_{VACCINES}
    """
    # Lots of one manufacturer are 20 apart; none had expired on the day of its last dose.
    yield f"""
        INSERT INTO records_lot
            (id, public_id, version, manufacturer_id, number, vaccine_id, expires_on,
             recalled_on, recall_reason)
        SELECT seq, {_uid("lot", "seq")}, 1, (seq - 1) MOD {MANUFACTURERS} + 1,
            CONCAT('L', LPAD(seq, 4, '0')), (seq - 1) MOD {VACCINES} + 1,
            CURDATE() + INTERVAL seq DAY,
            IF(seq MOD 100 = 0, CURDATE() - INTERVAL 20 DAY, NULL),
            IF(seq MOD 100 = 0, 'Stability out of range', '')
        FROM seq_1_to_{LOTS}
    """
    yield f"""
        INSERT INTO records_clinic (id, public_id, version, code, name, time_zone, {ADDRESS})
        SELECT seq, {_uid("clinic", "seq")}, 1, CONCAT('C', LPAD(seq, 3, '0')),
            CONCAT('Clinic ', seq), 'Europe/Berlin', seq, 'High street', CONCAT('City ', seq),
            'State', '10000', 'Utopia'
        FROM seq_1_to_{CLINICS}
    """


def _doses(patients: int, doses: int, who: int) -> Iterator[str]:
    """Yield doses in rounds: each patient stays with one manufacturer, 28 days apart."""
    yield f"""
        INSERT INTO records_dose
            (id, public_id, version, patient_id, manufacturer_id, lot_number, dose_number,
             administered_on, volunteer_id, clinic_id, site, route, status, status_reason,
             primary_source, recorded_by_id)
        SELECT seq, {_uid("dose", "seq")}, 1, patient, patient MOD {MANUFACTURERS} + 1,
            CONCAT('L', LPAD(
                (patient * 31 + patient DIV 100 + turn * 5) MOD {LOTS // MANUFACTURERS}
                * {MANUFACTURERS}
                + patient MOD {MANUFACTURERS} + 1, 4, '0')),
            turn, CURDATE() - INTERVAL 400 + patient * 13 MOD 700 - turn * 28 DAY,
            clinic + {CLINICS} * (patient DIV {CLINICS} MOD {VOLUNTEERS // CLINICS}), clinic,
            'LD', 'IM', 'completed', '', 1, {who}
        FROM (
            SELECT seq, (seq - 1) MOD {patients} + 1 AS patient,
                (seq - 1) DIV {patients} + 1 AS turn,
                ((seq - 1) MOD {patients}) MOD {CLINICS} + 1 AS clinic
            FROM seq_1_to_{doses}
        ) AS given
    """
    yield f"""
        INSERT INTO records_auditentry
            (at, actor_id, action, patient_id, subject_type, subject_id, subject_version, fields,
             channel, request_id)
        SELECT NOW(6), {who}, 'dose.recorded', patient_id, 'dose', public_id, 1, '[]', 'command',
            ''
        FROM records_dose
    """
    yield f"""
        INSERT INTO records_outboxevent
            (event_id, type, schema_version, aggregate_type, aggregate_id, aggregate_version,
             occurred_at, published_at)
        SELECT {_uid("event", "id")}, 'dose.recorded', 1, 'dose', public_id, 1, NOW(6),
            IF(id > {doses - UNPUBLISHED}, NULL, NOW(6))
        FROM records_dose
    """


def _history(model: type[Model], who: int) -> str:
    """Return the statement that writes version 1 of every row of a table."""
    versions = model.history.model  # type: ignore[attr-defined]
    names = [field.column for field in versions._meta.fields if hasattr(model, field.attname)]
    columns = ", ".join(name for name in names if not name.startswith(("history_", "valid_")))
    return f"""
        INSERT INTO {versions._meta.db_table}
            ({columns}, history_date, history_type, history_user_id, history_change_reason,
             valid_to)
        SELECT {columns}, NOW(6), '+', {who}, '', '9999-12-31 00:00:00'
        FROM {model._meta.db_table}
    """
