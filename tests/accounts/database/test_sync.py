"""The accounts of MariaDB: each signs in and tries what it may and what it may not.

A database of its own is migrated by the administrator, and VaxPass works in it as the account
that ``sync_roles`` made.
"""

import datetime as dt
import json

import pytest
from django.apps import apps
from django.db import DatabaseError, connection

from accounts.database.grants import MIGRATIONS, definer_account, readers, role_account
from accounts.database.sync import parsed
from records.models.base import RecordVersion
from tests.accounts.database.sites import PASSWORD, Site
from tests.records.domain.dose_worlds import row
from tests.records.io.import_files import text_of, write_doses

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db]
WORLD = "from tests.records.domain.dose_worlds import make_world; make_world()"
DELETION = """
from records.domain.deletion import delete_record
from tests.records import factories as make
for record in (make.make_clinic(), make.make_patient()):
    delete_record(by=make.system(), record=record, version=1, reason="Typed by mistake")
"""
# What MariaDB answers to what an account may not do.
FORBIDDEN = {1044, 1045, 1142, 1143, 1227}


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker):
    # Not test_…: MariaDB's installation lets everybody do everything in such databases.
    with django_db_blocker.unblock():
        site = Site("vx" + connection.settings_dict["NAME"].removeprefix("test_"))
        site.drop()
        root = site.url(connection.settings_dict["USER"], connection.settings_dict["PASSWORD"], "")
        for name in (site.name, f"{site.name}_other"):
            site.run(root, f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        try:
            site.manage("migrate", "-v0", admin=True)
            site.statements = site.manage("sync_roles")
            site.manage("load_codes")
            site.manage("seed_demo")
            for role in readers():
                user = site.reader(role.name.lower())
                name = role_account(site.name, role)
                site.as_admin(f"CREATE USER `{user}` IDENTIFIED BY 'pass''word%s'")
                site.as_admin(f"GRANT `{name}` TO `{user}`")
                site.as_admin(f"SET DEFAULT ROLE `{name}` FOR `{user}`")
            yield site
        finally:
            site.drop()


def refused(run, sql: str, *arguments) -> bool:
    """Tell whether MariaDB forbids it, which is more than that it fails."""
    with pytest.raises(DatabaseError) as error:
        run(*arguments, sql)
    assert error.value.args[0] in FORBIDDEN, error.value
    return True


# ------------------------------------------------------------------ the application's account


def test_the_application_does_its_work(site, tmp_path):
    # load_codes and seed_demo have run: codes, patients, doses, merges, recalls, grants.
    [(doses,)] = site.as_app("SELECT COUNT(*) FROM records_dose")
    assert doses > 120
    site.manage("shell", "-v0", "-c", WORLD)
    patient = {
        "identifier_system": "id",
        "identifier": "P1",
        "first_name": "Ada",
        "last_name": "Family",
        "date_of_birth": "1970-01-01",
    }
    patients = tmp_path / "patients.csv"
    patients.write_text(text_of("patients", [patient]))
    day = dt.date(2021, 1, 1)
    given = row(2, external_id="E1", identifier="P1", administered_on=day)
    site.manage("import_records", str(patients), "--commit")
    site.manage("import_records", str(write_doses(tmp_path / "doses.csv", [given])), "--commit")
    assert site.as_app("SELECT COUNT(*) FROM records_dose") == [(doses + 1,)]
    site.manage("shell", "-v0", "-c", DELETION)
    assert "ealed" in site.manage("seal_audit")


def test_the_application_signs_in_with_the_password_of_its_address(site):
    assert "CREATE USER" in site.statements
    assert PASSWORD not in site.statements
    with pytest.raises(DatabaseError):
        site.run(site.url(site.app, "wrong"), "SELECT 1")


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE other (id INT)",
        "DROP TABLE records_dose",
        "ALTER TABLE records_dose ADD COLUMN x INT",
        "TRUNCATE TABLE records_auditentry",
        "CREATE VIEW other AS SELECT 1",
        "CREATE INDEX other ON records_dose (id)",
        "CREATE TRIGGER other BEFORE INSERT ON records_dose FOR EACH ROW SET @a = 1",
        "UPDATE records_auditentry SET action = 'x'",
        "DELETE FROM records_auditentry",
        "REPLACE INTO records_auditentry SELECT * FROM records_auditentry LIMIT 1",
        "UPDATE records_auditseal SET digest = 'x'",
        "DELETE FROM records_auditseal",
        "DELETE FROM records_historicaldose",
        "UPDATE records_historicaldose SET administered_on = '2000-01-01'",
        "UPDATE records_historicalpatient SET history_user_id = NULL",
        "DELETE FROM records_outboxevent",
        "INSERT INTO accounts_user_user_permissions (user_id, permission_id) VALUES (1, 1)",
        "INSERT INTO auth_permission (name, codename, content_type_id) VALUES ('x', 'x', 1)",
        "DELETE FROM django_migrations",
        "SELECT * FROM figures_supply",
        "SELECT * FROM mysql.user",
        "CREATE USER other",
        "GRANT SELECT ON records_dose TO PUBLIC",
        "SELECT 1 INTO OUTFILE '/tmp/never_written'",
        "LOAD DATA INFILE '/etc/hostname' INTO TABLE records_stageddose",
        "SET GLOBAL max_connections = 10",
        "DROP DATABASE `{name}_other`",
        "CREATE TABLE `{name}_other`.other (id INT)",
        "USE `{name}_other`",
    ],
)
def test_the_application_may_not(site, sql):
    assert refused(site.as_app, sql.format(name=site.name))


