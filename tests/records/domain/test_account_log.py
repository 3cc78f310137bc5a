"""The audit of accounts."""

import pytest

from records.domain.account_log import log_account
from records.models import AuditEntry
from tests.records import factories as make

pytestmark = pytest.mark.django_db


def test_entry_names_actor_account_and_fields_but_no_values():
    by, user = make.make_user(), make.make_user(name="Wanda")

    log_account(by=by, user=user, action="user.changed", fields=["name"])

    entry = AuditEntry.objects.get(action="user.changed")
    assert (entry.actor, entry.subject_type, entry.subject_id) == (by, "user", user.public_id)
    assert (entry.fields, entry.patient) == (["name"], None)
