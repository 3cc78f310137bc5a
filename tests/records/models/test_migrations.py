"""One chain of migrations, forth, back to nothing, and forth again."""

import os

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from records.models import RIGHTS, PatientPermission

SCRATCH = "scratch"
APPS = ("records", "accounts")


@pytest.fixture
def scratch(django_db_blocker):
    """A migrated database of this test's own, beside the one that the other tests use."""
    own = connection.settings_dict
    suffix = f"migrations_{os.getpid()}"
    name = f"{own['NAME']}.{suffix}" if connection.vendor == "sqlite" else f"test_{suffix}"
    settings = {**own, "TEST": {**own["TEST"], "NAME": name}}
    with django_db_blocker.unblock():
        connections.databases[SCRATCH] = settings
        database = connections[SCRATCH]
        database.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            yield database
        finally:
            database.creation.destroy_test_db(own["NAME"], verbosity=0)
            database.close()
            del connections[SCRATCH]
            del connections.databases[SCRATCH]


def schema(database):
    """Return the tables of VaxPass with their columns and constraints."""
    with database.cursor() as cursor:
        introspect = database.introspection
        return {
            table: (
                sorted(column.name for column in introspect.get_table_description(cursor, table)),
                sorted(
                    (name, tuple(found["columns"]), found["unique"], found["check"])
                    for name, found in introspect.get_constraints(cursor, table).items()
                    if not name.startswith("__")
                ),
            )
            for table in introspect.table_names(cursor)
            if table.startswith(APPS)
        }


def test_migrations_go_back_to_nothing_and_forth_again(scratch):
    first = schema(scratch)
    assert {"records_dose", "records_historicaldose", "accounts_user"} <= first.keys()

    for app in APPS:
        call_command("migrate", app, "zero", database=SCRATCH, verbosity=0)
    assert schema(scratch) == {}

    call_command("migrate", database=SCRATCH, verbosity=0)
    assert schema(scratch) == first


def test_grants_of_the_first_version_get_their_permission_rows(scratch):
    call_command("migrate", "records", "0001", database=SCRATCH, verbosity=0)
    then = MigrationExecutor(scratch).loader.project_state(("records", "0001_initial")).apps
    user = get_user_model().objects.db_manager(SCRATCH).create_user("ada@example.org")
    expected = set()
    for template, rights in RIGHTS.items():
        patient = then.get_model("records", "Patient")(
            first_name="Ada", last_name=template, date_of_birth="1980-01-02"
        )
        patient.save(using=SCRATCH)
        grant = then.get_model("records", "PatientGrant")(
            user_id=user.pk, patient=patient, template=template, granted_by_id=user.pk
        )
        grant.save(using=SCRATCH)
        expected |= {(user.pk, patient.pk, grant.pk, right) for right in rights}

    call_command("migrate", database=SCRATCH, verbosity=0)

    rows = PatientPermission.objects.using(SCRATCH).filter(
        permission__content_type__app_label="records", permission__content_type__model="patient"
    )
    assert expected == set(
        rows.values_list("user_id", "content_object_id", "grant_id", "permission__codename")
    )


@pytest.mark.parametrize("app", APPS)
def test_migrations_are_one_line(app):
    graph = MigrationLoader(None).graph
    steps = [node for node in graph.nodes if node[0] == app]

    assert len(graph.leaf_nodes(app)) == 1
    for step in steps:
        parents = [node.key for node in graph.node_map[step].parents if node.key[0] == app]
        assert len(parents) <= 1


@pytest.mark.django_db
def test_no_migration_is_missing():
    labels = [config.label for config in apps.get_app_configs() if config.label in APPS]

    call_command("makemigrations", *labels, check=True, dry_run=True, verbosity=0)