def test_no_table_of_the_application_can_be_changed_in_shape_and_none_is_forgotten(site):
    rows = site.as_admin(
        "SELECT table_name, privilege_type FROM information_schema.table_privileges"
        f" WHERE table_schema = '{site.name}' AND grantee = '''{site.app}''@''%'''"
    )
    assert {privilege for _, privilege in rows} == {"SELECT", "INSERT", "UPDATE", "DELETE"}
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    assert {table for table, _ in rows} == {*tables, MIGRATIONS}


def test_no_trace_can_be_undone(site):
    traces = [model for model in apps.get_models() if issubclass(model, RecordVersion)]
    names = [model._meta.db_table for model in traces]
    names += ["records_auditentry", "records_auditseal"]
    assert len(names) > 15
    rows = site.as_admin(
        "SELECT table_name, privilege_type FROM information_schema.table_privileges"
        f" WHERE table_schema = '{site.name}' AND grantee = '''{site.app}''@''%'''"
    )
    for name in names:
        assert {privilege for table, privilege in rows if table == name} == {"SELECT", "INSERT"}


# ------------------------------------------------------------------ the roles that read by SQL

PATIENTS = (
    "records_patient",
    "records_patientidentifier",
    "records_enrolment",
    "records_dose",
    "records_historicaldose",
    "records_historicalpatient",
    "records_patientgrant",
    "records_claimcode",
    "records_auditentry",
    "records_outboxevent",
    "accounts_user",
    "account_emailaddress",
    "mfa_authenticator",
    "django_session",
)


@pytest.mark.parametrize("role", ["logistics", "analytics", "sales"])
@pytest.mark.parametrize("table", PATIENTS)
def test_no_reader_reads_people(site, role, table):
    assert refused(site.as_reader, f"SELECT COUNT(*) FROM {table}", role)


@pytest.mark.parametrize("role", ["logistics", "analytics", "sales"])
@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO records_lot SELECT * FROM records_lot",
        "UPDATE records_clinic SET name = 'x'",
        "DELETE FROM records_lot",
        "DELETE FROM figures_supply",
        "CREATE TABLE other (id INT)",
        "CREATE OR REPLACE VIEW figures_supply AS SELECT * FROM records_patient",
        "SHOW CREATE VIEW figures_supply",
        "SELECT 1 INTO OUTFILE '/tmp/never_written'",
        "SELECT * FROM mysql.user",
        "SET ROLE `{name}_views`",
        "USE `{name}_other`",
    ],
)
def test_no_reader_writes(site, role, sql):
    with pytest.raises(DatabaseError) as error:
        site.as_reader(role, sql.format(name=site.name))
    assert error.value.args[0] in FORBIDDEN | {1959, 1288}  # no such role; not updatable


