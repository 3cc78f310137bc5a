"""What holds for every write: traces, permission, atomicity, versions, reasons."""

import inspect
from importlib import import_module
from unittest.mock import patch

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.roles import PATIENT, ROLES, VOLUNTEER
from records.domain import claims, unit
from records.domain.errors import StaleVersion
from records.models import AuditEntry, OutboxEvent, Record
from tests.records import factories as make
from tests.records.domain.operation import Operation
from tests.records.domain.operations import OPERATIONS, by_whom, everything

pytestmark = pytest.mark.django_db

MODULES = (
    "checkins",
    "claims",
    "credentials",
    "deletion",
    "doses",
    "grants",
    "lots",
    "merge_proposals",
    "merges",
    "offline",
    "patients",
    "portal",
    "reference",
    "screening",
    "share_links",
    "trust",
    "volunteers",
)
every_write = pytest.mark.parametrize("operation", OPERATIONS, ids=str)


def takes(name: str) -> list[Operation]:
    return [each for each in OPERATIONS if name in inspect.signature(each.function).parameters]


def test_operations_are_all_functions_of_the_domain_that_write():
    written = {
        function
        for name in MODULES
        for function in vars(import_module(f"records.domain.{name}")).values()
        if inspect.isfunction(function)  # and not what merely remembers an answer
        and hasattr(function, "__wrapped__")
        and function.__module__ == f"records.domain.{name}"
    }

    # Its transaction is inside, so that a refusal is kept.
    written.add(claims.claim_record)
    assert written == {operation.function for operation in OPERATIONS}


@every_write
def test_write_leaves_history_audit_and_event(operation):
    given = operation.given()
    by = by_whom(operation, given)
    audited, sent = AuditEntry.objects.count(), OutboxEvent.objects.count()

    operation.function(by=by, **given)

    entries = AuditEntry.objects.order_by("id")[audited:]
    events = OutboxEvent.objects.order_by("id")[sent:]
    [entry] = [entry for entry in entries if entry.action == operation.event]
    assert entry.actor == by
    assert set(entry.fields) == operation.fields
    told = {(event.type, event.aggregate_id, event.aggregate_version) for event in events}
    assert told == {(row.action, row.subject_id, row.subject_version) for row in entries}
    for event in events:
        version = history_of(event.aggregate_type).get(
            public_id=event.aggregate_id, version=event.aggregate_version
        )
        assert version.history_user == by
        assert version.history_change_reason == given.get("reason", "") or version.version == 1


@every_write
def test_event_and_audit_of_a_write_name_no_values(operation):
    given = operation.given()
    by = by_whom(operation, given)
    audited, sent = AuditEntry.objects.count(), OutboxEvent.objects.count()

    operation.function(by=by, **given)

    # Codes and versions of their own, UUIDs, moments: nothing that was typed.
    allowed = {"event_id", "aggregate_id", "occurred_at", "schema_version", "aggregate_version"}
    for event in OutboxEvent.objects.order_by("id")[sent:]:
        rest = {f.name: getattr(event, f.name) for f in event._meta.fields if f.name not in allowed}
        assert rest.keys() == {"id", "type", "aggregate_type", "published_at"}
        assert rest["type"].startswith(f"{rest['aggregate_type']}.")
        assert rest["published_at"] is None
    for entry in AuditEntry.objects.order_by("id")[audited:]:
        columns = {field.name for field in model_of(entry.subject_type)._meta.get_fields()}
        assert set(entry.fields) <= columns


@every_write
def test_write_is_refused_to_other_roles(operation):
    given = operation.given()
    others = [make.make_user(role.name) for role in ROLES if role.name not in operation.roles]
    before = everything()

    for user in others:
        with pytest.raises(PermissionDenied):
            operation.function(by=user, **given)

    assert everything() == before


@pytest.mark.parametrize(
    ("operation", "role"),
    [
        (operation, role)
        for operation in OPERATIONS
        for role in sorted(operation.roles - {VOLUNTEER.name, PATIENT.name})
    ],
    ids=str,
)
def test_write_is_open_to_roles_that_see_all_it_needs(operation, role):
    given = operation.given()
    audited = AuditEntry.objects.count()

    operation.function(by=make.make_user(role), **given)

    assert AuditEntry.objects.count() > audited


@every_write
@pytest.mark.parametrize("nobody", ["none", "anonymous", "disabled"])
def test_write_is_refused_to_nobody(operation, nobody):
    given = operation.given()
    by = by_whom(operation, given)
    by.is_active = False
    user = {"none": None, "anonymous": AnonymousUser(), "disabled": by}[nobody]
    before = everything()

    with pytest.raises(PermissionDenied):
        operation.function(by=user, **given)

    assert everything() == before


@every_write
def test_write_that_fails_at_its_last_step_leaves_nothing(operation):
    given = operation.given()
    by = by_whom(operation, given)
    before = everything()
    gone = RuntimeError("disk full")

    with (
        patch.object(type(OutboxEvent.objects), "create", side_effect=gone),
        patch.object(unit.EVENT, "one", side_effect=gone),
        patch.object(type(OutboxEvent.objects), "bulk_create", side_effect=gone),
        pytest.raises(RuntimeError, match="disk full"),
    ):
        operation.function(by=by, **given)

    assert everything() == before


@pytest.mark.parametrize("operation", takes("version"), ids=str)
@pytest.mark.parametrize("seen", [0, None])
def test_write_on_a_version_that_is_not_current_is_refused(operation, seen):
    given = operation.given()
    by = by_whom(operation, given)
    before = everything()

    with pytest.raises(StaleVersion) as stale:
        operation.function(by=by, **{**given, "version": seen})

    assert everything() == before
    assert stale.value.seen == seen
    assert stale.value.current.version == given["version"]


@pytest.mark.parametrize("operation", takes("reason"), ids=str)
@pytest.mark.parametrize(
    "reason", ["", "  ", None, "x" * 501], ids=["empty", "blank", "none", "long"]
)
def test_write_without_a_usable_reason_is_refused(operation, reason):
    given = operation.given()
    by = by_whom(operation, given)
    before = everything()

    with pytest.raises(ValidationError) as refused:
        operation.function(by=by, **{**given, "reason": reason})

    assert list(refused.value.message_dict) == ["reason"]
    assert everything() == before


@pytest.mark.parametrize("operation", takes("changes"), ids=str)
def test_write_of_a_field_that_is_not_open_is_refused(operation):
    given = operation.given()
    by = by_whom(operation, given)
    before = everything()

    with pytest.raises(ValidationError) as refused:
        operation.function(by=by, **{**given, "changes": {"version": 7, "public_id": "x"}})

    assert refused.value.message_dict == {
        "version": ["This field cannot be set here."],
        "public_id": ["This field cannot be set here."],
    }
    assert everything() == before


@pytest.mark.parametrize("operation", takes("changes"), ids=str)
def test_write_that_changes_nothing_makes_no_version(operation):
    given = operation.given()
    by = by_whom(operation, given)
    before = everything()

    operation.function(by=by, **{**given, "changes": {}})

    assert everything() == before


def model_of(name: str) -> type[Record]:
    [found] = [model for model in Record.__subclasses__() if model._meta.model_name == name]
    return found


def history_of(name: str):
    return model_of(name).history
