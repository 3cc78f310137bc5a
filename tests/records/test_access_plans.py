"""How MariaDB finds what a user may see: through indexes, a page's worth of rows, never a table.

``tests.bench.visible`` measures the same at a million patients.
"""

import pytest
from django.core.management import call_command

from records.models import AuditEntry, Dose, Enrolment, Patient, PatientGrant, PatientIdentifier
from tests.bench import generate, visible

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

PATIENTS = 20_000
INSTITUTION = PATIENTS // 100  # grants of one account
RECORD = (Patient, PatientIdentifier, Enrolment, Dose)
GRANTS_OF_USER = "records_patientpermissio_user_id_permission_id_co_7b498f8d_uniq"
ENROLMENTS_OF_PATIENT = "enrolment_once"


@pytest.fixture
def plans():
    """Return a function: the plan of a page of a table, by e-mail of who looks."""
    call_command("sync_roles", verbosity=0)
    generate.fill(patients=PATIENTS, doses=PATIENTS)
    visible.grant_all(PATIENTS)
    users = dict(zip(visible.VIEWERS, visible.viewers().values(), strict=True))

    def plan(email, model):
        rows = visible.page(users[email], model)
        assert list(rows)
        steps = visible.plan_of(rows)
        for step in steps:
            # A temporary table that holds a page's worth may be read whole.
            derived = step["table"].startswith("<")
            assert derived or step["type"] != "ALL", f"{email} {model.__name__}: {step}"
        return steps

    return plan


def keys(steps):
    return {step["key"] for step in steps}


def test_pages_are_found_by_index(plans):
    for model in RECORD:
        # Few grants: from the user's permission rows to the rows of their patients.
        steps = plans("family@example.org", model)
        assert GRANTS_OF_USER in keys(steps)
        assert visible.most_rows(steps) <= 3

        # Many: likewise, or from the newest rows back to the user's permission rows.
        steps = plans("institution@example.org", model)
        assert GRANTS_OF_USER in keys(steps)
        assert visible.most_rows(steps) <= PATIENTS / 4

        # A big clinic: from the newest rows back to the enrolments of their patients.
        for email in ("volunteer@example.org", "both@example.org"):
            steps = plans(email, model)
            assert ENROLMENTS_OF_PATIENT in keys(steps)
            assert visible.most_rows(steps) <= PATIENTS / 20

    # Sorted by the index itself: no more is read than the page and the expired ones on the way.
    steps = plans("institution@example.org", Patient)
    assert visible.most_rows(steps) < visible.PAGE * 2
    assert not any("filesort" in step["Extra"] for step in steps)

    for email in ("family@example.org", "both@example.org"):
        for model in (PatientGrant, AuditEntry):
            assert visible.most_rows(plans(email, model)) <= 12, model