def test_every_reader_reads_reference_data(site):
    for role in ("logistics", "analytics", "sales"):
        for table in ("clinic", "manufacturer", "vaccine", "vaccinetarget", "euproduct", "lot"):
            [(rows,)] = site.as_reader(role, f"SELECT COUNT(*) FROM records_{table}")
            assert rows


def test_sales_reads_who_works_where_by_badge_alone(site):
    found = site.as_reader(
        "sales",
        "SELECT v.code, a.starts_on FROM records_assignment a"
        " JOIN records_volunteer v ON v.id = a.volunteer_id",
    )
    assert found
    for column in ("first_name", "last_name", "birth_year", "user_id"):
        assert refused(site.as_reader, f"SELECT {column} FROM records_volunteer", "sales")
    for role in ("logistics", "analytics"):
        assert refused(site.as_reader, "SELECT code FROM records_volunteer", role)


def test_logistics_alone_reads_how_many_doses_a_lot_gave(site):
    [(doses,)] = site.as_reader("logistics", "SELECT SUM(doses) FROM figures_supply")
    [(with_lot,)] = site.as_app("SELECT COUNT(*) FROM records_dose WHERE lot_number IS NOT NULL")
    assert doses == with_lot > 0
    for role in ("analytics", "sales"):
        assert refused(site.as_reader, "SELECT * FROM figures_supply", role)


def test_analytics_alone_reads_coverage_without_small_figures(site):
    rows = site.as_reader("analytics", "SELECT doses FROM figures_coverage")
    assert any(doses is None for (doses,) in rows)
    assert all(doses is None or doses >= 5 for (doses,) in rows)
    [(small,)] = site.as_app(
        "SELECT COUNT(*) FROM (SELECT 1 FROM records_dose d LEFT JOIN records_lot l"
        " ON l.manufacturer_id = d.manufacturer_id AND l.number = d.lot_number"
        " WHERE d.status = 'completed' GROUP BY COALESCE(l.vaccine_id, d.vaccine_id), clinic_id,"
        " DATE_FORMAT(administered_on, '%Y-%m') HAVING COUNT(DISTINCT patient_id) < 5) small"
    )
    assert sum(doses is None for (doses,) in rows) == small
    for role in ("logistics", "sales"):
        assert refused(site.as_reader, "SELECT * FROM figures_coverage", role)


PAGES = """
import json
from django.contrib.auth import get_user_model
from records.domain import figures
dba = get_user_model().objects.get(email="dba@demo.vaxpass.example")
coverage = [
    [f"{row.month}", row.cvx_code, row.clinic, row.doses]
    for year in range({first}, {last} + 1)
    for row in figures.coverage_figures(by=dba, year=year).rows
]
since, until = (figures.dt.date(year, 1, 1) for year in ({first}, {last} + 1))
supply = [
    [row.lot, row.vaccine, row.clinic, f"{row.day}", str(row.status), row.doses]
    for row in figures.supply_figures(by=dba, since=since, until=until)
]
print(json.dumps([sorted(coverage, key=str), sorted(supply, key=str)]))
"""


def test_the_views_show_what_the_pages_show(site):
    [(first, last)] = site.as_app(
        "SELECT YEAR(MIN(administered_on)), YEAR(MAX(administered_on)) FROM records_dose"
    )
    code = PAGES.replace("{first}", str(first)).replace("{last}", str(last))
    coverage, supply = json.loads(site.manage("shell", "-v0", "-c", code))
    rows = site.as_reader(
        "analytics", "SELECT month, cvx_code, COALESCE(clinic, ''), doses FROM figures_coverage"
    )
    assert sorted(map(list, rows), key=str) == coverage != []
    rows = site.as_reader(
        "logistics",
        "SELECT lot, vaccine, COALESCE(clinic, ''), CAST(administered_on AS CHAR), status, doses"
        " FROM figures_supply",
    )
    assert sorted(map(list, rows), key=str) == supply != []


def test_nobody_signs_in_as_the_account_that_the_views_read_with(site):
    with pytest.raises(DatabaseError):
        site.run(site.url(definer_account(site.name), ""), "SELECT 1")


# ------------------------------------------------------------------ again, and after changes


def test_a_second_run_has_nothing_to_change(site):
    assert site.manage("sync_roles") == "Nothing to change.\n"


def test_what_is_no_longer_granted_goes_and_what_is_missing_comes_back(site):
    name = site.name
    for sql in (
        f"GRANT DELETE ON records_auditentry TO `{site.app}`",
        f"GRANT FILE ON *.* TO `{site.app}`",
        f"GRANT SELECT ON `{name}_other`.* TO `{site.app}` WITH GRANT OPTION",
        f"REVOKE INSERT ON records_dose FROM `{site.app}`",
        f"GRANT `{name}_sales` TO `{site.app}`",
        f"GRANT SELECT (first_name) ON records_volunteer TO `{name}_sales`",
        "CREATE OR REPLACE VIEW figures_coverage AS SELECT * FROM records_patient",
        f"ALTER USER `{site.app}` IDENTIFIED BY 'other'",
    ):
        site.as_admin(sql)
    app = f"`{site.app}`@`%`"
    first, *told = site.manage("sync_roles").splitlines()
    assert first == f"ALTER USER {app} IDENTIFIED BY '***';"
    [view] = [line for line in told if "VIEW" in line]
    assert "`figures_coverage`" in view
    assert set(told) - {view} == {
        f"REVOKE FILE ON *.* FROM {app};",
        f"REVOKE GRANT OPTION, SELECT ON `{name}_other`.* FROM {app};",
        f"REVOKE DELETE ON `{name}`.`records_auditentry` FROM {app};",
        f"REVOKE `{name}_sales` FROM {app};",
        f"GRANT INSERT ON `{name}`.`records_dose` TO {app};",
        f"REVOKE SELECT (`first_name`) ON `{name}`.`records_volunteer` FROM `{name}_sales`;",
    }
    assert refused(site.as_app, "DELETE FROM records_auditentry")
    assert refused(site.as_reader, "SELECT first_name FROM records_volunteer", "sales")
    assert site.manage("sync_roles") == "Nothing to change.\n"


def test_a_dry_run_changes_nothing(site):
    site.as_admin(f"GRANT DELETE ON records_auditseal TO `{site.app}`")
    told = site.manage("sync_roles", "--dry-run")
    assert told == site.manage("sync_roles", "--dry-run") == site.manage("sync_roles")
    assert "REVOKE DELETE" in told
    assert refused(site.as_app, "DELETE FROM records_auditseal")


def test_without_tables_it_says_what_mariadb_says(site):
    with pytest.raises(AssertionError, match=r"MariaDB refused: Table .* exist"):
        site.manage("sync_roles", url=site.url(site.other_app, PASSWORD, f"{site.name}_other"))


def test_administrator_and_application_are_two_accounts(site):
    with pytest.raises(AssertionError, match="must name another account"):
        site.manage("sync_roles", admin=True)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("GRANT USAGE ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*0'", set()),
        ("GRANT ALL PRIVILEGES ON *.* TO `a`@`%`", {("ALL PRIVILEGES", "*.*")}),
        ("GRANT SELECT ON `test`.* TO PUBLIC", set()),
        (
            "GRANT SELECT, UPDATE (`b`, `c`) ON `d`.`t` TO `a`@`%` WITH GRANT OPTION",
            {
                ("SELECT", "`d`.`t`"),
                ("UPDATE (`b`)", "`d`.`t`"),
                ("UPDATE (`c`)", "`d`.`t`"),
                ("GRANT OPTION", "`d`.`t`"),
            },
        ),
        ("GRANT `r` TO `a`@`%`", {("`r`", "")}),
    ],
)
def test_a_line_of_show_grants_is_understood(line, found):
    assert set(parsed(line, "`a`@`%`")) == found
